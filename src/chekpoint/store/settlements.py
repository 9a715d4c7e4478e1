"""Payments against receipts: who covers whom, and what is left over on either side."""

from typing import Final, NamedTuple

from sqlalchemy import bindparam, exists, func, literal_column, select, update

from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query
from chekpoint.store.tables import receipt, shop
from chekpoint.store.tables_watch import payment

SALE, RETURN = "sale", "sale_return"
_P: Final = payment.c
_R: Final = receipt.c


class Paid(NamedTuple):
    """A payment that no receipt covers yet. Moments are milliseconds UTC."""

    id: str
    seller_id: str
    shop_id: str | None
    source: str
    order_id: str
    kopecks: int
    refund: int
    paid_at: int


class Issued(NamedTuple):
    """A receipt of an order."""

    id: str
    external_id: str
    kind: str
    total: int
    state: str
    accepted_at: int
    register_id: str | None


_OPEN: Final = Query(
    select(*(_P[n] for n in Paid._fields))
    .where(_P.receipt_id.is_(None), _P.paid_at >= bindparam("since"))
    .order_by(_P.paid_at, _P.id)
)
_SHOPS: Final = Query(select(shop.c.id).where(shop.c.seller_id == bindparam("seller")).order_by(shop.c.id))
_OF_ORDER: Final = Query(
    select(*(_R[n] for n in Issued._fields))
    .where(
        _R.shop_id == bindparam("shop"),
        _R.external_id >= bindparam("first"),
        _R.external_id < bindparam("last"),
    )
    .order_by(_R.external_id)
)
_COVER: Final = Query(
    update(payment)
    .where(_P.id == bindparam("this"), _P.receipt_id.is_(None))
    .values(receipt_id=bindparam("receipt"))
)
_COVERED: Final = Query(
    select(func.coalesce(func.sum(_P.kopecks), 0)).where(
        _P.order_id == bindparam("order"), _P.receipt_id == bindparam("receipt")
    )
)
_CONTENT: Final = Query(select(_R.content).where(_R.id == bindparam("receipt")))
_OF_PAYMENTS: Final = Query(
    select(_P.shop_id, func.min(_P.paid_at), func.max(_P.seen_at), func.max(_P.refund))
    .where(_P.shop_id.is_not(None))
    .group_by(_P.shop_id)
)
_RECENT: Final = Query(
    select(*(_R[n] for n in Issued._fields))
    .where(
        _R.shop_id == bindparam("shop"), _R.id >= bindparam("first"), _R.id < bindparam("last"),
        _R.state == literal_column("'fiscalised'"), _R.kind.in_([literal_column(f"'{kind}'") for kind in (SALE, RETURN)]),
        ~exists(select(literal_column("1")).select_from(payment)
                .where(_P.order_id == _R.external_id, _P.receipt_id == _R.id)),
    )
    .order_by(_R.id)
)  # fmt: skip
_PREFIXED: Final = Query(
    select(_P.id, _P.refund).where(_P.shop_id == bindparam("shop"), _P.order_id == bindparam("order"))
)


def uncovered(tx: Tx, since: int) -> list[Paid]:
    """Payments without a receipt, oldest first."""
    return [Paid(*row) for row in tx.all(_OPEN, since=since)]


def of_order(tx: Tx, one: Paid) -> list[Issued]:
    """The receipts of a payment's order: the order's id is theirs, or theirs begins with it and a mark of its end.

    So order 12 owns ``12``, ``12-1`` and ``12/refund``, and not ``123``.
    """
    shops = [one.shop_id] if one.shop_id else [row[0] for row in tx.all(_SHOPS, seller=one.seller_id)]
    first, last = one.order_id, one.order_id + "\U0010ffff"
    rows = [
        Issued(*row) for shop_id in shops for row in tx.all(_OF_ORDER, shop=shop_id, first=first, last=last)
    ]
    return [row for row in rows if belongs(row.external_id, one.order_id)]


def belongs(external_id: str, order_id: str) -> bool:
    """Is this the id of a receipt of that order?"""
    rest = external_id[len(order_id) :] if external_id.startswith(order_id) else "?"
    return not rest or not (rest[0].isalnum() or rest[0] == "?")


def cover(tx: Tx, payment_id: str, receipt_id: str) -> bool:
    """This receipt is the payment's; False when another worker was first."""
    return tx.run(_COVER, this=payment_id, receipt=receipt_id) == 1


def covered(tx: Tx, order_id: str, receipt_id: str) -> int:
    """Kopecks of an order's payments that a receipt covers already."""
    return int(tx.one(_COVERED, order=order_id, receipt=receipt_id)[0])


def content(tx: Tx, receipt_id: str) -> bytes:
    """The content of a receipt that is there, JSON."""
    return bytes(tx.one(_CONTENT, receipt=receipt_id)[0])


class Reporting(NamedTuple):
    """A shop that tells of payments: since when, and up to when it is known to have told."""

    shop_id: str
    since: int
    until: int
    refunds: int


def reporting(tx: Tx) -> list[Reporting]:
    """The shops of which payments are known at all: for others a receipt without payment means nothing."""
    return [Reporting(*row) for row in tx.all(_OF_PAYMENTS)]


def unpaid(tx: Tx, shop_id: str, since: int, until: int) -> list[Issued]:
    """Receipts of a shop, accepted between two moments, that no payment is bound to."""
    first, last = f"{max(since, 0):012x}", f"{until:012x}"
    return [Issued(*row) for row in tx.all(_RECENT, shop=shop_id, first=first, last=last)]


def is_paid(tx: Tx, shop_id: str, one: Issued) -> bool:
    """Is any payment of the receipt's order known, in its direction? The order's id may be shorter than its own."""
    wanted = int(one.kind == RETURN)
    ends = [at for at, char in enumerate(one.external_id) if not char.isalnum()]
    orders = [one.external_id, *(one.external_id[:at] for at in ends if at)]
    return any(row[1] == wanted for order in orders for row in tx.all(_PREFIXED, shop=shop_id, order=order))
