"""One HTTP call to an address that a shop gave; whatever is not a 2xx answer is NotSent."""

from typing import Final

import httpx2

from chekpoint.core.errors import NotSent

ADDRESS_MOST: Final = 2000
_KEPT: Final = 200  # characters of the answer that are worth keeping


def is_address(url: str) -> bool:
    """Can this be called? An absolute http(s) address with a host, without credentials."""
    try:
        parsed = httpx2.URL(url)
        unfit = parsed.scheme not in {"http", "https"} or not parsed.host or bool(parsed.userinfo)
    except (httpx2.InvalidURL, ValueError, UnicodeError):
        return False
    return not unfit and len(url) <= ADDRESS_MOST


async def call(client: httpx2.AsyncClient, method: str, url: str, body: bytes | None = None) -> None:
    """Call, with a JSON body or none. Redirects are not followed. Raises NotSent."""
    headers = {"User-Agent": "Chekpoint-Callback/1"}
    if body is not None:
        headers["Content-Type"] = "application/json; charset=utf-8"
    try:
        async with client.stream(
            method, url, content=body, headers=headers, follow_redirects=False
        ) as answer:
            status, text = answer.status_code, "" if answer.is_success else await _beginning(answer)
    except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, UnicodeError, OSError) as error:
        raise NotSent(f"{type(error).__name__}: {error}"[: _KEPT + 100]) from error
    if not 200 <= status < 300:
        raise NotSent(f"HTTP {status}: {text}", code=str(status))


async def _beginning(answer: httpx2.Response) -> str:
    """The first characters; the rest of an endless answer is not waited for."""
    got = b""
    async for part in answer.aiter_bytes():
        got += part
        if len(got) >= 4 * _KEPT:  # no character takes more than four bytes
            break
    text = got[: 4 * _KEPT].decode("utf-8", "replace")
    return "".join(char if char.isprintable() else " " for char in text)[:_KEPT].strip()
