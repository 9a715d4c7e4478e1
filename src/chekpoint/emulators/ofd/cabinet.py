"""The cabinet of the emulated operator: what the account APIs of all dialects share.

Who may ask, how often, what is shown of the archive and what is shown that is not so, and the answers that come
instead of the right one. A dialect adds its paths and shapes.
"""

import hmac
import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from chekpoint.core.clock import Clock
from chekpoint.emulators.faults import FaultKind, FaultPlan, Point
from chekpoint.emulators.null_modem import GARBAGE
from chekpoint.emulators.ofd.archive import OfdArchive, OfdDocument
from chekpoint.emulators.ofd.conduct import AccountConduct, Flc

LOGIN, PASSWORD = "test", "test"
API_KEY: Final = "test-double-api-key"
RECEIPTS: Final = frozenset({3, 31, 4, 41})


class AccountError(Exception):
    """A request the account refuses. ``status`` is the HTTP code, ``code`` the dialect's own."""

    def __init__(self, text: str, status: int = 200, code: str = "") -> None:
        super().__init__(text)
        self.status = status
        self.code = code


class Account:
    """The account of one operator over its archive. ``api_key`` is the secret of whoever may ask."""

    def __init__(
        self,
        archive: OfdArchive,
        *,
        clock: Clock,
        conduct: AccountConduct | None = None,
        faults: FaultPlan | None = None,
        api_key: str = API_KEY,
    ) -> None:
        self.archive = archive
        self.conduct = conduct or AccountConduct()
        self.faults = faults or FaultPlan()
        self.api_key = api_key
        self._clock = clock
        self._tokens: dict[str, datetime] = {}
        self._uses: dict[str, int] = {}
        self._next_request = 0.0

    def new_token(self) -> tuple[str, datetime]:
        """A token, and when it ends."""
        token = secrets.token_hex(16)
        expires = self._clock.now() + timedelta(seconds=self.conduct.token_seconds)
        self._tokens[token] = expires
        return token, expires

    def is_login(self, login: str, password: str) -> bool:
        """Are these the login and password of this account?"""
        return same(login, LOGIN) and same(password, PASSWORD)

    def is_key(self, key: str) -> bool:
        """Is this the key of this account?"""
        return same(key, self.api_key)

    def knows(self, token: str) -> bool:
        """Is the token good for this request?"""
        expires = self._tokens.get(token)
        self._uses[token] = uses = self._uses.get(token, 0) + 1
        worn = 0 < self.conduct.token_uses < uses
        return expires is not None and expires > self._clock.now() and not worn

    def slow_down(self) -> None:
        """Raise AccountError when requests come faster than the conduct allows."""
        rate = self.conduct.requests_per_second
        if rate:
            now = self._clock.monotonic()
            if now < self._next_request:
                raise AccountError("Превышено количество запросов", 429)
            self._next_request = now + 1 / rate

    def shown(self, documents: list[OfdDocument]) -> list[OfdDocument]:
        """What the account shows of these documents, as its conduct says."""
        return [self._tampered(d) for d in documents for _ in range(self._times(d))]

    def flc(self, document: OfdDocument) -> Flc:
        """How far format-logic control got with it: as told, else by its age and the ticket's answer."""
        told = self.conduct.flc.get(key_of(document))
        if told is None and self._clock.now() < document.received_at + timedelta(
            seconds=self.conduct.flc_seconds
        ):
            return Flc.WAITING
        return told or (Flc.ERROR if document.answer else Flc.OK)

    def _times(self, document: OfdDocument) -> int:
        ripe = self._clock.now() - timedelta(seconds=self.conduct.delay_seconds)
        if key_of(document) in self.conduct.hidden or document.received_at > ripe:
            return 0
        return 2 if key_of(document) in self.conduct.doubled else 1

    def _tampered(self, document: OfdDocument) -> OfdDocument:
        conduct, key = self.conduct, key_of(document)
        return msgspec.structs.replace(
            document,
            fn=conduct.fn_instead.get(key, document.fn),
            total=document.total + conduct.sum_delta.get(key, 0),
            fiscal_sign=(document.fiscal_sign + conduct.sign_delta.get(key, 0)) % (1 << 32),
            made_at=document.made_at + timedelta(hours=conduct.zone_hours),
        )

    async def pause(self, seconds: float) -> None:
        """Wait in the account's clock."""
        await self._clock.sleep(seconds)


