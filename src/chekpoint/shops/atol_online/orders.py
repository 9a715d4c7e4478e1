"""The body of a request -> an order for intake. Everything that is wrong with its form is found at once."""

import re
from datetime import date
from decimal import Decimal
from typing import Any, Final, NamedTuple

import msgspec

from chekpoint.fiscal.receipt import (
    Buyer,
    Cashier,
    Correction,
    CorrectionBy,
    Item,
    Kind,
    Payment,
    Receipt,
    Taxation,
    UserProperty,
)
from chekpoint.hub.calling import is_address
from chekpoint.hub.form import Part
from chekpoint.shops.atol_online import words
from chekpoint.shops.atol_online.contacts import contact_of
from chekpoint.shops.atol_online.errors import Code, Refusal, text_of
from chekpoint.shops.atol_online.items import agent_of, industry_of, items_of, supplier_of
from chekpoint.shops.atol_online.settings import AtolOnlineSettings
from chekpoint.shops.atol_online.short import Total, items_of_totals, totals_of

_JSON: Final = msgspec.json.Decoder(float_hook=Decimal)
_DATE: Final = re.compile(r"(\d{2})\.(\d{2})\.(\d{4})(?: \d{2}:\d{2}(?::\d{2})?)?$", re.ASCII)
_NOT_PASSED_ON: Final = ("cashless_payments", "operating_check_props")
_NOT_PASSED_ON_OF_CLIENT: Final = ("birthdate", "citizenship", "document_code", "document_data", "address")
NOT_PASSED_ON: Final = "поле не передаётся в кассу"
BAD_CALLBACK: Final = "callback_url не соответствует маске"


class Taken(NamedTuple):
    """A request that has the right form. ``callback`` is empty when none is wanted or it cannot be called."""

    external_id: str
    receipt: Receipt
    callback: str
    warnings: dict[str, str]


def body_of(raw: bytes) -> dict[str, Any]:
    """The request as it was sent; raises Refusal (40)."""
    try:
        found = _JSON.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError, ArithmeticError):
        raise Refusal(
            Code.BAD_REQUEST, "Некорректный запрос: тело не читается как JSON", status="fail"
        ) from None
    if not isinstance(found, dict):
        raise Refusal(Code.BAD_REQUEST, "Некорректный запрос: ожидается объект JSON", status="fail")
    return found


def taken(raw: bytes, version: str, operation: str, settings: AtolOnlineSettings) -> Taken:
    """Read a registration; raises Refusal (31, 32, 40)."""
    corrections = words.CORRECTIONS[version]
    kind = words.RECEIPTS[version].get(operation) or corrections.get(operation)
    if kind is None:
        raise Refusal(Code.OPERATION_NOT_SUPPORTED, status="fail")
    faults: list[str] = []
    root = Part(body_of(raw), "", faults)
    if operation not in corrections and root.has("correction") and not root.has("receipt"):
        raise Refusal(Code.INVALID_RECEIPT, _misplaced(operation), status="fail")
    reading = _Reading(root, version, settings)
    external_id = root.text("external_id", 128, required=True)
    _check_timestamp(root)
    receipt = reading.correction(kind) if operation in corrections else reading.receipt(kind)
    callback, warnings = _callback(root)
    if faults or receipt is None or external_id is None:
        raise invalid(faults)
    return Taken(external_id, receipt, callback, warnings | reading.warnings)


def invalid(faults: list[str]) -> Refusal:
    """Error 32 as the service words it."""
    text = f"{text_of(Code.INVALID_RECEIPT)} Ошибочные поля : {', '.join(dict.fromkeys(faults))}"
    return Refusal(Code.INVALID_RECEIPT, text, status="fail")


def _misplaced(operation: str) -> str:
    """1C-Bitrix sends its correction of a purchase so; registered as a refund it would be another document."""
    return (
        f"{text_of(Code.INVALID_RECEIPT)} В операции {operation} передана коррекция (correction):"
        " чек коррекции отправляется операцией sell_correction или buy_correction. Ничего не пробито."
    )


def _check_timestamp(root: Part) -> None:
    """It is the moment of sending, changes with each repetition, and is no part of the receipt."""
    text = root.text("timestamp", 40, required=True)
    if text is not None and _DATE.match(text) is None:
        root.fault("PatternMismatch", "timestamp")


def _callback(root: Part) -> tuple[str, dict[str, str]]:
    """A bad address does not fail the receipt; it is answered with a warning."""
    service = root.raw.get("service")
    url = service.get("callback_url") if isinstance(service, dict) else None
    if url is None or url == "":
        return "", {}
    if isinstance(url, str) and len(url) <= 256 and is_address(url):
        return url, {}
    return "", {"callback_url": BAD_CALLBACK}


