"""The contract of ``core.ports.Register``: every driver on its real protocol against its emulated register.

A driver joins by adding its bench to ``BENCHES``. The emulated drive's archive is the truth.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any

import anyio
import msgspec
import pytest

from chekpoint.core.errors import (
    BlockReason,
    NotSent,
    OutcomeUnknown,
    RegisterBlocked,
    RegisterError,
    Rejected,
)
from chekpoint.core.ports import Absent, Attempt, Deed, Errand, FiscalDocument, Registered
from chekpoint.emulators.drive_archive import ArchivedDocument
from chekpoint.emulators.faults import Fault, FaultKind, FaultPlan, Point
from chekpoint.emulators.modulkassa_cloud.service import PointSetup, SecondPost
from chekpoint.fiscal.money import quantity_text
from chekpoint.fiscal.receipt import (
    Agent,
    AgentSign,
    Cashier,
    Correction,
    CorrectionBy,
    Kind,
    Payment,
    PaymentForm,
    Receipt,
    SettlementMethod,
    SettlementObject,
    Supplier,
    UserProperty,
)
from chekpoint.fiscal.vat import VatRate
from tests.contract.agent_bench import agent_bench
from tests.contract.atol_bench import atol_bench
from tests.contract.atol_online_bench import atol_online_bench
from tests.contract.komtet_bench import komtet_bench
from tests.contract.modulkassa_bench import modulkassa_bench
from tests.contract.orange_data_bench import orange_data_bench
from tests.contract.register_bench import RegisterBench, attempt_of, cannot, carried, truth
from tests.contract.shtrih_bench import shtrih_bench
from tests.emulated_world import item, receipt

pytestmark = pytest.mark.anyio

Opener = Callable[..., AbstractAsyncContextManager[Any]]
BENCHES: dict[str, tuple[Opener, dict[str, Any]]] = {
    "atol-v1": (atol_bench, {"generation": "v1"}),
    "atol-v2": (atol_bench, {"generation": "v2"}),
    "shtrih-v1": (shtrih_bench, {"wire": "tcp", "protocol": "v1"}),
    "shtrih-v2": (shtrih_bench, {"wire": "tcp", "protocol": "v2"}),
    "shtrih-pty": (shtrih_bench, {"wire": "pty", "protocol": "auto"}),
    "agent-atol-v2": (agent_bench, {"maker": "atol", "generation": "v2"}),
    "agent-shtrih": (agent_bench, {"maker": "shtrih", "wire": "tcp", "protocol": "v2"}),
}

"""Registers whose drive can be read."""
CLOUDS: dict[str, tuple[Opener, dict[str, Any]]] = {
    "atol-online-v4": (atol_online_bench, {"version": "v4"}),
    "atol-online-v5": (atol_online_bench, {"version": "v5"}),
    "komtet": (komtet_bench, {}),
    "orange-data": (orange_data_bench, {}),
    "orange-data-1.05": (orange_data_bench, {"ffd": "1.05"}),
    "modulkassa": (modulkassa_bench, {}),
    "modulkassa-refusing": (
        modulkassa_bench,
        {"setup": PointSetup(second=SecondPost.ERROR, unknown=400, bodies=False)},
    ),
}
"""Services that answer for our own ids alone."""
ALL = BENCHES | CLOUDS


@pytest.fixture(params=ALL)
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[RegisterBench]:
    opener, settings = ALL[request.param]
    async with opener(**settings) as opened:
        yield opened


@pytest.fixture(params=BENCHES)
async def drive_bench(request: pytest.FixtureRequest) -> AsyncIterator[RegisterBench]:
    """Only registers whose drive can be read, and whose shift is ours to open."""
    opener, settings = BENCHES[request.param]
    async with opener(**settings) as opened:
        yield opened


@pytest.fixture(params=CLOUDS)
async def cloud_bench(request: pytest.FixtureRequest) -> AsyncIterator[RegisterBench]:
    opener, settings = CLOUDS[request.param]
    async with opener(**settings) as opened:
        yield opened


SALE = receipt(item(7315, name="Бананы"), item(5125, "2", name="Шуба «Норка» — 2026", vat=VatRate.VAT10))
AGENT = Agent(sign=AgentSign.PAYING_AGENT, operation="Приём", agent_phones=("+79990000001",))


def paid(*payments: tuple[PaymentForm, int]) -> dict[str, Any]:
    return {"payments": tuple(Payment(form=form, sum=total) for form, total in payments)}


CONTENTS: dict[str, Receipt] = {
    **{kind.value: receipt(kind=kind) for kind in Kind},
    **{
        method.value: receipt(item(method=method), **paid((form, 10_000)))
        for method, form in (
            (SettlementMethod.FULL_PREPAYMENT, PaymentForm.ELECTRONIC),
            (SettlementMethod.PREPAYMENT, PaymentForm.ELECTRONIC),
            (SettlementMethod.ADVANCE, PaymentForm.ELECTRONIC),
            (SettlementMethod.FULL_PAYMENT, PaymentForm.PREPAID),
            (SettlementMethod.CREDIT, PaymentForm.CREDIT),
            (SettlementMethod.CREDIT_PAYMENT, PaymentForm.ELECTRONIC),
        )
    },
    **{rate.value: receipt(item(vat=rate)) for rate in VatRate},
    "two payments of one form": receipt(
        **paid((PaymentForm.ELECTRONIC, 4_000), (PaymentForm.ELECTRONIC, 5_000), (PaymentForm.CASH, 1_000))
    ),
    "agent and supplier": receipt(
        item(agent=AGENT, supplier=Supplier(inn="7709364346", name="ООО Поставщик", phones=("+79990000002",)))
    ),
    "service": receipt(item(object=SettlementObject.SERVICE)),
    "weight": receipt(item(9_999, "2.474", sum=24_738, unit=11)),
    "six places": receipt(item(100_000, "0.123456", sum=12_346)),
    "kopecks off the total": receipt(item(10_099), total=10_000, **paid((PaymentForm.CASH, 10_000))),
    "cashier, paper": receipt(cashier=Cashier(name="Иванов И. И."), paper=True),
    "shop's own requisites": receipt(note="заказ 7", user_property=UserProperty(name="Курьер", value="Пётр")),
    "correction": receipt(correction=Correction(by=CorrectionBy.SELF, date="2026-11-01", number="17")),
    "ten items": receipt(*(item(1_000 + n, name=f"Товар № {n}") for n in range(10))),
}


def essence(content: Receipt) -> dict[str, Any]:
    """What must be equal between the shop's receipt and the signed document."""
    return {
        "kind": content.kind,
        "taxation": content.taxation,
        "total": content.amount,
        "buyer": content.buyer.contact,
        "payments": {form: content.paid(form) for form in PaymentForm},
        "items": [
            (
                i.name,
                i.price,
                quantity_text(i.quantity),
                i.sum,
                i.vat,
                i.method,
                i.object,
                i.unit,
                i.agent,
                i.supplier,
            )
            for i in content.items
        ],
        "correction": content.correction,
    }


