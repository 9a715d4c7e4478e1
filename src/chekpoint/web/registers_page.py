"""Registers: how each stands, what it said last, and its three switches."""

from contextlib import suppress
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chekpoint.core.errors import StoreError
from chekpoint.store import people, registers, views, views_registers, views_verbs
from chekpoint.store.journal import Tx
from chekpoint.web import chain, forms
from chekpoint.web.chain_page import health_of
from chekpoint.web.desk import Desk, back, desk_of, key_of, member, tell


class Switch(NamedTuple):
    """A position of a register's two switches."""

    enabled: bool
    draining: bool


SWITCHES: Final = {
    "enable": Switch(enabled=True, draining=False),
    "drain": Switch(enabled=True, draining=True),
    "disable": Switch(enabled=False, draining=True),
}
REASON_MOST: Final = 500


@member
async def show(request: Request) -> Response:
    """All registers."""
    desk = desk_of(request)
    lanes, way = await desk.store.read(lambda tx: (views_registers.lanes(tx), views.unproven_by_drive(tx)))
    now, stale = desk.now(), health_of(desk).stale_ms
    rows = [(lane, chain.lane_state(lane, now, stale), way.get(lane.fn or "")) for lane in lanes]
    return await desk.page(request, "registers.html", rows=rows)


@member
async def show_one(request: Request) -> Response:
    """One register; 404 when there is none."""
    desk, register_id = desk_of(request), key_of(request, "register")

    def look(tx: Tx) -> dict[str, Any] | None:
        lane = views_registers.one(tx, register_id)
        if lane is None:
            return None
        return {
            "lane": lane, "documents": views_registers.documents(tx, lane.fn) if lane.fn else [],
            "readings": views_registers.readings(tx, register_id), "shifts": views_registers.shifts(tx, register_id),
            "way": views.unproven_by_drive(tx).get(lane.fn or ""),
            "pace": registers.pace(tx, lane.fn) if lane.fn else None,
        }  # fmt: skip

    found = await desk.store.read(look)
    if found is None:
        raise HTTPException(404)
    lane: views_registers.LaneView = found["lane"]
    state = chain.lane_state(lane, desk.now(), health_of(desk).stale_ms)
    forecast = drive_forecast(lane, found.pop("pace"), desk.clock.now().date())
    position = next(name for name, place in SWITCHES.items() if place == _place(lane))
    return await desk.page(
        request, "register.html", state=state, position=position, said=_said(lane), forecast=forecast, **found
    )


class Forecast(NamedTuple):
    """Until when the drive can sign: the sooner of its term and its last document."""

    day: date
    days: int
    by_documents: bool


def drive_forecast(lane: views_registers.LaneView, pace: float | None, today: date) -> Forecast | None:
    """None where the register said neither its drive's term nor what is left of it."""
    status = lane.status
    ends: list[tuple[date, bool]] = []
    if status and status.fn_valid_until:
        with suppress(ValueError):
            ends.append((date.fromisoformat(status.fn_valid_until[:10]), False))
    if status and status.documents_left is not None and pace:
        left = min(status.documents_left / pace, 36_500)
        ends.append((today + timedelta(days=left), True))
    if not ends:
        return None
    day, by_documents = min(ends)
    return Forecast(day, (day - today).days, by_documents)


def _place(lane: views_registers.LaneView) -> Switch:
    return Switch(lane.enabled, lane.draining or not lane.enabled)


def _said(lane: views_registers.LaneView) -> str:
    """The last status, as it is kept."""
    return msgspec.json.format(msgspec.json.encode(lane.status), indent=2).decode() if lane.status else ""


@member
async def switch(request: Request) -> Response:
    """Put the switches, with an audit row; the running lane hears of it at once."""
    desk, register_id = desk_of(request), key_of(request, "register")
    place = SWITCHES.get(request.path_params["verb"])
    fields = await forms.read(request)
    if place is None:
        raise HTTPException(404)
    reason = fields.get("reason", "")[:REASON_MOST]
    if not reason:
        tell(request, "verb.no_reason", "bad")
        return back(f"/registers/{register_id}")
    who, verb, key = request.state.person.login, request.path_params["verb"], desk.keys.new()

    def unit(tx: Tx) -> None:
        views_verbs.switch(tx, register_id, enabled=place.enabled, draining=place.draining)
        people.note_deed(tx, key, who=who, verb=f"register_{verb}", subject=register_id, reason=reason)

    try:
        await desk.store.write(unit)
    except StoreError as error:
        tell(request, "verb.failed", "bad", why=str(error))
    else:
        await _apply(desk, register_id, place)
        tell(request, f"register.{verb}.done")
    return back(f"/registers/{register_id}")


async def _apply(desk: Desk, register_id: str, place: Switch) -> None:
    """A lane of this node takes its switches over; one that does not run yet is started."""
    lane = desk.hub.lanes.get(register_id)
    if lane is None:
        await desk.hub.reload()
        return
    lane.row = lane.row._replace(enabled=int(place.enabled), draining=int(place.draining))
    desk.hub.post.bell.ring(register_id)


ROUTES = [
    Route("/registers", show, methods=["GET"]),
    Route("/registers/{register:str}", show_one, methods=["GET"]),
    Route("/registers/{register:str}/{verb:str}", switch, methods=["POST"]),
]
