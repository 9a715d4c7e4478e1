"""The site's numbers: roubles as JSON floats, quantities as floats or strings."""

from decimal import Decimal
from typing import Final

from chekpoint.fiscal.money import MAX_KOPECKS, QUANTITY_PLACES, round_half_up

_MOST: Final = Decimal(MAX_KOPECKS) * 10
_PLACES: Final = Decimal(1).scaleb(-QUANTITY_PLACES)


class NumberError(ValueError):
    """A number that no register could take, with a sentence in each language."""

    def __init__(self, value: Decimal) -> None:
        super().__init__(f"the number {value:.6} is out of range")
        self.ru, self.en = f"Число {value:.6} вне пределов.", str(self)


def kopecks(roubles: Decimal) -> int:
    """Roubles -> kopecks, halves up; raises NumberError."""
    return round_half_up(_checked(roubles) * 100)


def quantity(value: Decimal) -> Decimal:
    """A quantity without the noise that PHP's floats have behind the sixth decimal; raises NumberError."""
    return _checked(value).quantize(_PLACES)


def _checked(value: Decimal) -> Decimal:
    if not value.is_finite() or abs(value) > _MOST:
        raise NumberError(value)
    return value
