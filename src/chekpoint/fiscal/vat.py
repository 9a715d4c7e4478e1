"""VAT: the twelve rates of tag 1199, their arithmetic, and where a receipt keeps each total.

Codes 7-10 exist since 2025-01-01 and 11-12 since 2026-01-01; the totals of codes 7-12 go into
1115{1119{1199, 1120}}, those of codes 1-6 into the flat tags 1102-1107.
"""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final

from chekpoint.fiscal.money import round_half_up


class VatRate(StrEnum):
    """A rate of VAT, named as shop modules name it; ``code`` is the value of tag 1199."""

    VAT20 = "vat20"
    VAT10 = "vat10"
    VAT120 = "vat120"
    VAT110 = "vat110"
    VAT0 = "vat0"
    NONE = "none"
    VAT5 = "vat5"
    VAT7 = "vat7"
    VAT105 = "vat105"
    VAT107 = "vat107"
    VAT22 = "vat22"
    VAT122 = "vat122"

    @property
    def code(self) -> int:
        """The value of tag 1199, 1..12."""
        return _CODES[self]

    @property
    def percent(self) -> int:
        """Whole percents; 0 for both ``vat0`` and ``none``."""
        return _PERCENT[self]

    @property
    def calculated(self) -> bool:
        """A calculated rate (20/120 and the like), the one of prepayments."""
        return self in _CALCULATED

    @property
    def label(self) -> str:
        """As receipts print it: ``20%``, ``20/120``, ``без НДС``."""
        if self is VatRate.NONE:
            return "без НДС"
        return f"{self.percent}/{100 + self.percent}" if self.calculated else f"{self.percent}%"

    def valid_on(self, day: date) -> bool:
        """Did the law know this rate on that day (local date of the settlement)?"""
        return day >= _SINCE.get(self, date.min)


_CODES: Final = {rate: code for code, rate in enumerate(VatRate, start=1)}
BY_CODE: Final = {code: rate for rate, code in _CODES.items()}
_CALCULATED: Final = frozenset(
    {VatRate.VAT120, VatRate.VAT110, VatRate.VAT105, VatRate.VAT107, VatRate.VAT122}
)
_PERCENT: Final = {
    VatRate.VAT20: 20, VatRate.VAT120: 20, VatRate.VAT10: 10, VatRate.VAT110: 10, VatRate.VAT0: 0,
    VatRate.NONE: 0, VatRate.VAT5: 5, VatRate.VAT105: 5, VatRate.VAT7: 7, VatRate.VAT107: 7,
    VatRate.VAT22: 22, VatRate.VAT122: 22,
}  # fmt: skip
_SINCE: Final = {
    **dict.fromkeys((VatRate.VAT5, VatRate.VAT7, VatRate.VAT105, VatRate.VAT107), date(2025, 1, 1)),
    **dict.fromkeys((VatRate.VAT22, VatRate.VAT122), date(2026, 1, 1)),
}
FLAT_TAG: Final = {
    VatRate.VAT20: 1102, VatRate.VAT10: 1103, VatRate.VAT0: 1104, VatRate.NONE: 1105,
    VatRate.VAT120: 1106, VatRate.VAT110: 1107,
}  # fmt: skip
"""Rate -> the flat tag of its receipt total; a rate not listed goes into 1115."""


def vat_of(rate: VatRate, gross: int) -> int:
    """VAT inside a gross amount, both in kopecks, half up; 0 for ``vat0`` and ``none``."""
    percent = rate.percent
    return round_half_up(Decimal(gross * percent) / (100 + percent)) if percent else 0


def total_value(rate: VatRate, gross: int) -> int:
    """What the receipt total of a rate holds, kopecks: the turnover for ``vat0`` and ``none``, else the VAT."""
    return vat_of(rate, gross) if rate.percent else gross
