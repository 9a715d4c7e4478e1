"""The account API of the emulated operator in the dialect of Контур.ОФД (v2), its authentication included.

The real authentication has a host of its own (api.kontur.ru); here it is another path of the same port. A page
is cut before the filter of types, as the documentation says of the real service: it may be short, even empty,
and not the last.
"""

import binascii
from base64 import b64decode, b64encode
from datetime import datetime
from itertools import dropwhile
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from chekpoint.emulators.ofd import kontur_json as shapes
from chekpoint.emulators.ofd.archive import OfdDocument
from chekpoint.emulators.ofd.cabinet import Account, AccountError, Dialect, local_moment, nobody, whole

LARGEST_PAGE: Final = 1000
_ENDED, _BAD_KEY, _NO_ORGANISATION, _NO_REGISTER = "401002", "401003", "403000", "404001"


def kontur_app(account: Account) -> Starlette:
    """The ASGI application; paths as under https://ofd-api.kontur.ru and https://api.kontur.ru."""
    route = Dialect(account, _admit, _refuse).route
    cashboxes = "/v2/organizations/{organisation}/cashboxes"
    return Starlette(
        routes=[
            route("/auth/authenticate-by-pass", _login, "POST", nobody),
            route("/v2/organizations", _organisations),
            route(cashboxes, _cashboxes),
            route(cashboxes + "/{rnm}/documents/by-period", _by_period),
        ]
    )


def _admit(account: Account, request: Request) -> None:
    scheme, _, sid = request.headers.get("Authorization", "").partition(" ")
    if scheme != "auth.sid" or not account.knows(sid):
        raise AccountError("Срок действия сессии истёк", 401, _ENDED)
    if not account.is_key(request.headers.get("X-Kontur-Ofd-ApiKey", "")):
        raise AccountError("Неверный ключ интегратора", 401, _BAD_KEY)


def _refuse(error: AccountError) -> Response:
    status = 400 if error.status == 200 else error.status
    code = error.code or f"{status}000"
    body = {
        "errorCodeId": "Error",
        "errorCode": int(code),
        "moreInfo": str(error),
        "userMessage": {"ru": str(error)},
    }
    return JSONResponse(body, status)


async def _login(account: Account, request: Request) -> dict[str, str]:
    """The login is in the address, the password is the whole body."""
    password = (await request.body()).decode("utf-8", "replace")
    if not account.is_login(request.query_params.get("login", ""), password):
        raise AccountError("Неверный логин или пароль", 403)
    return {"Sid": account.new_token()[0]}


async def _organisations(account: Account, _: Request) -> Any:
    return [shapes.organisation(inn, account.conduct) for inn in account.archive.sellers()]


async def _cashboxes(account: Account, request: Request) -> Any:
    inn = _seller(account, request)
    return [
        shapes.cashbox(last, account.archive.first_of_drives(last.registration_number), account.conduct)
        for last in account.archive.registers(inn)
    ]


async def _by_period(account: Account, request: Request) -> Any:
    """One page. ``nextOffset`` equals the offset that was sent when there is nothing after it."""
    inn, rnm = _seller(account, request), request.path_params["rnm"]
    if rnm not in {d.registration_number for d in account.archive.registers(inn)}:
        raise AccountError("Касса не найдена", 404, _NO_REGISTER)
    since, until = _period(request)
    offset = request.query_params.get("offset") or None
    found = _after(offset, account.archive.of_register(inn, rnm, since, until))
    page = found[: _limit(account, request)]
    shown = [d for d in account.shown(page) if _wanted(d, request)]
    following = _cursor(page[-1]) if page else offset
    return {
        "documents": [shapes.document(d, account) for d in shown],
        "paging": {"nextOffset": following} if following else {},
    }


def _after(offset: str | None, found: list[OfdDocument]) -> list[OfdDocument]:
    """What follows the document that the cursor names, in the order of drives and numbers."""
    if offset is None:
        return found
    last = _named(offset)
    return list(dropwhile(lambda d: (d.fn, d.fd_number) <= last, found))


def _named(offset: str) -> tuple[str, int]:
    try:
        fn, _, number = b64decode(offset, validate=True).decode("ascii").partition("/")
        return fn, int(number)
    except (ValueError, binascii.Error) as error:
        raise AccountError("offset: не указатель этой выдачи") from error


def _cursor(document: OfdDocument) -> str:
    return b64encode(f"{document.fn}/{document.fd_number}".encode("ascii")).decode("ascii")


def _limit(account: Account, request: Request) -> int:
    asked = whole(request.query_params.get("limit", str(LARGEST_PAGE)), "limit")
    if asked == 0:
        raise AccountError("limit: не меньше 1")
    return min(asked, LARGEST_PAGE, account.conduct.page_limit or LARGEST_PAGE)


def _wanted(document: OfdDocument, request: Request) -> bool:
    types = request.query_params.get("types", "")
    wanted = set(types.split(",")) if types else set(shapes.TYPES.values())
    unknown = wanted - set(shapes.TYPES.values())
    if unknown:
        raise AccountError(f"types: {', '.join(sorted(unknown))[:80]}")
    return shapes.TYPES.get(document.code) in wanted


def _period(request: Request) -> tuple[datetime, datetime]:
    query = request.query_params
    since, until = (local_moment(query.get(name), name) for name in ("dateFrom", "dateTo"))
    if until < since:
        raise AccountError("dateTo раньше dateFrom")
    return since, until


def _seller(account: Account, request: Request) -> str:
    for inn in account.archive.sellers():
        if shapes.organisation_id(inn) == request.path_params["organisation"]:
            return inn
    raise AccountError("Нет доступа к организации", 403, _NO_ORGANISATION)
