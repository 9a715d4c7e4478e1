"""The floor under a receipt's life: five bare durable updates, and nothing else.

Plain ``sqlite3``, WAL, ``synchronous=FULL``, the page size and checkpoints of our own store; 256 workers that wait
for each commit, and one writer thread that commits together whatever waits. A row is as wide as a receipt and has its
key; an update is a compare-and-set with the row count checked, and each worker is woken by itself. No rules, no
events, no chain, no evidence, no index, no register.

``tight`` is the same with everything taken away that can be: rows of two integers, no compare, ``executemany``, one
wake-up for the group. It is kept beside the other to show what the disk and the interpreter can do at the very most.
"""

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

STEPS: Final = ("new", "accepted", "registering", "fiscalised", "sent", "ticketed")
WORKERS: Final = 256
GROUP: Final = 512
WIDTH: Final = 700  # bytes: the content of a small receipt

_CAS: Final = "UPDATE receipt SET state = ?, updated_at = ? WHERE id = ? AND state = ?"
_TIGHT: Final = "UPDATE receipt SET state = ? WHERE id = ?"


class Writer(threading.Thread):
    """Takes (parameters of the update, future) and answers after the commit."""

    def __init__(self, path: Path, receipts: int, loop: asyncio.AbstractEventLoop, *, tight: bool) -> None:
        super().__init__(daemon=True)
        self._path, self._loop, self._tight = path, loop, tight
        self.keys: list[Any] = [n if tight else f"{n << 64:032x}" for n in range(receipts)]
        self.queue: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.ready = threading.Event()
        self.groups = 0

    def run(self) -> None:
        con = self._open()
        self.ready.set()
        while (first := self.queue.get()) is not None:
            group = [first]
            while len(group) < GROUP and not self.queue.empty():
                group.append(self.queue.get())
            con.execute("BEGIN IMMEDIATE")
            self._write(con, group)
            con.execute("COMMIT")
            self.groups += 1
            self._answer(group)
        con.close()

    def _write(self, con: sqlite3.Connection, group: list[Any]) -> None:
        if self._tight:
            con.executemany(_TIGHT, [one[0] for one in group])
            return
        for values, _future in group:
            assert con.execute(_CAS, values).rowcount == 1

    def _answer(self, group: list[Any]) -> None:
        if self._tight:
            self._loop.call_soon_threadsafe(_wake, [one[1] for one in group])
            return
        for _values, future in group:
            self._loop.call_soon_threadsafe(future.set_result, None)

    def _open(self) -> sqlite3.Connection:
        con = sqlite3.connect(self._path, isolation_level=None)
        for pragma in ("page_size=8192", "journal_mode=WAL", "synchronous=FULL", "wal_autocheckpoint=5000"):
            con.execute(f"PRAGMA {pragma}")
        if self._tight:
            con.execute("CREATE TABLE receipt (id INTEGER PRIMARY KEY, state INTEGER NOT NULL)")
            rows: list[tuple[Any, ...]] = [(key, 0) for key in self.keys]
        else:
            con.execute(
                "CREATE TABLE receipt (id TEXT PRIMARY KEY, state TEXT, updated_at INTEGER, content BLOB)"
            )
            rows = [(key, STEPS[0], 0, bytes(WIDTH)) for key in self.keys]
        con.execute("BEGIN")
        con.executemany(
            "INSERT INTO receipt VALUES (?, ?)" if self._tight else "INSERT INTO receipt VALUES (?, ?, ?, ?)",
            rows,
        )
        con.execute("COMMIT")
        return con


def _wake(futures: "list[asyncio.Future[None]]") -> None:
    for future in futures:
        future.set_result(None)


async def _walk(writer: Writer, keys: Iterator[Any], *, tight: bool) -> None:
    loop = asyncio.get_running_loop()
    for key in keys:
        for step in range(1, len(STEPS)):
            future: asyncio.Future[None] = loop.create_future()
            values = (step, key) if tight else (STEPS[step], step, key, STEPS[step - 1])
            writer.queue.put((values, future))
            await future


async def measure(path: Path, receipts: int, *, tight: bool = False) -> dict[str, float]:
    """Receipts per second, and the mean size of a group."""
    writer = Writer(path, receipts, asyncio.get_running_loop(), tight=tight)
    writer.start()
    await asyncio.to_thread(writer.ready.wait)
    keys = iter(writer.keys)
    begun = time.perf_counter()
    await asyncio.gather(*(_walk(writer, keys, tight=tight) for _ in range(WORKERS)))
    took = time.perf_counter() - begun
    writer.queue.put(None)
    await asyncio.to_thread(writer.join)
    return {"per_second": receipts / took, "mean_group": receipts * (len(STEPS) - 1) / writer.groups}