def stored(content: Receipt) -> Receipt:
    """As the drive can store it: CP866 has no « » and no dashes."""
    from chekpoint.fiscal.text866 import substitute

    items = tuple(msgspec.structs.replace(i, name=substitute(i.name)) for i in content.items)
    return msgspec.structs.replace(content, items=items)


def assert_same(document: FiscalDocument, archived: ArchivedDocument) -> None:
    assert (document.fn, document.fd_number, document.document) == (
        archived.fn,
        archived.fd_number,
        archived.code,
    )
    assert (document.kind, document.total) == (archived.kind, archived.total)
    assert document.fiscal_sign == archived.sign_text
    assert document.made_at == archived.made_at.isoformat()


async def settle(bench: RegisterBench, attempt: Attempt, tries: int = 400) -> Registered | Absent | Rejected:
    """Ask until the register can tell, as recovery does."""
    for _ in range(tries):
        try:
            return await bench.register.locate(attempt)
        except Rejected as refused:
            return refused
        except (OutcomeUnknown, RegisterBlocked):
            await anyio.sleep(0.01)
    raise AssertionError("locate never came to an end")


# ------------------------------------------------------------------ the ordinary day


@pytest.mark.parametrize("name", CONTENTS)
async def test_one_document_with_the_very_content(bench: RegisterBench, name: str) -> None:
    content = CONTENTS[name]
    if name in cannot(bench):  # said before the first byte, and in words
        with pytest.raises(Rejected) as refused:
            await bench.register.submit(attempt_of(bench, content))
        assert (refused.value.code, truth(bench)) == ("unsupported", [])
        return
    made = await bench.register.submit(attempt_of(bench, content))
    (archived,) = truth(bench)
    assert_same(made.document, archived)
    assert archived.receipt is not None
    assert essence(archived.receipt) == essence(stored(carried(bench, content)))
    assert made.evidence


