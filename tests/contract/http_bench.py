"""What benches of registers over HTTP share: a server on a port of its own, and a wire that loses one registration."""

import socket
import ssl
from abc import ABC, abstractmethod

import httpx2
import uvicorn


def listening(port: int) -> socket.socket:
    # with the protocol named, asyncio turns Nagle off for what it accepts: 40 ms less for each answer
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen()
    return listener


async def up(server: uvicorn.Server, listener: socket.socket) -> None:
    """Serve on the socket. Without uvicorn's main loop, whose tick of 0.1 s each test would pay."""
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    await server.startup(sockets=[listener])


async def down(server: uvicorn.Server, listener: socket.socket) -> None:
    """End the server and see it end."""
    server.force_exit = True
    await server.lifespan.shutdown()
    await server.shutdown(sockets=[listener])


class LossyWire(httpx2.AsyncHTTPTransport, ABC):
    """A real connection on which one registration can be lost on its way there or back."""

    def __init__(self, verify: ssl.SSLContext | bool = True) -> None:
        super().__init__(verify=verify)
        self.verify = verify
        self.loses_answer = self.loses_command = False
        self.late: list[httpx2.Request] = []

    @abstractmethod
    def carries(self, request: httpx2.Request) -> bool:
        """Is this what registers?"""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        await request.aread()
        carries = self.carries(request)
        if carries and self.loses_command:
            self.loses_command = False
            self.late.append(request)
            raise httpx2.ReadTimeout("the command hangs")
        answer = await super().handle_async_request(request)
        if carries and self.loses_answer:
            self.loses_answer = False
            await answer.aread()
            raise httpx2.RemoteProtocolError("the answer is cut")
        return answer


class HttpBench(ABC):
    """The half of ``RegisterBench`` that is about the line. The port stays the same when the server comes back."""

    wire: LossyWire

    def __init__(self) -> None:
        self._socket = listening(0)
        self.port: int = self._socket.getsockname()[1]
        self._server: uvicorn.Server | None = None

    @abstractmethod
    def served(self) -> uvicorn.Server:
        """A server of the double, not started."""

    async def start(self) -> None:
        self._server = self.served()
        await up(self._server, self._socket)

    async def stop(self) -> None:
        if self._server is not None:
            await down(self._server, self._socket)
        self._server = None

    def lose_answer(self) -> None:
        self.wire.loses_answer = True

    def lose_command(self) -> None:
        self.wire.loses_command = True

    async def deliver_late(self) -> None:
        async with httpx2.AsyncClient(verify=self.wire.verify) as client:
            for late in self.wire.late:
                await client.request(late.method, late.url, content=late.content, headers=late.headers)
        self.wire.late.clear()

    async def break_link(self) -> None:
        await self.stop()

    async def mend_link(self) -> None:
        self._socket = listening(self.port)
        await self.start()
