"""Receipts of a period with their fiscal documents, in groups of keys: for a book that is written row by row."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from sqlalchemy import bindparam, func, literal_column, select

from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query
from chekpoint.store.tables import fiscal_document, receipt
from chekpoint.store.tables_watch import ofd_record
from chekpoint.store.views_scan import distinct

GROUP: Final = 2000


class Booked(NamedTuple):
    """A fiscal document of the period with its receipt; the receipt's facts are None where it has none of ours.

    ``made_at`` is the register's wall clock, ``content`` the receipt's JSON without the buyer, ``operator_total``
    what an operator shows (None: nothing shown).
    """

    fn: str
    fd_number: int
    fiscal_sign: str
    made_at: str
    document: int
    kind: int
    total: int
    shift_number: int | None
    receipt_number: int | None
    registration_number: str | None
    register_id: str
    receipt_id: str | None
    shop_id: str | None
    external_id: str | None
    state: str | None
    proof: int | None
    content: bytes | None
    operator_total: int | None


class Loose(NamedTuple):
    """A receipt that was accepted in the period and has no document. ``accepted_at`` is milliseconds UTC."""

    id: str
    shop_id: str
    external_id: str
    kind: str
    total: int
    state: str
    accepted_at: int
    error_text: str | None


_SHOWN: Final = (
    select(func.max(ofd_record.c.total))
    .where(ofd_record.c.fn == fiscal_document.c.fn, ofd_record.c.fd_number == fiscal_document.c.fd_number)
    .correlate(fiscal_document)
    .scalar_subquery()
)
_DOCUMENT: Final = tuple(fiscal_document.c[n] for n in Booked._fields[:12])
_RECEIPT: Final = tuple(receipt.c[n] for n in ("shop_id", "external_id", "state", "proof", "content"))
_DRIVES: Final = distinct(fiscal_document.c.fn)
_BOOKED: Final = Query(
    select(*_DOCUMENT, *_RECEIPT, _SHOWN)
    .select_from(fiscal_document.outerjoin(receipt, receipt.c.id == fiscal_document.c.receipt_id))
    .where(
        fiscal_document.c.fn == bindparam("drive"),
        fiscal_document.c.fd_number > bindparam("after"),
        fiscal_document.c.made_at >= bindparam("first"),
        fiscal_document.c.made_at < bindparam("last"),
    )
    .order_by(fiscal_document.c.fd_number)
    .limit(GROUP)
)
_LOOSE: Final = Query(
    select(*(receipt.c[n] for n in Loose._fields))
    .where(
        receipt.c.id > bindparam("after"), receipt.c.id >= bindparam("low"), receipt.c.id < bindparam("high"),
        receipt.c.state != literal_column("'fiscalised'"),
    )
    .order_by(receipt.c.id)
    .limit(GROUP)
)  # fmt: skip


def booked(tx: Tx, first: str, last: str) -> Iterator[Booked]:
    """Documents whose wall clock is from ``first`` on and before ``last`` (ISO 8601), drive by drive."""
    for (fn,) in list(tx.all(_DRIVES)):
        after = 0
        while True:
            rows = tx.all(_BOOKED, drive=fn, after=after, first=first, last=last)
            yield from (Booked(*row) for row in rows)
            if len(rows) < GROUP:
                break
            after = rows[-1][1]


def loose(tx: Tx, low: str, high: str) -> Iterator[Loose]:
    """Receipts without a document, between two keys."""
    after = ""
    while True:
        rows = tx.all(_LOOSE, after=after, low=low, high=high)
        yield from (Loose(*row) for row in rows)
        if len(rows) < GROUP:
            return
        after = rows[-1][0]
