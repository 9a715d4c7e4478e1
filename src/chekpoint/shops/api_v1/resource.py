"""One address of the API: finds the method, knows the shop, times the answer, turns every error into a problem."""

from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

import structlog

from chekpoint.core.clock import Clock
from chekpoint.core.errors import StoreError
from chekpoint.shops.api_v1.access import KeyRing
from chekpoint.shops.api_v1.meters import Requests
from chekpoint.shops.api_v1.problems import Trouble, answer_of, problem, trouble
from chekpoint.shops.api_v1.wire import (
    JSON,
    Answer,
    Gone,
    Receive,
    Scope,
    Send,
    TooLarge,
    header,
    read_body,
    send_answer,
)
from chekpoint.store import people

log = structlog.get_logger()
RETRY_AFTER: Final = ((b"retry-after", b"2"),)


class Call(NamedTuple):
    """A request as a handler sees it."""

    scope: Scope
    receive: Receive
    shop: people.Shop

    @property
    def receipt_id(self) -> str:
        """The id in the address, as it was sent."""
        return str(self.scope["path_params"]["receipt_id"])

    async def body(self, limit: int, *, optional: bool = False) -> bytes:
        """The JSON body, undecoded; raises Trouble for its size and content type."""
        try:
            body = await read_body(self.scope, self.receive, limit)
        except TooLarge:
            raise too_large(limit) from None
        if body or not optional:
            _check_type(self.scope)
        return body


def too_large(limit: int) -> Trouble:
    """413; the rest of the body is not read, so the connection ends."""
    return trouble("body_too_large", headers=((b"connection", b"close"),), limit=limit)


def _check_type(scope: Scope) -> None:
    given = header(scope, b"content-type")
    if given != JSON:
        kind, _, rest = (given or b"").lower().partition(b";")
        charset = rest.strip().replace(b'"', b"")
        if kind.strip() != JSON or charset not in {b"", b"charset=utf-8", b"charset=utf8"}:
            raise trouble("wrong_content_type")
    if header(scope, b"content-encoding") not in {None, b"identity"}:
        raise trouble("wrong_content_type")


Handler = Callable[[Call], Awaitable[Answer]]
Open = Callable[[Scope], Awaitable[Answer]]
_NOBODY: Final = people.Shop("", "", "", "", None, 0, None, None, None)


class Resource:
    """An ASGI application for one path. ``keys`` is None where no key is asked for."""

    def __init__(
        self,
        path: str,
        handlers: dict[str, Handler],
        *,
        keys: KeyRing | None,
        requests: Requests,
        clock: Clock,
    ) -> None:
        self.path, self.handlers = path, handlers
        self._keys, self._requests, self._clock = keys, requests, clock
        self._allow = ", ".join(sorted({*handlers, *(["HEAD"] if "GET" in handlers else [])}))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        began = self._clock.monotonic()
        try:
            answer = await self._answer(scope, receive)
        except Gone:
            return
        await send_answer(send, answer)
        method = scope["method"] if scope["method"] in self.handlers else "other"
        self._requests.note(method, self.path, answer.status, self._clock.monotonic() - began)

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        try:
            return await self._handle(scope, receive)
        except Trouble as found:
            return answer_of(found.problem, found.headers)
        except StoreError:
            log.exception("api_store_failed", path=self.path)
            return answer_of(problem("unavailable"), RETRY_AFTER)
        except Gone:
            raise
        except Exception:
            log.exception("api_failed", path=self.path)
            return answer_of(problem("internal"))

    async def _handle(self, scope: Scope, receive: Receive) -> Answer:
        if not self.handlers:
            raise trouble("not_found")
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        handler = self.handlers.get(method)
        if handler is None:
            raise trouble(
                "method_not_allowed", headers=((b"allow", self._allow.encode()),), allow=self._allow
            )
        shop = _NOBODY if self._keys is None else await self._keys.shop(scope)
        return await handler(Call(scope, receive, shop))
