"""The account of Контур.ОФД over HTTP: a session of a person (sid), and the integrator's key with every request.

Signing in by certificate needs GOST cryptography and is not done here. Organisations and registers of the
seller's own INN are free; those of others are paid for and need their owner's consent.
"""

from typing import Any, Final

from chekpoint.core.errors import BlockReason, RegisterBlocked
from chekpoint.ofd.account import Account, AccountConfig, Denied, Query, Reply, Session, judged, said

_LONGEST_PAGE: Final = 1000
_BAD_KEY: Final = "401003"


class KonturConfig(AccountConfig, frozen=True, kw_only=True):
    """One seller's account: a person's login and password, and the integrator's key."""

    login: str
    password: str
    api_key: str
    base_url: str = "https://ofd-api.kontur.ru"  # test: https://ofd-project.kontur.ru:11002
    auth_url: str = "https://api.kontur.ru/auth/authenticate-by-pass"
    organization: str = ""  # its id; empty: every one with this INN
    page: int = _LONGEST_PAGE  # documents at once
    late_hours: int = 24  # asked for beyond the period: its filter may be by the moment of receipt

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (self.login and self.password and self.api_key):
            raise ValueError("нужны login, password и api_key / login, password and api_key are needed")
        self.demand_address("auth_url", self.auth_url)
        if not 1 <= self.page <= _LONGEST_PAGE:
            raise ValueError(f"page: 1..{_LONGEST_PAGE}")
        if not 0 <= self.late_hours <= 30 * 24:
            raise ValueError("late_hours: 0..720")


class KonturAccount(Account):
    """Reads of version 2."""

    config: KonturConfig

    async def log_in(self) -> Session:
        """A session by login and password; how long it lasts is told by its refusal."""
        reply = await self.asked(
            "POST",
            self.config.auth_url,
            params={"login": self.config.login},
            content=self.config.password.encode("utf-8"),
            headers={"Content-Type": "text/plain; charset=utf-8"},
        )
        judged(reply, _words(reply.body))
        sid = said(reply.body, "Sid", "sid")
        if not sid:
            raise Denied
        return Session(sid)

    def signed(self, token: str) -> tuple[Query, dict[str, str]]:
        """Both secrets are headers."""
        return {}, {"Authorization": f"auth.sid {token}", "X-Kontur-Ofd-ApiKey": self.config.api_key}

    def opened(self, reply: Reply) -> Any:
        """There is no envelope. A session that ended is one thing, a door that stays shut another."""
        words = _words(reply.body)
        shut = reply.status == 403 and bool(words)
        if shut or (reply.status == 401 and said(reply.body, "errorCode") == _BAD_KEY):
            raise RegisterBlocked(
                BlockReason.ACCESS, f"ОФД не даёт доступ / the operator gives no access: {words}"
            )
        judged(reply, words)
        return reply.body


def _words(body: Any) -> str:
    """``userMessage`` may be a text or texts by language."""
    message = body.get("userMessage") if isinstance(body, dict) else None
    ours = (
        said(message, "ru") or said(message, "en") if isinstance(message, dict) else said(body, "userMessage")
    )
    return "; ".join(filter(None, (said(body, "errorCode"), ours or said(body, "moreInfo", "Message"))))
