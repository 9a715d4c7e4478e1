"""Reading receipts: one whole, or a page of many, newest first.

A page goes down the primary key (UUIDv7: the order of acceptance), so that new receipts never shift it and
the millionth costs what the first does. Rare states and unproven documents are found by their own partial
indexes; SQLite is told so by a unary plus, which takes ``shop_id`` and ``seller_id`` out of its choice.
"""

from functools import lru_cache
from typing import Any, Final, NamedTuple

from sqlalchemy import bindparam, literal_column, select
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import ColumnElement, UnaryExpression

from chekpoint.core.lifecycle import Proof, State
from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query
from chekpoint.store.tables import event, evidence, fiscal_document, receipt

MOST: Final = 500
ID_SLACK_MS: Final = 1000  # between the moment inside an id and ``accepted_at`` of the same receipt


class Line(NamedTuple):
    """One receipt without its content. Times are milliseconds UTC, the total is kopecks."""

    id: str
    seller_id: str
    shop_id: str
    external_id: str
    kind: str
    total: int
    state: str
    proof: int
    accepted_at: int
    updated_at: int
    deadline_at: int
    tries: int
    register_id: str | None
    fn: str | None
    fd_number: int | None
    fiscal_sign: str | None
    error_code: str | None
    error_text: str | None


LINE: Final = tuple(receipt.c[name] for name in Line._fields)


class Filter(NamedTuple):
    """What a page is to show. ``since`` <= accepted_at < ``until``; ``before`` is the last id of the page before."""

    shop_id: str | None = None
    seller_id: str | None = None
    external_id: str | None = None
    state: State | None = None
    proof: Proof | None = None
    since: int | None = None
    until: int | None = None
    before: str | None = None
    limit: int = 50


def page(tx: Tx, wanted: Filter) -> list[Line]:
    """At most ``limit`` (and never more than MOST) receipts, newest first."""
    given = {name: value for name, value in wanted._asdict().items() if value is not None}
    limit = min(max(given.pop("limit"), 0), MOST)
    query = _page_query(tuple(sorted(given.keys() - {"state", "proof"})), wanted.state, wanted.proof)
    return [Line(*row) for row in tx.all(query, most=limit, **_values(given))]


def _values(given: dict[str, Any]) -> dict[str, Any]:
    values = {k: v for k, v in given.items() if k not in {"state", "proof"}}
    if "since" in values:
        values["floor"] = id_at(values["since"] - ID_SLACK_MS)
    if "until" in values:
        values["ceiling"] = id_at(values["until"] + ID_SLACK_MS)
    return values


def id_at(ms: int) -> str:
    """The smallest key of a moment: the first 48 bits of a UUIDv7 are its milliseconds."""
    return f"{min(max(ms, 0), (1 << 48) - 1):012x}"


_TERMS: Final[dict[str, tuple[ColumnElement[bool], ...]]] = {
    "external_id": (receipt.c.external_id == bindparam("external_id"),),
    "since": (receipt.c.accepted_at >= bindparam("since"), receipt.c.id >= bindparam("floor")),
    "until": (receipt.c.accepted_at < bindparam("until"), receipt.c.id < bindparam("ceiling")),
}


@lru_cache(maxsize=512)
def _page_query(names: tuple[str, ...], state: State | None, proof: Proof | None) -> Query:
    return Query(
        _page_select(names, state, proof, sqlite=True),
        postgresql=_page_select(names, state, proof, sqlite=False),
    )


def _page_select(names: tuple[str, ...], state: State | None, proof: Proof | None, *, sqlite: bool) -> Any:
    """Within one state the partial index is in the order of ids; else its rows, being few, are sorted."""
    rare = _rare(state, proof)
    owner = _plus if sqlite and rare else _bare
    key = _plus if sqlite and rare and state in {None, State.FISCALISED} else _bare
    own = [term for name in names if name in _TERMS for term in _TERMS[name]]
    own += [owner(receipt.c[n]) == bindparam(n) for n in names if n in {"shop_id", "seller_id"}]
    if "before" in names:
        own.append(key(receipt.c.id) < bindparam("before"))
    terms = [*own, *_literals(state, proof), *rare]
    return select(*LINE).where(*terms).order_by(key(receipt.c.id).desc()).limit(bindparam("most"))


