"""Is this document of the fiscal drive the one that our attempt made? Pure.

The order mark (1192 or 1084) names the order, the content proves that nobody else's document is taken for ours:
document code, kind (1054), total (1020), and every item by name, sum and quantity. A correction of FFD 1.05 has
neither mark nor items: there 1178 and 1179 stand for them.
"""

from enum import Enum, auto
from typing import Final

from chekpoint.core.ports import Attempt
from chekpoint.fiscal.ffd import Ffd
from chekpoint.fiscal.moments import from_unix
from chekpoint.fiscal.money import quantity_text
from chekpoint.fiscal.receipt import Correction, Receipt
from chekpoint.fiscal.text866 import substitute
from chekpoint.fiscal.tlv import Node
from chekpoint.registers.shtrih.content import is_short_correction, mark_place
from chekpoint.registers.shtrih.drive_document import DriveDocument

_RECEIPTS: Final = frozenset({3, 4})
_CORRECTIONS: Final = frozenset({31, 41})


class Match(Enum):
    """``UNSURE``: it may be ours, and what the drive still has of it cannot tell."""

    OURS = auto()
    OTHER = auto()
    UNSURE = auto()


def match(attempt: Attempt, found: DriveDocument, ffd: Ffd | None) -> Match:
    """Compare one document with what the attempt would have made. ``ffd`` is the register's; None is not known."""
    if not same_head(attempt.receipt, found):
        return Match.UNSURE if attempt.mark in found.marks else Match.OTHER
    if found.tags is None:  # the drive keeps the tags for about 30 days, then only the head
        return Match.UNSURE
    if (
        attempt.receipt.correction is not None
        and ffd is not None
        and is_short_correction(attempt.receipt, ffd)
    ):
        return Match.OURS if _same_ground(attempt.receipt.correction, found.tags) else Match.OTHER
    marked = mark_place(attempt.receipt, ffd or Ffd.V1_2) is not None
    if marked and attempt.mark not in found.marks:
        return Match.OTHER
    if same_items(attempt.receipt, found):
        return Match.OURS
    return Match.UNSURE if marked else Match.OTHER


def same_head(receipt: Receipt, found: DriveDocument) -> bool:
    """Document code, kind and total."""
    codes = _CORRECTIONS if receipt.correction else _RECEIPTS
    document = found.document
    return (
        document.document in codes and document.kind == receipt.kind.code and document.total == receipt.amount
    )


def same_items(receipt: Receipt, found: DriveDocument) -> bool:
    """Every item equal, in order."""
    ours = [(_plain(i.name), i.sum, quantity_text(i.quantity)) for i in receipt.items]
    return ours == [(_plain(name), total, quantity) for name, total, quantity in found.document.items]


def same_rates(receipt: Receipt, tags: tuple[Node, ...]) -> bool:
    """Every item with its own rate of VAT (1199): some firmware swaps rates by itself."""
    signed = [node.number(1199) for node in tags if node.tag == 1059]
    return signed == [item.vat.code for item in receipt.items]


def _same_ground(correction: Correction, tags: tuple[Node, ...]) -> bool:
    base = next((node for node in tags if node.tag == 1174), None)
    if base is None:
        return False
    day = base.number(1178)
    return (
        day is not None
        and from_unix(day).date().isoformat() == correction.date
        and (base.text(1179) or "").strip() == (correction.number or "")
    )


def _plain(name: str) -> str:
    """A name as this register can keep it: through CP866 and cp1251, runs of blanks as one."""
    return " ".join(substitute(name).encode("cp1251", "replace").decode("cp1251").split())
