"""What a shop is shown of a receipt and of a register. Sums are kopecks, times ISO 8601 in UTC."""

from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from chekpoint.core.clock import from_epoch_ms
from chekpoint.core.errors import BlockReason
from chekpoint.core.lifecycle import Proof, State
from chekpoint.core.ports import RegisterStatus
from chekpoint.fiscal import qr
from chekpoint.fiscal.receipt import Kind
from chekpoint.hub.public_link import PublicLink
from chekpoint.hub.troubles import BLOCKED
from chekpoint.store.listing import Document, Happening, Line, Whole
from chekpoint.store.stands import Stand

PREFIX = "/api/v1"


class View(msgspec.Struct, frozen=True, kw_only=True):
    """Base of what is shown."""


class Links(View, frozen=True, kw_only=True):
    """Where to go from a receipt."""

    self: str
    events: str
    cancel: str | UnsetType = UNSET  # only while it may work


class FiscalDocumentView(View, frozen=True, kw_only=True):
    """What the fiscal drive signed. ``made_at`` is the register's local wall clock, without zone."""

    fn: str
    fd_number: int
    fiscal_sign: str
    made_at: str | UnsetType = UNSET
    total: int | UnsetType = UNSET
    shift_number: int | UnsetType | None = UNSET
    receipt_number: int | UnsetType | None = UNSET
    registration_number: str | UnsetType | None = UNSET
    qr: str | UnsetType = UNSET


class ErrorView(View, frozen=True, kw_only=True):
    """Why a register refused the receipt, or why it waits, in the register's own words."""

    code: str
    message: str


class EvidenceView(View, frozen=True, kw_only=True):
    """Who saw the receipt on which rung of the proof ladder, and when."""

    rung: str
    source: str
    at: str


class OperatorView(View, frozen=True, kw_only=True):
    """Where anybody can look the receipt up. ``url`` is null where only ``page`` is known, a form to fill in."""

    operator: str
    url: str | None
    page: str


class ReceiptView(View, frozen=True, kw_only=True):
    """One receipt. ``evidence`` and the document's details come when a single receipt is asked for."""

    id: str
    external_id: str
    kind: Kind
    state: State
    proof: str
    total: int
    accepted_at: str
    updated_at: str
    deadline: str
    attempts: int
    fiscal_document: FiscalDocumentView | None
    error: ErrorView | None
    evidence: list[EvidenceView] | UnsetType = UNSET
    at_operator: OperatorView | UnsetType = UNSET
    links: Links


class ReceiptPage(View, frozen=True, kw_only=True):
    """A page of receipts, newest first; ``next`` is the cursor of the page after it, null on the last one."""

    receipts: list[ReceiptView]
    next: str | None


class TakenView(View, frozen=True, kw_only=True):
    """The answer to a receipt that is durably stored."""

    id: str
    external_id: str
    state: str
    proof: str
    links: Links


class EventView(View, frozen=True, kw_only=True):
    """One thing that happened to a receipt."""

    at: str
    kind: str
    old: str | UnsetType = UNSET
    new: str | UnsetType = UNSET
    cause: str | UnsetType = UNSET
    rung: str | UnsetType = UNSET


class EventList(View, frozen=True, kw_only=True):
    """Everything that happened to a receipt, oldest first."""

    events: list[EventView]


class BlockView(View, frozen=True, kw_only=True):
    """Why a register waits, and what to do about it."""

    reason: BlockReason
    since: str | None
    ru: str
    en: str
    message: str


class ShiftView(View, frozen=True, kw_only=True):
    """The shift as last read; ``expires_at`` is the register's local wall clock."""

    state: str | None
    number: int | None
    expires_at: str | None


class RegisterView(View, frozen=True, kw_only=True):
    """A register of the shop's seller. ``works``: the hub may send receipts to it just now."""

    id: str
    name: str
    enabled: bool
    draining: bool
    works: bool
    block: BlockView | None
    fn: str | None
    last_fd: int | None
    ffd: str | None
    shift: ShiftView | None
    unsent: int | None
    seen_at: str | None


class RegisterList(View, frozen=True, kw_only=True):
    """All registers of the shop's seller."""

    registers: list[RegisterView]


