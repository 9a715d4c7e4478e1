"""Live pages: one stream per open page that says "something has changed", and the page fetches itself anew.

The word of change is the end of every node's journal, so it changes with whatever any node writes. A stream
also says so every few seconds without a change: ages on the screen grow, and a status becomes stale.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from chekpoint.store import views
from chekpoint.web.desk import Desk, desk_of

LOOK_EVERY: Final = 1.0  # seconds
SAY_EVERY: Final = 10.0
STREAM_LASTS: Final = 60.0  # the browser connects again by itself; a stopping server need not wait for long


class Pulse:
    """The journal's ends, read at most once in half a look for all streams together."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._word, self._read_at = "", float("-inf")
        self._lock: asyncio.Lock | None = None

    async def word(self) -> str:
        """The word of change."""
        if self._lock is None:
            self._lock = asyncio.Lock()
        async with self._lock:
            if self._desk.clock.monotonic() - self._read_at >= LOOK_EVERY / 2:
                self._word = await self._desk.store.read(views.pulse)
                self._read_at = self._desk.clock.monotonic()
            return self._word


async def stream(request: Request) -> Response:
    """Server-sent events; 401 without a session, so that a forgotten page stops asking."""
    desk = desk_of(request)
    if await desk.door.who(request) is None:
        return Response(status_code=401)
    pulse: Pulse = request.app.state.pulse
    seen = request.headers.get("last-event-id")
    return StreamingResponse(
        _changes(desk, pulse, seen), media_type="text/event-stream", headers={"x-accel-buffering": "no"}
    )


async def _changes(desk: Desk, pulse: Pulse, seen: str | None) -> AsyncIterator[str]:
    """``seen`` is the word that the page knew when its last stream ended; None for a fresh page."""
    start = said = desk.clock.monotonic()
    seen = await pulse.word() if seen is None else seen
    yield f"retry: 1000\nid: {seen}\nevent: ready\ndata: {seen}\n\n"
    while desk.clock.monotonic() - start < STREAM_LASTS:
        word, now = await pulse.word(), desk.clock.monotonic()
        if word != seen or now - said >= SAY_EVERY:
            seen, said = word, now
            yield f"id: {word}\nevent: changed\ndata: {word}\n\n"
        await desk.clock.sleep(LOOK_EVERY)
