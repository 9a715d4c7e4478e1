"""The storefront over HTTP: baskets by cookie, orders, a payment page, and a panel to break it while it runs."""

import itertools
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple
from urllib.parse import parse_qs

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from chekpoint.core.clock import Clock
from chekpoint.emulators.atol_web.http_faults import lose_line
from chekpoint.emulators.shop_front import pages
from chekpoint.emulators.shop_front.conduct import Conduct, Wish

HEAD: Final = {"X-Test-Double": "shop front emulator, sells nothing"}
BODY_MOST: Final = 16 << 10
BASKETS_MOST: Final = 10_000
_PRICES: Final = {ware.key: ware.price for ware in pages.WARES}


class Order(NamedTuple):
    """An order that waits for its payment; ``total`` is kopecks."""

    number: int
    name: str
    email: str
    total: int


class ShopFront:
    """One site. ``conduct`` may be changed at any time; ``app`` is the ASGI application."""

    def __init__(self, clock: Clock, conduct: Conduct | None = None) -> None:
        self.clock, self.conduct = clock, conduct or Conduct()
        self.orders: list[Order] = []
        self.seen = 0  # requests of the shop's pages
        self._baskets: dict[str, list[str]] = {}
        self._numbers = itertools.count(1)
        self.app: ASGIApp = _Troubled(self._application(), self)

    def _application(self) -> Starlette:
        routes = [
            Route("/", _page(self._catalogue), methods=["GET"]),
            Route("/basket", _page(self._basket), methods=["GET", "POST"]),
            Route("/checkout", _page(self._checkout), methods=["GET", "POST"]),
            Route("/pay/{number:int}", _page(self._pay), methods=["GET"]),
            Route("/control/state", self._state, methods=["GET"]),
            Route("/control/conduct", self._change, methods=["POST"]),
        ]
        return Starlette(routes=routes)

    async def _catalogue(self, _request: Request) -> Response:
        conduct = self.conduct
        return HTMLResponse(pages.catalogue(blank=conduct.blank, dead_button=conduct.dead_button))

    async def _basket(self, request: Request) -> Response:
        key, mine = self._mine(request)
        if request.method == "POST":
            ware = (await _fields(request)).get("ware", "")
            mine += [ware] if ware in _PRICES and len(mine) < 100 else []
            answer: Response = RedirectResponse("/basket", 303)
        else:
            answer = HTMLResponse(pages.basket(mine))
        answer.set_cookie("basket", key, httponly=True, samesite="lax")
        return answer

    def _mine(self, request: Request) -> tuple[str, list[str]]:
        key = request.cookies.get("basket", "")
        if key not in self._baskets:
            key = f"b{next(self._numbers)}"
            if len(self._baskets) >= BASKETS_MOST:
                self._baskets.clear()
        return key, self._baskets.setdefault(key, [])

    async def _checkout(self, request: Request) -> Response:
        key, mine = self._mine(request)
        if not mine:
            return RedirectResponse("/basket", 303)
        if request.method == "GET":
            return HTMLResponse(pages.checkout())
        fields = await _fields(request)
        name, email = fields.get("name", ""), fields.get("email", "")
        if not name or "@" not in email:
            return HTMLResponse(pages.checkout("Укажите имя и почту"), 422)
        total = sum(_PRICES[ware] for ware in self._baskets.pop(key))
        order = Order(next(self._numbers), name, email, total)
        self.orders.append(order)
        return RedirectResponse(f"/pay/{order.number}", 303)

    async def _pay(self, request: Request) -> Response:
        order = next((one for one in self.orders if one.number == request.path_params["number"]), None)
        if self.conduct.no_payment:
            return HTMLResponse("<h1>502 Bad Gateway</h1>", 502)
        if order is None:
            return HTMLResponse("<h1>404</h1>", 404)
        return HTMLResponse(pages.payment(order.number, order.total))

    async def _state(self, _request: Request) -> Response:
        return JSONResponse(
            {"test_double": pages.BANNER, "conduct": msgspec.to_builtins(self.conduct), "orders": len(self.orders),
             "seen": self.seen}, headers=HEAD,
        )  # fmt: skip

    async def _change(self, request: Request) -> Response:
        try:
            msgspec.json.decode(await _body(request), type=Wish).onto(self.conduct)
        except (msgspec.DecodeError, ValueError) as error:
            return JSONResponse({"error": str(error)}, 400, headers=HEAD)
        return await self._state(request)


class _Troubled:
    """What strikes every page of the shop; the panel is spared."""

    def __init__(self, app: ASGIApp, front: ShopFront) -> None:
        self._app, self._front = app, front

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/control/"):
            await self._app(scope, receive, send)
            return
        self._front.seen += 1
        conduct = self._front.conduct
        if conduct.slow:
            await self._front.clock.sleep(conduct.slow)
        if conduct.down:
            await lose_line(scope, receive)
        elif conduct.parked:
            await RedirectResponse(conduct.parked, 302)(scope, receive, send)
        elif conduct.status != 200:
            await HTMLResponse(f"<h1>{conduct.status}</h1>", conduct.status)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _page(make: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            answer = await make(request)
        except ValueError as error:
            answer = HTMLResponse(f"<h1>400</h1><p>{type(error).__name__}</p>", 400)
        answer.headers.update(HEAD)
        return answer

    return endpoint


async def _body(request: Request) -> bytes:
    """The whole body; ValueError when it is longer than any form of ours."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > BODY_MOST:
            raise ValueError("тело слишком длинное / the body is too long")
    return bytes(body)


async def _fields(request: Request) -> dict[str, str]:
    pairs = parse_qs((await _body(request)).decode(), max_num_fields=20)
    return {name: values[0].strip()[:200] for name, values in pairs.items()}
