"""Paid but no receipt, and the reverse: both directions, both databases."""

from collections.abc import AsyncIterator
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import bindparam, insert, select

from chekpoint.core.clock import epoch_ms
from chekpoint.fiscal.receipt import Kind
from chekpoint.hub.intake import Order
from chekpoint.hub.payment_gaps import PaymentGaps
from chekpoint.store.settlements import belongs
from chekpoint.store.sql import Query
from chekpoint.store.tables_watch import payment
from tests.both_sides import BothSides, both_sides
from tests.doubles.hubs import SELLER, SHOP
from tests.emulated_world import item, receipt

pytestmark = pytest.mark.anyio
_ADD = Query(insert(payment).values({c.name: bindparam(c.name) for c in payment.columns}))
_BOUND = Query(select(payment.c.external_id, payment.c.receipt_id).order_by(payment.c.external_id))
MINUTE, DAY = 60, 86400


class Till:
    """A shop that tells of its payments."""

    def __init__(self, sides: BothSides) -> None:
        self.sides, self._numbers = sides, count(1)
        self.gaps = PaymentGaps(sides.post, ZoneInfo("Europe/Moscow"))

    async def pay(self, order: str, kopecks: int, *, refund: bool = False, **changes: Any) -> None:
        number, now = next(self._numbers), epoch_ms(self.sides.clock.now())
        row = {
            "id": f"p{number}", "seller_id": SELLER, "shop_id": SHOP.id, "source": "shop", "external_id": f"pay-{number}",
            "order_id": order, "kopecks": kopecks, "refund": int(refund), "paid_at": now, "seen_at": now,
            "receipt_id": None,
        }  # fmt: skip
        await self.sides.store.write(lambda tx: tx.run(_ADD, **(row | changes)))

    async def after(self, seconds: float) -> list[tuple[str, str]]:
        """Let time pass and look; (kind, payment or receipt) of what stands open."""
        self.sides.clock.wind(seconds)
        await self.gaps.once()
        return [(row.kind, row.subject) for row in await self.sides.open()]

    async def bound(self) -> dict[str, str | None]:
        return await self.sides.store.read(lambda tx: {row[0]: row[1] for row in tx.all(_BOUND)})


@pytest.fixture
async def till(database: str) -> AsyncIterator[Till]:
    async with both_sides(database) as sides:
        yield Till(sides)


async def test_a_payment_is_covered_by_the_receipt_of_its_order_and_sum(till: Till) -> None:
    receipt_id = await till.sides.sell(2, receipt(item(10_000)))
    await till.pay("order-2", 10_000)
    assert await till.after(10 * MINUTE) == []
    assert await till.bound() == {"pay-1": receipt_id}


async def test_paid_and_no_receipt_is_told_after_five_minutes_and_closes_with_the_receipt(till: Till) -> None:
    await till.pay("order-2", 10_000)
    assert await till.after(4 * MINUTE) == []
    assert await till.after(2 * MINUTE) == [("paid_no_receipt", "p1")]
    (found,) = await till.sides.open()
    assert "order-2" in found.text_ru
    assert "12:00" in found.text_ru  # the seller's zone
    assert found.severity == "critical"
    await till.sides.sell(2, receipt(item(10_000)))
    assert await till.after(1) == []


async def test_a_receipt_that_is_not_registered_covers_nothing_and_is_named(till: Till) -> None:
    await till.sides.intake.accept(SHOP, Order(external_id="order-2", receipt=receipt(item(10_000))))
    await till.pay("order-2", 10_000)
    assert await till.after(6 * MINUTE) == [("paid_no_receipt", "p1")]
    assert "ждёт кассу" in (await till.sides.open())[0].text_ru


async def test_a_receipt_of_another_sum_does_not_cover(till: Till) -> None:
    await till.sides.sell(2, receipt(item(9_000)))
    await till.pay("order-2", 10_000)
    assert await till.after(6 * MINUTE) == [("paid_no_receipt", "p1")]
    assert "90.00" in (await till.sides.open())[0].text_ru


async def test_two_payments_of_one_order_are_covered_by_one_receipt_and_a_third_is_not(till: Till) -> None:
    await till.sides.sell(2, receipt(item(10_000)))
    await till.pay("order-2", 4_000)
    await till.pay("order-2", 6_000)
    assert await till.after(6 * MINUTE) == []
    await till.pay("order-2", 4_000)
    assert await till.after(6 * MINUTE) == [("paid_no_receipt", "p3")]


async def test_the_same_payment_twice_is_covered_once(till: Till) -> None:
    await till.sides.sell(2, receipt(item(10_000)))
    await till.pay("order-2", 10_000)
    await till.pay("order-2", 10_000)
    assert len(await till.after(6 * MINUTE)) == 1


async def test_a_refund_wants_a_return_receipt(till: Till) -> None:
    await till.sides.sell(2, receipt(item(10_000)))
    await till.pay("order-2", 10_000)
    await till.pay("order-2", 10_000, refund=True)
    assert await till.after(6 * MINUTE) == [("refund_no_receipt", "p2")]


async def test_receipts_without_a_payment_are_told_where_the_shop_tells_of_payments_at_all(
    till: Till,
) -> None:
    sold = await till.sides.sell(2, receipt(item(10_000)))
    assert await till.after(2 * DAY) == []  # nobody has ever told of a payment
    await till.pay("order-9", 500, paid_at=0)
    assert ("receipt_no_payment", sold) in await till.after(1)


async def test_a_return_receipt_without_a_refund(till: Till) -> None:
    await till.pay("order-1", 10_000)
    await till.sides.sell(1, receipt(item(10_000)))
    back = await till.sides.sell(2, receipt(item(10_000), kind=Kind.SALE_RETURN))
    assert await till.after(2 * DAY) == []  # this shop has never told of a refund
    await till.pay("order-7", 300, refund=True)
    assert ("return_no_refund", back) in await till.after(1)


def test_an_order_owns_what_begins_with_its_id_and_ends_there() -> None:
    owned = ["12", "12-1", "12/refund", "12|x"]
    assert [one for one in [*owned, "123", "12a", "1", ""] if belongs(one, "12")] == owned
