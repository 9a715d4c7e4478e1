"""One receipt whole, for its screen and for the buyer's page."""

from typing import Any, Final, NamedTuple

from sqlalchemy import bindparam, select

from chekpoint.core.ports import FiscalDocument
from chekpoint.store import outcomes
from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query
from chekpoint.store.tables import (
    attempt,
    audit,
    contact,
    event,
    evidence,
    exchange,
    outbox,
    receipt,
    register,
    seller,
    shop,
    ticket,
)
from chekpoint.store.tables_watch import incident

MOST: Final = 200  # rows of one kind on one page


class Head(NamedTuple):
    """A receipt's own row, with the names of those it concerns. Moments are milliseconds UTC."""

    id: str
    external_id: str
    mark: str
    state: str
    proof: int
    kind: str
    total: int
    accepted_at: int
    deadline_at: int
    expires_at: int | None
    ready_at: int
    next_check_at: int | None
    updated_at: int
    tries: int
    register_id: str | None
    fn: str | None
    fd_number: int | None
    fiscal_sign: str | None
    error_code: str | None
    error_text: str | None
    shop: str
    seller: str
    inn: str
    content: bytes
    buyer: bytes | None  # None once it was purged
    token: str | None


class Attempt(NamedTuple):
    """One try, with the name of its register."""

    id: str
    register_id: str
    register: str | None
    number: int
    fn: str
    last_fd: int
    outcome: str
    code: str | None
    message: str | None
    started_at: int
    finished_at: int | None


class Exchange(NamedTuple):
    """What was said to a register and what it answered, verbatim."""

    attempt_id: str
    at: int
    request: str
    answer: str


class Event(NamedTuple):
    """One event of the journal."""

    journal: str
    seq: int
    at: int
    kind: str
    body: bytes


class Evidence(NamedTuple):
    """What was read, from whom and when."""

    rung: int
    source: str
    at: int
    body: str


class Notice(NamedTuple):
    """A notice to the shop."""

    id: str
    channel: str
    state: str
    tries: int
    created_at: int
    next_check_at: int | None
    delivered_at: int | None
    error: str | None
    body: bytes


class Deed(NamedTuple):
    """What a person did."""

    at: int
    who: str
    verb: str
    subject: str
    reason: str


class Trouble(NamedTuple):
    """An open incident of this receipt."""

    id: str
    kind: str
    severity: str
    text_ru: str
    text_en: str
    opened_at: int


class Whole(NamedTuple):
    """Everything that the journal has of one receipt."""

    head: Head
    document: FiscalDocument | None
    answer: int | None  # 1022 of the operator's ticket
    attempts: list[Attempt]
    exchanges: dict[str, list[Exchange]]
    events: list[Event]
    evidence: list[Evidence]
    notices: list[Notice]
    deeds: list[Deed]
    troubles: list[Trouble]


