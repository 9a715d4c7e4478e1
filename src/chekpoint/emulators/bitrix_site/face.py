"""Sites under one HTTP address: by host, or by path (``/s/<site>/...``).

    sites = Sites(clock=SystemClock())
    sites.add("shop.test")
    uvicorn.run(sites.app)

``/`` is the site's administration (or the list of sites), ``/control/<verb>`` what may be done to it.
Without ASGI's lifespan run ``sites.run()`` as a task beside it: it is the agent that asks for results.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import escape
from pathlib import Path
from typing import Any, Final

import anyio
import msgspec
from anyio.abc import TaskGroup
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from chekpoint.core.clock import Clock
from chekpoint.emulators.atol_web.http_faults import FaultyLine, lose_line
from chekpoint.emulators.bitrix_site import admin_page, control
from chekpoint.emulators.bitrix_site.admin_page import Truth
from chekpoint.emulators.bitrix_site.atol_farm import CALLBACK_PATH, apply_callback
from chekpoint.emulators.bitrix_site.exchange import BadRequest
from chekpoint.emulators.bitrix_site.http_call import FORM, Fetch
from chekpoint.emulators.bitrix_site.php import TooManyFieldsError, read_form, write_json
from chekpoint.emulators.bitrix_site.rest_methods import RestError, call_method
from chekpoint.emulators.bitrix_site.shelf import Shelf
from chekpoint.emulators.bitrix_site.site import Site, SiteError
from chekpoint.emulators.faults import FaultPlan, FaultSpecError

EXCHANGE_PATH: Final = "/bitrix/tools/sale_check_print.php"
PREFIX: Final = "/s/"
_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9.-]{0,98}[a-z0-9])?")
_SITE: Final = "chekpoint.bitrix_site"
_LARGEST_BODY: Final = 8 << 20  # post_max_size
_MAINTENANCE: Final = (
    "<!DOCTYPE html><html><body><h1>Сайт временно закрыт на техническое обслуживание</h1></body></html>"
)
_FATAL: Final = "<html><body>[Error] Fatal error: {}</body></html>"


class Sites:
    """Sites of one process. ``path`` is their common database file (None: memory); raises ShelfError."""

    def __init__(
        self,
        *,
        clock: Clock,
        path: Path | None = None,
        truth: Truth | None = None,
        fetch: Fetch | None = None,
    ) -> None:
        self.truth = truth
        self._clock = clock
        self._fetch = fetch
        self._shelf = Shelf(path)
        self._sites: dict[str, Site] = {}
        self._agents: TaskGroup | None = None
        self._calls: set[asyncio.Task[None]] = set()
        routed = Starlette(routes=self._routes(), lifespan=self._lifespan)
        self.app: ASGIApp = _Chooser(routed, self._sites)

    def add(self, name: str, *, public_url: str = "", faults: FaultPlan | None = None, seed: int = 0) -> Site:
        """A new site, or the one of this name in the database. ``public_url`` is where cloud services call back.

        Raises ValueError for a name that is no host's, ShelfError for rows that cannot be read.
        """
        if not _NAME.fullmatch(name) or name in self._sites:
            raise ValueError(
                f"{name!r}: имя сайта занято или недопустимо / site name taken or not a host name"
            )
        site = Site(
            name,
            clock=self._clock,
            shelf=self._shelf,
            faults=faults,
            public_url=public_url,
            fetch=self._fetch,
            seed=seed,
        )
        self._sites[name] = site
        if self._agents is not None:
            self._agents.start_soon(site.printers.agent)
        return site

    def __getitem__(self, name: str) -> Site:
        return self._sites[name]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all sites."""
        return tuple(self._sites)

    async def run(self) -> None:
        """The agent of every site, every 120 s, until cancelled."""
        async with anyio.create_task_group() as group:
            self._agents = group
            try:
                for site in self._sites.values():
                    group.start_soon(site.printers.agent)
                await anyio.sleep_forever()
            finally:
                self._agents = None

    def hang_up(self) -> None:
        """End every call that is under way, as a web server does that is switched off: the line is dead."""
        for call in self._calls:
            call.cancel()

    def close(self) -> None:
        """Let go of the database."""
        self._shelf.close()

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        async with anyio.create_task_group() as group:
            group.start_soon(self.run)
            yield
            group.cancel_scope.cancel()

    def _routes(self) -> list[Route]:
        return [
            Route("/", self._administration),
            Route("/bitrix/admin/", self._administration),
            Route("/control/state", self._state),
            Route("/control/{verb}", self._control, methods=["POST"]),
            Route(EXCHANGE_PATH, self._through_faults(_exchange)),
            Route(CALLBACK_PATH, self._through_faults(_callback)),
            Route("/rest/{user}/{secret}/{method:path}", self._through_faults(_rest)),
        ]

    def _through_faults(self, endpoint: Any) -> ASGIApp:
        """The endpoint behind its site's fault plan. The site works on when its client has gone, as PHP does."""

        async def answering(scope: Scope, receive: Receive, send: Send) -> None:
            request = Request(scope, receive)
            await (await endpoint(request))(scope, receive, send)

        return _Faulty(answering, self._clock, self._calls)

    async def _administration(self, request: Request) -> Response:
        site: Site | None = request.scope.get(_SITE)
        if site is None:
            return HTMLResponse(admin_page.index_page(self._sites.values()))
        address = f"{request.url.scheme}://{request.url.netloc}{request.scope.get('root_path', '')}"
        return HTMLResponse(admin_page.site_page(site, address, self.truth))

    async def _state(self, request: Request) -> Response:
        return _json(control.state_of(_site(request)))

    async def _control(self, request: Request) -> Response:
        site, form = _site(request), request.headers.get("content-type", "").startswith(FORM)
        body = await _body(request)
        try:
            fields = _given(read_form(body.decode("utf-8", "replace"))) if form else body
            done = await control.act(site, request.path_params["verb"], fields)
        except (SiteError, FaultSpecError, msgspec.MsgspecError, TooManyFieldsError) as error:
            if form:
                page = f"<!doctype html><meta charset=utf-8><p>{_escaped(str(error))}<p><a href='../'>←</a>"
                return HTMLResponse(page, 400)
            return JSONResponse({"error": str(error)}, 400)
        return RedirectResponse("../", status_code=303) if form else _json(done)


