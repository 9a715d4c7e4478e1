"""The account of 1-ofd.ru over HTTP: a key is changed for a token of two hours.

Unverified, and therefore a setting or tried both ways: the address of the login, the names of the period's
parameters, the unit of the sums, the zone of ``insertedAt``.
"""

from datetime import timedelta
from typing import Any, ClassVar, Literal

import msgspec

from chekpoint.ofd.account import Account, AccountConfig, Denied, Query, Reply, Session, judged, said, zone_of

_LOGINS = ("/api/auth", "/api/rent/v2/auth")


class FirstOfdConfig(AccountConfig, frozen=True, kw_only=True):
    """One seller's account; the key is given by the operator on request."""

    api_key: str
    base_url: str = "https://universal-api.1-ofd.ru"
    organisation: str = ""  # organisationKey; empty: looked for by the INN
    auth_path: str = ""  # empty: both known addresses are tried
    token_minutes: int = 110  # support spoke of two hours
    period_names: Literal["both", "fromDate", "dateFrom"] = "both"
    sums: Literal["kopecks", "roubles"] = "kopecks"
    inserted_zone: str = ""  # of an ``insertedAt`` that comes without zone; empty: it is not shown

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.api_key:
            raise ValueError("нужен api_key, его выдаёт оператор / api_key is needed, the operator gives it")
        if self.token_minutes <= 0:
            raise ValueError("token_minutes: больше нуля / more than zero")
        if self.auth_path and not self.auth_path.startswith("/"):
            raise ValueError("auth_path начинается с / / begins with a slash")
        if self.inserted_zone:
            zone_of(self.inserted_zone)


class FirstOfdAccount(Account):
    """Reads of the API for reconciliation."""

    config: FirstOfdConfig
    empty: ClassVar = frozenset({204})
    _login = ""

    async def log_in(self) -> Session:
        """A token for the key."""
        told = self.config.auth_path or self._login
        path = told or _LOGINS[0]
        reply = await self._asked_token(path)
        if reply.status == 404 and not told:
            path = _LOGINS[1]
            reply = await self._asked_token(path)
        judged(reply, _words(reply.body))
        token = said(reply.body, "token")
        if not token:
            raise Denied
        self._login = path
        until = self.clock.now() + timedelta(minutes=self.config.token_minutes)
        return Session(token.removeprefix("Bearer ").strip(), until)

    async def _asked_token(self, path: str) -> Reply:
        body = msgspec.json.encode({"apiKey": self.config.api_key})
        return await self.asked("POST", path, content=body, headers={"Content-Type": "application/json"})

    def signed(self, token: str) -> tuple[Query, dict[str, str]]:
        """The token is a header."""
        return {}, {"Authorization": f"Bearer {token}"}

    def opened(self, reply: Reply) -> Any:
        """There is no envelope."""
        judged(reply, _words(reply.body))
        return reply.body


def _words(body: Any) -> str:
    return said(body, "message", "description") or said(body, "error")
