"""A check as the REST cashbox sends it to PRINT_URL -> our draft. Pure.

``vat`` is the id of a rate in the site's catalogue, not a rate: the shop's rules say what ``id:3`` is.
There is no taxation system either. The id to know a check by is ``unique_id``; ``uuid`` changes.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple, TypeVar

import msgspec

from chekpoint.fiscal.receipt import Payment, SettlementMethod
from chekpoint.hub.shop_rules import Draft, DraftItem
from chekpoint.shops.bitrix import words
from chekpoint.shops.bitrix.numbers import NumberError, kopecks, quantity
from chekpoint.shops.bitrix.php_form import read_form, rows
from chekpoint.shops.bitrix.unreadable import Unreadable

T = TypeVar("T")
ROUBLES: Final = frozenset({"", "RUB", "RUR"})


class Item(msgspec.Struct, frozen=True):
    """One line; sums in roubles."""

    quantity: Decimal
    sum: Decimal
    name: str = ""
    price: Decimal | None = None
    currency: str = ""
    vat: str = ""
    measure_code: str = ""
    payment_object: str = ""
    payment_method: str = ""
    nomenclature_code: str = ""
    marking_code: str = ""


class Paid(msgspec.Struct, frozen=True):
    """One payment."""

    sum: Decimal
    type: str = ""
    currency: str = ""


class Check(msgspec.Struct, frozen=True):
    """What of the payload a receipt is made of."""

    unique_id: int
    type: str = ""
    operation: str = ""
    calculated_sign: str = ""
    client_email: str = ""
    client_phone: str = ""
    total_sum: Decimal | None = None


class Offered(NamedTuple):
    """A check: its number on the site, and the draft (None for an empty one)."""

    number: int
    draft: Draft | None


def read_check(body: bytes) -> Offered:
    """What a request to PRINT_URL offers; raises Unreadable with words for the shop."""
    try:
        form = _form(body)
        check = msgspec.convert(_texts(form), Check, strict=False)
        items = [msgspec.convert(_texts(one), Item, strict=False) for one in _arrays(form.get("items"))]
        paid = [msgspec.convert(_texts(one), Paid, strict=False) for one in _arrays(form.get("payments"))]
        if check.unique_id <= 0:
            raise Unreadable("Нет номера чека (unique_id).", "The check has no number (unique_id).")
        return Offered(check.unique_id, _draft(check, items, paid) if items else None)
    except NumberError as error:
        raise Unreadable(error.ru, error.en) from error
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise Unreadable(f"Чек не по форме: {error}.", f"The check is not of the form: {error}.") from error


def _form(body: bytes) -> Mapping[str, Any]:
    """The site sends a form; the vendor's page shows the same as JSON, so both are understood."""
    if body.lstrip()[:1] != b"{":
        return read_form(body)
    return msgspec.json.decode(body, type=dict[str, Any])


def _texts(found: Mapping[str, Any]) -> dict[str, str]:
    """The fields with a single value, as texts. A null is an absent field in a form."""
    return {
        name: str(value) for name, value in found.items() if isinstance(value, str | int | float) and value != ""
    }  # fmt: skip


def _arrays(found: Any) -> list[Mapping[str, Any]]:
    listed = found if isinstance(found, list) else rows(found)
    return [one for one in listed if isinstance(one, dict)]


def _draft(check: Check, items: list[Item], paid: list[Paid]) -> Draft:
    strange = ({one.currency for one in items} | {one.currency for one in paid}) - ROUBLES
    if strange:
        listed = ", ".join(sorted(strange))
        raise Unreadable(
            f"Валюта {listed}: чек регистрируется только в рублях.",
            f"Currency {listed}: a receipt is registered in roubles only.",
        )
    return Draft(
        kind=_of(words.KINDS_REST, check.operation or check.calculated_sign, "operation"), check_type=check.type,
        items=tuple(_item(one, check.type) for one in items), contact=_contact(check),
        payments=tuple(Payment(form=_of(words.FORMS_REST, one.type, "payments.type"), sum=kopecks(one.sum)) for one in paid),
        total=kopecks(check.total_sum) if check.total_sum is not None else None,
    )  # fmt: skip


def _of(known: dict[str, T], said: str, field: str) -> T:
    found = known.get(said.strip())
    if found is None:
        raise Unreadable(
            f"Значение {field} «{said}» неизвестно.", f"The value of {field}, “{said}”, is not known."
        )
    return found


def _contact(check: Check) -> str | None:
    digits = "".join(char for char in check.client_phone if char.isdigit())
    # A Russian number is also written with the national prefix 8 instead of +7.
    phone = f"+7{digits[1:]}" if len(digits) == 11 and digits[0] == "8" else f"+{digits}"
    return check.client_email.strip() or (phone if digits else None)


def _item(one: Item, check_type: str) -> DraftItem:
    total = kopecks(one.sum)
    said = one.payment_object.strip()
    return DraftItem(
        name=_plain(one.name), quantity=quantity(one.quantity), sum=total,
        price=kopecks(one.price) if one.price is not None else total,
        vat=f"id:{one.vat}" if one.vat not in {"", "0"} else "none", method=_method(one, check_type),
        object=_of(words.OBJECTS_REST, said, "payment_object") if said else None,
        unit=words.UNITS.get(one.measure_code, 0), mark_code=_mark(one.marking_code),
        nomenclature=one.nomenclature_code.encode("utf-8", "surrogateescape").hex() or None,
    )  # fmt: skip


def _plain(text: str) -> str:
    """A text without the bytes that were no UTF-8."""
    return text.encode("utf-8", "replace").decode()


def _method(one: Item, check_type: str) -> SettlementMethod | None:
    """The site has no method for the returns of credit payments (CashboxRest::getCheckTypeMap)."""
    if not one.payment_method and check_type.startswith("creditpayment"):
        return SettlementMethod.CREDIT_PAYMENT
    return _of(words.METHODS_REST, one.payment_method, "payment_method") if one.payment_method else None


def _mark(code: str) -> str | None:
    if code and not code.isascii():
        raise Unreadable(
            "Код маркировки содержит знаки не из ASCII.", "The marking code holds characters beyond ASCII."
        )
    return code or None
