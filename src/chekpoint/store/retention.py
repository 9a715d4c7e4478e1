"""What is kept for a set time: raw exchanges with registers, their readings, and buyers."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import bindparam, delete, insert, select

from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query
from chekpoint.store.tables import contact, exchange, reading, receipt


class Row(NamedTuple):
    """One exchange, masked already."""

    id: str
    register_id: str
    attempt_id: str | None
    request: str
    answer: str


_KEEP: Final = Query(insert(exchange).values({c.name: bindparam(c.name) for c in exchange.columns}))
# Keys begin with their moment (UUIDv7): by them the old ones are found without a walk over all.
_PURGE: Final = Query(
    delete(exchange).where(exchange.c.id < bindparam("edge"), exchange.c.at < bindparam("before"))
)
_OVER: Final = (
    select(receipt.c.id)
    .select_from(receipt.join(contact, contact.c.receipt_id == receipt.c.id))
    .where(
        contact.c.receipt_id < bindparam("edge"),
        receipt.c.next_check_at.is_(None),
        receipt.c.updated_at < bindparam("before"),
    )
    .limit(bindparam("most"))
)
_FORGET: Final = Query(delete(contact).where(contact.c.receipt_id.in_(_OVER)))


def forget_buyers(tx: Tx, before: int, *, most: int) -> int:
    """Purge the buyers of receipts that were over before a moment (milliseconds UTC); returns how many.

    Digests and the event chain hold keyed hashes only, and go on verifying.
    """
    gone = tx.run(_FORGET, edge=edge_of(before), before=before, most=most)
    if gone:
        tx.event("buyers_forgotten", "contact", count=gone, before=before)
    return gone


def keep(tx: Tx, rows: Sequence[Row]) -> None:
    """Write exchanges at the end of the group."""
    for row in rows:
        tx.later(_KEEP, **row._asdict(), at=tx.now)


_READING: Final = Query(insert(reading).values({c.name: bindparam(c.name) for c in reading.columns}))
_PURGE_READINGS: Final = Query(
    delete(reading).where(reading.c.id < bindparam("edge"), reading.c.at < bindparam("before"))
)


def keep_reading(tx: Tx, key: str, register_id: str, status: bytes) -> None:
    """Keep what a register said of itself (JSON of RegisterStatus)."""
    tx.run(_READING, id=key, register_id=register_id, at=tx.now, body=status)


def purge(tx: Tx, before: int) -> int:
    """Drop what is older than a moment (milliseconds UTC)."""
    edge = edge_of(before)
    return tx.run(_PURGE, edge=edge, before=before) + tx.run(_PURGE_READINGS, edge=edge, before=before)


def edge_of(moment: int) -> str:
    """Every key made before a moment (milliseconds UTC) sorts below this."""
    return f"{moment:012x}"
