"""A shop's own web server, as far as notices are concerned: keeps what it got, answers what a test says."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple


class Heard(NamedTuple):
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes


class ListeningShop:
    """Answers from ``script`` (whole HTTP answers; empty: hangs up), and 204 when that is empty."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self.script: deque[bytes] = deque()
        self.url = ""

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *lines = head.strip().split("\r\n")
            headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
            body = await reader.readexactly(int(headers["content-length"]))
            self.heard.append(Heard(first.split()[1], headers, body))
            writer.write(self.script.popleft() if self.script else answer(204))
            await writer.drain()
        finally:
            writer.close()

    @asynccontextmanager
    async def open(self) -> AsyncIterator["ListeningShop"]:
        """Listen on a free port."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/notices"
        try:
            yield self
        finally:
            server.close()
            await server.wait_closed()


def answer(status: int, body: bytes = b"", *headers: str) -> bytes:
    """A whole HTTP answer that ends the connection."""
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body