def moment(ms: int) -> str:
    """Milliseconds UTC as ``2026-01-31T12:00:00.123Z``."""
    return from_epoch_ms(ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def rung(proof: int) -> str:
    """A rung's name, as the API writes it."""
    return Proof(proof).name.lower()


def links(receipt_id: str, state: str) -> Links:
    """The addresses of a receipt."""
    self = f"{PREFIX}/receipts/{receipt_id}"
    return Links(
        self=self, events=f"{self}/events", cancel=f"{self}/cancel" if state == State.QUEUED else UNSET
    )


def receipt(line: Line) -> ReceiptView:
    """A receipt as a list shows it."""
    return ReceiptView(
        id=line.id, external_id=line.external_id, kind=Kind(line.kind), state=State(line.state),
        proof=rung(line.proof), total=line.total, accepted_at=moment(line.accepted_at),
        updated_at=moment(line.updated_at), deadline=moment(line.deadline_at), attempts=line.tries,
        fiscal_document=_brief(line), error=_error(line), links=links(line.id, line.state),
    )  # fmt: skip


def whole(found: Whole, link: PublicLink | None = None) -> ReceiptView:
    """A receipt with its document and evidence."""
    document = found.document and _document(found.document, found.line)
    evidence = [EvidenceView(rung=rung(w.rung), source=w.source, at=moment(w.at)) for w in found.evidence]
    return msgspec.structs.replace(
        receipt(found.line),
        fiscal_document=document or _brief(found.line),
        evidence=evidence,
        at_operator=UNSET
        if link is None
        else OperatorView(operator=link.operator, url=link.url, page=link.page),
    )


def _brief(line: Line) -> FiscalDocumentView | None:
    if line.fn is None or line.fd_number is None:
        return None
    return FiscalDocumentView(fn=line.fn, fd_number=line.fd_number, fiscal_sign=line.fiscal_sign or "")


def _document(doc: Document, line: Line) -> FiscalDocumentView:
    return FiscalDocumentView(
        fn=doc.fn, fd_number=doc.fd_number, fiscal_sign=doc.fiscal_sign, made_at=doc.made_at, total=doc.total,
        shift_number=doc.shift_number, receipt_number=doc.receipt_number,
        registration_number=doc.registration_number, qr=doc.qr or _qr(doc, line),
    )  # fmt: skip


def _qr(doc: Document, line: Line) -> str:
    """A register that does not print need not say its QR string: it follows from the document."""
    made_at = datetime.fromisoformat(doc.made_at).replace(tzinfo=None)
    return qr.write(made_at, doc.total, doc.fn, doc.fd_number, int(doc.fiscal_sign), Kind(line.kind))


def _error(line: Line) -> ErrorView | None:
    if not line.error_code and not line.error_text:
        return None
    return ErrorView(code=line.error_code or "", message=line.error_text or "")


def event(found: Happening) -> EventView:
    """An event without the hub's own particulars."""
    body: dict[str, Any] = msgspec.json.decode(found.body)
    named = {name: body[name] for name in ("old", "new", "cause", "rung") if isinstance(body.get(name), str)}
    return EventView(at=moment(found.at), kind=found.kind, **named)


_STATUS = msgspec.json.Decoder(RegisterStatus)


def register(stand: Stand, *, standing: bool) -> RegisterView:
    """A register as its shop sees it: no address, no password."""
    status = _STATUS.decode(stand.status) if stand.status else None
    return RegisterView(
        id=stand.id, name=stand.name, enabled=bool(stand.enabled), draining=bool(stand.draining),
        works=standing and stand.block is None and bool(stand.enabled) and not stand.draining,
        block=_block(stand), fn=stand.fn, last_fd=stand.last_fd, ffd=stand.ffd,
        shift=_shift(status) if status else None, unsent=status.unsent_count if status else None,
        seen_at=moment(stand.status_at) if stand.status_at else None,
    )  # fmt: skip


def _shift(status: RegisterStatus) -> ShiftView:
    return ShiftView(state=status.shift, number=status.shift_number, expires_at=status.shift_expires_at)


def _block(stand: Stand) -> BlockView | None:
    if stand.block is None:
        return None
    reason = BlockReason(stand.block)
    ru, en = BLOCKED[reason]
    since = moment(stand.blocked_since) if stand.blocked_since else None
    return BlockView(reason=reason, since=since, ru=ru, en=en, message=stand.block_message or "")
