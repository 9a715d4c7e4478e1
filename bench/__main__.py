"""`python -m bench [NAMES]`: run the measurements, write `bench/results/<name>.json` and `bench/results/README.md`."""

import argparse
import json
import os
import platform
import sqlite3
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from bench import bitrix, books, codec, detection, growth, intake, lifecycle, reconcile, registers, size

RESULTS = Path(__file__).parent / "results"


class Figure(NamedTuple):
    """What a value is judged by."""

    key: str
    goal: float
    least: bool  # at least the goal, or at most
    words: str


class Bench(NamedTuple):
    """One measurement."""

    words: str
    run: Callable[[], dict[str, Any]]
    figures: tuple[Figure, ...]


BENCHES = {
    "intake": Bench(
        "POST /api/v1/receipts of 10 items, key checked, validated, durable; 32 connections", intake.run,
        (
            Figure("sqlite_to_bare", 0.5, True, "of the same endpoint that does not store"),
            Figure("sqlite_to_fastapi", 8.0, True, "of FastAPI + SQLAlchemy/aiosqlite, a commit per request"),
            Figure("postgresql_to_bare", 0.35, True, "on PostgreSQL, of the endpoint that does not store"),
        ),
    ),
    "lifecycle": Bench(
        "accepted -> ticketed, 256 lanes of null-modem registers, each transition durable", lifecycle.run,
        (
            Figure("to_floor", 0.25, True, "of five bare durable updates through one grouping writer"),
            Figure("to_group_1", 3.0, True, "of the same code with a commit for each unit"),
            Figure("to_huey", 1.0, True, "of huey's no-op jobs on SQLite with fsync"),
            Figure("to_procrastinate", 4.0, True, "of procrastinate's no-op jobs on PostgreSQL"),
        ),
    ),
    "growth": Bench(
        "2,000,000 receipts in the archive against 10,000", growth.run,
        (
            Figure("time_per_receipt", 1.15, False, "time per receipt"),
            Figure("list_p95", 1.5, False, "p95 of the list"),
            Figure("search_p95", 1.5, False, "p95 of the search"),
            Figure("chain_p95", 1.5, False, "p95 of the chain page"),
        ),
    ),
    "codec": Bench(
        "a document of 20 items, against construct describing the same layout", codec.measure,
        (
            Figure("decode_ratio", 20.0, True, "times the speed of construct, decoding"),
            Figure("encode_ratio", 10.0, True, "times the speed of construct, encoding"),
        ),
    ),
    "size": Bench(
        "memory with a long queue; how soon the commands are there", size.run,
        (
            Figure("resident_mib", 200.0, False, "MiB resident, 100,000 queued, 100 registers"),
            Figure("serve_ready_seconds", 2.0, False, "s until serve is ready, existing database"),
            Figure("help_seconds", 0.4, False, "s for chekpoint --help"),
        ),
    ),
    "registers": Bench(
        "a burst of 10,000 receipts on 100 registers of mixed speed; the hub's own part; 1,000 idle registers", registers.run,
        (
            Figure("burst_to_ideal", 1.03, False, "of the ideal makespan, virtual clock"),
            Figure("failing_to_ideal", 1.10, False, "of it, ten registers dying midway"),
            Figure("lost", 0, False, "receipts lost, both together"),
            Figure("doubled", 0, False, "receipts doubled, both together"),
            Figure("first_byte_p50_ms", 10.0, False, "ms from intake's commit to the first byte at an idle register, p50"),
            Figure("first_byte_p99_ms", 40.0, False, "ms of that, p99"),
            Figure("agent_p99_ms", 80.0, False, "ms of that through an agent on loopback, p99"),
            Figure("idle_core_percent", 25.0, False, "% of one core, 1,000 registers asked each 10 s"),
            Figure("idle_resident_mib", 250.0, False, "MiB resident, 1,000 registers"),
        ),
    ),
    "reconcile": Bench(
        "1,000,000 receipts against 1,000,000 documents of an operator, 100 planted mismatches of each of 23 classes", reconcile.run,
        (
            Figure("recall", 1.0, True, "of the planted mismatches found, the worst class"),
            Figure("precision", 1.0, True, "of what was found is planted, the worst class"),
            Figure("to_polars", 5.0, False, "times a polars join of the same two tables, words and durable rows included"),
            Figure("growth_mib", 64.0, False, "MiB more at its peak than before it began"),
        ),
    ),
    "bitrix": Bench(
        "1C-Bitrix sites: 1,000 waiting checks of which 10 are poison; a new check's way; 200 idle sites", bitrix.run,
        (
            Figure("polls_to_least", 1.1, False, "polls, to the least that five checks per answer allow"),
            Figure("p99", 1.0, False, "s from a new check to the first byte at a free register, p99"),
            Figure("hub_adds_p99", 0.3, False, "s of that added by the hub, p99"),
            Figure("resident_mib", 150.0, False, "MiB resident, 200 sites"),
            Figure("core_percent", 5.0, False, "% of one core, 200 idle sites"),
        ),
    ),
    "detection": Bench(
        "seven faults, each from the moment at which it can be seen: incident, message taken by the emulated chat", detection.run,
        (
            Figure("opened_worst", 10.0, False, "s until the incident is open, the slowest fault"),
            Figure("told_worst", 15.0, False, "s until the channel has taken the message, the slowest fault"),
            Figure("blips_told", 0, False, "messages about faults that were over within their grace"),
        ),
    ),
    "books": Bench(
        "the gap list over 1,000,000 receipts and as many payments; a month of 100,000 receipts out and in", books.run,
        (
            Figure("gaps_p95_ms", 20.0, False, "ms for a page of the gap list with its counts, p95"),
            Figure("round_seconds", 10.0, False, "s for a round that binds payments and tells of gaps"),
            Figure("found", 120, True, "planted gaps found, of 120"),
            Figure("export_mib", 48.0, False, "MiB that the book of 100,000 receipts adds to a process at its peak"),
            Figure("export_seconds", 60.0, False, "s to write that book"),
            Figure("import_seconds", 60.0, False, "s to take a workbook of 100,000 documents"),
        ),
    ),
}  # fmt: skip


