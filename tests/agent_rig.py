"""A hub in this process, an agent as a process of its own, and an emulated register behind it."""

import asyncio
import os
import random
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import uvicorn
from starlette.applications import Starlette

from chekpoint.app.compose import register_makers
from chekpoint.core.clock import SystemClock
from chekpoint.hub.hub import Hub
from chekpoint.registers.agent import AgentLimits, Switchboard, agent_routes
from chekpoint.registers.agent.line import Line
from chekpoint.store import agents, people
from chekpoint.store.journal import Tx
from chekpoint.store.store import open_store
from tests.contract.atol_bench import AtolBench, atol_bench
from tests.contract.http_bench import listening
from tests.doubles.deaf_shop import DeafShop
from tests.doubles.hubs import QUICK, SELLER, SHOP
from tests.unit.hub_bench import sqlite

NAME, KEY, KEY_ID, REGISTER = "office", "ak_key-of-the-office", "0" * 31 + "a", "0" * 31 + "7"
INN = "7700000016"
LIMITS = AgentLimits(answer=10.0, fresh=1.0, slack=1.0, beat_every=2.0)
HUB_LIMITS = msgspec.structs.replace(QUICK, io_timeout=13.0, lease=20.0, backoff_most=0.2)
PATIENCE = 20.0  # seconds a test waits for what must come to pass


class AgentProcess:
    """``chekpoint agent`` as a person starts it."""

    def __init__(self, hub: str, folder: Path, *, key: str = KEY, more: tuple[str, ...] = ()) -> None:
        self.hub = hub
        self._arguments = ["agent", "--hub", hub, "--key", key, "--page-port", "0", "--atol-port", "9", *more]
        self._log = folder / "agent.log"
        self.process: asyncio.subprocess.Process

    async def start(self) -> None:
        with self._log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "chekpoint", *self._arguments, stdout=log, stderr=log,
                env={k: v for k, v in os.environ.items() if not k.startswith("CHEKPOINT_")},
            )  # fmt: skip

    async def end(self, how: signal.Signals = signal.SIGKILL) -> int:
        """Signal it, and see it end; its exit code."""
        if self.process.returncode is None:
            self.process.send_signal(how)
        return await self.process.wait()

    def said(self) -> str:
        return self._log.read_text("utf-8")


class AgentRig:
    """The register ``REGISTER`` of the hub is behind the agent ``NAME``."""

    def __init__(self, hub: Hub, board: Switchboard, till: AtolBench, agent: AgentProcess) -> None:
        self.hub, self.board, self.till, self.agent = hub, board, till, agent

    async def until(self, done: Callable[[], Any]) -> None:
        """Look until it is so."""
        async with asyncio.timeout(PATIENCE):
            while not done():  # noqa: ASYNC110 - what is waited for happens in other programs
                await asyncio.sleep(0.005)

    async def connected(self) -> None:
        await self.until(lambda: self.board.line(NAME) is not None)

    def changed(self, line: Line) -> bool:
        """Is another line plugged in, or none?"""
        return self.board.line(NAME) is not line

    def receipts(self) -> list[str]:
        """Order marks of what was really signed, in FD order."""
        return [
            doc.receipt.note or "" for doc in self.till.emulated.drive.documents() if doc.receipt is not None
        ]


@asynccontextmanager
async def agent_rig(
    folder: Path, *, agent: bool = True, tls: tuple[Path, Path] | None = None
) -> AsyncIterator[AgentRig]:
    """Everything runs, and is stopped at the end. ``tls``: the hub's certificate and its key."""
    clock = SystemClock()
    board = Switchboard(clock, LIMITS)
    async with atol_bench("v2") as till:
        hub = Hub(
            open_store(sqlite(folder), node="a", clock=clock), clock, random.Random(1), node="a", limits=HUB_LIMITS,
            zone="Europe/Moscow", registers=register_makers(clock, board=board), operators={},
            door=lambda _url, _secret: DeafShop(),
        )  # fmt: skip
        await hub.start()
        settings = msgspec.to_builtins(till.config)
        await hub.store.write(lambda tx: _furnish(tx, settings))
        await hub.reload()
        async with _serving(hub, board, tls) as port:
            process = AgentProcess(f"{'https' if tls else 'http'}://127.0.0.1:{port}", folder)
            try:
                if agent:
                    await process.start()
                yield AgentRig(hub, board, till, process)
            finally:
                if agent:
                    await process.end()
                await hub.stop()


def _furnish(tx: Tx, settings: dict[str, Any]) -> None:
    people.add_seller(tx, SELLER, INN, "ООО «Ромашка»")
    people.add_shop(tx, SHOP)
    agents.add_agent(tx, KEY_ID, NAME, KEY)
    config = msgspec.json.encode({"agent": NAME, "maker": "atol", "config": settings})
    people.add_register(tx, REGISTER, SELLER, "касса в офисе", maker="agent", config=config)


@asynccontextmanager
async def _serving(hub: Hub, board: Switchboard, tls: tuple[Path, Path] | None) -> AsyncIterator[int]:
    listener = listening(0)
    cert, key = tls or (None, None)
    config = uvicorn.Config(
        Starlette(routes=agent_routes(hub, board)), lifespan="off", log_level="warning", ssl_certfile=cert, ssl_keyfile=key
    )  # fmt: skip
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup(sockets=[listener])
    try:
        yield listener.getsockname()[1]
    finally:
        server.force_exit = True
        await server.shutdown(sockets=[listener])
