"""Load over keep-alive connections: bare sockets, for a client library would be what is measured."""

import asyncio
import time

from bench.orders import body

CONNECTIONS = 32
WARM_UP = 0.7
_MARK = b"@@id@@"


class _Connection(asyncio.Protocol):
    """Sends the next order as soon as the last is answered."""

    def __init__(self, run: "_Run", number: int) -> None:
        self._run, self._number, self._sent, self._got = run, number, 0, b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "write")
        self._transport = transport  # type: ignore[assignment]
        self._send()

    def _send(self) -> None:
        self._sent += 1
        assert self._transport is not None
        self._transport.write(self._run.request(f"{self._number:02d}-{self._sent:07d}"))

    def data_received(self, data: bytes) -> None:
        self._got += data
        end = self._got.find(b"\r\n\r\n")
        if end < 0:
            return
        at = self._got.lower().find(b"content-length: ") + 16
        length = int(self._got[at : self._got.find(b"\r\n", at)])
        if len(self._got) < end + 4 + length:
            return
        self._run.answered(self._got)
        self._got = b""
        if not self._run.over:
            self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._run.over:
            self._run.failed = f"connection lost: {exc!r}"


class _Run:
    def __init__(self, key: str, prefix: str) -> None:
        text = body(prefix + "-" + _MARK.decode())
        length = len(text) - len(_MARK) + 10
        head = (
            f"POST /api/v1/receipts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
        )
        self._before, self._after = (head.encode() + text).split(_MARK)
        self.count, self.over, self.failed = 0, False, ""

    def request(self, number: str) -> bytes:
        return self._before + number.encode() + self._after

    def answered(self, answer: bytes) -> None:
        self.count += 1
        if not answer.startswith(b"HTTP/1.1 201"):
            self.failed = answer.decode("utf-8", "replace")[:500]


async def rate(port: int, key: str, prefix: str, seconds: float) -> float:
    """Accepted receipts per second; every answer must be 201."""
    run, loop = _Run(key, prefix), asyncio.get_running_loop()
    made = [
        await loop.create_connection(lambda n=n: _Connection(run, n), "127.0.0.1", port)  # type: ignore[misc]
        for n in range(CONNECTIONS)
    ]
    await asyncio.sleep(WARM_UP)
    before, began = run.count, time.perf_counter()
    await asyncio.sleep(seconds)
    count, took = run.count - before, time.perf_counter() - began
    run.over = True
    assert not run.failed, run.failed
    for transport, _ in made:
        transport.close()
    return count / took
