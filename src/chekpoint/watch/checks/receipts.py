"""What waits, what was paid and has no receipt, and what receipts say (numbers 19, 20, 24 and 30)."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from chekpoint.core.clock import from_epoch_ms
from chekpoint.fiscal.receipt import Kind, Receipt, Taxation
from chekpoint.fiscal.vat import VatRate
from chekpoint.hub import marks
from chekpoint.hub.causes import About, Link, Trait
from chekpoint.store import people, probes, watched_receipts
from chekpoint.store.incidents import Words
from chekpoint.store.journal import Tx
from chekpoint.watch.check import Check, Finding
from chekpoint.watch.thresholds import Thresholds
from chekpoint.watch.walls import ago, roubles, said

MOST: Final = 500  # newest receipts that the rules look at
_CONTENT: Final = msgspec.json.Decoder(Receipt)
_OLD_RATES: Final = frozenset({VatRate.VAT20, VatRate.VAT120})
_OLD_UNTIL: Final = date(2026, 1, 1)  # 22 % since then
_ENVD_UNTIL: Final = date(2021, 1, 1)
_ABOUT_MARKS: Final = re.compile(r"маркир|\bКМ\b|marking|2106", re.IGNORECASE)


def uncovered(tx: Tx, limits: Thresholds) -> Iterator[Finding]:
    """Money taken (or given back), and no receipt of ours covers it."""
    names = {shop.id: shop.name for shop in people.shops(tx)}
    since, before = tx.now - int(limits.payment_window * 1000), tx.now - int(limits.payment_grace * 1000)
    for one in watched_receipts.uncovered(tx, since=since, before=before):
        place = one.shop_id or one.seller_id
        yield Finding(
            f"{place}:refund" if one.refund else place, _uncovered(names, one, tx.now, limits), one.oldest
        )


def _uncovered(names: dict[str, str], one: watched_receipts.Uncovered, now: int, limits: Thresholds) -> Words:
    shop = names.get(one.shop_id or "")
    where = (
        (f"Магазин «{shop}»", f"Shop “{shop}”") if shop else ("Платежи продавца", "Payments of the seller")
    )
    what = ("возвратов", "refunds") if one.refund else ("оплат", "payments")
    old, at, sum_ = ago(now, one.oldest), said(one.oldest, limits), roubles(one.kopecks)
    return Words(
        "critical",
        f"{where[0]}: {what[0]} без чека: {one.number} на {sum_}, первая в {at} ({old[0]} назад). По закону чек выдают в момент "
        "расчёта: найдите заказы и пробейте чеки, за прошлые дни — чеки коррекции.",
        f"{where[1]}: {one.number} {what[1]} without a receipt, {sum_}, the first at {at} ({old[1]} ago). The law wants the "
        "receipt at the moment of settlement: find the orders and register them; for past days, corrections.",
    )


def queue(tx: Tx, limits: Thresholds) -> Iterator[Finding]:
    """The queue is deep, or its oldest waits long."""
    for one in watched_receipts.waiting(tx, 0):
        age = (tx.now - one.oldest) / 1000
        if one.number >= limits.queue_depth or age > limits.queue_oldest:
            old = ago(tx.now, one.oldest)
            words = Words(
                "warning",
                f"Чеков в очереди на кассы: {one.number}, самый старый ждёт {old[0]}. Кассы не успевают: проверьте, все ли "
                "работают, или добавьте кассу.",
                f"Receipts that wait for a register: {one.number}, the oldest for {old[1]}. The registers do not keep up: see "
                "whether all of them work, or add one.",
            )
            yield Finding(one.seller_id, words, one.oldest if age > limits.queue_oldest else None)


def near_deadline(tx: Tx, limits: Thresholds) -> Iterator[Finding]:
    """They are not late yet; in a minute they are."""
    for one in watched_receipts.waiting(tx, int(limits.deadline_near * 1000)):
        if one.near:
            words = Words(
                "warning",
                f"Чеков, у которых срок вот-вот истечёт: {one.near}. Их ещё не взяла ни одна касса: проверьте кассы.",
                f"Receipts whose deadline is about to pass: {one.near}. No register has taken them yet: check the registers.",
            )
            yield Finding(one.seller_id, words)


def odd(tx: Tx, limits: Thresholds) -> Iterator[Finding]:
    """Rules over the receipts of late, by shop: what a register takes and an inspector does not."""
    names = {shop.id: shop.name for shop in people.shops(tx)}
    found: dict[str, dict[str, list[str]]] = {}
    for one in watched_receipts.recent(tx, tx.now - int(limits.receipts_window * 1000), MOST):
        day = from_epoch_ms(one.accepted_at).astimezone(ZoneInfo(limits.zone or "UTC")).date()
        for oddity in _oddities(_CONTENT.decode(bytes(one.content)), day):
            found.setdefault(one.shop_id, {}).setdefault(oddity, []).append(one.external_id)
    for shop_id, by_oddity in found.items():
        yield Finding(shop_id, _odd(names.get(shop_id, shop_id), by_oddity))


ODDITIES: Final = {
    "old_rate": (
        "ставка 20 % после 01.01.2026 (теперь 22 %)",
        "VAT of 20 % after 2026-01-01 (it is 22 % now)",
    ),
    "old_taxation": ("ЕНВД, отменённый с 2021 года", "ENVD, abolished in 2021"),
    "special_vat": (
        "НДС 20 или 22 % при патенте",
        "VAT of 20 or 22 % under the patent system",
    ),
    "cashier_inn": ("кассир назван без ИНН", "a cashier is named without an INN"),
}


def _oddities(receipt: Receipt, day: date) -> Iterator[str]:
    rates = {item.vat for item in receipt.items}
    fresh = receipt.correction is None and receipt.kind in {
        Kind.SALE,
        Kind.PURCHASE,
    }  # a return keeps the old rate
    if fresh and day >= _OLD_UNTIL and rates & _OLD_RATES:
        yield "old_rate"
    if fresh and day >= _ENVD_UNTIL and receipt.taxation is Taxation.ENVD:
        yield "old_taxation"
    if receipt.taxation is Taxation.PATENT and any(rate.percent >= 20 for rate in rates):
        yield "special_vat"
    if receipt.cashier is not None and receipt.cashier.name and not receipt.cashier.inn:
        yield "cashier_inn"


def _odd(shop: str, found: dict[str, list[str]]) -> Words:
    named = sorted(found.items())
    ru = "; ".join(f"{ODDITIES[oddity][0]} — чеков: {len(ids)} (например, {ids[0]})" for oddity, ids in named)
    en = "; ".join(f"{ODDITIES[oddity][1]}: {len(ids)} receipts ({ids[0]} say)" for oddity, ids in named)
    return Words(
        "warning",
        f"Магазин «{shop}»: касса такие чеки принимает, а проверяющий может не принять: {ru}. Исправьте настройки магазина.",
        f"Shop “{shop}”: a register takes such receipts and an inspector may not: {en}. Mend the shop's settings.",
    )


def marks_refused(tx: Tx, limits: Thresholds) -> Iterator[Finding]:
    """A register refused a receipt because of its marking code."""
    for one in watched_receipts.marked_refused(tx, tx.now - int(limits.marks_window * 1000)):
        if _ABOUT_MARKS.search(f"{one.error_code or ''} {one.error_text or ''}"):
            words = Words(
                "critical",
                f"Чек заказа {one.external_id} не зарегистрирован: код маркировки не прошёл проверку ({one.error_text}). Снимите "
                "этот экземпляр с продажи и проверьте его код в «Честном знаке».",
                f"The receipt of order {one.external_id} was not registered: its marking code did not pass ({one.error_text}). "
                "Take that piece out of sale and check its code.",
            )
            yield Finding(one.id, words, one.updated_at)


def marks_unsure(tx: Tx, limits: Thresholds) -> Iterator[Finding]:
    """Registered, and the register said that a code was not found right, or not checked through."""
    for one in probes.every(tx, marks.PROBE):
        if not one.ok and tx.now - one.at < limits.marks_window * 1000:
            told = "; ".join(msgspec.json.decode(one.body, type=list[str]))
            words = Words(
                "warning",
                f"Чек с маркировкой зарегистрирован, но проверка кода неполна: {told}. Убедитесь в «Честном знаке», что товар "
                "выбыл.",
                f"A receipt with marked goods is registered, but the check of a code is not whole: {told}. See that the goods "
                "are written off.",
            )
            yield Finding(one.subject, words, one.at)


_QUEUE_CAUSES: Final = ("register_silent", "register_blocked", "agent_lost", "worker_hung", "restored")
_RECEIPT: Final = Trait(Link.REGISTER, About.RECEIPT)
CHECKS: Final = (
    Check(
        19, "payment_without_receipt", ("Оплата без чека", "A payment without a receipt"),
        Trait(Link.SHOP, About.OTHER, causes=("late",)), uncovered, follows=True,
    ),
    Check(
        20, "queue_long", ("Очередь чеков", "The queue of receipts"),
        Trait(Link.HUB, About.SELLER, causes=(*_QUEUE_CAUSES, "late")), queue, grace=30.0, recovery=30.0,
    ),
    Check(
        20, "deadline_near", ("Срок чека истекает", "A receipt near its deadline"),
        Trait(Link.HUB, About.SELLER, causes=(*_QUEUE_CAUSES, "late")), near_deadline,
    ),
    Check(
        24, "receipts_odd", ("Содержание чеков", "What receipts say"), Trait(Link.SHOP, About.SHOP), odd,
        every=60.0, recovery=300.0,
    ),
    Check(30, "marking_refused", ("Код маркировки не принят", "A marking code refused"), _RECEIPT, marks_refused),
    Check(30, "marking_unsure", ("Код маркировки проверен не полностью", "A marking code not checked through"), _RECEIPT, marks_unsure),
)  # fmt: skip
