"""Looking up receipts: one, by its shop's id, its content."""

from typing import Final

from sqlalchemy import bindparam, select

from chekpoint.core.errors import StoreError
from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query
from chekpoint.store.tables import contact, receipt

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


_PLACE: Final = Query(
    select(receipt.c.register_id, receipt.c.seller_id).where(receipt.c.id == bindparam("receipt"))
)


def register_of(tx: Tx, receipt_id: str) -> str | None:
    """The register that holds or held a receipt; raises StoreError when there is no such receipt."""
    return _place(tx, receipt_id)[0]


def seller_of(tx: Tx, receipt_id: str) -> str:
    """The seller of a receipt; raises StoreError when there is no such receipt."""
    return _place(tx, receipt_id)[1]


def _place(tx: Tx, receipt_id: str) -> tuple[str | None, str]:
    row = tx.one(_PLACE, receipt=receipt_id)
    if row is None:
        raise StoreError(f"no receipt {receipt_id}")
    return row[0], row[1]
