"""Carrying out errands: between two receipts, one at a time, each told to the register at most once."""

from typing import TYPE_CHECKING, Final

from chekpoint.core.errors import NotSent, OutcomeUnknown, RegisterBlocked, Rejected
from chekpoint.core.ports import Deed, Errand
from chekpoint.hub import shifts
from chekpoint.store import errands

if TYPE_CHECKING:
    from chekpoint.hub.lane import Lane

VERBS: Final = ("open_shift", "close_shift", "x_report", "cash")
CASH_MOST: Final = 100_000_000  # kopecks in one move


async def carry_out(lane: "Lane") -> None:
    """All that wait. Raises RegisterBlocked; then the errand waits on, for nothing was told."""
    while True:
        one = await lane.post.store.write(lambda tx: errands.begin(tx, lane.row.id))
        if one is None:
            return
        await _one(lane, one)


async def _one(lane: "Lane", one: errands.Row) -> None:
    try:
        said = await _done(lane, one)
    except RegisterBlocked as blocked:
        await _end(lane, one, "waiting", blocked.message)
        raise
    except OutcomeUnknown as unknown:
        lane.standing = False
        await _end(lane, one, "unknown", unknown.message)
    except (NotSent, Rejected) as refused:
        await _end(lane, one, "failed", refused.message)
    else:
        await _end(lane, one, "done", said)


async def _done(lane: "Lane", one: errands.Row) -> str:
    if one.verb == "open_shift":
        if lane.shift == "closed":
            await shifts.open_(lane)
        return ""
    if one.verb == "close_shift":
        if lane.shift in {"open", "expired"}:
            await shifts.close(lane)
        return ""
    asked = Errand(id=one.id, deed=Deed(one.verb), kopecks=one.kopecks)
    said: str = await lane.ask(lane.register.run(asked))
    return said


async def _end(lane: "Lane", one: errands.Row, state: str, said: str) -> None:
    await lane.post.store.write(lambda tx: errands.end(tx, one.id, state, said))
