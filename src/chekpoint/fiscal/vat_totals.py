"""A receipt's VAT totals: 1102-1107 for the first six rates, 1115{1119{1199, 1120}} for the others."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from chekpoint.fiscal.receipt import Item
from chekpoint.fiscal.tlv import Node
from chekpoint.fiscal.vat import FLAT_TAG, VatRate, total_value, vat_of

_ZERO_RATE_TAG: Final = FLAT_TAG[VatRate.VAT0]


class VatSumming(StrEnum):
    """Both exist in the field: never hold one against the other, they differ by up to a kopeck per item."""

    ITEMS = "items"  # the sum of the items' VAT
    TOTAL = "total"  # the VAT of the sum of the items of one rate


def item_vat(item: Item) -> int:
    """Tag 1200 in kopecks: as given, else computed."""
    return item.vat_sum if item.vat_sum is not None else vat_of(item.vat, item.sum)


def vat_totals(items: Iterable[Item], summing: VatSumming = VatSumming.ITEMS) -> dict[VatRate, int]:
    """Rate -> total in kopecks, in the order of tag 1199: VAT, or the turnover for ``vat0`` and ``none``."""
    gross: dict[VatRate, int] = {}
    vat: dict[VatRate, int] = {}
    for item in items:
        gross[item.vat] = gross.get(item.vat, 0) + item.sum
        vat[item.vat] = vat.get(item.vat, 0) + item_vat(item)
    by_items = summing is VatSumming.ITEMS
    return {
        rate: vat[rate] if by_items and rate.percent else total_value(rate, gross[rate])
        for rate in VatRate
        if rate in gross
    }


def vat_nodes(totals: dict[VatRate, int]) -> list[Node]:
    """The tags of a receipt. When VAT is in 1115 only, 1104 = 0 goes with it (order, table 11.2)."""
    flat = [Node(FLAT_TAG[rate], total) for rate, total in totals.items() if rate in FLAT_TAG]
    groups = grouped(totals)
    if groups and not flat:
        flat = [Node(_ZERO_RATE_TAG, 0)]
    return flat + groups


def grouped(totals: dict[VatRate, int]) -> list[Node]:
    """1115 with one 1119 for each rate that has no tag of its own; empty when there is none."""
    groups = tuple(
        Node(1119, (Node(1199, rate.code), Node(1120, total)))
        for rate, total in totals.items()
        if rate not in FLAT_TAG
    )
    return [Node(1115, groups)] if groups else []
