"""Intake: a shop's receipt is checked against the law, then durable, then answered. In that order."""

from collections.abc import Mapping
from datetime import date, datetime
from random import Random
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec

from chekpoint.core.clock import Clock, epoch_ms
from chekpoint.fiscal import rules
from chekpoint.fiscal.receipt import Receipt
from chekpoint.hub.bell import Bell
from chekpoint.hub.content import page_token, split
from chekpoint.hub.names import Keys, order_mark
from chekpoint.store import people, pools, receipts
from chekpoint.store.store import Store

EXTERNAL_ID_MOST = 128
WORD_MOST = 64
FIRST_YEAR, LAST_YEAR = 2000, 2200  # of a deadline


class Refused(Exception):
    """The receipt breaks the law or our form; ``faults`` say where and what to do. Nothing was stored."""

    def __init__(self, faults: list[rules.Fault]) -> None:
        super().__init__("; ".join(f"{f.pointer}: {f.en}" for f in faults))
        self.faults = faults


class Different(Exception):
    """The shop's id is taken by a receipt with other content."""

    def __init__(self, receipt_id: str) -> None:
        super().__init__(f"receipt {receipt_id} has this id and another content")
        self.receipt_id = receipt_id


Deadline = Annotated[datetime, msgspec.Meta(tz=True)]