_HEAD: Final = (
    select(
        receipt.c.id, receipt.c.external_id, receipt.c.mark, receipt.c.state, receipt.c.proof, receipt.c.kind,
        receipt.c.total, receipt.c.accepted_at, receipt.c.deadline_at, receipt.c.expires_at, receipt.c.ready_at,
        receipt.c.next_check_at, receipt.c.updated_at, receipt.c.tries, receipt.c.register_id, receipt.c.fn,
        receipt.c.fd_number, receipt.c.fiscal_sign, receipt.c.error_code, receipt.c.error_text, shop.c.name,
        seller.c.name, seller.c.inn, receipt.c.content, contact.c.buyer, contact.c.token,
    )
    .select_from(receipt.join(shop, shop.c.id == receipt.c.shop_id)
                 .join(seller, seller.c.id == receipt.c.seller_id)
                 .outerjoin(contact, contact.c.receipt_id == receipt.c.id))
)  # fmt: skip
_BY_ID: Final = Query(_HEAD.where(receipt.c.id == bindparam("receipt")))
_BY_TOKEN: Final = Query(select(contact.c.receipt_id).where(contact.c.token == bindparam("secret")))
_ATTEMPTS: Final = Query(
    select(
        attempt.c.id, attempt.c.register_id, register.c.name, attempt.c.number, attempt.c.fn, attempt.c.last_fd,
        attempt.c.outcome, attempt.c.code, attempt.c.message, attempt.c.started_at, attempt.c.finished_at,
    )
    .select_from(attempt.outerjoin(register, register.c.id == attempt.c.register_id))
    .where(attempt.c.receipt_id == bindparam("receipt"))
    .order_by(attempt.c.number.desc())
    .limit(MOST)
)  # fmt: skip
_EXCHANGES: Final = Query(
    select(exchange.c.attempt_id, exchange.c.at, exchange.c.request, exchange.c.answer)
    .where(exchange.c.attempt_id == bindparam("attempt"))
    .order_by(exchange.c.id)
    .limit(MOST)
)
_EVENTS: Final = Query(
    select(event.c.journal, event.c.seq, event.c.at, event.c.kind, event.c.body)
    .where(event.c.subject == bindparam("receipt"))
    .order_by(event.c.at.desc(), event.c.seq.desc())
    .limit(MOST)
)
_EVIDENCE: Final = Query(
    select(evidence.c.rung, evidence.c.source, evidence.c.at, evidence.c.body)
    .where(evidence.c.receipt_id == bindparam("receipt"))
    .order_by(evidence.c.rung, evidence.c.id)
    .limit(MOST)
)
_NOTICES: Final = Query(
    select(
        outbox.c.id, outbox.c.channel, outbox.c.state, outbox.c.tries, outbox.c.created_at, outbox.c.next_check_at,
        outbox.c.delivered_at, outbox.c.error, outbox.c.body,
    )
    .where(outbox.c.receipt_id == bindparam("receipt"))
    .order_by(outbox.c.id)
    .limit(MOST)
)  # fmt: skip
_DEEDS: Final = Query(
    select(audit.c.at, audit.c.who, audit.c.verb, audit.c.subject, audit.c.reason)
    .where(audit.c.subject == bindparam("receipt"))
    .order_by(audit.c.id.desc())
    .limit(MOST)
)
_TROUBLES: Final = Query(
    select(
        incident.c.id, incident.c.kind, incident.c.severity, incident.c.text_ru, incident.c.text_en,
        incident.c.opened_at,
    ).where(incident.c.subject == bindparam("receipt"), incident.c.closed_at.is_(None))
)  # fmt: skip
_ANSWER: Final = Query(
    select(ticket.c.answer).where(ticket.c.fn == bindparam("fn"), ticket.c.fd_number == bindparam("number"))
)


def head(tx: Tx, receipt_id: str) -> Head | None:
    """A receipt's own row; None when there is none."""
    row = tx.one(_BY_ID, receipt=receipt_id)
    return None if row is None else Head(*row)


def document(tx: Tx, found: Head) -> FiscalDocument | None:
    """The receipt's fiscal document, if it has one."""
    if found.fn is None or found.fd_number is None:
        return None
    return outcomes.document(tx, found.fn, found.fd_number)


def whole(tx: Tx, receipt_id: str) -> Whole | None:
    """A receipt with all that belongs to it; None when there is none."""
    found = head(tx, receipt_id)
    if found is None:
        return None
    attempts = [Attempt(*row) for row in tx.all(_ATTEMPTS, receipt=receipt_id)]
    answer = tx.one(_ANSWER, fn=found.fn, number=found.fd_number) if found.fn else None
    return Whole(
        head=found, document=document(tx, found), answer=None if answer is None else int(answer[0]),
        attempts=attempts, exchanges={one.id: _exchanges(tx, one.id) for one in attempts},
        events=[Event(*row) for row in _rows(tx, _EVENTS, receipt_id)],
        evidence=[Evidence(*row) for row in _rows(tx, _EVIDENCE, receipt_id)],
        notices=[Notice(*row) for row in _rows(tx, _NOTICES, receipt_id)],
        deeds=[Deed(*row) for row in _rows(tx, _DEEDS, receipt_id)],
        troubles=[Trouble(*row) for row in _rows(tx, _TROUBLES, receipt_id)],
    )  # fmt: skip


def _rows(tx: Tx, query: Query, receipt_id: str) -> Any:
    return tx.all(query, receipt=receipt_id)


def _exchanges(tx: Tx, attempt_id: str) -> list[Exchange]:
    return [Exchange(*row) for row in tx.all(_EXCHANGES, attempt=attempt_id)]


def by_token(tx: Tx, token: str) -> tuple[Head, FiscalDocument | None] | None:
    """The receipt whose buyer's page has this token, with its document; None when there is none."""
    row = tx.one(_BY_TOKEN, secret=token)
    found = None if row is None else head(tx, row[0])
    return None if found is None else (found, document(tx, found))
