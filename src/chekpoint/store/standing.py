"""Where many receipts and registers stand just now, in one question: what the doors of shops look at often."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, bindparam, func, literal_column, select

from chekpoint.core.ports import RegisterStatus
from chekpoint.fiscal.receipt import PaymentForm, Receipt
from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query
from chekpoint.store.tables import fiscal_document, lane, receipt, register
from chekpoint.store.views_scan import by_keys, keys_of


class Stand(NamedTuple):
    """A receipt's state and, when it is registered, the document's register."""

    id: str
    state: str
    proof: int
    register_id: str | None
    error_code: str | None
    error_text: str | None


_STANDS: Final = by_keys(select(*(receipt.c[name] for name in Stand._fields)), receipt.c.id)


def stands(tx: Tx, receipt_ids: Sequence[str]) -> dict[str, Stand]:
    """Receipt id -> where it stands, for those that exist."""
    rows = tx.all(_STANDS, keys=keys_of(tx, receipt_ids)) if receipt_ids else []
    return {row[0]: Stand(*row) for row in rows}


class Post(NamedTuple):
    """A register as its lane last saw it."""

    id: str
    seller_id: str
    name: str
    enabled: int
    draining: int
    fn: str | None
    block: str | None
    status: RegisterStatus | None
    status_at: int | None


_POSTS: Final = Query(
    select(
        register.c.id, register.c.seller_id, register.c.name, register.c.enabled, register.c.draining, lane.c.fn,
        lane.c.block, lane.c.status, lane.c.status_at,
    )
    .select_from(register.join(lane, lane.c.register_id == register.c.id))
    .order_by(register.c.id)
)  # fmt: skip
_STATUS: Final = msgspec.json.Decoder(RegisterStatus)


def posts(tx: Tx) -> list[Post]:
    """All registers."""
    return [
        Post(*row)._replace(status=_STATUS.decode(bytes(row[7])) if row[7] else None)
        for row in tx.all(_POSTS)
    ]


class ShiftSums(NamedTuple):
    """What the journal knows of a shift's receipts, kopecks. ``cash`` is the cash of sales less that of returns."""

    income: int
    returned: int
    cash: int


class ShiftClose(NamedTuple):
    """The document that closed a shift."""

    fn: str
    fd_number: int
    fiscal_sign: str
    made_at: str
    shift_number: int | None


_SALE, _RETURN = 1, 2  # tag 1054
_RECEIPT: Final[ColumnElement[int]] = literal_column("3")
_CLOSE: Final[ColumnElement[int]] = literal_column("5")
_SUMS: Final = Query(
    select(fiscal_document.c.kind, fiscal_document.c.total, receipt.c.content)
    .select_from(fiscal_document.outerjoin(receipt, receipt.c.id == fiscal_document.c.receipt_id))
    .where(
        fiscal_document.c.fn == bindparam("drive"),
        fiscal_document.c.document == _RECEIPT,
        fiscal_document.c.shift_number == bindparam("number"),
    )
)
_TURNOVER: Final = Query(
    select(func.coalesce(func.sum(fiscal_document.c.total), 0)).where(
        fiscal_document.c.fn == bindparam("drive"),
        fiscal_document.c.document == _RECEIPT,
        fiscal_document.c.kind == _SALE,
    )
)
_LAST_CLOSE: Final = Query(
    select(*(fiscal_document.c[name] for name in ShiftClose._fields))
    .where(fiscal_document.c.fn == bindparam("drive"), fiscal_document.c.document == _CLOSE)
    .order_by(fiscal_document.c.fd_number.desc())
    .limit(1)
)
_CONTENT: Final = msgspec.json.Decoder(Receipt)


def shift_sums(tx: Tx, fn: str, shift_number: int) -> ShiftSums:
    """The sums of a shift, from the documents and receipts that the journal has."""
    totals = {_SALE: 0, _RETURN: 0}
    cash = 0
    for kind, total, content in tx.all(_SUMS, drive=fn, number=shift_number):
        if kind not in totals:
            continue
        totals[kind] += total
        paid = _CONTENT.decode(bytes(content)).paid(PaymentForm.CASH) if content else 0
        cash += paid if kind == _SALE else -paid
    return ShiftSums(totals[_SALE], totals[_RETURN], max(cash, 0))


def turnover(tx: Tx, fn: str) -> int:
    """All sales of a drive that the journal knows, kopecks."""
    return int(tx.one(_TURNOVER, drive=fn)[0])


def last_close(tx: Tx, fn: str) -> ShiftClose | None:
    """The newest shift close of a drive; None when the journal has none."""
    row = tx.one(_LAST_CLOSE, drive=fn)
    return row and ShiftClose(*row)
