"""A store with one seller and shop, receipts and payments, on a clock that is wound by hand."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import msgspec
from sqlalchemy import bindparam, select, update

from chekpoint.core.clock import epoch_ms
from chekpoint.core.lifecycle import State
from chekpoint.hub.bell import Bell
from chekpoint.hub.intake import Intake, Order
from chekpoint.hub.names import Keys
from chekpoint.hub.payments import settle
from chekpoint.store import payments, views_payments
from chekpoint.store.journal import Tx
from chekpoint.store.payments import Payment
from chekpoint.store.sql import Query
from chekpoint.store.store import Store, open_store
from chekpoint.store.tables import receipt
from tests.doubles.hand_clock import HandClock
from tests.doubles.hubs import SELLER, SHOP, people_of, sale

_STATE = Query(
    update(receipt).where(receipt.c.external_id == bindparam("number")).values(state=bindparam("new"))
)


class Books:
    """What tests of payments and of imports do."""

    def __init__(self, store: Store, clock: HandClock) -> None:
        self.store, self.clock, self.keys = store, clock, Keys(clock, Random(7))
        self._intake = Intake(store, clock, Random(8), Bell(clock), zone="Europe/Moscow", secret=b"secret")

    @property
    def now(self) -> int:
        return epoch_ms(self.clock.now())

    def sale(self, number: str, total: int = 10_000) -> Order:
        return msgspec.structs.replace(sale(1, total=total), external_id=number)

    async def accept(self, order: Order) -> str:
        return (await self._intake.accept(SHOP, order)).receipt_id

    async def paid(self, order_id: str, kopecks: int, *, refund: int = 0, number: str = "") -> str:
        """A payment that the shop tells of just now; its id."""
        made = Payment(
            self.keys.new(), SELLER, SHOP.id, f"shop:{SHOP.id}", number or self.keys.new(), order_id, kopecks, refund,
            self.now,
        )  # fmt: skip
        kept = await self.store.write(lambda tx: payments.keep(tx, [made]))
        return kept[0].payment_id

    async def gaps(self) -> list[tuple[str, str | None]]:
        found = await self.store.read(views_payments.gaps)
        return [(gap.id, gap.state) for gap in found]

    async def becomes(self, number: str, state: State) -> None:
        """The receipt with this number stands there."""

        def unit(tx: Tx) -> None:
            assert tx.run(_STATE, number=number, new=state.value) == 1

        await self.store.write(unit)

    async def rows(self, table: Any) -> list[dict[str, Any]]:
        """All rows of a table."""
        query = Query(select(*table.columns))
        found = await self.store.read(lambda tx: tx.all(query))
        return [dict(zip(table.columns.keys(), row, strict=True)) for row in found]

    async def settle_from_start(self) -> int:
        return (await settle(self.store, ""))[0]


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Books]:
    """An open store with its people."""
    clock = HandClock()
    store = open_store(url, node="a", clock=clock)
    await store.start()
    try:
        await store.write(lambda tx: people_of(tx, ["k1"]))
        yield Books(store, clock)
    finally:
        await store.stop()
