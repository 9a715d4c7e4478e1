"""What the account clients of all operators share: a token, a pace, repeats, and answers that are not answers.

Reads are idempotent, so each is repeated a few times with growing pauses. Every trouble is ``RegisterBlocked``:
nothing is lost by asking later, and a failing service is never taken for an empty one. ``ACCESS`` is a bad key,
``NO_LINK`` a service that does not answer as it should, ``BUSY`` its limit, ``CONFIGURATION`` a question it
refuses, ``UNKNOWN`` an answer that cannot be read.
"""

import logging
import ssl
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar, Final, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import httpx2
import msgspec

from chekpoint.core.clock import Clock
from chekpoint.core.errors import BlockReason, RegisterBlocked
from chekpoint.fiscal.inn import is_inn

T = TypeVar("T")
Query = Mapping[str, str | Sequence[str]]
_TRIES: Final = 4
_LONGEST_PAUSE: Final = 60.0
_LARGEST: Final = 64 << 20
UNTRUSTED: Final = (
    "сертификат сервиса не признан: укажите корневой сертификат в ca_file"
    " / the service's certificate is not trusted: name its authority in ca_file"
)
NOTHING: Final[Query] = {}
BROWSER: Final = "Mozilla/5.0 (compatible; Chekpoint)"


class AccountConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every account is told. Settings that make no sense raise ValueError, in both languages."""

    inn: str  # of the seller
    base_url: str
    zone: str = "Europe/Moscow"  # of the registers: services show their wall clocks without a zone
    min_interval: float = 0.2  # seconds between two requests
    timeout: float = 30.0  # seconds
    ca_file: str | None = None  # the state's trusted root: one integrator needed it for one of the services
    user_agent: str = BROWSER

    def __post_init__(self) -> None:
        if not is_inn(self.inn):
            raise ValueError(f"inn: {self.inn!r} - не ИНН, проверьте цифры / not an INN, check the digits")
        self.demand_address("base_url", self.base_url)
        zone_of(self.zone)
        if self.min_interval < 0 or self.timeout <= 0:
            raise ValueError("min_interval ≥ 0, timeout > 0: секунды / seconds")

    @staticmethod
    def demand_address(name: str, url: str) -> None:
        """Raise ValueError unless it is the address of a web service."""
        try:
            right = httpx2.URL(url).scheme in {"http", "https"} and bool(httpx2.URL(url).host)
        except httpx2.InvalidURL:
            right = False
        if not right:
            raise ValueError(f"{name}: {url!r} - нужен адрес https://... / an address https://... is needed")


class Session(msgspec.Struct, frozen=True):
    """A token. ``until``: when it is renewed without asking; None: when it is refused."""

    token: str
    until: datetime | None = None


class Denied(Exception):
    """The token is not taken: it has run out, or was never good."""


class Later(Exception):
    """Worth another try, after ``pause`` seconds or more."""

    def __init__(self, text: str, pause: float = 0.0, reason: BlockReason = BlockReason.NO_LINK) -> None:
        super().__init__(text)
        self.pause = pause
        self.reason = reason


class Reply(msgspec.Struct, frozen=True):
    """One answer: HTTP status and what its JSON said (None: nothing, or no JSON)."""

    status: int
    body: Any
    pause: float = 0.0  # seconds, of Retry-After


def open_client(config: AccountConfig) -> httpx2.AsyncClient:
    """A client for the service. Raises ``OSError`` or ``ssl.SSLError`` when the CA file is no use.

    Follows no redirect: a token goes to the address it was meant for, or nowhere.
    """
    verify: Any = ssl.create_default_context(cafile=config.ca_file) if config.ca_file else True
    return httpx2.AsyncClient(timeout=config.timeout, verify=verify, follow_redirects=False)


class Account(ABC):
    """Reads of one account. A subclass says how to log in, where the token goes, and what its errors mean."""

    empty: ClassVar[frozenset[int]] = frozenset()
    """HTTP codes by which the service says in so many words that there is nothing: the answer is None."""

    def __init__(self, config: AccountConfig, clock: Clock, http: httpx2.AsyncClient) -> None:
        self.config = config
        self.clock = clock
        self._http = http
        self._session: Session | None = None
        self._next_request = 0.0
        hide_addresses()

    @abstractmethod
    async def log_in(self) -> Session | None:
        """A token; None when there is nothing to get one with. Raises Denied, Later or RegisterBlocked."""

    @abstractmethod
    def signed(self, token: str) -> tuple[Query, Mapping[str, str]]:
        """Query parameters and headers that carry the token."""

    def opened(self, reply: Reply) -> Any:
        """What the answer says, out of its envelope. Raises Denied, Later or RegisterBlocked."""
        judged(reply, said(reply.body, "message", "Message"))
        return reply.body

    async def read(self, path: str, query: Query = NOTHING) -> Any:
        """The answer to one question. A token that ran out in the middle is renewed once. RegisterBlocked."""
        fresh = self._session is None
        try:
            return await self._repeated(lambda: self._once(path, query))
        except Denied as fault:
            if fresh or not await self._renewed():
                raise _no_access(fault) from None
        try:
            return await self._repeated(lambda: self._once(path, query))
        except Denied as fault:
            raise _no_access(fault) from None

    async def asked(self, method: str, path: str, **parts: Any) -> Reply:
        """One request at its turn; ``path`` may be a whole address. Raises Later, RegisterBlocked."""
        await self._take_turn()
        headers = {"User-Agent": self.config.user_agent, "Accept": "application/json"}
        headers |= parts.pop("headers", {})
        url = path if "://" in path else self.config.base_url.rstrip("/") + path
        try:
            status, raw, pause = await self._exchange(method, url, headers, parts)
        except httpx2.HTTPError as fault:  # never its text: it may show the address with the token in it
            if untrusted(fault):
                raise RegisterBlocked(BlockReason.CONFIGURATION, UNTRUSTED) from None
            raise Later(type(fault).__name__) from fault
        return Reply(status, self._decoded(status, raw), pause)

    async def _once(self, path: str, query: Query) -> Any:
        params, headers = self.signed(await self._token())
        reply = await self.asked("GET", path, params={**query, **params}, headers=headers)
        return None if reply.status in self.empty else self.opened(reply)

    async def _token(self) -> str:
        session = self._session
        if session is None or (session.until is not None and self.clock.now() >= session.until):
            self._session = session = await self._logged_in()
        if session is None:
            raise Denied
        return session.token

    async def _logged_in(self) -> Session | None:
        try:
            return await self.log_in()
        except Denied as fault:  # asking again would only lock the account
            raise _no_access(fault) from None

    async def _renewed(self) -> bool:
        self._session = await self._repeated(self._logged_in)
        return self._session is not None

    async def _repeated(self, ask: Callable[[], Awaitable[T]]) -> T:
        for turn in range(_TRIES):
            try:
                return await ask()
            except Later as fault:
                if turn == _TRIES - 1:
                    raise RegisterBlocked(
                        fault.reason, f"ОФД не отвечает / the operator does not answer: {fault}"
                    ) from fault
                await self.clock.sleep(max(fault.pause, max(self.config.min_interval, 0.5) * 2**turn))
        raise AssertionError  # the loop returns or raises

    async def _exchange(
        self, method: str, url: str, headers: dict[str, str], parts: dict[str, Any]
    ) -> tuple[int, bytes, float]:
        async with self._http.stream(
            method, url, headers=headers, timeout=self.config.timeout, **parts
        ) as answer:
            raw = bytearray()
            async for piece in answer.aiter_bytes():
                raw += piece
                if len(raw) > _LARGEST:
                    text = "Ответ ОФД длиннее 64 МБ / the operator's answer is longer than 64 MB"
                    raise RegisterBlocked(BlockReason.CONFIGURATION, text)
            return answer.status_code, bytes(raw), self._retry_after(answer.headers.get("Retry-After", ""))

    def _decoded(self, status: int, raw: bytes) -> Any:
        """JSON; of an answer that is no success anyway, whatever can be read."""
        try:
            return msgspec.json.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
            if status == 200 and status not in self.empty:
                raise Later("вместо JSON пришло что-то другое / not JSON") from fault
            return None

    def _retry_after(self, text: str) -> float:
        """Seconds the service asks for, within reason: a number, or the date of RFC 9110."""
        seconds = float(text) if text.isdecimal() else 0.0
        if text and not text.isdecimal():
            try:
                seconds = (parsedate_to_datetime(text).astimezone(UTC) - self.clock.now()).total_seconds()
            except (ValueError, TypeError):
                seconds = 0.0
        return min(max(seconds, 0.0), _LONGEST_PAUSE)

    async def _take_turn(self) -> None:
        """Keep the distance between requests, also when several ask at once."""
        now = self.clock.monotonic()
        turn = max(now, self._next_request)
        self._next_request = turn + self.config.min_interval
        if turn > now:
            await self.clock.sleep(turn - now)


def judged(reply: Reply, text: str) -> None:
    """What HTTP says by itself. ``text`` is what the body said. Raises Denied, Later or RegisterBlocked."""
    status = reply.status
    if status in {401, 403}:
        raise Denied(text)
    if status == 429:
        raise Later("превышена частота запросов / too many requests", reply.pause, BlockReason.BUSY)
    if status >= 500 or 300 <= status < 400:
        raise Later(f"HTTP {status}", reply.pause)
    if status >= 400:
        raise refused(text or f"HTTP {status}")
    if reply.body is None:  # a success in which nothing can be read is none
        raise Later(f"HTTP {status}: пустой ответ / an empty answer")


def refused(text: str) -> RegisterBlocked:
    """The service does not like the question; in its own words."""
    return RegisterBlocked(BlockReason.CONFIGURATION, f"ОФД отказал / the operator refused: {text}")


def said(body: Any, *names: str) -> str:
    """The words of an error body, by the names its service gives them; empty when there are none."""
    found = [body.get(name) for name in names] if isinstance(body, dict) else []
    return "; ".join(str(text)[:400] for text in found if text)


def untrusted(fault: BaseException | None) -> bool:
    """Is a certificate that cannot be verified at the bottom of it?"""
    while fault is not None:
        if isinstance(fault, ssl.SSLCertVerificationError):
            return True
        fault = fault.__cause__ or fault.__context__
    return False


def _no_access(fault: Denied) -> RegisterBlocked:
    text = "ОФД не принял ключ доступа или пароль / the operator did not take the key or the password"
    return RegisterBlocked(BlockReason.ACCESS, f"{text}: {fault}" if str(fault) else text)


def zone_of(name: str) -> ZoneInfo:
    """Raises ValueError when no such time zone is known."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as fault:
        raise ValueError(f"zone: нет такого часового пояса / no such time zone: {name}") from fault


def hide_addresses() -> None:
    """Some services want the token in the address, and the client's log shows addresses at level INFO."""
    for name in ("httpx2", "httpcore2"):
        log = logging.getLogger(name)
        if log.level == logging.NOTSET:
            log.setLevel(logging.WARNING)
