"""The network between a hub and a register's web server: it loses, delays, doubles and garbles.

What has left the client is carried by the network's own tasks, so it arrives even when the client is dead.
One thing is taken for granted: a command that was refused with a clear answer has no second copy on its way (TCP
makes none, and proxies do not repeat a POST). A command without an answer, or one that was taken, may have one.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Coroutine
from random import Random
from typing import Any

import httpx2

from tests.simulation.gate import Gate

READ_TIMEOUT = 20.0  # of the driver's client
LATEST = 120.0  # a command that hung on the way arrives by then or never


class Weather:
    """How bad a network is: the chance of each fault for one request. ``calm`` ends them all."""

    KINDS = ("refused", "lost", "late", "answer_lost", "answer_cut", "doubled", "garbage", "slow")

    def __init__(self, chance: Random, badness: float) -> None:
        self.chance = chance
        self.rates = {kind: chance.random() * badness for kind in self.KINDS}
        self.down_until = 0.0

    def calm(self) -> None:
        self.rates = dict.fromkeys(self.KINDS, 0.0)
        self.down_until = 0.0

    def draw(self) -> str | None:
        for kind, rate in self.rates.items():
            if self.chance.random() < rate:
                return kind
        return None

    def latency(self) -> float:
        return self.chance.uniform(0.001, 0.03)


class Network:
    """Owns what is on its way. ``note`` writes the trace."""

    def __init__(self, note: Callable[[str], None]) -> None:
        self.note = note
        self.moving: dict[asyncio.Task[Any], str] = {}
        self.faults: list[BaseException] = []

    def carry(self, where: str, work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        """Go on with it whatever becomes of the sender."""
        task = asyncio.get_running_loop().create_task(work)
        self.moving[task] = where
        task.add_done_callback(self._arrived)
        return task

    def _arrived(self, task: "asyncio.Task[Any]") -> None:
        self.moving.pop(task, None)
        fault = None if task.cancelled() else task.exception()
        if fault is not None and not isinstance(fault, ConnectionError | httpx2.HTTPError):
            self.faults.append(fault)

    def quiet(self, where: str) -> bool:
        """Is nothing on its way to this register?"""
        return where not in self.moving.values()

    async def later(self, seconds: float, act: Callable[[], Awaitable[Any]]) -> Any:
        await asyncio.sleep(seconds)
        return await act()


class Wire(httpx2.AsyncBaseTransport):
    """One client's connection to one web server."""

    def __init__(
        self, where: str, app: Callable[[], Any], weather: Weather, network: Network, gate: Gate
    ) -> None:
        self._where, self._weather, self._network, self._gate = where, weather, network, gate
        self._app = app  # asked for each request: the server may have been started anew

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        await self._gate.passing()
        await request.aread()
        answer = await self._through(request)
        await self._gate.passing()
        return answer

    async def _through(self, request: httpx2.Request) -> httpx2.Response:
        weather, loop = self._weather, asyncio.get_running_loop()
        if loop.time() < weather.down_until:
            raise httpx2.ConnectError("connection refused")
        fault = weather.draw()
        if fault is not None:
            self._network.note(f"{self._where} {fault} {request.method} {request.url.path}")
        match fault:
            case "refused":
                raise httpx2.ConnectError("connection refused")
            case "lost":
                return await self._never()
            case "late":
                self._deliver(request, weather.chance.uniform(READ_TIMEOUT, LATEST))
                return await self._never()
            case "garbage" if weather.chance.random() < 0.5:
                return httpx2.Response(502, content=b"<html>\x00\xff bad gateway")
        answer = await asyncio.shield(self._deliver(request, weather.latency()))
        await answer.aread()
        if fault == "doubled" and answer.is_success:
            self._deliver(request, weather.chance.uniform(0.0, LATEST))
        return await self._back(fault, answer)

    async def _back(self, fault: str | None, answer: httpx2.Response) -> httpx2.Response:
        chance = self._weather.chance
        await asyncio.sleep(self._weather.latency())
        match fault:
            case "answer_lost" if chance.random() < 0.5:
                raise httpx2.RemoteProtocolError("server disconnected")
            case "answer_lost":
                return await self._never()
            case "answer_cut":
                cut = answer.content[: chance.randrange(len(answer.content) + 1)]
                return httpx2.Response(answer.status_code, content=cut)
            case "garbage":
                return httpx2.Response(502, content=b"<html>\x00\xff bad gateway")
            case "slow":
                await asyncio.sleep(chance.uniform(1, 90))
        return httpx2.Response(answer.status_code, headers=answer.headers, content=answer.content)

    async def _never(self) -> httpx2.Response:
        await asyncio.sleep(READ_TIMEOUT)
        raise httpx2.ReadTimeout("no answer")

    def _deliver(self, request: httpx2.Request, seconds: float) -> "asyncio.Task[httpx2.Response]":
        copy = httpx2.Request(request.method, request.url, headers=request.headers, content=request.content)

        async def arrive() -> httpx2.Response:
            try:
                return await httpx2.ASGITransport(self._app()).handle_async_request(copy)
            except (
                sqlite3.ProgrammingError
            ) as error:  # its queue was closed: the server died over this request
                raise httpx2.RemoteProtocolError("server disconnected") from error

        return self._network.carry(self._where, self._network.later(seconds, arrive))
