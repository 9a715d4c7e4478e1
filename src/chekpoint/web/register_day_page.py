"""The day of a register: when its shift closes and opens, what a person asks of it beside receipts."""

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chekpoint.core.errors import StoreError
from chekpoint.hub.days import Days, kopecks_of, wanted_day
from chekpoint.hub.kinds import Unfilled
from chekpoint.store import errands, registers, views_registers
from chekpoint.store.journal import Tx
from chekpoint.web import chain, forms
from chekpoint.web.chain_page import health_of
from chekpoint.web.desk import back, desk_of, key_of, member, tell


@member
async def show(request: Request) -> Response:
    """The day's page; 404 when there is no such register."""
    return await _page(request, None, {})


async def _page(
    request: Request, fields: Mapping[str, str] | None, faults: Mapping[str, object], status: int = 200
) -> Response:
    desk, register_id = desk_of(request), key_of(request, "register")
    lane = await desk.store.read(lambda tx: views_registers.one(tx, register_id))
    if lane is None:
        raise HTTPException(404)
    fn = lane.fn

    def look(
        tx: Tx,
    ) -> tuple[registers.Day, list[errands.Row], list[registers.Total], list[views_registers.Talk]]:
        return (
            registers.day_of(tx, register_id), errands.last(tx, register_id), registers.totals(tx, fn) if fn else [],
            views_registers.talks(tx, register_id),
        )  # fmt: skip

    day, asked, totals, talks = await desk.store.read(look)
    shown = {
        "close_at": day.close_at or "", "open_at": day.open_at or "", "printing": day.printing,
        "opening_cash": f"{day.opening_cash / 100:.2f}" if day.opening_cash else "",
    }  # fmt: skip
    state = chain.lane_state(lane, desk.now(), health_of(desk).stale_ms)
    return await desk.page(
        request, "register_day.html", status=status, lane=lane, state=state, fields=fields or shown, faults=faults,
        asked=asked, totals=totals, talks=talks, readiness=_readiness(lane),
    )  # fmt: skip


def _readiness(lane: views_registers.LaneView) -> list[tuple[str, bool | None]]:
    """What must be so before the fiscal drive is changed: words, and whether it is so (None: not known)."""
    status = lane.status
    closed = status.shift == "closed" if status and status.shift else None
    sent = status.unsent_count == 0 if status and status.unsent_count is not None else None
    return [("drained", lane.draining or not lane.enabled), ("closed", closed), ("sent", sent)]


@member
async def save(request: Request) -> Response:
    """New settings of the day, audited."""
    desk, register_id = desk_of(request), key_of(request, "register")
    fields = await forms.read(request)
    try:
        day = wanted_day(fields)
    except Unfilled as wrong:
        return await _page(request, fields, wrong.faults, 422)
    days = Days(desk.keys, who=request.state.person.login, reason=fields.get("reason", "")[:500])
    await desk.store.write(lambda tx: days.change(tx, register_id, day))
    await desk.hub.reload()
    tell(request, "day.saved")
    return back(f"/registers/{register_id}/day")


@member
async def ask(request: Request) -> Response:
    """An errand: the lane carries it out between two receipts."""
    desk, register_id = desk_of(request), key_of(request, "register")
    fields = await forms.read(request)
    days = Days(desk.keys, who=request.state.person.login, reason=fields.get("reason", "")[:500])
    try:
        verb, sum_ = fields.get("verb", ""), kopecks_of(fields)
        await desk.store.write(lambda tx: days.ask(tx, register_id, verb, sum_))
    except Unfilled as wrong:
        return await _page(request, None, wrong.faults, 422)
    except StoreError as error:
        tell(request, "verb.failed", "bad", why=str(error))
    else:
        desk.hub.post.bell.ring(register_id)
        tell(request, "day.asked")
    return back(f"/registers/{register_id}/day")


ROUTES = [
    Route("/registers/{register:str}/day", show, methods=["GET"]),
    Route("/registers/{register:str}/day", save, methods=["POST"]),
    Route("/registers/{register:str}/errand", ask, methods=["POST"]),
]
