"""A check as the site hands it out -> our draft of a receipt. Pure; the form decides which version it is.

A site answers in the version of each register's own class, whatever version the poll had. V2 and V3 are
almost the JSON tasks of a register's web server; V1 is older and in ``tasks_v1``.
"""

import base64
import binascii
from decimal import Decimal
from typing import Any, Final, TypeVar

import msgspec

from chekpoint.fiscal.receipt import Payment, Supplier
from chekpoint.hub.shop_rules import Draft, DraftItem
from chekpoint.shops.bitrix import words
from chekpoint.shops.bitrix.numbers import NumberError, kopecks, quantity
from chekpoint.shops.bitrix.tasks_v1 import draft_v1
from chekpoint.shops.bitrix.unreadable import Unreadable

T = TypeVar("T")


class Tax(msgspec.Struct, frozen=True):
    """VAT of an item: whatever the site's admin typed for the rate."""

    type: str | None = None


class SupplierInfo(msgspec.Struct, frozen=True):
    """Tags 1171, 1225, 1226."""

    phones: list[str] | None = None
    name: str | None = None
    vatin: str | None = None


class Imc(msgspec.Struct, frozen=True):
    """A marking code in base64; V3."""

    imc: str | None = None


class Position(msgspec.Struct, frozen=True, rename="camel"):
    """An item. ``amount`` is what was paid for it; ``price`` was before the discount in older versions."""

    amount: Decimal
    quantity: Decimal
    name: str | None = None
    price: Decimal | None = None
    payment_method: str | None = None
    payment_object: str | None = None
    tax: Tax = Tax()
    measurement_unit: int | None = None
    supplier_info: SupplierInfo | None = None
    nomenclature_code: str | None = None
    imc_params: Imc | None = None


class Paid(msgspec.Struct, frozen=True):
    """One payment; roubles."""

    type: str | None
    sum: Decimal


class Client(msgspec.Struct, frozen=True, rename={"contact": "emailOrPhone"}):
    """Tag 1008, or null."""

    contact: str | None = None


class Task(msgspec.Struct, frozen=True, rename="camel"):
    """A check of V2 or V3."""

    type: str
    items: list[Position]
    payments: list[Paid]
    taxation_type: str | None = None
    client_info: Client | list[Any] | None = None
    total: Decimal | None = None


_DECODER: Final = msgspec.json.Decoder(Task, strict=False)
_FORM: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


def is_empty(body: bytes) -> bool:
    """Is it the empty check of an order that was deleted? It has no items (and no total)."""
    try:
        items = _FORM.decode(body).get("items", msgspec.Raw(b"[]"))
    except msgspec.DecodeError:
        return False
    return bytes(items).strip() in {b"[]", b"{}", b"null"}


def draft_of(body: bytes) -> Draft:
    """The draft of a check of any version; raises Unreadable with words for the shop."""
    try:
        form = _FORM.decode(body)
        if "external_id" not in form and "client" in form:
            return draft_v1(body)
        return _draft(_DECODER.decode(body))
    except NumberError as error:
        raise Unreadable(error.ru, error.en) from error
    except msgspec.DecodeError as error:
        raise Unreadable(
            f"Чек не по форме обмена: {error}.", f"The check is not of the form: {error}."
        ) from error


def _draft(task: Task) -> Draft:
    items = tuple(_item(one) for one in task.items)
    client = task.client_info if isinstance(task.client_info, Client) else Client()
    return Draft(
        kind=_of(words.KINDS, task.type, "type"), check_type=task.type,
        taxation=_of(words.TAXATIONS, task.taxation_type, "taxationType") if task.taxation_type else None,
        items=items, contact=(client.contact or "").strip() or None,
        payments=tuple(Payment(form=_form(one.type), sum=kopecks(one.sum)) for one in task.payments),
        total=kopecks(task.total) if task.total is not None else None,
    )  # fmt: skip


def _form(said: str | None) -> Any:
    return _of(words.FORMS, said, "payments.type")


def _of(known: dict[str, T], said: str | None, field: str) -> T:
    """The word in our terms. Spaces around it are the site's own mistake and mean nothing."""
    found = known.get((said or "").strip())
    if found is None:
        raise Unreadable(
            f"Значение {field} «{said}» неизвестно.", f"The value of {field}, “{said}”, is not known."
        )
    return found


def _item(one: Position) -> DraftItem:
    total, count = kopecks(one.amount), quantity(one.quantity)
    said = (one.payment_object or "").strip()
    return DraftItem(
        name=(one.name or "").strip(), quantity=count, sum=total,
        price=kopecks(one.price) if one.price is not None else total,
        vat=(one.tax.type or "").strip(),
        method=_of(words.METHODS, one.payment_method, "paymentMethod") if one.payment_method else None,
        object=_of(words.OBJECTS, said, "paymentObject") if said else None,
        unit=one.measurement_unit or 0, supplier=_supplier(one.supplier_info),
        nomenclature=_bytes(one.nomenclature_code).hex() if one.nomenclature_code else None,
        mark_code=_mark(one.imc_params),
    )  # fmt: skip


def _supplier(said: SupplierInfo | None) -> Supplier | None:
    if said is None or not (said.name or said.vatin):
        return None
    return Supplier(inn=said.vatin or None, name=said.name or None, phones=tuple(said.phones or ()))


def _mark(said: Imc | None) -> str | None:
    if said is None or not said.imc:
        return None
    try:
        return _bytes(said.imc).decode("ascii")
    except UnicodeDecodeError as error:
        raise Unreadable(
            "Код маркировки содержит знаки не из ASCII.", "The marking code holds characters beyond ASCII."
        ) from error


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Unreadable("Код товара не в base64.", "The code of an item is not base64.") from error
