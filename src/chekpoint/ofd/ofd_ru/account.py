"""The account over HTTP: the token, one request a second, and answers that are not JSON.

Every trouble is ``RegisterBlocked``: nothing is lost by asking later. ``ACCESS`` is a bad key, ``NO_LINK`` a
service that does not answer as it should, ``BUSY`` its limit, ``CONFIGURATION`` a question it refuses.
"""

import logging
import ssl
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx2
import msgspec

from chekpoint.core.clock import Clock
from chekpoint.core.errors import BlockReason, RegisterBlocked

_TRIES: Final = 4
_LONGEST_PAUSE: Final = 60.0
_LARGEST: Final = 64 * 1024 * 1024
_EARLY: Final = timedelta(minutes=1)


class OfdRuConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One seller's account. Either ``token`` (API key of the cabinet) or ``login`` and ``password``."""

    inn: str
    token: str = ""
    login: str = ""
    password: str = ""
    base_url: str = "https://ofd.ru"
    zone: str = "Europe/Moscow"  # of the registers: the service shows their wall clocks without a zone
    rnm: str | None = None  # 1037, when the key is narrowed to one register
    min_interval: float = 1.0  # seconds between two requests; an integrator recorded a limit of one a second
    timeout: float = 30.0  # seconds
    ca_file: str | None = None  # the state's trusted root: one integrator needed it for this service
    user_agent: str = "Mozilla/5.0 (compatible; Chekpoint)"  # the service wants a browser's name


class _Denied(Exception):
    """The token is not taken."""


class _Later(Exception):
    """Worth another try after ``pause`` seconds."""

    def __init__(self, text: str, pause: float, reason: BlockReason = BlockReason.NO_LINK) -> None:
        super().__init__(text)
        self.pause = pause
        self.reason = reason


def open_client(config: OfdRuConfig) -> httpx2.AsyncClient:
    """A client for the service. Raises ``OSError`` or ``ssl.SSLError`` when the CA file is no use."""
    verify: Any = ssl.create_default_context(cafile=config.ca_file) if config.ca_file else True
    return httpx2.AsyncClient(timeout=config.timeout, verify=verify)


class Account:
    """Reads of the account API. Idempotent, so each is repeated a few times with growing pauses."""

    def __init__(self, config: OfdRuConfig, clock: Clock, http: httpx2.AsyncClient) -> None:
        self._config = config
        self._clock = clock
        self._http = http
        self._token = config.token
        self._good_until: datetime | None = None
        self._next_request = 0.0
        _hide_addresses()

    async def read(self, path: str, **query: str) -> list[Any]:
        """``Data`` of an answer, an empty list when there is none. Raises RegisterBlocked."""
        try:
            return await self._repeated(path, query)
        except _Denied:
            if not self._config.login:
                raise RegisterBlocked(BlockReason.ACCESS, "ОФД не принял ключ доступа") from None
        self._token = ""  # it ran out in the middle: log in once more
        try:
            return await self._repeated(path, query)
        except _Denied:
            raise RegisterBlocked(BlockReason.ACCESS, "ОФД не принял логин и пароль") from None

    async def _repeated(self, path: str, query: dict[str, str]) -> list[Any]:
        for turn in range(_TRIES):
            try:
                token = await self._valid_token()
                answer = await self._json("GET", path, params={**query, "AuthToken": token})
                return _data(answer)
            except _Later as fault:
                if turn == _TRIES - 1:
                    raise RegisterBlocked(fault.reason, f"ОФД не отвечает: {fault}") from fault
                await self._clock.sleep(max(fault.pause, self._config.min_interval * 2**turn))
        raise AssertionError  # the loop returns or raises

    async def _valid_token(self) -> str:
        expired = self._good_until is not None and self._clock.now() >= self._good_until
        if self._token and not expired:
            return self._token
        if not self._config.login:
            raise _Denied
        body = {"Login": self._config.login, "Password": self._config.password}
        answer = await self._json(
            "POST", "/api/Authorization/CreateAuthToken", content=msgspec.json.encode(body)
        )
        token = answer.get("AuthToken") if isinstance(answer, dict) else None
        if not token:
            raise _Denied
        self._token, self._good_until = str(token), _expiry(answer)
        return self._token

    async def _json(self, method: str, path: str, **parts: Any) -> Any:
        """One request and its JSON. Raises _Denied or _Later, or RegisterBlocked for a refusal."""
        await self._take_turn()
        headers = {"User-Agent": self._config.user_agent, "Accept": "application/json"}
        if "content" in parts:
            headers["Content-Type"] = "application/json"
        url = self._config.base_url.rstrip("/") + path
        try:
            reply = await self._http.request(
                method, url, headers=headers, timeout=self._config.timeout, **parts
            )
        except httpx2.HTTPError as fault:  # never its text: it may show the address with the token in it
            raise _Later(type(fault).__name__, 0) from fault
        _judge(reply)
        try:
            return msgspec.json.decode(reply.content)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
            raise _Later("вместо JSON пришло что-то другое", 0) from fault

    async def _take_turn(self) -> None:
        """Keep the distance between requests."""
        wait = self._next_request - self._clock.monotonic()
        if wait > 0:
            await self._clock.sleep(wait)
        self._next_request = self._clock.monotonic() + self._config.min_interval


def _hide_addresses() -> None:
    """The service wants the token in the address, and the client's log shows addresses at level INFO."""
    for name in ("httpx2", "httpcore2"):
        log = logging.getLogger(name)
        if log.level == logging.NOTSET:
            log.setLevel(logging.WARNING)


def _judge(reply: httpx2.Response) -> None:
    status = reply.status_code
    if status in {401, 403}:
        raise _Denied
    if status == 429:
        raise _Later("превышена частота запросов", _retry_after(reply), BlockReason.BUSY)
    if status >= 500 or 300 <= status < 400:
        raise _Later(f"HTTP {status}", _retry_after(reply))
    if status >= 400:
        raise RegisterBlocked(BlockReason.CONFIGURATION, f"ОФД отказал: {_errors(reply) or f'HTTP {status}'}")
    if len(reply.content) > _LARGEST:
        raise RegisterBlocked(BlockReason.CONFIGURATION, "Ответ ОФД длиннее 64 МБ")


def _data(answer: Any) -> list[Any]:
    """Open the envelope. A bad token may come without any ``Status``."""
    if not isinstance(answer, dict) or "Status" not in answer:
        raise _Denied
    if answer["Status"] != "Success":
        texts = answer.get("Errors") or ["без объяснения"]
        raise RegisterBlocked(BlockReason.CONFIGURATION, "ОФД отказал: " + "; ".join(map(str, texts)))
    data = answer.get("Data")
    return data if isinstance(data, list) else [] if data is None else [data]


def _errors(reply: httpx2.Response) -> str:
    try:
        answer = msgspec.json.decode(reply.content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    return "; ".join(map(str, answer.get("Errors") or [])) if isinstance(answer, dict) else ""


def _retry_after(reply: httpx2.Response) -> float:
    """Seconds the service asks for, within reason; the form with a date is not used here."""
    text = reply.headers.get("Retry-After", "")
    return min(float(text), _LONGEST_PAUSE) if text.isdecimal() else 0.0


def _expiry(answer: dict[str, Any]) -> datetime | None:
    """``ExpirationDateUtc``; None when it is not said, then a refusal tells."""
    try:
        moment = datetime.fromisoformat(str(answer.get("ExpirationDateUtc"))[:19])
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) - _EARLY
