"""Money is integer kopecks everywhere; quantity is a Decimal of at most six places.

Shapes: kopecks are ``int`` >= 0 (the law knows no negative sums: a return is a kind of receipt).
"""

from decimal import ROUND_HALF_UP, Decimal

MAX_KOPECKS = 1_000_000_000_000  # 10 000 000 000.00 roubles, the largest price a register takes
QUANTITY_PLACES = 6  # tag 1023 is FVLN with at most six decimals


def round_half_up(value: Decimal) -> int:
    """Round to whole kopecks, halves up: real registers do so (8 of 8 exact halves in the 2020 sample)."""
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def cost(price: int, quantity: Decimal) -> int:
    """Price per unit in kopecks times quantity, in kopecks, half up."""
    return round_half_up(price * quantity)


def roubles(kopecks: int) -> str:
    """Kopecks as ``RUB.KK``, the form the QR string wants (``s=232.20``)."""
    return f"{kopecks // 100}.{kopecks % 100:02d}"


def quantity_text(quantity: Decimal) -> str:
    """The shortest plain notation: ``1``, ``0.958``; never an exponent, never trailing zeros."""
    text = f"{quantity:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
