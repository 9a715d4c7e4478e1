"""Telling the client: a POST of the result to ``callbacks.resultUrl``, expected to be answered with 200."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import httpx2
import msgspec

from chekpoint.core.clock import Clock
from chekpoint.emulators.atol_web.generation2 import request_result
from chekpoint.emulators.atol_web.queue_store import QueueStore, Request

TRIES: Final = 3
PAUSE_SECONDS: Final = 5.0
Deliver = Callable[[str, bytes], Awaitable[int | None]]
"""POST a JSON body to an address; the HTTP status, or None when there was no answer."""


async def deliver_over_http(url: str, body: bytes) -> int | None:
    """The real thing."""
    try:
        async with httpx2.AsyncClient(timeout=10.0) as client:
            answer = await client.post(url, content=body, headers={"Content-Type": "application/json"})
    except (httpx2.HTTPError, httpx2.InvalidURL):
        return None
    return answer.status_code


class Callbacks:
    """Tells of finished requests, in order, each up to three times. How often is not described: a guess."""

    def __init__(self, store: QueueStore, clock: Clock, deliver: Deliver = deliver_over_http) -> None:
        self._store = store
        self._clock = clock
        self._deliver = deliver
        self._waiting: asyncio.Queue[int] = asyncio.Queue()
        self._requests: dict[int, Request] = {}

    def finished(self, request: Request) -> None:
        """A request came to its end."""
        if request.posted.callback:
            self._requests[request.number] = request
            self._waiting.put_nowait(request.number)

    async def run(self) -> None:
        """Serve for ever."""
        while True:
            request = self._requests.pop(await self._waiting.get())
            fresh = self._store.find(request.posted.device, request.posted.uuid)
            if fresh is not None and not fresh.told:
                await self.tell(fresh)

    async def tell(self, request: Request) -> None:
        """Tell of one request until somebody says 200."""
        body = msgspec.json.encode({"uuid": request.posted.uuid, **request_result(request)})
        for attempt in range(TRIES):
            if attempt:
                await self._clock.sleep(PAUSE_SECONDS)
            if await self._deliver(request.posted.callback or "", body) == 200:
                break
        self._store.tell(request)
