"""The service over HTTP, with faults on its line, and a page that says what it is."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from chekpoint.emulators.atol_cloud.service import Answered, AtolCloud
from chekpoint.emulators.atol_web.http_faults import FaultyLine, TidyPaths
from chekpoint.emulators.atol_web.serve import server as faulty_server
from chekpoint.emulators.control import control_routes
from chekpoint.emulators.faults import FaultPlan

VERSIONS = ("v4", "v5")
HEAD = {"X-Test-Double": "ATOL Online emulator, never a KKT"}
BODY_MOST = 1 << 20


class Face:
    """Routes of the API. Any answer carries the header that says what this is."""

    def __init__(self, cloud: AtolCloud, faults: FaultPlan) -> None:
        self.cloud, self.faults = cloud, faults
        self.app = TidyPaths(FaultyLine(self._application(), faults, cloud.clock))

    def _application(self) -> Starlette:
        routes = [
            Route("/possystem/{version}/getToken", self._answering(self._token), methods=["GET", "POST"]),
            Route(
                "/possystem/{version}/{group}/report/{uuid}", self._answering(self._report), methods=["GET"]
            ),
            Route(
                "/possystem/{version}/{group}/{operation}", self._answering(self._register), methods=["POST"]
            ),
            *control_routes(faults=self.faults, register=self.cloud.registers[0], extra=self._shown),
        ]
        return Starlette(routes=routes, lifespan=self._lifespan)

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(self.cloud.run())]
        tasks += [asyncio.create_task(register.exchange.run()) for register in self.cloud.registers]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _shown(self) -> dict[str, Any]:
        counts: dict[str, int] = {}
        for entry in self.cloud.ledger.all():
            counts[entry.status] = counts.get(entry.status, 0) + 1
        return {"group": self.cloud.setup.group_code, "receipts": counts}

    def _check_version(self, version: str) -> None:
        if version not in VERSIONS:
            raise Answered(400, self.cloud.refused(40, "Версия протокола не поддерживается"))

    def _answering(
        self, act: Callable[[Request], Awaitable[dict[str, Any]]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            try:
                self._check_version(request.path_params["version"])
                return JSONResponse(await act(request), headers=HEAD)
            except Answered as answered:
                return JSONResponse(dict(answered.body), answered.status, headers=HEAD)

        return endpoint

    async def _token(self, request: Request) -> dict[str, Any]:
        if request.method == "GET":
            return self.cloud.sign_in(request.query_params.get("login"), request.query_params.get("pass"))
        try:
            given = json.loads(await _body(request))
            return self.cloud.sign_in(given["login"], given["pass"])
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise Answered(400, self.cloud.refused(40, f"Некорректный запрос: {error}")) from error

    async def _register(self, request: Request) -> dict[str, Any]:
        path = request.path_params
        self.cloud.admit(_token_of(request), path["group"])
        return self.cloud.register(path["version"], path["operation"], await _body(request))

    async def _report(self, request: Request) -> dict[str, Any]:
        path = request.path_params
        self.cloud.admit(_token_of(request), path["group"])
        return self.cloud.report(path["uuid"])


def _token_of(request: Request) -> str | None:
    named = request.query_params
    return request.headers.get("token") or named.get("token") or named.get("tokenid")


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > BODY_MOST:
            raise Answered(413, {"error": {"code": 40, "text": "Запрос слишком велик", "type": "system"}})
    return bytes(body)


def server(face: Face, *, host: str = "127.0.0.1", port: int = 0) -> uvicorn.Server:
    """A uvicorn server whose connections a fault can end; ``port`` 0 takes a free one."""
    return faulty_server(face.app, host=host, port=port)
