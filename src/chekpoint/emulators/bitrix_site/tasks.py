"""What a poll is given: checks and Z-reports as tasks of the three versions of the exchange (``buildCheckQuery``)."""

import base64
from typing import Any, Final

from chekpoint.emulators.bitrix_site.cashboxes import NOT_VAT, Cashbox, Handler
from chekpoint.emulators.bitrix_site.checks import Check, CheckType, ZReport
from chekpoint.emulators.bitrix_site.content import Content, Position, content_of
from chekpoint.emulators.bitrix_site.php import money, number
from chekpoint.emulators.bitrix_site.state import SiteState
from chekpoint.emulators.bitrix_site.task_values import (
    MEASURES,
    METHODS,
    OBJECTS_V2,
    OBJECTS_V3,
    TAXATIONS,
    evened,
    nomenclature,
    prepaid,
)

UUID_CHARS: Final = 100
_V1_TYPES: Final = {CheckType.SELL: 1, CheckType.SELL_RETURN: 2, CheckType.SELL_RETURN_CASH: 2}


def uuid_of(state: SiteState, kind: str, row_id: int, host: str) -> str:
    """``check|host|85|1764000000``: the host of the request, and in new cores the time, so it changes each time."""
    parts = [kind, host, str(row_id), *([str(int(state.now()))] if state.settings.timed_uuid else [])]
    return "|".join(parts)[:UUID_CHARS]


def check_task(state: SiteState, cashbox: Cashbox, check: Check, host: str) -> dict[str, Any]:
    """One element of ``print``; empty when the first version has no word for the type (the check is P all the same)."""
    content = content_of(state, check)
    uuid = uuid_of(state, "check", check.id, host)
    if cashbox.handler is Handler.BITRIX:
        return _first_version(state, cashbox, check, content, uuid)
    items = list(content.items)
    if state.settings.core == "new":
        items = evened(content.items, content.total)
    task = {
        "type": "sell" if check.type.income else "sellReturn",
        "timestamp": f"{state.local(state.now()):%d.%m.%Y %H:%M:%S}",
        "external_id": uuid,
        "taxationType": _taxation(state, cashbox),
        "zn": cashbox.number_kkm,
        "clientInfo": {"emailOrPhone": _contact(cashbox, content)},
        "payments": [
            {"type": cashbox.settings.payment_types.get(kind), "sum": money(amount)}
            for kind, amount in content.payments
        ],
        "items": [_position(state, cashbox, check, item) for item in items],
        "total": money(content.total),
    }
    marked = cashbox.handler is Handler.BITRIX_V3 and any(item.marking_code for item in items)
    return task | ({"validateMarkingCodes": True} if marked else {})


def report_task(state: SiteState, cashbox: Cashbox, report: ZReport, host: str) -> dict[str, Any]:
    """One element of ``reports``, the same in all versions."""
    return {
        "type": 1,
        "uuid": uuid_of(state, "report", report.id, host),
        "timestamp": str(int(state.now())),
        "zn": cashbox.number_kkm,
    }


def _first_version(
    state: SiteState, cashbox: Cashbox, check: Check, content: Content, uuid: str
) -> dict[str, Any]:
    if check.type not in _V1_TYPES:
        return {}
    types = cashbox.settings.payment_types
    return {
        "payments": [
            {"type": whole(types.get(kind, "")), "value": money(amount)} for kind, amount in content.payments
        ],
        "type": _V1_TYPES[check.type],
        "uuid": uuid,
        "zn": cashbox.number_kkm,
        "items": [_first_position(cashbox, item) for item in content.items],
        "client": _contact(cashbox, content),
        "timestamp": str(int(state.now())),
    }


def _first_position(cashbox: Cashbox, item: Position) -> dict[str, Any]:
    fields = {
        "name": item.name,
        "price": money(item.base_price),
        "quantity": number(item.quantity),
        "VAT": whole(_vat(cashbox, item)),
    }
    return fields | ({"discount": money(item.discount), "discount_type": 0} if item.discount else {})


def _position(state: SiteState, cashbox: Cashbox, check: Check, item: Position) -> dict[str, Any]:
    old, third = state.settings.core == "old", cashbox.handler is Handler.BITRIX_V3
    objects = OBJECTS_V3 if third else OBJECTS_V2
    fields: dict[str, Any] = {} if old else {"type": "position"}
    fields |= {
        "name": item.name,
        "price": money(item.base_price if old else item.price),
        "quantity": number(item.quantity),
        "amount": money(item.sum),
        "paymentMethod": METHODS[check.type.method],
        "paymentObject": objects.get(item.payment_object),
        "tax": {"type": prepaid(_vat(cashbox, item), check.type)},
    }
    if item.supplier is not None and not old:
        fields["supplierInfo"] = {
            "phones": list(item.supplier.phones),
            "name": item.supplier.name,
            "vatin": item.supplier.inn,
        }
    return fields | (_third_mark(check, item) if third else _second_mark(item))


def _second_mark(item: Position) -> dict[str, Any]:
    octets = nomenclature(item.marking_code) if item.marking_code else None
    return {"nomenclatureCode": base64.b64encode(octets).decode()} if octets else {}


def _third_mark(check: Check, item: Position) -> dict[str, Any]:
    fields: dict[str, Any] = {"measurementUnit": MEASURES.get(item.measure_code, 0)}
    if item.marking_code:
        returned = check.type.value.startswith("sellreturn")  # other returns still say Sold
        fields["imcParams"] = {
            "imcType": "auto",
            "imc": base64.b64encode(item.marking_code.encode()).decode(),
            "itemEstimatedStatus": "itemPieceReturn" if returned else "itemPieceSold",
            "imcModeProcessing": 0,
        }
    return fields


def _vat(cashbox: Cashbox, item: Position) -> str:
    """What the administrator typed for the rate; for a rate without a row, what stands for no VAT."""
    typed = cashbox.settings.vat
    return typed.get(item.vat, typed.get(NOT_VAT, ""))


def _taxation(state: SiteState, cashbox: Cashbox) -> str:
    sno = cashbox.settings.sno
    return sno if state.settings.core == "old" else TAXATIONS.get(sno, sno)


def _contact(cashbox: Cashbox, content: Content) -> str | None:
    """The e-mail, unless the phone is wanted and there is one. None for a check without an order."""
    if cashbox.settings.client_info == "PHONE" and content.phone:
        return content.phone
    return content.email or content.phone or None


def whole(typed: str) -> int:
    """PHP's ``(int)`` of a typed text: what is no number is 0."""
    return int(typed) if typed.isascii() and typed.isdigit() else 0