@pytest.mark.parametrize("name", CONTENTS)
async def test_document_is_read_back_equal_and_known_as_ours(drive_bench: RegisterBench, name: str) -> None:
    attempt = attempt_of(drive_bench, CONTENTS[name])
    made = await drive_bench.register.submit(attempt)
    read = await drive_bench.register.document(made.document.fd_number)
    assert read is not None
    assert_same(read, truth(drive_bench)[0])
    assert [(total, quantity) for _, total, quantity in read.items] == [
        (i.sum, quantity_text(i.quantity)) for i in attempt.receipt.items
    ]
    found = await drive_bench.register.locate(attempt)
    assert isinstance(found, Registered)
    assert found.document.fd_number == made.document.fd_number


async def test_missing_document_is_none_and_not_an_error(bench: RegisterBench) -> None:
    assert await bench.register.document(12345) is None


async def test_shift_is_opened_and_closed_once(drive_bench: RegisterBench) -> None:
    opened = await drive_bench.register.open_shift()
    assert opened is not None
    assert opened.document == 2
    assert await drive_bench.register.open_shift() is None
    await drive_bench.register.submit(attempt_of(drive_bench, SALE))
    closed = await drive_bench.register.close_shift()
    assert closed is not None
    assert closed.document == 5
    assert await drive_bench.register.close_shift() is None
    assert [d.code for d in drive_bench.emulated.drive.documents()] == [1, 2, 3, 5]


async def test_cash_and_an_x_report_make_no_fiscal_document(drive_bench: RegisterBench) -> None:
    await drive_bench.register.open_shift()
    last = drive_bench.emulated.drive.last_fd
    register, before = drive_bench.register, drive_bench.emulated.cash
    told = [("cash", 50_000), ("cash", -20_000), ("x_report", 0)]
    for number, (deed, kopecks) in enumerate(told):
        errand = Errand(id=f"01932d9b-0000-7000-9000-{number:012d}", deed=Deed(deed), kopecks=kopecks)
        assert await register.run(errand)
    assert drive_bench.emulated.cash - before == 30_000
    too_much = Errand(id="01932d9b-0000-7000-9000-000000000009", deed=Deed.CASH, kopecks=-99_999_999)
    with pytest.raises(RegisterError):
        await register.run(too_much)
    assert drive_bench.emulated.cash - before == 30_000
    assert drive_bench.emulated.drive.last_fd == last


async def test_a_cloud_refuses_cash_and_reports_in_words(cloud_bench: RegisterBench) -> None:
    with pytest.raises(Rejected):
        await cloud_bench.register.run(Errand(id="1", deed=Deed.X_REPORT))


async def test_status_tells_who_and_how_far(drive_bench: RegisterBench) -> None:
    await drive_bench.register.submit(attempt_of(drive_bench, SALE))
    status = await drive_bench.register.status()
    drive = drive_bench.emulated.drive
    assert status.ready
    assert (status.fn, status.last_fd, status.shift) == (drive.number, drive.last_fd, "open")
    assert (status.ffd, status.seller_inn) == ("1.2", "7700000016")
    assert status.unsent_count == drive.unsent().count
    assert (status.paper, status.cover_open) == (True, False)
    reading = await drive_bench.register.exchange()
    assert (reading.unsent_count, reading.unsent_first_fd) == (drive.unsent().count, drive.unsent().first_fd)


async def test_a_cloud_names_no_drive_of_its_own(cloud_bench: RegisterBench) -> None:
    status = await cloud_bench.register.status()
    assert status.ready
    assert (status.fn, status.last_fd) == (None, None)
    assert await cloud_bench.register.open_shift() is None
    assert await cloud_bench.register.close_shift() is None
    assert await cloud_bench.register.document(1) is None
    assert await cloud_bench.register.ticket(1) is None


