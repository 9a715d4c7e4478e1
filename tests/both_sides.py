"""One drive as the journal and an operator know it: what tests of reconciliation share.

The journal is filled by its own units (intake, fiscalise, see), the other side by the reconciler's own ``keep``.
"""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from random import Random
from typing import Any, TypeVar

import msgspec
from sqlalchemy import select

from chekpoint.core.lifecycle import Cause, State
from chekpoint.core.ports import FiscalDocument, OfdItem, OfdRecord
from chekpoint.fiscal.money import quantity_text
from chekpoint.fiscal.receipt import Receipt
from chekpoint.fiscal.vat_totals import vat_totals
from chekpoint.hub.bell import Bell
from chekpoint.hub.intake import Intake, Order
from chekpoint.hub.limits import Limits
from chekpoint.hub.names import attempt_id, order_mark
from chekpoint.hub.post import Post
from chekpoint.hub.reconciler import Reconciler
from chekpoint.store import incidents, lanes, outcomes, people
from chekpoint.store.journal import Tx
from chekpoint.store.mismatches import Mismatch
from chekpoint.store.pools import Place
from chekpoint.store.sql import Query
from chekpoint.store.store import Store, open_store
from chekpoint.store.tables import receipt as receipts
from chekpoint.store.tables_watch import compared, mismatch
from chekpoint.store.transitions import move
from tests.doubles.hand_clock import HandClock
from tests.doubles.hubs import SELLER, SHOP
from tests.emulated_world import item, receipt

F = TypeVar("F", OfdRecord, OfdItem)
FN, REGISTER, DAY = "9999078900000001", "r1", "2026-11-24"
SOURCE = "operator:test"
_ROWS = Query(select(*(mismatch.c[n] for n in Mismatch._fields)).order_by(mismatch.c.id))
_COMPARED = Query(
    select(compared.c.day, compared.c.ours, compared.c.theirs, compared.c.equal).order_by(compared.c.day)
)
_DOCUMENTS = Query(
    select(receipts.c.fn, receipts.c.fd_number, receipts.c.proof).where(receipts.c.fn.is_not(None))
)
_PROOFS = Query(select(receipts.c.fd_number, receipts.c.proof).order_by(receipts.c.fd_number))


