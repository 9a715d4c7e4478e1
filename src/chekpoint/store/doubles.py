"""Whose could a stray document be? Asked for single documents that only one side knows."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import ARRAY, Text, bindparam, exists, func, literal_column, or_, select, text

from chekpoint.store.journal import Tx
from chekpoint.store.lanes import UNRESOLVED
from chekpoint.store.sql import Query
from chekpoint.store.tables import attempt, fiscal_document, receipt
from chekpoint.store.tables_watch import ofd_record

NEIGHBOURS: Final = 500  # FD numbers before and after: a double is made soon after the first
_D: Final = fiscal_document.c


class Stray(NamedTuple):
    """A document that is no receipt of ours."""

    fn: str
    fd_number: int
    kind: int
    total: int
    fiscal_sign: str
    made_at: str
    items_digest: str | None
    mark: str | None = None


class Candidate(NamedTuple):
    """A receipt that a stray document may belong to, or repeat."""

    receipt_id: str
    external_id: str
    fd_number: int | None
    made_at: str | None
    items_digest: str | None
    content: bytes


_LIKE: Final = Query(
    select(receipt.c.id, receipt.c.external_id, _D.fd_number, _D.made_at, _D.items_digest, receipt.c.content)
    .select_from(fiscal_document.join(receipt, receipt.c.id == _D.receipt_id))
    .where(
        _D.fn == bindparam("drive"), _D.fd_number >= bindparam("low"), _D.fd_number <= bindparam("high"),
        _D.fd_number != bindparam("number"), _D.total == bindparam("sum"), _D.kind == bindparam("way"),
    )
    .order_by(_D.fd_number)
)  # fmt: skip
_IN_DOUBT: Final = Query(
    select(receipt.c.id, receipt.c.external_id, receipt.c.content)
    .where(
        receipt.c.state == literal_column("'in_doubt'"),
        receipt.c.state != literal_column("'fiscalised'"),  # what the partial index ix_receipt_open asks to see
        receipt.c.total == bindparam("sum"), receipt.c.kind == bindparam("way"),
        exists(
            select(literal_column("1")).select_from(attempt).where(
                attempt.c.receipt_id == receipt.c.id, UNRESOLVED, attempt.c.last_fd < bindparam("number"),
                or_(attempt.c.fn == bindparam("drive"), attempt.c.fn == literal_column("''")),  # '': of a cloud
            )
        ),
    )
    .order_by(receipt.c.id)
)  # fmt: skip
_MARKED: Final = Query(
    select(
        receipt.c.id, receipt.c.external_id, receipt.c.fd_number, receipt.c.state, receipt.c.content
    ).where(receipt.c.mark == bindparam("mark"))
)


def _one_of(column: Any) -> tuple[Any, Any]:
    listed = column.in_(text("SELECT value FROM json_each(:drives)"))
    return listed, column == func.any(bindparam("drives", type_=ARRAY(Text)))


def _elsewhere(side: Any) -> Query:
    """The same document by number, sum and sign, on another drive of a list."""
    found = (
        select(side.fn)
        .where(
            side.fd_number == bindparam("number"), side.total == bindparam("sum"), side.fn != bindparam("here"),
            func.ltrim(side.fiscal_sign, literal_column("'0'")) == bindparam("sign"),
        )
        .limit(1)
    )  # fmt: skip
    among, among_pg = _one_of(side.fn)
    return Query(found.where(among), postgresql=found.where(among_pg))


_SHOWN_UNDER: Final = _elsewhere(ofd_record.c)
_SIGNED_BY: Final = _elsewhere(_D)


def like(tx: Tx, stray: Stray) -> list[Candidate]:
    """Receipts of the same drive with the same sum and kind, a few hundred documents around."""
    rows = tx.all(
        _LIKE, drive=stray.fn, low=stray.fd_number - NEIGHBOURS, high=stray.fd_number + NEIGHBOURS,
        number=stray.fd_number, sum=stray.total, way=stray.kind,
    )  # fmt: skip
    return [Candidate(*row) for row in rows]


def in_doubt(tx: Tx, stray: Stray, kind: str) -> list[Candidate]:
    """Receipts of unknown outcome that may have become this document. ``kind``: the word of the receipt's kind."""
    rows = tx.all(_IN_DOUBT, drive=stray.fn, number=stray.fd_number, sum=stray.total, way=kind)
    return [Candidate(row[0], row[1], None, None, None, row[2]) for row in rows]


def marked(tx: Tx, mark: str) -> tuple[Candidate, str] | None:
    """The receipt whose order mark the document bears, and its state."""
    row = tx.one(_MARKED, mark=mark)
    return None if row is None else (Candidate(row[0], row[1], row[2], None, None, row[4]), row[3])


def shown_under(tx: Tx, stray: Stray, drives: Sequence[str]) -> str | None:
    """The other drive under which an operator shows this very document."""
    return _drive(tx, _SHOWN_UNDER, stray, drives)


def signed_by(tx: Tx, stray: Stray, drives: Sequence[str]) -> str | None:
    """The other drive that has signed this very document, by the journal."""
    return _drive(tx, _SIGNED_BY, stray, drives)


def _drive(tx: Tx, query: Query, stray: Stray, drives: Sequence[str]) -> str | None:
    listed = list(drives) if tx.engine == "postgresql" else msgspec.json.encode(drives).decode()
    row = tx.one(
        query, number=stray.fd_number, sum=stray.total, here=stray.fn, sign=stray.fiscal_sign.lstrip("0"), drives=listed
    )  # fmt: skip
    return None if row is None else str(row[0])
