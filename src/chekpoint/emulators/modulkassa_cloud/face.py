"""The service over HTTP, with faults on its line, and a page that says what it is."""

import base64
import binascii
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Annotated, Any, Final

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from chekpoint.emulators.atol_web.http_faults import FaultyLine, TidyPaths
from chekpoint.emulators.atol_web.serve import server as faulty_server
from chekpoint.emulators.cloud_queue import at_work
from chekpoint.emulators.control import control_routes
from chekpoint.emulators.faults import FaultPlan
from chekpoint.emulators.modulkassa_cloud.service import Answered, ModulKassa, PointState

HEAD: Final = {"X-Test-Double": "ModulKassa emulator, never a KKT"}
BODY_MOST: Final = 1 << 20
API: Final = "/api/fn"
Act = Callable[[Request, bytes], Awaitable[dict[str, Any] | None]]


class PointOrder(msgspec.Struct, frozen=True, kw_only=True):
    """``POST /control/point``. ``working``: does the register's application take documents?"""

    status: PointState | None = None
    silent_seconds: Annotated[float, msgspec.Meta(ge=0, le=10**8)] | None = None
    working: bool | None = None


class Face:
    """Routes of the API. Any answer carries the header that says what this is."""

    def __init__(self, service: ModulKassa, faults: FaultPlan) -> None:
        self.service, self.faults = service, faults
        self.app = TidyPaths(FaultyLine(self._application(), faults, service.clock))

    def _application(self) -> Starlette:
        routes = [
            Route(f"{API}/v1/associate/{{point}}", self._answering(self._associate), methods=["POST"]),
            *(
                Route(path, self._answering(self._dissociate, admitted=True), methods=["DELETE"])
                for path in (f"{API}/v1/associate", f"{API}/associate")
            ),
            Route(f"{API}/v1/status", self._answering(self._point, admitted=True), methods=["GET"]),
            Route(f"{API}/{{version}}/doc", self._answering(self._document, admitted=True), methods=["POST"]),
            Route(
                f"{API}/v1/doc/{{name}}/status", self._answering(self._state, admitted=True), methods=["GET"]
            ),
            Route(
                f"{API}/v1/doc/{{name}}/re-queue",
                self._answering(self._again, admitted=True),
                methods=["PUT"],
            ),
            Route("/control/point", self._order, methods=["POST"]),
            *control_routes(faults=self.faults, register=self.service.registers[0], extra=self._shown),
        ]
        return Starlette(routes=routes, lifespan=self._lifespan)

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        self.service.resume_calls()
        async with at_work(self.service.queue, self.service.calls):
            yield

    def _shown(self) -> dict[str, Any]:
        return {"modulkassa": self.service.point(), "documents": self.service.queue.counts()}

    async def _order(self, request: Request) -> Response:
        try:
            order = msgspec.json.decode(await request.body(), type=PointOrder)
        except msgspec.DecodeError as error:
            return JSONResponse({"error": str(error)}, 400)
        if order.status is not None:
            self.service.state = order.status
        if order.silent_seconds is not None:
            self.service.silent_for = timedelta(seconds=order.silent_seconds)
        if order.working is not None:
            self.service.queue.held = not order.working
        return JSONResponse(self.service.point(), headers=HEAD)

    def _answering(self, act: Act, *, admitted: bool = False) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            try:
                body = await _body(request)
                if admitted:
                    self.service.admit(*_basic(request))
                told = await act(request, body)
            except Answered as answered:
                if answered.body is None:
                    return Response(status_code=answered.status, headers=HEAD)
                return JSONResponse(answered.body, answered.status, headers=HEAD)
            return JSONResponse(told, headers=HEAD) if told is not None else Response(headers=HEAD)

        return endpoint

    async def _associate(self, request: Request, body: bytes) -> dict[str, Any]:
        del body
        return self.service.associate(*_basic(request), request.path_params["point"])

    async def _dissociate(self, request: Request, body: bytes) -> None:
        del request, body
        self.service.dissociate()

    async def _point(self, request: Request, body: bytes) -> dict[str, Any]:
        del request, body
        return self.service.point()

    async def _document(self, request: Request, body: bytes) -> dict[str, Any]:
        if request.path_params["version"] not in {"v1", "v2"}:
            raise Answered(404)
        return self.service.take(body)

    async def _state(self, request: Request, body: bytes) -> dict[str, Any]:
        del body
        return self.service.status(request.path_params["name"])

    async def _again(self, request: Request, body: bytes) -> dict[str, Any]:
        del body
        return self.service.again(request.path_params["name"])


def _basic(request: Request) -> tuple[str, str]:
    """The words of HTTP Basic; raises Answered(401)."""
    scheme, _, word = request.headers.get("authorization", "").partition(" ")
    try:
        login, colon, password = base64.b64decode(word, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise Answered(401, "UNAUTHORIZED", "Нет логина и пароля") from error
    if scheme.lower() != "basic" or not colon:
        raise Answered(401, "UNAUTHORIZED", "Нет логина и пароля")
    return login, password


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > BODY_MOST:
            raise Answered(413, "TOO_LARGE", "Документ слишком велик")
    return bytes(body)


def server(face: Face, *, host: str = "127.0.0.1", port: int = 0) -> uvicorn.Server:
    """A uvicorn server whose connections a fault can end; ``port`` 0 takes a free one."""
    return faulty_server(face.app, host=host, port=port)
