"""Payments: money that somebody says a shop has taken or given back, and the receipt that covers each.

A payment is known by (``source``, ``external_id``): said twice it is one payment. Sums are kopecks, moments
milliseconds UTC.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import bindparam, func, literal_column, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from chekpoint.core.lifecycle import State
from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query
from chekpoint.store.tables import receipt
from chekpoint.store.tables_watch import payment
from chekpoint.store.views_scan import by_keys, keys_of

DEAD: Final = (State.REJECTED, State.EXPIRED, State.CANCELLED)
"""States of a receipt that gives the buyer nothing."""
BATCH: Final = 2000  # receipts of one look
IS_DEAD: Final = receipt.c.state.in_([literal_column(f"'{state.value}'") for state in DEAD])


class Payment(NamedTuple):
    """One payment; ``refund`` is 1 for money given back."""

    id: str
    seller_id: str
    shop_id: str | None
    source: str
    external_id: str
    order_id: str
    kopecks: int
    refund: int
    paid_at: int


class Kept(NamedTuple):
    """What became of a payment that was told. ``same`` is False when it was told before with other facts."""

    payment_id: str
    fresh: bool
    same: bool
    receipt_id: str | None


_VALUES: Final[dict[str, Any]] = {name: bindparam(name) for name in (*Payment._fields, "seen_at")}
_ADD: Final = Query(
    sqlite.insert(payment).values(_VALUES).on_conflict_do_nothing(),
    postgresql=postgresql.insert(payment).values(_VALUES).on_conflict_do_nothing(),
)
_KNOWN: Final = Query(
    select(*(payment.c[name] for name in Payment._fields), payment.c.receipt_id).where(
        payment.c.source == bindparam("whose"), payment.c.external_id == bindparam("number")
    )
)
_TOLD: Final = ("shop_id", "order_id", "kopecks", "refund", "paid_at")


def keep(tx: Tx, rows: Sequence[Payment]) -> list[Kept]:
    """Keep what is new; of what is known nothing is changed."""
    return [_keep(tx, row) for row in rows]


def _keep(tx: Tx, row: Payment) -> Kept:
    if tx.run(_ADD, **row._asdict(), seen_at=tx.now) == 1:
        return Kept(row.id, fresh=True, same=True, receipt_id=None)
    found = tx.one(_KNOWN, whose=row.source, number=row.external_id)
    known = Payment(*found[:-1])
    same = all(getattr(known, name) == getattr(row, name) for name in _TOLD)
    return Kept(known.id, fresh=False, same=same, receipt_id=found[-1])


class Asked(NamedTuple):
    """A payment that no living receipt covers yet. ``receipt_id``: a dead one did."""

    id: str
    seller_id: str
    shop_id: str | None
    order_id: str
    kopecks: int
    refund: int
    receipt_id: str | None


class Candidate(NamedTuple):
    """A receipt that may cover a payment."""

    id: str
    seller_id: str
    shop_id: str
    external_id: str
    kind: str
    total: int


_OPEN: Final = by_keys(
    select(*(payment.c[name] for name in Asked._fields))
    .select_from(payment.outerjoin(receipt, receipt.c.id == payment.c.receipt_id))
    .where(or_(payment.c.receipt_id.is_(None), IS_DEAD))
    .order_by(payment.c.paid_at, payment.c.id),
    payment.c.order_id,
)
_CANDIDATES: Final = Query(
    select(*(receipt.c[name] for name in Candidate._fields))
    .where(
        receipt.c.id > bindparam("after"), ~IS_DEAD,
        receipt.c.kind.in_([literal_column("'sale'"), literal_column("'sale_return'")]),
    )
    .order_by(receipt.c.id)
    .limit(BATCH)
)  # fmt: skip
_CONTENT: Final = Query(select(receipt.c.content).where(receipt.c.id == bindparam("which")))
_BUSY: Final = by_keys(select(payment.c.receipt_id), payment.c.receipt_id)
_COVER: Final = Query(
    update(payment)
    .where(payment.c.id == bindparam("which"), func.coalesce(payment.c.receipt_id, "") == bindparam("before"))
    .values(receipt_id=bindparam("by"))
)
_OLDEST: Final = Query(
    select(func.min(payment.c.paid_at)).where(
        payment.c.receipt_id.is_(None), payment.c.seen_at >= bindparam("since")
    )
)
_OLDEST_DEAD: Final = Query(
    select(func.min(payment.c.paid_at))
    .select_from(receipt.join(payment, payment.c.receipt_id == receipt.c.id))
    .where(IS_DEAD, receipt.c.state != literal_column("'fiscalised'"))  # so that the partial index is used
)


def asked_for(tx: Tx, orders: Sequence[str]) -> list[Asked]:
    """Payments of these orders that no living receipt covers, oldest first."""
    return [Asked(*row) for row in tx.all(_OPEN, keys=keys_of(tx, orders))] if orders else []


def candidates(tx: Tx, after: str) -> list[Candidate]:
    """The next BATCH living receipts (sales and their returns) after a key."""
    return [Candidate(*row) for row in tx.all(_CANDIDATES, after=after)]


def content_of(tx: Tx, receipt_id: str) -> bytes:
    """The content of a receipt that is there, JSON."""
    return bytes(tx.one(_CONTENT, which=receipt_id)[0])


def busy(tx: Tx, receipts: Sequence[str]) -> set[str]:
    """Those of the receipts that cover a payment already."""
    return {row[0] for row in tx.all(_BUSY, keys=keys_of(tx, receipts))}


def cover(tx: Tx, one: Asked, receipt_id: str) -> bool:
    """The receipt covers the payment; False when another got there first."""
    covered = tx.run(_COVER, which=one.id, before=one.receipt_id or "", by=receipt_id) == 1
    if covered:
        tx.event("payment_covered", receipt_id, payment=one.id)
    return covered


def oldest_open(tx: Tx, since: int) -> int | None:
    """When the oldest payment without a receipt was paid, of those that were told at ``since`` or later."""
    found: int | None = tx.one(_OLDEST, since=since)[0]
    return found


def oldest_bereft(tx: Tx) -> int | None:
    """When the oldest payment was paid whose receipt came to nothing."""
    found: int | None = tx.one(_OLDEST_DEAD)[0]
    return found
