"""The account API of the emulated operator in the dialect of Такском (v2). A session that ended is error 2109.

``Integrator-ID`` is the account's key. A cabinet is of one seller: the login is his INN (``test``: of all). A cabinet is of one seller: the login is his INN (``test``: all sellers). ``agreementNumber`` at the login gets 2108, as a project in the field met it.
With which HTTP code an error comes is not documented: here 401 for access, 400 for the rest.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from chekpoint.emulators.ofd import taxcom_json as shapes
from chekpoint.emulators.ofd.archive import OfdDocument
from chekpoint.emulators.ofd.cabinet import (
    LOGIN,
    Account,
    AccountError,
    Dialect,
    json_body,
    local_moment,
    nobody,
    whole,
)

TYPES: Final = frozenset({2, 21, 3, 31, 4, 41, 5})
LARGEST_PAGE: Final = 1000


def taxcom_app(account: Account) -> Starlette:
    """The ASGI application; paths as under https://api-lk-ofd.taxcom.ru."""
    route = Dialect(account, _admit, _refuse).route
    api = "/API/v2/"
    return Starlette(
        routes=[
            route(api + "Login", _login, "POST", nobody),
            route(api + "AccountList", _accounts),
            route(api + "OutletList", _outlets),
            route(api + "KKTList", _registers),
            route(api + "KKTInfo", _register),
            route(api + "ShiftList", _shifts),
            route(api + "DocumentList", _documents),
            route(api + "DocumentInfo", _document),
        ]
    )


def _admit(account: Account, request: Request) -> None:
    _integrator(account, request)
    token = request.headers.get("Session-Token", "")
    if not token:
        raise AccountError("Не передан маркер доступа", 401, "2110")
    if not account.knows(token.partition(".")[0]):
        raise AccountError("Срок действия маркера доступа истёк", 401, "2109")


def _integrator(account: Account, request: Request) -> None:
    if not account.is_key(request.headers.get("Integrator-ID", "")):
        raise AccountError("Неверный идентификатор интегратора", 401, "2112")


def _refuse(error: AccountError) -> Response:
    status = 400 if error.status == 200 else error.status
    code = error.code or ("2201" if status == 400 else "")
    body = {"apiErrorCode": int(code), "commonDescription": str(error), "details": ""} if code else {}
    return JSONResponse(body, status)


async def _login(account: Account, request: Request) -> dict[str, str]:
    _integrator(account, request)
    body = await json_body(request)
    login, password = body.get("login", ""), body.get("password", "")
    inn = login if login in account.archive.sellers() else ""
    known = account.is_key(body.get("integrationToken", "")) or account.is_login(
        LOGIN if inn else login, password
    )
    if "agreementNumber" in body or not known:
        raise AccountError("Ошибка авторизации", 401, "2108")
    return {"sessionToken": f"{account.new_token()[0]}.{inn}"}


def _sellers(account: Account, request: Request) -> list[str]:
    """INNs of this cabinet."""
    _, _, inn = request.headers.get("Session-Token", "").partition(".")
    return [one for one in account.archive.sellers() if inn in {"", one}]


async def _accounts(account: Account, request: Request) -> Any:
    """Its fields are not documented where we could read them."""
    sellers = _sellers(account, request)
    return shapes.listed([{"inn": inn, "agreementNumber": f"С-{inn[:4]}-1"} for inn in sellers], len(sellers))


async def _outlets(account: Account, request: Request) -> Any:
    return _page(account, request, [shapes.outlet(inn) for inn in _sellers(account, request)])


async def _registers(account: Account, request: Request) -> Any:
    for inn in _sellers(account, request):
        if shapes.outlet(inn)["id"] == request.query_params.get("id"):
            rows = [
                shapes.kkt(d, _first(account, d.fn), account.conduct) for d in account.archive.registers(inn)
            ]
            return shapes.listed(rows, len(rows))
    raise AccountError("Торговая точка не найдена", 400, "3102")


async def _register(account: Account, request: Request) -> Any:
    found = account.archive.of_drive(_drive(account, request))
    return shapes.kkt_info(found[-1], found[0], account.conduct)


async def _shifts(account: Account, request: Request) -> Any:
    """Shifts that were opened between two moments (UTC)."""
    begin, end = (_moment(request, name) for name in ("begin", "end"))
    found = account.shown([d for d in account.archive.of_drive(_drive(account, request)) if d.shift_number])
    shifts = [list(one) for _, one in groupby(found, key=lambda d: d.shift_number)]
    return _page(account, request, [shapes.shift(one) for one in shifts if begin <= one[0].made_at <= end])


async def _documents(account: Account, request: Request) -> Any:
    number = whole(request.query_params.get("shift", ""), "shift")
    found = [d for d in account.archive.of_drive(_drive(account, request)) if d.shift_number == number]
    if not found:
        raise AccountError("Смена не найдена", 400, "3105")
    wanted = {whole(one, "type") for one in request.query_params.getlist("type")} or TYPES
    if wanted - TYPES:
        raise AccountError(f"type: {sorted(wanted - TYPES)}")
    shown = account.shown([d for d in found if d.code in wanted])
    return _page(account, request, [shapes.document(d, account.conduct) for d in shown])


async def _document(account: Account, request: Request) -> Any:
    found = account.archive.find(_drive(account, request), whole(request.query_params.get("fd", ""), "fd"))
    seen = account.shown([found]) if found else []
    if not seen:
        raise AccountError("Документ не найден", 400, "3101")
    return shapes.document_info(seen[0], account.conduct)


def _page(account: Account, request: Request, rows: Sequence[Any]) -> dict[str, Any]:
    """``pn`` from 1; a page holds what the conduct allows, whatever was asked for."""
    number = whole(request.query_params.get("pn", "1"), "pn")
    size = whole(request.query_params.get("ps", str(LARGEST_PAGE)), "ps")
    if number < 1 or not 1 <= size <= LARGEST_PAGE:
        raise AccountError("pn: от 1; ps: 1..1000")
    size = min(size, account.conduct.page_limit or size)
    return shapes.listed(rows[(number - 1) * size : number * size], len(rows))


def _drive(account: Account, request: Request) -> str:
    fn = request.query_params.get("fn", "")
    inns = {d.seller_inn for d in account.archive.of_drive(fn)}
    if not inns & set(_sellers(account, request)):
        raise AccountError("ККТ не найдена", 400, "3103")
    return fn


def _first(account: Account, fn: str) -> OfdDocument:
    return account.archive.of_drive(fn)[0]


def _moment(request: Request, name: str) -> datetime:
    """UTC of the query as the registers' wall clock in the cabinet's zone."""
    moment: datetime = local_moment(request.query_params.get(name), name)
    return moment + shapes.CABINET_ZONE
