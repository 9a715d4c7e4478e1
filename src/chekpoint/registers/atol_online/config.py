"""An account of the service and one group of its registers."""

from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

_WORD = msgspec.Meta(min_length=1, max_length=100)
_SECONDS = msgspec.Meta(gt=0, le=600)


class AtolOnlineConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Times are seconds. ``patience`` must stay below the hub's ``io_timeout``."""

    login: Annotated[str, _WORD]
    password: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    group_code: Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=r"^[^/?#\s]+$")]
    inn: Annotated[str, msgspec.Meta(pattern=r"^(\d{10}|\d{12})$")]  # 1018: must be that of the group
    email: Annotated[str, msgspec.Meta(max_length=64)]  # 1117 where the receipt has none of its own
    payment_address: Annotated[str, msgspec.Meta(max_length=256)]  # 1187 where the receipt has none
    version: Literal["v4", "v5"] = "v5"
    base_url: str = (
        "https://online.atol.ru/possystem"  # others speak it too: fiscalization.evotor.ru/possystem
    )
    callback_url: Annotated[str, msgspec.Meta(max_length=256)] | None = None
    zone: str = "Europe/Moscow"  # of ``timestamp``
    ca_file: str | None = None
    timeout: Annotated[float, _SECONDS] = 15.0
    patience: Annotated[float, _SECONDS] = 20.0  # how long submit follows a receipt before it is in doubt
    poll_every: Annotated[float, _SECONDS] = 1.0  # the service allows one report a second for each register

    def __post_init__(self) -> None:
        """ValueError where an address or a zone is none."""
        if not self.base_url.startswith(("http://", "https://")):
            raise ValueError("base_url must begin with https://")
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"there is no time zone {self.zone}") from error
