"""One signed POST: what was told to the outside proves who told it (``signature``)."""

from typing import Final

import httpx2

from chekpoint.core.clock import Clock, epoch_ms
from chekpoint.core.errors import NotSent
from chekpoint.hub.signature import NOTICE, SIGNATURE, sign

KEPT: Final = 200  # characters of an answer that are worth keeping
_READ: Final = 4 * KEPT  # bytes: no character takes more than four


class Signed:
    """POSTs to one address. The ``client`` is shared and closed by whoever made it.

    Redirects are not followed: a signed notice goes where its owner said, and nowhere else.
    """

    def __init__(self, url: str, secret: str, client: httpx2.AsyncClient, clock: Clock) -> None:
        self._url, self._secret, self._client, self._clock = url, secret, client, clock

    async def post(self, notice_id: str, body: bytes) -> int:
        """The 2xx status that was answered; raises NotSent with another one and the first 200 characters after it."""
        if not self._url.lower().startswith(("http://", "https://")):
            raise NotSent("the address of notices must begin with http:// or https://")
        try:
            status, text = await self._exchange(notice_id, body)
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, UnicodeError, OSError) as error:
            raise NotSent(f"{type(error).__name__}: {error}"[: KEPT + 100]) from error
        if not 200 <= status < 300:
            raise NotSent(f"HTTP {status}: {text}", code=str(status))
        return status

    async def _exchange(self, notice_id: str, body: bytes) -> tuple[int, str]:
        moment = epoch_ms(self._clock.now()) // 1000
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Chekpoint-Webhook/1",
            NOTICE: notice_id,
            SIGNATURE: sign(self._secret, body, moment),
        }
        request = self._client.stream(
            "POST", self._url, content=body, headers=headers, follow_redirects=False
        )
        async with request as answer:
            return answer.status_code, "" if answer.is_success else await beginning(answer)


async def beginning(answer: httpx2.Response) -> str:
    """The first characters of an answer on one line; the rest of an endless one is not waited for."""
    got = b""
    async for part in answer.aiter_bytes():
        got += part
        if len(got) >= _READ:
            break
    text = got[:_READ].decode("utf-8", "replace")
    return "".join(char if char.isprintable() else " " for char in text)[:KEPT].strip()