class Order(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One receipt offered by a shop, under the shop's own id."""

    external_id: str
    receipt: Receipt
    deadline: Deadline | None = None  # aware; by when it should be registered
    section: str | None = None  # the shop's own word for a part of itself (a department, a site)
    pay_system: str | None = None  # through which the order was paid, in the shop's words


class Intake:
    """Accepts receipts for one hub."""

    def __init__(
        self, store: Store, clock: Clock, chance: Random, bell: Bell, *, zone: str, secret: bytes
    ) -> None:
        self._store, self._clock, self._chance, self._bell = store, clock, chance, bell
        self._keys, self._zone, self._secret = Keys(clock, chance), ZoneInfo(zone), secret
        self.sellers: dict[str, str] = {}  # INN -> id
        self.routes: Mapping[str, tuple[pools.Route, ...]] | None = None  # seller -> in their order

    async def load(self) -> bool:
        """Read the sellers and the routes to their pools; were the routes others than the last time?"""
        found, routes = await self._store.read(lambda tx: (people.sellers(tx), pools.routes(tx)))
        self.sellers = {s.inn: s.id for s in found}
        before, self.routes = self.routes, pools.by_seller(routes)
        return before != self.routes

    async def accept(self, shop: people.Shop, order: Order) -> receipts.Accepted:
        """Check, store, answer. Raises Refused, Different or StoreError; then nothing was stored.

        A repeat gets its first answer also when the law, or the shop's settings, have changed meanwhile.
        """
        try:
            offer = self.offer(shop, order)
        except Refused:
            if (first := await self._first_answer(shop, order)) is not None:
                return first
            raise
        answer: receipts.Accepted = await self._store.write_bulk(receipts.accept, offer)
        if not answer.same:
            raise Different(answer.receipt_id)
        if answer.fresh:
            self._bell.ring(offer.pool_id)
        return answer

    async def _first_answer(self, shop: people.Shop, order: Order) -> receipts.Accepted | None:
        """What the same content under this id was answered before; None when it is new or another."""
        mark = order_mark(shop.id, order.external_id)
        digest = split(rules.normalise(order.receipt), self._secret)[2]
        return await self._store.read(lambda tx: receipts.first_answer(tx, mark, digest))

    def today(self) -> date:
        """The date in the sellers' zone: the law's dates are local."""
        return self._clock.now().astimezone(self._zone).date()

    def offer(self, shop: people.Shop, order: Order) -> receipts.Offer:
        """The row to store; raises Refused with every fault at once."""
        faults = _id_faults(order.external_id) + _deadline_faults(order.deadline) + _word_faults(order)
        sent = rules.normalise(order.receipt)
        receipt = self._complete(shop, sent)
        faults += rules.faults(receipt, self.today())
        seller_id = self._seller(shop, receipt, faults)
        if faults:
            raise Refused(faults)
        return self._row(shop, order, receipt, seller_id, sent=sent)

    def _complete(self, shop: people.Shop, receipt: Receipt) -> Receipt:
        if receipt.place is None and shop.site and receipt.internet:
            return msgspec.structs.replace(receipt, place=shop.site)
        return receipt

    def _seller(self, shop: people.Shop, receipt: Receipt, faults: list[rules.Fault]) -> str:
        if receipt.seller_inn is None:
            return shop.seller_id
        known = self.sellers.get(receipt.seller_inn)
        if known is None:
            faults.append(
                rules.Fault(
                    pointer="/seller_inn", code="seller_unknown",
                    ru=f"Продавец с ИНН {receipt.seller_inn} не заведён: добавьте его в настройках.",
                    en=f"No seller has the INN {receipt.seller_inn}: add it in the settings.",
                )
            )  # fmt: skip
        return known or shop.seller_id

    def _row(
        self, shop: people.Shop, order: Order, receipt: Receipt, seller_id: str, *, sent: Receipt
    ) -> receipts.Offer:
        content, buyer, digest = split(receipt, self._secret)
        if (
            sent is not receipt
        ):  # the digest is of what the shop said, or a repeat after a change would differ
            digest = split(sent, self._secret)[2]
        facts = pools.Sorted(shop.id, order.section, order.pay_system, receipt.place, receipt.taxation.bit)
        pool_id = pools.pool_of((self.routes or {}).get(seller_id, ()), seller_id, facts)
        key = self._keys.new()
        now = epoch_ms(self._clock.now())
        wait = shop.deadline_seconds * 1000
        return receipts.Offer(
            id=key, seller_id=seller_id, shop_id=shop.id, external_id=order.external_id,
            mark=order_mark(shop.id, order.external_id), digest=digest, content=content, kind=receipt.kind.value,
            total=receipt.amount, taxation=receipt.taxation.bit, marked=int(receipt.marked), pool_id=pool_id,
            section=order.section, pay_system=order.pay_system, place=receipt.place, accepted_at=now,
            deadline_at=epoch_ms(order.deadline) if order.deadline else now + wait,
            expires_at=now + shop.expire_seconds * 1000 if shop.expire_seconds else None,
            buyer=buyer, address=receipt.buyer.contact,
            token=page_token(key, self._secret),
        )  # fmt: skip


def _deadline_faults(deadline: datetime | None) -> list[rules.Fault]:
    """A moment that other zones could not write down is a mistake, not a deadline."""
    if deadline is None or FIRST_YEAR <= deadline.year < LAST_YEAR:
        return []
    return [
        rules.Fault(
            pointer="/deadline", code="deadline_range",
            ru=f"Срок регистрации: год от {FIRST_YEAR} до {LAST_YEAR}.",
            en=f"The deadline's year is between {FIRST_YEAR} and {LAST_YEAR}.",
        )
    ]  # fmt: skip


def _word_faults(order: Order) -> list[rules.Fault]:
    """A section or a payment system is a word that a person could type into a rule."""
    given = (("section", "Отдел", "The section"), ("pay_system", "Платёжная система", "The payment system"))
    return [
        rules.Fault(
            pointer=f"/{name}", code="word_form",
            ru=f"{ru}: от 1 до {WORD_MOST} печатных знаков, без пробелов по краям.",
            en=f"{en}: 1 to {WORD_MOST} printable characters, no spaces at the ends.",
        )
        for name, ru, en in given
        if (word := getattr(order, name)) is not None and not _is_word(word, WORD_MOST)
    ]  # fmt: skip


def _is_word(text: str, most: int) -> bool:
    return 0 < len(text) <= most and text.isprintable() and text.strip() == text


def _id_faults(external_id: str) -> list[rules.Fault]:
    if _is_word(external_id, EXTERNAL_ID_MOST):
        return []
    return [
        rules.Fault(
            pointer="/external_id", code="external_id_form",
            ru=f"Номер чека в магазине: от 1 до {EXTERNAL_ID_MOST} печатных знаков, без пробелов по краям.",
            en=f"The shop's id of the receipt: 1 to {EXTERNAL_ID_MOST} printable characters, no spaces at the ends.",
        )
    ]  # fmt: skip
