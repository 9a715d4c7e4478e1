"""The site's numbers: roubles as JSON floats, quantities as floats or strings."""

from decimal import Decimal
from typing import Final

from chekpoint.fiscal.money import MAX_KOPECKS, QUANTITY_PLACES, round_half_up

_MOST: Final = Decimal(MAX_KOPECKS)  # roubles; beyond any register, within 28 digits also when multiplied
_MOST_QUANTITY: Final = Decimal(10**9)
_PLACES: Final = Decimal(1).scaleb(-QUANTITY_PLACES)


class NumberError(ValueError):
    """A number that no register could take, with a sentence in each language."""

    def __init__(self, value: Decimal) -> None:
        shown = str(value)[:20]
        super().__init__(f"The number {shown} is out of range.")
        self.ru, self.en = f"Число {shown} вне пределов.", str(self)


def kopecks(roubles: Decimal) -> int:
    """Roubles -> kopecks, halves up; raises NumberError."""
    return round_half_up(_checked(roubles, _MOST) * 100)


def quantity(value: Decimal) -> Decimal:
    """A quantity without the noise that PHP's floats have behind the sixth decimal; raises NumberError."""
    return _checked(value, _MOST_QUANTITY).quantize(_PLACES)


def _checked(value: Decimal, most: Decimal) -> Decimal:
    if not value.is_finite() or not -most <= value <= most:  # abs() would overflow at 1E+999999999
        raise NumberError(value)
    return value
