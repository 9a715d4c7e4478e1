"""The simulated shop: sends its orders until they are answered, sends some again, cancels some."""

from decimal import Decimal
from random import Random

import msgspec

from chekpoint.fiscal.receipt import (
    Buyer,
    Item,
    Kind,
    Payment,
    PaymentForm,
    Receipt,
    Taxation,
    UserProperty,
)
from chekpoint.fiscal.vat import VatRate
from chekpoint.hub.intake import Order
from chekpoint.hub.names import order_mark
from chekpoint.store import people

SELLER = "0" * 31 + "1"
PATIENT = people.Shop(
    "0" * 31 + "2", SELLER, "shop", "api", "https://shop.example", 120, None, "http://shop", "s"
)
HASTY = people.Shop("0" * 31 + "3", SELLER, "hasty", "api", "https://hasty.example", 60, 150, None, None)


class Sale(msgspec.Struct, kw_only=True):
    """One order as the shop remembers it."""

    order: Order
    shop: people.Shop
    answered: str | None = None  # the receipt's id, once a 2xx came
    cancelled: bool = False
    refused: bool = False
    known: bool = True  # False: the journal was restored from before it, and it was not sent again

    @property
    def mark(self) -> str:
        return order_mark(self.shop.id, self.order.external_id)


def sale(number: int, chance: Random) -> Sale:
    """An order. Some look exactly like another, some leave 1192 no room for the mark."""
    twin = chance.random() < 0.3
    name = "Книга" if twin else f"Товар {number}"
    price = 10_000 if twin else chance.randrange(100, 5_000_00)
    item = Item(name=name, price=price, quantity=Decimal(1), sum=price, vat=VatRate.VAT22)
    receipt = Receipt(
        kind=Kind.SALE, taxation=Taxation.OSN, items=(item,),
        payments=(Payment(form=PaymentForm.ELECTRONIC, sum=price),), buyer=Buyer(contact="+79990000000"),
        paper=chance.random() < 0.3, note="Спасибо!" if chance.random() < 0.2 else None,
    )  # fmt: skip
    if receipt.note is None and chance.random() < 0.1:
        receipt = msgspec.structs.replace(
            receipt, user_property=UserProperty(name="Менеджер", value="Петров")
        )
    shop = HASTY if chance.random() < 0.2 else PATIENT
    return Sale(order=Order(external_id=f"order-{number}", receipt=receipt), shop=shop)


def foreign(chance: Random) -> Receipt:
    """What a second program sells on the same register; now and then the very same thing."""
    price = 10_000 if chance.random() < 0.5 else chance.randrange(100, 9_000)
    item = Item(name="Книга", price=price, quantity=Decimal(1), sum=price, vat=VatRate.VAT22)
    return Receipt(
        kind=Kind.SALE, taxation=Taxation.OSN, items=(item,), buyer=Buyer(contact="a@b.example"),
        payments=(Payment(form=PaymentForm.ELECTRONIC, sum=price),),
    )  # fmt: skip