def _bare(column: Any) -> Any:
    return column


def _plus(column: Any) -> Any:
    """Out of the choice of indexes (sqlite.org/optoverview.html, "unary plus")."""
    return UnaryExpression(column, operator=operators.custom_op("+"), type_=column.type)


def _literals(state: State | None, proof: Proof | None) -> list[ColumnElement[bool]]:
    """As literals, or SQLite does not use its partial indexes."""
    terms: list[ColumnElement[bool]] = []
    if state is not None:
        terms.append(receipt.c.state == literal_column(f"'{state.value}'"))
    if proof is not None:
        terms.append(receipt.c.proof == literal_column(str(int(proof))))
    return terms


def _rare(state: State | None, proof: Proof | None) -> list[ColumnElement[bool]]:
    """The condition of the partial index that holds what is asked for; nothing when it is not rare."""
    if state not in {None, State.FISCALISED} or (state is None and proof is Proof.NONE):
        return [receipt.c.state != literal_column("'fiscalised'")]
    if proof is not None and Proof.NONE < proof < Proof.TICKETED:
        unproven = receipt.c.proof < literal_column("30")
        return [receipt.c.state == literal_column("'fiscalised'"), unproven]
    return []


_ONE: Final = Query(select(*LINE).where(receipt.c.id == bindparam("receipt")))


def one(tx: Tx, receipt_id: str, *, shop_id: str | None = None) -> Line | None:
    """One receipt; None when there is none, or it is another shop's."""
    row = tx.one(_ONE, receipt=receipt_id)
    found = row and Line(*row)
    return found if found and shop_id in {None, found.shop_id} else None


class Document(NamedTuple):
    """The fiscal document of a receipt. ``made_at`` is the register's local wall clock."""

    fn: str
    fd_number: int
    fiscal_sign: str
    document: int
    total: int
    made_at: str
    shift_number: int | None
    receipt_number: int | None
    registration_number: str | None
    qr: str | None
    register_id: str


class Witness(NamedTuple):
    """One row of evidence."""

    rung: int
    source: str
    at: int
    body: str


class Happening(NamedTuple):
    """One event of the chain; ``body`` is JSON."""

    journal: str
    seq: int
    at: int
    kind: str
    body: bytes


class Whole(NamedTuple):
    """A receipt with everything that is known of it."""

    line: Line
    document: Document | None
    evidence: list[Witness]


def _columns(table: Any, row: Any) -> list[Any]:
    return [table.c[name] for name in row._fields]


_DOCUMENT: Final = Query(
    select(*_columns(fiscal_document, Document)).where(fiscal_document.c.receipt_id == bindparam("receipt"))
)
_EVIDENCE: Final = Query(
    select(*_columns(evidence, Witness))
    .where(evidence.c.receipt_id == bindparam("receipt"))
    .order_by(evidence.c.at, evidence.c.rung, evidence.c.id)
)
_EVENTS: Final = Query(
    select(*_columns(event, Happening))
    .where(event.c.subject == bindparam("receipt"))
    .order_by(event.c.at, event.c.journal, event.c.seq)
)


def whole(tx: Tx, receipt_id: str, *, shop_id: str | None = None) -> Whole | None:
    """One receipt with its document and evidence; None when there is none, or it is another shop's."""
    line = one(tx, receipt_id, shop_id=shop_id)
    if line is None:
        return None
    return Whole(line, document_of(tx, receipt_id), evidence_of(tx, receipt_id))


def document_of(tx: Tx, receipt_id: str) -> Document | None:
    """The fiscal document of a receipt."""
    row = tx.one(_DOCUMENT, receipt=receipt_id)
    return row and Document(*row)


def evidence_of(tx: Tx, receipt_id: str) -> list[Witness]:
    """How far the receipt is known to have got, and from whom; oldest first."""
    return [Witness(*row) for row in tx.all(_EVIDENCE, receipt=receipt_id)]


def events_of(tx: Tx, subject: str) -> list[Happening]:
    """What happened to a receipt (or a register), oldest first."""
    return [Happening(*row) for row in tx.all(_EVENTS, receipt=subject)]
