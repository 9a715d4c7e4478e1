"""The settings of a 1C-Bitrix shop: the exchange, the REST cashbox, or both for one site.

One site is one shop, also when its checks come both ways: a check has one number on the site, and the hub
knows it by that number.
"""

from typing import Annotated, Any, Final, Literal
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from chekpoint.hub.shop_rules import ShopRules

KIND: Final = "bitrix"
MASK: Final = "..."
SECRET_LEAST: Final = 24  # characters


class Exchange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The exchange that the site's own register program spoke.

    ``version`` null polls so that every register keeps the class it has on the site; 2 or 3 converts the
    registers that it names to that class, VAT and payment types included. ``registers`` (ids) narrows which
    of the seller's registers the site is told of. ``stop_unsent`` reports a register as not working while
    its documents do not reach the operator.
    """

    link: str  # https://site/bitrix/tools/sale_check_print.php?hash=...
    version: Literal["2", "3"] | None = None
    registers: tuple[str, ...] = ()
    stop_unsent: bool = True
    ca_file: str | None = None
    timeout: Annotated[float, msgspec.Meta(ge=1, le=600)] = 90.0  # seconds; the site answers after up to 60

    def __post_init__(self) -> None:
        """ValueError where the link is not one."""
        fault = link_fault(self.link)
        if fault:
            raise ValueError(fault)


class Cashbox(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The REST cashbox. ``secret`` is a part of the two addresses that the site calls; nothing else guards them.

    ``webhook`` is the site's incoming webhook (scope cashbox), for telling results at once.
    """

    secret: Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9_-]{24,128}$")]
    webhook: str | None = None
    ca_file: str | None = None

    def __post_init__(self) -> None:
        """ValueError where the webhook is not one."""
        if self.webhook is not None and urlsplit(self.webhook).scheme not in {"http", "https"}:
            raise ValueError("webhook must begin with http:// or https://")


class BitrixSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of it."""

    exchange: Exchange | None = None
    cashbox: Cashbox | None = None
    zone: str = "Europe/Moscow"  # of the registers' clocks: the REST cashbox is told moments, not local times
    rules: ShopRules = ShopRules()

    def __post_init__(self) -> None:
        """ValueError where there is no such zone."""
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"there is no time zone {self.zone}") from error

    @property
    def local(self) -> ZoneInfo:
        """The zone of the registers."""
        return ZoneInfo(self.zone)


_DECODER: Final = msgspec.json.Decoder(BitrixSettings)


def settings_of(body: bytes) -> BitrixSettings:
    """The settings of a shop; raises msgspec.DecodeError."""
    return _DECODER.decode(body or b"{}")


def link_fault(link: str) -> str | None:
    """What is wrong with a link of the exchange; None when nothing is."""
    try:
        parts = urlsplit(link)
        named = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return "the link of the exchange is not an address"
    if parts.scheme not in {"http", "https"} or not named:
        return "the link of the exchange must begin with http:// or https://"
    if not any(value.strip() for value in parse_qs(parts.query).get("hash", [])):
        return "the link of the exchange has no hash: copy it whole from the site's page of cashboxes"
    return None


def site_of(link: str) -> str:
    """The site behind an address, so that www, case and an explicit usual port make no second one."""
    parts = urlsplit(link)
    host = (parts.hostname or "").removeprefix("www.")
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    return host if parts.port in {None, usual} else f"{host}:{parts.port}"


def masked(settings: BitrixSettings) -> dict[str, Any]:
    """For people to see: without the hash, the secret and the webhook's key."""
    shown: dict[str, Any] = msgspec.to_builtins(settings)
    if settings.exchange is not None:
        shown["exchange"]["link"] = settings.exchange.link.partition("hash=")[0] + f"hash={MASK}"
    if settings.cashbox is not None:
        shown["cashbox"]["secret"] = MASK
        if settings.cashbox.webhook:
            shown["cashbox"]["webhook"] = f"{urlsplit(settings.cashbox.webhook).hostname}/{MASK}"
    return shown
