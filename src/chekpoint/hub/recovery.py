"""Recovery: what a lane does before it may send anything.

* Every attempt of unknown outcome is decided by ``locate`` (invariant 4).
* Every document on the drive beyond the journal's last is read and accounted for (invariant 10).

A cloud service has no drive that could be read: it is asked for our own ids alone, and after a restore a
person compares its cabinet.
"""

from typing import TYPE_CHECKING

import msgspec
import structlog

from chekpoint.core.errors import BlockReason, OutcomeUnknown, RegisterBlocked, Rejected
from chekpoint.core.lifecycle import Cause, State
from chekpoint.core.ports import Absent, Attempt, FiscalDocument, RegisterStatus
from chekpoint.hub import continuity, shifts, troubles
from chekpoint.hub.content import restore
from chekpoint.hub.exchanges import mask, personal
from chekpoint.store import incidents, lanes, lookup, outcomes, people, retention
from chekpoint.store.journal import Tx
from chekpoint.store.transitions import move

if TYPE_CHECKING:
    from chekpoint.hub.lane import Lane

log = structlog.get_logger()
_GONE = (
    "после восстановления базы в кассе не тот ФН: был {0}, теперь {1}. Сверьте документы прежнего с ОФД и решите /"
    " after the restore another drive is in the register: it was {0}, now {1}; compare the old one's documents"
)
_CABINET = (
    "база восстановлена из копии: сверьте чеки в кабинете облачной кассы, затем chekpoint registers write-off «{0}» /"
    " the database was restored: compare the cloud's cabinet, then write this register off"
)
_STRANGER = (
    "касса зарегистрирована на ИНН {0}, а заведена у продавца с ИНН {1} /"
    " it is registered for the INN {0}, but belongs to a seller with the INN {1} here"
)
RECEIPTS = frozenset({3, 31, 4, 41})  # document codes of receipts, corrections and their BSO twins


async def stand(lane: "Lane") -> None:
    """Bring the journal level with the drive; raises RegisterBlocked when the register cannot work."""
    status = await _status(lane)
    if not lane.register.keeps_archive:
        await _stand_at_service(lane, status)
        return
    fn, base = await _base(lane, status)
    lane.fn, lane.last_fd = fn, base
    if await resolve(lane):
        status = await _status(lane)
    await account(lane, upto=status.last_fd or base)
    await shifts.see_status(lane, status)
    _same_seller(lane, status)
    if not status.ready and status.block is not BlockReason.SHIFT_EXPIRED:
        raise RegisterBlocked(status.block or BlockReason.UNKNOWN, status.message)


async def _stand_at_service(lane: "Lane", status: RegisterStatus) -> None:
    """A cloud service: what it did before we forgot can be seen in its cabinet only."""
    lane.fn, lane.last_fd = "", 0
    await resolve(lane)
    if lane.row.id in lane.post.barrier.missing:
        raise RegisterBlocked(BlockReason.QUEUE_BLOCKED, _CABINET.format(lane.row.name))
    _same_seller(lane, status)
    if not status.ready:
        raise RegisterBlocked(status.block or BlockReason.UNKNOWN, status.message)


def _same_seller(lane: "Lane", status: RegisterStatus) -> None:
    """A receipt of one legal entity on the register of another is a receipt that neither has issued."""
    said, owner = (status.seller_inn or "").strip(), lane.row.seller_inn
    if said and owner and said != owner:
        raise RegisterBlocked(BlockReason.CONFIGURATION, _STRANGER.format(said, owner))


async def _status(lane: "Lane") -> RegisterStatus:
    try:
        status: RegisterStatus = await lane.ask(lane.register.status())
    except OutcomeUnknown as error:
        raise RegisterBlocked(BlockReason.NO_LINK, error.message, code=error.code) from error
    body, key = msgspec.json.encode(status), _reading_key(lane)

    def unit(tx: Tx) -> None:
        lanes.note_status(tx, lane.row.id, body, status.taxations, status.ffd)
        if key is not None:
            retention.keep_reading(tx, key, lane.row.id, body)

    await lane.post.store.write(unit)
    lane.row = lane.row._replace(
        taxations=status.taxations or lane.row.taxations, ffd=status.ffd or lane.row.ffd
    )  # what it said of itself decides what it may take
    return status


def _reading_key(lane: "Lane") -> str | None:
    """A key when it is time to keep a reading for the register's page; every status would be too many."""
    now = lane.post.clock.monotonic()
    if now < lane.reading_due:
        return None
    lane.reading_due = now + lane.post.limits.reading_every
    return lane.post.keys.new()


