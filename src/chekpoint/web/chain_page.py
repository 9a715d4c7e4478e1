"""Home: the chain, today's counts, what is wrong, the registers and the newest receipts."""

from datetime import datetime, time

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chekpoint.core.clock import epoch_ms
from chekpoint.store import views, views_incidents, views_receipts
from chekpoint.store.journal import Tx
from chekpoint.web import chain
from chekpoint.web.desk import Desk, desk_of, member

NEWEST = 10
INCIDENTS = 6


def health_of(desk: Desk) -> chain.Health:
    """What the hub says of itself, in the units of the screens."""
    limits = desk.hub.post.limits
    return chain.Health(
        dead=len(desk.hub.dead_workers()),
        missing=len(desk.hub.post.barrier.missing),
        stale_ms=int(max(limits.status_every * 3, 1.0) * 1000),
        expected_ms=int(limits.proof_expected * 1000),
    )


def midnight(desk: Desk) -> int:
    """When today began in the sellers' zone, milliseconds UTC."""
    day = desk.clock.now().astimezone(desk.zone).date()
    return epoch_ms(datetime.combine(day, time(), desk.zone))


@member
async def home(request: Request) -> Response:
    """The chain."""
    desk = desk_of(request)
    since = midnight(desk)

    def look(
        tx: Tx,
    ) -> tuple[views.Chain, views.Today, list[views_incidents.Incident], list[views_receipts.Line]]:
        return (
            views.chain(tx), views.today(tx, since), views_incidents.opened(tx),
            views_receipts.newest(tx, NEWEST),
        )  # fmt: skip

    facts, today, incidents, newest = await desk.store.read(look)
    health, lingo = health_of(desk), desk.lingo(request)
    lanes = [(lane, chain.lane_state(lane, facts.now, health.stale_ms)) for lane in facts.lanes]
    drawn = chain.with_incidents(chain.links(facts, health, lingo), incidents)
    return await desk.page(
        request, "chain.html", links=drawn, today=today, incidents=incidents[:INCIDENTS], lanes=lanes,
        newest=newest, names={lane.id: lane.name for lane in facts.lanes}, cap=views.TODAY_CAP,
    )  # fmt: skip


ROUTES = [Route("/", home, methods=["GET"])]
