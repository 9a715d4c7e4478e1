"""A shop that is told by HTTP POST. Whatever is not a 2xx answer is NotSent, and the outbox tries again."""

from typing import Final

import httpx2

from chekpoint.core.clock import Clock, SystemClock, epoch_ms
from chekpoint.core.errors import NotSent
from chekpoint.core.ports import ShopNotice
from chekpoint.shops.webhook.signature import NOTICE, SIGNATURE, sign

KEPT: Final = 200  # characters of the shop's answer that are worth keeping
_READ: Final = 4 * KEPT  # bytes: no character takes more than four


class WebhookShop:
    """Delivers to one address. The ``client`` is shared and closed by whoever made it.

    Redirects are not followed: a signed notice goes where the shop said, and nowhere else.
    """

    def __init__(self, url: str, secret: str, client: httpx2.AsyncClient, clock: Clock | None = None) -> None:
        self._url, self._secret, self._client = url, secret, client
        self._clock = clock or SystemClock()

    async def tell(self, notice: ShopNotice) -> None:
        """POST the notice; raises NotSent with the status and the first 200 characters of the answer."""
        if not self._url.lower().startswith(("http://", "https://")):
            raise NotSent("the address of notices must begin with http:// or https://")
        try:
            status, text = await self._post(notice)
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, UnicodeError, OSError) as error:
            raise NotSent(f"{type(error).__name__}: {error}"[: KEPT + 100]) from error
        if not 200 <= status < 300:
            raise NotSent(f"HTTP {status}: {text}", code=str(status))

    async def _post(self, notice: ShopNotice) -> tuple[int, str]:
        moment = epoch_ms(self._clock.now()) // 1000
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Chekpoint-Webhook/1",
            NOTICE: notice.id,
            SIGNATURE: sign(self._secret, notice.body, moment),
        }
        request = self._client.stream(
            "POST", self._url, content=notice.body, headers=headers, follow_redirects=False
        )
        async with request as answer:
            return answer.status_code, "" if answer.is_success else await _beginning(answer)


async def _beginning(answer: httpx2.Response) -> str:
    """The first characters; the rest of an endless answer is not waited for."""
    got = b""
    async for part in answer.aiter_bytes():
        got += part
        if len(got) >= _READ:
            break
    text = got[:_READ].decode("utf-8", "replace")
    return "".join(char if char.isprintable() else " " for char in text)[:KEPT].strip()
