"""Whose could a stray document be? Asked for single documents that only one side knows."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import bindparam, func, or_, select

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
    .select_from(attempt.join(receipt, receipt.c.id == attempt.c.receipt_id))
    .where(
        UNRESOLVED, receipt.c.state == "in_doubt", receipt.c.total == bindparam("sum"),
        receipt.c.kind == bindparam("way"), or_(attempt.c.fn == bindparam("drive"), attempt.c.fn == ""),
        attempt.c.last_fd < bindparam("number"),
    )
    .distinct()
    .order_by(receipt.c.id)
)  # fmt: skip
_MARKED: Final = Query(
    select(
        receipt.c.id, receipt.c.external_id, receipt.c.fd_number, receipt.c.state, receipt.c.content
    ).where(receipt.c.mark == bindparam("mark"))
)
_ELSEWHERE: Final = Query(
    select(ofd_record.c.fn).where(
        ofd_record.c.fn == bindparam("drive"),
        ofd_record.c.fd_number == bindparam("number"),
        ofd_record.c.total == bindparam("sum"),
        func.ltrim(ofd_record.c.fiscal_sign, "0") == bindparam("sign"),
    )
)
_SIGNED_BY: Final = Query(
    select(_D.fn).where(
        _D.fn == bindparam("drive"),
        _D.fd_number == bindparam("number"),
        _D.total == bindparam("sum"),
        func.ltrim(_D.fiscal_sign, "0") == bindparam("sign"),
    )
)


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


def _where(stray: Stray) -> dict[str, Any]:
    return {"number": stray.fd_number, "sum": stray.total, "sign": stray.fiscal_sign.lstrip("0")}


def shown_under(tx: Tx, stray: Stray, drives: Sequence[str]) -> str | None:
    """The other drive under which an operator shows this very document."""
    found = (tx.one(_ELSEWHERE, drive=fn, **_where(stray)) for fn in drives if fn != stray.fn)
    return next((str(row[0]) for row in found if row is not None), None)


def signed_by(tx: Tx, stray: Stray, drives: Sequence[str]) -> str | None:
    """The other drive that has signed this very document, by the journal."""
    found = (tx.one(_SIGNED_BY, drive=fn, **_where(stray)) for fn in drives if fn != stray.fn)
    return next((str(row[0]) for row in found if row is not None), None)
