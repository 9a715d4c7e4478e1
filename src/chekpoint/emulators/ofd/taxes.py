"""Tax sums of a document under the names that the JSON of several operators gives them."""

from collections.abc import Iterator
from typing import Final

from chekpoint.fiscal.tlv import Node
from chekpoint.fiscal.vat import BY_CODE, FLAT_TAG, VatRate

NAMES: Final = {
    VatRate.VAT22: "nds22", VatRate.VAT20: "nds20", VatRate.VAT10: "nds10", VatRate.VAT7: "nds7",
    VatRate.VAT5: "nds5", VatRate.VAT0: "nds0", VatRate.NONE: "ndsNo", VatRate.VAT122: "ndsCalculated22",
    VatRate.VAT120: "ndsCalculated20", VatRate.VAT110: "ndsCalculated10", VatRate.VAT107: "ndsCalculated7",
    VatRate.VAT105: "ndsCalculated5",
}  # fmt: skip


def tax_names(node: Node) -> dict[str, int]:
    """``nds22`` and the like of a receipt or БСО: kopecks, those that the document has."""
    return {NAMES[rate]: kopecks for rate, kopecks in _sums(node)}


def _sums(node: Node) -> Iterator[tuple[VatRate, int]]:
    """The flat tags 1102-1107, and 1115{1119{1199, 1120}} for later rates."""
    for rate, tag in FLAT_TAG.items():
        kopecks = node.number(tag)
        if kopecks is not None:
            yield rate, kopecks
    for group in node.all(1115):
        for entry in group.all(1119):
            code = entry.number(1199)
            if code in BY_CODE:
                yield BY_CODE[code], entry.number(1120) or 0
