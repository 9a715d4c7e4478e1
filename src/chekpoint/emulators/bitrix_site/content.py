"""What a check says, drawn from its order at the moment of the hand-out (``Check::getDataForCheck``).

An order that has been deleted in the meantime leaves nothing: no items, total 0.
"""

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from chekpoint.emulators.bitrix_site.checks import Check, CheckType
from chekpoint.emulators.bitrix_site.orders import Line, Order, Supplier
from chekpoint.emulators.bitrix_site.state import SiteState
from chekpoint.fiscal.money import cost

GENERIC = {CheckType.ADVANCE: "Авансовый платеж", CheckType.CREDIT_PAYMENT: "Оплата кредита"}


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """One item of a check. Kopecks: ``base_price`` before the discount, ``price`` after it, both per unit."""

    name: str
    price: int
    sum: int
    quantity: Decimal = Decimal(1)
    base_price: int
    vat: str = "none"
    payment_object: str = "commodity"
    measure_code: str = "796"
    marking_code: str = ""
    supplier: Supplier | None = None

    @property
    def discount(self) -> int:
        """Always an amount, also where a percentage was given."""
        return cost(self.base_price, self.quantity) - self.sum


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """A check's content. ``payments`` are (cash | cashless | advance | credit, kopecks)."""

    items: tuple[Position, ...] = ()
    payments: tuple[tuple[str, int], ...] = ()
    email: str = ""
    phone: str = ""

    @property
    def total(self) -> int:
        """Kopecks paid: the site takes the payments for the sum of the check."""
        return sum(amount for _, amount in self.payments)


def content_of(state: SiteState, check: Check) -> Content:
    """What this check would say now."""
    order = state.orders.get(check.order_id)
    if order is None or (check.payment_id is not None and order.payment(check.payment_id) is None):
        return Content()
    payments = tuple(_payments(order, check))
    total = sum(amount for _, amount in payments)
    contact = order.email or order.phone
    substitute = state.settings.shop_email if state.settings.shop_email_for_buyer else ""
    return Content(
        items=tuple(_items(order, check, total)),
        payments=payments,
        email=order.email or ("" if contact else substitute),
        phone=order.phone,
    )


def _payments(order: Order, check: Check) -> Iterator[tuple[str, int]]:
    if check.type is CheckType.CREDIT or check.type is CheckType.CREDIT_RETURN:
        yield "credit", order.price
        return
    if check.payment_id is None:  # the goods leave, the money had come before
        yield "advance", order.paid
        return
    for payment_id, kind in [(check.payment_id, "payment"), *((r.payment_id, r.kind) for r in check.related)]:
        payment = order.payment(payment_id)
        if payment is not None:
            yield _form(check.type, kind, cash=payment.cash), payment.sum


def _form(check_type: CheckType, kind: str, *, cash: bool) -> str:
    """A return says by its type whether it is cash, a sale by its pay system."""
    if kind in {"advance", "credit"}:
        return kind
    if not check_type.income:
        return "cash" if check_type.value.endswith("cash") else "cashless"
    return "cash" if cash else "cashless"


def _items(order: Order, check: Check, total: int) -> Iterator[Position]:
    generic = next((name for kind, name in GENERIC.items() if check.type.method == kind.method), None)
    if generic is not None:
        yield Position(name=generic, price=total, base_price=total, sum=total, payment_object="payment")
    elif check.type.method in {"prepayment", "full_prepayment"}:
        yield from _spread(list(_goods(order)), total)
    else:
        yield from _goods(order)


def _goods(order: Order) -> Iterator[Position]:
    for line in order.lines:
        yield from _pieces(line) if line.marking_codes else [_position(line)]
    if order.delivery:
        price = order.delivery
        yield Position(
            name="Доставка", price=price, base_price=price, sum=price, vat="none", payment_object="service"
        )


def _position(line: Line) -> Position:
    return Position(
        name=line.name,
        price=line.price,
        base_price=line.price if line.base_price is None else line.base_price,
        sum=line.cost,
        quantity=line.quantity,
        vat=line.vat,
        payment_object=line.payment_object,
        measure_code=line.measure_code,
        supplier=line.supplier,
    )


def _pieces(line: Line) -> Iterator[Position]:
    """Marked goods go by the piece, each with its code; the last piece takes the rest of the sum."""
    whole, count = _position(line), len(line.marking_codes)
    for place, code in enumerate(line.marking_codes):
        amount = line.price if place < count - 1 else line.cost - line.price * (count - 1)
        yield msgspec.structs.replace(whole, quantity=Decimal(1), sum=amount, marking_code=code)


def _spread(goods: list[Position], total: int) -> Iterator[Position]:
    """A prepayment over the lines by rate; the last line takes what rounding left."""
    price = sum(item.sum for item in goods)
    left = total
    for place, item in enumerate(goods):
        last = place == len(goods) - 1
        part = left if last else item.sum * total // price if price else 0
        left -= part
        per_unit = int(part / item.quantity)
        yield msgspec.structs.replace(
            item, price=per_unit, base_price=per_unit, sum=part, payment_object="payment", marking_code=""
        )