class _Reading:
    """Reads one request; ``warnings`` gathers what the register will not get."""

    def __init__(self, root: Part, version: str, settings: AtolOnlineSettings) -> None:
        self._root, self._version, self._settings = root, version, settings
        self.warnings: dict[str, str] = {}

    def receipt(self, kind: Kind) -> Receipt | None:
        whole = self._root.part("receipt", required=True)
        if whole is None:
            return None
        whole.part("client", required=True)
        common = _common(totals_of(whole, required=False))
        lines = items_of(whole, self._version, common, supplier_of(whole))
        total = whole.money("total", required=True)
        return self._whole(whole, kind, lines, total, None)

    def correction(self, kind: Kind) -> Receipt | None:
        whole = self._root.part("correction", required=True)
        if whole is None:
            return None
        facts = _correction(whole)
        if self._version == words.V4:
            totals, paid = totals_of(whole, required=True), sum(one.sum for one in _payments(whole))
            lines = items_of_totals(totals, paid) if totals and not whole.faults else ()
            if lines is None:
                whole.fault("SumsDoNotAgree", "vats")
            return self._whole(whole, kind, lines or (), None, facts)
        totals = totals_of(whole, required=False)
        lines = items_of(whole, self._version, _common(totals), supplier_of(whole))
        return self._whole(whole, kind, lines, whole.money("total", required=True), facts)

    def _whole(
        self, whole: Part, kind: Kind, lines: tuple[Item, ...], total: int | None, facts: Correction | None
    ) -> Receipt | None:
        company = whole.part("company", required=True)
        if company is None:
            return None
        client, email = whole.part("client"), company.text("email", 64)
        self._note_unused(whole, client)
        internet = whole.flag("internet")
        found: dict[str, Any] = {
            "taxation": self._taxation(company),
            "seller_inn": company.text("inn", 12, required=True),
            "place": company.text("payment_address", 256, required=True),
            "address": company.text("location", 256),
            "seller_email": email,
            "buyer": self._buyer(client, email, needed=internet is not False and facts is None),
            "cashier": _cashier(whole),
            "agent": agent_of(whole),
            "industry": industry_of(whole, "sectoral_check_props"),
            "user_property": _user_property(whole),
            "note": whole.text("additional_check_props", 16),
            "machine_number": whole.text("device_number", 20),
            "paper": bool(self._root.flag("print_check")),
        }
        return Receipt(
            kind=kind, items=lines, payments=_payments(whole), total=total, internet=internet is not False,
            correction=facts, **found,
        )  # fmt: skip

    def _taxation(self, company: Part) -> Taxation:
        word = company.word("sno", words.TAXATIONS, required=self._version == words.V5)
        return self._settings.taxation if word is None else Taxation(word)

    def _buyer(self, client: Part | None, own_email: str | None, *, needed: bool) -> Buyer:
        own = own_email if needed else None
        return Buyer(
            contact=contact_of(client, own, self._settings.without_contact),
            name=client.text("name", 256) if client else None,
            inn=client.text("inn", 12) if client else None,
        )

    def _note_unused(self, whole: Part, client: Part | None) -> None:
        unused = [name for name in _NOT_PASSED_ON if whole.has(name)]
        if client is not None:
            unused += [f"client.{name}" for name in _NOT_PASSED_ON_OF_CLIENT if client.has(name)]
        self.warnings |= dict.fromkeys(unused, NOT_PASSED_ON)


def _common(totals: tuple[Total, ...]) -> Any:
    """The rate of lines that name none: old modules give the receipt's VAT alone."""
    return totals[0].rate if len(totals) == 1 else None


def _payments(whole: Part) -> tuple[Payment, ...]:
    made = []
    for part in whole.parts("payments", 10, required=True):
        form, total = part.integer("type", words.PAYMENTS, required=True), part.money("sum", required=True)
        if form is not None and total is not None:
            made.append(Payment(form=words.PAYMENTS[form], sum=total))
    return tuple(made)


def _cashier(whole: Part) -> Cashier | None:
    name, inn = whole.text("cashier", 64), whole.text("cashier_inn", 12)
    return None if name is None else Cashier(name=name, inn=inn)


def _user_property(whole: Part) -> UserProperty | None:
    part = whole.part("additional_user_props")
    name = part.text("name", 64, required=True) if part else None
    value = part.text("value", 256, required=True) if part else None
    return None if name is None or value is None else UserProperty(name=name, value=value)


def _correction(whole: Part) -> Correction | None:
    part = whole.part("correction_info", required=True)
    if part is None:
        return None
    by = part.word("type", words.CORRECTION_BY, required=True)
    day = _day(part)
    number, name = part.text("base_number", 32), part.text("base_name", 255)
    if by is None or day is None:
        return None
    return Correction(by=CorrectionBy(by), date=day, number=number, name=name)


def _day(part: Part) -> str | None:
    """``dd.mm.yyyy``, with or without a time -> ISO."""
    text = part.text("base_date", 40, required=True)
    if text is None:
        return None
    found = _DATE.match(text)
    try:
        day = None if found is None else date(int(found[3]), int(found[2]), int(found[1]))
    except ValueError:
        day = None
    if day is None:
        part.fault("PatternMismatch", "base_date")
    return None if day is None else day.isoformat()