def key_of(document: OfdDocument) -> tuple[str, int]:
    """(fn, fd): what the conduct names documents by."""
    return document.fn, document.fd_number


Answer = Callable[[Account, Request], Awaitable[Any]]
Admit = Callable[[Account, Request], None]
Refuse = Callable[[AccountError], Response]


def nobody(_account: Account, _request: Request) -> None:
    """Admits everybody."""


class Dialect(msgspec.Struct, frozen=True):
    """How one operator's service admits and refuses."""

    account: Account
    admit: Admit
    refuse: Refuse

    def route(self, path: str, answer: Answer, method: str = "GET", admit: Admit | None = None) -> Route:
        """One address. ``admit`` is another way in than the dialect's own."""
        return Route(path, self._endpoint(answer, admit or self.admit), methods=[method])

    def _endpoint(self, answer: Answer, admit: Admit) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            instead = await _failure(self.account)
            if instead is not None:
                return instead
            try:
                admit(self.account, request)
                self.account.slow_down()
                return JSONResponse(await answer(self.account, request))
            except AccountError as error:
                return self.refuse(error)

        return endpoint


async def _failure(account: Account) -> Response | None:
    """The answer that comes instead of the right one, by conduct or by the fault plan."""
    fault = account.faults.draw(Point.ACCOUNT_ANSWER)
    kind = fault.kind if fault else None
    if fault and kind is FaultKind.DELAY:
        await account.pause(fault.seconds)
        return None
    if kind is FaultKind.GARBAGE:
        return Response(GARBAGE, media_type="application/json")
    if kind in {FaultKind.DROP, FaultKind.CUT}:
        return Response(status_code=502)
    code = fault.detail if fault and kind is FaultKind.REFUSE else account.conduct.failure
    return _FAILURES[code]() if code in _FAILURES else None


_FAILURES: Final[dict[str, Callable[[], Response]]] = {
    "401": lambda: JSONResponse({"Message": "Authorization has been denied for this request."}, 401),
    "403": lambda: JSONResponse({"Message": "Forbidden"}, 403),
    "429": lambda: JSONResponse({"Message": "Too Many Requests"}, 429, {"Retry-After": "1"}),
    "503": lambda: HTMLResponse("<html><body><h1>503 Service Unavailable</h1></body></html>", 503),
    "html": lambda: HTMLResponse("<html><body>Технические работы</body></html>"),
    "empty": lambda: Response(b"", media_type="application/json"),
}
FAILURES: Final = tuple(_FAILURES)


async def json_body(request: Request) -> dict[str, str]:
    """A flat object of texts; AccountError 400 when the body is none."""
    try:
        return msgspec.json.decode(await request.body(), type=dict[str, str])
    except msgspec.MsgspecError as error:
        raise AccountError(f"Некорректный JSON: {error}", 400) from error


def local_moment(text: str | None, name: str) -> datetime:
    """The register's local time, without zone; a bare date is its midnight. Raises AccountError."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError as error:
        raise AccountError(f"{name}: ожидается YYYY-MM-DDTHH:MM:SS, получено {text!r}") from error
    return moment.replace(tzinfo=None)


def whole(text: str, name: str) -> int:
    """A number of a path or a query; raises AccountError."""
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise AccountError(f"{name}: ожидается целое, получено {text[:40]!r}")
    return int(text)


def padded(text: str, width: int, conduct: AccountConduct) -> str:
    """As the service pads it, when it is told to."""
    return text.ljust(width) if conduct.padded else text


def same(left: str, right: str) -> bool:
    """Compares secrets in constant time."""
    return hmac.compare_digest(left.encode("utf-8", "replace"), right.encode("utf-8", "replace"))
