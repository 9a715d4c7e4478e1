"""Receipts, payments, tickets, mismatches, shops: each check opens its incident by what is stored, and closes it."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from chekpoint.core.lifecycle import Cause, State
from chekpoint.core.ports import FiscalDocument, Ticket
from chekpoint.fiscal.receipt import Buyer, Cashier, Item, Kind, Payment, PaymentForm, Receipt, Taxation
from chekpoint.fiscal.vat import VatRate
from chekpoint.hub.intake import Order
from chekpoint.store import outcomes, probes
from chekpoint.store.journal import Tx
from chekpoint.store.tables import outbox, receipt
from chekpoint.store.tables_watch import mismatch, ofd_record, payment
from chekpoint.store.transitions import move
from tests.doubles.hubs import SELLER, SHOP, sale
from tests.unit.watch_bench import FN, Bench

pytestmark = pytest.mark.anyio
DAY = 86400.0


@pytest.mark.check(2)
async def test_a_shop_that_rests_longer_than_it_ever_does_is_told(database: str) -> None:
    async with Bench(database, "shop_silent", shops_silent={SHOP.name: 3600.0}) as bench:
        assert await bench.opened(7200) == {}  # it never sent anything: it may not be ready yet
        await bench.accept(sale(1))
        assert await bench.opened(3590) == {}
        assert await bench.opened(30) == {("shop_silent", SHOP.id): "warning"}
        await bench.accept(sale(2))
        assert await bench.opened(30) == {}


async def test_a_shop_without_a_set_pause_is_not_watched(database: str) -> None:
    async with Bench(database, "shop_silent") as bench:
        await bench.accept(sale(1))
        assert await bench.opened(30 * DAY) == {}


@pytest.mark.check(16)
async def test_what_the_operator_remarks_in_a_ticket_is_told_until_it_does_so_no_more(database: str) -> None:
    async with Bench(database, "ticket_flags") as bench:
        await bench.holds("k1", 9)
        await keep_ticket(bench, 1, flags=0)
        assert await bench.opened() == {}
        await keep_ticket(bench, 2, flags=1 << 2 | 1 << 3)
        assert await bench.opened(5) == {("ticket_flags", "k1"): "warning"}
        assert "проверьте кабинет ККТ" in await bench.words("ticket_flags")
        assert "обновление ФФД" in await bench.words("ticket_flags")
        await keep_ticket(bench, 3, flags=1 << 7)
        assert await bench.opened(5) == {("ticket_flags", "k1"): "critical"}
        assert "разрешение ОФД аннулировано" in await bench.words("ticket_flags")
        await keep_ticket(bench, 4, flags=0)
        assert await bench.opened(5) == {}


async def keep_ticket(bench: Bench, fd: int, *, flags: int) -> None:
    ticket = Ticket(fn=FN, fd_number=fd, answer=0, flags=flags, operator_inn="7841465198")
    await bench.write(lambda tx: outcomes.keep_ticket(tx, ticket))


async def record(bench: Bench, fd: int, fns: str, received_at: str | None = None) -> None:
    await bench.put(
        ofd_record, fn=FN, fd_number=fd, source="operator:test", fiscal_sign="1", total=100, made_at="", kind=1,
        document=3, answer=0, fns=fns, received_at=received_at, seen_at=bench.now, body=b"{}",
    )  # fmt: skip


@pytest.mark.check(16)
@pytest.mark.parametrize(("state", "severity", "text"), [
    ("refused", "critical", "не прошли контроль ФНС"), ("warning", "warning", "с замечанием"),
])  # fmt: skip
async def test_a_document_that_the_tax_service_refused_is_told(
    database: str, state: str, severity: str, text: str
) -> None:
    async with Bench(database, "refused_by_tax") as bench:
        seen = FiscalDocument(fn=FN, fd_number=7, fiscal_sign="1", total=100, made_at="2026-11-24T12:00:00")
        await bench.write(lambda tx: outcomes.see(tx, seen, "k1"))
        await record(bench, 6, "accepted")
        assert await bench.opened() == {}
        await record(bench, 7, state)
        assert await bench.opened(30) == {("refused_by_tax", "k1"): severity}
        assert text in await bench.words("refused_by_tax")
        assert "ФД 7" in await bench.words("refused_by_tax")
        await bench.change(ofd_record, fns="accepted")
        assert await bench.opened(30) == {}


@pytest.mark.check(17)
@pytest.mark.parametrize(
    "received", [None, "2026-11-24T09:00:00+00:00", "2026-11-24T12:00:00+03:00", "вчера"]
)
async def test_a_document_that_stays_with_the_operator_is_told(database: str, received: str | None) -> None:
    async with Bench(database, "tax_waiting") as bench:
        await record(bench, 7, "waiting", received)
        assert await bench.opened(DAY - 60) == {}
        assert await bench.opened(120) == {("tax_waiting", FN): "warning"}
        assert await bench.opened(2 * DAY) == {("tax_waiting", FN): "critical"}
        assert "ждёт 3 сут" in await bench.words("tax_waiting")
        await bench.change(ofd_record, fns="accepted")
        assert await bench.opened(60) == {}


@pytest.mark.check(18)
async def test_mismatches_are_one_incident_for_each_register(database: str) -> None:
    async with Bench(database, "mismatches") as bench:
        for number, kind, severity in ((1, "missing_there", "warning"), (2, "differs_sum", "critical")):
            await bench.put(
                mismatch, id=str(number), kind=kind, subject=f"{FN}/{number}", severity=severity, register_id="k1",
                day="2026-11-24", text_ru=f"Нет у ОФД: {number}.", text_en=f"Missing: {number}.", act_ru="Спросите ОФД.",
                act_en="Ask.", opened_at=bench.now,
            )  # fmt: skip
        assert await bench.opened() == {("mismatches", "k1"): "critical"}
        words = await bench.words("mismatches")
        assert "расхождений: 2 (differs_sum, missing_there)" in words
        assert "Нет у ОФД: 1. Спросите ОФД." in words
        await bench.change(mismatch, resolved_at=bench.now, severity="warning")
        assert await bench.opened(15) == {}


@pytest.mark.check(19)
@pytest.mark.parametrize(("refund", "subject"), [(0, SHOP.id), (1, f"{SHOP.id}:refund")])
async def test_money_without_a_receipt_is_told_after_five_minutes(
    database: str, refund: int, subject: str
) -> None:
    async with Bench(database, "payment_without_receipt") as bench:
        for number, kopecks in ((1, 123_456), (2, 1)):
            await bench.put(
                payment, id=str(number), seller_id=SELLER, shop_id=SHOP.id, source="shop", external_id=str(number),
                order_id=str(number), kopecks=kopecks, refund=refund, paid_at=bench.now, seen_at=bench.now,
            )  # fmt: skip
        assert await bench.opened(299) == {}
        assert await bench.opened(5) == {("payment_without_receipt", subject): "critical"}
        assert "2 на 1\u00a0234,57\u00a0₽" in await bench.words("payment_without_receipt")
        await bench.change(payment, receipt_id="r1")
        assert await bench.opened(5) == {}


@pytest.mark.check(20)
async def test_a_queue_that_is_deep_or_old_is_told(database: str) -> None:
    async with Bench(database, "queue_long", queue_depth=3) as bench:
        for number in range(2):
            await bench.accept(sale(number))
        await bench.opened()
        assert await bench.opened(60) == {}
        assert await bench.opened(90) == {("queue_long", SELLER): "warning"}  # two, but old
        await bench.change(receipt, accepted_at=bench.now)
        await bench.opened(5)
        assert await bench.opened(30) == {}
        await bench.accept(sale(3))
        await bench.opened(5)
        assert await bench.opened(30) == {("queue_long", SELLER): "warning"}  # three
        await bench.change(receipt, state="cancelled")
        await bench.opened(5)
        assert await bench.opened(30) == {}


@pytest.mark.check(20)
async def test_a_receipt_near_its_deadline_is_told_before_it_is_late(database: str) -> None:
    async with Bench(database, "deadline_near") as bench:
        await bench.accept(sale(1))  # 300 s
        assert await bench.opened(235) == {}
        assert await bench.opened(10) == {("deadline_near", SELLER): "warning"}
        assert await bench.opened(60) == {}  # late now: the hub tells of that


def order(number: int, **fields: Any) -> Order:
    """A receipt with something odd."""
    item = Item(
        name="Товар", price=10_000, quantity=Decimal(1), sum=10_000, vat=fields.pop("vat", VatRate.VAT22)
    )
    plain: dict[str, Any] = {
        "kind": Kind.SALE, "taxation": Taxation.OSN, "items": (item,), "buyer": Buyer(contact="+79990000000"),
        "payments": (Payment(form=PaymentForm.ELECTRONIC, sum=10_000),),
    }  # fmt: skip
    return Order(external_id=f"order-{number}", receipt=Receipt(**plain | fields))


@pytest.mark.check(24)
@pytest.mark.parametrize(("fields", "text"), [
    ({"vat": VatRate.VAT20}, "ставка 20 %"), ({"vat": VatRate.VAT120}, "ставка 20 %"),
    ({"taxation": Taxation.PATENT}, "при патенте"), ({"cashier": Cashier(name="Анна")}, "без ИНН"),
])  # fmt: skip
async def test_receipts_that_an_inspector_would_not_take_are_told(
    database: str, fields: dict[str, Any], text: str
) -> None:
    async with Bench(database, "receipts_odd") as bench:
        await bench.accept(order(1))
        await bench.accept(order(2, kind=Kind.SALE_RETURN, vat=VatRate.VAT20))  # of a sale of last year
        assert await bench.opened() == {}
        await bench.accept(order(3, **fields))
        assert await bench.opened(60) == {("receipts_odd", SHOP.id): "warning"}
        assert text in await bench.words("receipts_odd")
        assert "order-3" in await bench.words("receipts_odd")
        await bench.opened(3600)
        assert await bench.opened(300) == {}  # none since


@pytest.mark.check(29)
async def test_notices_that_were_given_up_are_told_until_they_are_sent_again(database: str) -> None:
    async with Bench(database, "notices_given_up") as bench:
        row = {
            "channel": "webhook",
            "shop_id": SHOP.id,
            "receipt_id": "r1",
            "body": b"{}",
            "created_at": bench.now,
        }
        await bench.put(outbox, id="1", state="waiting", **row)
        assert await bench.opened() == {}
        await bench.change(outbox, state="given_up", error="HTTP 500")
        assert await bench.opened(30) == {("notices_given_up", SHOP.id): "warning"}
        assert "HTTP 500" in await bench.words("notices_given_up")
        await bench.change(outbox, state="delivered")
        assert await bench.opened(30) == {}


@pytest.mark.check(30)
async def test_a_marking_code_that_did_not_pass_is_told(database: str) -> None:
    async with Bench(database, "marking_refused") as bench:
        key = await bench.accept(sale(1))
        await bench.change(receipt, marked=1)

        def refuse(tx: Tx) -> None:
            move(
                tx,
                key,
                State.QUEUED,
                Cause.REFUSED,
                next_check_at=None,
                error_code="2106",
                error_text="Код не прошёл",
            )

        await bench.write(refuse)
        assert await bench.opened() == {("marking_refused", key): "critical"}
        assert "order-1" in await bench.words("marking_refused")
        await bench.change(receipt, state="queued")
        assert await bench.opened(5) == {}


@pytest.mark.check(30)
async def test_a_marking_code_that_was_not_checked_through_is_told_for_a_day(database: str) -> None:
    async with Bench(database, "marking_unsure") as bench:
        body = msgspec.json.encode(["2106 = 00011"])
        await bench.write(lambda tx: probes.note(tx, "marks", "r1", ok=False, body=body))
        assert await bench.opened() == {("marking_unsure", "r1"): "warning"}
        assert "2106 = 00011" in await bench.words("marking_unsure")
        assert await bench.opened(DAY) == {}
