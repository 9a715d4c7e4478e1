"""What a fiscal drive refuses in a receipt: arithmetic and shape, as a device checks them before signing.

Sources: 54-FZ arithmetic as the MITSU manual quotes its errors (price by quantity within a kopeck, rounding below a
rouble that leaves the rouble part, payments equal to 1020).
"""

from decimal import Decimal

from chekpoint.emulators.drive_errors import DriveCode, DriveError
from chekpoint.fiscal.ffd import Ffd
from chekpoint.fiscal.money import MAX_KOPECKS, QUANTITY_PLACES
from chekpoint.fiscal.receipt import Item, Receipt

MAX_DOCUMENT_BYTES = 30_000  # the drive accepts about 30 KB
MAX_QUANTITY = Decimal(99_999_999)
_TOLERANCE = Decimal(1)  # kopeck


def check_receipt(receipt: Receipt, ffd: Ffd, taxations: int) -> None:
    """Raise DriveError unless the receipt may be signed; ``taxations`` is the mask 1062 of the registration."""
    if not receipt.taxation.bit & taxations:
        raise DriveError(DriveCode.WRONG_TAXATION, f"{receipt.taxation} (1055) not in 1062={taxations}")
    short_correction = receipt.correction is not None and ffd is Ffd.V1_05
    if not receipt.items and not short_correction:
        raise DriveError(DriveCode.EMPTY_RECEIPT)
    for place, item in enumerate(receipt.items):
        _check_item(place, item, ffd)
    if receipt.items:
        _check_rounding(receipt)
    _check_payments(receipt)


def _check_item(place: int, item: Item, ffd: Ffd) -> None:
    if not 0 <= item.price <= MAX_KOPECKS or not 0 <= item.sum <= MAX_KOPECKS:
        raise DriveError(DriveCode.WRONG_PRICE, f"items[{place}]: 1079={item.price}, 1043={item.sum}")
    if not _quantity_fits(item.quantity):
        raise DriveError(DriveCode.WRONG_QUANTITY, f"items[{place}]: 1023={item.quantity}")
    if abs(item.price * item.quantity - item.sum) > _TOLERANCE:
        raise DriveError(
            DriveCode.WRONG_ITEM_SUM, f"items[{place}]: {item.price}*{item.quantity}!={item.sum}"
        )
    if not item.name:
        raise DriveError(DriveCode.WRONG_CONTENT, f"items[{place}]: 1030")
    if ffd is not Ffd.V1_2 and item.object.code >= 30:
        raise DriveError(DriveCode.WRONG_CONTENT, f"items[{place}]: 1212={item.object.code}, FFD {ffd}")


def _quantity_fits(quantity: Decimal) -> bool:
    """More than nothing, eight digits before the point and six behind it at most."""
    if not quantity.is_finite() or not 0 < quantity <= MAX_QUANTITY:
        return False
    return quantity == round(quantity, QUANTITY_PLACES)


def _check_rounding(receipt: Receipt) -> None:
    """1020 may be below the items by less than a rouble, and the rouble part stays."""
    items = sum(item.sum for item in receipt.items)
    if not 0 <= items - receipt.amount < 100 or items // 100 != receipt.amount // 100:
        raise DriveError(DriveCode.WRONG_TOTAL, f"1020={receipt.amount}, 1043={items}")


def _check_payments(receipt: Receipt) -> None:
    if any(payment.sum < 0 for payment in receipt.payments):
        raise DriveError(DriveCode.WRONG_CONTENT, "payments < 0")
    paid = sum(payment.sum for payment in receipt.payments)
    if paid < receipt.amount:
        raise DriveError(DriveCode.NOT_FULLY_PAID, f"{paid} < {receipt.amount}")
    if paid > receipt.amount:
        raise DriveError(DriveCode.OVERPAID, f"{paid} > {receipt.amount}")