# ------------------------------------------------------------------ lost answers


async def test_lost_answer_is_found_on_the_register(bench: RegisterBench) -> None:
    attempt = attempt_of(bench, SALE)
    bench.lose_answer()
    with pytest.raises(OutcomeUnknown):
        await bench.register.submit(attempt)
    for _ in range(10):  # asking changes nothing
        found = await settle(bench, attempt)
        assert isinstance(found, Registered)
        assert_same(found.document, truth(bench)[0])
    assert len(truth(bench)) == 1


async def test_command_that_arrives_after_all_registers_nothing_more(bench: RegisterBench) -> None:
    """A drive that could be read has no document then; a service that takes an id once may have made one by now."""
    attempt = attempt_of(bench, SALE)
    bench.lose_command()
    with pytest.raises(OutcomeUnknown):
        await bench.register.submit(attempt)
    told = type(await settle(bench, attempt))
    assert told is Absent or (told is Registered and not bench.register.keeps_archive)
    before, last = truth(bench), bench.emulated.drive.last_fd
    assert len(before) == (told is Registered)
    await bench.deliver_late()
    for _ in range(10):
        assert type(await settle(bench, attempt)) is told
    assert truth(bench) == before
    assert bench.emulated.drive.last_fd == last


async def test_the_next_attempt_of_an_absent_receipt_makes_its_only_document(bench: RegisterBench) -> None:
    first = attempt_of(bench, SALE)
    bench.lose_command()
    with pytest.raises(OutcomeUnknown):
        await bench.register.submit(first)
    if isinstance(await settle(bench, first), Absent):
        second = msgspec.structs.replace(attempt_of(bench, SALE, 2), mark=first.mark)
        await bench.register.submit(second)
    await bench.deliver_late()
    assert len(truth(bench)) == 1


async def test_same_attempt_twice_makes_one_document(bench: RegisterBench) -> None:
    attempt = attempt_of(bench, SALE)
    made = await bench.register.submit(attempt)
    try:
        again = await bench.register.submit(attempt)
        assert again.document == made.document
    except OutcomeUnknown:
        found = await settle(bench, attempt)
        assert isinstance(found, Registered)
    assert len(truth(bench)) == 1


async def test_equal_receipts_of_two_orders_are_told_apart(bench: RegisterBench) -> None:
    first, second = attempt_of(bench, SALE, 1), attempt_of(bench, SALE, 2)
    made = await bench.register.submit(first)
    bench.lose_command()
    with pytest.raises(OutcomeUnknown):
        await bench.register.submit(second)
    found = await settle(bench, second)
    assert isinstance(found, Absent | Registered)
    assert isinstance(found, Absent) or found.document.fd_number != made.document.fd_number


async def test_broken_link_blocks_the_lane_and_registers_nothing(bench: RegisterBench) -> None:
    attempt = attempt_of(bench, SALE)
    await bench.register.status()
    await bench.break_link()
    for ask in (bench.register.submit, bench.register.locate):
        with pytest.raises(RegisterBlocked) as caught:
            await ask(attempt)
        assert caught.value.reason is BlockReason.NO_LINK
    with pytest.raises(RegisterBlocked):
        await bench.register.status()
    assert truth(bench) == []
    await bench.mend_link()
    assert (await bench.register.submit(attempt)).document.total == SALE.amount


# ------------------------------------------------------------------ power, paper, shift


@pytest.mark.parametrize(
    ("step", "signed"), [(Point.BEFORE_SIGN, 0), (Point.AFTER_SIGN, 1), (Point.PRINTING, 1)]
)
async def test_power_loss_at_each_step_is_settled_by_the_drive(
    drive_bench: RegisterBench, step: Point, signed: int
) -> None:
    await drive_bench.register.open_shift()
    attempt = attempt_of(drive_bench, msgspec.structs.replace(SALE, paper=True))
    drive_bench.emulated.faults.order(step, Fault(kind=FaultKind.POWER_LOSS, seconds=0.2))
    try:
        outcome: Registered | Absent | Rejected = await drive_bench.register.submit(attempt)
    except RegisterBlocked:
        assert signed == 0
        return
    except OutcomeUnknown:
        outcome = await settle(drive_bench, attempt)
    assert len(truth(drive_bench)) == signed
    if signed:
        assert isinstance(outcome, Registered)
        assert_same(outcome.document, truth(drive_bench)[0])
    else:
        assert isinstance(outcome, Absent)


