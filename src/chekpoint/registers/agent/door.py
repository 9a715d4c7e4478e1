"""``/agent/v1``: where agents connect. A key opens it; then the line is plugged into the switchboard."""

import asyncio
from collections.abc import Coroutine
from typing import Final, NamedTuple

import msgspec
import structlog
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from chekpoint import __version__
from chekpoint.core.clock import epoch_ms
from chekpoint.core.errors import StoreError
from chekpoint.hub.hub import Hub
from chekpoint.registers.agent.line import Line
from chekpoint.registers.agent.register import AgentConfig
from chekpoint.registers.agent.switchboard import REPLACED_BY, Switchboard
from chekpoint.registers.agent.wire import (
    OLD,
    PATH,
    PROTOCOL,
    REPLACED,
    REVOKED,
    SLOW,
    UNREADABLE,
    Hello,
    Knock,
    Welcome,
    WireError,
    encode,
    from_agent,
)
from chekpoint.store import agents
from chekpoint.store.agents import Agent

log = structlog.get_logger()
MAKER: Final = "agent"
_GONE: Final = 1001
_AGAIN: Final = 1012  # "service restart": come back at once
_UNKNOWN: Final = "ключ агента не принят / the agent's key is not accepted"


class Ended(NamedTuple):
    """Why a connection is over."""

    code: int
    why: str


class _Refused(Exception):
    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.code, self.why = code, why


def agent_routes(hub: Hub, board: Switchboard) -> list[BaseRoute]:
    """The address that agents call; asked without a WebSocket it only says whether the key opens it."""
    door = AgentDoor(hub, board)
    return [
        WebSocketRoute(PATH, door.enter, name="agent"),
        Route(PATH, door.knock, methods=["GET"], name="agent_check"),
    ]


