"""Looking up receipts: one, by its shop's id, its content."""

from typing import Final, NamedTuple

from sqlalchemy import bindparam, select

from chekpoint.core.errors import StoreError
from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query
from chekpoint.store.tables import contact, fiscal_document, receipt

_CONTENT: Final = Query(
    select(receipt.c.content, contact.c.buyer, receipt.c.mark)
    .select_from(receipt.outerjoin(contact, contact.c.receipt_id == receipt.c.id))
    .where(receipt.c.id == bindparam("receipt"))
)


def content(tx: Tx, receipt_id: str) -> tuple[bytes, bytes | None, str]:
    """(content, buyer or None once purged, order mark); raises StoreError when there is no such receipt."""
    row = tx.one(_CONTENT, receipt=receipt_id)
    if row is None:
        raise StoreError(f"no receipt {receipt_id}")
    return bytes(row[0]), bytes(row[1]) if row[1] is not None else None, row[2]


_DOCUMENT: Final = Query(
    select(fiscal_document.c.fd_number)
    .select_from(receipt.join(fiscal_document, fiscal_document.c.mark == receipt.c.mark))
    .where(receipt.c.id == bindparam("receipt"), fiscal_document.c.receipt_id.is_(None))
)


def on_a_drive(tx: Tx, receipt_id: str) -> bool:
    """Is there a document of this order on a drive that no receipt has yet (after a restore)?"""
    return tx.one(_DOCUMENT, receipt=receipt_id) is not None


_PLACE: Final = Query(
    select(receipt.c.register_id, receipt.c.pool_id).where(receipt.c.id == bindparam("receipt"))
)


def register_of(tx: Tx, receipt_id: str) -> str | None:
    """The register that holds or held a receipt; raises StoreError when there is no such receipt."""
    return _place(tx, receipt_id)[0]


def pool_of(tx: Tx, receipt_id: str) -> str:
    """The pool whose queue a receipt waits in; raises StoreError when there is no such receipt."""
    return _place(tx, receipt_id)[1]


def _place(tx: Tx, receipt_id: str) -> tuple[str | None, str]:
    row = tx.one(_PLACE, receipt=receipt_id)
    if row is None:
        raise StoreError(f"no receipt {receipt_id}")
    return row[0], row[1]


class Line(NamedTuple):
    """A receipt in a list."""

    id: str
    external_id: str
    total: int
    state: str
    proof: int
    fn: str | None
    fd_number: int | None
    fiscal_sign: str | None
    error_text: str | None


_LINE = (
    receipt.c.id, receipt.c.external_id, receipt.c.total, receipt.c.state, receipt.c.proof, receipt.c.fn,
    receipt.c.fd_number, receipt.c.fiscal_sign, receipt.c.error_text,
)  # fmt: skip
_LAST: Final = Query(select(*_LINE).order_by(receipt.c.id.desc()).limit(bindparam("most")))
_LAST_IN: Final = Query(
    select(*_LINE)
    .where(receipt.c.state == bindparam("which"))
    .order_by(receipt.c.id.desc())
    .limit(bindparam("most"))
)
_ON_DRIVE: Final = Query(
    select(*_LINE)
    .where(receipt.c.fn == bindparam("drive"), receipt.c.fd_number > bindparam("above"))
    .order_by(receipt.c.fd_number)
)


def last(tx: Tx, *, state: str | None, most: int) -> list[Line]:
    """The newest receipts, perhaps of one state."""
    rows = tx.all(_LAST, most=most) if state is None else tx.all(_LAST_IN, which=state, most=most)
    return [Line(*row) for row in rows]


def on_drive(tx: Tx, fn: str, above: int) -> list[Line]:
    """Receipts whose document is on a drive, above a number, in FD order."""
    return [Line(*row) for row in tx.all(_ON_DRIVE, drive=fn, above=above)]
