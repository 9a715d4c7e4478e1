"""An order that failed for good and is sent again: its next generation, under an id of its own.

Some shops know one id for a receipt and send it again after a failure. The first failure proved that nothing
was registered; the new try must be another receipt, or its content could never be mended. Generations are
counted, so that two deliveries of the same second try are one receipt.
"""

from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

from chekpoint.core.errors import Conflict
from chekpoint.core.lifecycle import State
from chekpoint.hub.hub import Hub
from chekpoint.hub.intake import Different
from chekpoint.hub.names import order_mark
from chekpoint.store import listing, outcomes, people
from chekpoint.store.journal import Tx
from chekpoint.store.receipts import Accepted

Accept = Callable[[str], Awaitable[Accepted]]
"""Offers the content to intake under an external id; raises what intake raises."""

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


async def send(hub: Hub, shop: people.Shop, base: str, accept: Accept) -> tuple[str, Accepted]:
    """Accept an order that may have failed before: (external id in force, intake's answer).

    The same content after a refusal puts the same receipt back: somebody pressed "once more". Other content, or
    an order that was cancelled or ran out of time, is the next generation. Raises Different while the last
    generation has not failed.
    """
    found = await hub.store.read(lambda tx: newest(tx, shop.id, base))
    following = external_id(base, found.number + 1)
    if found.line is not None and found.failed and found.line.state != State.REJECTED:
        return following, await accept(following)
    try:
        accepted = await accept(found.external_id)
    except Different:
        if not found.failed:
            raise
        return following, await accept(following)
    if accepted.state == State.REJECTED:
        await again(hub, shop, accepted.receipt_id)
    return found.external_id, accepted


async def again(hub: Hub, shop: people.Shop, receipt_id: str) -> None:
    """Put a rejected receipt back on the shop's word; nothing when somebody was quicker."""
    try:
        await hub.verdicts.again(receipt_id, who=f"shop:{shop.name}", reason="отправлен из магазина повторно")
    except Conflict:
        return