class AgentDoor:
    """Lets agents in, and carries their lines."""

    def __init__(self, hub: Hub, board: Switchboard) -> None:
        self._hub, self._board, self._clock = hub, board, hub.post.clock

    async def knock(self, request: Request) -> Response:
        """An agent's self-check: it must not push out the agent that is connected with the same key."""
        try:
            agent = await self._agent(request)
        except StoreError as error:
            return PlainTextResponse(f"journal: {error}", 503)
        if agent is None:
            return PlainTextResponse(_UNKNOWN, 401, {"www-authenticate": "Bearer"})
        told = Knock(
            agent=agent.name, node=self._hub.post.node, version=__version__,
            at=epoch_ms(self._clock.now()), connected=self._board.line(agent.name) is not None,
        )  # fmt: skip
        return Response(msgspec.json.encode(told), media_type="application/json")

    async def enter(self, socket: WebSocket) -> None:
        """One connection, from its handshake to its end."""
        try:
            agent = await self._agent(socket)
        except StoreError as error:
            await socket.send_denial_response(PlainTextResponse(f"journal: {error}", 503))
            return
        if agent is None:
            await socket.send_denial_response(PlainTextResponse(_UNKNOWN, 401))
            return
        await socket.accept()
        try:
            line = await self._greeted(socket, agent)
        except _Refused as refused:
            await _close(socket, Ended(refused.code, refused.why))
            return
        except WebSocketDisconnect:
            return
        await self._carry(socket, agent, line)

    async def _agent(self, call: HTTPConnection) -> Agent | None:
        scheme, _, secret = call.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        return await self._hub.store.read(lambda tx: agents.agent_of_key(tx, secret.strip()))

    async def _greeted(self, socket: WebSocket, agent: Agent) -> Line:
        """Welcome and hello. A line on which that takes long would make old questions look fresh."""
        welcome = Welcome(
            agent=agent.name, node=self._hub.post.node, version=__version__, at=epoch_ms(self._clock.now()),
            fresh=self._board.limits.fresh, silence=self._board.limits.silence,
        )  # fmt: skip
        await socket.send_text(encode(welcome))
        try:
            async with asyncio.timeout(self._board.limits.slack):
                hello = from_agent(await _text(socket))
        except TimeoutError as fault:
            raise _Refused(SLOW, "no hello in time") from fault
        except WireError as fault:
            raise _Refused(UNREADABLE, str(fault)) from fault
        if not isinstance(hello, Hello) or hello.echo != welcome.at:
            raise _Refused(UNREADABLE, "hello expected")
        if hello.protocol != PROTOCOL:
            raise _Refused(OLD, f"protocol {hello.protocol}, this hub speaks {PROTOCOL}")
        return Line(agent.name, hello, self._clock)

    async def _carry(self, socket: WebSocket, agent: Agent, line: Line) -> None:
        self._board.plug(line)
        log.info("agent_connected", agent=agent.name, version=line.version)
        ended = Ended(_GONE, "the hub stops")
        try:
            self._wake(agent.name)
            ended = await _first(
                self._write(socket, line), self._read(socket, line), self._beats(agent, line)
            )
        finally:
            self._board.unplug(line, ended.why)
            log.info("agent_gone", agent=agent.name, why=ended.why)
        await self._say_gone(agent)
        await _close(socket, ended)

    async def _say_gone(self, agent: Agent) -> None:
        """For the watch; not when a newer connection has taken its place, nor when it is the hub that stops."""
        if self._board.line(agent.name) is None:
            try:
                await self._hub.store.write(lambda tx: agents.gone(tx, agent.id, self._hub.post.node))
            except StoreError:
                log.exception("agent_not_stamped", agent=agent.name)

    def _wake(self, name: str) -> None:
        """Lanes that wait for this agent need not wait out their pause."""
        for lane in list(self._hub.lanes.values()):
            if (
                lane.row.maker == MAKER
                and msgspec.json.decode(lane.row.config, type=AgentConfig).agent == name
            ):
                self._hub.post.bell.ring(lane.row.id)

    async def _write(self, socket: WebSocket, line: Line) -> Ended:
        try:
            async for text in line.outgoing():
                await socket.send_text(text)
        except (WebSocketDisconnect, RuntimeError, OSError) as fault:  # closed between two texts
            return Ended(_GONE, f"связь прервана: {type(fault).__name__} {fault}")
        replaced = line.lost == REPLACED_BY
        return Ended(REPLACED if replaced else _AGAIN, line.lost or REPLACED_BY)

    async def _read(self, socket: WebSocket, line: Line) -> Ended:
        try:
            while True:
                line.heard(await _text(socket))
        except WebSocketDisconnect as gone:
            return Ended(_GONE, f"связь прервана ({gone.code}{gone.reason and ' ' + gone.reason})")
        except WireError as fault:
            return Ended(UNREADABLE, f"непонятное сообщение: {fault}")

    async def _beats(self, agent: Agent, line: Line) -> Ended:
        """Prove the link, stamp the agent as seen, notice that its key was revoked."""
        limits, node = self._board.limits, self._hub.post.node
        while True:
            at = line.beat()
            try:
                if not await self._hub.store.write(lambda tx: agents.seen(tx, agent.id, line.version, node)):
                    return Ended(REVOKED, "ключ агента отозван")
            except StoreError:
                log.exception("agent_not_stamped", agent=agent.name)
            await self._clock.sleep(limits.slack)
            if line.beaten < at:
                return Ended(SLOW, f"нет отклика {limits.slack:g} с")
            await self._clock.sleep(max(limits.beat_every - limits.slack, 0.0))


async def _first(*works: Coroutine[None, None, Ended]) -> Ended:
    """Run all until the first ends; the others are cancelled and seen to end."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return next(task.result() for task in tasks if task in done)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _text(socket: WebSocket) -> str | bytes:
    """The next text; raises WebSocketDisconnect."""
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", _GONE), message.get("reason"))
    text: str | bytes | None = message.get("text")
    return text if text is not None else message.get("bytes", b"")


async def _close(socket: WebSocket, ended: Ended) -> None:
    """Say why, if anybody is still there."""
    if ended.code == _GONE:
        return
    reason = ended.why.encode()[:120].decode(errors="ignore")
    try:
        await socket.close(ended.code, reason)
    except (WebSocketDisconnect, RuntimeError, OSError) as fault:
        log.debug("agent_gone_before_close", why=repr(fault))
