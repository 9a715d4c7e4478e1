"""Digests of items and VAT over normalised facts, so that a database compares a million documents by columns.

The digest of items has a part of its own for each field: names, sums, prices, quantities, rates. A part that an
operator does not show is a run of ``_``: "any" of SQL's LIKE, so what is not shown is not compared. What
normalisation takes away are the differences that mean nothing: blanks at the ends and in runs, the characters that a
register cannot store (CP866), zeros at the end of a quantity. Sums are kopecks by declaration on both sides; a factor
of a hundred is a difference, never a unit to be guessed.
"""

import hashlib
from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Final, NamedTuple

from chekpoint.core.ports import OfdItem, OfdRecord
from chekpoint.fiscal.money import quantity_text
from chekpoint.fiscal.receipt import Receipt
from chekpoint.fiscal.text866 import substitute
from chekpoint.fiscal.vat import VatRate
from chekpoint.fiscal.vat_totals import VatSumming, vat_totals

PART: Final = 12  # hex digits, 48 bits: an accident among a million documents is out of reach
FIELDS: Final = ("name", "sum", "price", "quantity", "vat")
ANY: Final = "_" * PART
NAME_MOST: Final = 128  # 1030
CORRECTIONS: Final = frozenset({31, 41})


class Digests(NamedTuple):
    """``items``: one part for each of FIELDS. ``vat``: of ours both ways of summing, apart by a blank."""

    items: str | None
    vat: str | None


def of_receipt(receipt: Receipt) -> Digests:
    """What the document of a receipt must show."""
    items = [
        OfdItem(name=i.name, sum=i.sum, price=i.price, quantity=quantity_text(i.quantity), vat=i.vat)
        for i in receipt.items
    ]
    if not items:
        return Digests(None, None)  # a correction by sums alone: nothing to hold against the operator's
    totals = (vat_totals(receipt.items, summing) for summing in VatSumming)
    ways = dict.fromkeys(_vat(total.items()) for total in totals)
    return Digests(_items(items), " ".join(ways))


def of_record(record: OfdRecord) -> Digests:
    """What an operator shows of a document; None where it shows nothing of it.

    A correction without items is one of an old format, which has none: not shown, rather than another content.
    """
    shown = record.items is not None and (record.items or record.document not in CORRECTIONS)
    items = _items(record.items or ()) if shown else None
    return Digests(items, None if record.vat is None else _vat(record.vat))


def name_of(text: str) -> str:
    """The name of an item as it can be compared."""
    return " ".join(substitute(text).split())[:NAME_MOST].rstrip()


def quantity_of(text: str) -> str:
    """``1.000`` and ``1,0`` are ``1``; what is no number stays as it is."""
    try:
        return quantity_text(Decimal(text.strip().replace(",", ".")))
    except InvalidOperation:
        return text.strip()


def equal(ours: str | None, theirs: str | None) -> bool:
    """The same as the database's comparison, of either digest: what one side does not show differs in nothing."""
    if ours is None or theirs is None:
        return True
    if len(theirs) > PART:
        return all(t in (o, ANY) for o, t in zip(_parts(ours), _parts(theirs), strict=True))
    return theirs in ours.split()


def unequal_fields(ours: str, theirs: str) -> tuple[str, ...]:
    """Which of FIELDS differ between two digests of items."""
    pairs = zip(FIELDS, _parts(ours), _parts(theirs), strict=True)
    return tuple(name for name, o, t in pairs if t not in (o, ANY))


def near(receipt: Receipt, shown: Sequence[tuple[VatRate, int]]) -> bool:
    """Do the tax sums differ by rounding alone: at most a kopeck for each item of the rate?"""
    theirs = {rate: total for rate, total in shown if total}
    totals = {rate: total for rate, total in vat_totals(receipt.items).items() if total}
    count = {rate: sum(item.vat is rate for item in receipt.items) for rate in totals}
    return theirs.keys() == totals.keys() and all(
        abs(theirs[rate] - totals[rate]) <= count[rate] for rate in totals
    )


def _items(items: Iterable[OfdItem]) -> str:
    rows = [
        (name_of(i.name), str(i.sum), _or_none(i.price), i.quantity and quantity_of(i.quantity), i.vat and i.vat.value)
        for i in items
    ]  # fmt: skip
    columns = zip(*rows, strict=True) if rows else [()] * len(FIELDS)
    return "".join(_part(column) for column in columns)


def _or_none(value: int | None) -> str | None:
    return None if value is None else str(value)


def _part(values: Sequence[str | None]) -> str:
    """One field of all items, in their order; any when the operator leaves it out of one of them."""
    known = [value for value in values if value is not None]
    return _hash("\x1f".join(known)) if len(known) == len(values) else ANY


def _vat(totals: Iterable[tuple[VatRate, int]]) -> str:
    """Rates without a sum are left out: some write them as zeros, some not at all."""
    return _hash(" ".join(sorted(f"{rate.code}:{total}" for rate, total in totals if total)))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:PART]


def _parts(digest: str) -> list[str]:
    return [digest[at : at + PART] for at in range(0, len(digest), PART)]
