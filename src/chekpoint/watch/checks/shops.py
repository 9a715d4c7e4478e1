"""Shops: do they still send receipts, and do they hear of them? (numbers 2 and 29)

A site that the hub polls has incidents of its own (``bitrix_site_silent`` and others). A shop that calls us is
watched only where its longest pause is set: nobody else knows how often it sells.
"""

from collections.abc import Iterator
from typing import Final

from chekpoint.hub.causes import About, Link, Trait
from chekpoint.store import people, watched_receipts
from chekpoint.store.incidents import Words
from chekpoint.store.journal import Tx
from chekpoint.watch.check import Check, Finding
from chekpoint.watch.thresholds import Thresholds
from chekpoint.watch.walls import ago, said


def silent(tx: Tx, limits: Thresholds) -> Iterator[Finding]:
    """No receipt of the shop for longer than its longest pause."""
    for shop in people.shops(tx):
        longest = limits.shops_silent.get(shop.name)
        last = watched_receipts.last_accepted(tx, shop.id) if longest is not None else None
        if longest is not None and last is not None and tx.now - last > longest * 1000:
            yield Finding(shop.id, _silent(shop.name, tx.now, last, limits), last)


def _silent(shop: str, now: int, last: int, limits: Thresholds) -> Words:
    ru, en = ago(now, last)
    return Words(
        "warning",
        f"Магазин «{shop}» не присылал чеков {ru} (последний {said(last, limits)}): дольше, чем бывает. Проверьте, идут ли "
        "оплаты и отправляет ли магазин чеки.",
        f"Shop “{shop}” has sent no receipt for {en} (the last at {said(last, limits)}), longer than it ever rests. See "
        "whether it sells, and whether it sends its receipts.",
    )


def untold(tx: Tx, limits: Thresholds) -> Iterator[Finding]:
    """Notices that were given up: the shop (and through it the buyer) does not know of the receipt."""
    for one in watched_receipts.given_up(tx, tx.now - int(limits.told_window * 1000)):
        why = f": {one.error}" if one.error else ""
        words = Words(
            "warning",
            f"Магазину «{one.shop}» не доставлено уведомлений о чеках: {one.number}, попытки прекращены{why}. Покупатели могли "
            "не получить чек: исправьте адрес магазина и отправьте их снова.",
            f"Shop “{one.shop}” was not told of {one.number} receipts, and nobody tries any more{why}. Buyers may lack theirs: "
            "mend the shop's address and send again.",
        )
        yield Finding(one.shop_id, words, one.oldest)


CHECKS: Final = (
    Check(2, "shop_silent", ("Магазин не присылает чеки", "A shop sends no receipts"), Trait(Link.SHOP, About.SHOP), silent, every=30.0),
    Check(
        29, "notices_given_up", ("Магазин и покупатель не уведомлены", "Shop and buyer not told"),
        Trait(Link.SHOP, About.SHOP, causes=("webhook_failing", "callback_failing")), untold, every=30.0, follows=True,
    ),
)  # fmt: skip
