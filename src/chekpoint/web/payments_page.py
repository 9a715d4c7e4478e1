"""Paid but no receipt, by age; and, where a shop reports payments at all, receipts that nobody paid."""

import re
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chekpoint.core.lifecycle import State
from chekpoint.hub.payments import DAY_MS, RULE_MS, gap_age, orders_of
from chekpoint.store import people, views_payments
from chekpoint.store.journal import Tx
from chekpoint.store.listing import id_at
from chekpoint.store.views_payments import DEAD, LATEST, PAGE, Hope, Unpaid
from chekpoint.web.desk import desk_of, member

UNPAID_DAYS: Final = 7  # how far back receipts without a payment are looked for
UNPAID_MOST: Final = 50
_CURSOR: Final = re.compile(r"(\d{1,15})-([0-9a-f]{32})")
_TONES: Final = {"fresh": "quiet", "late": "waits", "old": "broken"}


def tone_of(paid_at: int, hope: Hope | None, now: int) -> tuple[str, str]:
    """(shape, word) of a gap: a receipt that is on its way is no alarm within the five minutes of the law."""
    age = gap_age(paid_at, now)
    if hope is None:
        return ("broken" if age == "late" else _TONES[age]), "none"
    if hope.state in DEAD:
        return ("broken" if age == "late" else _TONES[age]), "dead"
    return _TONES[age], "other" if hope.state == State.FISCALISED else "coming"


@member
async def show(request: Request) -> Response:
    """Gaps by pages, newest first; receipts without payments of the last days."""
    desk, now = desk_of(request), desk_of(request).now()
    cursor = _CURSOR.fullmatch(request.query_params.get("before", ""))
    before = (int(cursor[1]), cursor[2]) if cursor else LATEST

    def look(tx: Tx) -> dict[str, Any]:
        shops = {shop.id: shop.name for shop in people.shops(tx)}
        since = {key: at for key in shops if (at := views_payments.since(tx, key)) is not None}
        return {
            "gaps": [(gap, views_payments.hope(tx, gap)) for gap in views_payments.gaps(tx, before)], "late": views_payments.count(tx, now - RULE_MS),
            "old": views_payments.count(tx, now - DAY_MS), "shops": shops, "reporting": since,
            "unpaid": {key: _unpaid(tx, key, at, now) for key, at in since.items()},
        }  # fmt: skip

    found = await desk.store.read(look)
    gaps = [gap for gap, _ in found["gaps"]]
    following = f"{gaps[-1].paid_at}-{gaps[-1].id}" if len(gaps) == PAGE else None
    return await desk.page(
        request,
        "payments.html",
        following=following,
        first=cursor is None,
        tone_of=tone_of,
        days=UNPAID_DAYS,
        **found,
    )


def _unpaid(tx: Tx, shop_id: str, since: int, now: int) -> list[Unpaid]:
    low = max(since, now - UNPAID_DAYS * DAY_MS)
    found, _ = views_payments.unpaid(tx, shop_id, id_at(low), id_at(now - RULE_MS), orders_of)
    return found[:UNPAID_MOST]


ROUTES = [Route("/payments", show, methods=["GET"])]
