"""One contender in a process of its own: ``python -m bench.reconcile_run compare|polars FILE`` prints JSON."""

import asyncio
import json
import random
import sqlite3
import statistics
import sys
import time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text

from chekpoint.core.clock import SystemClock
from chekpoint.hub.limits import Limits
from chekpoint.hub.payment_gaps import PaymentGaps
from chekpoint.hub.post import Post
from chekpoint.hub.reconciler import Reconciler
from chekpoint.store import comparison
from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query
from chekpoint.store.store import open_store

MIB = 1024
COLUMNS = (
    "fn", "fd_number", "total", "made_at", "kind", "document", "fiscal_sign", "items_digest", "vat_digest",
)  # fmt: skip
SAMPLE = 20_000
POLARS_TURNS = 5
ACCOUNTS = 2  # that are compared beside each other, as many as there are CPUs; polars uses them all, too


def resident(name: str) -> float:
    """``VmRSS`` or ``VmHWM`` of this process, MiB."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / MIB


def forget_peak() -> None:
    """Let VmHWM begin anew."""
    Path("/proc/self/clear_refs").write_text("5", "ascii")


async def compare(path: Path) -> dict[str, float]:
    """The product: every day of every drive, and the payments."""
    store = open_store(f"sqlite:///{path}", node="bench", clock=SystemClock())
    await store.start()
    post = Post(store, SystemClock(), random.Random(1), node="bench", limits=Limits())
    drives = [drive.fn for drive in await store.read(comparison.drives)]
    before = resident("VmRSS")
    forget_peak()
    begun = time.perf_counter()
    await asyncio.gather(*(_account(post, drives[n::ACCOUNTS]) for n in range(ACCOUNTS)))
    seconds = time.perf_counter() - begun
    begun = time.perf_counter()
    await PaymentGaps(post, ZoneInfo("Europe/Moscow")).once()
    payments = time.perf_counter() - begun
    growth = resident("VmHWM") - before
    fill = await _fill(post, drives[-1])  # a big one
    await store.stop()
    return {"seconds": seconds, "payments_seconds": payments, "growth_mib": growth, "fill_us": fill}


async def _account(post: Post, drives: list[str]) -> None:
    reconciler = Reconciler(post)
    for fn in drives:
        await reconciler.compare(fn, "2000-01-01", "9999-12-31", "operator:bench")


async def _fill(post: Post, fn: str) -> float:
    """What it costs to compute and write the facts of both sides, microseconds for one document."""
    forget = [
        Query(text(f"UPDATE {table} SET facts = NULL WHERE fn = '{fn}' AND fd_number <= {SAMPLE}"))  # noqa: S608 - our own names
        for table in ("fiscal_document", "ofd_record")
    ]

    def unit(tx: Tx) -> int:
        return sum(tx.run(query) for query in forget) // 2

    count = await post.store.write(unit)
    begun = time.perf_counter()
    await Reconciler(post).compare(fn, "2000-01-01", "9999-12-31", "operator:bench")
    return (time.perf_counter() - begun) * 1e6 / count


def join(path: Path) -> dict[str, float]:
    """The contender: both tables in memory, joined, and the rows that differ."""
    import polars as pl  # noqa: PLC0415 - the other contender must not carry it

    con = sqlite3.connect(path)
    before = resident("VmRSS")

    def frame(table: str) -> pl.DataFrame:
        rows = con.execute(f"SELECT {', '.join(COLUMNS)} FROM {table}")  # noqa: S608 - our own names
        parts = []
        while part := rows.fetchmany(100_000):
            parts.append(pl.DataFrame(part, schema=list(COLUMNS), orient="row"))
        return pl.concat(parts)

    ours, theirs = frame("fiscal_document"), frame("ofd_record")
    forget_peak()
    seconds = [_joined(ours, theirs) for _ in range(POLARS_TURNS)]
    return {
        "seconds": statistics.median(seconds), "first": seconds[0], "growth_mib": resident("VmHWM") - before,
    }  # fmt: skip


def _joined(ours: Any, theirs: Any) -> float:
    import polars as pl  # noqa: PLC0415 - as above

    begun = time.perf_counter()
    both = ours.join(theirs, on=["fn", "fd_number"], how="full", coalesce=True)
    differs = pl.any_horizontal(*(pl.col(name).ne_missing(pl.col(f"{name}_right")) for name in COLUMNS[2:]))
    odd = both.filter(differs)
    assert len(odd)
    return time.perf_counter() - begun


if __name__ == "__main__":
    chosen, file = sys.argv[1], Path(sys.argv[2])
    print(json.dumps(asyncio.run(compare(file)) if chosen == "compare" else join(file)))
