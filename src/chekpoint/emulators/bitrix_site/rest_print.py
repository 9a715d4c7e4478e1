"""The REST cashbox's outgoing half: PRINT_URL and CHECK_URL (``cashboxrest.php``), failing open as it does.

PRINT_URL: an answer other than 200, or one without UUID, leaves the check in P for ever; no answer makes it E.
CHECK_URL: only WAIT and ERROR mean anything. Whatever else, no answer at all included, makes the check Y.
"""

from typing import Any, Final

import msgspec

from chekpoint.emulators.bitrix_site.at_once import PrintFailed
from chekpoint.emulators.bitrix_site.cashboxes import Cashbox, RestHandler
from chekpoint.emulators.bitrix_site.checks import Check, Status
from chekpoint.emulators.bitrix_site.content import Content, Position, content_of
from chekpoint.emulators.bitrix_site.http_call import Answer, Call, Fetch, LineFailed
from chekpoint.emulators.bitrix_site.orders import VAT_IDS
from chekpoint.emulators.bitrix_site.php import money, number, write_form
from chekpoint.emulators.bitrix_site.printed import fail_check, print_check
from chekpoint.emulators.bitrix_site.state import SiteState
from chekpoint.emulators.bitrix_site.task_values import nomenclature
from chekpoint.emulators.bitrix_site.tasks import uuid_of
from chekpoint.fiscal.vat import VatRate, vat_of

_LINK: Final = {
    "REG_NUMBER_KKT": "reg_number_kkt", "FISCAL_DOC_ATTR": "fiscal_doc_attribute",
    "FISCAL_DOC_NUMBER": "fiscal_doc_number", "FISCAL_RECEIPT_NUMBER": "fiscal_receipt_number",
    "FN_NUMBER": "fn_number", "SHIFT_NUMBER": "shift_number",
}  # fmt: skip


class RestPrinter:
    """Prints on REST cashboxes."""

    def __init__(self, state: SiteState, fetch: Fetch) -> None:
        self._state = state
        self._fetch = fetch

    async def print_now(self, box: Cashbox, check: Check) -> str | None:
        handler = self._state.handler_coded(box.rest_code)
        if handler is None:
            raise PrintFailed(f"обработчик {box.rest_code} не найден")
        try:
            answer = await self._fetch(_call(handler.print_url, handler, print_form(self._state, box, check)))
        except LineFailed as error:
            raise PrintFailed(str(error)) from error
        if answer.status != 200:
            return None
        said = _object(answer)
        if said is None:
            raise PrintFailed("ответ не JSON")
        if said.get("ERRORS"):
            errors = said["ERRORS"]
            raise PrintFailed("; ".join(map(str, errors)) if isinstance(errors, list) else str(errors))
        uuid = said.get("UUID")
        return str(uuid)[:100] if uuid else None

    async def ask(self, box: Cashbox, check: Check) -> None:
        handler = self._state.handler_coded(box.rest_code)
        if handler is None:
            return
        try:
            answer = await self._fetch(_call(handler.check_url, handler, {"uuid": check.external_uuid}))
            said = _object(answer) or {}
        except LineFailed as error:
            self._state.say(f"чек {check.id}: {error}")
            said = {}
        fresh = self._state.checks.get(check.id)
        if fresh is None or said.get("STATUS") == "WAIT" or not fresh.external_uuid:
            return  # a result is looked up by its UUID: a check that has none stays in P
        apply_result(self._state, fresh, said)


def apply_result(state: SiteState, check: Check, said: dict[str, Any]) -> bool:
    """``applyCheckResult``: E for STATUS=ERROR (then False), else Y with what fields there are."""
    if check.status is Status.PRINTED:
        return True
    if said.get("STATUS") == "ERROR":
        fail_check(state, check, str(said.get("ERROR") or ""))
        return False
    link = {ours: str(said[theirs]) for theirs, ours in _LINK.items() if said.get(theirs)}
    link["doc_time"] = str(said.get("PRINT_END_TIME") or 0)
    link["calculation_attribute"] = "income" if check.type.income else "consumption"
    print_check(state, check, link)
    return True


def print_form(state: SiteState, box: Cashbox, check: Check) -> dict[str, Any]:
    """The fields that are posted to PRINT_URL, before they are made a form."""
    content = content_of(state, check)
    direction = "income" if check.type.income else "consumption"
    returned_credit = check.type.value.startswith("creditpaymentreturn")
    method = None if returned_credit else check.type.method
    return {
        "type": check.type.value,
        "calculated_sign": direction,
        "unique_id": check.id,
        "items": [_item(state, item, method) for item in content.items],
        "date_create": int(check.created_at),
        "payments": _payments(state, content),
        "client_email": content.email or None,
        "client_phone": content.phone or None,
        "total_sum": money(content.total),
        "uuid": uuid_of(state, "check", check.id, state.name),
        "operation": direction,
        "number_kkm": box.number_kkm,
        "service_email": box.email or state.settings.shop_email,
        "cashbox_params": box.settings.rest,
    }


def _payments(state: SiteState, content: Content) -> list[dict[str, Any]]:
    return [
        {
            "type": kind,
            "is_cash": "Y" if kind == "cash" else "N",
            "sum": money(amount),
            "currency": state.settings.currency,
        }
        for kind, amount in content.payments
    ]


def _item(state: SiteState, item: Position, method: str | None) -> dict[str, Any]:
    """The VAT is the catalogue's id, not a rate; there is no taxation system."""
    fields: dict[str, Any] = {
        "name": item.name,
        "base_price": money(item.base_price),
        "price": money(item.price),
        "sum": money(item.sum),
        "currency": state.settings.currency,
        "quantity": number(item.quantity),
        "measure_code": item.measure_code,
        "vat": VAT_IDS[item.vat],
        "vat_sum": money(_vat_sum(item)),
        "payment_object": item.payment_object,
        "payment_method": method,
    }
    if item.marking_code:
        octets = nomenclature(item.marking_code)
        fields |= {
            "nomenclature_code": octets,
            "marking_code": item.marking_code,
        }
    return fields | ({"discount": {"discount": money(item.discount)}} if item.discount else {})


def _vat_sum(item: Position) -> int:
    if item.vat in set(VatRate):
        return vat_of(VatRate(item.vat), item.sum)
    return item.sum * 18 // 118  # the rate of 2018, which the law's table no longer has


def _call(url: str, handler: RestHandler, fields: dict[str, Any]) -> Call:
    return Call(url=url, body=write_form(fields).encode(), http_version=handler.http_version)


def _object(answer: Answer) -> dict[str, Any] | None:
    """The answer's JSON with its top level keys in capitals; None for what is no JSON object."""
    try:
        said = msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, RecursionError):
        return None
    if not isinstance(said, dict):
        return {} if isinstance(said, list) else None
    return {key.upper(): value for key, value in said.items()}
