"""Which VAT rate an item of an archive had, when the archive says so, and when only the totals say it.

Archives name rates by the code of tag 1199 (``nds``, ``ndsRate``) or by a field of their own; the names with
18 mean 20 % since 2019.
"""

from collections.abc import Sequence
from itertools import product
from typing import Any, Final, NamedTuple

from chekpoint.fiscal.dialects_fields import Json, Purse, integer, objects
from chekpoint.fiscal.dialects_notes import note
from chekpoint.fiscal.money import roubles
from chekpoint.fiscal.rules_fault import Fault
from chekpoint.fiscal.vat import BY_CODE, VatRate, total_value, vat_of

FIELDS: Final = {
    "nds18": VatRate.VAT20, "nds20": VatRate.VAT20, "nds10": VatRate.VAT10,
    "nds18118": VatRate.VAT120, "ndsCalculated18": VatRate.VAT120, "ndsCalculated20": VatRate.VAT120,
    "nds20120": VatRate.VAT120, "nds10110": VatRate.VAT110, "ndsCalculated10": VatRate.VAT110,
    "nds0": VatRate.VAT0, "ndsNo": VatRate.NONE,
}  # fmt: skip
_MOST_GUESSES: Final = 4096


class ItemVat(NamedTuple):
    """``rate`` is None while the item does not tell; ``given`` is the archive's sum in kopecks."""

    rate: VatRate | None
    given: int | None


def item_vat(item: Json, purse: Purse, at: str, notes: list[Fault]) -> ItemVat:
    """What the item itself says of its VAT."""
    code = integer(item, "nds", "ndsRate", at=at)
    given = purse.take(item, "ndsSum", at=at)
    if code is not None and code not in BY_CODE:
        notes.append(note("code_unknown", f"{at}/nds", value=code, tag=1199))
    elif code is not None:
        return ItemVat(BY_CODE[code], given)
    named = _named(item, purse, at)
    rates = [rate for rate, value in named.items() if value] or list(named)
    return ItemVat(rates[0], named[rates[0]]) if len(rates) == 1 else ItemVat(None, given)


def _named(source: Json, purse: Purse, at: str) -> dict[VatRate, int]:
    found: dict[VatRate, int] = {}
    for name, rate in FIELDS.items():
        value = purse.take(source, name, at=at)
        if value is not None:
            found[rate] = found.get(rate, 0) + value
    return found


def totals(document: Json, purse: Purse) -> dict[VatRate, int]:
    """Tags 1102-1107 and 1115 of the receipt, kopecks by rate; rates that stand at zero included."""
    found = _named(document, purse, "")
    packed: Any = document.get("amountsReceiptNds")
    for one in objects(packed, "amountsNds", "/amountsReceiptNds") if isinstance(packed, dict) else []:
        rate = BY_CODE.get(integer(one, "nds") or 0)
        if rate is not None:
            found[rate] = found.get(rate, 0) + (purse.take(one, "ndsSum") or 0)
    return found


def settle(
    said: Sequence[ItemVat], sums: Sequence[int], of_receipt: dict[VatRate, int], notes: list[Fault]
) -> list[VatRate]:
    """A rate for every item: its own, or the one that the receipt's totals leave."""
    open_items = [n for n, vat in enumerate(said) if vat.rate is None]
    rates = [vat.rate or VatRate.NONE for vat in said]
    if not open_items:
        return rates
    choice = [rate for rate, value in of_receipt.items() if value] or list(of_receipt)
    code, guess = _guess(rates, open_items, sums, of_receipt, choice)
    for n, rate in zip(open_items, guess, strict=True):
        rates[n] = rate
        notes.append(note(code, f"/items/{n}/vat"))
    return rates


def _guess(
    rates: list[VatRate], open_items: list[int], sums: Sequence[int],
    of_receipt: dict[VatRate, int], choice: list[VatRate],
) -> tuple[str, Sequence[VatRate]]:  # fmt: skip
    if not choice:
        return "vat_rate_absent", [VatRate.NONE] * len(open_items)
    if len(choice) == 1:
        return "vat_rate_from_totals", choice * len(open_items)
    if len(choice) ** len(open_items) > _MOST_GUESSES:
        return "vat_rate_ambiguous", choice[:1] * len(open_items)
    fitting = []
    for guess in product(choice, repeat=len(open_items)):
        for n, rate in zip(open_items, guess, strict=True):
            rates[n] = rate
        if all(_agrees(rate, of_receipt[rate], rates, sums) for rate in choice):
            fitting.append(guess)
    if len(fitting) == 1:
        return "vat_rate_from_totals", fitting[0]
    return "vat_rate_ambiguous", fitting[0] if fitting else choice[:1] * len(open_items)


def _agrees(rate: VatRate, value: int, rates: list[VatRate], sums: Sequence[int]) -> bool:
    group = [part for part, own in zip(sums, rates, strict=True) if own is rate]
    return abs(total_value(rate, sum(group)) - value) <= len(group)  # a kopeck per item


def own_sum(vat: ItemVat, rate: VatRate, gross: int, at: str, notes: list[Fault]) -> int | None:
    """Tag 1200 as the archive gave it, unless the turnover stands in its place."""
    given = vat.given
    if given is None or rate.percent:
        if given is not None and given != vat_of(rate, gross) and given == _at_18(gross):
            notes.append(note("vat_at_18", f"{at}/vat_sum", rate=rate.label))
        return given
    if given:
        notes.append(note("vat_sum_is_turnover", f"{at}/vat_sum", rate=rate.label))
    return None


def _at_18(gross: int) -> int:
    return (2 * gross * 18 + 118) // (2 * 118)


def compare(
    rates: list[VatRate], sums: list[int], given: list[int | None], of_receipt: dict[VatRate, int],
    notes: list[Fault],
) -> None:  # fmt: skip
    """Receipt totals against the items. Both ways of adding up exist in real registers."""
    for rate, value in of_receipt.items():
        lines = [(part, own) for part, own, r in zip(sums, given, rates, strict=True) if r is rate]
        whole = total_value(rate, sum(part for part, _ in lines))
        by_item = sum(total_value(rate, part) if own is None else own for part, own in lines)
        if value == whole or (not lines and not value):
            continue
        if value == by_item:
            notes.append(note("vat_total_by_items", "", rate=rate.label))
        elif min(abs(value - whole), abs(value - by_item)) > len(lines):  # a kopeck per item
            text = {"rate": rate.label, "value": roubles(value), "expected": roubles(whole)}
            notes.append(note("vat_total_differs", "", **text))
