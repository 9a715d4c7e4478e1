"""What became of an attempt, and of the documents on a drive: the units that end one."""

from typing import Any, Final, NamedTuple

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from chekpoint.core.errors import StoreError
from chekpoint.core.lifecycle import Cause, Proof, State
from chekpoint.core.ports import FiscalDocument, Ticket
from chekpoint.fiscal.receipt import Kind
from chekpoint.store.journal import Tx
from chekpoint.store.lanes import UNRESOLVED
from chekpoint.store.sql import Query
from chekpoint.store.tables import attempt, fiscal_document, receipt, shift, ticket
from chekpoint.store.transitions import move, witness

_END: Final = Query(
    update(attempt)
    .where(
        attempt.c.id == bindparam("attempt"),
        attempt.c.fence == bindparam("fence"),
        UNRESOLVED,
    )
    .values(
        outcome=bindparam("result"),
        code=bindparam("code"),
        message=bindparam("message"),
        finished_at=bindparam("at"),
    )
)
_ADOPT_FENCE: Final = Query(
    update(attempt).where(attempt.c.id == bindparam("attempt")).values(fence=bindparam("fence"))
)


def inherit(tx: Tx, attempt_id: str, fence: int) -> None:
    """The lane's new holder goes on with an attempt of the old one."""
    tx.run(_ADOPT_FENCE, attempt=attempt_id, fence=fence)


def end(
    tx: Tx, attempt_id: str, fence: int, result: str, *, code: str | None = None, message: str | None = None
) -> None:
    """Close an attempt once; raises Conflict when it is closed or the fence is stale."""
    tx.exactly(
        _END, "the attempt is resolved", attempt=attempt_id, fence=fence, result=result, code=code, message=message,
        at=tx.now,
    )  # fmt: skip


_ROW = (
    "fn", "fd_number", "receipt_id", "register_id", "document", "kind", "total", "fiscal_sign", "made_at",
    "shift_number", "receipt_number", "registration_number", "mark", "qr", "seen_at",
)  # fmt: skip
_VALUES: Final[dict[str, Any]] = {name: bindparam(name) for name in _ROW}
_DOCUMENT: Final = Query(insert(fiscal_document).values(_VALUES))
_SEEN: Final = Query(
    sqlite.insert(fiscal_document).values(_VALUES).on_conflict_do_nothing(),
    postgresql=postgresql.insert(fiscal_document).values(_VALUES).on_conflict_do_nothing(),
)
_OWN: Final = Query(
    update(fiscal_document)
    .where(
        fiscal_document.c.fn == bindparam("drive"),
        fiscal_document.c.fd_number == bindparam("number"),
        fiscal_document.c.receipt_id.is_(None),
    )
    .values(receipt_id=bindparam("receipt"), facts=None)  # it is compared with its receipt's content now
)
_HAS: Final = Query(
    select(fiscal_document.c.receipt_id).where(
        fiscal_document.c.fn == bindparam("fn"), fiscal_document.c.fd_number == bindparam("number")
    )
)


def _row(tx: Tx, doc: FiscalDocument, register: str, receipt_id: str | None) -> dict[str, Any]:
    return {
        "fn": doc.fn, "fd_number": doc.fd_number, "receipt_id": receipt_id, "register_id": register,
        "document": doc.document, "kind": doc.kind, "total": doc.total, "fiscal_sign": doc.fiscal_sign,
        "made_at": doc.made_at, "shift_number": doc.shift_number, "receipt_number": doc.receipt_number,
        "registration_number": doc.registration_number, "mark": doc.mark, "qr": doc.qr, "seen_at": tx.now,
    }  # fmt: skip


def see(tx: Tx, doc: FiscalDocument, register: str) -> bool:
    """Account for a document that no receipt is known to have made; False when it was there already."""
    if not tx.run(_SEEN, **_row(tx, doc, register, None)):
        return False
    tx.event("document_seen", register, fn=doc.fn, fd=doc.fd_number, document=doc.document, mark=doc.mark)
    return True


def fiscalise(
    tx: Tx, receipt_id: str, old: State, cause: Cause, doc: FiscalDocument, *,
    register: str, evidence: str, key: str, check: int, source: str | None = None,
) -> None:  # fmt: skip
    """The receipt has its one fiscal document: state, document, first rung and evidence in one transaction."""
    move(
        tx, receipt_id, old, cause, proof=int(Proof.SIGNED), fn=doc.fn, fd_number=doc.fd_number,
        fiscal_sign=doc.fiscal_sign, register_id=register, next_check_at=check, error_code=None, error_text=None,
        note={"fn": doc.fn, "fd": doc.fd_number, "sign": doc.fiscal_sign},
    )  # fmt: skip
    _own(tx, doc, register, receipt_id)
    witness(tx, receipt_id, Proof.SIGNED, source=source or f"register:{register}", body=evidence, key=key)


def _own(tx: Tx, doc: FiscalDocument, register: str, receipt_id: str) -> None:
    there = tx.one(_HAS, fn=doc.fn, number=doc.fd_number)
    if there is None:
        tx.later(_DOCUMENT, **_row(tx, doc, register, receipt_id))
    else:
        what = f"document {doc.fn}/{doc.fd_number} belongs to receipt {there[0]}"
        tx.exactly(_OWN, what, drive=doc.fn, number=doc.fd_number, receipt=receipt_id)


