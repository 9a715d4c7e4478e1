"""The agent's own page, for the person who stands at the computer: what is connected, what is not, what to do."""

import socket
from html import escape
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from chekpoint import __version__
from chekpoint.app.agent_find import add_line
from chekpoint.app.agent_link import Link
from chekpoint.app.agent_seats import Seat
from chekpoint.core.ports import RegisterStatus
from chekpoint.registers.agent.wire import FoundRegister

if TYPE_CHECKING:
    from chekpoint.app.agent import Agent

_LOCAL: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})
_STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:56rem;margin:2rem auto;padding:0 1rem;color:#1d2733}"
    "h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}li{margin:.5rem 0}.ok{color:#0a6b3d}.bad{color:#a4161a}"
    ".dim{color:#5b6673}code{background:#f1f3f5;padding:.1rem .3rem;overflow-wrap:anywhere}button{font:inherit}"
)
_WORDS: Final[dict[str, tuple[str, str]]] = {
    "title": ("Агент Chekpoint", "Chekpoint agent"),
    "hub": ("Связь с хабом", "The hub"),
    "on": ("на связи", "connected"),
    "as": ("под именем", "as"),
    "since": ("с", "since"),
    "off": ("нет связи", "not connected"),
    "tries": ("попыток", "tries"),
    "dialling": ("подключаемся…", "connecting…"),
    "skew": ("Часы расходятся с хабом, секунд", "The clock differs from the hub's, seconds"),
    "clock": ("включите синхронизацию времени", "turn on time synchronisation"),
    "work": ("Кассы, с которыми работает хаб", "Registers that the hub works with"),
    "nowork": ("Хаб ещё ни о чём не спрашивал.", "The hub has asked nothing yet."),
    "busy": ("занята", "busy"),
    "ready": ("готова", "ready"),
    "unready": ("не готова", "not ready"),
    "found": ("Найдено рядом", "Found here"),
    "nofound": (
        "Касс не видно. Проверьте питание, кабель и что запущен веб-сервер ДТО (ATOL) или служба кассы.",
        "No register is seen. Check power, cable, and that the register's server runs.",
    ),
    "searching": ("Ищем…", "Searching…"),
    "again": ("Искать снова", "Search again"),
    "add": ("Добавить на хабе", "Add at the hub"),
    "other": ("English", "Русский"),
}


def page(agent: "Agent") -> Starlette:
    """The application: one page, and a button."""

    async def show(request: Request) -> Response:
        if not _is_local(request.headers.get("host", "")):
            return PlainTextResponse("?", 421)  # another site's name that leads here
        english = request.query_params.get("lang") == "en"
        return HTMLResponse(_Sheet(agent, english=english).html(), headers=_HEADERS)

    async def search(request: Request) -> Response:
        origin = request.headers.get("origin")
        if not _is_local(request.headers.get("host", "")) or (
            origin is not None and not _is_local(urlsplit(origin).netloc)
        ):
            return PlainTextResponse("?", 403)
        agent.search()
        return RedirectResponse(f"/?lang={request.query_params.get('lang', 'ru')}", 303)

    return Starlette(routes=[Route("/", show), Route("/search", search, methods=["POST"])])


_HEADERS: Final = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
}


def _is_local(host: str) -> bool:
    return host.rpartition(":")[0] in _LOCAL or host in _LOCAL


def page_server(app: Starlette, listener: socket.socket) -> uvicorn.Server:
    """A server that leaves signals and the loop to its caller: ``startup``, then ``shutdown``."""
    config = uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off", ws="none")
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    listener.setblocking(False)
    return server


class _Sheet:
    """One showing of the page. Everything that came from outside is escaped."""

    def __init__(self, agent: "Agent", *, english: bool) -> None:
        self._agent, self._english = agent, english

    def _word(self, name: str) -> str:
        return _WORDS[name][self._english]

    def html(self) -> str:
        lang, other = ("en", "ru") if self._english else ("ru", "en")
        title = self._word("title")
        return (
            f'<!doctype html><html lang="{lang}"><meta charset="utf-8"><meta http-equiv="refresh" content="10">'
            f'<meta name="viewport" content="width=device-width"><title>{title}</title><style>{_STYLE}</style>'
            f'<h1>{title} <span class="dim">{escape(__version__)}</span></h1>'
            f'<p><a href="/?lang={other}">{self._word("other")}</a></p>'
            f"<h2>{self._word('hub')}</h2><ul>{''.join(self._link(one) for one in self._agent.links)}</ul>"
            f"<h2>{self._word('work')}</h2>{self._seats()}"
            f"<h2>{self._word('found')}</h2>{self._found()}"
            f'<form method="post" action="/search?lang={lang}"><button>{self._word("again")}</button></form></html>'
        )

    def _link(self, link: Link) -> str:
        where = escape(link.settings.hub)
        if link.welcome is not None and link.since is not None:
            since = link.since.astimezone().strftime("%d.%m %H:%M:%S")
            words = f"{self._word('as')} «{escape(link.welcome.agent)}», {self._word('since')} {since}"
            late = (
                f'<br><span class="bad">{self._word("skew")}: {link.skew:+.0f}; {self._word("clock")}</span>'
                if abs(link.skew) > 60
                else ""
            )
            return f'<li>{where}: <b class="ok">{self._word("on")}</b> {words}{late}</li>'
        if link.trouble is None:
            return f"<li>{where}: {self._word('dialling')}</li>"
        said = link.trouble.en if self._english else link.trouble.ru
        return (
            f'<li>{where}: <b class="bad">{self._word("off")}</b>. {escape(said)} '
            f'<span class="dim">({self._word("tries")}: {link.tries}; {escape(link.trouble.detail)})</span></li>'
        )

    def _seats(self) -> str:
        seats = [seat for seat in self._agent.seats.all() if seat.served]
        if not seats:
            return f'<p class="dim">{self._word("nowork")}</p>'
        return "<ul>" + "".join(self._seat(seat) for seat in seats) + "</ul>"

    def _seat(self, seat: Seat) -> str:
        state = "" if seat.status is None else self._status(seat.status)
        if seat.doing is not None:
            since = seat.doing.since.astimezone().strftime("%H:%M:%S")
            state += f" — {self._word('busy')}: {seat.doing.method}, {self._word('since')} {since}"
        if seat.problem:
            state += f'<br><span class="bad">{escape(seat.problem)}</span>'
        return f"<li>{escape(seat.maker)} {escape(seat.where)}: {state}</li>"

    def _status(self, status: RegisterStatus) -> str:
        kind, word = ("ok", "ready") if status.ready else ("bad", "unready")
        who = f"{status.model or ''} № {status.serial or '?'}, ФН {status.fn or '?'}"
        return f'{escape(who)}: <b class="{kind}">{self._word(word)}</b> {escape(status.message)}'

    def _found(self) -> str:
        if not self._agent.searched:
            return f"<p>{self._word('searching')}</p>"
        if not self._agent.found:
            return f'<p class="bad">{self._word("nofound")}</p>'
        return "<ul>" + "".join(self._one(one) for one in self._agent.found) + "</ul>"

    def _one(self, found: FoundRegister) -> str:
        where = f"{escape(found.maker)} {escape(found.where)}"
        if found.status is None:
            return f'<li>{where}: <span class="dim">{escape(found.problem)}</span></li>'
        name = next((one.welcome.agent for one in self._agent.links if one.welcome is not None), "…")
        line = escape(add_line(name, found))
        return f"<li>{where}: {self._status(found.status)}<br>{self._word('add')}: <code>{line}</code></li>"
