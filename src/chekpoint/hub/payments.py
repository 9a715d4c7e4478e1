"""Which receipt covers which payment: both name the order, and the sums must be explained.

A shop names a payment's order by the receipt's external id, or by what that begins with before a separator:
``1041`` is the order of the receipts ``1041`` and ``1041-2``. A receipt covers a payment of its own sum, be it
the receipt's total or the money taken with it (a prepaid part is no money of today); several payments that
together make a receipt; and several receipts that together make a payment.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Final, NamedTuple

import structlog

from chekpoint.core.clock import epoch_ms
from chekpoint.core.errors import StoreError
from chekpoint.fiscal.receipt import PaymentForm
from chekpoint.hub.content import restore
from chekpoint.hub.hub import Hub
from chekpoint.store import payments
from chekpoint.store.journal import Tx
from chekpoint.store.listing import id_at
from chekpoint.store.payments import Asked, Candidate
from chekpoint.store.store import Store

log = structlog.get_logger()
EVERY: Final = 10.0  # seconds
DAY_MS: Final = 86_400_000
OVERLAP_MS: Final = 600_000  # keys of other nodes may come a little out of order
RULE_MS: Final = (
    300_000  # a receipt belongs to the buyer within five minutes of the payment (54-FZ, art. 1.2)
)
SEPARATORS: Final = frozenset("-_/.:#| ")


def orders_of(external_id: str) -> tuple[str, ...]:
    """What the order of a receipt may be called: the receipt's id, then ever shorter beginnings of it."""
    cuts = [n for n, sign in enumerate(external_id) if sign in SEPARATORS and n]
    return (external_id, *(external_id[:n] for n in reversed(cuts)))


class Sums(NamedTuple):
    """A receipt with its sums, kopecks: ``money`` is what was taken with it, cash and not."""

    id: str
    total: int
    money: int

    def is_of(self, kopecks: int) -> bool:
        """Does the sum of a payment speak of this receipt?"""
        return kopecks in {self.total, self.money}


def covers(asked: Sequence[Asked], receipts: Sequence[Sums]) -> list[tuple[Asked, str]]:
    """Which receipt (its id) covers which payment of one order; what is not in the list stays open."""
    left, rest, found = list(asked), list(receipts), []
    for one in asked:
        match = next((r for r in rest if r.is_of(one.kopecks)), None)
        if match is not None:
            found.append((one, match.id))
            left.remove(one)
            rest.remove(match)
    return [*found, *_together(left, rest)]


def _together(left: list[Asked], rest: list[Sums]) -> list[tuple[Asked, str]]:
    paid = sum(one.kopecks for one in left)
    whole = next((r for r in rest if r.is_of(paid)), None)
    if whole is None and rest and paid in {sum(r.money for r in rest), sum(r.total for r in rest)}:
        whole = rest[0]
    return [(one, whole.id) for one in left] if whole is not None else []


class _Walk:
    """One walk over receipts, oldest first: gathers those whose orders have open payments."""

    def __init__(self) -> None:
        self.asked: dict[str, Asked] = {}  # by payment id
        self.found: dict[str, list[Candidate]] = defaultdict(list)  # payment id -> receipts of its order

    def batch(self, tx: Tx, after: str) -> str | None:
        """Look at the next receipts; the key to go on from, None at the end."""
        receipts = payments.candidates(tx, after)
        named = {one.id: orders_of(one.external_id) for one in receipts}
        wanted = payments.asked_for(tx, sorted({order for orders in named.values() for order in orders}))
        by_order: dict[str, list[Asked]] = defaultdict(list)
        for one in wanted:
            by_order[one.order_id].append(one)
            self.asked[one.id] = one
        for receipt in receipts:
            for one in (one for order in named[receipt.id] for one in by_order.get(order, ())):
                if _belong(one, receipt):
                    self.found[one.id].append(receipt)
        return receipts[-1].id if len(receipts) == payments.BATCH else None

    def settle(self, tx: Tx) -> int:
        """Cover what can be covered; how many payments were."""
        orders: dict[tuple[str | None, str, int], list[Asked]] = defaultdict(list)
        for key in self.found:
            one = self.asked[key]
            orders[one.shop_id, one.order_id, one.refund].append(one)
        return sum(self._order(tx, asked) for asked in orders.values())

    def _order(self, tx: Tx, asked: list[Asked]) -> int:
        receipts = {receipt.id: receipt for one in asked for receipt in self.found[one.id]}
        free = sorted(receipts.keys() - payments.busy(tx, list(receipts)))
        sums = [_sums(tx, receipts[key]) for key in free]
        return sum(payments.cover(tx, one, key) for one, key in covers(asked, sums))


def _belong(one: Asked, receipt: Candidate) -> bool:
    same = one.shop_id == receipt.shop_id if one.shop_id else one.seller_id == receipt.seller_id
    return same and bool(one.refund) == (receipt.kind == "sale_return")


def _sums(tx: Tx, receipt: Candidate) -> Sums:
    content = restore(payments.content_of(tx, receipt.id), None)
    money = sum(content.paid(form) for form in (PaymentForm.CASH, PaymentForm.ELECTRONIC))
    return Sums(receipt.id, receipt.total, money)


async def settle(store: Store, floor: str) -> tuple[int, str]:
    """Walk the receipts from a key on; (how many payments were covered, the last key seen)."""
    walk, last = _Walk(), floor
    following: str | None = floor
    while following is not None:
        last, after = following, following

        def look(tx: Tx, after: str = after) -> str | None:
            return walk.batch(tx, after)

        following = await store.read(look)
    return (await store.write(walk.settle) if walk.found else 0), last


async def settle_all(store: Store) -> int:
    """Cover whatever open payments can be covered; for commands, where no hub runs."""

    def look(tx: Tx) -> list[int]:
        return [at for at in (payments.oldest_open(tx, 0), payments.oldest_bereft(tx)) if at is not None]

    oldest = await store.read(look)
    return (await settle(store, id_at(min(oldest) - DAY_MS)))[0] if oldest else 0


async def follow_payments(hub: Hub) -> None:
    """Settle until cancelled: each new receipt, and from a payment's own day on when a payment is new."""
    clock, told = hub.post.clock, 0
    cursor = epoch_ms(clock.now())
    while True:
        began = epoch_ms(clock.now())
        try:
            oldest = await hub.store.read(partial(payments.oldest_open, since=told))
            floor = min([cursor - OVERLAP_MS, *([] if oldest is None else [oldest - DAY_MS])])
            await settle(hub.store, id_at(floor))
            cursor, told = began, began - OVERLAP_MS
        except StoreError:
            log.exception("payments_not_settled")
        await clock.sleep(EVERY)


def gap_age(paid_at: int, now: int) -> str:
    """``fresh`` within the five minutes that the law gives, ``late`` after them, ``old`` after a day."""
    age = now - paid_at
    return "fresh" if age <= RULE_MS else "late" if age <= DAY_MS else "old"


def by_age(paid: Iterable[int], now: int) -> dict[str, int]:
    """How many moments of payment are of each age."""
    counted = {"fresh": 0, "late": 0, "old": 0}
    for at in paid:
        counted[gap_age(at, now)] += 1
    return counted
