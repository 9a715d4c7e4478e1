"""The service over HTTPS that demands a client certificate, with faults on its line, and a page that says what it is."""

import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from chekpoint.emulators.atol_web.http_faults import FaultyLine, TidyPaths
from chekpoint.emulators.atol_web.serve import FaultyConnection
from chekpoint.emulators.cloud_queue import at_work
from chekpoint.emulators.control import control_routes
from chekpoint.emulators.faults import FaultPlan
from chekpoint.emulators.orange_data.content import SECTIONS
from chekpoint.emulators.orange_data.papers import Papers
from chekpoint.emulators.orange_data.service import Answered, OrangeData

HEAD: Final = {"X-Test-Double": "OrangeData emulator, never a KKT"}
BODY_MOST: Final = 1 << 20


class QueueOrder(msgspec.Struct, frozen=True, kw_only=True):
    """``POST /control/queue``: do the registers work, and do marks pass?"""

    active: bool = True
    marks_refused: bool = False


class Face:
    """Routes of the API. Any answer carries the header that says what this is."""

    def __init__(self, service: OrangeData, faults: FaultPlan) -> None:
        self.service, self.faults = service, faults
        self.app = TidyPaths(FaultyLine(self._application(), faults, service.clock))

    def _application(self) -> Starlette:
        routes = [
            Route("/api/v2/devices/status/{inn}/{group}", self._answering(self._devices), methods=["GET"]),
            *(route for section in SECTIONS for route in self._section(section)),
            Route("/control/queue", self._switch, methods=["POST"]),
            *control_routes(faults=self.faults, register=self.service.registers[0], extra=self._shown),
        ]
        return Starlette(routes=routes, lifespan=self._lifespan)

    def _section(self, section: str) -> list[Route]:
        async def take(request: Request) -> Response:
            body = await _body(request)
            self.service.admit(request.headers.get("x-signature"), body)
            self.service.take(section, body)
            return Response(status_code=201, headers=HEAD)

        async def told(request: Request) -> Response:
            named = request.path_params
            return _json(self.service.result(section, named["inn"], named["id"]))

        return [
            Route(f"/api/v2/{section}", self._answering(take), methods=["POST"]),
            Route(f"/api/v2/{section}/{{inn}}/status/{{id}}", self._answering(told), methods=["GET"]),
        ]

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        async with at_work(self.service.queue, self.service.calls):
            yield

    def _shown(self) -> dict[str, Any]:
        service = self.service
        own = {
            "group": service.setup.group,
            "held": service.queue.held,
            "marks_refused": service.marks_refused,
        }
        return {"orange_data": own, "documents": service.queue.counts()}

    async def _switch(self, request: Request) -> Response:
        try:
            order = msgspec.json.decode(await request.body(), type=QueueOrder)
        except msgspec.DecodeError as error:
            return JSONResponse({"error": str(error)}, 400)
        self.service.queue.held, self.service.marks_refused = not order.active, order.marks_refused
        return _json(self._shown())

    def _answering(
        self, act: Callable[[Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            try:
                return await act(request)
            except Answered as answered:
                headers = HEAD | answered.headers
                if not answered.errors:
                    return Response(status_code=answered.status, headers=headers)
                return _json({"errors": list(answered.errors)}, answered.status)

        return endpoint

    async def _devices(self, request: Request) -> Response:
        named = request.path_params
        return _json(self.service.devices(named["inn"], named["group"]))


def _json(shown: dict[str, Any], status: int = 200) -> Response:
    text = json.dumps(shown, ensure_ascii=False)
    return Response(text, status, headers=HEAD, media_type="application/json")


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > BODY_MOST:
            raise Answered(413, "Запрос слишком велик")
    return bytes(body)


def server(face: Face, papers: Papers, *, host: str = "127.0.0.1", port: int = 0) -> uvicorn.Server:
    """A uvicorn server behind mutual TLS whose connections a fault can end; ``port`` 0 takes a free one."""
    config = uvicorn.Config(
        face.app, host=host, port=port, http=FaultyConnection, ws="none", log_level="warning", lifespan="on",
        ssl_certfile=papers.server_cert, ssl_keyfile=papers.server_key, ssl_ca_certs=str(papers.ca),
        ssl_cert_reqs=ssl.CERT_REQUIRED,
    )  # fmt: skip
    return uvicorn.Server(config)