@pytest.mark.parametrize(
    ("field", "reason"), [("paper", BlockReason.PAPER_OUT), ("cover_open", BlockReason.COVER_OPEN)]
)
async def test_printer_trouble_blocks_the_lane(
    drive_bench: RegisterBench, field: str, reason: BlockReason
) -> None:
    await drive_bench.register.open_shift()
    setattr(drive_bench.emulated, field, field == "cover_open")
    assert (await drive_bench.register.status()).block is reason
    attempt = attempt_of(drive_bench, msgspec.structs.replace(SALE, paper=True))
    with pytest.raises(RegisterError) as caught:
        await drive_bench.register.submit(attempt)
    assert isinstance(caught.value, RegisterBlocked | OutcomeUnknown)
    assert truth(drive_bench) == []
    setattr(drive_bench.emulated, field, field == "paper")
    if isinstance(caught.value, OutcomeUnknown):
        assert isinstance(await settle(drive_bench, attempt), Absent)
    else:
        assert caught.value.reason in {reason, BlockReason.QUEUE_BLOCKED}


async def test_expired_shift_blocks_until_it_is_closed(drive_bench: RegisterBench) -> None:
    await drive_bench.register.open_shift()
    drive_bench.emulated.clock_offset = timedelta(hours=25)
    assert (await drive_bench.register.status()).block is BlockReason.SHIFT_EXPIRED
    attempt = attempt_of(drive_bench, SALE)
    with pytest.raises(RegisterBlocked) as caught:
        await drive_bench.register.submit(attempt)
    assert caught.value.reason is BlockReason.SHIFT_EXPIRED
    assert truth(drive_bench) == []
    assert await drive_bench.register.close_shift() is not None
    assert (await drive_bench.register.submit(attempt_of(drive_bench, SALE, 2))).document.total == SALE.amount


@pytest.mark.parametrize(
    "content",
    [
        receipt(**paid((PaymentForm.CASH, 9_000))),
        receipt(**paid((PaymentForm.ELECTRONIC, 11_000))),
        receipt(**paid()),
    ],
    ids=["paid too little", "card pays too much", "not paid"],
)
async def test_bad_content_is_rejected_and_the_next_one_goes_through(
    bench: RegisterBench, content: Receipt
) -> None:
    attempt = attempt_of(bench, content)
    with pytest.raises(Rejected) as caught:
        await bench.register.submit(attempt)
    assert caught.value.message
    assert truth(bench) == []
    assert isinstance(await settle(bench, attempt), Rejected | Absent)
    await bench.register.submit(attempt_of(bench, SALE, 2))
    assert len(truth(bench)) == 1


# ------------------------------------------------------------------ everything at once


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("name", ALL)
async def test_nothing_lost_and_nothing_doubled_on_a_bad_line(name: str, seed: int) -> None:
    opener, settings = ALL[name]
    plan = FaultPlan.from_spec(
        f"drop@face.request=0.04,drop@face.answer=0.06,cut@face.answer=0.05:40,garbage@face.answer=0.03,"
        f"duplicate@face.request=0.04,seed={seed}"
    )
    async with opener(**settings, faults=plan) as bench:
        made: dict[int, int] = {}
        for number in range(1, 9):
            made[number] = await _register_somehow(bench, number)
        plan.clear()
        assert [d.fd_number for d in truth(bench)] == list(made.values())


async def _register_somehow(bench: RegisterBench, number: int) -> int:
    """What a lane does: attempt after attempt, each settled before the next. Gives the FD number."""
    content = receipt(item(1_000 * number, name=f"Товар {number}"))
    for turn in range(200):
        attempt = msgspec.structs.replace(
            attempt_of(bench, content, number * 1000 + turn), mark=f"{number:016x}"
        )
        try:
            return (await bench.register.submit(attempt)).document.fd_number
        except (RegisterBlocked, NotSent):
            continue
        except OutcomeUnknown:
            found = await settle(bench, attempt)
            if isinstance(found, Registered):
                return found.document.fd_number
    raise AssertionError("the receipt was never registered")
