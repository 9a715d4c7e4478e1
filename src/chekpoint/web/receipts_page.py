"""The list of receipts: search, filters, pages of keys."""

from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chekpoint.core.clock import epoch_ms
from chekpoint.core.lifecycle import Proof, State
from chekpoint.store import views_people, views_receipts, views_registers
from chekpoint.store.journal import Tx
from chekpoint.store.views_receipts import Filter
from chekpoint.web.desk import Desk, desk_of, member

_KEY_LENGTH = 32


@member
async def show(request: Request) -> Response:
    """A page of receipts; a value that makes no sense is no filter."""
    desk, asked = desk_of(request), {k: v.strip()[:128] for k, v in request.query_params.items()}
    wanted = _filter(desk, asked)

    def look(tx: Tx) -> tuple[views_receipts.Page, dict[str, str], dict[str, str]]:
        return views_receipts.lines(tx, wanted), views_registers.names(tx), views_people.shop_names(tx)

    page, names, shops = await desk.store.read(look)
    kept = {name: value for name, value in asked.items() if name in _NAMES and value}
    following = urlencode(kept | {"before": page.following}) if page.following else None
    return await desk.page(
        request, "receipts.html", lines=page.lines, partial=page.partial, following=following, asked=asked, names=names,
        shops=shops, states=list(State), rungs=list(Proof), first="before" not in asked, filtered=bool(kept),
        clean=urlencode(kept),
    )  # fmt: skip


_NAMES = ("q", "state", "proof", "register", "since", "until")


def _filter(desk: Desk, asked: dict[str, str]) -> Filter:
    since, until = _day(asked.get("since", "")), _day(asked.get("until", ""))
    values: dict[str, Any] = {
        "search": asked.get("q", "").replace("\0", ""),
        "state": asked["state"] if asked.get("state") in set(State) else None,
        "proof": next((int(rung) for rung in Proof if rung.name.lower() == asked.get("proof")), None),
        "register": asked.get("register", "").replace("\0", "") or None,
        "since": _midnight(desk, since) if since else None,
        "until": _midnight(desk, until + timedelta(days=1)) if until else None,
    }
    before = asked.get("before", "")
    if len(before) == _KEY_LENGTH and before.isalnum():
        values["before"] = before
    return Filter(**values)


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 <= day.year < 2200 else None


def _midnight(desk: Desk, day: date) -> int:
    return epoch_ms(datetime.combine(day, time(), desk.zone))


ROUTES = [Route("/receipts", show, methods=["GET"])]
