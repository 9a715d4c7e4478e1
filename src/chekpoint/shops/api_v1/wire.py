"""A request and its answer on bare ASGI: what an intake of thousands per second needs, and no more."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final, NamedTuple

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = tuple[tuple[bytes, bytes], ...]

JSON: Final = b"application/json"
_ALWAYS: Final = ((b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"))


class Answer(NamedTuple):
    """What goes back."""

    status: int
    body: bytes
    headers: Headers = ()
    content_type: bytes = JSON


class Gone(Exception):
    """The client left before its request was whole."""


class TooLarge(Exception):
    """The body is larger than its limit."""


def header(scope: Scope, name: bytes) -> bytes | None:
    """The first header of a (lower case) name."""
    for key, value in scope["headers"]:
        if key == name:
            return bytes(value)
    return None


async def read_body(scope: Scope, receive: Receive, limit: int) -> bytes:
    """The whole body; raises TooLarge as soon as that is known, Gone when the client left."""
    said = header(scope, b"content-length")
    if said is not None and said.isdigit() and int(said[:20]) > limit:
        raise TooLarge
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise Gone
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise TooLarge
        if not message.get("more_body", False):
            return bytes(part) if not parts else b"".join([*parts, part])
        parts.append(part)


async def send_answer(send: Send, answer: Answer) -> None:
    """Write the answer out."""
    length = str(len(answer.body)).encode()
    headers = [
        (b"content-type", answer.content_type), (b"content-length", length), *_ALWAYS, *answer.headers,
    ]  # fmt: skip
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
