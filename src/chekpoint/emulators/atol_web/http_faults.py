"""The fault plan on the HTTP line, and paths as clients write them.

``face.request`` strikes before the server has seen a request, ``face.answer`` after it was carried out: then
the client does not know, which is the point.
"""

import asyncio
from typing import Final
from urllib.parse import unquote

from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chekpoint.core.clock import Clock
from chekpoint.emulators.faults import Fault, FaultKind, FaultPlan, Point

CONNECTION: Final = "connection"
"""Key of the scope's state under which ``serve.FaultyConnection`` puts itself."""
GARBAGE_PAGE: Final = "<html><head><title>502 Bad Gateway</title></head><body><center>nginx</center>\x00\xff"


class LineLost(ConnectionError):
    """The connection died (raised to a client that lives in the same process and has no connection to lose)."""


class TidyPaths:
    """Accept ``requests``, ``/requests/`` and ``//requests`` for ``/requests``."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on with one leading slash and no trailing one."""
        if scope["type"] == "http":
            path = "/" + "/".join(part for part in scope["path"].split("/") if part)
            raw = "/" + b"/".join(part for part in scope.get("raw_path", b"").split(b"/") if part).decode(
                "latin-1"
            )
            scope = {
                **scope,
                "path": path,
                "raw_path": raw.encode("latin-1") if unquote(raw) == path else path.encode(),
            }
        await self._app(scope, receive, send)


class FaultyLine:
    """Draws from the plan for every request of the face; the control panel is spared."""

    def __init__(self, app: ASGIApp, plan: FaultPlan, clock: Clock) -> None:
        self._app = app
        self._plan = plan
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Carry one request, through whatever strikes it."""
        if scope["type"] != "http" or scope["path"].startswith("/control") or scope["path"] == "/":
            await self._app(scope, receive, send)
            return
        body = await _whole_body(receive)
        fault = self._plan.draw(Point.REQUEST)
        kind = fault.kind if fault else None
        if fault and kind is FaultKind.DELAY:
            await self._clock.sleep(fault.seconds)
        elif fault and kind is FaultKind.DUPLICATE:
            await self._answer(scope, body)
        elif fault:
            await self._struck_before(fault, scope, receive, send)
            return
        await self._carry_back(scope, receive, send, await self._answer(scope, body))

    async def _struck_before(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        """Nothing is carried out: the line dies, or somebody else answers."""
        match fault.kind:
            case FaultKind.GARBAGE:
                await HTMLResponse(GARBAGE_PAGE, 502)(scope, receive, send)
            case FaultKind.REFUSE:
                status = (
                    int(fault.detail) if fault.detail.isdecimal() and 400 <= int(fault.detail) < 600 else 503
                )
                await HTMLResponse(f"<h1>{status}</h1>", status)(scope, receive, send)
            case _:
                await lose_line(scope, receive)

    async def _answer(self, scope: Scope, body: bytes) -> list[Message]:
        """Let the server carry it out, whether or not the client is still there."""
        sent: list[Message] = []
        chunks = [body]

        async def receive() -> Message:
            if chunks:
                return {"type": "http.request", "body": chunks.pop(), "more_body": False}
            return {"type": "http.disconnect"}

        async def keep(message: Message) -> None:
            sent.append(message)

        await self._app({**scope}, receive, keep)
        return sent

    async def _carry_back(self, scope: Scope, receive: Receive, send: Send, answer: list[Message]) -> None:
        fault = self._plan.draw(Point.ANSWER)
        match fault.kind if fault else None:
            case FaultKind.DROP:
                await lose_line(scope, receive)
                return
            case FaultKind.CUT if fault:
                await _cut(scope, receive, send, answer, fault.after_bytes)
                return
            case FaultKind.GARBAGE:
                await HTMLResponse(GARBAGE_PAGE, 502)(scope, receive, send)
                return
            case FaultKind.DELAY if fault:
                await self._clock.sleep(fault.seconds)
        for message in answer:
            await send(message)


async def _whole_body(receive: Receive) -> bytes:
    """Read the request to its end: from here on it has reached the server."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return bytes(body)


async def _cut(scope: Scope, receive: Receive, send: Send, answer: list[Message], after_bytes: int) -> None:
    """The head of the answer and ``after_bytes`` of its body, then nothing more."""
    body = b"".join(message.get("body", b"") for message in answer)
    await send(answer[0])
    await send({"type": "http.response.body", "body": body[:after_bytes], "more_body": True})
    await lose_line(scope, receive, flush=True)


async def lose_line(scope: Scope, receive: Receive, *, flush: bool = False) -> None:
    """End the client's connection without another byte; raises LineLost where there is none to end."""
    connection = scope.get("state", {}).get(CONNECTION)
    transport: asyncio.Transport | None = getattr(connection, "transport", None)
    if transport is None:
        raise LineLost("the connection was lost (fault plan)")
    if flush:
        transport.close()
    else:
        transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass
