"""The audit: who did what to what, and why."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chekpoint.store import views_incidents, views_registers
from chekpoint.store.journal import Tx
from chekpoint.store.views_receipt import Deed
from chekpoint.web.desk import desk_of, member


@member
async def show(request: Request) -> Response:
    """Newest first."""
    desk, before = desk_of(request), request.query_params.get("before", "")
    start = before if before.isalnum() and len(before) == 32 else views_incidents.LAST

    def look(tx: Tx) -> tuple[list[Deed], str | None, dict[str, str]]:
        return *views_incidents.deeds(tx, start), views_registers.names(tx)

    deeds, following, names = await desk.store.read(look)
    return await desk.page(request, "audit.html", deeds=deeds, following=following, names=names)


ROUTES = [Route("/audit", show, methods=["GET"])]
