"""Marked goods and what else exists in FFD 1.2 only."""

from typing import Final

from chekpoint.fiscal.ffd import Ffd
from chekpoint.fiscal.receipt import (
    Fraction,
    IndustryDetail,
    Item,
    Kind,
    ProductCode,
    ProductCodeKind,
    SettlementObject,
)
from chekpoint.fiscal.rules_fault import Fault, fault
from chekpoint.fiscal.text866 import blank, fits, is_digits

MARKED: Final = frozenset({SettlementObject.EXCISE_MARKED, SettlementObject.COMMODITY_MARKED})
ONLY_1_2: Final = MARKED | {SettlementObject.EXCISE_UNMARKED, SettlementObject.COMMODITY_UNMARKED}
_MARK_BYTES: Final = 256  # tag 2000
_CHECK_BITS: Final = 31  # tag 2106 has five bits
_EXACT: Final = {
    ProductCodeKind.EAN8: 8, ProductCodeKind.EAN13: 13, ProductCodeKind.ITF14: 14,
    ProductCodeKind.FUR: 20, ProductCodeKind.EGAIS20: 33, ProductCodeKind.EGAIS30: 14,
}  # fmt: skip
_LONGEST: Final = {
    ProductCodeKind.GS10: 38, ProductCodeKind.GS1M: 38, ProductCodeKind.SHORT: 38,
}  # fmt: skip
_DIGITS: Final = frozenset({ProductCodeKind.EAN8, ProductCodeKind.EAN13, ProductCodeKind.ITF14})


def check_marks(found: list[Fault], item: Item, n: int, kind: Kind, ffd: Ffd | None) -> None:
    """Called for items that have something of a mark about them."""
    at = f"/items/{n}"
    marked = item.object in MARKED or item.mark_code is not None
    if item.object in MARKED and item.mark_code is None and not item.product_codes:
        found.append(fault("mark_code_missing", f"{at}/mark_code"))
    if marked and kind is Kind.PURCHASE:
        found.append(fault("mark_in_purchase", f"{at}/object"))
    if ffd is not None and ffd is not Ffd.V1_2:
        found.append(fault("ffd_too_old", at, ffd=ffd.value))
    _check_mark_code(found, item, at)
    _check_piece(found, item, at, marked=marked)
    _check_product_codes(found, item.product_codes, f"{at}/product_codes")


def _check_mark_code(found: list[Fault], item: Item, at: str) -> None:
    code = item.mark_code
    if code is not None and not (code.strip() and code.isascii() and len(code) <= _MARK_BYTES):
        found.append(fault("mark_code_form", f"{at}/mark_code", limit=_MARK_BYTES))
    if item.mark_check is not None and not 0 <= item.mark_check <= _CHECK_BITS:
        found.append(fault("mark_check_range", f"{at}/mark_check"))


def _check_piece(found: list[Fault], item: Item, at: str, *, marked: bool) -> None:
    """A code is one piece: 1023 = 1 with 2108 = 0; a part of a pack is 1 with the fraction 1291."""
    if item.fraction is not None:
        if not marked or item.unit != 0:
            found.append(fault("fraction_without_mark", f"{at}/fraction"))
        if not _is_proper(item.fraction):
            found.append(fault("fraction_form", f"{at}/fraction"))
    if marked and item.unit == 0 and item.quantity.is_finite() and item.quantity != 1:
        found.append(fault("mark_quantity", f"{at}/quantity"))


def _is_proper(fraction: Fraction) -> bool:
    return 0 < fraction.numerator < fraction.denominator < 1 << 56  # VLN of at most 8 bytes, with room


def _check_product_codes(found: list[Fault], codes: tuple[ProductCode, ...], at: str) -> None:
    if len(codes) > 1:
        found.append(fault("product_codes_many", at))
    for place, code in enumerate(codes):
        wrong = _product_code_rule(code)
        if wrong is not None:
            ru, en = wrong
            found.append(
                fault("product_code_form", f"{at}/{place}", kind=code.kind.value, rule=ru, rule_en=en)
            )


def _product_code_rule(code: ProductCode) -> tuple[str, str] | None:
    """The rule that the code breaks, in words; tags 1300..1309 and 1320..1325."""
    value, exact = code.value, _EXACT.get(code.kind)
    if not value.isascii() or not value.strip():
        return "состоять из латинских букв, цифр и знаков", "consist of ASCII characters"
    if exact is not None and len(value) != exact:
        return f"иметь ровно {exact} знаков", f"have exactly {exact} characters"
    if code.kind in _DIGITS and not value.isdigit():
        return "состоять только из цифр", "consist of digits only"
    longest = _LONGEST.get(code.kind, 32)
    if exact is None and len(value) > longest:
        return f"быть не длиннее {longest} знаков", f"have at most {longest} characters"
    return None


def check_industry(found: list[Fault], details: tuple[IndustryDetail, ...], at: str) -> None:
    """Tags 1260 and 1261: 1262 of three digits, 1263 as dd.mm.yyyy, 1264 up to 32, 1265 up to 256 bytes."""
    for place, detail in enumerate(details):
        if not _is_industry(detail):
            found.append(fault("industry_form", f"{at}/{place}"))


def _is_industry(detail: IndustryDetail) -> bool:
    day = detail.date.split(".")
    dated = len(day) == 3 and all(map(is_digits, day, (2, 2, 4)))
    texts = fits(detail.number, 32) and fits(detail.value, 256)
    return (
        is_digits(detail.authority, 3)
        and dated
        and texts
        and not (blank(detail.number) or blank(detail.value))
    )
