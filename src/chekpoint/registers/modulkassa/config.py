"""A retail point of the service, and the pair of words that its association gave."""

from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

_SECONDS = msgspec.Meta(gt=0, le=600)


class ModulKassaConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Times are seconds. ``patience`` must stay below the hub's ``io_timeout``.

    ``user_name`` and ``password`` are those that ``associate`` has answered, never the account's. Associating the
    point once more takes them away.
    """

    user_name: Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=r"^[^:]+$")]
    password: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    inn: Annotated[str, msgspec.Meta(pattern=r"^(\d{10}|\d{12})$")] | None = (
        None  # 1018 of the point's registers
    )
    ffd: Literal["1.05", "1.1", "1.2"] = "1.2"  # of the point's registers; marked goods need 1.2
    test_point: bool = False  # a test point answers ASSOCIATED for ever, and works
    base_url: Annotated[str, msgspec.Meta(pattern=r"^https?://[^?#\s]+$")] = "https://my.modulkassa.ru/api/fn"
    callback_url: Annotated[str, msgspec.Meta(max_length=256, pattern=r"^https?://\S+$")] | None = None
    zone: str = "Europe/Moscow"  # of ``checkoutDateTime``, and of a document that has no QR string
    ca_file: str | None = None
    timeout: Annotated[float, _SECONDS] = 15.0
    patience: Annotated[float, _SECONDS] = 20.0  # how long submit follows a document before it is in doubt
    poll_every: Annotated[float, _SECONDS] = 2.0  # the register asks its service every 5 s
    quiet: Annotated[float, msgspec.Meta(ge=0, le=86_400)] = 120.0
    """After a lost answer: for so long the service must not know the id, before it is sent once more."""
    stale_after: Annotated[float, msgspec.Meta(gt=0, le=86_400)] = 600.0  # the register was heard of before

    def __post_init__(self) -> None:
        """ValueError where a zone is none."""
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"there is no time zone {self.zone}") from error
