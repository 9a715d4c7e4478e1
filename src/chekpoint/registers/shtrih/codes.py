"""Numbers of the maker for words of the law. Pure."""

from typing import Final

from chekpoint.fiscal.receipt import Kind
from chekpoint.fiscal.vat import VatRate

OPENING: Final = {
    Kind.SALE: 0, Kind.PURCHASE: 1, Kind.SALE_RETURN: 2, Kind.PURCHASE_RETURN: 3,
}  # fmt: skip
"""Kind -> parameter of 8Dh."""

_RATES: Final = {
    VatRate.VAT20: 0x01, VatRate.VAT10: 0x02, VatRate.VAT0: 0x04, VatRate.NONE: 0x08,
    VatRate.VAT120: 0x10, VatRate.VAT110: 0x20,
    # since 2025; another paper of the maker has 90h for 7/107, the driver's code (newer) has 88h
    VatRate.VAT5: 0x81, VatRate.VAT7: 0x82, VatRate.VAT105: 0x84, VatRate.VAT107: 0x88,
}  # fmt: skip
_RATES_2026: Final = {  # the same two rates, by family of models
    "desktop": {VatRate.VAT22: 0xCB, VatRate.VAT122: 0xCC},
    "nano": {VatRate.VAT22: 0x90, VatRate.VAT122: 0xA0},
}
_SHORT_SLOTS: Final = (
    VatRate.VAT20, VatRate.VAT10, VatRate.VAT0, VatRate.NONE, VatRate.VAT120, VatRate.VAT110,
)  # fmt: skip


def rate_code(rate: VatRate, family: str) -> int:
    """Byte of FF46. ``family`` is ``desktop`` or ``nano``: they disagree about 22 %."""
    return _RATES[rate] if rate in _RATES else _RATES_2026[family][rate]


def family_of(model: str) -> str:
    """The family by the name that FCh gives."""
    name = model.upper()
    return "nano" if "NANO" in name or "НАНО" in name else "desktop"


def short_taxes(totals: dict[VatRate, int]) -> tuple[int, ...] | None:
    """The six sums of FF4A; None when a rate has no place there."""
    if any(rate not in _SHORT_SLOTS for rate in totals):
        return None
    return tuple(totals.get(rate, 0) for rate in _SHORT_SLOTS)
