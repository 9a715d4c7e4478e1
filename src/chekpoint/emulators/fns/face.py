"""The service over HTTP, with faults on its line, a page that says what it is, and a control for its conduct."""

from collections.abc import Callable
from typing import Annotated, Final

import msgspec
import uvicorn
from msgspec import Meta
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from chekpoint.emulators.atol_web.http_faults import FaultyLine
from chekpoint.emulators.atol_web.serve import server as faulty_server
from chekpoint.emulators.control import control_routes
from chekpoint.emulators.faults import FaultPlan
from chekpoint.emulators.fns import envelopes
from chekpoint.emulators.fns.conduct import CHECK_CODES, FAILURES, FAULTS, STORE_CODES
from chekpoint.emulators.fns.service import FnsService, Refused

HEAD: Final = {"X-Test-Double": "FNS open API emulator, never the tax service"}
XML: Final = "text/xml; charset=utf-8"
BODY_MOST: Final = 1 << 20
Seconds = Annotated[float, Meta(ge=0, le=2_000_000_000)]


class FnsOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``POST /control/fns``: what is absent stays as it is; (fn, fd) name one document."""

    lag_seconds: Seconds | None = None
    polls: Annotated[int, Meta(ge=0, le=1000)] | None = None
    readable_seconds: Seconds | None = None
    token_seconds: Seconds | None = None
    quota: Annotated[int, Meta(ge=0)] | None = None
    quota_as: str | None = None
    wants_user: bool | None = None
    bare_faults: bool | None = None
    zone_in_expiry: bool | None = None
    failure: str | None = None
    fn: str | None = None
    fd: Annotated[int, Meta(ge=1, lt=1 << 24)] | None = None
    check: int = 0
    store: int = 0

    def __post_init__(self) -> None:
        """Raise ValueError for a word or a code that the service does not know."""
        for name, value, known in (
            ("failure", self.failure or "", FAILURES), ("quota_as", self.quota_as or "fault", ("fault", "429")),
            ("check", self.check, (0, *CHECK_CODES)), ("store", self.store, (0, *STORE_CODES)),
        ):  # fmt: skip
            if value not in known:
                raise ValueError(f"{name}: {known}")


class Face:
    """Routes of the API. Any answer carries the header that says what this is."""

    def __init__(self, service: FnsService, faults: FaultPlan | None = None) -> None:
        self.service, self.faults = service, faults or FaultPlan()
        self.app = FaultyLine(self._application(), self.faults, service.clock)

    def _application(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/open-api/AuthService/0.1", self._token, methods=["POST"]),
                Route("/open-api/ais3/KktService/0.1", self._exchange, methods=["POST"]),
                Route("/control/fns", self._order, methods=["POST"]),
                *control_routes(faults=self.faults, extra=lambda: {"fns": self.service.counts()}),
            ]
        )

    async def _token(self, request: Request) -> Response:
        return await self._answer(request, self.service.token)

    async def _exchange(self, request: Request) -> Response:
        heads = request.headers

        def act(body: bytes) -> bytes:
            return self.service.exchange(
                body, heads.get("FNS-OpenApi-Token"), heads.get("FNS-OpenApi-UserToken")
            )

        return await self._answer(request, act)

    async def _answer(self, request: Request, act: Callable[[bytes], bytes]) -> Response:
        failure = self.service.conduct.failure
        if failure in _INSTEAD:
            return _INSTEAD[failure]()
        try:
            body = await _body(request)
            if failure in FAULTS:
                return self._fault(FAULTS[failure], 500)
            return Response(act(body), media_type=XML, headers=HEAD)
        except Refused as refused:
            return self._fault(str(refused), refused.status)
        except envelopes.Unreadable as error:
            return self._fault(str(error), 500)

    def _fault(self, words: str, status: int) -> Response:
        if self.service.conduct.bare_faults:
            return Response(words.encode(), status, headers=HEAD, media_type="text/plain; charset=utf-8")
        return Response(envelopes.fault(words), status, headers=HEAD, media_type=XML)

    async def _order(self, request: Request) -> Response:
        try:
            order = msgspec.json.decode(await _body(request), type=FnsOrder)
        except (msgspec.DecodeError, Refused) as error:
            return JSONResponse({"error": str(error)}, 400, headers=HEAD)
        conduct = self.service.conduct
        for name in conduct.__struct_fields__:
            value = getattr(order, name, None)
            if value is not None:
                setattr(conduct, name, value)
        if order.fn is not None and order.fd is not None:
            conduct.answer((order.fn, order.fd), order.check, order.store)
        return JSONResponse(self.service.counts(), headers=HEAD)


_INSTEAD: Final[dict[str, Callable[[], Response]]] = {
    "429": lambda: Response("Too Many Requests", 429, headers=HEAD),
    "503": lambda: HTMLResponse("<html><body><h1>503 Service Unavailable</h1></body></html>", 503, HEAD),
    "html": lambda: HTMLResponse("<html><body>Технические работы</body></html>", 200, HEAD),
    "empty": lambda: Response(b"", 200, headers=HEAD, media_type=XML),
}


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > BODY_MOST:
            raise Refused("Request Entity Too Large", 413)
    return bytes(body)


def server(face: Face, *, host: str = "127.0.0.1", port: int = 0) -> uvicorn.Server:
    """A uvicorn server whose connections a fault can end; ``port`` 0 takes a free one."""
    return faulty_server(face.app, host=host, port=port)
