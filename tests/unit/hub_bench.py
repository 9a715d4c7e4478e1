"""What tests of the hub's invariants share: waiting for a state, looking into tables, registers that misbehave."""

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import select

from chekpoint.core.errors import OutcomeUnknown
from chekpoint.core.ports import Absent, Attempt, FiscalDocument, Registered
from chekpoint.hub.hub import Hub
from chekpoint.hub.intake import Order
from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query
from chekpoint.store.store import Store
from chekpoint.store.tables import attempt, event, receipt
from chekpoint.store.tables_watch import incident
from tests.doubles.bare_register import BareRegister
from tests.doubles.hubs import SHOP

PATIENCE = 20.0  # seconds a test waits for what must come to pass

_RECEIPTS = Query(select(receipt).order_by(receipt.c.id))
_ATTEMPTS = Query(select(attempt).order_by(attempt.c.started_at, attempt.c.number))
_EVENTS = Query(select(event).order_by(event.c.journal, event.c.seq))
_INCIDENTS = Query(select(incident).order_by(incident.c.id))
_TABLES = {"receipt": (_RECEIPTS, receipt), "attempt": (_ATTEMPTS, attempt), "event": (_EVENTS, event),
           "incident": (_INCIDENTS, incident)}  # fmt: skip


async def rows(store: Store, table: str) -> list[dict[str, Any]]:
    """All rows of a table, as they are committed now."""
    query, shape = _TABLES[table]
    names = [column.name for column in shape.columns]

    def look(tx: Tx) -> list[dict[str, Any]]:
        return [dict(zip(names, row, strict=True)) for row in tx.all(query)]

    return await store.read(look)


async def states(hub: Hub) -> Counter[str]:
    return Counter(row["state"] for row in await rows(hub.store, "receipt"))


async def until(
    store: Store, table: str, done: Callable[[list[dict[str, Any]]], bool]
) -> list[dict[str, Any]]:
    """Look until a table is as it must become."""
    async with asyncio.timeout(PATIENCE):
        while True:
            seen = await rows(store, table)
            if done(seen):
                return seen
            await asyncio.sleep(0.005)


async def settled(hub: Hub, count: int, state: str = "fiscalised") -> list[dict[str, Any]]:
    """Wait until that many receipts are in a state."""
    return await until(hub.store, "receipt", lambda all_: sum(r["state"] == state for r in all_) == count)


async def offer(hub: Hub, *orders: Order) -> list[str]:
    assert hub.intake is not None
    return [(await hub.intake.accept(SHOP, order)).receipt_id for order in orders]


def documents_of(*registers: BareRegister) -> Counter[str]:
    """Order mark -> fiscal documents, over the drives' archives."""
    archive = [doc for register in registers for doc in register.archive.values()]
    return Counter(doc.mark for doc in archive if doc.document == 3 and doc.mark)


def sqlite(folder: Path) -> str:
    return f"sqlite:///{folder / 'chekpoint.db'}"


class WatchedRegister(BareRegister):
    """Notes every call; ``undecided`` is how many times locate cannot tell."""

    def __init__(self, fn: str) -> None:
        super().__init__(fn)
        self.calls: list[tuple[str, str]] = []
        self.attempts: list[Attempt] = []
        self.undecided = 0
        self.asked, self.open = asyncio.Event(), asyncio.Event()
        self.open.set()

    async def submit(self, attempt: Attempt) -> Registered:
        self.calls.append(("submit", attempt.receipt_id))
        self.attempts.append(attempt)
        self.asked.set()
        await self.open.wait()
        return await super().submit(attempt)

    async def locate(self, attempt: Attempt) -> Registered | Absent:
        self.calls.append(("locate", attempt.receipt_id))
        if self.undecided:
            self.undecided -= 1
            raise OutcomeUnknown("cannot tell yet")
        return await super().locate(attempt)

    async def document(self, fd_number: int) -> FiscalDocument | None:
        self.calls.append(("document", str(fd_number)))
        return await super().document(fd_number)
