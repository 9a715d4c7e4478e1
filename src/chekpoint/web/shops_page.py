"""Shops: how each is connected, its rules, its keys, and a trial receipt."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chekpoint.core.clock import epoch_ms
from chekpoint.core.errors import StoreError
from chekpoint.hub.joining import Joining
from chekpoint.hub.kinds import ShopKind, Unfilled
from chekpoint.hub.shop_rules import ShopRules, rules_of, set_rules
from chekpoint.hub.trial import watched
from chekpoint.store import people, views_registers, views_shops
from chekpoint.store.journal import Tx
from chekpoint.web import forms, rules_form, steps
from chekpoint.web.desk import Desk, back, desk_of, key_of, member, tell

REASON_MOST = 500
RECEIPTS = 10


class Row(NamedTuple):
    """A shop in the list."""

    shop: people.Shop
    way: ShopKind | None
    waiting: int
    today: int
    last_at: int | None
    trouble: Any


@member
async def show(request: Request) -> Response:
    """All shops."""
    desk = desk_of(request)
    midnight = desk.clock.now().astimezone(desk.zone).replace(hour=0, minute=0, second=0, microsecond=0)

    def look(tx: Tx) -> tuple[list[Row], dict[str, str]]:
        return _rows(tx, desk, epoch_ms(midnight)), {one.id: one.name for one in people.sellers(tx)}

    rows, sellers = await desk.store.read(look)
    return await desk.page(request, "shops.html", rows=rows, sellers=sellers)


def _rows(tx: Tx, desk: Desk, midnight: int) -> list[Row]:
    waiting, today = views_shops.waiting(tx), views_shops.since(tx, midnight)
    open_now, rows = views_shops.troubles(tx), []
    for shop in people.shops(tx):
        last = views_shops.newest(tx, shop.id, 1)
        trouble = next((one for one in open_now if one.subject.startswith(shop.id)), None)
        counts = waiting.get(shop.id, 0), today.get(shop.id, 0)
        rows.append(Row(shop, way_of(desk, shop), *counts, last[0].accepted_at if last else None, trouble))
    return rows


def way_of(desk: Desk, shop: people.Shop) -> ShopKind | None:
    """The way in which a shop is connected: of those of its kind, one that knows its settings."""
    return next((one for one in desk.kinds if one.kind == shop.kind and one.shown(shop)), None)


async def the_shop(request: Request) -> people.Shop:
    """The shop of the address; HTTPException 404 when there is none."""
    wanted = key_of(request, "shop")
    found = [one for one in await desk_of(request).store.read(people.shops) if one.id == wanted]
    if not found:
        raise HTTPException(404)
    return found[0]


@member
async def show_one(request: Request) -> Response:
    """One shop."""
    return await page(request, await the_shop(request))


NOTHING: Mapping[str, Any] = {
    "fields": None, "faults": {}, "card": None, "card_faults": {}, "new_key": "", "new_secret": "",
}  # fmt: skip
"""What a form brings back to the page: as filled in, what is wrong with it, what is shown once."""


async def page(request: Request, shop: people.Shop, *, status: int = 200, **brought: Any) -> Response:
    """The page of a shop; ``brought`` as NOTHING."""
    desk, way, shown = desk_of(request), way_of(desk_of(request), shop), {**NOTHING, **brought}
    rules = _rules(shop) if way is not None and way.ruled else None

    def look(tx: Tx) -> dict[str, Any]:
        return {
            "seller": next(one for one in people.sellers(tx) if one.id == shop.seller_id),
            "keys": people.keys(tx, shop.id), "deeds": views_shops.deeds(tx, shop.id),
            "troubles": [one for one in views_shops.troubles(tx) if one.subject.startswith(shop.id)],
            "lines": views_shops.newest(tx, shop.id, RECEIPTS), "names": views_registers.names(tx),
            "ways": views_shops.ways(tx, shop.id, shop.seller_id),
        }  # fmt: skip

    found = await desk.store.read(look)
    if shown["fields"] is None:
        shown["fields"] = rules_form.fields_of(rules) if rules is not None else {}
    if shown["card"] is None:
        shown["card"] = {
            "site": shop.site or "", "webhook": shop.webhook_url or "", "deadline": str(shop.deadline_seconds),
        }  # fmt: skip
    return await desk.page(
        request, "shop.html", status=status, shop=shop, way=way, ruled=rules is not None,
        vat=rules_form.rows_of(shown["fields"]), choices=rules_form.CHOICES, forms=rules_form.FORM_WORDS,
        facts=way.shown(shop) if way else [], can_try=desk.trials is not None and way is not None, **shown, **found,
    )  # fmt: skip


def _rules(shop: people.Shop) -> ShopRules:
    try:
        return rules_of(shop.settings)
    except msgspec.DecodeError:
        return ShopRules()


@member
async def save_rules(request: Request) -> Response:
    """New rules, audited; what does not fit comes back with the words beside it."""
    desk, shop = desk_of(request), await the_shop(request)
    way = way_of(desk, shop)
    if way is None or not way.ruled:
        raise HTTPException(404)
    fields = await forms.read(request, most=rules_form.ROWS_MOST * 4 + 40)
    try:
        rules, reason = rules_form.rules_from(fields), _reason(fields)
    except Unfilled as wrong:
        return await page(request, shop, status=422, fields=fields, faults=wrong.faults)
    who, key = request.state.person.login, desk.keys.new()
    await desk.store.write(lambda tx: set_rules(tx, _now(tx, shop), rules, who=who, reason=reason, key=key))
    await desk.hub.reload()
    tell(request, "shop.rules_saved")
    return back(f"/shops/{shop.id}")


def _reason(fields: Mapping[str, str]) -> str:
    reason = fields.get("reason", "")
    if not 0 < len(reason) <= REASON_MOST:
        raise Unfilled(
            {"reason": ("Напишите, почему меняете: это останется в журнале.", "Say why: it is kept.")}
        )
    return reason


def _now(tx: Tx, shop: people.Shop) -> people.Shop:
    """The shop as it is inside this unit: another person may have changed it."""
    return next(one for one in people.shops(tx) if one.id == shop.id)


@member
async def add_key(request: Request) -> Response:
    """A new API key, shown on the answer and nowhere else."""
    desk, shop = desk_of(request), await the_shop(request)
    await forms.read(request)
    verbs = Joining(desk.keys, who=request.state.person.login)
    made = await desk.store.write(lambda tx: verbs.new_key(tx, shop))
    return await page(request, shop, new_key=made.secret)


@member
async def drop_key(request: Request) -> Response:
    """Revoke a key."""
    desk, shop, key = desk_of(request), await the_shop(request), key_of(request, "key")
    await forms.read(request)
    verbs = Joining(desk.keys, who=request.state.person.login)
    try:
        await desk.store.write(lambda tx: verbs.revoke(tx, shop, key))
    except StoreError as error:
        tell(request, "verb.failed", "bad", why=str(error))
    else:
        await desk.hub.reload()
        tell(request, "shop.key_revoked")
    return back(f"/shops/{shop.id}")


@member
async def check(request: Request) -> Response:
    """Look at the connection again, step by step."""
    desk, shop = desk_of(request), await the_shop(request)
    await forms.read(request)
    way = way_of(desk, shop)
    if way is None:
        raise HTTPException(404)
    found = watched(way.check(desk.http, shop, desk.address, {}), shop.name)
    return await steps.told(desk, request, "shop_steps.html", found, shop=shop, title="shop.check", pastes=[])


@member
async def attempt(request: Request) -> Response:
    """The trial receipt, step by step."""
    desk, shop = desk_of(request), await the_shop(request)
    await forms.read(request)
    if desk.trials is None:
        raise HTTPException(404)
    played = desk.trials.play(shop)
    return await steps.told(
        desk, request, "shop_steps.html", played, shop=shop, title="shop.trial", pastes=[]
    )


async def fresh(_request: Request) -> Response:
    """Where a person looks for it."""
    return back("/connect")


ROUTES = [
    Route("/shops", show, methods=["GET"]),
    Route("/shops/new", fresh, methods=["GET"]),
    Route("/shops/{shop:str}", show_one, methods=["GET"]),
    Route("/shops/{shop:str}/rules", save_rules, methods=["POST"]),
    Route("/shops/{shop:str}/keys", add_key, methods=["POST"]),
    Route("/shops/{shop:str}/keys/{key:str}/revoke", drop_key, methods=["POST"]),
    Route("/shops/{shop:str}/check", check, methods=["POST"]),
    Route("/shops/{shop:str}/trial", attempt, methods=["POST"]),
]
