"""The account API of the emulated operator, in the dialect of OFD.ru (paths and fields as its clients know them).

Bad input gets the service's own envelope ``{"Status":"Failed","Errors":[...]}`` with HTTP 200, as it answers;
a bad token gets HTTP 401. What nobody has documented is marked below with "unverified".
"""

import hmac
import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from chekpoint.core.clock import Clock
from chekpoint.emulators.faults import FaultKind, FaultPlan, Point
from chekpoint.emulators.null_modem import GARBAGE
from chekpoint.emulators.ofd import account_json as shapes
from chekpoint.emulators.ofd.archive import OfdArchive, OfdDocument
from chekpoint.emulators.ofd.conduct import AccountConduct

LOGIN, PASSWORD = "test", "test"
API_KEY: Final = "test-double-api-key"
LONGEST_PERIOD: Final = timedelta(days=30)
RECEIPTS: Final = frozenset({3, 31, 4, 41})
SHIFT_OPEN, SHIFT_CLOSE = 2, 5


class AccountError(Exception):
    """A request the account refuses; ``status`` is the HTTP code."""

    def __init__(self, text: str, status: int = 200) -> None:
        super().__init__(text)
        self.status = status


class Account:
    """The account of one operator over its archive. ``api_key`` works as a token that never expires."""

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
        self._next_request = 0.0

    def login(self, login: str, password: str) -> dict[str, str]:
        """A token for the query parameter ``AuthToken``."""
        if not (_same(login, LOGIN) and _same(password, PASSWORD)):
            raise AccountError("Неверный логин или пароль", 401)
        token = secrets.token_hex(16)
        expires = self._clock.now() + timedelta(seconds=self.conduct.token_seconds)
        self._tokens[token] = expires
        return {"AuthToken": token, "ExpirationDateUtc": f"{expires:%Y-%m-%dT%H:%M:%S}"}

    def admit(self, token: str) -> None:
        """Raise AccountError unless the token is good and the rate limit allows."""
        expires = self._tokens.get(token)
        if not _same(token, self.api_key) and (expires is None or expires <= self._clock.now()):
            raise AccountError("AuthToken недействителен", 401)
        rate = self.conduct.requests_per_second
        if rate:
            now = self._clock.monotonic()
            if now < self._next_request:
                raise AccountError("Превышено количество запросов", 429)
            self._next_request = now + 1 / rate

    def shown(self, documents: list[OfdDocument]) -> list[OfdDocument]:
        """What the account shows of these documents, as its conduct says."""
        seen: list[OfdDocument] = []
        ripe = self._clock.now() - timedelta(seconds=self.conduct.delay_seconds)
        for document in documents:
            key = (document.fn, document.fd_number)
            if key in self.conduct.hidden or document.received_at > ripe:
                continue
            seen += [self._tampered(document)] * (2 if key in self.conduct.doubled else 1)
        return seen

    def _tampered(self, document: OfdDocument) -> OfdDocument:
        conduct, key = self.conduct, (document.fn, document.fd_number)
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


Answer = Callable[[Account, Request], Awaitable[Any]]


def account_app(account: Account) -> Starlette:
    """The ASGI application. Paths are those of /api/integration/v1 and v2."""
    base = "/api/integration/v{version:int}"
    kkt = base + "/inn/{inn}/kkt/{rnm}"

    def route(path: str, answer: Answer, method: str = "GET", *, token: bool = True) -> Route:
        return Route(path, _endpoint(account, answer, token=token), methods=[method])

    return Starlette(
        routes=[
            route("/api/Authorization/CreateAuthToken", _login, "POST", token=False),
            route("/api/rawdoc/RecipeInfo", _public_document, token=False),
            route(base + "/inn/{inn}/kkts", _registers),
            route(kkt + "/receipts", _receipts),
            route(kkt + "/receipts-with-fpd-short", _receipts_full),
            route(kkt + "/receipts-info", _receipts_full),
            route(kkt + "/zreports", _shift_reports),
            route(kkt + "/receipt/{raw_id}", _receipt),
            route(kkt + "/zreport/{shift}/receipt/{number}", _receipt_in_shift),
            route(base + "/kkt/{rnm}/receipts/errors", _errors),
        ]
    )


def _endpoint(account: Account, answer: Answer, *, token: bool) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        instead = await _failure(account)
        if instead is not None:
            return instead
        try:
            if token:
                account.admit(request.query_params.get("AuthToken", ""))
            return JSONResponse(await answer(account, request))
        except AccountError as error:
            return JSONResponse({"Status": "Failed", "Data": None, "Errors": [str(error)]}, error.status)

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


async def _login(account: Account, request: Request) -> dict[str, str]:
    try:
        body = msgspec.json.decode(await request.body(), type=dict[str, str])
    except msgspec.MsgspecError as error:
        raise AccountError(f"Некорректный JSON: {error}", 400) from error
    return account.login(body.get("Login", ""), body.get("Password", ""))


