"""The account API of the emulated operator, in the dialect of OFD.ru (paths and fields as its clients know them).

Bad input gets the service's own envelope ``{"Status":"Failed","Errors":[...]}`` with HTTP 200, as it answers;
a bad token gets HTTP 401. What nobody has documented is marked below with "unverified".
"""

from datetime import datetime, timedelta
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from chekpoint.emulators.ofd import account_json as shapes
from chekpoint.emulators.ofd.archive import OfdDocument
from chekpoint.emulators.ofd.cabinet import (
    API_KEY,
    FAILURES,
    LOGIN,
    PASSWORD,
    RECEIPTS,
    Account,
    AccountError,
    Dialect,
    json_body,
    local_moment,
    nobody,
    whole,
)
from chekpoint.emulators.ofd.conduct import Flc

__all__ = ["API_KEY", "FAILURES", "LOGIN", "PASSWORD", "Account", "AccountError", "account_app"]
LONGEST_PERIOD: Final = timedelta(days=30)
SHIFT_CLOSE: Final = 5


def account_app(account: Account) -> Starlette:
    """The ASGI application. Paths are those of /api/integration/v1 and v2."""
    base = "/api/integration/v{version:int}"
    kkt = base + "/inn/{inn}/kkt/{rnm}"
    route = Dialect(account, _admit, _refuse).route
    return Starlette(
        routes=[
            route("/api/Authorization/CreateAuthToken", _login, "POST", nobody),
            route("/api/rawdoc/RecipeInfo", _public_document, admit=nobody),
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


def _admit(account: Account, request: Request) -> None:
    """By the key, which never ends, or by a token."""
    token = request.query_params.get("AuthToken", "")
    if not account.is_key(token) and not account.knows(token):
        raise AccountError("AuthToken недействителен", 401)


def _refuse(error: AccountError) -> Response:
    return JSONResponse({"Status": "Failed", "Data": None, "Errors": [str(error)]}, error.status)


async def _login(account: Account, request: Request) -> dict[str, str]:
    """A token for the query parameter ``AuthToken``."""
    body = await json_body(request)
    if not account.is_login(body.get("Login", ""), body.get("Password", "")):
        raise AccountError("Неверный логин или пароль", 401)
    token, expires = account.new_token()
    return {"AuthToken": token, "ExpirationDateUtc": f"{expires:%Y-%m-%dT%H:%M:%S}"}


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
        shift = whole(query["ShiftNumber"], "ShiftNumber")
        found = account.archive.of_shift(request.path_params["rnm"], shift, query.get("FnNumber"))
        closed = any(d.code == SHIFT_CLOSE for d in found)
        found = found if closed else []
    else:
        found = _period(account, request)
    return _success([shapes.short_receipt(d, account) for d in _only_receipts(account, found)])


async def _receipts_full(account: Account, request: Request) -> Any:
    found = _only_receipts(account, _period(account, request))
    return _success([shapes.full_receipt(d, account) for d in found])


async def _shift_reports(account: Account, request: Request) -> Any:
    return _success(shapes.shift_reports(account.shown(_period(account, request))))


async def _receipt(account: Account, request: Request) -> Any:
    fn, _, fd = request.path_params["raw_id"].partition("-")
    found = account.archive.find(fn, whole(fd, "RawId"))
    return _one(account, [found] if found else [])


async def _receipt_in_shift(account: Account, request: Request) -> Any:
    params = request.path_params
    shift, number = whole(params["shift"], "ShiftNumber"), whole(params["number"], "ReceiptNumber")
    found = account.archive.of_shift(params["rnm"], shift)
    return _one(account, [d for d in found if d.receipt_number == number])


async def _errors(account: Account, request: Request) -> Any:
    """Receipts rejected by control; the body's shape is unverified: the same as receipts-info."""
    since, until = _moments(request, "DateFrom", "DateTo")
    found = account.archive.of_number(request.path_params["rnm"], since, until)
    found = [d for d in found if account.flc(d) is Flc.ERROR]
    return _success([shapes.full_receipt(d, account) for d in _only_receipts(account, found)])


async def _public_document(account: Account, request: Request) -> Any:
    """The public check: needs all of fn, register, INN, number and sign."""
    query = request.query_params
    found = account.archive.find(query.get("Fn", ""), whole(query.get("Num", ""), "Num"))
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
    return _success(shapes.full_receipt(seen[0], account))


def _only_receipts(account: Account, found: list[OfdDocument]) -> list[OfdDocument]:
    return [d for d in account.shown(found) if d.code in RECEIPTS]


def _period(account: Account, request: Request) -> list[OfdDocument]:
    since, until = _moments(request, "dateFrom", "dateTo")
    params = request.path_params
    return account.archive.of_register(params["inn"], params["rnm"], since, until)


def _moments(request: Request, first: str, last: str) -> tuple[datetime, datetime]:
    since, until = (local_moment(request.query_params.get(name), name) for name in (first, last))
    if until < since:
        raise AccountError(f"{last} раньше {first}")
    if until - since > LONGEST_PERIOD:
        raise AccountError("Период не может превышать 30 дней")
    return since, until


def _success(rows: Any) -> dict[str, Any]:
    return {"Status": "Success", "Data": rows, "Errors": None}