async def _base(lane: "Lane", status: RegisterStatus) -> tuple[str, int]:
    """The drive, and its last document that the journal accounts for."""
    if status.fn is None or status.last_fd is None:
        raise RegisterBlocked(
            status.block or BlockReason.FISCAL_DRIVE, status.message or "the drive did not answer"
        )
    lease, fn, last = lane.lease, status.fn, status.last_fd
    restored = lane.post.barrier.holds

    def unit(tx: Tx) -> int | str:
        now_at = lanes.position(tx, lane.row.id)
        if gone := _gone(tx, lane.row.id, now_at.fn, fn):
            return gone
        if now_at.fn == fn and now_at.last_fd is not None:
            return now_at.last_fd
        known = lanes.known_fd(tx, fn)  # a drive that was here before, or one that is new to us
        # An attempt meant for the old drive may have been signed by the new one, if it was swapped under our hands.
        unsure = restored or bool(lanes.unresolved(tx, lane.row.id))
        base = known if known is not None else 0 if unsure else last
        lanes.stand_at(tx, lane.row.id, lane.fence, fn=fn, last_fd=base)
        tx.event("drive_changed", lane.row.id, old=now_at.fn, new=fn, base=base)
        return base

    if lease is None:
        raise RegisterBlocked(BlockReason.UNKNOWN, "the lane is not held")
    base = await lane.post.store.write(unit)
    if isinstance(base, str):
        raise RegisterBlocked(BlockReason.FISCAL_DRIVE, _GONE.format(base, fn))
    return fn, base


def _gone(tx: Tx, register: str, known: str | None, fn: str) -> str | None:
    """After a restore: a drive that may hold documents that the journal does not know, and is not here."""
    said = people.setting(tx, continuity.UNREAD + register)
    if said is None or said == continuity.WRITTEN_OFF:
        return None
    return next((old for old in (known, said) if old and old != fn), None)


async def resolve(lane: "Lane") -> bool:
    """Let locate() decide each attempt of unknown outcome; True when there was any.

    Raises RegisterBlocked when one cannot be decided yet: the lane waits, and asks again.
    """
    tried = await lane.post.store.read(lambda tx: lanes.unresolved(tx, lane.row.id))
    for one in tried:
        if (
            one.outcome == "open"
        ):  # this lane sends nothing now, so nobody is at it: its commit was not answered
            await _forsaken(lane, one)
        await _locate(lane, one)
    return bool(tried)


async def _forsaken(lane: "Lane", one: lanes.Tried) -> None:
    why = "the attempt was written down, and then the journal's answer was lost"
    await lane.post.store.write(
        lambda tx: lanes.doubt(tx, one.id, one.receipt_id, Cause.LEASE_LOST, why=why, code=None)
    )


async def _locate(lane: "Lane", tried: lanes.Tried) -> None:
    attempt = await _remembered(lane, tried)
    try:
        with lane.exchanges.of(attempt):
            found = await lane.ask(lane.register.locate(attempt))
    except Rejected as error:
        await lane.refused(attempt, error, State.IN_DOUBT)
    except OutcomeUnknown as error:
        await _undecided(lane, attempt, error)
    else:
        if isinstance(found, Absent):
            await _absent(lane, attempt, found)
        else:
            await lane.registered(attempt, found, State.IN_DOUBT, Cause.LOCATED)
            await lane.post.store.write(lambda tx: incidents.close(tx, "in_doubt", attempt.receipt_id))


async def _remembered(lane: "Lane", tried: lanes.Tried) -> Attempt:
    """The attempt as it was sent, now under this lane's fence."""

    def unit(tx: Tx) -> Attempt:
        content, buyer, mark = lookup.content(tx, tried.receipt_id)
        outcomes.inherit(tx, tried.id, lane.fence)
        return Attempt(
            id=tried.id, receipt_id=tried.receipt_id, receipt=restore(content, buyer), mark=mark, digest=tried.digest,
            fn=tried.fn, last_fd=tried.last_fd, fence=lane.fence,
        )  # fmt: skip

    return await lane.post.store.write(unit)


async def _undecided(lane: "Lane", attempt: Attempt, error: OutcomeUnknown) -> None:
    if attempt.fn == lane.fn:
        raise RegisterBlocked(BlockReason.QUEUE_BLOCKED, error.message, code=error.code)
    # Its drive is gone from this register: no machine can look any more, and others need not wait.
    words = troubles.in_doubt(lane.row.name, error.message)
    key = lane.post.keys.new()
    await lane.post.store.write(
        lambda tx: incidents.open_incident(tx, "in_doubt", attempt.receipt_id, words, key=key)
    )


async def _absent(lane: "Lane", attempt: Attempt, found: Absent) -> None:
    def unit(tx: Tx) -> str:
        outcomes.end(
            tx,
            attempt.id,
            lane.fence,
            "absent",
            message=mask(found.evidence, personal(attempt.receipt.buyer)),
        )
        move(
            tx, attempt.receipt_id, State.IN_DOUBT, Cause.ABSENT, ready_at=tx.now, next_check_at=tx.now,
            note={"attempt": attempt.id},
        )  # fmt: skip
        incidents.close(tx, "in_doubt", attempt.receipt_id)
        return lookup.pool_of(tx, attempt.receipt_id)

    lane.post.bell.ring(await lane.conclude(unit))