class BothSides:
    """``documents``: what the drive signed, by FD number; ``contents``: their receipts."""

    def __init__(self, store: Store, clock: HandClock) -> None:
        self.store, self.clock = store, clock
        self.post = Post(store, clock, Random(7), node="a", limits=Limits())
        self.reconciler = Reconciler(self.post)
        self.intake = Intake(store, clock, Random(8), Bell(clock), zone="Europe/Moscow", secret=b"s")
        self.documents: dict[int, FiscalDocument] = {}
        self.contents: dict[int, Receipt] = {}
        self.ids: dict[int, str] = {}

    async def furnish(self) -> None:
        def unit(tx: Tx) -> None:
            people.add_seller(tx, SELLER, "7707083893", "ООО «Ромашка»")
            people.add_shop(tx, SHOP)
            for key in (REGISTER, "r2"):
                people.add_register(tx, key, SELLER, f"касса {key}", maker="bare", config=b"{}")

        await self.store.write(unit)

    def document(self, number: int, content: Receipt | None, fn: str = FN, **changes: Any) -> FiscalDocument:
        """What the drive signs as its n-th document: a shift opening when there is no content."""
        made_at = datetime(2026, 11, 24, 12) + timedelta(minutes=number)  # noqa: DTZ001 - a register's wall clock
        fields: dict[str, Any] = {
            "fn": fn, "fd_number": number, "fiscal_sign": f"{1_000 + number:010d}", "made_at": made_at.isoformat(),
            "total": content.amount if content else 0, "kind": content.kind.code if content else 0,
            "document": 3 if content else 2, "shift_number": 1,
        }  # fmt: skip
        return FiscalDocument(**(fields | changes))

    async def sell(self, number: int, content: Receipt | None = None, **changes: Any) -> str:
        """A receipt of ours that became document ``number``."""
        goods = content or receipt(item(10_000 + number * 100, name=f"Товар {number}"))
        receipt_id = await self.doubt(f"order-{number}", goods)
        doc = self.document(number, goods, **changes)

        def unit(tx: Tx) -> None:
            outcomes.fiscalise(
                tx, receipt_id, State.IN_DOUBT, Cause.LOCATED, doc, register=REGISTER, evidence="{}",
                key=self.post.keys.new(), check=tx.now,
            )  # fmt: skip

        await self.store.write(unit)
        self.documents[number], self.contents[number], self.ids[number] = doc, goods, receipt_id
        return receipt_id

    async def doubt(self, external_id: str, content: Receipt) -> str:
        """A receipt whose attempt may have registered it."""
        accepted = await self.intake.accept(SHOP, Order(external_id=external_id, receipt=content))

        def unit(tx: Tx) -> None:
            move(tx, accepted.receipt_id, State.QUEUED, Cause.CLAIMED)
            move(tx, accepted.receipt_id, State.REGISTERING, Cause.ANSWER_LOST)

        await self.store.write(unit)
        return accepted.receipt_id

    async def lose(
        self, external_id: str, content: Receipt, last_fd: int, *, register: str = REGISTER, fn: str = FN
    ) -> str:
        """A receipt with a durable attempt behind ``last_fd`` whose answer was lost."""
        accepted = await self.intake.accept(SHOP, Order(external_id=external_id, receipt=content))

        def claim(tx: Tx) -> lanes.Claimed:
            lease = lanes.take(tx, register, "a", lease_ms=90_000)
            assert lease is not None
            want = lanes.Want(
                register=register, pools=(Place(SELLER, None),), fence=lease.fence, lease_ms=90_000, enough_ms=60_000,
                fn=fn, last_fd=last_fd, taxations=63, marks=True,
            )  # fmt: skip
            claimed = lanes.claim(tx, want, attempt_id)
            assert isinstance(claimed, lanes.Claimed)
            return claimed

        one = await self.store.write(claim)
        assert one.claim.id == accepted.receipt_id
        await self.store.write(
            lambda tx: lanes.doubt(tx, one.attempt_id, one.claim.id, Cause.ANSWER_LOST, why="test", code=None)
        )
        return accepted.receipt_id

    async def see(self, number: int, content: Receipt | None = None, **changes: Any) -> None:
        """A document that is no receipt of ours, read from the drive: a shift's, or another program's."""
        doc = self.document(number, content, **changes)
        await self.store.write(lambda tx: outcomes.see(tx, doc, REGISTER))
        self.documents[number] = doc
        if content is not None:
            self.contents[number] = content

    def record(self, number: int, **changes: Any) -> OfdRecord:
        """The document as an honest operator shows it, with these fields otherwise."""
        doc, content = self.documents[number], self.contents[number]
        fields = shown(doc, content)
        return OfdRecord(**(fields | changes))

    def honest(self, *but: int) -> list[OfdRecord]:
        """All receipts of the drive, without some."""
        return [self.record(number) for number in self.contents if number not in but]

    async def compare(self, *records: OfdRecord, first: str = DAY, last: str = DAY) -> Counter[str]:
        """Keep what the operator shows, compare the day; kinds of what stands open and unresolved."""
        await self.reconciler.keep(SOURCE, records)
        await self.reconciler.compare(FN, first, last, SOURCE)
        return Counter(row.kind for row in await self.open())

    async def rows(self) -> list[Mismatch]:
        return await self.store.read(lambda tx: [Mismatch(*row) for row in tx.all(_ROWS)])

    async def open(self) -> list[Mismatch]:
        return [row for row in await self.rows() if row.closed_at is None and row.resolved_at is None]

    async def counted(self) -> list[tuple[Any, ...]]:
        """(day, ours, theirs, equal) of every day compared."""
        return await self.store.read(lambda tx: [tuple(row) for row in tx.all(_COMPARED)])

    async def proofs(self) -> dict[int, int]:
        return await self.store.read(lambda tx: {row[0]: row[1] for row in tx.all(_PROOFS)})

    async def proofs_of_documents(self) -> dict[str, int]:
        """fn/fd -> rung, of every receipt that has a document."""
        rows = await self.store.read(lambda tx: tx.all(_DOCUMENTS))
        return {f"{row[0]}/{row[1]}": row[2] for row in rows}

    async def totals(self) -> tuple[int, int]:
        """Our receipts and the equal ones, over all days compared."""
        rows = await self.counted()
        return sum(row[1] for row in rows), sum(row[3] for row in rows)

    async def incidents(self) -> list[incidents.Open]:
        return await self.store.read(incidents.open_now)


def shown(doc: FiscalDocument, content: Receipt) -> dict[str, Any]:
    """The fields of an honest record."""
    return {
        "fn": doc.fn, "fd_number": doc.fd_number, "fiscal_sign": doc.fiscal_sign, "total": doc.total,
        "made_at": doc.made_at, "kind": doc.kind, "document": doc.document,
        "items": tuple(
            OfdItem(name=i.name, sum=i.sum, price=i.price, quantity=quantity_text(i.quantity), vat=i.vat)
            for i in content.items
        ),
        "vat": tuple(vat_totals(content.items).items()),
    }  # fmt: skip


def mark_of(external_id: str) -> str:
    return order_mark(SHOP.id, external_id)


def otherwise(record: F, **changes: Any) -> F:
    return msgspec.structs.replace(record, **changes)


@asynccontextmanager
async def both_sides(url: str) -> AsyncIterator[BothSides]:
    clock = HandClock()
    store = open_store(url, node="a", clock=clock)
    await store.start()
    try:
        made = BothSides(store, clock)
        await made.furnish()
        yield made
    finally:
        await store.stop()
