"""The Bot API over HTTP on a real port, with faults on its line, and a page on which a person sees and writes."""

from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from chekpoint.emulators.atol_web.http_faults import FaultyLine
from chekpoint.emulators.atol_web.serve import server as faulty_server
from chekpoint.emulators.faults import FaultPlan
from chekpoint.emulators.telegram.page import page
from chekpoint.emulators.telegram.service import Refused, Telegram, Trouble

HEAD: Final = {"X-Test-Double": "Telegram Bot API emulator, no message leaves it"}
BODY_MOST: Final = 1 << 20


class Saying(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``POST /control/say``: a person writes in a chat."""

    text: str
    chat: int
    user: str = "director"


class Pressing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``POST /control/press``: a person presses a button under a message."""

    message: int
    place: int = 0
    user: str = "director"


class TroubleOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``POST /control/trouble``: refuse the next calls; an empty ``kind`` heals."""

    kind: str = ""
    times: int = -1
    seconds: float = 1.0


class Face:
    """Routes of the API, of the control panel and of the page. Any answer says what this is."""

    def __init__(self, service: Telegram, faults: FaultPlan) -> None:
        self.service, self.faults = service, faults
        routes = [
            Route("/", self._page, methods=["GET"]),
            Route("/bot{token:str}/{method:str}", self._call, methods=["GET", "POST"]),
            Route("/control/state", self._state, methods=["GET"]),
            Route("/control/say", self._say, methods=["POST"]),
            Route("/control/press", self._press, methods=["POST"]),
            Route("/control/trouble", self._trouble, methods=["POST"]),
        ]
        self.app = FaultyLine(Starlette(routes=routes), faults, service.clock)

    async def _call(self, request: Request) -> Response:
        try:
            params = await _params(request)
            where = request.path_params
            result = await self.service.call(where["token"], where["method"], params)
        except Refused as refused:
            return JSONResponse(refused.body, refused.code, headers=HEAD)
        return JSONResponse({"ok": True, "result": result}, headers=HEAD)

    async def _page(self, _request: Request) -> Response:
        return HTMLResponse(page(self.service), headers=HEAD)

    async def _state(self, _request: Request) -> Response:
        return JSONResponse(self._shown(), headers=HEAD)

    def _shown(self) -> dict[str, Any]:
        service = self.service
        return {
            "chats": {str(key): name for key, name in service.chats.items()}, "calls": service.calls,
            "troubles": service.troubles, "said": [msgspec.to_builtins(one) for one in service.said],
        }  # fmt: skip

    async def _say(self, request: Request) -> Response:
        return await self._ordered(request, Saying, lambda one: self.service.say(one.chat, one.text, user=one.user))  # fmt: skip

    async def _press(self, request: Request) -> Response:
        return await self._ordered(request, Pressing, lambda one: self.service.press(one.message, one.place, user=one.user))  # fmt: skip

    async def _trouble(self, request: Request) -> Response:
        def act(one: TroubleOrder) -> None:
            if one.kind:
                self.service.trouble(Trouble(one.kind), times=one.times, seconds=one.seconds)
            else:
                self.service.heal()

        return await self._ordered(request, TroubleOrder, act)

    async def _ordered(self, request: Request, shape: Any, act: Any) -> Response:
        """JSON for programs, a plain form for people; HTTP 400 with what is wrong."""
        form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
        try:
            act(msgspec.convert(await _params(request), shape, strict=False))
        except (msgspec.ValidationError, ValueError, Refused) as error:
            return JSONResponse({"error": str(error)}, 400, headers=HEAD)
        return RedirectResponse("../", 303) if form else JSONResponse(self._shown(), headers=HEAD)


async def _params(request: Request) -> dict[str, Any]:
    """Parameters as the API takes them: in the address, a form, or JSON. Raises Refused."""
    found: dict[str, Any] = dict(request.query_params)
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > BODY_MOST:
            raise Refused(413, "Request Entity Too Large")
    if not body:
        return found
    try:
        if "json" in request.headers.get("content-type", ""):
            return found | msgspec.json.decode(bytes(body), type=dict[str, Any])
        return found | dict(parse_qsl(body.decode(), keep_blank_values=True))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(400, "Bad Request: can't parse the request") from error


def server(face: Face, *, host: str = "127.0.0.1", port: int = 0) -> uvicorn.Server:
    """A uvicorn server whose connections a fault can end; ``port`` 0 takes a free one."""
    return faulty_server(face.app, host=host, port=port)
