"""The Shtrih-M driver where models differ, where others interfere, and where the wire lies."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import anyio
import msgspec
import pytest

from chekpoint.core.clock import SystemClock
from chekpoint.core.errors import BlockReason, NotSent, OutcomeUnknown, RegisterBlocked, Rejected
from chekpoint.core.ports import Absent, Registered
from chekpoint.emulators.faults import Fault, FaultKind, FaultPlan, Point
from chekpoint.emulators.fiscal_drive import FiscalDrive, Registration
from chekpoint.emulators.ofd import listen
from chekpoint.emulators.shtrih_wire.conduct import MarkConduct
from chekpoint.emulators.stand import build_ofd, tcp
from chekpoint.fiscal.receipt import Correction, CorrectionBy, Kind
from chekpoint.fiscal.vat import VatRate
from chekpoint.registers.shtrih import ShtrihConfig, ShtrihRegister, commands, frames
from chekpoint.registers.shtrih.commands import Access
from chekpoint.registers.shtrih.device import Device
from chekpoint.registers.shtrih.errors import Refused
from chekpoint.registers.shtrih.line import AnswerLost, LineV1, LineV2, Unheard
from chekpoint.registers.shtrih.streams import LinkLost, open_tcp
from tests.contract.register_bench import attempt_of, truth
from tests.contract.shtrih_bench import ShtrihBench, Wire, shtrih_bench
from tests.emulated_world import item, receipt

pytestmark = pytest.mark.anyio
SALE = receipt()
CODE = "0104606203103480215=EfODAB\x1d93dGVz"
A = Access()


@pytest.fixture
async def bench() -> AsyncIterator[ShtrihBench]:
    async with shtrih_bench("tcp", "v1") as opened:
        yield opened


def rebuilt(bench: ShtrihBench, **changes: Any) -> ShtrihRegister:
    """Another driver on the same bench."""
    config = msgspec.structs.replace(bench.config, **changes)
    bench.register = ShtrihRegister(config, SystemClock(), opener=bench._open)
    return bench.register


async def half_entered(bench: ShtrihBench) -> None:
    """Somebody begins a receipt and goes away; the register takes one client."""
    await bench.register.aclose()
    device = Device(bench.config, SystemClock(), opener=bench._open)
    await device.run(commands.open_receipt(A, Kind.SALE))
    await device.drop()


# ------------------------------------------------------------------ where models differ


async def test_firmware_that_forbids_1192_gets_the_mark_in_1084_and_it_is_found_there(
    bench: ShtrihBench,
) -> None:
    bench.face.device.conduct.rejected_tags = (1192, 1125)
    attempt = attempt_of(bench, SALE)
    made = await bench.register.submit(attempt)
    assert made.document.mark == attempt.mark
    assert len(made.warnings) == 2
    assert isinstance(await bench.register.locate(attempt), Registered)
    assert isinstance(await bench.register.locate(attempt_of(bench, SALE, 2)), Absent)


async def test_a_register_that_takes_no_mark_at_all_is_not_used(bench: ShtrihBench) -> None:
    bench.face.device.conduct.rejected_tags = (1192, 1084)
    with pytest.raises(RegisterBlocked) as caught:
        await bench.register.submit(attempt_of(bench, SALE))
    assert caught.value.reason is BlockReason.CONFIGURATION
    assert "1084" in caught.value.message
    assert truth(bench) == []


async def test_cash_core_gets_the_tags_of_an_item_first(bench: ShtrihBench) -> None:
    bench.face.device.conduct.tags_first = True
    register = rebuilt(bench, tags_first=True)
    await register.submit(attempt_of(bench, receipt(item(1_000, "2.5", unit=11, sum=2_500))))
    (archived,) = truth(bench)
    assert archived.receipt is not None
    assert archived.receipt.items[0].unit == 11


async def test_opening_a_shift_that_fetches_keys_is_waited_for(bench: ShtrihBench) -> None:
    bench.face.device.conduct.silent_while_busy = True
    bench.face.device.conduct.shift_seconds = 0.5
    assert (await bench.register.submit(attempt_of(bench, SALE))).document.total == SALE.amount


async def test_a_swapped_rate_would_be_a_wrong_return(bench: ShtrihBench) -> None:
    content = receipt(item(vat=VatRate.VAT20), kind=Kind.SALE_RETURN)
    made = await bench.register.submit(attempt_of(bench, content))
    assert made.warnings == ()
    assert truth(bench)[0].receipt.items[0].vat is VatRate.VAT20  # type: ignore[union-attr]


@pytest.mark.parametrize("paper", [True, False])
async def test_an_internet_receipt_needs_no_paper_and_a_paper_one_gets_it(
    bench: ShtrihBench, paper: bool
) -> None:
    made = await bench.register.submit(attempt_of(bench, msgspec.structs.replace(SALE, paper=paper)))
    assert (made.document.fd_number in bench.emulated.printed) is paper


async def test_a_register_without_paper_on_purpose_works(bench: ShtrihBench) -> None:
    await bench.register.open_shift()
    await bench.register.aclose()
    bench.emulated.paper = False
    register = rebuilt(bench, paperless=True)
    status = await register.status()
    assert (status.ready, status.paper) == (True, False)
    assert (await register.submit(attempt_of(bench, SALE))).document.total == SALE.amount


@pytest.mark.parametrize("kind", [Kind.SALE, Kind.PURCHASE])
async def test_a_correction_of_the_old_format_is_signed_and_found_without_a_mark(kind: Kind) -> None:
    content = receipt(
        item(vat=VatRate.VAT10),
        kind=kind,
        correction=Correction(by=CorrectionBy.SELF, date="2026-11-01", number="7"),
    )
    async with shtrih_bench("tcp", "v2", ffd="1.05") as bench:
        attempt = attempt_of(bench, content)
        made = await bench.register.submit(attempt)
        (archived,) = truth(bench)
        assert (made.document.document, archived.code, archived.total) == (31, 31, content.amount)
        assert archived.receipt is not None
        assert archived.receipt.correction is not None
        assert archived.receipt.correction.date == "2026-11-01"
        assert isinstance(await bench.register.locate(attempt), Registered)
        other = msgspec.structs.replace(
            content, correction=Correction(by=CorrectionBy.SELF, date="2026-11-02", number="7")
        )
        assert isinstance(
            await bench.register.locate(msgspec.structs.replace(attempt, receipt=other)), Absent
        )


# ------------------------------------------------------------------ marked goods


@pytest.mark.parametrize("marking", [MarkConduct.ONLINE, MarkConduct.OFFLINE, MarkConduct.TIMEOUT])
async def test_marked_goods_are_sold_with_the_result_of_their_check(
    bench: ShtrihBench, marking: MarkConduct
) -> None:
    bench.face.device.conduct.marking = marking
    await bench.register.submit(attempt_of(bench, receipt(item(mark_code=CODE))))
    (archived,) = truth(bench)
    assert archived.receipt is not None
    assert archived.receipt.items[0].mark_check is not None
    assert archived.receipt.items[0].mark_code == CODE


@pytest.mark.parametrize(
    ("marking", "fault"), [(MarkConduct.FORGED, Rejected), (MarkConduct.TABLE_FULL, RegisterBlocked)]
)
async def test_a_forged_code_is_never_sold_and_the_next_receipt_is(
    bench: ShtrihBench, marking: MarkConduct, fault: type[Exception]
) -> None:
    bench.face.device.conduct.marking = marking
    with pytest.raises(fault):
        await bench.register.submit(attempt_of(bench, receipt(item(mark_code=CODE))))
    assert truth(bench) == []
    await bench.register.submit(attempt_of(bench, SALE, 2))
    assert len(truth(bench)) == 1


# ------------------------------------------------------------------ the drive is the truth


async def test_paper_that_ends_while_printing_does_not_double_the_receipt(bench: ShtrihBench) -> None:
    def paper_ends(_document: object) -> None:
        bench.emulated.paper = False

    await bench.register.open_shift()
    bench.face.device.conduct.answers_after_print = True
    bench.emulated.on_signed = paper_ends
    attempt = attempt_of(bench, msgspec.structs.replace(SALE, paper=True))
    try:
        made: object = await bench.register.submit(attempt)
    except OutcomeUnknown:
        bench.emulated.on_signed, bench.emulated.paper = None, True
        made = await bench.register.locate(attempt)
    assert isinstance(made, Registered)
    assert made.document.fd_number == truth(bench)[0].fd_number
    assert len(truth(bench)) == 1


class Stutter(Wire):
    """A wire over which the register hears the first operation twice."""

    async def send(self, octets: bytes) -> None:
        if octets[2:4] == b"\xff\x46" and not self._bench.stuttered:
            self._bench.stuttered = True
            self._bench.faults.order(Point.REQUEST, Fault(kind=FaultKind.DUPLICATE))
        await super().send(octets)


async def test_an_item_entered_twice_by_the_line_costs_an_attempt_and_not_the_receipt(
    bench: ShtrihBench,
) -> None:
    bench.wire = Stutter
    attempt = attempt_of(bench, SALE)
    with pytest.raises(NotSent) as caught:
        await bench.register.submit(attempt)
    assert caught.value.code == "45h"
    assert truth(bench) == []
    assert isinstance(await bench.register.locate(attempt), Absent)
    assert (await bench.register.submit(attempt_of(bench, SALE, 2))).document.total == SALE.amount
    assert len(truth(bench)) == 1


async def test_a_document_of_another_till_is_not_taken_for_ours(bench: ShtrihBench) -> None:
    await bench.register.open_shift()
    attempt = attempt_of(bench, SALE)
    bench.emulated.drive.register_receipt(SALE, bench.emulated.local_now())  # the same goods, another mark
    bench.lose_answer()
    with pytest.raises(OutcomeUnknown):
        await bench.register.submit(attempt)
    found = await bench.register.locate(attempt)
    assert isinstance(found, Registered)
    assert found.document.fd_number == truth(bench)[1].fd_number


async def test_an_unfinished_receipt_of_somebody_is_thrown_away_and_never_signed(bench: ShtrihBench) -> None:
    await bench.register.open_shift()
    await half_entered(bench)
    attempt = attempt_of(bench, SALE)
    assert isinstance(await bench.register.locate(attempt), Absent)
    await half_entered(bench)
    await bench.register.submit(attempt)
    (archived,) = truth(bench)
    assert archived.total == SALE.amount


async def test_another_drive_blocks_the_lane_and_leaves_the_attempt_in_doubt(bench: ShtrihBench) -> None:
    attempt = attempt_of(bench, SALE)
    await bench.register.status()
    other = FiscalDrive("9999078900000002")
    other.register(Registration(), bench.emulated.local_now())
    old, bench.emulated.drive = bench.emulated.drive, other
    with pytest.raises(RegisterBlocked) as caught:
        await bench.register.submit(attempt)
    assert caught.value.reason is BlockReason.FISCAL_DRIVE
    with pytest.raises(OutcomeUnknown):
        await bench.register.locate(attempt)
    bench.emulated.drive = old
    assert truth(bench) == []
    other.close()


async def test_thirty_days_without_the_operator_stop_the_register(bench: ShtrihBench) -> None:
    bench.emulated.clock_offset = timedelta(days=31)
    assert (await bench.register.status()).block is BlockReason.OFD_OVERDUE
    with pytest.raises(RegisterBlocked) as caught:
        await bench.register.submit(attempt_of(bench, SALE))
    assert caught.value.reason is BlockReason.OFD_OVERDUE


async def test_the_ticket_on_the_drive_proves_the_delivery(bench: ShtrihBench) -> None:
    operator = build_ofd(None, SystemClock(), FaultPlan())
    made = await bench.register.submit(attempt_of(bench, SALE))
    assert await bench.register.ticket(made.document.fd_number) is None
    async with listen(operator) as ofd:
        bench.emulated.exchange.connect = tcp("127.0.0.1", ofd.port)
        await bench.emulated.exchange.drain()
    ticket = await bench.register.ticket(made.document.fd_number)
    assert ticket is not None
    assert (ticket.fd_number, ticket.answer) == (made.document.fd_number, 0)
    assert ticket.operator_sign is not None
    assert (await bench.register.exchange()).unsent_count == 0
    assert await bench.register.ticket(9_999) is None
    operator.close()


async def test_a_submit_that_is_cut_short_does_not_leave_the_wire_in_mid_sentence(bench: ShtrihBench) -> None:
    attempt = attempt_of(bench, SALE)
    bench.face.device.conduct.shift_seconds = 0.4
    with anyio.move_on_after(0.15) as cut:
        await bench.register.submit(attempt)
    assert cut.cancelled_caught
    bench.face.device.conduct.shift_seconds = 0
    with anyio.fail_after(5):
        await bench.register.open_shift()  # waits its turn; the first one is done by then
    assert isinstance(await bench.register.locate(attempt), Absent)
    await bench.register.submit(attempt)
    assert len(truth(bench)) == 1


async def test_what_is_kept_of_the_exchange_names_the_buyer_in_text_only(bench: ShtrihBench) -> None:
    heard: list[str] = []
    bench.register = ShtrihRegister(
        bench.config, SystemClock(), note=lambda *sides: heard.extend(sides), opener=bench._open
    )
    made = await bench.register.submit(attempt_of(bench, SALE))
    everything = "\n".join([*heard, made.evidence])
    assert "FF45" in everything
    assert "buyer@example.com" in everything
    assert b"buyer".hex() not in everything


async def test_the_cashier_of_a_shift_is_named(bench: ShtrihBench) -> None:
    register = rebuilt(bench, operator_name="Иванов И. И.", operator_inn="500100732259")
    await register.open_shift()
    await register.close_shift()
    reports = [d for d in bench.emulated.drive.documents() if d.code in {2, 5}]
    assert [(d.node.text(1021), (d.node.text(1203) or "").strip()) for d in reports] == [
        ("Иванов И. И.", "500100732259")
    ] * 2


# ------------------------------------------------------------------ a peer that lies


class Script:
    """A wire that answers each of our sends with what the script says."""

    def __init__(self, *answers: bytes) -> None:
        self._answers = list(answers)
        self.sent: list[bytes] = []
        self._inbox, self._outbox = anyio.create_memory_object_stream[bytes](100)

    async def send(self, octets: bytes) -> None:
        self.sent.append(octets)
        if self._answers:
            self._inbox.send_nowait(self._answers.pop(0))

    async def receive(self) -> bytes:
        return await self._outbox.receive()

    async def aclose(self) -> None:
        self._inbox.close()
        self._outbox.close()


QUICK = ShtrihConfig(
    enq_timeout=0.05,
    enq_tries=2,
    probe_timeout=0.05,
    byte_timeout=0.05,
    answer_timeout=0.05,
    close_timeout=0.05,
)
CLOSE = commands.close_receipt(A, {}, 0, 1)
STATUS = commands.short_status(A)
OK = frames.pack_v1(bytes.fromhex("10001e92020800019fe51801008b0200"))


async def test_a_signing_command_goes_out_once_though_its_ack_is_lost() -> None:
    wire = Script(frames.NAK)
    with pytest.raises(AnswerLost):
        await LineV1(wire, QUICK).say(CLOSE)
    assert sum(octets.startswith(b"\x02") for octets in wire.sent) == 1
    await wire.aclose()


async def test_a_late_nak_of_a_deaf_register_does_not_sign_twice() -> None:
    wire = Script(
        b"", frames.NAK + frames.NAK
    )  # both ENQs are answered at once: the second NAK is no refusal
    with pytest.raises(AnswerLost):
        await LineV1(wire, QUICK).say(CLOSE)
    assert sum(octets.startswith(b"\x02") for octets in wire.sent) == 1
    await wire.aclose()


async def test_a_question_that_was_not_read_is_asked_again() -> None:
    wire = Script(frames.NAK, frames.NAK, frames.ACK + OK)
    assert (await LineV1(wire, QUICK).say(STATUS))[:1] == b"\x10"
    await wire.aclose()


async def test_a_silent_register_has_provably_not_been_told() -> None:
    wire = Script()
    with pytest.raises(Unheard):
        await LineV1(wire, QUICK).say(CLOSE)
    assert set(wire.sent) == {frames.ENQ}
    await wire.aclose()


async def test_a_damaged_answer_is_asked_for_and_not_the_command_again() -> None:
    wire = Script(frames.NAK, frames.ACK + OK[:-1] + b"\0", b"\xff" + frames.ACK + OK)
    assert (await LineV1(wire, QUICK).say(STATUS))[:1] == b"\x10"
    assert wire.sent[2:] == [frames.NAK + frames.ENQ, frames.ACK]
    await wire.aclose()


async def test_the_answer_that_waited_for_somebody_else_is_not_ours() -> None:
    stale = frames.pack_v1(bytes.fromhex("ff450000000000001d000000f36035ff"))
    wire = Script(frames.ACK + stale, b"", frames.NAK, frames.ACK + OK)
    line = LineV1(wire, QUICK)
    assert (await line.say(STATUS))[:1] == b"\x10"
    assert line.orphans == [stale[2:-1]]
    await wire.aclose()


async def test_v2_takes_neither_a_stale_number_nor_a_stale_command() -> None:
    stale = frames.pack_v2(b"\x1e\x00", 1) + frames.pack_v2(STATUS.code + b"\0", 0)
    wire = Script(stale, frames.pack_v2(OK[2:-1], 1))
    line = LineV2(wire, QUICK)
    assert (await line.say(STATUS))[:2] == b"\x10\0"
    assert wire.sent[0] == wire.sent[1]  # the same number: the register repeats and does not do it again
    assert len(line.orphans) == 2
    await wire.aclose()


async def test_v2_learns_the_registers_count_with_a_question_that_does_no_harm() -> None:
    last = frames.pack_v2(bytes.fromhex("ff4500"), 41)
    wire = Script(frames.ping_v2(), last, frames.pack_v2(b"\xfc\x00\x00", 42))
    line = LineV2(wire, QUICK)
    await line.begin()
    assert wire.sent[-1] == frames.pack_v2(b"\xfc", 42)
    assert not [octets for octets in wire.sent if b"\x45" in octets[5:-2]]
    await wire.aclose()


@pytest.mark.parametrize("code", [0x50, 0x58])
async def test_still_printing_is_waited_out_but_not_for_ever(code: int) -> None:
    async def forever_printing() -> Script:
        refused = frames.pack_v1(bytes((0x25, code)))
        printing = frames.pack_v1(bytes((0xB0, code)))
        script = [frames.NAK]
        for _ in range(40):
            script += [frames.NAK, frames.ACK + refused, b""]
            script += [frames.NAK, frames.ACK + printing, b""] if code == 0x58 else []
        return Script(*script)

    config = msgspec.structs.replace(QUICK, protocol="v1", busy_timeout=0.05, busy_pause=0.02)
    device = Device(config, SystemClock(), opener=forever_printing)
    with pytest.raises(Refused) as caught:
        await device.run(A.make("25", b"\0"))
    assert caught.value.code == code
    await device.drop()


async def test_an_address_where_nobody_listens_is_a_clear_answer() -> None:
    with pytest.raises(LinkLost):
        await open_tcp("127.0.0.1", 1)
    register = ShtrihRegister(ShtrihConfig(serial_port="/dev/ttyNOWHERE"), SystemClock())
    with pytest.raises(RegisterBlocked) as caught:
        await register.status()
    assert caught.value.reason is BlockReason.NO_LINK
    assert "/dev/ttyNOWHERE" in caught.value.message
