"""The agent's connection with one hub: dial out, answer what is asked, dial again.

A command that has not begun when the connection ends never begins; one that has begun is seen to its end, whoever
still listens. Then, over the next connection, the hub finds out by locate() what came of it.
"""

import asyncio
import ssl
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any, Final, NoReturn
from urllib.parse import urlsplit, urlunsplit

import msgspec
import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

from chekpoint import __version__
from chekpoint.app.agent_freshness import Freshness, Stale
from chekpoint.app.agent_seats import Seats
from chekpoint.core.clock import Clock, epoch_ms
from chekpoint.core.errors import BlockReason, RegisterBlocked
from chekpoint.registers.agent import wire

log = structlog.get_logger()
PAUSE_FIRST: Final = 0.5  # seconds
PAUSE_MOST: Final = 30.0
PAUSE_REPLACED: Final = 300.0  # two agents with one key must not push each other out each second
HELLO_WITHIN: Final = 10.0


class LinkSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where the hub is and what opens it. ``proxy`` is an http(s) or socks5 address."""

    hub: str
    key: str
    ca: Path | None = None
    proxy: str | None = None


class BadSettings(ValueError):
    """Settings that no waiting will mend; the text is for a person, in both languages."""


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """Why there is no connection, and what to do: in Russian and in English."""

    ru: str
    en: str
    detail: str = ""
    pause: float | None = None


class Link:
    """One hub. ``found`` gives what is to be reported at each connection."""

    def __init__(
        self, settings: LinkSettings, seats: Seats, clock: Clock, chance: Random, *, instance: str,
        found: Callable[[], tuple[wire.FoundRegister, ...]],
    ) -> None:  # fmt: skip
        self.settings, self.address = settings, address(settings.hub)
        self._tls = tls(settings, self.address)
        self._seats, self._clock, self._chance, self._found = seats, clock, chance, found
        self.instance = instance
        self.welcome: wire.Welcome | None = None  # of the live connection
        self.since: datetime | None = None
        self.skew = 0.0  # seconds that our clock is ahead of the hub's
        self.trouble: Trouble | None = None
        self.tries = 0  # since the last connection
        self.stopping = False
        self._socket: ClientConnection | None = None
        self._commands: dict[asyncio.Task[None], _Command] = {}
        self._stopped = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled, or until ``stop`` has been asked for and the last command has ended."""
        while not self.stopping:
            trouble = await self._once()
            if self.stopping:
                return
            self.trouble = trouble
            self.tries += 1
            pause = self._pause(trouble)
            log.warning("hub_not_connected", hub=self.settings.hub, why=trouble.detail or trouble.en)
            await self._sleep(pause)

    def _pause(self, trouble: Trouble) -> float:
        """Twice as long each time; chance keeps a thousand agents from coming back in the same second."""
        most = trouble.pause or min(PAUSE_FIRST * 2.0 ** min(self.tries - 1, 10), PAUSE_MOST)
        return most * (0.5 + self._chance.random() / 2)

    async def _sleep(self, seconds: float) -> None:
        sleeping = asyncio.ensure_future(self._clock.sleep(seconds))
        stopped = asyncio.ensure_future(self._stopped.wait())
        try:
            await asyncio.wait({sleeping, stopped}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
            stopped.cancel()

    async def _once(self) -> Trouble:
        """One connection from its beginning to its end; why it ended."""
        try:
            async with connect(
                self.address, additional_headers={"Authorization": f"Bearer {self.settings.key}"},
                ssl=self._tls, proxy=self.settings.proxy, compression=None, max_size=wire.LARGEST,
                user_agent_header=f"Chekpoint-Agent/{__version__}", open_timeout=HELLO_WITHIN, close_timeout=2.0,
            ) as socket:  # fmt: skip
                self._socket = socket
                await self._talk(socket)
        except Stale as stale:
            return Trouble(
                ru=f"Переподключаемся: {stale}", en="Connecting anew", detail=str(stale), pause=0.2
            )
        except Exception as fault:  # noqa: BLE001 - each is told on the page and in the log, and tried again
            return trouble_of(fault, self.settings)
        finally:
            self._socket, self.welcome, self.since = None, None, None
            self._drop_unbegun()
            await self._seats.let_go()  # another program may have taken our place: it needs the wires

    async def _talk(self, socket: ClientConnection) -> NoReturn:
        """Greet, then hear the hub until an error ends it."""
        async with asyncio.timeout(HELLO_WITHIN):
            welcome = wire.from_hub(await socket.recv())
        if not isinstance(welcome, wire.Welcome):
            raise wire.WireError("welcome expected")
        now = epoch_ms(self._clock.now())
        fresh = Freshness(self._clock, welcome.fresh, welcome.at)
        hello = wire.Hello(
            protocol=wire.PROTOCOL, version=__version__, instance=self.instance, at=now, echo=welcome.at
        )
        await socket.send(wire.encode(hello))
        await socket.send(wire.encode(wire.Report(found=self._found())))
        self.welcome, self.since, self.trouble, self.tries = welcome, self._clock.now(), None, 0
        self.skew = (now - welcome.at) / 1000
        log.info("hub_connected", hub=self.settings.hub, agent=welcome.agent, node=welcome.node)
        while True:
            async with asyncio.timeout(welcome.silence):
                text = await socket.recv()
            await self._heard(socket, fresh, wire.from_hub(text))

    async def _heard(self, socket: ClientConnection, fresh: Freshness, said: wire.FromHub) -> None:
        if isinstance(said, wire.Beat):
            fresh.beat(said.at)
            await socket.send(wire.encode(said))
        elif isinstance(said, wire.Ask):
            fresh.check(said.at)
            self._begin(socket, said)
        elif isinstance(said, wire.GiveUp):
            self._give_up(said.id)
        else:
            raise wire.WireError("welcome twice")

    def _begin(self, socket: ClientConnection, ask: wire.Ask) -> None:
        command = _Command(ask, socket)
        task = asyncio.get_running_loop().create_task(self._carry(command))
        self._commands[task] = command
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._commands[task]
        if not task.cancelled() and (fault := task.exception()) is not None:
            log.error("command_failed", why=repr(fault))

    async def _carry(self, command: "_Command") -> None:
        ask = command.ask
        if self.stopping:
            blocked = RegisterBlocked(BlockReason.NO_LINK, "Агент останавливается")
            answer = wire.failed(ask.id, blocked)
        else:
            try:
                answer = await self._seats.carry(ask, command.begin)
            except asyncio.CancelledError:
                if command.began:
                    raise
                answer = wire.failed(ask.id, RegisterBlocked(BlockReason.BUSY, "Команда отозвана до начала"))
        try:
            await command.socket.send(wire.encode(answer))
        except ConnectionClosed:
            log.info("answer_has_no_listener", method=ask.method, id=ask.id)
            await self._seats.let_go()

    def _give_up(self, number: int) -> None:
        for task, command in self._commands.items():
            if command.ask.id == number and command.socket is self._socket and not command.began:
                task.cancel()

    def _drop_unbegun(self) -> None:
        for task, command in self._commands.items():
            if not command.began:
                task.cancel()

    async def report(self) -> None:
        """Tell the hub what has been found, if it listens."""
        if self.welcome is not None and self._socket is not None:
            try:
                await self._socket.send(wire.encode(wire.Report(found=self._found())))
            except ConnectionClosed:
                log.info("report_waits_for_connection", hub=self.settings.hub)

    async def stop(self) -> None:
        """Begin nothing more, answer what has begun, then close."""
        self.stopping = True
        self._drop_unbegun()
        while self._commands:
            await asyncio.wait(list(self._commands))
        self._stopped.set()
        if self._socket is not None:
            await self._socket.close(1001, "the agent stops")


class _Command:
    """One question that is being answered."""

    def __init__(self, ask: wire.Ask, socket: ClientConnection) -> None:
        self.ask, self.socket, self.began = ask, socket, False

    def begin(self) -> None:
        self.began = True


def address(hub: str) -> str:
    """The WebSocket's address for a hub's; raises BadSettings."""
    parts = urlsplit(hub if "://" in hub else f"https://{hub}")
    scheme = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}.get(parts.scheme)
    if scheme is None or not parts.hostname or parts.username:
        raise BadSettings(f"адрес хаба не годится / the hub's address cannot be used: {hub}")
    path = parts.path.rstrip("/").removesuffix(wire.PATH) + wire.PATH
    return urlunsplit((scheme, parts.netloc, path, "", ""))


