"""Lifecycle: accepted -> registering -> fiscalised -> sent to the OFD -> ticketed, each transition durable.

256 lanes of null-modem registers without latency, 256 shops' connections; every transition with its chained event,
every attempt written ahead, every rung with its evidence. Against the floor under it (peers/floor.py), against the
same code that commits each unit by itself, and against job queues that do nothing. `python -m bench.lifecycle`.

Each contender has a process of its own; all are run in turns, and medians are compared.
"""

import argparse
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

import msgspec

from bench.durable_postgres import durable_postgres

ROOT = Path(__file__).parent.parent
COUNTS = {
    "floor": 20_000,
    "floor_tight": 20_000,
    "chekpoint": 16_000,
    "chekpoint_group_1": 1_500,
    "chekpoint_postgresql": 4_000,
    "huey": 2_000,
    "procrastinate": 1_500,
}
WORDS = {
    "floor": "five bare durable updates, one grouping writer",
    "floor_tight": "the same with integers, no compare, executemany (for information)",
    "chekpoint": "Chekpoint on SQLite, synchronous=FULL",
    "chekpoint_group_1": "Chekpoint, a commit for each unit",
    "chekpoint_postgresql": "Chekpoint on PostgreSQL, fsync on (for information)",
    "huey": "huey on SQLite with fsync, no-op jobs",
    "procrastinate": "procrastinate on PostgreSQL, fsync on, no-op jobs",
}
ON_POSTGRESQL = {"chekpoint_postgresql", "procrastinate"}
GOALS = {"to_floor": 0.25, "to_group_1": 3.0, "to_huey": 1.0, "to_procrastinate": 4.0}


def once(kind: str, count: int, url: str) -> dict[str, float]:
    """One contender, once, in a process of its own."""
    command = [sys.executable, "-m", "bench.lifecycle_run", kind, str(count), url]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    return msgspec.json.decode(done.stdout.splitlines()[-1], type=dict[str, float])


def run(*, rounds: int = 3, scale: float = 1.0) -> dict[str, Any]:
    """Measure; receipts (or jobs) per second by contender, and the ratios."""
    seen: dict[str, list[dict[str, float]]] = {kind: [] for kind in COUNTS}
    for _ in range(rounds):
        for kind, count in COUNTS.items():
            seen[kind].append(_fresh(kind, int(count * scale)))
    rates = {kind: median(one["per_second"] for one in runs) for kind, runs in seen.items()}
    return {
        **{f"{kind}_per_second": round(rate) for kind, rate in rates.items()},
        "cpu_us_per_receipt": round(median(one["cpu_us_per_receipt"] for one in seen["chekpoint"])),
        "mean_group": round(median(one["mean_group"] for one in seen["chekpoint"])),
        "mean_group_floor": round(median(one["mean_group"] for one in seen["floor"])),
        **{name: round(rates["chekpoint"] / rates[name.removeprefix("to_").replace("group_1", "chekpoint_group_1")], 3)
           for name in (*GOALS, "to_floor_tight")},
        "postgresql_to_procrastinate": round(rates["chekpoint_postgresql"] / rates["procrastinate"], 3),
    }  # fmt: skip


def _fresh(kind: str, count: int) -> dict[str, float]:
    """In a new database on the disk (not in memory: that is the point)."""
    with ExitStack() as stack:
        if kind in ON_POSTGRESQL:
            url = stack.enter_context(durable_postgres())
        else:
            url = (
                f"sqlite:///{stack.enter_context(tempfile.TemporaryDirectory(prefix='chekpoint-life-'))}/a.db"
            )
        return once(kind, count, url)


def main() -> dict[str, Any]:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0, help="more or fewer receipts")
    given = parser.parse_args()
    figures = run(rounds=given.rounds, scale=given.scale)
    for kind, words in WORDS.items():
        print(f"{figures[f'{kind}_per_second']:>8,} /s  {words}")
    for name, goal in GOALS.items():
        print(f"{figures[name]:>8.2f}     {name} (at least {goal})")
    return figures


if __name__ == "__main__":
    main()
