"""The site's classes for ATOL Online v4 and v5 (``cashboxatolfarmv4.php``, ``...v5.php``) and their likes.

A registration that is not answered with 200 and a uuid makes the check E at once. A report is applied whatever its
HTTP status: without ``status: wait`` and without ``error`` the check is Y, also when there is no payload.
"""

import base64
from datetime import datetime, timedelta, timezone
from typing import Any, Final

import msgspec

from chekpoint.emulators.bitrix_site.at_once import PrintFailed
from chekpoint.emulators.bitrix_site.cashboxes import Cashbox, Handler
from chekpoint.emulators.bitrix_site.checks import Check, Status
from chekpoint.emulators.bitrix_site.content import Content, Position, content_of
from chekpoint.emulators.bitrix_site.http_call import JSON, Answer, Call, Fetch, LineFailed
from chekpoint.emulators.bitrix_site.php import money, number, write_json
from chekpoint.emulators.bitrix_site.printed import fail_check, print_check
from chekpoint.emulators.bitrix_site.state import SiteState
from chekpoint.emulators.bitrix_site.task_values import MEASURES, nomenclature, prepaid
from chekpoint.emulators.bitrix_site.tasks import uuid_of, whole
from chekpoint.fiscal.receipt import SettlementObject

CALLBACK_PATH: Final = "/bitrix/tools/sale_farm_check_print.php"
_NAME: Final = 128
_SUPPLIER: Final = 256
_MARKED: Final = {
    "commodity_marking_no_marking_code_excise": 30,
    "commodity_marking_excise": 31,
    "commodity_marking_no_marking_code": 32,
    "commodity_marking": 33,
}
_V4_OBJECTS: Final = {
    "commodity_marking_no_marking_code_excise": "excise",
    "commodity_marking_excise": "excise",
    "commodity_marking_no_marking_code": "commodity",
    "commodity_marking": "commodity",
}


class FarmPrinter:
    """Prints on cloud cashboxes. ``public_url`` is the site's own address, for the callback."""

    def __init__(self, state: SiteState, fetch: Fetch, public_url: str) -> None:
        self._state = state
        self._fetch = fetch
        self._public_url = public_url

    async def print_now(self, box: Cashbox, check: Check) -> str | None:
        operation = "sell" if check.type.income else "sell_refund"
        body = write_json(registration(self._state, box, check, self._public_url)).encode()
        try:
            answer = await self._with_token(box, f"{box.number_kkm}/{operation}", body)
        except LineFailed as error:
            raise PrintFailed(str(error)) from error
        said = _object(answer)
        if said is None:
            raise PrintFailed("ответ не JSON")
        uuid = said.get("uuid")
        if answer.status == 200 and uuid:
            return str(uuid)[:100]
        raise PrintFailed(_error_text(said) or f"HTTP {answer.status}")

    async def ask(self, box: Cashbox, check: Check) -> None:
        if not check.external_uuid:
            return
        try:
            answer = await self._with_token(box, f"{box.number_kkm}/report/{check.external_uuid}", None)
        except LineFailed as error:
            self._state.say(f"чек {check.id}: {error}")
            return
        said = _object(answer)
        if said is None:
            self._state.say(f"чек {check.id}: отчёт не JSON")
        elif said.get("status") != "wait":
            apply_report(self._state, check.id, said)

    async def _with_token(self, box: Cashbox, path: str, body: bytes | None) -> Answer:
        """A cached token has no expiry for the site: a new one is asked for on 401 only."""
        answer = await self._sent(box, path, body, await self._token(box))
        if answer.status == 401:
            self._state.keep_option(_token_option(box), "")
            answer = await self._sent(box, path, body, await self._token(box))
        return answer

    async def _sent(self, box: Cashbox, path: str, body: bytes | None, token: str) -> Answer:
        url = f"{box.settings.service_url.rstrip('/')}/{path}?token={token}"
        method = "GET" if body is None else "POST"
        return await self._fetch(Call(url=url, method=method, body=body or b"", content_type=JSON))

    async def _token(self, box: Cashbox) -> str:
        cached = self._state.options.get(_token_option(box))
        if cached:
            return cached
        body = write_json({"login": box.settings.login, "pass": box.settings.password}).encode()
        url = f"{box.settings.service_url.rstrip('/')}/getToken"
        said = _object(await self._fetch(Call(url=url, body=body, content_type=JSON))) or {}
        token = str(said.get("token") or "")
        if not token:
            raise LineFailed(_error_text(said) or "getToken: нет токена")
        self._state.keep_option(_token_option(box), token)
        return token


def _token_option(box: Cashbox) -> str:
    """V4 and V5 share the name."""
    return f"atol_access_token_{box.number_kkm.lower()}"


def _object(answer: Answer) -> dict[str, Any] | None:
    try:
        said = msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


def _error_text(said: dict[str, Any]) -> str:
    error = said.get("error")
    return str(error.get("text") or error.get("code") or "") if isinstance(error, dict) else str(error or "")


