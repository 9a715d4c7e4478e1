"""The gap list: paid but no receipt; and, where a shop reports payments at all, receipts that nobody paid.

Open payments lie in a partial index of their own, and receipts that are not fiscalised in another one: the
list costs what is wrong, not what there is. Moments are milliseconds UTC, sums kopecks.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

from sqlalchemy import and_, bindparam, func, literal, literal_column, or_, select

from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query
from chekpoint.store.tables import receipt
from chekpoint.store.tables_watch import payment
from chekpoint.store.views_scan import WINDOW, by_keys, capped, keys_of, number

PAGE: Final = 50
LATEST: Final = (1 << 62, "~")


class Gap(NamedTuple):
    """A payment that no fiscalised receipt covers. ``state`` is of the receipt it has, None when it has none."""

    id: str
    shop_id: str | None
    source: str
    external_id: str
    order_id: str
    kopecks: int
    refund: int
    paid_at: int
    receipt_id: str | None
    state: str | None


_OWN: Final = tuple(payment.c[name] for name in Gap._fields[:-1])
_BEFORE: Final = or_(
    payment.c.paid_at < bindparam("at"), and_(payment.c.paid_at == bindparam("at"), payment.c.id < bindparam("key"))
)  # fmt: skip
_LATE: Final = payment.c.paid_at <= bindparam("until")
_NEWEST: Final = (payment.c.paid_at.desc(), payment.c.id.desc())
_WITHOUT: Final = (
    select(*_OWN, literal(None).label("state")).where(payment.c.receipt_id.is_(None), _BEFORE, _LATE)
    .order_by(*_NEWEST).limit(bindparam("most"))
)  # fmt: skip
_UNFINISHED: Final = receipt.c.state != literal_column("'fiscalised'")
_WITH_OPEN: Final = (
    select(*_OWN, receipt.c.state)
    .select_from(receipt.join(payment, payment.c.receipt_id == receipt.c.id))
    .where(_UNFINISHED, _BEFORE, _LATE)
    .order_by(*_NEWEST)
    .limit(bindparam("most"))
)
_NONE: Final = Query(_WITHOUT)
_UNDONE: Final = Query(_WITH_OPEN)


def gaps(tx: Tx, before: tuple[int, str] = LATEST, *, until: int = LATEST[0], most: int = PAGE) -> list[Gap]:
    """Gaps, the latest payment first.

    ``before``: (paid_at, id) of the last one of the page before; ``until``: paid at that moment or earlier.
    """
    given = {"at": before[0], "key": before[1], "until": until, "most": most}
    rows = [Gap(*row) for query in (_NONE, _UNDONE) for row in tx.all(query, **given)]
    return sorted(rows, key=lambda gap: (gap.paid_at, gap.id), reverse=True)[:most]


_OLD: Final = payment.c.paid_at <= bindparam("until")
_COUNTS: Final = (
    capped(payment, payment.c.receipt_id.is_(None), _OLD),
    capped(receipt.join(payment, payment.c.receipt_id == receipt.c.id), _UNFINISHED, _OLD),
)


def count(tx: Tx, until: int) -> int:
    """Gaps of payments that were made at a moment or earlier, counted up to CAP + 1."""
    return sum(number(tx, query, until=until) for query in _COUNTS)


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
