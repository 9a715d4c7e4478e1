"""An alert as signed JSON: for a pager, a chat of one's own, a script. Any 2xx answer means that it was taken."""

from typing import Annotated, Final

import httpx2
import msgspec

from chekpoint.core.clock import Clock
from chekpoint.core.ports import Alert
from chekpoint.hub.kinds import Ask
from chekpoint.hub.reach import ChannelKind, Secretive
from chekpoint.hub.signed_post import Signed

_SECRET_LEAST: Final = 16  # characters


class WebhookConfig(Secretive, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where to, and the secret of the signature (``hub.signature``)."""

    url: Annotated[str, msgspec.Meta(max_length=500, pattern=r"^https?://[^/?#\s]+\S*$")]
    secret: Annotated[str, msgspec.Meta(min_length=_SECRET_LEAST, max_length=200)]


class WebhookChannel:
    """One address. The ``client`` is shared and closed by whoever made it."""

    def __init__(self, config: WebhookConfig, client: httpx2.AsyncClient, clock: Clock) -> None:
        self._signed = Signed(config.url, config.secret, client, clock)

    async def send(self, alert: Alert) -> str:
        """POST it; the status that was answered. Raises NotSent."""
        return f"HTTP {await self._signed.post(alert.id, msgspec.json.encode(alert))}"

    async def aclose(self) -> None:
        """Nothing is its own."""


KIND: Final = ChannelKind(
    "webhook",
    ("Вебхук", "Webhook"),
    (
        "Подписанный JSON на ваш адрес: для дежурной системы, своего чата, сценария.",
        "Signed JSON to an address of yours: for a pager, a chat of your own, a script.",
    ),
    (
        Ask("url", ("Адрес", "Address"), ("https://…", "https://…"), required=True),
        Ask(
            "secret", ("Секрет подписи", "Signing secret"),
            (f"Не короче {_SECRET_LEAST} знаков; тот же в вашей системе.", f"At least {_SECRET_LEAST} characters; the same in your system."),
            required=True, secret=True,
        ),
    ),
    WebhookConfig,
)  # fmt: skip
