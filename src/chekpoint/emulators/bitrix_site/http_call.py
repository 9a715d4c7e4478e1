"""One HTTP request as the site's own client sends it: HTTP/1.0 by default, one connection for each, 30 s and 60 s.

Certificates are not verified on POST and are on GET (what the vendor's cloud classes do).
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import urlsplit

import msgspec

from chekpoint.core.clock import Clock
from chekpoint.emulators.faults import Fault, FaultKind, FaultPlan, Point
from chekpoint.emulators.waiting import AnswerTimeout, within

CONNECT_SECONDS: Final = 30.0
READ_SECONDS: Final = 60.0
FORM: Final = "application/x-www-form-urlencoded"
JSON: Final = "application/json; charset=utf-8"
_LONGEST_ANSWER: Final = 4 << 20  # bytes


class LineFailed(Exception):
    """No answer: refused, cut off, timed out, or not HTTP at all."""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A request of the site."""

    url: str
    method: str = "POST"
    body: bytes = b""
    content_type: str = FORM
    http_version: str = "1.0"


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came back, whatever the status."""

    status: int
    body: bytes


Fetch = Callable[[Call], Awaitable[Answer]]
"""Carry one request; raises LineFailed."""


class HttpLine:
    """Carries the site's requests over TCP, through a fault plan of its own."""

    def __init__(self, clock: Clock, faults: FaultPlan) -> None:
        self._clock = clock
        self._faults = faults

    async def fetch(self, call: Call) -> Answer:
        """One request and its answer; raises LineFailed."""
        fault = self._faults.draw(Point.REQUEST)
        if fault is not None and fault.kind not in {FaultKind.DELAY, FaultKind.DUPLICATE}:
            raise LineFailed(f"{fault.kind}: запрос не дошёл")
        if fault is not None:
            await self._before(fault, call)
        answer = await self._carried(call)
        return await self._brought_back(answer)

    async def _before(self, fault: Fault, call: Call) -> None:
        if fault.kind is FaultKind.DELAY:
            await self._clock.sleep(fault.seconds)
        else:
            await self._carried(call)

    async def _brought_back(self, answer: Answer) -> Answer:
        fault = self._faults.draw(Point.ANSWER)
        match fault.kind if fault else None:
            case FaultKind.DROP:
                raise LineFailed("ответ потерян")
            case FaultKind.CUT if fault:
                return msgspec.structs.replace(answer, body=answer.body[: fault.after_bytes])
            case FaultKind.GARBAGE:
                return Answer(status=502, body=b"<html>502 Bad Gateway</html>")
            case FaultKind.DELAY if fault:
                await self._clock.sleep(fault.seconds)
        return answer

    async def _carried(self, call: Call) -> Answer:
        try:
            reader, writer = await within(self._clock, CONNECT_SECONDS, _connected(call))
        except (OSError, ValueError, AnswerTimeout) as error:
            raise LineFailed(f"{call.url}: {str(error) or 'нет соединения'}") from error
        try:
            writer.write(_head(call) + call.body)
            return await within(self._clock, READ_SECONDS, _answer(reader))
        except (OSError, EOFError, ValueError, asyncio.LimitOverrunError, AnswerTimeout) as error:
            raise LineFailed(f"{call.url}: {str(error) or 'нет ответа'}") from error
        finally:
            writer.close()


async def _connected(call: Call) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Raises ValueError for an address that is none."""
    parts = urlsplit(call.url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"{call.url!r}: не адрес http(s)")
    secure = parts.scheme == "https"
    context: ssl.SSLContext | None = None
    if secure:
        context = ssl.create_default_context()
        if call.method == "POST":
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
    return await asyncio.open_connection(
        parts.hostname, parts.port or (443 if secure else 80), ssl=context, limit=_LONGEST_ANSWER
    )


def _head(call: Call) -> bytes:
    parts = urlsplit(call.url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    host = parts.netloc.rpartition("@")[2]
    lines = [
        f"{call.method} {target} HTTP/{call.http_version}",
        f"Host: {host}",
        "User-Agent: BitrixSM HttpClient class",
        "Connection: close",
        "Accept: */*",
        f"Content-Type: {call.content_type}",
        f"Content-Length: {len(call.body)}",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


async def _answer(reader: asyncio.StreamReader) -> Answer:
    """Raises ValueError or EOFError for what is not a whole HTTP answer."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    words = head[0].split(" ", 2)
    if len(words) < 2 or not words[0].startswith("HTTP/") or not words[1].isdecimal():
        raise ValueError("ответ не похож на HTTP")
    headers = {name.strip().lower(): value.strip() for name, _, value in (h.partition(":") for h in head[1:])}
    return Answer(status=int(words[1]), body=await _body(reader, headers))


async def _body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return await _chunks(reader)
    length = headers.get("content-length")
    if length is not None:
        if not length.isdecimal() or int(length) > _LONGEST_ANSWER:
            raise ValueError("недопустимая длина ответа")
        return await reader.readexactly(int(length))
    return await reader.read(_LONGEST_ANSWER)


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = bytearray()
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        if size < 0 or len(body) + size > _LONGEST_ANSWER:
            raise ValueError("недопустимая длина ответа")
        body += await reader.readexactly(size)
        await reader.readexactly(2)
    return bytes(body)
