"""The account API of the emulated operator in the dialect of 1-ofd.ru (universal-api, "API for reconciliation").

Both addresses of the login and both spellings of the period are taken: clients in the field disagree, and neither
is verified. Nothing at all is HTTP 204, as its guide says. The documents of a period come in one answer.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from chekpoint.emulators.ofd import first_ofd_json as shapes
from chekpoint.emulators.ofd.archive import OfdDocument
from chekpoint.emulators.ofd.cabinet import (
    Account,
    AccountError,
    Dialect,
    json_body,
    local_moment,
    nobody,
    whole,
)
from chekpoint.emulators.ofd.conduct import Flc

LARGEST_PAGE: Final = 100
_PLACE: Final = 1  # the one retail place of every seller here


def first_ofd_app(account: Account) -> Starlette:
    """The ASGI application; paths as under https://universal-api.1-ofd.ru."""
    route = Dialect(account, _admit, _refuse).route
    organisation = "/api/rent/v2/organisations/{key}"
    return Starlette(
        routes=[
            route("/api/auth", _login, "POST", nobody),
            route("/api/rent/v2/auth", _login, "POST", nobody),
            route("/api/rent/v3/organisations", _organisations),
            route(organisation + "/retailPlaces", _retail_places),
            route(organisation + "/kkms", _kkms),
            route(organisation + "/documents", _documents),
        ]
    )


def _admit(account: Account, request: Request) -> None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme != "Bearer" or not account.knows(token):
        raise AccountError("Токен недействителен", 401)


def _refuse(error: AccountError) -> Response:
    status = 400 if error.status == 200 else error.status
    if status == 204:
        return Response(status_code=204)
    return JSONResponse({"status": status, "error": status, "message": str(error)}, status)


async def _login(account: Account, request: Request) -> dict[str, str]:
    body = await json_body(request)
    if not account.is_key(body.get("apiKey", "")):
        raise AccountError("Неверный apiKey", 401)
    return {"token": account.new_token()[0]}


async def _organisations(account: Account, request: Request) -> Any:
    number = whole(request.query_params.get("page", "1"), "page") or 1
    asked = whole(request.query_params.get("pageSize", "10"), "pageSize") or 10
    size = min(asked, LARGEST_PAGE, account.conduct.page_limit or LARGEST_PAGE)
    sellers = account.archive.sellers()
    page = sellers[(number - 1) * size : number * size]
    rows = [shapes.organisation(inn, account.archive.registers(inn)) for inn in page]
    return {"page": rows, "totalCount": len(sellers), "pageNumber": number, "pageSize": asked}


async def _retail_places(account: Account, request: Request) -> Any:
    inn = _seller(account, request)
    last = account.archive.registers(inn)[0]
    return {"inn": inn, "kpp": shapes.KPP, "retailPlaces": [shapes.retail_place(_PLACE, last)]}


async def _kkms(account: Account, request: Request) -> Any:
    inn = _seller(account, request)
    place = request.query_params.get("retailPlaceId", str(_PLACE))
    found = account.archive.registers(inn) if whole(place, "retailPlaceId") == _PLACE else []
    return {"kkms": [_kkm(account, last) for last in found]}


async def _documents(account: Account, request: Request) -> Any:
    inn, query = _seller(account, request), request.query_params
    since, until = _period(request)
    rnm = query.get("kkmRegId", "")
    found = account.archive.of_register(inn, rnm, since, until)
    kept = [d for d in found if _wanted(d, request) and _in_state(account, d, request)]
    shown = account.shown(kept)
    last = next((d for d in account.archive.registers(inn) if d.registration_number == rnm), None)
    if last is None:
        raise AccountError("ККТ не найдена", 404)
    if not shown:
        raise AccountError("", 204)
    return _kkm(account, last) | {"documents": [shapes.document(d, account) for d in shown]}


def _wanted(document: OfdDocument, request: Request) -> bool:
    """By drive, shift and type; types not named are all wanted."""
    query = request.query_params
    types = query.getlist("transactionTypes")
    unknown = set(types) - set(shapes.TYPES.values())
    if unknown:
        raise AccountError(f"transactionTypes: {', '.join(sorted(unknown))[:80]}")
    return (
        query.get("fsFactoryNumber", document.fn) == document.fn
        and query.get("shiftNum", str(document.shift_number)) == str(document.shift_number)
        and (not types or shapes.TYPES.get(document.code) in types)
    )


def _in_state(account: Account, document: OfdDocument, request: Request) -> bool:
    """By FLC state and by the moment of insertion."""
    query = request.query_params
    states = query.getlist("irkktStatus")
    unknown = set(states) - {state.value for state in Flc}
    if unknown:
        raise AccountError(f"irkktStatus: {', '.join(sorted(unknown))[:80]}")
    inserted = document.received_at.replace(tzinfo=None)
    ends = [local_moment(query[n], n) if n in query else None for n in ("fromInsDate", "toInsDate")]
    return (
        (not states or account.flc(document).value in states)
        and (ends[0] is None or ends[0] <= inserted)
        and (ends[1] is None or inserted <= ends[1])
    )


def _period(request: Request) -> tuple[datetime, datetime]:
    query = request.query_params
    first = query.get("fromDate", query.get("dateFrom"))
    last = query.get("toDate", query.get("dateTo"))
    since, until = local_moment(first, "fromDate"), local_moment(last, "toDate")
    if until < since:
        raise AccountError("toDate раньше fromDate")
    if until - since > timedelta(days=31):
        raise AccountError("Период не может превышать 31 день")
    return since, until


def _seller(account: Account, request: Request) -> str:
    """INN of ``INN.KPP``; the permission to see it is whatever the archive has."""
    inn = str(request.path_params["key"]).partition(".")[0]
    if inn not in account.archive.sellers():
        raise AccountError("Организация не найдена", 404)
    return inn


def _kkm(account: Account, last: OfdDocument) -> dict[str, Any]:
    drives = account.archive.first_of_drives(last.registration_number)
    return shapes.kkm(last, drives, _PLACE, account.conduct)
