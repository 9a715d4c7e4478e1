"""A shop that is told by HTTP POST. Whatever is not a 2xx answer is NotSent, and the outbox tries again."""

import httpx2

from chekpoint.core.clock import Clock, SystemClock
from chekpoint.core.ports import ShopNotice
from chekpoint.hub.signed_post import Signed


class WebhookShop:
    """Delivers to one address, signed under the shop's secret."""

    def __init__(self, url: str, secret: str, client: httpx2.AsyncClient, clock: Clock | None = None) -> None:
        self._signed = Signed(url, secret, client, clock or SystemClock())

    async def tell(self, notice: ShopNotice) -> None:
        """POST the notice; raises NotSent with the status and the first 200 characters of the answer."""
        await self._signed.post(notice.id, notice.body)
