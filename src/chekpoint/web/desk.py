"""What every page needs: the hub, the templates, the language, and who is looking."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import quote
from zoneinfo import ZoneInfo

import httpx2
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from chekpoint.core.clock import epoch_ms
from chekpoint.core.ports import RegisterStatus
from chekpoint.fiscal.printed_rows import TEST_FN
from chekpoint.hub.hub import Hub
from chekpoint.hub.kinds import RegisterKind, ShopKind
from chekpoint.hub.public_link import PublicLink, PublicLinks, no_links, public_link
from chekpoint.hub.reach import ChannelKind
from chekpoint.hub.trial import Trial, Trials
from chekpoint.store import views_incidents, views_registers
from chekpoint.store.alerts import Told
from chekpoint.store.journal import Tx
from chekpoint.web import forms
from chekpoint.web.access import Door
from chekpoint.web.lingo import Lingo, language

HERE: Final = Path(__file__).parent
LANG_COOKIE: Final = "lang"
Endpoint = Callable[[Request], Awaitable[Response]]


class Joinery(NamedTuple):
    """What connecting a shop takes: the kinds there are, our own address, a client, and emulated parties."""

    kinds: tuple[ShopKind, ...] = ()
    address: str = ""  # of this hub, as shops reach it; no slash at the end
    http: httpx2.AsyncClient | None = None
    trial: Trial | None = None
    register_kinds: Iterable[RegisterKind] = ()
    config_of: Callable[[RegisterKind, Mapping[str, str]], bytes] | None = None
    ask_register: Callable[[str, bytes], Awaitable[RegisterStatus]] | None = None
    channel_kinds: tuple[ChannelKind, ...] = ()
    try_channel: Callable[[str], Awaitable[Told]] | None = None
    public_links: PublicLinks = no_links  # of operators
    shots: Path | None = None  # screenshots of sites that failed


class Desk:
    """Shared by all pages of one hub. ``zone`` is the sellers': times are shown in it."""

    def __init__(self, hub: Hub, *, zone: str, joinery: Joinery) -> None:
        self.hub, self.zone = hub, ZoneInfo(zone)
        self.kinds, self.address = joinery.kinds, joinery.address
        self.http = joinery.http or httpx2.AsyncClient(timeout=10.0, trust_env=False)
        self.trials = Trials(joinery.trial) if joinery.trial is not None else None
        self.register_kinds, self._joinery = joinery.register_kinds, joinery
        self.shots = joinery.shots
        self.channel_kinds = joinery.channel_kinds
        self.store, self.clock, self.keys = hub.store, hub.post.clock, hub.post.keys
        self.door = Door(hub.store, hub.post.clock)
        self._templates = Environment(
            loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined,
            trim_blocks=True, lstrip_blocks=True,
        )  # fmt: skip

    def config_of(self, kind: RegisterKind, given: Mapping[str, str]) -> bytes:
        """The settings of a register out of the answers; raises Unfilled."""
        if self._joinery.config_of is None:
            raise HTTPException(404)
        return self._joinery.config_of(kind, given)

    async def ask_register(self, maker: str, config: bytes) -> RegisterStatus:
        """Ask a register that is not ours yet who it is; raises RegisterError."""
        if self._joinery.ask_register is None:
            raise HTTPException(404)
        return await self._joinery.ask_register(maker, config)

    async def try_channel(self, channel_id: str) -> Told:
        """Send a trial message over a channel; what became of it. Raises Unfit."""
        if self._joinery.try_channel is None:
            raise HTTPException(404)
        return await self._joinery.try_channel(channel_id)

    async def public_link(self, receipt_id: str) -> PublicLink | None:
        """Where the receipt can be looked up at its operator; None: not known."""
        return await public_link(self.store, self._joinery.public_links, receipt_id)

    def now(self) -> int:
        """Milliseconds UTC."""
        return epoch_ms(self.clock.now())

    def lingo(self, request: Request) -> Lingo:
        """The language that this browser has chosen."""
        return Lingo(language(request.cookies.get(LANG_COOKIE)), self.zone)

    def bare(self, request: Request, template: str, *, status: int = 200, **context: Any) -> Response:
        """A page without navigation: sign-in, errors, the buyer's receipt."""
        lingo = self.lingo(request)
        html = self._templates.get_template(template).render(
            lingo=lingo, t=lingo.t, now=self.now(), path=request.url.path, csrf=lambda: forms.token(request),
            flash=_take_flash(request), person=getattr(request.state, "person", None), here=_here(request), **context,
        )  # fmt: skip
        return HTMLResponse(html, status)

    def part(self, request: Request, template: str, **context: Any) -> str:
        """A piece of a page that is sent in parts."""
        lingo = self.lingo(request)
        return self._templates.get_template(template).render(lingo=lingo, t=lingo.t, **context)

    async def page(self, request: Request, template: str, *, status: int = 200, **context: Any) -> Response:
        """A page for those who are signed in."""
        alarms, drives = await self.store.read(_surroundings)
        tests = [fn for fn in drives if fn.startswith(TEST_FN)]
        return self.bare(request, template, status=status, alarms=alarms, test_drives=tests, **context)


def _surroundings(tx: Tx) -> tuple[int, list[str]]:
    return views_incidents.count(tx), views_registers.drives(tx)


def _here(request: Request) -> str:
    query = request.url.query
    return request.url.path + (f"?{query}" if query else "")


def desk_of(request: Request) -> Desk:
    """The desk of the application that a request came to."""
    desk: Desk = request.app.state.desk
    return desk


def member(endpoint: Endpoint) -> Endpoint:
    """Let only those in who are signed in; others are sent to sign in and come back."""

    async def guarded(request: Request) -> Response:
        person = await desk_of(request).door.who(request)
        if person is None:
            return RedirectResponse(f"/sign-in?next={quote(_here(request))}", 303)
        request.state.person = person
        return await endpoint(request)

    return guarded


def key_of(request: Request, name: str) -> str:
    """A key from the address; HTTPException 404 for what no database would take as a text."""
    key: str = request.path_params[name]
    if "\0" in key or len(key) > 128:
        raise HTTPException(404)
    return key


def local_path(wanted: str) -> str:
    """A path of this site, or home: an address from outside must not lead anybody away."""
    inside = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and wanted.isprintable()
    return wanted if inside else "/"


def tell(request: Request, key: str, tone: str = "good", **values: str) -> None:
    """Leave a message for the next page that this person sees."""
    request.session["flash"] = {"key": key, "tone": tone, "values": values}


def _take_flash(request: Request) -> dict[str, Any] | None:
    """The message, once; a page that renews itself in the background must not take it."""
    if "session" not in request.scope or "x-live" in request.headers:
        return None
    flash: dict[str, Any] | None = request.session.pop("flash", None)
    return flash


def back(path: str) -> Response:
    """After a form: to a page that may be loaded again."""
    return RedirectResponse(path, 303)
