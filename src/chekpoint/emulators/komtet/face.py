"""The service over HTTP, with faults on its line, and a page that says what it is."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from chekpoint.emulators.atol_web.http_faults import FaultyLine
from chekpoint.emulators.atol_web.serve import server as faulty_server
from chekpoint.emulators.cloud_queue import at_work
from chekpoint.emulators.control import control_routes
from chekpoint.emulators.faults import FaultPlan
from chekpoint.emulators.komtet.service import SIGNATURE, Answered, Komtet

HEAD: Final = {"X-Test-Double": "Komtet Kassa emulator, never a KKT"}
BODY_MOST: Final = 1 << 20
API: Final = "/api/shop/v2"


class QueueOrder(msgspec.Struct, frozen=True, kw_only=True):
    """``POST /control/queue``: does the registers' application work?"""

    active: bool


class Face:
    """Routes of the API. Any answer carries the header that says what this is."""

    def __init__(self, service: Komtet, faults: FaultPlan) -> None:
        self.service, self.faults = service, faults
        self.app = FaultyLine(self._application(), faults, service.clock)

    def _application(self) -> Starlette:
        routes = [
            Route(f"{API}/queues/{{queue:int}}", self._answering(self._queue), methods=["GET"]),
            Route(f"{API}/queues/{{queue:int}}/task", self._answering(self._task), methods=["POST"]),
            Route(f"{API}/queues/{{queue:int}}/multi-tasks", self._answering(self._many), methods=["POST"]),
            Route(f"{API}/tasks/{{number:int}}", self._answering(self._asked), methods=["GET"]),
            Route("/control/queue", self._switch, methods=["POST"]),
            *control_routes(faults=self.faults, register=self.service.registers[0], extra=self._shown),
        ]
        return Starlette(routes=routes, lifespan=self._lifespan)

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        async with at_work(self.service.queue, self.service.calls):
            yield

    def _shown(self) -> dict[str, Any]:
        return {"komtet": self.service.queue_state(), "tasks": self.service.queue.counts()}

    async def _switch(self, request: Request) -> Response:
        try:
            order = msgspec.json.decode(await _body(request), type=QueueOrder)
        except msgspec.DecodeError as error:
            return JSONResponse({"error": str(error)}, 400)
        self.service.queue.held = not order.active
        return JSONResponse(self.service.queue_state(), headers=HEAD)

    def _answering(
        self, act: Callable[[Request, bytes], Awaitable[dict[str, Any]]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            try:
                body = await _body(request)
                self._admit(request, body)
                return JSONResponse(await act(request, body), headers=HEAD)
            except Answered as answered:
                return JSONResponse(answered.body, answered.status, headers=HEAD)

        return endpoint

    def _admit(self, request: Request, body: bytes) -> None:
        """The signature is over the address as the client writes it: the Host header, and the path as it came."""
        scope = request.scope
        path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
        query = scope["query_string"].decode("latin-1")
        url = f"{request.url.scheme}://{request.headers.get('host', '')}{path}{'?' if query else ''}{query}"
        said = request.method.encode() + url.encode() + body
        self.service.admit(request.headers.get("authorization"), request.headers.get(SIGNATURE), said)

    async def _queue(self, request: Request, body: bytes) -> dict[str, Any]:
        del body
        self.service.check_queue(request.path_params["queue"])
        return self.service.queue_state()

    async def _task(self, request: Request, body: bytes) -> dict[str, Any]:
        self.service.check_queue(request.path_params["queue"])
        return self.service.take(body)

    async def _many(self, request: Request, body: bytes) -> dict[str, Any]:
        self.service.check_queue(request.path_params["queue"])
        return self.service.take_many(body)

    async def _asked(self, request: Request, body: bytes) -> dict[str, Any]:
        del body
        return self.service.task(request.path_params["number"])


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > BODY_MOST:
            raise Answered(413, "Payload Too Large", "VLD02", "Запрос слишком велик")
    return bytes(body)


def server(face: Face, *, host: str = "127.0.0.1", port: int = 0) -> uvicorn.Server:
    """A uvicorn server whose connections a fault can end; ``port`` 0 takes a free one."""
    return faulty_server(face.app, host=host, port=port)
