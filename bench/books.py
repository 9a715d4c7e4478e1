"""Books: the gap list over a full archive, and a month of 100,000 receipts written out and taken in.

* 1,000,000 receipts, as many payments that they cover, 100 without a receipt and 20 whose receipt was rejected: a
  page of the gap list with its counts and what there is of receipts, and the round that binds and tells;
* the accountant's book of 100,000 receipts: seconds, and what it adds to the process at its peak;
* a workbook of 100,000 documents as a cabinet exports them: seconds and memory to read and keep it.

Out and in are measured in processes of their own (bench/books_run.py). `python -m bench.books`.
"""

import asyncio
import json
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from zoneinfo import ZoneInfo

from bench import archive
from chekpoint.core.clock import SystemClock, epoch_ms
from chekpoint.hub.limits import Limits
from chekpoint.hub.payment_gaps import PaymentGaps
from chekpoint.hub.payments import RULE_MS
from chekpoint.hub.post import Post
from chekpoint.store import views_payments
from chekpoint.store.journal import Tx
from chekpoint.store.store import Store, open_store
from tests.doubles.hubs import SELLER, SHOP

ROOT = Path(__file__).parent.parent
RECEIPTS, OPEN, DEAD, ASKED, ROUNDS, MONTH = 1_000_000, 100, 20, 200, 3, 100_000
_COVERED = f"""INSERT INTO payment (id, seller_id, shop_id, source, external_id, order_id, kopecks, refund, paid_at,
  seen_at, receipt_id) SELECT 'p' || id, '{SELLER}', '{SHOP.id}', 'shop:{SHOP.id}', external_id, external_id, total, 0,
  accepted_at, accepted_at, id FROM receipt"""  # noqa: S608 - constants
_OPEN = f"""INSERT INTO payment (id, seller_id, shop_id, source, external_id, order_id, kopecks, refund, paid_at, seen_at)
  VALUES (?, '{SELLER}', '{SHOP.id}', 'shop:{SHOP.id}', ?, ?, 10000, 0, ?, ?)"""  # noqa: S608 - constants


def prepare(path: Path) -> None:
    """The archive, its payments, and the planted gaps."""
    archive.build(path, RECEIPTS, ("receipt",))
    con, chance = sqlite3.connect(path), random.Random(5)
    con.execute("PRAGMA synchronous=OFF")
    con.execute(_COVERED)
    now = int(time.time() * 1000)
    rows = [
        (f"open-{n}", f"open-{n}", f"lost-{n}", now - chance.randrange(30 * 86_400_000), 0)
        for n in range(OPEN)
    ]
    con.executemany(_OPEN, rows)
    keys = [row[0] for row in con.execute("SELECT id FROM receipt WHERE rowid % 50000 = 7")][:DEAD]
    con.executemany("UPDATE receipt SET state = 'rejected' WHERE id = ?", [(key,) for key in keys])
    con.executemany("UPDATE payment SET receipt_id = NULL WHERE receipt_id = ?", [(key,) for key in keys])
    con.commit()
    con.execute("ANALYZE")
    con.close()


async def gaps(path: Path) -> dict[str, float]:
    """The list and the idle round."""
    store = open_store(f"sqlite:///{path}", node="bench", clock=SystemClock())
    await store.start()
    try:
        return await _gaps(store)
    finally:
        await store.stop()


async def _gaps(store: Store) -> dict[str, float]:
    now = epoch_ms(SystemClock().now())

    def page(tx: Tx) -> int:
        views_payments.count(tx, now - RULE_MS)
        return len([views_payments.hope(tx, gap) for gap in views_payments.gaps(tx)])

    lists = [await _timed(store, page) for _ in range(ASKED)]
    found = len(await store.read(lambda tx: views_payments.gaps(tx, most=1000)))
    post = Post(store, SystemClock(), random.Random(2), node="bench", limits=Limits())
    rounds = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        await PaymentGaps(post, ZoneInfo("Europe/Moscow")).once()
        rounds.append(time.perf_counter() - begun)
    return {
        "gaps_p95_ms": quantiles(lists, n=20)[-1] * 1000, "found": float(found), "round_seconds": median(rounds),
    }  # fmt: skip


async def _timed(store: Store, look: Any) -> float:
    begun = time.perf_counter()
    await store.read(look)
    return time.perf_counter() - begun


def _child(what: str, folder: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.books_run", what, str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)  # noqa: S603 - our own
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    values: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return values


def run() -> dict[str, Any]:
    """All of it."""
    with tempfile.TemporaryDirectory(prefix="chekpoint-books-") as folder:
        path = Path(folder, "gaps.db")
        prepare(path)
        values = asyncio.run(gaps(path))
        path.unlink()
        archive.build(Path(folder, "month.db"), MONTH, ("receipt", "fiscal_document"))
        return values | _child("export", Path(folder)) | _child("import", Path(folder))


if __name__ == "__main__":
    print(json.dumps(run(), indent=1))