def tls(settings: LinkSettings, url: str) -> ssl.SSLContext | None:
    """How the hub proves itself; raises BadSettings when the file of certificates is no use."""
    if not url.startswith("wss:"):
        return None
    try:
        return ssl.create_default_context(cafile=settings.ca)
    except (OSError, ssl.SSLError) as fault:
        raise BadSettings(
            f"файл сертификатов не годится / the file of certificates is no use: {settings.ca}: {fault}"
        ) from fault


def trouble_of(fault: Exception, settings: LinkSettings) -> Trouble:
    """What a failed or ended connection means to a person."""
    detail = f"{type(fault).__name__}: {fault}"
    if isinstance(fault, ConnectionClosed):
        return _closed(fault, detail)
    if isinstance(fault, InvalidStatus):
        return trouble_of_status(fault.response.status_code, detail)
    for kinds, ru, en in _FAULTS:
        if isinstance(fault, kinds):
            return Trouble(ru=ru.format(settings.hub), en=en.format(settings.hub), detail=detail)
    return Trouble(ru="Непредвиденная ошибка", en="An unforeseen error", detail=detail)


_FAULTS: Final[tuple[tuple[type[Exception] | tuple[type[Exception], ...], str, str], ...]] = (
    (
        ssl.SSLCertVerificationError,
        "Сертификат хаба не подтверждён: укажите файл корневых сертификатов (--ca) или имя из сертификата",
        "The hub's certificate is not confirmed: give a file of root certificates (--ca)",
    ),
    (
        ssl.SSLError,
        "Не удалось TLS: {0} отвечает без него? Тогда укажите http://",
        "TLS failed: does {0} answer without it? Then say http://",
    ),
    (
        (OSError, TimeoutError),
        "Хаб не отвечает: проверьте сеть и адрес {0}",
        "The hub does not answer: check the network and the address {0}",
    ),
    (
        (InvalidHandshake, InvalidURI, wire.WireError),
        "По адресу {0} отвечает не хаб Chekpoint",
        "What answers at {0} is not a hub of Chekpoint",
    ),
)


