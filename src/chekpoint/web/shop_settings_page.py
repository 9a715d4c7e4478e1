"""What of a shop may be changed beside its rules: its connection anew, and what every shop has."""

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chekpoint.core.errors import StoreError
from chekpoint.hub.joining import Joining, answered, card_of
from chekpoint.hub.kinds import ShopKind, Unfilled
from chekpoint.store import people
from chekpoint.web import connect_page, forms, steps
from chekpoint.web.desk import back, desk_of, member, tell
from chekpoint.web.shops_page import page, the_shop, way_of


@member
async def save_card(request: Request) -> Response:
    """Site, deadline and webhook; the webhook's secret is shown on the answer and nowhere else."""
    desk, shop = desk_of(request), await the_shop(request)
    fields = await forms.read(request)
    try:
        card = card_of(fields)
    except Unfilled as wrong:
        return await page(request, shop, status=422, card=fields, card_faults=wrong.faults)
    verbs, fresh = Joining(desk.keys, who=request.state.person.login), bool(fields.get("new_secret"))
    secret = await desk.store.write(lambda tx: verbs.set_card(tx, shop, card, new_secret=fresh))
    await desk.hub.reload()
    if secret is not None:
        return await page(request, await the_shop(request), new_secret=secret)
    tell(request, "shop.card_saved")
    return back(f"/shops/{shop.id}")


async def _renewable(request: Request) -> tuple[people.Shop, ShopKind]:
    shop = await the_shop(request)
    way = way_of(desk_of(request), shop)
    if way is None or not way.renews[0]:
        raise HTTPException(404)
    return shop, way


@member
async def ask_again(request: Request) -> Response:
    """The form of what is asked to connect again."""
    shop, way = await _renewable(request)
    return await _form(request, shop, way, {one.name: one.default for one in way.again}, {})


async def _form(
    request: Request,
    shop: people.Shop,
    way: ShopKind,
    fields: Mapping[str, str],
    faults: Mapping[str, object],
) -> Response:
    return await desk_of(request).page(
        request,
        "shop_renew.html",
        status=422 if faults else 200,
        shop=shop,
        way=way,
        fields=fields,
        faults=faults,
    )


@member
async def renew(request: Request) -> Response:
    """Another link or password in force, then the same checks as at first."""
    desk, (shop, way) = desk_of(request), await _renewable(request)
    fields = await forms.read(request)
    try:
        made = way.renew(shop, answered(way.again, fields), await desk.store.read(people.shops))
    except Unfilled as wrong:
        return await _form(request, shop, way, fields, wrong.faults)
    verbs = Joining(desk.keys, who=request.state.person.login)
    try:
        changed = await desk.store.write(lambda tx: verbs.renew(tx, way, shop, made))
    except StoreError as error:
        tell(request, "verb.failed", "bad", why=str(error))
        return back(f"/shops/{shop.id}")
    await desk.hub.reload()
    found = connect_page.checked(desk, way, changed, made.secrets, request.state.person.login)
    pastes = way.pastes(changed, desk.address, made.secrets)
    return await steps.told(
        desk, request, "shop_steps.html", found, shop=changed, title="connect.done", pastes=pastes
    )


ROUTES = [
    Route("/shops/{shop:str}/card", save_card, methods=["POST"]),
    Route("/shops/{shop:str}/renew", ask_again, methods=["GET"]),
    Route("/shops/{shop:str}/renew", renew, methods=["POST"]),
]
