"""A shop of the service and one of its queues."""

from typing import Annotated, Literal

import msgspec

_SECONDS = msgspec.Meta(gt=0, le=600)


class KomtetConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Times are seconds. ``patience`` must stay below the hub's ``io_timeout``."""

    shop_id: Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=r"^[!-~]+$")]
    secret: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    queue_id: Annotated[int, msgspec.Meta(ge=1)]
    payment_address: Annotated[
        str, msgspec.Meta(min_length=1, max_length=256)
    ]  # 1187 without the receipt's own
    inn: Annotated[str, msgspec.Meta(pattern=r"^(\d{10}|\d{12})$")] | None = (
        None  # 1018 of the queue's registers
    )
    ffd: Literal["1.05", "1.1", "1.2"] = "1.2"  # of the queue's registers; marked goods need 1.2
    time_zone: Annotated[int, msgspec.Meta(ge=1, le=11)] | None = (
        None  # 1 is UTC+2 (Kaliningrad) ... 11 is UTC+12
    )
    base_url: Annotated[str, msgspec.Meta(pattern=r"^https?://[^/?#\s]+$")] = "https://kassa.komtet.ru"
    callback_url: Annotated[str, msgspec.Meta(max_length=256, pattern=r"^https?://\S+$")] | None = None
    ca_file: str | None = None
    timeout: Annotated[float, _SECONDS] = 15.0
    patience: Annotated[float, _SECONDS] = 20.0  # how long submit follows a task before it is in doubt
    poll_every: Annotated[float, _SECONDS] = 1.0