def trouble_of_status(status: int, detail: str) -> Trouble:
    """What an HTTP answer instead of a WebSocket means to a person."""
    if status in {401, 403}:
        return Trouble(
            ru="Ключ агента не принят: выдайте новый на хабе (chekpoint agents add) и замените",
            en="The agent's key is not accepted: make one at the hub (chekpoint agents add)", detail=detail, pause=60.0,
        )  # fmt: skip
    if status == 404:
        return Trouble(
            ru="По этому адресу нет входа для агентов: проверьте адрес хаба (и правила обратного прокси)",
            en="There is no door for agents at that address: check it, and the reverse proxy", detail=detail,
        )  # fmt: skip
    return Trouble(ru=f"Хаб ответил HTTP {status}", en=f"The hub answered HTTP {status}", detail=detail)


_CLOSED: Final[dict[int, dict[str, Any]]] = {
    wire.REVOKED: {
        "ru": "Ключ агента отозван на хабе",
        "en": "The agent's key was revoked at the hub",
        "pause": 60.0,
    },
    wire.REPLACED: {
        "ru": "Этим ключом подключился другой агент: у каждого компьютера должен быть свой ключ",
        "en": "Another agent has connected with this key: each computer needs its own",
        "pause": PAUSE_REPLACED,
    },
    wire.SLOW: {
        "ru": "Связь с хабом слишком медленная",
        "en": "The line to the hub is too slow",
    },
    wire.OLD: {
        "ru": "Версии агента и хаба не подходят друг к другу: обновите агент",
        "en": "Agent and hub are of versions that do not fit: update the agent",
        "pause": 60.0,
    },
}


def _closed(fault: ConnectionClosed, detail: str) -> Trouble:
    code = fault.rcvd.code if fault.rcvd is not None else 1006
    words = _CLOSED.get(code, {"ru": "Соединение с хабом прервано", "en": "The connection was lost"})
    return Trouble(**words, detail=detail)
