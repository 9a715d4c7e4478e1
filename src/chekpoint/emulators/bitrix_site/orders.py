"""What the shop sold: orders, their lines and payments, as the site keeps them."""

from decimal import Decimal
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from chekpoint.fiscal.money import MAX_KOPECKS, cost

VAT_IDS: Final = {
    "none": 1, "vat0": 2, "vat10": 3, "vat20": 4, "vat5": 5, "vat7": 6, "vat22": 7, "vat18": 8,
}  # fmt: skip
"""Rates of the site's catalogue by their VAT id: a REST cashbox is told the id, never the rate."""

Kopecks = Annotated[int, Meta(ge=0, le=MAX_KOPECKS)]
MOST_PIECES: Final = 1_000_000
Text = Annotated[str, Meta(min_length=1, max_length=1000)]


class Supplier(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose goods these are (1224-1226, 1171)."""

    name: str
    inn: str
    phones: tuple[str, ...] = ()


class Line(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of an order. ``price`` is kopecks per unit after discount, ``base_price`` before it.

    ``sum`` is what the line costs; it need not be price times quantity (that is one of the traps).
    Raises ValueError for a rate that the catalogue does not have, or an impossible quantity.
    """

    price: Kopecks
    name: Text = "Товар"
    quantity: Decimal = Decimal(1)
    base_price: Kopecks | None = None
    sum: Kopecks | None = None
    vat: str = "vat20"
    payment_object: str = "commodity"
    measure_code: str = "796"  # ОКЕИ
    marking_codes: tuple[str, ...] = ()  # one per piece
    supplier: Supplier | None = None

    def __post_init__(self) -> None:
        if self.vat not in VAT_IDS:
            raise ValueError(f"vat: {' | '.join(VAT_IDS)}")
        if not self.quantity.is_finite() or not 0 < self.quantity <= MOST_PIECES:
            raise ValueError(f"quantity: 0..{MOST_PIECES}")

    @property
    def cost(self) -> int:
        """Kopecks of the whole line."""
        return cost(self.price, self.quantity) if self.sum is None else self.sum


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """One payment of an order. A pay system may be forbidden to print (``can_print``, CAN_PRINT_CHECK)."""

    id: int
    sum: int  # kopecks
    pay_system: str = "card"
    cash: bool = False
    can_print: bool = True
    paid: bool = False
    returned: bool = False  # IS_RETURN


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """An order. A deleted one is gone with its payments; its checks stay behind."""

    id: int
    lines: tuple[Line, ...]
    payments: tuple[Payment, ...]
    email: str = ""
    phone: str = ""
    delivery: int = 0  # kopecks, a line of its own
    shipped: bool = False
    marked: str = ""  # MARKED=Y and why

    @property
    def price(self) -> int:
        """Kopecks of the whole order."""
        return sum(line.cost for line in self.lines) + self.delivery

    @property
    def paid(self) -> int:
        """Kopecks that have come in."""
        return sum(payment.sum for payment in self.payments if payment.paid)

    def payment(self, payment_id: int | None) -> Payment | None:
        """The payment with this id; None when there is none."""
        return next((payment for payment in self.payments if payment.id == payment_id), None)

    def with_payment(self, changed: Payment) -> "Order":
        """The order with one payment exchanged for its new state."""
        payments = tuple(changed if payment.id == changed.id else payment for payment in self.payments)
        return msgspec.structs.replace(self, payments=payments)
