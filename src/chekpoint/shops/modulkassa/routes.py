"""HTTP of the door: both versions of the API, at the addresses of production and of the demonstration."""

from typing import Any, Final

import msgspec
import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from chekpoint.core.errors import StoreError
from chekpoint.hub.hub import Hub
from chekpoint.hub.patience import patiently
from chekpoint.shops.modulkassa.desk import Desk, basic
from chekpoint.shops.modulkassa.errors import Refusal

log = structlog.get_logger()
BASES: Final = ("/api/fn", "/fn")
BODY_MOST: Final = 1 << 20
_DOC: Final = "doc/"


class Door:
    """The ASGI application behind ``/api/fn``."""

    def __init__(self, hub: Hub, zone: str) -> None:
        self._hub, self._desk = hub, Desk(hub, zone)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        try:
            body = await _body(request)
            response = await self._answer(request, body)
        except ClientDisconnect:
            return
        except Refusal as refusal:
            response = _refused(refusal)
        await response(scope, receive, send)

    async def _answer(self, request: Request, body: bytes) -> Response:
        try:
            found = await patiently(self._hub.post.clock, lambda: self._route(request, body))
        except Refusal as refusal:
            return _refused(refusal)
        except StoreError:
            log.exception("modulkassa_store_failed")
        except Exception:
            log.exception("modulkassa_failed")
        else:
            return Response(status_code=200) if found is None else _json(200, found)
        return _json(
            503, {"error": "UNAVAILABLE", "message": "Временная неполадка: повторите запрос с тем же id"}
        )

    async def _route(self, request: Request, body: bytes) -> dict[str, Any] | None:
        given = basic(request.headers.get("authorization"))
        path, method = request.path_params.get("rest", "associate").strip("/"), request.method
        if path.startswith("associate/") and method == "POST":
            return await self._desk.associate(given, path.removeprefix("associate/"))
        caller = await self._desk.caller(given)
        if path == "associate" and method == "DELETE":
            await self._desk.dissociate(caller)
            return None
        if path == "status" and method == "GET":
            return await self._desk.status(caller)
        if path == "doc" and method == "POST":
            return await self._desk.post(caller, body)
        if path.startswith(_DOC) and path.endswith("/status") and method == "GET":
            return await self._desk.document(caller, path[len(_DOC) : -len("/status")])
        if path.startswith(_DOC) and path.endswith("/re-queue") and method == "PUT":
            return await self._desk.requeue(caller, path[len(_DOC) : -len("/re-queue")])
        raise Refusal(404, "NOT_FOUND", "Такого адреса или метода нет")


async def _body(request: Request) -> bytes:
    parts = bytearray()
    async for part in request.stream():
        parts += part
        if len(parts) > BODY_MOST:
            raise Refusal(413, "TOO_LARGE", f"Тело запроса больше {BODY_MOST} байт")
    return bytes(parts)


def _json(status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    kept = {"cache-control": "no-store", **(headers or {})}
    return Response(msgspec.json.encode(body), status, kept, "application/json; charset=utf-8")


def _refused(refusal: Refusal) -> Response:
    asked = {"www-authenticate": 'Basic realm="chekpoint"'} if refusal.status == 401 else None
    return _json(refusal.status, {"error": refusal.error, "message": refusal.message}, asked)


def routes(hub: Hub, *, zone: str = "Europe/Moscow") -> list[BaseRoute]:
    """To be mounted at the root. ``zone`` is where the registers' wall clocks are."""
    door = Door(hub, zone)
    made: list[BaseRoute] = []
    for base in BASES:
        made += [Route(f"{base}/v{version}/{{rest:path}}", door) for version in (1, 2)]
        # a module of 2017 gives its pair back at an address without a version
        made.append(Route(f"{base}/associate", door))
    return made
