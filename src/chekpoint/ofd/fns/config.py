"""Settings of the access that the tax service has given to a seller or an integrator."""

from typing import Annotated

import msgspec
from msgspec import Meta

from chekpoint.fiscal.inn import is_inn
from chekpoint.hub.tax import TaxPlan
from chekpoint.ofd.account import AccountConfig


class FnsConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``master_token`` comes with the permission of the tax service, which also notes the IP of this server."""

    inn: str  # of the seller whose receipts are asked about
    master_token: Annotated[str, Meta(min_length=1)]
    user_id: Annotated[str, Meta(max_length=120)] = (
        ""  # UserToken; a newer page of the service is said to drop it
    )
    base_url: str = "https://openapi.nalog.ru:8090"
    token_path: str = "/open-api/AuthService/0.1"  # noqa: S105 - an address
    service_path: str = "/open-api/ais3/KktService/0.1"
    ask_store: bool = True  # also GetTicket: without it nothing is ever proven to be in the store
    poll_every: Annotated[float, Meta(gt=0, le=30)] = 2.0  # seconds
    window: Annotated[float, Meta(ge=1, le=600)] = (
        55.0  # seconds that an answer can be read; about 60 are known
    )
    timeout: Annotated[float, Meta(gt=0, le=600)] = 30.0  # seconds of one request
    ca_file: str | None = None
    plan: TaxPlan = TaxPlan()

    def __post_init__(self) -> None:
        """Raise ValueError, in both languages, for what cannot be meant."""
        if not is_inn(self.inn):
            raise ValueError(f"inn: {self.inn!r} - не ИНН, проверьте цифры / not an INN, check the digits")
        AccountConfig.demand_address("base_url", self.base_url)
        if self.window <= self.poll_every:
            raise ValueError("window: больше poll_every, секунды / longer than poll_every, seconds")
