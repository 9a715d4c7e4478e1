"""HTTP of the door: addresses with and without a slash at the end, tokens in three places, every error as JSON.

Nothing here answers 5xx. 1C-Bitrix gives a check up for good at any error, and most modules do: so a trouble of
ours is waited out inside the request, and when that does not help the connection is cut, at which clients
send again under the same external_id. A report that cannot be read answers ``wait``.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import msgspec
import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from chekpoint.core.errors import StoreError
from chekpoint.hub.hub import Hub
from chekpoint.hub.patience import HOLD, PAUSE, patiently
from chekpoint.shops.atol_online import reports
from chekpoint.shops.atol_online.desk import Caller, Desk
from chekpoint.shops.atol_online.errors import Code, Refusal
from chekpoint.shops.atol_online.orders import body_of
from chekpoint.shops.atol_online.words import VERSIONS

log = structlog.get_logger()
T = TypeVar("T")
BASES: Final = ("/possystem", "/api/fn/possystem")
"""The second is the address at which ModulKassa offers the same protocol."""
BODY_MOST: Final = 1 << 20


class Cut(Response):
    """No answer: a head that promises a body, and then the connection ends."""

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Begin and break off: the server closes the connection."""
        head = [(b"content-type", b"application/json"), (b"content-length", b"2"), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": 200, "headers": head})


class Door:
    """The ASGI application behind ``/possystem``."""

    def __init__(self, hub: Hub) -> None:
        self._hub, self._desk = hub, Desk(hub)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        steps = [step for step in request.path_params["rest"].split("/") if step]
        try:
            response = await self._answer(request, steps)
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _answer(self, request: Request, steps: list[str]) -> Response:
        try:
            return _json(200, await self._route(request, steps))
        except Refusal as refusal:
            return self._refused(refusal)
        except ClientDisconnect:
            raise
        except StoreError:
            log.exception("atol_online_store_failed")
        except Exception:
            log.exception("atol_online_failed")
        if len(steps) == 4:
            return _json(200, self._desk.waiting(steps[3]))
        return Cut()

    async def _route(self, request: Request, steps: list[str]) -> dict[str, Any]:
        posted = request.method == "POST"
        if not steps or steps[0] not in VERSIONS:
            raise Refusal(Code.GROUP_NOT_FOR_PROTOCOL)
        if len(steps) == 2 and steps[1].lower() == "gettoken" and (posted or request.method == "GET"):
            return await self._token(request)
        if len(steps) == 4 and steps[2] == "report" and request.method in {"GET", "HEAD"}:
            return await self._report(request, steps)
        if len(steps) == 3 and posted:
            return await self._register(request, steps)
        raise Refusal(Code.BAD_REQUEST, "Некорректный запрос: такого адреса или метода нет", status="fail")

    async def _token(self, request: Request) -> dict[str, Any]:
        if request.method == "POST":
            _check_type(request)
            given = body_of(await _body(request))
        else:
            given = dict(request.query_params)
        token = await self._patiently(lambda: self._desk.token(given.get("login"), given.get("pass")))
        return {"error": None, "token": token, "timestamp": reports.moment(self._desk.now())}

    async def _register(self, request: Request, steps: list[str]) -> dict[str, Any]:
        version, group, operation = steps
        caller: Caller = await self._patiently(lambda: self._desk.caller(_token_of(request), group))
        _check_type(request)
        body = await _body(request)
        return await self._patiently(lambda: self._desk.register(caller, version, operation, body))

    async def _report(self, request: Request, steps: list[str]) -> dict[str, Any]:
        # an error would make 1C-Bitrix mark a receipt as failed that was registered before the block
        caller = await self._desk.caller(_token_of(request), steps[1], may_be_blocked=True)
        return await self._desk.report(caller, steps[3])

    async def _patiently(self, work: Callable[[], Awaitable[T]]) -> T:
        return await patiently(self._hub.post.clock, work, hold=HOLD, pause=PAUSE)

    def _refused(self, refusal: Refusal) -> Response:
        error = reports.error_of(refusal.code, self._desk.error_id(), refusal.text)
        body = {**refusal.fields, "error": error, "timestamp": reports.moment(self._desk.now())}
        return _json(refusal.status, body)


def _json(status: int, body: dict[str, Any]) -> Response:
    return Response(
        msgspec.json.encode(body), status, {"cache-control": "no-store"}, "application/json; charset=utf-8"
    )


def _token_of(request: Request) -> str | None:
    query = request.query_params
    return request.headers.get("token") or query.get("token") or query.get("tokenid")


def _check_type(request: Request) -> None:
    """Old modules leave the charset out, some the whole header."""
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Refusal(Code.UNSUPPORTED_MEDIA_TYPE, status="fail")


async def _body(request: Request) -> bytes:
    parts = bytearray()
    async for part in request.stream():
        parts += part
        if len(parts) > BODY_MOST:
            raise Refusal(Code.BAD_REQUEST, f"Некорректный запрос: больше {BODY_MOST} байт", status="fail")
    return bytes(parts)


def routes(hub: Hub) -> list[BaseRoute]:
    """To be mounted at the root; the hub may be started later."""
    door = Door(hub)
    return [Route(f"{base}/{{rest:path}}", door) for base in BASES]