class _Chooser:
    """Finds the site of a request: ``/s/<name>/...``, else the Host, else the only one there is."""

    def __init__(self, app: ASGIApp, sites: dict[str, Site]) -> None:
        self._app = app
        self._sites = sites

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = "/" + scope["path"].lstrip("/")
        name, _, rest = path.removeprefix(PREFIX).partition("/")
        if path.startswith(PREFIX):
            site = self._sites.get(name)
            if site is None:
                await HTMLResponse(f"<h1>{_escaped(name)}: нет такого сайта</h1>", 404)(scope, receive, send)
                return
            prefix = f"{PREFIX}{name}"
            scope = {**scope, "root_path": scope.get("root_path", "") + prefix, "path": f"{prefix}/{rest}"}
        else:
            site = self._by_host(scope)
            scope = {**scope, "path": path}
        await self._app({**scope, _SITE: site}, receive, send)

    def _by_host(self, scope: Scope) -> Site | None:
        found = self._sites.get(_host(scope))
        if found is None and len(self._sites) == 1:
            return next(iter(self._sites.values()))
        return found


class _Faulty:
    """``FaultyLine`` with the plan of the request's site; ``calls`` are those under way, for whoever hangs up."""

    def __init__(self, app: ASGIApp, clock: Clock, calls: set[asyncio.Task[None]]) -> None:
        self._app = app
        self._clock = clock
        self._calls = calls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        site: Site | None = scope.get(_SITE)
        line = FaultyLine(self._app, site.faults if site is not None else FaultPlan(), self._clock)
        call = asyncio.create_task(line(scope, receive, send))
        self._calls.add(call)
        try:
            await asyncio.wait({call})
        finally:
            self._calls.discard(call)
            call.cancel()
        if call.cancelled():
            await lose_line(scope, receive)
        else:
            call.result()


def _host(scope: Scope) -> str:
    """The Host of the request without its port."""
    for name, value in scope["headers"]:
        if name == b"host":
            host: str = value.decode("latin-1").lower()
            return host if host.endswith("]") else host.rpartition(":")[0] or host
    return ""


def _site(request: Request) -> Site:
    site: Site | None = request.scope.get(_SITE)
    if site is None:
        raise HTTPException(404, "нет такого сайта / no such site")
    return site


async def _body(request: Request) -> bytes:
    """The whole body; raises HTTPException for one that PHP would not take."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > _LARGEST_BODY:
                raise HTTPException(413)
    except ClientDisconnect:
        return bytes(body)
    return bytes(body)


async def _exchange(request: Request) -> Response:
    """``sale_check_print.php``: any method, the hash in the query or the form, the body read raw."""
    site, body = _site(request), await _body(request)
    if not site.admits(_hash_of(request, body)):
        return Response(status_code=403)
    if site.html_answers:
        return HTMLResponse(_MAINTENANCE)
    try:
        answer = await site.poll(body, _host(request.scope) or site.name)
    except BadRequest as error:
        return HTMLResponse(_FATAL.format(_escaped(str(error))), 500)
    old = site.state.settings.core == "old"
    return Response(write_json(answer, ascii_only=old), media_type="application/json")


def _hash_of(request: Request, body: bytes) -> str:
    asked = request.query_params.get("hash")
    if asked is not None or not request.headers.get("content-type", "").startswith(FORM):
        return asked or ""
    try:
        return str(read_form(body.decode("utf-8", "replace")).get("hash", ""))
    except TooManyFieldsError:
        return ""


async def _callback(request: Request) -> Response:
    """``sale_farm_check_print.php``: nobody is asked who he is, and the answer says nothing."""
    apply_callback(_site(request).state, await _body(request))
    return Response()


async def _rest(request: Request) -> Response:
    """An incoming webhook: ``/rest/<user>/<secret>/<method>``; fields in the query, a form or JSON."""
    site, body = _site(request), await _body(request)
    secret = request.path_params["secret"]
    if not site.state.webhook or secret != site.state.webhook:
        return _refused(RestError("INVALID_CREDENTIALS", "Invalid request credentials", 401))
    try:
        params = read_form(request.url.query) | _fields(request, body)
        result = call_method(site.state, request.path_params["method"].rstrip("/"), params)
    except RestError as error:
        return _refused(error)
    except TooManyFieldsError as error:
        return _refused(RestError("ERROR_CHECK_FAILURE", str(error)))
    return _json({"result": result})


def _fields(request: Request, body: bytes) -> dict[str, Any]:
    if not request.headers.get("content-type", "").startswith("application/json"):
        return read_form(body.decode("utf-8", "replace"))
    try:
        said = msgspec.json.decode(body or b"{}")
    except (msgspec.DecodeError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _refused(error: RestError) -> Response:
    return JSONResponse({"error": error.code, "error_description": str(error)}, error.status)


def _json(value: Any) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    """A form sends its empty fields too."""
    return {name: value for name, value in fields.items() if value != ""}


def _escaped(text: str) -> str:
    return escape(text)