def apply_report(state: SiteState, check_id: int, said: dict[str, Any]) -> None:
    """A report or a callback, applied: truthy ``error`` is E, everything else Y."""
    check = state.checks.get(check_id)
    if check is None or check.status is Status.PRINTED:
        return
    if said.get("error"):
        fail_check(state, check, _error_text(said))
        return
    payload = said.get("payload")
    print_check(state, check, _link(state, check, payload if isinstance(payload, dict) else {}))


def apply_callback(state: SiteState, body: bytes) -> None:
    """``sale_farm_check_print.php``: no authentication; needs the key ``payload`` and a known uuid. Never fails."""
    try:
        said = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return
    if isinstance(said, dict) and "payload" in said:
        apply_report(state, state.by_uuid.get(str(said.get("uuid")), 0), said)


def _link(state: SiteState, check: Check, payload: dict[str, Any]) -> dict[str, str]:
    names = {
        "ecr_registration_number": "reg_number_kkt",
        "fiscal_document_attribute": "fiscal_doc_attribute",
        "fiscal_document_number": "fiscal_doc_number",
        "fiscal_receipt_number": "fiscal_receipt_number",
        "fn_number": "fn_number",
        "shift_number": "shift_number",
        "total": "doc_sum",
    }
    link = {ours: str(payload[theirs]) for theirs, ours in names.items() if payload.get(theirs) is not None}
    link["calculation_attribute"] = "income" if check.type.income else "consumption"
    try:
        zone = timezone(timedelta(hours=state.settings.zone_hours))
        text = str(payload.get("receipt_datetime"))
        local = datetime.strptime(text, "%d.%m.%Y %H:%M:%S").replace(tzinfo=zone)
        link["doc_time"] = str(int(local.timestamp()))
    except ValueError:
        link["doc_time"] = "0"
    return link


def registration(state: SiteState, box: Cashbox, check: Check, public_url: str) -> dict[str, Any]:
    """The body of ``sell`` and ``sell_refund``."""
    content, fifth = content_of(state, check), box.handler is Handler.ATOL_V5
    settings = box.settings
    return {
        "timestamp": f"{state.local(state.now()):%d.%m.%Y %H:%M:%S}",
        "external_id": uuid_of(state, "check", check.id, state.name),
        "service": {"callback_url": public_url + CALLBACK_PATH},
        "receipt": {
            "client": _client(box, content),
            "company": {
                "email": box.email or state.settings.shop_email,
                "sno": settings.sno,
                "inn": settings.inn,
                "payment_address": settings.payment_address or public_url,
            },
            **({"internet": not box.use_offline} if state.settings.core == "new" else {}),
            "payments": [
                {"type": whole(settings.payment_types.get(kind, "")), "sum": money(amount)}
                for kind, amount in content.payments
            ],
            "items": [_item(box, check, item, fifth=fifth) for item in content.items],
            "total": money(content.total),
        },
    }


def _client(box: Cashbox, content: Content) -> dict[str, str]:
    wanted = box.settings.client_info
    client = {"email": content.email} if content.email and wanted != "PHONE" else {}
    return client | ({"phone": content.phone} if content.phone and wanted != "NONE" else {})


def _item(box: Cashbox, check: Check, item: Position, *, fifth: bool) -> dict[str, Any]:
    rate = box.settings.vat.get(item.vat, box.settings.vat.get("none", "none"))
    fields: dict[str, Any] = {
        "name": item.name[:_NAME],
        "price": money(item.price),
        "sum": money(item.sum),
        "quantity": number(item.quantity),
        "payment_method": check.type.method,
        "payment_object": _payment_object(item, fifth=fifth),
        "vat": {"type": prepaid(rate, check.type, cloud=True)},
    }
    if fifth:
        fields["measure"] = MEASURES.get(item.measure_code, 0)
    return fields | (_fifth_mark(item) if fifth else _fourth_mark(item)) | _supplier(item, fifth=fifth)


def _payment_object(item: Position, *, fifth: bool) -> str | int | None:
    name = item.payment_object
    if not fifth:
        return _V4_OBJECTS.get(name, name)
    known = set(SettlementObject)
    return _MARKED.get(name) or (SettlementObject(name).code if name in known else None)


def _fourth_mark(item: Position) -> dict[str, Any]:
    octets = nomenclature(item.marking_code) if item.marking_code else None
    return {"nomenclature_code": octets.hex(" ").upper()} if octets else {}


def _fifth_mark(item: Position) -> dict[str, Any]:
    if not item.marking_code:
        return {}
    code = base64.b64encode(item.marking_code.encode()).decode()
    return {"mark_processing_mode": "0", "mark_code": {"gs1m": code}}


def _supplier(item: Position, *, fifth: bool) -> dict[str, Any]:
    if item.supplier is None or not fifth:
        return {}
    supplier = item.supplier
    told = {
        "phones": list(supplier.phones),
        "name": supplier.name[:_SUPPLIER],
        "inn": supplier.inn or "0" * 12,
    }
    return {"agent_info": {"type": "another"}, "supplier_info": told}
