"""Connecting a shop: choose its kind, answer what it asks, and see each step checked."""

from collections.abc import AsyncIterator, Mapping
from functools import partial
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chekpoint.hub.joining import Joining, wanted
from chekpoint.hub.kinds import ShopKind, Step, Unfilled
from chekpoint.hub.trial import watched
from chekpoint.store import people
from chekpoint.web import forms, kind_form, steps
from chekpoint.web.desk import Desk, desk_of, member

_FORM: Final = "connect_form.html"


@member
async def kinds(request: Request) -> Response:
    """What can be connected."""
    desk = desk_of(request)
    sellers = await desk.store.read(people.sellers)
    return await desk.page(request, "connect.html", kinds=desk.kinds, sellers=sellers)


@member
async def ask(request: Request) -> Response:
    """The form of a kind."""
    return await kind_form.blank(request, _FORM, kind_form.of(request, desk_of(request).kinds))


@member
async def connect(request: Request) -> Response:
    """Store the shop, show what to paste where, then check each thing that must be right."""
    desk = desk_of(request)
    kind = kind_form.of(request, desk.kinds)
    fields = await forms.read(request)
    try:
        shops = await desk.store.read(people.shops)
        plan = wanted(kind, fields, await desk.store.read(people.sellers), shops)
        made = kind.make(plan.answers, shops)
        verbs = Joining(desk.keys, who=request.state.person.login)
        shop, said = await desk.store.write(lambda tx: verbs.join(tx, kind, plan, made))
    except Unfilled as wrong:
        return await kind_form.page(request, _FORM, kind, fields, wrong.faults)
    await desk.hub.reload()
    found = checked(desk, kind, shop, said, request.state.person.login)
    pastes = kind.pastes(shop, desk.address, said)
    return await steps.told(
        desk, request, "shop_steps.html", found, shop=shop, title="connect.done", pastes=pastes
    )


async def checked(
    desk: Desk, kind: ShopKind, shop: people.Shop, said: Mapping[str, str], who: str
) -> AsyncIterator[Step]:
    """The checks; VAT rates that the shop's system names become rules."""
    yield Step(ok=True, words=(f"Магазин «{shop.name}» записан.", f"The shop {shop.name} is stored."))
    verbs = Joining(desk.keys, who=who)
    async for step in watched(kind.check(desk.http, shop, desk.address, said), shop.name):
        yield step
        if step.rates:
            await desk.store.write(partial(verbs.rate, shop.id, step.rates))
            await desk.hub.reload()


ROUTES = [
    Route("/connect", kinds, methods=["GET"]),
    Route("/connect/{way:str}", ask, methods=["GET"]),
    Route("/connect/{way:str}", connect, methods=["POST"]),
]
