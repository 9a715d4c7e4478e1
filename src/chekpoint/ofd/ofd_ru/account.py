"""The account of OFD.ru over HTTP: a token in the address, an envelope around every answer."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from chekpoint.ofd.account import Account, AccountConfig, Denied, Query, Reply, Session, judged, refused, said

_EARLY: Final = timedelta(minutes=1)
_LOGIN: Final = "/api/Authorization/CreateAuthToken"


class OfdRuConfig(AccountConfig, frozen=True, kw_only=True):
    """One seller's account. Either ``token`` (API key of the cabinet) or ``login`` and ``password``."""

    token: str = ""
    login: str = ""
    password: str = ""
    base_url: str = "https://ofd.ru"
    rnm: str | None = None  # 1037, when the key is narrowed to one register
    min_interval: float = 1.0  # seconds between two requests; an integrator recorded a limit of one a second
    errors_list: bool = True  # also ask ``receipts/errors``; what a service that has none says is passed over

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.token and not (self.login and self.password):
            raise ValueError(
                "нужен token (API-ключ кабинета) либо login и password"
                " / token (API key of the cabinet) is needed, or login and password"
            )


class OfdRuAccount(Account):
    """Reads of the account API 2.0."""

    config: OfdRuConfig

    async def log_in(self) -> Session | None:
        """The key of the settings, else a token by login and password."""
        if self.config.token:
            return Session(self.config.token)
        body = msgspec.json.encode({"Login": self.config.login, "Password": self.config.password})
        reply = await self.asked("POST", _LOGIN, content=body, headers={"Content-Type": "application/json"})
        judged(reply, _errors(reply.body))
        token = said(reply.body, "AuthToken")
        if not token:
            raise Denied
        return Session(token, _expiry(reply.body))

    def signed(self, token: str) -> tuple[Query, dict[str, str]]:
        """The token is a parameter of the address."""
        return {"AuthToken": token}, {}

    def opened(self, reply: Reply) -> list[Any]:
        """``Data``, an empty list when there is none. A bad token may come without any ``Status``."""
        judged(reply, _errors(reply.body))
        answer = reply.body
        if not isinstance(answer, dict) or "Status" not in answer:
            raise Denied
        if answer["Status"] != "Success":
            raise refused(_errors(answer) or "без объяснения / without a word")
        data = answer.get("Data")
        return data if isinstance(data, list) else [] if data is None else [data]


def _errors(answer: Any) -> str:
    found = answer.get("Errors") if isinstance(answer, dict) else None
    return "; ".join(map(str, found)) if isinstance(found, list) else str(found or "")


def _expiry(answer: dict[str, Any]) -> datetime | None:
    """``ExpirationDateUtc``; None when it is not said, then a refusal tells."""
    try:
        moment = datetime.fromisoformat(str(answer.get("ExpirationDateUtc"))[:19])
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) - _EARLY
