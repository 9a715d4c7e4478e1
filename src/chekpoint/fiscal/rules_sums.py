"""Arithmetic of a receipt: every number in range, every sum equal to what it is the sum of.

Integers only; each tolerance stands beside its rule, and in the sentence that the shop reads.
"""

from decimal import Decimal
from typing import Final

from chekpoint.fiscal.money import MAX_KOPECKS, QUANTITY_PLACES, cost, quantity_text, roubles
from chekpoint.fiscal.receipt import Item, PaymentForm, Receipt, SettlementMethod
from chekpoint.fiscal.rules_fault import Fault, fault
from chekpoint.fiscal.vat import vat_of

MAX_SUM: Final = (1 << 48) - 1  # kopecks: money tags are VLN of at most 6 bytes
QUANTITY_DIGITS: Final = 8
COST_TOLERANCE: Final = 1  # kopecks, price x quantity against 1043
VAT_TOLERANCE: Final = 1  # kopecks, 1200 against the computed
ROUNDING: Final = 100  # kopecks: tag 1020 may be below the items by less than this
_ONE: Final = Decimal(1)
_ON_CREDIT: Final = frozenset({SettlementMethod.CREDIT, SettlementMethod.PARTIAL_PAYMENT})


def check_numbers(found: list[Fault], item: Item, n: int) -> None:
    """Ranges first: only numbers in range are compared with each other."""
    good = _check_money(found, item, n)
    quantity = item.quantity
    if quantity.is_finite() and quantity == _ONE:  # most lines of a web shop: nothing to multiply
        exact = item.sum - item.price
        off = exact > COST_TOLERANCE or exact < -COST_TOLERANCE
    elif (wrong := quantity_fault(quantity, f"/items/{n}/quantity")) is not None:
        found.append(wrong)
        return
    else:
        off = good and _is_off(item)
    if off and good:
        expected = roubles(cost(item.price, quantity))
        found.append(
            fault("item_sum_mismatch", f"/items/{n}/sum", value=roubles(item.sum), expected=expected)
        )


def _check_money(found: list[Fault], item: Item, n: int) -> bool:
    price, total = item.price, item.sum
    if 0 <= price <= MAX_KOPECKS and 0 <= total <= MAX_SUM:
        return True
    if price < 0:
        found.append(fault("price_negative", f"/items/{n}/price"))
    elif price > MAX_KOPECKS:
        at = f"/items/{n}/price"
        found.append(fault("price_too_large", at, value=_large(price), limit=roubles(MAX_KOPECKS)))
    check_sum(found, total, f"/items/{n}/sum")
    return False


def check_sum(found: list[Fault], kopecks: int, at: str) -> None:
    """A money field must be within 0..2^48-1 kopecks."""
    if kopecks < 0:
        found.append(fault("sum_negative", at))
    elif kopecks > MAX_SUM:
        found.append(fault("sum_too_large", at, value=_large(kopecks), limit=roubles(MAX_SUM)))


def _large(kopecks: int) -> str:
    """A number that may have thousands of digits is not printed whole."""
    return roubles(kopecks) if kopecks < 10**30 else "10^28+"


def quantity_fault(quantity: Decimal, at: str) -> Fault | None:
    """Tag 1023: above zero, at most six decimals and eight digits; trailing zeros do not count."""
    _, digits, exponent = quantity.as_tuple()
    if isinstance(exponent, str) or not quantity > 0:  # NaN and infinity have letters for exponents
        return fault("quantity_not_positive", at, value=str(quantity)[:20])
    zeros = 0
    while digits[-1 - zeros] == 0:  # never runs off: a number above zero has another digit
        zeros += 1
    places = -exponent - zeros
    if places > QUANTITY_PLACES:
        return fault("quantity_precision", at, value=str(quantity)[:20], places=QUANTITY_PLACES)
    if len(digits) + exponent + max(places, 0) > QUANTITY_DIGITS:
        return fault("quantity_too_long", at, value=str(quantity)[:20], digits=QUANTITY_DIGITS)
    return None


def _is_off(item: Item) -> bool:
    top, bottom = item.quantity.as_integer_ratio()
    return abs(item.price * top - item.sum * bottom) > COST_TOLERANCE * bottom


def check_vat_sum(found: list[Fault], item: Item, n: int) -> None:
    """Tag 1200 as the shop computed it, against the rate; called only when it is given."""
    given = item.vat_sum
    if given is None:
        return
    if given < 0:
        found.append(fault("vat_sum_negative", f"/items/{n}/vat_sum"))
        return
    expected = vat_of(item.vat, item.sum) if 0 <= item.sum <= MAX_SUM else given
    if abs(given - expected) > VAT_TOLERANCE:
        text = {"value": _large(given), "expected": roubles(expected), "rate": item.vat.label}
        found.append(fault("vat_sum_mismatch", f"/items/{n}/vat_sum", **text))


def check_totals(found: list[Fault], receipt: Receipt) -> None:
    """1020 against the items (below by less than a rouble, never above) and the payments (exactly)."""
    items = sum([item.sum for item in receipt.items])
    paid = sum([payment.sum for payment in receipt.payments])
    total = receipt.total
    if total is None:
        total = items if receipt.items else paid
    elif receipt.items and not 0 <= items - total < ROUNDING:
        code = "total_above_items" if total > items else "total_below_items"
        found.append(fault(code, "/total", value=_signed(total), items=_signed(items)))
    if not 0 <= total <= MAX_SUM:
        check_sum(found, total, "/total")
    if not receipt.payments:
        found.append(fault("payments_empty", "/payments"))
    elif paid != total:
        found.append(fault("payments_total_mismatch", "/payments", value=_signed(paid), total=_signed(total)))


def _signed(kopecks: int) -> str:
    return f"-{_large(-kopecks)}" if kopecks < 0 else _large(kopecks)


def check_payments(found: list[Fault], receipt: Receipt) -> None:
    """Each payment in range, and credit forms with credit methods (tags 1214 and 1216)."""
    credit = False
    for n, payment in enumerate(receipt.payments):
        if not 0 <= payment.sum <= MAX_SUM:
            check_sum(found, payment.sum, f"/payments/{n}/sum")
        credit = credit or (payment.form is PaymentForm.CREDIT and payment.sum > 0)
    methods = {item.method for item in receipt.items}
    if credit and methods and _ON_CREDIT.isdisjoint(methods):
        found.append(fault("credit_without_method", "/payments"))
    if SettlementMethod.CREDIT_PAYMENT in methods and len(receipt.items) > 1:
        found.append(fault("credit_payment_items", "/items"))
    if methods == {SettlementMethod.CREDIT} and any(
        payment.form is not PaymentForm.CREDIT and payment.sum > 0 for payment in receipt.payments
    ):
        found.append(fault("credit_paid_at_once", "/payments"))


def plain_quantity(quantity: Decimal) -> Decimal:
    """The same number without trailing zeros and without an exponent; a faulty one as it is."""
    _, digits, exponent = quantity.as_tuple()
    if exponent == 0 or (isinstance(exponent, int) and exponent < 0 and digits[-1] != 0):
        return quantity
    return quantity if quantity_fault(quantity, "") is not None else Decimal(quantity_text(quantity))