def has(tx: Tx, fn: str, number: int) -> bool:
    """Does the journal account for this document?"""
    return tx.one(_HAS, fn=fn, number=number) is not None


_KEPT: Final = Query(
    select(*(fiscal_document.c[n] for n in _ROW if n not in {"receipt_id", "register_id", "seen_at"})).where(
        fiscal_document.c.fn == bindparam("drive"), fiscal_document.c.fd_number == bindparam("number")
    )
)


def document(tx: Tx, fn: str, number: int) -> FiscalDocument | None:
    """A document that the journal accounts for."""
    row = tx.one(_KEPT, drive=fn, number=number)
    names = [n for n in _ROW if n not in {"receipt_id", "register_id", "seen_at"}]
    return None if row is None else FiscalDocument(**dict(zip(names, row, strict=True)))


_HOLDER: Final = Query(
    select(fiscal_document.c.register_id).where(
        fiscal_document.c.fn == bindparam("drive"), fiscal_document.c.fd_number == bindparam("number")
    )
)


def holder_of(tx: Tx, doc: FiscalDocument) -> str | None:
    """The register on which a document was seen."""
    row = tx.one(_HOLDER, drive=doc.fn, number=doc.fd_number)
    return row and str(row[0])


class Owner(NamedTuple):
    """The receipt that an order mark names."""

    id: str
    state: str
    total: int
    kind: str
    fn: str | None
    fd_number: int | None

    @property
    def kind_code(self) -> int:
        """Tag 1054."""
        return Kind(self.kind).code


_OWNER: Final = select(
    receipt.c.id, receipt.c.state, receipt.c.total, receipt.c.kind, receipt.c.fn, receipt.c.fd_number
)
_BY_MARK: Final = Query(_OWNER.where(receipt.c.mark == bindparam("mark")))
_BY_ID: Final = Query(_OWNER.where(receipt.c.id == bindparam("receipt")))
_END_ALL: Final = Query(
    update(attempt)
    .where(attempt.c.receipt_id == bindparam("receipt"), UNRESOLVED)
    .values(outcome=bindparam("result"), finished_at=bindparam("at"))
)


def by_mark(tx: Tx, mark: str) -> Owner | None:
    """The receipt with an order mark, if the journal has it."""
    row = tx.one(_BY_MARK, mark=mark)
    return row and Owner(*row)


def owner_of(tx: Tx, receipt_id: str) -> Owner:
    """The receipt itself; raises StoreError when there is none."""
    row = tx.one(_BY_ID, receipt=receipt_id)
    if row is None:
        raise StoreError(f"no receipt {receipt_id}")
    return Owner(*row)


def end_all(tx: Tx, receipt_id: str, result: str) -> None:
    """Every open attempt of a receipt is decided at once: by its document, or by a person."""
    tx.run(_END_ALL, receipt=receipt_id, result=result, at=tx.now)


_SHIFT_VALUES: Final[dict[str, Any]] = {
    n: bindparam(n)
    for n in ("fn", "number", "register_id", "opened_fd", "opened_at", "closed_fd", "closed_at")
}


def _shift_query(dialect: Any, columns: tuple[str, ...]) -> Any:
    made = dialect.insert(shift).values(_SHIFT_VALUES)
    return made.on_conflict_do_update(
        index_elements=["fn", "number"], set_={c: getattr(made.excluded, c) for c in columns}
    )


_OPENED: Final = Query(
    _shift_query(sqlite, ("opened_fd", "opened_at")),
    postgresql=_shift_query(postgresql, ("opened_fd", "opened_at")),
)
_CLOSED: Final = Query(
    _shift_query(sqlite, ("closed_fd", "closed_at")),
    postgresql=_shift_query(postgresql, ("closed_fd", "closed_at")),
)
SHIFT_OPEN: Final = 2  # document codes
SHIFT_CLOSE: Final = 5


def note_shift(tx: Tx, doc: FiscalDocument, register: str) -> None:
    """Keep the opening or closing of a shift that a document tells of."""
    if doc.shift_number is None or doc.document not in {SHIFT_OPEN, SHIFT_CLOSE}:
        return
    opened = doc.document == SHIFT_OPEN
    tx.run(
        _OPENED if opened else _CLOSED, fn=doc.fn, number=doc.shift_number, register_id=register,
        opened_fd=doc.fd_number if opened else None, opened_at=doc.made_at if opened else None,
        closed_fd=None if opened else doc.fd_number, closed_at=None if opened else doc.made_at,
    )  # fmt: skip


_TICKET_VALUES: Final[dict[str, Any]] = {c.name: bindparam(c.name) for c in ticket.columns}
_TICKET: Final = Query(
    sqlite.insert(ticket).values(_TICKET_VALUES).on_conflict_do_nothing(),
    postgresql=postgresql.insert(ticket).values(_TICKET_VALUES).on_conflict_do_nothing(),
)


def keep_ticket(tx: Tx, found: Ticket) -> None:
    """Keep the operator's answer to a document; the first one stays."""
    tx.later(
        _TICKET, fn=found.fn, fd_number=found.fd_number, answer=found.answer, flags=found.flags,
        operator_inn=found.operator_inn, operator_sign=found.operator_sign, made_at=found.made_at, seen_at=tx.now,
    )  # fmt: skip
