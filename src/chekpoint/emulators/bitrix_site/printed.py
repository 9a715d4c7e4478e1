"""The results of a poll: ``printed[]`` applied to checks and Z-reports (``CheckManager::savePrintResult``).

What counts as processed is acknowledged: success, and fatal errors. Warnings, unknown ids and checks of deleted
orders are not, so a client that waits for the acknowledgement waits for ever.
"""

from datetime import datetime, timedelta, timezone
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

from chekpoint.emulators.bitrix_site.checks import Check, Status, ZReport
from chekpoint.emulators.bitrix_site.state import SiteState

FATAL: Final = {
    -3800: "В ККТ нет денежных средств для возврата",
    -3803: "Неверная цена (сумма)",
    -3804: "Неверное количество",
    -3805: "Цена не может быть равна нулю",
    -3807: "Нет бумаги",
    -3816: "Неверный вид оплаты",
    -3896: "Сумма безналичных оплат превышает сумму чека",
    -3897: "Чек оплачен не полностью",
    -4026: "Невозможно начислить скидку",
}
WARNINGS: Final = 3  # so many are put up with; the next one is an error
_QR_NAMES: Final = {"s": "doc_sum", "fn": "fn_number", "fp": "fiscal_doc_attribute", "i": "fiscal_doc_number"}


class NotProcessed(Exception):
    """A result that is not acknowledged; the text goes to the log."""


def apply_printed(state: SiteState, kkm: list[Any]) -> list[str]:
    """Apply every result of a request; the uuids to acknowledge, in order."""
    acknowledged: list[str] = []
    for register in kkm:
        printed = register.get("printed") if isinstance(register, dict) else None
        for result in printed if isinstance(printed, list) else ():
            if not isinstance(result, dict):
                continue
            try:
                _apply(state, result)
            except NotProcessed as reason:
                state.say(f"{result.get('uuid')}: {reason}")
            else:
                acknowledged.append(str(result["uuid"]))
    return acknowledged


def _apply(state: SiteState, result: dict[str, Any]) -> None:
    kind, row_id = parse_uuid(result.get("uuid"))
    if kind == "check" and row_id in state.checks:
        _apply_to_check(state, state.checks[row_id], result)
    elif kind == "report" and row_id in state.reports:
        _apply_to_report(state, state.reports[row_id], result)
    else:
        raise NotProcessed("неизвестный идентификатор")


def parse_uuid(uuid: object) -> tuple[str, int]:
    """Kind and id: the first and the third field, whatever the host and the time. ("", 0) for anything else."""
    fields = str(uuid).split("|")
    if len(fields) < 3 or not (fields[2].isascii() and fields[2].isdigit()) or len(fields[2]) > 18:
        return "", 0
    return fields[0], int(fields[2])


def _apply_to_check(state: SiteState, check: Check, result: dict[str, Any]) -> None:
    if check.status is Status.PRINTED:
        return  # acknowledged and ignored
    order = state.orders.get(check.order_id)
    if order is None or (check.payment_id is not None and order.payment(check.payment_id) is None):
        raise NotProcessed(f"заказ {check.order_id} или его оплата не найдены")
    trouble = _trouble(result, check.cnt_fail)
    if trouble is None:
        print_check(state, check, _link(state, check, result))
    elif trouble.fatal:
        fail_check(state, check, trouble.text)
    else:
        state.keep_check(msgspec.structs.replace(check, cnt_fail=check.cnt_fail + 1))
        raise NotProcessed(trouble.text)


def print_check(state: SiteState, check: Check, link: dict[str, str]) -> None:
    """Y, with whatever fiscal data came along; the buyer gets his letter."""
    state.keep_check(
        msgspec.structs.replace(check, status=Status.PRINTED, link=link, print_end=state.now(), error="")
    )
    order = state.orders.get(check.order_id)
    if order is not None and order.email:
        state.say(f"письмо SALE_CHECK_PRINT, чек {check.id}: {order.email}")


def fail_check(state: SiteState, check: Check, text: str) -> None:
    """E, never tried again by itself; the order is marked and the administrator gets a letter."""
    state.keep_check(msgspec.structs.replace(check, status=Status.ERROR, error=text, print_end=state.now()))
    order = state.orders.get(check.order_id)
    if order is not None:
        state.keep_order(msgspec.structs.replace(order, marked=text or "Ошибка печати чека"))
    state.say(f"письмо SALE_CHECK_PRINT_ERROR, чек {check.id}: {text}")


class _Trouble(msgspec.Struct, frozen=True):
    fatal: bool
    text: str


def _trouble(result: dict[str, Any], failures: int) -> _Trouble | None:
    """There is an error only if the code is not the integer 0 AND a message is set."""
    code, message = result.get("code"), result.get("message")
    if (type(code) is int and code == 0) or message is None:
        return None
    known = FATAL.get(_code(code))
    if known is not None:
        return _Trouble(fatal=True, text=known)
    return _Trouble(fatal=failures >= WARNINGS, text=str(message))


def _code(code: object) -> int:
    text = str(code)
    return int(text) if text.removeprefix("-").isdecimal() and len(text) < 10 else 0


def _link(state: SiteState, check: Check, result: dict[str, Any]) -> dict[str, str]:
    """LINK_PARAMS of the QR string and the registration number."""
    link = _of_qr(state, result.get("qr"))
    if result.get("rn"):
        link["reg_number_kkt"] = str(result["rn"])
    return link | {"calculation_attribute": "income" if check.type.income else "consumption"}


def _of_qr(state: SiteState, text: object) -> dict[str, str]:
    try:
        fields = dict(parse_qsl(str(text or ""), keep_blank_values=True))
    except ValueError:
        return {}  # PHP's parse_str never fails; more fields than it reads are no receipt's
    link = {_QR_NAMES[name]: value for name, value in fields.items() if name in _QR_NAMES}
    moment = _moment(fields.get("t", ""), state.settings.zone_hours)
    return link | ({"doc_time": str(moment)} if moment is not None else {})


def _moment(text: str, zone_hours: float) -> int | None:
    """Unix seconds of the QR's local time, with or without seconds."""
    for shape in ("%Y%m%dT%H%M%S", "%Y%m%dT%H%M"):
        try:
            local = datetime.strptime(text, shape).replace(tzinfo=timezone(timedelta(hours=zone_hours)))
        except ValueError:
            continue
        return int(local.timestamp())
    return None


def _apply_to_report(state: SiteState, report: ZReport, result: dict[str, Any]) -> None:
    if report.status is Status.PRINTED:
        return
    trouble = _trouble(result, report.cnt_fail)
    if trouble is not None and not trouble.fatal:
        state.keep_report(msgspec.structs.replace(report, cnt_fail=report.cnt_fail + 1))
        raise NotProcessed(trouble.text)
    changed = msgspec.structs.replace(report, print_end=state.now())
    if trouble is not None:
        state.keep_report(msgspec.structs.replace(changed, status=Status.ERROR, error=trouble.text))
        return
    cash, income = kopecks(result.get("payments_cache")), kopecks(result.get("reg_income"))
    state.keep_report(
        msgspec.structs.replace(
            changed,
            status=Status.PRINTED,
            cash=cash,
            cashless=income - cash,
            cumulative=kopecks(result.get("nz_sum")),
            returned=kopecks(result.get("reg_return")),
            link=_of_qr(state, result.get("qr")),
        )
    )


def kopecks(roubles: object) -> int:
    """PHP's float of whatever came, in kopecks; what is no number is 0."""
    try:
        return round(float(str(roubles)) * 100)
    except (ValueError, OverflowError):
        return 0
