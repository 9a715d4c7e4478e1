"""Paid but no receipt: the gap must be found, and closed only by a receipt that explains the money."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec
import pytest

from chekpoint.core.lifecycle import State
from chekpoint.fiscal.receipt import Payment, PaymentForm
from chekpoint.hub.intake import Order
from chekpoint.hub.payments import Owed, Sums, covers, gap_age, orders_of
from chekpoint.store import views_payments
from chekpoint.store.listing import id_at
from tests.doubles.hubs import SHOP, sale
from tests.unit.books_bench import Books, opened

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/books.db"
    else:
        yield request.getfixturevalue("pg_database")


@pytest.fixture
async def books(database: str) -> AsyncIterator[Books]:
    async with opened(database) as made:
        yield made


def test_an_order_is_named_by_the_beginning_of_its_receipts_ids() -> None:
    assert orders_of("1041") == ("1041",)
    assert orders_of("1041-2") == ("1041-2", "1041")
    assert orders_of("А/7_1") == ("А/7_1", "А/7", "А")
    assert orders_of("-1") == ("-1",)


def test_two_payments_make_one_receipt_and_one_payment_two_receipts() -> None:
    first, second = Owed("a", 500), Owed("b", 798)
    assert covers([first, second], [Sums("r", 1298, 1298)]) == [("a", "r"), ("b", "r")]
    assert covers([first], [Sums("r", 1298, 500)]) == [("a", "r")]  # the rest was prepaid
    assert covers([first], [Sums("r", 300, 300), Sums("s", 200, 200)]) == [("a", "r")]
    assert covers([first, second], [Sums("r", 500, 500)]) == [("a", "r")]
    assert covers([first], [Sums("r", 499, 499)]) == []


async def test_a_payment_without_a_receipt_is_in_the_list_until_one_is_registered(books: Books) -> None:
    key = await books.paid("41", 10_000)
    assert await books.gaps() == [(key, None)]
    await books.accept(books.sale("41-1"))
    await books.bind()
    assert await books.gaps() == [(key, State.QUEUED)]  # on its way, and no more than that
    await books.becomes("41-1", State.FISCALISED)
    await books.bind()
    assert await books.gaps() == []


@pytest.mark.parametrize("state", [State.REJECTED, State.EXPIRED, State.CANCELLED])
async def test_a_receipt_that_came_to_nothing_is_no_receipt(books: Books, state: State) -> None:
    key = await books.paid("41", 10_000)
    await books.accept(books.sale("41"))
    await books.becomes("41", state)
    await books.bind()
    assert await books.gaps() == [(key, state)]
    await books.accept(books.sale("41-2"))
    assert await books.gaps() == [(key, State.QUEUED)]  # a living one says more than a dead one
    await books.becomes("41-2", State.FISCALISED)
    await books.bind()
    assert await books.gaps() == []


async def test_the_money_taken_with_a_receipt_is_paid_where_the_rest_was_prepaid(books: Books) -> None:
    await books.accept(partly_prepaid("41", money=79_800, prepaid=50_000))
    await books.becomes("41", State.FISCALISED)
    await books.paid("41", 79_800)
    await books.bind()
    assert await books.gaps() == []


def partly_prepaid(number: str, *, money: int, prepaid: int) -> Order:
    whole = sale(1, total=money + prepaid)
    paid = (Payment(form=PaymentForm.ELECTRONIC, sum=money), Payment(form=PaymentForm.PREPAID, sum=prepaid))
    return Order(external_id=number, receipt=msgspec.structs.replace(whole.receipt, payments=paid))


async def test_one_receipt_does_not_cover_two_payments_of_its_sum(books: Books) -> None:
    await books.paid("41", 10_000)
    await books.accept(books.sale("41"))
    await books.becomes("41", State.FISCALISED)
    await books.bind()
    second = await books.paid("41", 10_000)
    await books.bind()
    assert await books.gaps() == [(second, State.FISCALISED)]


async def test_a_receipt_of_another_sum_or_of_another_direction_covers_nothing(books: Books) -> None:
    for number, total in (("41", 9_999), ("42", 10_000)):
        await books.accept(books.sale(number, total))
        await books.becomes(number, State.FISCALISED)
    other, back = await books.paid("41", 10_000), await books.paid("42", 10_000, refund=1)
    await books.bind()
    assert dict(await books.gaps()) == {other: State.FISCALISED, back: None}


async def test_a_receipt_that_nobody_paid_is_found_where_the_shop_reports_payments(books: Books) -> None:
    await books.paid("41", 10_000)
    for number in ("41-1", "42"):
        await books.accept(books.sale(number))
        await books.becomes(number, State.FISCALISED)
    assert await books.store.read(lambda tx: views_payments.since(tx, SHOP.id)) == books.now
    assert await books.store.read(lambda tx: views_payments.since(tx, "another")) is None
    found, more = await books.store.read(
        lambda tx: views_payments.unpaid(tx, SHOP.id, id_at(0), "~", orders_of)
    )
    assert ([one.external_id for one in found], more) == (["42"], False)


async def test_the_list_is_read_by_pages_and_by_age(books: Books) -> None:
    made = []
    for number in range(5):
        made.append(await books.paid(str(number), 100))
        books.clock.wind(60)
    first = await books.store.read(lambda tx: views_payments.gaps(tx, most=2))
    rest = await books.store.read(lambda tx: views_payments.gaps(tx, (first[-1].paid_at, first[-1].id)))
    assert [gap.id for gap in (*first, *rest)] == made[::-1]
    late = await books.store.read(lambda tx: views_payments.gaps(tx, until=books.now - 180_000))
    assert [gap.id for gap in late] == made[:3][::-1]


def test_the_five_minutes_of_the_law_are_not_late_yet() -> None:
    assert [gap_age(0, ms) for ms in (0, 300_000, 300_001, 86_400_000, 86_400_001)] == [
        "fresh", "fresh", "late", "late", "old",
    ]  # fmt: skip
