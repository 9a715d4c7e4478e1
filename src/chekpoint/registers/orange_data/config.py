"""A client of the service and one group of its registers."""

from typing import Annotated, Literal

import msgspec

_SECONDS = msgspec.Meta(gt=0, le=600)
_PEM = msgspec.Meta(min_length=1, max_length=20_000)


class OrangeDataConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Times are seconds. ``patience`` must stay below the hub's ``io_timeout``.

    Each of the four keys is the path of a file or the text of one (it then has ``-----BEGIN`` in it; the signing
    key also with ``<RSAKeyValue``, as the service's key generator writes it).
    """

    inn: Annotated[str, msgspec.Meta(pattern=r"^(\d{10}|\d{12})$")]  # 1018
    sign_key: Annotated[str, _PEM]  # RSA, of ``X-Signature``
    client_cert: Annotated[str, _PEM]
    client_key: Annotated[str, _PEM]
    sign_key_password: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    client_key_password: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    ca: Annotated[str, _PEM] | None = None  # who vouches for the service; without it, those the system trusts
    key_name: Annotated[str, msgspec.Meta(min_length=1, max_length=32)] | None = (
        None  # the INN where not given
    )
    group: Annotated[str, msgspec.Meta(min_length=1, max_length=32, pattern=r"^[^/?#\s]+$")] = "Main"
    ffd: Literal["1.05", "1.2"] = "1.2"  # of the group's registers
    time_zone: Annotated[int, msgspec.Meta(ge=1, le=11)] | None = (
        None  # 1 is UTC+2 (Kaliningrad) ... 11 is UTC+12
    )
    base_url: Annotated[str, msgspec.Meta(pattern=r"^https://[^/?#\s]+$")] = "https://api.orangedata.ru:12003"
    callback_url: Annotated[str, msgspec.Meta(max_length=1024, pattern=r"^https?://\S+$")] | None = None
    timeout: Annotated[float, _SECONDS] = 15.0
    patience: Annotated[float, _SECONDS] = 20.0  # how long submit follows a receipt before it is in doubt
    poll_every: Annotated[float, _SECONDS] = (
        10.0  # the service's advice: every 10-20 s; the first questions come sooner
    )
