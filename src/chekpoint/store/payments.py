"""Payments: money that somebody says a shop has taken or given back.

A payment is known by (``source``, ``external_id``): said twice it is one payment. Sums are kopecks, moments
milliseconds UTC.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query
from chekpoint.store.tables_watch import payment


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
