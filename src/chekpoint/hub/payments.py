"""Which receipt covers which payment of one order, and how old a payment without a receipt may be.

A receipt covers a payment of its own sum, be it the receipt's total or the money taken with it (a prepaid part is
no money of today); several payments that together make a receipt; and several receipts that together make a
payment. A receipt of another sum covers nothing.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

DAY_MS: Final = 86_400_000
RULE_MS: Final = (
    300_000  # a receipt belongs to the buyer within five minutes of the payment (54-FZ, art. 1.2)
)


def orders_of(external_id: str) -> tuple[str, ...]:
    """What the order of a receipt may be called: the receipt's id, then ever shorter beginnings of it.

    ``1041-2`` is of the order ``1041-2`` or ``1041``: an order's id ends before a sign that is no letter or digit.
    """
    cuts = [n for n, sign in enumerate(external_id) if n and not sign.isalnum()]
    return (external_id, *(external_id[:n] for n in reversed(cuts)))


class Owed(NamedTuple):
    """A payment without a receipt, kopecks."""

    id: str
    kopecks: int


class Sums(NamedTuple):
    """A receipt with what is left of its sums, kopecks: ``money`` is what was taken with it, cash and not."""

    id: str
    total: int
    money: int

    def is_of(self, kopecks: int) -> bool:
        """Does the sum of a payment speak of this receipt?"""
        return kopecks in {self.total, self.money}


def covers(owed: Sequence[Owed], receipts: Sequence[Sums]) -> list[tuple[str, str]]:
    """(payment, receipt) for each payment of one order that is covered; what is not in the list stays open."""
    left, rest, found = list(owed), list(receipts), []
    for one in owed:
        match = next((r for r in rest if r.is_of(one.kopecks)), None)
        if match is not None:
            found.append((one.id, match.id))
            left.remove(one)
            rest.remove(match)
    return [*found, *_together(left, rest)]


def _together(left: Sequence[Owed], rest: Sequence[Sums]) -> list[tuple[str, str]]:
    paid = sum(one.kopecks for one in left)
    whole = next((r for r in rest if r.is_of(paid)), None)
    if whole is None and rest and paid in {sum(r.money for r in rest), sum(r.total for r in rest)}:
        whole = rest[0]
    return [(one.id, whole.id) for one in left] if whole is not None else []


def gap_age(paid_at: int, now: int) -> str:
    """``fresh`` within the five minutes that the law gives, ``late`` after them, ``old`` after a day."""
    age = now - paid_at
    return "fresh" if age <= RULE_MS else "late" if age <= DAY_MS else "old"
