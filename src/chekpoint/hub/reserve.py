"""A reserve register steps in only when a receipt would miss its deadline."""

from math import inf
from typing import TYPE_CHECKING

from chekpoint.core.clock import epoch_ms
from chekpoint.store import pools
from chekpoint.store.journal import Tx

if TYPE_CHECKING:
    from chekpoint.hub.lane import Lane

SOONEST = 0.2  # seconds: what is due but not to be had (a mark on FFD 1.05, say) is no reason to spin


async def patience(lane: "Lane") -> float:
    """Seconds until the lane should look again as a reserve; infinite where it is none.

    Shops may give deadlines that are near, so it looks at least each ``reserve_look``.
    """
    reserved = [place for place in lane.row.pools if place.lead_ms is not None]
    if not reserved:
        return inf

    def unit(tx: Tx) -> list[int]:
        due = [(pools.next_deadline(tx, place.pool_id), place.lead_ms or 0) for place in reserved]
        return [deadline - lead for deadline, lead in due if deadline is not None]

    moments = await lane.post.store.read(unit)
    left = (min(moments, default=0) - epoch_ms(lane.post.clock.now())) / 1000 if moments else inf
    return min(max(left, SOONEST), lane.post.limits.reserve_look)
