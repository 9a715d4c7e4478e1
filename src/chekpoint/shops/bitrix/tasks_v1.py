"""Version 1 of the exchange (FFD 1.0): prices before the discount, VAT and payments as numbers of a register."""

from decimal import Decimal
from typing import Final

import msgspec

from chekpoint.fiscal.money import round_half_up
from chekpoint.fiscal.receipt import Payment, PaymentForm
from chekpoint.hub.shop_rules import Draft, DraftItem
from chekpoint.shops.bitrix import words
from chekpoint.shops.bitrix.numbers import kopecks, quantity
from chekpoint.shops.bitrix.unreadable import Unreadable


class Item(msgspec.Struct, frozen=True, rename={"vat": "VAT"}):
    """``discount`` is an amount, even where ``discount_type`` (1) says percent."""

    price: Decimal
    quantity: Decimal
    name: str | None = None
    vat: int | None = None
    discount: Decimal | None = None


class Paid(msgspec.Struct, frozen=True):
    """``type`` 0 is cash; 1, 2 and 3 (the default) are the register's cashless ones."""

    type: int | None
    value: Decimal


class TaskV1(msgspec.Struct, frozen=True):
    """A check of version 1: no taxation system, no methods, no objects."""

    type: int
    items: list[Item]
    payments: list[Paid]
    client: str | None = None


_DECODER: Final = msgspec.json.Decoder(TaskV1, strict=False)


def draft_v1(body: bytes) -> Draft:
    """The draft; raises Unreadable, NumberError or msgspec.DecodeError."""
    task = _DECODER.decode(body)
    kind = words.KINDS_V1.get(task.type)
    if kind is None:
        raise Unreadable(f"Вид чека {task.type} неизвестен.", f"The check type {task.type} is not known.")
    return Draft(
        kind=kind, check_type=str(task.type), items=tuple(_item(one) for one in task.items),
        payments=tuple(Payment(form=_form(one.type), sum=kopecks(one.value)) for one in task.payments),
        contact=(task.client or "").strip() or None,
    )  # fmt: skip


def _form(number: int | None) -> PaymentForm:
    return PaymentForm.ELECTRONIC if number else PaymentForm.CASH


def _item(one: Item) -> DraftItem:
    count = quantity(one.quantity)
    total = round_half_up(kopecks(one.price) * count) - kopecks(one.discount or Decimal(0))
    price = round_half_up(total / count) if count > 0 else kopecks(one.price)
    vat = words.VATS_V1.get(one.vat, f"code:{one.vat}") if one.vat is not None else ""
    return DraftItem(name=(one.name or "").strip(), price=price, quantity=count, sum=total, vat=vat)
