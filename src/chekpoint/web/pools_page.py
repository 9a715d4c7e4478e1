"""Pools: which registers take which receipts, and how busy each is."""

from collections.abc import Callable, Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chekpoint.core.errors import StoreError, Unfit
from chekpoint.fiscal.receipt import Taxation
from chekpoint.hub.kinds import TAXATIONS
from chekpoint.hub.sorting import Sorting
from chekpoint.store import people, pools, views_pools, views_registers
from chekpoint.store.journal import Tx
from chekpoint.web import chain, forms
from chekpoint.web.chain_page import health_of
from chekpoint.web.desk import back, desk_of, member, tell

Fields = Mapping[str, str]


@member
async def show(request: Request) -> Response:
    """Every pool with its registers, their load, and the rules that lead there."""
    desk = desk_of(request)
    since = desk.now() - views_pools.HOUR_MS

    def look(tx: Tx) -> dict[str, Any]:
        return {
            "pools": pools.pools(tx), "places": pools.places(tx), "routes": pools.routes(tx),
            "queues": views_pools.queues(tx), "loads": views_pools.loads(tx, since),
            "lanes": views_registers.lanes(tx), "shops": {one.id: one.name for one in people.shops(tx)},
            "sellers": {one.id: one for one in people.sellers(tx)}, "owners": views_pools.owners(tx),
        }  # fmt: skip

    found = await desk.store.read(look)
    stale = health_of(desk).stale_ms
    states = {lane.id: chain.lane_state(lane, desk.now(), stale) for lane in found["lanes"]}
    masks = {Taxation(value).bit: words for value, words in TAXATIONS}
    return await desk.page(request, "pools.html", states=states, taxations=TAXATIONS, masks=masks, **found)


def _number(text: str, least: int, most: int) -> int:
    if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        raise Unfit(f"ожидается число от {least} до {most} / a number from {least} to {most} is expected")
    return int(text)


def _add(verbs: Sorting, tx: Tx, fields: Fields) -> None:
    verbs.add_pool(tx, _seller(tx, fields), fields.get("name", ""))


def _seller(tx: Tx, fields: Fields) -> str:
    found = [one.id for one in people.sellers(tx) if one.id == fields.get("seller")]
    if not found:
        raise Unfit("выберите продавца / choose a seller")
    return found[0]


def _pool(tx: Tx, fields: Fields) -> pools.Pool:
    found = [one for one in pools.pools(tx) if one.id == fields.get("pool")]
    if not found:
        raise Unfit("такого пула нет / there is no such pool")
    return found[0]


def _drop(verbs: Sorting, tx: Tx, fields: Fields) -> None:
    verbs.drop_pool(tx, _pool(tx, fields))


def _put(verbs: Sorting, tx: Tx, fields: Fields) -> None:
    lead = _number(fields["lead"], 1, 86_400) if fields.get("lead") else None
    verbs.put(tx, _pool(tx, fields).id, fields.get("register", ""), lead=lead)


def _take(verbs: Sorting, tx: Tx, fields: Fields) -> None:
    verbs.take(tx, _pool(tx, fields).id, fields.get("register", ""))


def _route(verbs: Sorting, tx: Tx, fields: Fields) -> None:
    to = _pool(tx, fields)
    shop = fields.get("shop") or None
    if shop is not None and shop not in {one.id for one in people.shops(tx)}:
        raise Unfit("такого магазина нет / there is no such shop")
    taxation = fields.get("taxation", "")
    if taxation and taxation not in {value for value, _ in TAXATIONS}:
        raise Unfit("такой СНО нет / there is no such taxation system")
    words = {name: fields.get(name) or None for name in ("section", "pay_system", "place")}
    if any(word is not None and len(word) > 256 for word in words.values()):
        raise Unfit("условие длиннее 256 знаков / a condition of over 256 characters")
    made = pools.Route(
        "", to.seller_id, _number(fields.get("rank") or "100", 0, 100_000), to.id, shop, words["section"],
        words["pay_system"], words["place"], Taxation(taxation).bit if taxation else None,
    )  # fmt: skip
    verbs.add_route(tx, made)


def _unroute(verbs: Sorting, tx: Tx, fields: Fields) -> None:
    found = [one for one in pools.routes(tx) if one.id == fields.get("route")]
    if not found:
        raise Unfit("такого правила нет / there is no such rule")
    verbs.drop_route(tx, found[0])


VERBS: Mapping[str, Callable[[Sorting, Tx, Fields], None]] = {
    "add": _add, "drop": _drop, "put": _put, "take": _take, "route": _route, "unroute": _unroute,
}  # fmt: skip


@member
async def change(request: Request) -> Response:
    """One verb, audited; what waits is sorted anew at once."""
    desk = desk_of(request)
    verb = VERBS.get(request.path_params["verb"])
    fields = await forms.read(request)
    if verb is None:
        raise HTTPException(404)
    verbs = Sorting(desk.keys, who=request.state.person.login, reason=fields.get("reason", "")[:500])
    try:
        await desk.store.write(lambda tx: verb(verbs, tx, fields))
    except StoreError as error:
        tell(request, "verb.failed", "bad", why=str(error))
    else:
        await desk.hub.reload()
        tell(request, "pools.changed")
    return back("/pools")


ROUTES = [
    Route("/pools", show, methods=["GET"]),
    Route("/pools/{verb:str}", change, methods=["POST"]),
]
