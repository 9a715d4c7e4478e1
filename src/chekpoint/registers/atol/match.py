"""Is this document of the fiscal drive the one that our attempt made? Pure.

The order mark (1192 or 1084) names the order, the content proves that nobody else's document is taken for
ours: kind (1054), total (1020), document code and every item by name, sum and quantity.
"""

from enum import Enum, auto
from typing import Final

from chekpoint.core.ports import Attempt
from chekpoint.fiscal.money import quantity_text
from chekpoint.fiscal.receipt import Receipt
from chekpoint.fiscal.text866 import substitute
from chekpoint.registers.atol.answers import DriveDocument
from chekpoint.registers.atol.tasks import mark_place

_RECEIPTS: Final = frozenset({3, 4})
_CORRECTIONS: Final = frozenset({31, 41})


class Match(Enum):
    """``UNSURE``: it may be ours, and what the drive still has of it cannot tell."""

    OURS = auto()
    OTHER = auto()
    UNSURE = auto()


def match(attempt: Attempt, found: DriveDocument) -> Match:
    """Compare one document with what the attempt would have made."""
    if not _same_head(attempt.receipt, found):
        return Match.UNSURE if attempt.mark in found.marks else Match.OTHER
    if found.short:  # the drive keeps only the head of old documents, and its total without kopecks
        return Match.UNSURE
    marked = mark_place(attempt.receipt) is not None
    if marked and attempt.mark not in found.marks:
        return Match.OTHER
    if same_items(attempt.receipt, found):
        return Match.OURS
    return Match.UNSURE if marked else Match.OTHER


def _same_head(receipt: Receipt, found: DriveDocument) -> bool:
    document = found.document
    codes = _CORRECTIONS if receipt.correction else _RECEIPTS
    if document.document not in codes or document.kind != receipt.kind.code:
        return False
    if found.short:
        return abs(document.total - receipt.amount) < 100
    return document.total == receipt.amount


def same_items(receipt: Receipt, found: DriveDocument) -> bool:
    """Every item equal. A correction receipt of FFD 1.05 has none, and that is not a difference."""
    if receipt.correction is not None and not found.document.items:
        return True
    ours = [(_plain(i.name), i.sum, quantity_text(i.quantity)) for i in receipt.items]
    return ours == [(_plain(name), total, quantity) for name, total, quantity in found.document.items]


def _plain(name: str) -> str:
    """A name as the drive can keep it: CP866, runs of blanks as one."""
    return " ".join(substitute(name).split())
