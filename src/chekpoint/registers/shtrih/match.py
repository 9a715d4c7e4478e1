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
from chekpoint.registers.shtrih.answers import RECEIPTS, REPORTS
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
    fits = same_head(attempt.receipt, found)
    if _undecided(attempt.receipt, found) or (fits and found.tags is None):
        return Match.UNSURE  # the drive keeps the tags for about 30 days, then only the head
    if not fits:
        return Match.UNSURE if attempt.mark in found.marks else Match.OTHER
    return _by_tags(attempt, found, ffd or Ffd.V1_2)


def _by_tags(attempt: Attempt, found: DriveDocument, ffd: Ffd) -> Match:
    """The heads agree: mark and items decide, or the ground of a correction that has neither."""
    receipt = attempt.receipt
    if receipt.correction is not None and is_short_correction(receipt, ffd):
        return Match.OURS if _same_ground(receipt.correction, found.tags or ()) else Match.OTHER
    marked = mark_place(receipt, ffd) is not None
    if marked and attempt.mark not in found.marks:
        return Match.OTHER
    if same_items(receipt, found):
        return Match.OURS
    return Match.UNSURE if marked else Match.OTHER


def _undecided(receipt: Receipt, found: DriveDocument) -> bool:
    """A document code that we do not know, or the mere head of a correction, whose layout is not documented."""
    code = found.document.document
    if code not in RECEIPTS | REPORTS:
        return True
    return receipt.correction is not None and code in _CORRECTIONS and found.tags is None


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