async def _registers(account: Account, request: Request) -> Any:
    query = request.query_params
    wanted = {
        "FnNumber": query.get("FNSerialNumber"),
        "KktRegId": query.get("KKTRegNumber"),
        "SerialNumber": query.get("KKTSerialNumber"),
    }
    last = account.archive.registers(request.path_params["inn"])
    first = [account.archive.find(d.fn, 1) for d in last]
    rows = [shapes.register(d, f, padded=account.conduct.padded) for d, f in zip(last, first, strict=True)]
    return _success([r for r in rows if all(v is None or str(r[k]).strip() == v for k, v in wanted.items())])


async def _receipts(account: Account, request: Request) -> Any:
    """By period, or by a closed shift (``ShiftNumber`` and ``FnNumber``)."""
    query = request.query_params
    if "ShiftNumber" in query:
        shift = _whole(query["ShiftNumber"], "ShiftNumber")
        found = account.archive.of_shift(request.path_params["rnm"], shift, query.get("FnNumber"))
        closed = any(d.code == SHIFT_CLOSE for d in found)
        found = found if closed else []
    else:
        found = _period(account, request)
    return _success([shapes.short_receipt(d, account.conduct) for d in _only_receipts(account, found)])


async def _receipts_full(account: Account, request: Request) -> Any:
    found = _only_receipts(account, _period(account, request))
    return _success([shapes.full_receipt(d, account.conduct) for d in found])


async def _shift_reports(account: Account, request: Request) -> Any:
    return _success(shapes.shift_reports(account.shown(_period(account, request))))


async def _receipt(account: Account, request: Request) -> Any:
    fn, _, fd = request.path_params["raw_id"].partition("-")
    found = account.archive.find(fn, _whole(fd, "RawId"))
    return _one(account, [found] if found else [])


async def _receipt_in_shift(account: Account, request: Request) -> Any:
    params = request.path_params
    shift, number = _whole(params["shift"], "ShiftNumber"), _whole(params["number"], "ReceiptNumber")
    found = account.archive.of_shift(params["rnm"], shift)
    return _one(account, [d for d in found if d.receipt_number == number])


async def _errors(account: Account, request: Request) -> Any:
    """Receipts rejected by control; the body's shape is unverified: the same as receipts-info."""
    since, until = _moments(request, "DateFrom", "DateTo")
    rnm = request.path_params["rnm"]
    found = [d for d in account.archive.rejected(rnm) if since <= d.made_at <= until]
    return _success([shapes.full_receipt(d, account.conduct) for d in _only_receipts(account, found)])


async def _public_document(account: Account, request: Request) -> Any:
    """The public check: needs all of fn, register, INN, number and sign."""
    query = request.query_params
    found = account.archive.find(query.get("Fn", ""), _whole(query.get("Num", ""), "Num"))
    right = found and (query.get("Kkt"), query.get("Inn"), query.get("Sign", "").zfill(10)) == (
        found.registration_number, found.seller_inn, f"{found.fiscal_sign:010d}"
    )  # fmt: skip
    if not found or not right or not account.shown([found]):
        raise AccountError("Чек не найден", 404)
    return {"Document": shapes.public_document(found)}


def _one(account: Account, found: list[OfdDocument]) -> Any:
    seen = _only_receipts(account, found)
    if not seen:
        raise AccountError("Чек не найден", 404)
    return _success(shapes.full_receipt(seen[0], account.conduct))


def _only_receipts(account: Account, found: list[OfdDocument]) -> list[OfdDocument]:
    return [d for d in account.shown(found) if d.code in RECEIPTS]


def _period(account: Account, request: Request) -> list[OfdDocument]:
    since, until = _moments(request, "dateFrom", "dateTo")
    params = request.path_params
    return account.archive.of_register(params["inn"], params["rnm"], since, until)


def _moments(request: Request, first: str, last: str) -> tuple[datetime, datetime]:
    since, until = (_moment(request.query_params.get(name), name) for name in (first, last))
    if until < since:
        raise AccountError(f"{last} раньше {first}")
    if until - since > LONGEST_PERIOD:
        raise AccountError("Период не может превышать 30 дней")
    return since, until


def _moment(text: str | None, name: str) -> datetime:
    """The register's local time, without zone; a bare date is its midnight."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError as error:
        raise AccountError(f"{name}: ожидается YYYY-MM-DDTHH:MM:SS, получено {text!r}") from error
    return moment.replace(tzinfo=None)


def _whole(text: str, name: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise AccountError(f"{name}: ожидается целое, получено {text[:40]!r}")
    return int(text)


def _success(rows: Any) -> dict[str, Any]:
    return {"Status": "Success", "Data": rows, "Errors": None}


def _same(left: str, right: str) -> bool:
    return hmac.compare_digest(left.encode("utf-8", "replace"), right.encode("utf-8", "replace"))
