"""1,000,000 receipts against 1,000,000 documents of an operator, with 100 planted mismatches of every class.

Both sides lie in one SQLite file: 20 drives, ten days each. As in life, the facts of a record were computed when it
was kept (``fill_us`` says what that costs); planted records come without, so that the measured run judges them anew.
Measured in a process of its own: the whole product, from the walk to explained, durable mismatches. The contender is
polars, which joins the same columns in memory and filters what differs; it explains nothing and writes nothing.
Each is a fresh process that does its work once (``to_polars``); polars' median over five joins is shown as well.
Payments against receipts are timed apart: polars does nothing of the kind.
"""

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench import reconcile_plant as plant

CLASSES = (*plant.OF_DOCUMENTS, *plant.OF_DRIVES, *plant.OF_PAYMENTS)


def run(*, count: int = plant.COUNT, each: int = plant.EACH) -> dict[str, Any]:
    """Build, compare, check each planted mismatch; seconds, MiB, and recall and precision over all classes."""
    with tempfile.TemporaryDirectory(prefix="chekpoint-reconcile-") as folder:
        path = Path(folder) / "reconcile.db"
        wanted = plant.build(path, count=count, each=each)
        os.sync()  # or our commits pay for the writing back of what was built
        polars = _child("polars", path)
        ours = _child("compare", path)
        found = _found(path)
    figures = {
        "seconds": ours["seconds"], "polars_seconds": polars["seconds"], "polars_first_seconds": polars["first"],
        "to_polars": ours["seconds"] / polars["first"], "to_polars_warm": ours["seconds"] / polars["seconds"], "growth_mib": ours["growth_mib"],
        "polars_growth_mib": polars["growth_mib"], "fill_us": ours["fill_us"], "documents": count, "payments_seconds": ours["payments_seconds"],
        "planted": sum(len(subjects) for subjects in wanted.values()),
    }  # fmt: skip
    return figures | _judged(wanted, found)


def _child(what: str, path: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.reconcile_run", what, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own module
    if done.returncode:
        raise SystemExit(done.stderr)
    answer: dict[str, float] = json.loads(done.stdout)
    return answer


def _found(path: Path) -> dict[str, set[str]]:
    con = sqlite3.connect(path)
    found: dict[str, set[str]] = {}
    for kind, subject in con.execute("SELECT kind, subject FROM mismatch WHERE closed_at IS NULL"):
        found.setdefault(kind, set()).add(subject)
    con.close()
    return found


def _judged(wanted: dict[str, set[str]], found: dict[str, set[str]]) -> dict[str, float]:
    """Recall and precision of each class, and of the worst."""
    figures: dict[str, float] = {}
    for kind in sorted(wanted.keys() | found.keys()):
        right = len(wanted.get(kind, set()) & found.get(kind, set()))
        figures[f"recall_{kind}"] = right / max(len(wanted.get(kind, ())), 1)
        figures[f"precision_{kind}"] = right / max(len(found.get(kind, ())), 1)
    for word in ("recall", "precision"):
        figures[word] = min(value for name, value in figures.items() if name.startswith(f"{word}_"))
    return figures


if __name__ == "__main__":
    for name, value in run().items():
        print(f"{name:32}{value:>16,.3f}")
