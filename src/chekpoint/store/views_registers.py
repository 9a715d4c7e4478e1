"""Registers for the screens: what each said last, where its lane stands, its last documents."""

from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import bindparam, func, literal_column, select

from chekpoint.core.ports import RegisterStatus
from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query
from chekpoint.store.tables import exchange, fiscal_document, lane, reading, register, seller, shift, ticket
from chekpoint.store.views_scan import moment

_STATUS: Final = msgspec.json.Decoder(RegisterStatus)
_RECEIPTS = fiscal_document.c.document.in_([literal_column(n) for n in ("3", "31", "4", "41")])


class LaneView(NamedTuple):
    """One register with its lane. Moments are milliseconds UTC."""

    id: str
    name: str
    maker: str
    enabled: bool
    draining: bool
    seller: str
    inn: str
    holder: str | None
    fence: int
    lease_until: int | None
    fn: str | None
    last_fd: int | None
    block: str | None
    block_message: str | None
    blocked_since: int | None
    status: RegisterStatus | None
    status_at: int | None
    signed_at: int | None = None  # when its drive's last receipt was seen
    ticketed_at: int | None = None  # when the operator's last ticket for that drive was seen

    @property
    def answered_at(self) -> int | None:
        """The last moment at which the register is known to have answered: a status or a document."""
        known = [at for at in (self.status_at, self.signed_at) if at is not None]
        return max(known, default=None)


_LANES: Final = (
    select(
        register.c.id, register.c.name, register.c.maker, register.c.enabled, register.c.draining,
        seller.c.name, seller.c.inn, lane.c.holder, lane.c.fence, lane.c.lease_until, lane.c.fn, lane.c.last_fd,
        lane.c.block, lane.c.block_message, lane.c.blocked_since, lane.c.status, lane.c.status_at,
    )
    .select_from(register.join(seller, seller.c.id == register.c.seller_id)
                 .outerjoin(lane, lane.c.register_id == register.c.id))
)  # fmt: skip
_ALL: Final = Query(_LANES.order_by(register.c.name, register.c.id))
_ONE: Final = Query(_LANES.where(register.c.id == bindparam("register")))
_NAMES: Final = Query(select(register.c.id, register.c.name))
_SIGNED: Final = Query(
    select(fiscal_document.c.seen_at)
    .where(fiscal_document.c.fn == bindparam("fn"), _RECEIPTS)
    .order_by(fiscal_document.c.fd_number.desc())
    .limit(1)
)
_TICKETED: Final = Query(
    select(ticket.c.seen_at)
    .where(ticket.c.fn == bindparam("fn"), ticket.c.answer == literal_column("0"))
    .order_by(ticket.c.fd_number.desc())
    .limit(1)
)


def lanes(tx: Tx) -> list[LaneView]:
    """Every register, by name."""
    return [_view(tx, row) for row in tx.all(_ALL)]


def one(tx: Tx, register_id: str) -> LaneView | None:
    """One register; None when there is none."""
    row = tx.one(_ONE, register=register_id)
    return None if row is None else _view(tx, row)


def names(tx: Tx) -> dict[str, str]:
    """Register id -> name."""
    return {row[0]: row[1] for row in tx.all(_NAMES)}


def _view(tx: Tx, row: Any) -> LaneView:
    status = _STATUS.decode(bytes(row[15])) if row[15] else None
    signed = moment(tx, _SIGNED, fn=row[10]) if row[10] else None
    ticketed = moment(tx, _TICKETED, fn=row[10]) if row[10] else None
    view = LaneView(*row)
    return view._replace(
        enabled=bool(view.enabled), draining=bool(view.draining), fence=view.fence or 0, status=status,
        signed_at=signed, ticketed_at=ticketed,
    )  # fmt: skip


class Document(NamedTuple):
    """One document of a drive."""

    fd_number: int
    document: int
    kind: int
    total: int
    fiscal_sign: str
    made_at: str
    receipt_id: str | None
    answer: int | None  # 1022 of the operator's ticket; None when there is none


class Reading(NamedTuple):
    """What a register said of itself at one moment."""

    at: int
    body: bytes


class Shift(NamedTuple):
    """One shift of a drive; times are the register's own."""

    fn: str
    number: int
    opened_at: str | None
    closed_at: str | None


_DOCUMENTS: Final = Query(
    select(
        fiscal_document.c.fd_number, fiscal_document.c.document, fiscal_document.c.kind, fiscal_document.c.total,
        fiscal_document.c.fiscal_sign, fiscal_document.c.made_at, fiscal_document.c.receipt_id, ticket.c.answer,
    )
    .select_from(fiscal_document.outerjoin(
        ticket, (ticket.c.fn == fiscal_document.c.fn) & (ticket.c.fd_number == fiscal_document.c.fd_number)))
    .where(fiscal_document.c.fn == bindparam("fn"))
    .order_by(fiscal_document.c.fd_number.desc())
    .limit(20)
)  # fmt: skip
_READINGS: Final = Query(
    select(reading.c.at, reading.c.body)
    .where(reading.c.register_id == bindparam("register"))
    .order_by(reading.c.id.desc())
    .limit(20)
)
_SHIFTS: Final = Query(
    select(shift.c.fn, shift.c.number, shift.c.opened_at, shift.c.closed_at)
    .where(shift.c.register_id == bindparam("register"))
    .order_by(func.coalesce(shift.c.opened_at, shift.c.closed_at).desc())
    .limit(10)
)


def documents(tx: Tx, fn: str) -> list[Document]:
    """The last documents of a drive, newest first."""
    return [Document(*row) for row in tx.all(_DOCUMENTS, fn=fn)]


def readings(tx: Tx, register_id: str) -> list[Reading]:
    """The last readings of a register, newest first."""
    return [Reading(row[0], bytes(row[1])) for row in tx.all(_READINGS, register=register_id)]


def shifts(tx: Tx, register_id: str) -> list[Shift]:
    """The last shifts of a register, newest first."""
    return [Shift(*row) for row in tx.all(_SHIFTS, register=register_id)]


_DRIVES: Final = Query(select(lane.c.fn).where(lane.c.fn.is_not(None)).order_by(lane.c.fn))


def drives(tx: Tx) -> list[str]:
    """The fiscal drives that lanes work with now."""
    return [row[0] for row in tx.all(_DRIVES)]


class Talk(NamedTuple):
    """One raw exchange with a register, as it was kept (masked)."""

    at: int
    attempt_id: str | None
    request: str
    answer: str


_TALKS: Final = Query(
    select(exchange.c.at, exchange.c.attempt_id, exchange.c.request, exchange.c.answer)
    .where(exchange.c.register_id == bindparam("register"))
    .order_by(exchange.c.id.desc())
    .limit(30)
)


def talks(tx: Tx, register_id: str) -> list[Talk]:
    """The last exchanges, newest first."""
    return [Talk(*row) for row in tx.all(_TALKS, register=register_id)]
