"""Intake: `POST /api/v1/receipts` of a 10-item receipt, key checked, fully validated, durable.

`python -m bench.intake` starts each server in a process of its own (uvicorn, uvloop, httptools) and sends over
32 keep-alive connections from this one. All figures of a run are taken in turns, so that the machine's other
work falls on each alike. Returned and printed: requests per second and the ratios that matter.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

import uvloop

from bench.durable_postgres import durable_postgres
from bench.http_load import rate
from bench.orders import KEY

ROOT = Path(__file__).parent.parent
KINDS = {
    "bare": "validates and does not store",
    "sqlite": "Chekpoint on SQLite, synchronous=FULL",
    "postgresql": "Chekpoint on PostgreSQL, fsync and synchronous_commit on",
    "fastapi": "FastAPI + SQLAlchemy/aiosqlite, a commit per request, SQLite as it comes",
    "fastapi_wal": "the same in WAL mode",
}


@contextmanager
def server(kind: str, url: str) -> Iterator[int]:
    """A server process; yields its port."""
    command = [sys.executable, "-m", "bench.intake_server", kind, url]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True)  # noqa: S603
    try:
        assert running.stdout is not None
        line = running.stdout.readline()
        assert line, f"the {kind} server did not start"
        yield int(line)
    finally:
        running.terminate()
        running.wait(20)


def run(*, seconds: float = 3.0, rounds: int = 3, postgresql: bool = True) -> dict[str, float]:
    """Measure; the answer holds requests per second by kind, and the ratios."""
    kinds = [kind for kind in KINDS if postgresql or kind != "postgresql"]
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        urls = {kind: f"sqlite:///{folder}/{kind}.db" for kind in kinds}
        if postgresql:
            urls["postgresql"] = stack.enter_context(durable_postgres())
        ports = {kind: stack.enter_context(server(kind, urls[kind])) for kind in kinds}
        seen: dict[str, list[float]] = {kind: [] for kind in kinds}
        for turn in range(rounds):
            for kind in kinds:
                seen[kind].append(uvloop.run(rate(ports[kind], KEY, f"{kind}-{turn}", seconds)))
    return _figures({kind: median(rates) for kind, rates in seen.items()})


def _figures(rates: dict[str, float]) -> dict[str, float]:
    figures = {f"{kind}_per_second": round(rate) for kind, rate in rates.items()}
    ratios = {
        "sqlite_to_bare": rates["sqlite"] / rates["bare"],
        "sqlite_to_fastapi": rates["sqlite"] / rates["fastapi"],
        "sqlite_to_fastapi_wal": rates["sqlite"] / rates["fastapi_wal"],
    }
    if "postgresql" in rates:
        ratios["postgresql_to_bare"] = rates["postgresql"] / rates["bare"]
    return figures | {name: round(ratio, 3) for name, ratio in ratios.items()}


GOALS = {"sqlite_to_bare": 0.5, "sqlite_to_fastapi": 8.0, "postgresql_to_bare": 0.35}


def main() -> dict[str, float]:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-postgresql", action="store_true")
    given = parser.parse_args()
    figures = run(seconds=given.seconds, rounds=given.rounds, postgresql=not given.no_postgresql)
    for kind, words in KINDS.items():
        if f"{kind}_per_second" in figures:
            print(f"{figures[f'{kind}_per_second']:>7} /s  {words}")
    for name, ratio in figures.items():
        if not name.endswith("_per_second"):
            goal = f" (at least {GOALS[name]})" if name in GOALS else ""
            print(f"{ratio:>7.2f}    {name}{goal}")
    return figures


if __name__ == "__main__":
    main()
