"""The account of Такском over HTTP: a session for login and password, error codes, pages."""

from collections.abc import AsyncIterator
from typing import Any, Final

import msgspec

from chekpoint.core.errors import BlockReason, RegisterBlocked
from chekpoint.ofd.account import (
    Account,
    AccountConfig,
    Denied,
    Later,
    Query,
    Reply,
    Session,
    judged,
    refused,
    said,
)
from chekpoint.ofd.fields import Json, mapping, sequence, text, whole_or_none
from chekpoint.ofd.reading import readable
from chekpoint.ofd.taxcom.agreement import is_same_number

API: Final = "/API/v2/"
_ENDED: Final = frozenset({2109, 2110})
_NO_ACCESS: Final = frozenset({*range(2101, 2109), 2111, 2112})
_ABSENT: Final = frozenset({3101, 3102, 3103, 3104, 3105, 3106})
_SERVER: Final = frozenset({5101, 5102})
_PAGES_MOST: Final = 10_000


class TaxcomConfig(AccountConfig, frozen=True, kw_only=True):
    """One cabinet. ``integrator_id`` comes from the operator's support; then login and password, or a token."""

    integrator_id: str
    login: str = ""
    password: str = ""
    integration_token: str = ""  # instead of login and password
    base_url: str = "https://api-lk-ofd.taxcom.ru"
    zone: str = "Europe/Moscow"  # as set in the CABINET: the service makes UTC of the registers' clocks by it
    agreement: str = ""  # number of the contract, to be sure that it is the right cabinet
    send_agreement: bool = False  # also name it at the login: one project got error 2108 for that
    bearer: bool = False  # ``Authorization: Bearer`` instead of ``Session-Token``: one integration does so
    items: bool = True  # one more request for each receipt; without it items and VAT are not compared
    page_size: int = 1000

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.integrator_id:
            raise ValueError("нужен integrator_id (выдаёт поддержка ОФД) / integrator_id is needed")
        if not self.integration_token and not (self.login and self.password):
            raise ValueError("нужны login и password либо integration_token / login and password are needed")
        if not 1 <= self.page_size <= 1000:
            raise ValueError("page_size: 1..1000")
        if self.send_agreement and not self.agreement:
            raise ValueError("send_agreement: сначала задайте agreement / agreement is needed first")


class Absent(RegisterBlocked):
    """The cabinet knows no such document, outlet, register or shift (3101-3106)."""

    def __init__(self, words: str) -> None:
        super().__init__(BlockReason.CONFIGURATION, f"ОФД не находит / the operator does not find: {words}")


class TaxcomAccount(Account):
    """Reads of the account API v2; all of them are GET."""

    config: TaxcomConfig

    async def log_in(self) -> Session | None:
        """A session; it ends when the service says so (2109). Checks the contract when one is named."""
        config = self.config
        body = {"login": config.login, "password": config.password}
        if config.integration_token:
            body = {"integrationToken": config.integration_token}
        if config.send_agreement:
            body["agreementNumber"] = config.agreement
        reply = await self.asked(
            "POST", API + "Login", content=msgspec.json.encode(body), headers=self._headers()
        )
        token = said(self.opened(reply), "sessionToken")
        if not token:
            raise Denied
        await self._check_agreement(token)
        return Session(token)

    def signed(self, token: str) -> tuple[Query, dict[str, str]]:
        """The session goes in a header."""
        session = {"Authorization": f"Bearer {token}"} if self.config.bearer else {"Session-Token": token}
        return {}, self._headers() | session

    def opened(self, reply: Reply) -> Any:
        """The answer; the service's own code decides before HTTP's (with which it comes is not documented)."""
        body = reply.body
        code = _code(body)
        if code is None:
            judged(reply, said(body, "commonDescription", "details", "message"))
            return body
        words = f"{said(body, 'commonDescription', 'details') or 'без слов'} ({code})"
        if code in _ENDED:
            raise Denied(words)
        if code in _NO_ACCESS:
            raise RegisterBlocked(
                BlockReason.ACCESS, f"ОФД отказал в доступе / the operator denied access: {words}"
            )
        if code in _ABSENT:
            raise Absent(words)
        if code in _SERVER:
            raise Later(words, reply.pause)
        raise refused(words)

    async def pages(self, method: str, query: dict[str, Any]) -> AsyncIterator[Json]:
        """All records of a list. Raises RegisterBlocked, also when fewer come than the service has counted.

        A page may be short and not the last: the service's own count decides, and an empty page.
        """
        seen, number, total = 0, 1, None
        while number <= _PAGES_MOST:
            asked = {**query, "pn": str(number), "ps": str(self.config.page_size)}
            body = await self.read(API + method, asked)
            with readable():
                records = [
                    mapping(row, method) for row in sequence(mapping(body, method).get("records"), "records")
                ]
                total = _total(body)
            for record in records:
                yield record
            seen, number = seen + len(records), number + 1
            if not records or (total is not None and seen >= total):
                break
        if total is not None and seen < total:
            words = f"{method}: показано {seen} из {total} / shown {seen} of {total}"
            raise RegisterBlocked(
                BlockReason.UNKNOWN, f"ОФД показал не всё / the operator did not show all: {words}"
            )

    async def _check_agreement(self, token: str) -> None:
        if not self.config.agreement:
            return
        _, headers = self.signed(token)
        body = self.opened(await self.asked("GET", API + "AccountList", headers=headers))
        records = body.get("records") if isinstance(body, dict) else None
        shown = [str(value) for row in records or () if isinstance(row, dict) for value in row.values()]
        if not any(is_same_number(self.config.agreement, one) for one in shown):
            text = "в кабинете нет договора / the cabinet has no contract"
            raise RegisterBlocked(BlockReason.CONFIGURATION, f"ОФД: {text} {self.config.agreement}")

    def _headers(self) -> dict[str, str]:
        return {"Integrator-ID": self.config.integrator_id, "Content-Type": "application/json"}


def _code(body: Any) -> int | None:
    shown = text(body, "apiErrorCode") if isinstance(body, dict) else ""
    return int(shown) if shown.isdecimal() and len(shown) < 6 and int(shown) else None


def _total(body: Json) -> int | None:
    counts = body.get("counts")
    if not isinstance(counts, dict):
        return None
    found = whole_or_none(counts, "recordFilteredCount")
    return whole_or_none(counts, "recordCount") if found is None else found
