"""Paid but no receipt, and the reverse: payments that shops tell of, against the receipts of their orders."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import tzinfo
from functools import partial
from typing import Final, NamedTuple

import msgspec
import structlog

from chekpoint.core.clock import from_epoch_ms
from chekpoint.core.errors import StoreError
from chekpoint.core.lifecycle import State
from chekpoint.fiscal.money import roubles
from chekpoint.fiscal.receipt import PaymentForm
from chekpoint.hub.content import restore
from chekpoint.hub.mismatch_words import OF_PAYMENTS, explain
from chekpoint.hub.payments import Owed, Sums, covers
from chekpoint.hub.post import Post
from chekpoint.store import mismatches, settlements
from chekpoint.store.journal import Tx
from chekpoint.store.mismatches import Difference
from chekpoint.store.settlements import RETURN, SALE, Issued, Paid

log = structlog.get_logger()
DAY_MS: Final = 86_400_000
STATES: Final[dict[str, tuple[str, str]]] = {
    State.QUEUED: ("чек ждёт кассу", "the receipt waits for a register"),
    State.REGISTERING: ("чек регистрируется", "the receipt is being registered"),
    State.IN_DOUBT: ("исход чека неизвестен", "the receipt's outcome is not known"),
    State.REJECTED: ("касса отказала в чеке", "the register refused the receipt"),
    State.CANCELLED: ("чек отменён", "the receipt was cancelled"),
    State.EXPIRED: ("срок чека истёк", "the receipt expired"),
}


class Fit(NamedTuple):
    """A payment and the receipt that covers it."""

    payment_id: str
    receipt_id: str


class PaymentGaps:
    """Binds payments to receipts, and keeps the mismatches of those that stay alone."""

    def __init__(self, post: Post, zone: tzinfo) -> None:
        self._post, self._zone = post, zone

    async def run(self) -> None:
        """Look until cancelled; a look that failed is done again."""
        while True:
            try:
                await self.once()
            except StoreError:
                log.exception("payments_not_compared")
            await self._post.clock.sleep(self._post.limits.payments_every)

    async def once(self) -> mismatches.Settled:
        """Bind what fits, then settle what is left over on either side. The writer's thread only writes."""
        fits = await self._post.store.read(self._fits)
        await self._post.store.write(partial(_cover, fits=fits))
        found = await self._post.store.read(
            lambda tx: [*self._without_receipt(tx), *self._without_payment(tx)]
        )
        return await self._post.store.write(partial(self._settle, found=found))

    def _settle(self, tx: Tx, found: Sequence[Difference]) -> mismatches.Settled:
        standing = {
            name: old
            for name, old in mismatches.of_kinds(tx, OF_PAYMENTS).items()
            if old.opened_at >= self._since(tx)  # older ones are looked at no more, and stay as they are
        }
        return mismatches.settle(tx, standing, found, self._post.keys.new)

    def _since(self, tx: Tx) -> int:
        return tx.now - self._post.limits.reconcile_days * DAY_MS

    def _orders(self, tx: Tx) -> Iterator[tuple[list[Paid], list[Issued]]]:
        """The payments of each order that have no receipt yet, with the receipts of their direction."""
        by_order = defaultdict[tuple[str, str | None, str, int], list[Paid]](list)
        for one in settlements.uncovered(tx, self._since(tx)):
            by_order[one.seller_id, one.shop_id, one.order_id, one.refund].append(one)
        for paid in by_order.values():
            yield paid, [r for r in settlements.of_order(tx, paid[0]) if r.kind == _kind(paid[0])]

    def _fits(self, tx: Tx) -> list[Fit]:
        return [fit for paid, issued in self._orders(tx) for fit in _bind(tx, paid, issued)]

    def _without_receipt(self, tx: Tx) -> Iterator[Difference]:
        before = tx.now - int(self._post.limits.payment_expected * 1000)
        for paid, issued in self._orders(tx):
            for one in paid:
                if one.paid_at < before:
                    yield self._no_receipt(one, issued)

    def _no_receipt(self, one: Paid, issued: Sequence[Issued]) -> Difference:
        waits = next((r for r in issued if r.total == one.kopecks), next(iter(issued), None))
        ru, en = _state(waits)
        told = explain(
            "refund_no_receipt" if one.refund else "paid_no_receipt", order=one.order_id, sum=roubles(one.kopecks),
            since=self._local(one.paid_at), state=ru, state_en=en,
        )  # fmt: skip
        return Difference(
            kind="refund_no_receipt" if one.refund else "paid_no_receipt", subject=one.id,
            day=self._local(one.paid_at)[:10], **told._asdict(), payment_id=one.id,
            receipt_id=waits.id if waits else None, ours=_json(waits), theirs=_json(one),
        )  # fmt: skip

    def _without_payment(self, tx: Tx) -> Iterator[Difference]:
        since, before = self._since(tx), tx.now - int(self._post.limits.unpaid_expected * 1000)
        for shop in settlements.reporting(tx):
            until = min(before, shop.until)
            for one in settlements.unpaid(tx, shop.shop_id, max(since, shop.since), until):
                reports = (
                    one.kind == SALE or shop.refunds
                )  # a shop that never tells of refunds tells nothing by it
                if reports and not settlements.is_paid(tx, shop.shop_id, one):
                    yield self._no_payment(one)

    def _no_payment(self, one: Issued) -> Difference:
        kind = "return_no_refund" if one.kind == RETURN else "receipt_no_payment"
        told = explain(kind, order=one.external_id, sum=roubles(one.total))
        return Difference(
            kind=kind, subject=one.id, day=self._local(one.accepted_at)[:10], **told._asdict(), receipt_id=one.id,
            ours=_json(one),
        )  # fmt: skip

    def _local(self, ms: int) -> str:
        return from_epoch_ms(ms).astimezone(self._zone).strftime("%Y-%m-%d %H:%M")


def _kind(one: Paid) -> str:
    return RETURN if one.refund else SALE


def _bind(tx: Tx, paid: list[Paid], issued: Sequence[Issued]) -> Iterator[Fit]:
    """A receipt that covers other payments already takes no more than what is left of its sums."""
    done = [one for one in issued if one.state == State.FISCALISED]
    owed = [Owed(one.id, one.kopecks) for one in paid]
    sums = [_left(tx, paid[0].order_id, one) for one in done]
    yield from (Fit(*pair) for pair in covers(owed, [one for one in sums if one.total > 0]))


def _left(tx: Tx, order_id: str, one: Issued) -> Sums:
    content = restore(settlements.content(tx, one.id), None)
    money = sum(content.paid(form) for form in (PaymentForm.CASH, PaymentForm.ELECTRONIC))
    taken = settlements.covered(tx, order_id, one.id)
    return Sums(one.id, one.total - taken, money - taken)


def _cover(tx: Tx, fits: Sequence[Fit]) -> None:
    for fit in fits:
        settlements.cover(tx, fit.payment_id, fit.receipt_id)


def _state(waits: Issued | None) -> tuple[str, str]:
    """What is known of a receipt that is there, and does not cover the payment."""
    if waits is None:
        return "", ""
    said = STATES.get(waits.state)
    if said is None:
        return f": есть чек на {roubles(waits.total)}", f": there is one of {roubles(waits.total)}"
    return f": {said[0]}", f": {said[1]}"


def _json(one: Paid | Issued | None) -> bytes | None:
    return None if one is None else msgspec.json.encode(one._asdict())
