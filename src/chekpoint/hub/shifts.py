"""The shift: opened before the first receipt, closed at its 24 hours (or at a set time).

After 24 hours the fiscal drive signs nothing but the shift close (art. 4.3 of 54-FZ). A receipt caught by
that is simply registered after the change of shift.
"""

from datetime import datetime, timedelta
from math import inf
from typing import TYPE_CHECKING, Any, Final

from chekpoint.core.errors import BlockReason, NotSent, OutcomeUnknown, RegisterBlocked, Rejected
from chekpoint.core.ports import FiscalDocument, RegisterStatus
from chekpoint.hub import daytime, recovery
from chekpoint.store import errands, lanes, outcomes
from chekpoint.store.journal import Tx

if TYPE_CHECKING:
    from chekpoint.hub.lane import Lane

OPENING: Final = 2  # document code of a shift's opening


async def see_status(lane: "Lane", status: RegisterStatus) -> None:
    """Remember the state of the shift, and when it must close or open."""
    lane.shift = status.shift
    lane.clock_ahead = _ahead(lane, status)
    lane.shift_closes, lane.shift_opens = _closes(lane, status), _opens(lane)


def _ahead(lane: "Lane", status: RegisterStatus) -> timedelta:
    """How far the register's wall clock is ahead of UTC; as before, where it did not tell the time."""
    if not status.clock:
        return lane.clock_ahead
    return _local(status.clock) - lane.post.clock.now().replace(tzinfo=None)


def _wall(lane: "Lane") -> datetime:
    """The register's wall clock, now."""
    return lane.post.clock.now().replace(tzinfo=None) + lane.clock_ahead


def _opens(lane: "Lane") -> float | None:
    """The monotonic moment at which the next shift is to be opened by the clock."""
    if lane.row.open_at is None or lane.shift != "closed":
        return None
    return lane.shift_opens or lane.post.clock.monotonic() + daytime.until(lane.row.open_at, _wall(lane))


def _by_clock(lane: "Lane") -> float:
    """The monotonic moment at which an open shift is to be closed by the clock."""
    if lane.row.close_at is None:
        return inf
    return lane.post.clock.monotonic() + daytime.until(lane.row.close_at, _wall(lane))


def _closes(lane: "Lane", status: RegisterStatus) -> float | None:
    """The monotonic moment at which the shift is to be closed."""
    if status.shift != "open" or not status.clock or not status.shift_expires_at:
        return None
    left = _local(status.shift_expires_at) - _local(status.clock)
    latest = lane.post.clock.monotonic() + max(left.total_seconds() - lane.post.limits.shift_margin, 0.0)
    known = lane.shift_closes  # a time of day that has come is not put off by a day because we looked again
    return min(latest, known if known is not None and lane.row.close_at else inf, _by_clock(lane))


def _local(text: str) -> datetime:
    """The register's wall clock, without zone (some answers carry one)."""
    return datetime.fromisoformat(text).replace(tzinfo=None)


async def before_receipt(lane: "Lane") -> None:
    """An open shift that has not run out; raises RegisterBlocked when that cannot be had."""
    if lane.shift == "expired" or _due(lane):
        await close(lane)
    if lane.shift == "closed":
        await open_(lane)


async def when_idle(lane: "Lane") -> None:
    """Close or open a shift whose time has come, also without receipts."""
    if lane.shift == "expired" or _due(lane):
        await close(lane)
    elif lane.shift_opens is not None and lane.post.clock.monotonic() >= lane.shift_opens:
        lane.shift_opens = None
        await open_(lane)


def wants_change(lane: "Lane") -> bool:
    """Is there anything to do before the next receipt?"""
    return lane.shift in {"expired", "closed"} or _due(lane)


def _due(lane: "Lane") -> bool:
    return lane.shift_closes is not None and lane.post.clock.monotonic() >= lane.shift_closes


async def open_(lane: "Lane") -> None:
    """Open a shift."""
    await _document(lane, lane.register.open_shift())
    lane.shift, lane.shift_opens = "open", None
    lane.shift_closes = min(lane.post.clock.monotonic() + _whole(lane), _by_clock(lane))


def _whole(lane: "Lane") -> float:
    hours = timedelta(hours=lane.post.limits.shift_hours)
    return hours.total_seconds() - lane.post.limits.shift_margin


async def close(lane: "Lane") -> None:
    """Close the shift."""
    await _document(lane, lane.register.close_shift())
    lane.shift, lane.shift_closes = "closed", None
    lane.shift_opens = _opens(lane)


async def _document(lane: "Lane", made: Any) -> None:
    try:
        doc: FiscalDocument | None = await lane.ask(made)
    except (OutcomeUnknown, NotSent, Rejected) as error:
        lane.standing = False  # the status will tell; a shift document is never sent blindly again
        raise RegisterBlocked(BlockReason.SHIFT_CLOSED, error.message, code=error.code) from error
    if doc is not None:
        await _note(lane, doc)


async def _note(lane: "Lane", doc: FiscalDocument) -> None:
    if doc.fd_number > lane.last_fd + 1:
        await recovery.account(lane, upto=doc.fd_number - 1)

    def unit(tx: Tx) -> None:
        outcomes.see(tx, doc, lane.row.id)
        outcomes.note_shift(tx, doc, lane.row.id)
        if doc.document == OPENING:
            _opening_cash(lane, tx)
        if doc.fd_number > lane.last_fd:
            lanes.stand_at(tx, lane.row.id, lane.fence, fn=doc.fn, last_fd=doc.fd_number)

    await lane.post.store.write(unit)
    lane.last_fd = max(lane.last_fd, doc.fd_number)


def _opening_cash(lane: "Lane", tx: Tx) -> None:
    """The small sum that a fresh shift begins with, asked for in the unit that writes the shift down."""
    if lane.row.opening_cash:
        key, sum_ = lane.post.keys.new(), lane.row.opening_cash
        errands.add(tx, key, lane.row.id, "cash", who="chekpoint", kopecks=sum_)
