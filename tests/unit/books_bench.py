"""A store with one seller and shop, receipts and payments, on a clock that is wound by hand."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import bindparam, select, update

from chekpoint.core.clock import epoch_ms
from chekpoint.core.lifecycle import Cause, State
from chekpoint.core.ports import FiscalDocument
from chekpoint.hub.bell import Bell
from chekpoint.hub.intake import Intake, Order
from chekpoint.hub.limits import Limits
from chekpoint.hub.names import Keys
from chekpoint.hub.payment_gaps import PaymentGaps
from chekpoint.hub.post import Post
from chekpoint.store import outcomes, payments, views_payments
from chekpoint.store.journal import Tx
from chekpoint.store.payments import Payment
from chekpoint.store.sql import Query
from chekpoint.store.store import Store, open_store
from chekpoint.store.tables import receipt
from chekpoint.store.tables_watch import mismatch
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
        """(payment, the state of its order's receipt)."""

        def look(tx: Tx) -> list[tuple[str, str | None]]:
            found = [(gap, views_payments.hope(tx, gap)) for gap in views_payments.gaps(tx)]
            return [(gap.id, hope and hope.state) for gap, hope in found]

        return await self.store.read(look)

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

    @property
    def post(self) -> Post:
        return Post(self.store, self.clock, Random(9), node="a", limits=Limits())

    async def bind(self) -> None:
        """One round of the worker that binds payments to receipts."""
        await PaymentGaps(self.post, ZoneInfo("Europe/Moscow")).once()

    async def sign(self, fn: str, number: int, *, total: int, made_at: str, sign: str) -> None:
        """A receipt whose document a register has signed."""
        key = await self.accept(self.sale(f"signed-{number}", total))
        document = FiscalDocument(
            fn=fn, fd_number=number, fiscal_sign=sign, total=total, made_at=made_at, kind=1
        )
        await self.becomes(f"signed-{number}", State.IN_DOUBT)

        def unit(tx: Tx) -> None:
            outcomes.fiscalise(
                tx, key, State.IN_DOUBT, Cause.LOCATED, document, register="k1", evidence="{}", key=self.keys.new(),
                check=tx.now,
            )  # fmt: skip

        await self.store.write(unit)

    async def mismatches(self) -> list[tuple[str, str]]:
        """(kind, subject) of what stands open."""
        rows = await self.rows(mismatch)
        return sorted((row["kind"], row["subject"]) for row in rows if row["closed_at"] is None)


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
