"""An order that failed for good and is sent again: its next generation, under an id of its own.

Some shops know one id for a receipt and send it again after a failure. The first failure proved that nothing
was registered; the new try must be another receipt, or its content could never be mended. Generations are
counted, so that two deliveries of the same second try are one receipt.
"""

from typing import Final, NamedTuple

from chekpoint.core.lifecycle import State
from chekpoint.hub.names import order_mark
from chekpoint.store import listing, outcomes
from chekpoint.store.journal import Tx

FAILED: Final = frozenset({State.REJECTED, State.CANCELLED, State.EXPIRED})
"""States in which provably nothing was registered, and nothing will be unless a person says so."""
MOST: Final = 100


class Generation(NamedTuple):
    """One try of an order, ``number`` from 1. ``line`` is None while the journal has no such receipt."""

    number: int
    external_id: str
    line: listing.Line | None

    @property
    def failed(self) -> bool:
        """Is it over, and nothing was registered?"""
        return self.line is not None and self.line.state in FAILED


def external_id(base: str, number: int) -> str:
    """The id of a generation: the shop's own id for the first."""
    return base if number == 1 else f"{base}#{number}"


def newest(tx: Tx, shop_id: str, base: str) -> Generation:
    """The last generation that the journal has; the first one, without a line, when it has none."""
    found = _generation(tx, shop_id, base, 1)
    while found.failed and found.number < MOST:
        following = _generation(tx, shop_id, base, found.number + 1)
        if following.line is None:
            break
        found = following
    return found


def _generation(tx: Tx, shop_id: str, base: str, number: int) -> Generation:
    name = external_id(base, number)
    owner = outcomes.by_mark(tx, order_mark(shop_id, name))
    return Generation(number, name, owner and listing.one(tx, owner.id, shop_id=shop_id))
