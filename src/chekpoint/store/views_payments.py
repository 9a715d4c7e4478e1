"""The gap list: paid but no receipt; and, where a shop reports payments at all, receipts that nobody paid.

Open payments lie in a partial index of their own: the list costs what is wrong, not what there is. Moments are
milliseconds UTC, sums kopecks.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

from sqlalchemy import and_, bindparam, func, literal_column, or_, select

from chekpoint.core.lifecycle import State
from chekpoint.store.journal import Tx
from chekpoint.store.settlements import RETURN, SALE, Paid, of_order
from chekpoint.store.sql import Query
from chekpoint.store.tables import receipt
from chekpoint.store.tables_watch import payment
from chekpoint.store.views_scan import WINDOW, by_keys, capped, keys_of, number

PAGE: Final = 50
LATEST: Final = (1 << 62, "~")
DEAD: Final = frozenset({State.REJECTED, State.EXPIRED, State.CANCELLED})
"""States of a receipt that gives the buyer nothing."""


class Gap(NamedTuple):
    """A payment that no registered receipt covers."""

    id: str
    seller_id: str
    shop_id: str | None
    source: str
    external_id: str
    order_id: str
    kopecks: int
    refund: int
    paid_at: int


class Hope(NamedTuple):
    """The receipt of a gap's order that says most of what became of it."""

    receipt_id: str
    state: str
    total: int


_OPEN: Final = payment.c.receipt_id.is_(None)
_OLD: Final = payment.c.paid_at <= bindparam("until")
_BEFORE: Final = or_(
    payment.c.paid_at < bindparam("at"), and_(payment.c.paid_at == bindparam("at"), payment.c.id < bindparam("key"))
)  # fmt: skip
_GAPS: Final = Query(
    select(*(payment.c[name] for name in Gap._fields))
    .where(_OPEN, _BEFORE, _OLD)
    .order_by(payment.c.paid_at.desc(), payment.c.id.desc())
    .limit(bindparam("most"))
)
_COUNT: Final = capped(payment, _OPEN, _OLD)


def gaps(tx: Tx, before: tuple[int, str] = LATEST, *, until: int = LATEST[0], most: int = PAGE) -> list[Gap]:
    """Gaps, the latest payment first.

    ``before``: (paid_at, id) of the last one of the page before; ``until``: paid at that moment or earlier.
    """
    given = {"at": before[0], "key": before[1], "until": until, "most": most}
    return [Gap(*row) for row in tx.all(_GAPS, **given)]


def count(tx: Tx, until: int) -> int:
    """Gaps of payments that were made at a moment or earlier, counted up to CAP + 1."""
    return number(tx, _COUNT, until=until)


def hope(tx: Tx, gap: Gap) -> Hope | None:
    """What there is of receipts for a gap's order: one of its sum first, a living one before a dead one."""
    asked = Paid(
        gap.id, gap.seller_id, gap.shop_id, gap.source, gap.order_id, gap.kopecks, gap.refund, gap.paid_at
    )
    kind = RETURN if gap.refund else SALE
    found = [one for one in of_order(tx, asked) if one.kind == kind]
    if not found:
        return None
    best = min(found, key=lambda one: (one.total != gap.kopecks, one.state in DEAD, one.id))
    return Hope(best.id, best.state, best.total)


_SINCE: Final = Query(select(func.min(payment.c.paid_at)).where(payment.c.shop_id == bindparam("shop")))


def since(tx: Tx, shop_id: str) -> int | None:
    """The moment of the first payment that a shop has reported; None when it reports none."""
    found: int | None = tx.one(_SINCE, shop=shop_id)[0]
    return found


class Unpaid(NamedTuple):
    """A fiscalised receipt of whose order no payment is known."""

    id: str
    external_id: str
    kind: str
    total: int
    accepted_at: int


_RECENT: Final = Query(
    select(*(receipt.c[name] for name in Unpaid._fields))
    .where(
        receipt.c.shop_id == bindparam("shop"), receipt.c.id >= bindparam("low"), receipt.c.id < bindparam("high"),
        receipt.c.state == literal_column("'fiscalised'"),
        receipt.c.kind.in_([literal_column("'sale'"), literal_column("'sale_return'")]),
    )
    .order_by(receipt.c.id.desc())
    .limit(WINDOW)
)  # fmt: skip
_ORDERS: Final = by_keys(select(payment.c.order_id, payment.c.refund), payment.c.order_id)
Orders = Callable[[str], Iterable[str]]


def unpaid(tx: Tx, shop_id: str, low: str, high: str, orders_of: Orders) -> tuple[list[Unpaid], bool]:
    """Receipts of a shop between two keys that nobody paid, newest first, and whether there was more to look at.

    At most WINDOW receipts are looked at. ``orders_of``: what the order of a receipt may be called.
    """
    rows = [Unpaid(*row) for row in tx.all(_RECENT, shop=shop_id, low=low, high=high)]
    names = {row.id: tuple(orders_of(row.external_id)) for row in rows}
    wanted = sorted({name for found in names.values() for name in found})
    known: set[Any] = set(map(tuple, tx.all(_ORDERS, keys=keys_of(tx, wanted)))) if wanted else set()
    found = [row for row in rows if not any((n, int(row.kind != "sale")) in known for n in names[row.id])]
    return found, len(rows) == WINDOW