def held(figure: Figure, value: float) -> bool:
    """Is the figure reached?"""
    return value >= figure.goal if figure.least else value <= figure.goal


def machine() -> dict[str, Any]:
    """What it was measured on, and how busy that was with other work."""
    return {
        "cpus": os.cpu_count(), "machine": platform.machine(), "system": platform.platform(terse=True),
        "python": platform.python_version(), "sqlite": sqlite3.sqlite_version,
        "load_average": [round(value, 2) for value in os.getloadavg()],
    }  # fmt: skip


def measure(name: str) -> dict[str, Any]:
    """Run one and keep its result."""
    bench, before, begun = BENCHES[name], machine(), time.perf_counter()
    values = bench.run()
    result = {
        "name": name, "what": bench.words, "command": f"make bench ARGS={name}",
        "date": datetime.now(UTC).isoformat(timespec="seconds"), "seconds": round(time.perf_counter() - begun),
        "machine_before": before, "load_average_after": [round(value, 2) for value in os.getloadavg()],
        "values": {key: round(value, 3) for key, value in values.items() if isinstance(value, int | float)},
        "figures": [
            {"figure": f.words, "value": round(values[f.key], 3), "goal": f.goal, "held": held(f, values[f.key])}
            for f in bench.figures
        ],
    }  # fmt: skip
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return result


def report() -> str:
    """All kept results as one page."""
    lines = ["# Measurements", "", '`make bench` runs all of them, `make bench ARGS="lifecycle size"` some.',
             "Contenders of one measurement are run in turns in one run, medians are compared: the ratios say more",
             "than the absolute numbers, which depend on the machine and on what else it does.", ""]  # fmt: skip
    for name in BENCHES:
        path = RESULTS / f"{name}.json"
        if path.exists():
            lines += _section(json.loads(path.read_text("utf-8")))
    return "\n".join(lines)


def _section(result: dict[str, Any]) -> list[str]:
    on = result["machine_before"]
    when = (
        f"`{result['command']}`, {result['date']}, {result['seconds']} s; {on['cpus']} CPUs {on['machine']}, "
        f"Python {on['python']}, SQLite {on['sqlite']}; load average {on['load_average'][0]} before, "
        f"{result['load_average_after'][0]} after."
    )
    lines = [
        f"## {result['name']}: {result['what']}", "",
        when, "",
        "| figure | value | goal | |", "|---|--:|--:|---|",
    ]  # fmt: skip
    goals = {f.words: f for f in BENCHES[result["name"]].figures}
    for row in result["figures"]:
        sign = "≥" if goals[row["figure"]].least else "≤"
        lines.append(
            f"| {row['figure']} | {row['value']:,} | {sign} {row['goal']:g} | {'reached' if row['held'] else '**not reached**'} |"
        )
    lines += ["", "| measured | |", "|---|--:|"]
    lines += [f"| {key} | {value:,} |" for key, value in result["values"].items()]
    return [*lines, ""]


def main() -> None:
    """Run what is asked for, everything by default."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHES))
    names = parser.parse_args().names or list(BENCHES)
    unknown = [name for name in names if name not in BENCHES]
    if unknown:
        parser.error(f"no measurement is called {', '.join(unknown)}; there are {', '.join(BENCHES)}")
    for name in names:
        print(f"{name}: {BENCHES[name].words}", flush=True)
        for row in measure(name)["figures"]:
            print(
                f"  {'ok ' if row['held'] else 'NOT'} {row['value']:>12,}  {row['figure']} (goal {row['goal']:g})",
                flush=True,
            )
        (RESULTS / "README.md").write_text(report() + "\n", "utf-8")


if __name__ == "__main__":
    main()
