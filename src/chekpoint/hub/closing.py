"""Closing a shift on somebody's word: the lane does it itself, in its turn, between two receipts."""

from typing import Final

from chekpoint.hub.hub import Hub

PATIENCE: Final = 30.0  # seconds for the lane to come to it
_LOOK: Final = 0.2


async def close_shift(hub: Hub, register_id: str, *, patience: float = PATIENCE) -> bool:
    """True once the register's shift is closed (also when it was); False when that did not come to pass.

    The lane's own rule "close when due" is used: its time is set to now, again after each status that the
    lane reads meanwhile. A lane that another node holds is not ours to close.
    """
    lane = hub.lanes.get(register_id)
    if lane is None:
        return False
    clock = hub.post.clock
    until = clock.monotonic() + patience
    while clock.monotonic() < until:
        if lane.lease is not None and lane.standing and lane.shift == "closed":
            return True
        if lane.lease is not None and lane.shift in {"open", "expired"}:
            lane.shift_closes = clock.monotonic()
            hub.post.bell.ring(register_id)
        await clock.sleep(_LOOK)
    return False
