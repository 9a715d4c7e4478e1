"""Calls of the site's REST through an incoming webhook: a method and parameters out, the result in."""

from typing import Any, Final

import httpx2
import msgspec

_TIMEOUT: Final = httpx2.Timeout(30.0, connect=10.0)
_MOST: Final = 4 << 20


class CallError(Exception):
    """The site did not do it. ``code`` is the site's own, empty when it was not reached; secrets are not in it."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{code}: {text}" if code else text)
        self.code, self.text = code, text


class _Answer(msgspec.Struct):
    result: Any = None
    error: Any = None
    error_description: str | None = None


async def call(client: httpx2.AsyncClient, webhook: str, method: str, params: dict[str, Any]) -> Any:
    """The method's result; raises CallError."""
    try:
        async with client.stream(
            "POST", f"{webhook.rstrip('/')}/{method}.json", json=params, timeout=_TIMEOUT
        ) as got:
            body = await _whole(got)
    except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, UnicodeError, OSError) as error:
        raise CallError("", f"нет связи с сайтом / no link to the site ({type(error).__name__})") from error
    try:
        answer = msgspec.json.decode(body, type=_Answer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CallError("", f"сайт ответил не JSON / not JSON (HTTP {got.status_code})") from error
    if answer.error or got.status_code != 200:
        raise CallError(str(answer.error or got.status_code), answer.error_description or "")
    return answer.result


async def _whole(answer: httpx2.Response) -> bytes:
    got = bytearray()
    async for part in answer.aiter_bytes():
        got += part
        if len(got) > _MOST:
            break
    return bytes(got)