async def account(lane: "Lane", upto: int) -> None:
    """Read and account for every document from the journal's last up to ``upto``."""
    fn = lane.fn or ""
    for number in range(lane.last_fd + 1, upto + 1):
        await _account_one(lane, fn, number)
    if upto > lane.last_fd:
        await lane.post.store.write(
            lambda tx: lanes.stand_at(tx, lane.row.id, lane.fence, fn=fn, last_fd=upto)
        )
        lane.last_fd = upto


async def _account_one(lane: "Lane", fn: str, number: int) -> None:
    if not await lane.post.store.read(lambda tx: outcomes.has(tx, fn, number)):
        doc = await _read(lane, number)
        await lane.post.store.write(lambda tx: _account(tx, lane, number, doc))


async def _read(lane: "Lane", number: int) -> FiscalDocument | None:
    try:
        doc: FiscalDocument | None = await lane.ask(lane.register.document(number))
    except OutcomeUnknown as error:
        raise RegisterBlocked(BlockReason.NO_LINK, error.message, code=error.code) from error
    return doc


def _account(tx: Tx, lane: "Lane", number: int, doc: FiscalDocument | None) -> None:
    """One document that the journal did not know: whose is it?"""
    key = lane.post.keys.new()
    if doc is None:
        words = troubles.unreadable(lane.row.name, number)
        incidents.open_incident(tx, "unreadable_document", f"{lane.fn}/{number}", words, key=key)
        return
    outcomes.note_shift(tx, doc, lane.row.id)
    owner = outcomes.by_mark(tx, doc.mark) if doc.mark and doc.document in RECEIPTS else None
    if owner is not None and (owner.state in {State.QUEUED, State.IN_DOUBT}) and _equal(owner, doc):
        _adopt(tx, lane, owner, doc, lane.row.id)
        return
    outcomes.see(tx, doc, lane.row.id)
    if doc.document not in RECEIPTS:
        return
    if owner is not None and owner.state == State.FISCALISED:
        words = troubles.doubled(doc.fn, doc.fd_number, f"ФД {owner.fd_number} (ФН {owner.fn})")
        incidents.open_incident(tx, "doubled", owner.id, words, key=key)
    elif owner is not None and owner.state != State.QUEUED:
        words = troubles.unexpected(doc.fn, doc.fd_number, owner.state)
        incidents.open_incident(tx, "unexpected_document", owner.id, words, key=key)
    elif owner is None:
        words = troubles.foreign(lane.row.name, doc.fn, doc.fd_number)
        incidents.open_incident(tx, "foreign_document", f"{doc.fn}/{doc.fd_number}", words, key=key)


def _equal(owner: outcomes.Owner, doc: FiscalDocument) -> bool:
    return owner.total == doc.total and owner.kind_code == doc.kind


def _adopt(tx: Tx, lane: "Lane", owner: outcomes.Owner, doc: FiscalDocument, register: str) -> None:
    old = State(owner.state)
    if old is State.IN_DOUBT:
        outcomes.end_all(tx, owner.id, "registered")
        incidents.close(tx, "in_doubt", owner.id)
    outcomes.fiscalise(
        tx, owner.id, old, Cause.ADOPTED if old is State.QUEUED else Cause.LOCATED, doc, register=register,
        evidence=msgspec.json.encode(doc).decode(), key=lane.post.keys.new(), check=tx.now,
    )  # fmt: skip
    lane.proofs.expect()


async def adopt_queued(lane: "Lane", orphan: lanes.Orphan) -> None:
    """A queued receipt whose document is known already (from before a restore): never send it again."""

    def unit(tx: Tx) -> None:
        doc = outcomes.document(tx, orphan.fn, orphan.fd_number)
        owner = outcomes.by_mark(tx, orphan.claim.mark)
        if owner is not None and doc is not None and _equal(owner, doc):
            _adopt(tx, lane, owner, doc, outcomes.holder_of(tx, doc) or lane.row.id)
            incidents.close(tx, "foreign_document", f"{doc.fn}/{doc.fd_number}")
            return
        move(
            tx, orphan.claim.id, State.QUEUED, Cause.REFUSED, next_check_at=None, error_code="order_registered_before",
            error_text=f"FD {orphan.fd_number}, FN {orphan.fn}",
        )  # fmt: skip
        words = troubles.clash(orphan.fn, orphan.fd_number)
        incidents.open_incident(tx, "clash", orphan.claim.id, words, key=lane.post.keys.new())

    await lane.post.store.write(unit)
