"""Incidents: what is wrong now, and what was."""

import re
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chekpoint.hub.alarms import Alarms
from chekpoint.store import views_incidents, views_registers
from chekpoint.store.journal import Tx
from chekpoint.web import forms
from chekpoint.web.desk import back, desk_of, key_of, member, tell

_KEY: Final = re.compile(r"[0-9a-f]{32}")
_OF_RECEIPT: Final = frozenset({"receipt_rejected", "in_doubt", "doubled", "clash", "refused_by_operator"})
_OF_REGISTER: Final = frozenset({"register_blocked", "unproven"})


def place_of(kind: str, subject: str) -> str | None:
    """The page where an incident's subject is, if it has one."""
    if kind in _OF_RECEIPT and _KEY.fullmatch(subject):
        return f"/receipts/{subject}"
    return f"/registers/{subject}" if kind in _OF_REGISTER else None


@member
async def show(request: Request) -> Response:
    """Open ones first, then past ones by pages."""
    desk, before = desk_of(request), request.query_params.get("before", "")
    start = before if _KEY.fullmatch(before) else views_incidents.LAST

    def look(tx: Tx) -> tuple[list[views_incidents.Incident], list[views_incidents.Incident], dict[str, str]]:
        return views_incidents.opened(tx), views_incidents.past(tx, start), views_registers.names(tx)

    opened, past, names = await desk.store.read(look)
    following = past[-1].id if len(past) == views_incidents.PAGE else None
    return await desk.page(
        request,
        "incidents.html",
        opened=opened,
        past=past,
        names=names,
        place_of=place_of,
        following=following,
    )


@member
async def see(request: Request) -> Response:
    """A person says that they have seen it; it stays open until it is seen to be right."""
    desk, incident_id = desk_of(request), key_of(request, "incident")
    await forms.read(request)
    verbs = Alarms(desk.keys, who=request.state.person.login)
    tell(
        request,
        "incident.seen_done"
        if await desk.store.write(lambda tx: verbs.acknowledge(tx, incident_id))
        else "incident.seen_before",
    )
    return back("/incidents")


ROUTES = [
    Route("/incidents", show, methods=["GET"]),
    Route("/incidents/{incident:str}/seen", see, methods=["POST"]),
]
