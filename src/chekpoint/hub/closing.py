"""Closing a shift on somebody's word: the lane does it itself, in its turn, between two receipts."""

from typing import Final

from chekpoint.hub.hub import Hub
from chekpoint.hub.lane import Lane
from chekpoint.store import standing

PATIENCE: Final = 30.0  # seconds for the lane to come to it
_LOOK: Final = 0.1


async def close_shift(hub: Hub, register_id: str, *, patience: float = PATIENCE) -> bool:
    """True once the register's shift is closed (also when it was); False when that did not come to pass.

    The lane's own rule "close when due" is used: its time is set to now, and again when a status that the
    lane reads meanwhile has set another. Between that and the look into the journal no shift can have been
    closed, so a busy lane that opens the next shift at once is not asked for a second close. A lane that
    another node holds is not ours to close.
    """
    lane = hub.lanes.get(register_id)
    if lane is None or lane.fn is None:
        return False
    clock, before = hub.post.clock, await _last(hub, lane)
    until, asked = clock.monotonic() + patience, None
    while clock.monotonic() < until:
        if lane.lease is not None and lane.standing and lane.shift == "closed":
            return True
        if lane.shift_closes is None or lane.shift_closes != asked:
            if await _last(hub, lane) != before:
                return True
            if lane.lease is not None and lane.shift in {"open", "expired"}:
                asked = lane.shift_closes = clock.monotonic()
                hub.post.bell.ring(register_id)
        await clock.sleep(_LOOK)
    return await _last(hub, lane) != before


async def _last(hub: Hub, lane: Lane) -> int | None:
    """The number of the drive's last shift close, as the journal knows it."""
    fn = lane.fn or ""
    close = await hub.store.read(lambda tx: standing.last_close(tx, fn))
    return close.fd_number if close else None
