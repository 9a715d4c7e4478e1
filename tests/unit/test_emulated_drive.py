"""The emulated fiscal drive keeps the law of the real one, and its archive never lies."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chekpoint.core.clock import SystemClock
from chekpoint.emulators import signing
from chekpoint.emulators.drive_archive import WrongDrive
from chekpoint.emulators.drive_errors import DriveCode, DriveError
from chekpoint.emulators.fiscal_drive import DrivePhase, FiscalDrive, Registration, ShiftState
from chekpoint.emulators.ofd import Conduct, EmulatedOfd, Spoil
from chekpoint.fiscal import container as containers
from chekpoint.fiscal.documents import read_receipt
from chekpoint.fiscal.receipt import (
    Correction,
    CorrectionBy,
    Kind,
    Payment,
    PaymentForm,
    SettlementObject,
    Taxation,
)
from chekpoint.fiscal.vat_totals import VatSumming
from tests.emulated_world import NOON, drive_in_shift, item, receipt

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
Deed = Callable[[], object]


def refusal(caught: pytest.ExceptionInfo[DriveError]) -> DriveCode:
    return caught.value.code


def confirm(drive: FiscalDrive, ofd: EmulatedOfd) -> None:
    """Carry the head of the queue to the operator and back."""
    _, outgoing = drive.outgoing()
    drive.load_ticket(ofd.take(outgoing), NOON)


def test_numbers_have_no_gaps_also_when_a_document_is_refused() -> None:
    drive = drive_in_shift()
    for _ in range(3):
        drive.register_receipt(receipt(), NOON)
        with pytest.raises(DriveError):
            drive.register_receipt(receipt(payments=()), NOON)
    drive.close_shift(NOON)
    assert [d.fd_number for d in drive.documents()] == [1, 2, 3, 4, 5, 6]
    assert [d.code for d in drive.documents()] == [1, 2, 3, 3, 3, 5]
    assert [d.receipt_number for d in drive.documents(3, 5)] == [1, 2, 3]


def test_the_archive_gives_back_what_was_signed() -> None:
    drive = drive_in_shift()
    goods = receipt(item(9999, "2.474", sum=24738), item(5000))
    made = drive.register_receipt(goods, NOON)
    kept = drive.document(made.fd_number)
    assert kept == made
    assert kept.receipt == goods
    content, stamp = read_receipt(kept.node)
    assert (content.amount, content.items[0].name) == (29738, "Бананы")
    assert (stamp.fn, stamp.fd_number, stamp.fiscal_sign) == (drive.number, 3, made.fiscal_sign)
    assert kept.node.octets(1077) == b"\x21\x04" + made.fiscal_sign.to_bytes(4, "big")
    assert len(kept.sign_text) == 10


def test_a_changed_byte_changes_the_sign() -> None:
    one, other = (drive_in_shift() for _ in range(2))
    first = one.register_receipt(receipt(item(10_000)), NOON)
    second = other.register_receipt(receipt(item(10_001)), NOON)
    again = drive_in_shift().register_receipt(receipt(item(10_000)), NOON)
    assert first.fiscal_sign != second.fiscal_sign
    assert first.fiscal_sign == again.fiscal_sign


def test_a_restart_forgets_nothing(tmp_path: Path) -> None:
    path = tmp_path / "drive.sqlite"
    drive = drive_in_shift(FiscalDrive(path=path))
    drive.register_receipt(receipt(), NOON)
    before, state = list(drive.documents()), drive.state
    drive.close()
    again = FiscalDrive(path=path)
    assert list(again.documents()) == before
    assert again.state == state
    assert again.register_receipt(receipt(), NOON).fd_number == 4
    again.close()


def test_a_file_of_another_drive_is_not_continued(tmp_path: Path) -> None:
    path = tmp_path / "drive.sqlite"
    first = FiscalDrive(path=path)
    first.register(Registration(), NOON)
    first.close()
    with pytest.raises(WrongDrive, match="9999078900000001"):
        FiscalDrive("9999078900000002", path)


def test_two_processes_cannot_number_on_one_drive(tmp_path: Path) -> None:
    first = FiscalDrive(path=tmp_path / "drive.sqlite")
    with pytest.raises(WrongDrive, match="in use"):
        FiscalDrive(path=tmp_path / "drive.sqlite")
    first.close()
    FiscalDrive(path=tmp_path / "drive.sqlite").close()


def test_a_file_that_is_no_archive_is_named(tmp_path: Path) -> None:
    (tmp_path / "drive.sqlite").write_bytes(b"not a database, but long enough to be read as one" * 20)
    with pytest.raises(WrongDrive, match="not a database"):
        FiscalDrive(path=tmp_path / "drive.sqlite")


@pytest.mark.parametrize("number", ["7380440902582955", "999907890000000", "9999078x00000001"])
def test_only_test_numbers_are_taken(number: str) -> None:
    with pytest.raises(ValueError, match="9999078"):
        FiscalDrive(number)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (receipt(payments=()), DriveCode.NOT_FULLY_PAID),
        (receipt(payments=(Payment(form=PaymentForm.CASH, sum=9_999),)), DriveCode.NOT_FULLY_PAID),
        (receipt(payments=(Payment(form=PaymentForm.CASH, sum=10_001),)), DriveCode.OVERPAID),
        (receipt(payments=(Payment(form=PaymentForm.CASH, sum=-1),)), DriveCode.WRONG_CONTENT),
        (receipt(item(10_000, sum=10_002)), DriveCode.WRONG_ITEM_SUM),
        (receipt(item(10_000, sum=9_998)), DriveCode.WRONG_ITEM_SUM),
        (receipt(item(), total=9_900), DriveCode.WRONG_TOTAL),
        (receipt(item(), total=9_999), DriveCode.WRONG_TOTAL),  # the rouble part must stay
        (receipt(item(), total=10_001), DriveCode.WRONG_TOTAL),
        (receipt(item(number="0", sum=0)), DriveCode.WRONG_QUANTITY),
        (receipt(item(number="0.0000001", sum=0)), DriveCode.WRONG_QUANTITY),
        (receipt(item(number="100000000", price=1, sum=100_000_000)), DriveCode.WRONG_QUANTITY),
        (receipt(item(10_000, "1", quantity=Decimal("NaN"))), DriveCode.WRONG_QUANTITY),
        (receipt(item(name="")), DriveCode.WRONG_CONTENT),
        (receipt(item(name="Б" * 129)), DriveCode.WRONG_CONTENT),
        (receipt(item(-1, sum=-1)), DriveCode.WRONG_PRICE),
        (receipt(items=(), payments=()), DriveCode.EMPTY_RECEIPT),
        (receipt(taxation=Taxation.PATENT), DriveCode.WRONG_TAXATION),
        (receipt(*[item(name="Б" * 128) for _ in range(250)]), DriveCode.DOCUMENT_TOO_LARGE),
    ],
)
def test_a_wrong_receipt_is_refused_and_nothing_is_signed(content: object, code: DriveCode) -> None:
    drive = FiscalDrive()
    drive.register(Registration(taxations=0b011111), NOON)
    drive.open_shift(NOON)
    with pytest.raises(DriveError) as caught:
        drive.register_receipt(content, NOON)  # type: ignore[arg-type]
    assert refusal(caught) is code
    assert drive.last_fd == 2
    assert drive.receipt_number == 0


def test_rounding_below_a_rouble_is_allowed() -> None:
    drive = drive_in_shift()
    goods = receipt(item(10_099), total=10_000, payments=(Payment(form=PaymentForm.CASH, sum=10_000),))
    assert drive.register_receipt(goods, NOON).total == 10_000


def test_marked_goods_need_the_newer_format() -> None:
    drive = drive_in_shift(ffd="1.05")
    with pytest.raises(DriveError) as caught:
        drive.register_receipt(receipt(item(object=SettlementObject.COMMODITY_MARKED)), NOON)
    assert refusal(caught) is DriveCode.WRONG_CONTENT


def test_a_correction_of_the_old_format_needs_no_items() -> None:
    correction = Correction(by=CorrectionBy.SELF, date="2026-11-20")
    paid = (Payment(form=PaymentForm.CASH, sum=5_000),)
    goods = receipt(items=(), payments=paid, correction=correction)
    assert drive_in_shift(ffd="1.05").register_receipt(goods, NOON).code == 31
    with pytest.raises(DriveError) as caught:
        drive_in_shift(ffd="1.2").register_receipt(goods, NOON)
    assert refusal(caught) is DriveCode.EMPTY_RECEIPT


def test_both_ways_to_sum_vat_exist() -> None:
    goods = receipt(*[item(103) for _ in range(9)])
    sums = [
        drive_in_shift(FiscalDrive(vat_style=style)).register_receipt(goods, NOON).node.path(1115, 1119, 1120)
        for style in VatSumming
    ]
    assert sums == [9 * 19, 167]


def test_after_24_hours_only_the_shift_close_is_signed() -> None:
    drive = drive_in_shift()
    late = NOON + timedelta(hours=24, seconds=1)
    assert drive.shift_state(NOON + timedelta(hours=24)) is ShiftState.OPEN
    assert drive.shift_state(late) is ShiftState.EXPIRED
    deeds: list[Deed] = [lambda: drive.register_receipt(receipt(), late), lambda: drive.report_exchange(late)]
    for deed in deeds:
        with pytest.raises(DriveError) as caught:
            deed()
        assert refusal(caught) is DriveCode.SHIFT_EXPIRED
    assert drive.close_shift(late).code == 5
    assert drive.open_shift(late).node.number(1038) == 2


def test_a_shift_is_opened_and_closed_once() -> None:
    drive = drive_in_shift()
    with pytest.raises(DriveError) as caught:
        drive.open_shift(NOON)
    assert refusal(caught) is DriveCode.SHIFT_OPEN
    drive.close_shift(NOON)
    deeds: list[Deed] = [lambda: drive.close_shift(NOON), lambda: drive.register_receipt(receipt(), NOON)]
    for deed in deeds:
        with pytest.raises(DriveError) as caught:
            deed()
        assert refusal(caught) is DriveCode.SHIFT_CLOSED


def test_the_shift_report_counts_what_was_sold() -> None:
    drive = drive_in_shift()
    drive.register_receipt(receipt(), NOON)
    drive.register_receipt(receipt(), NOON)
    drive.register_receipt(receipt(kind=Kind.SALE_RETURN), NOON)
    report = drive.close_shift(NOON).node
    assert (report.number(1111), report.number(1118), report.number(1097)) == (5, 3, 5)
    assert report.path(1194, 1129, 1135) == 2
    assert report.path(1194, 1129, 1201) == 20_000
    assert report.path(1194, 1130, 1201) == 10_000
    assert drive.open_shift(NOON).code == 2
    assert drive.shift_totals.counters.count == 0
    assert drive.totals.counters.count == 3


def test_a_clock_that_goes_back_is_refused() -> None:
    drive = drive_in_shift()
    with pytest.raises(DriveError) as caught:
        drive.register_receipt(receipt(), NOON - timedelta(seconds=1))
    assert refusal(caught) is DriveCode.CLOCK_WENT_BACK
    assert drive.register_receipt(receipt(), NOON).fd_number == 3


def test_after_30_days_without_a_ticket_nothing_is_signed_until_the_queue_has_left() -> None:
    drive, ofd = drive_in_shift(), EmulatedOfd(clock=SystemClock())
    drive.close_shift(NOON)
    late = NOON + 30 * DAY + HOUR
    with pytest.raises(DriveError) as caught:
        drive.open_shift(late)
    assert refusal(caught) is DriveCode.OFD_OVERDUE
    while drive.unsent().count:
        confirm(drive, ofd)
    assert drive.open_shift(late).fd_number == 4


def test_the_life_of_a_drive_ends() -> None:
    drive = drive_in_shift(FiscalDrive(keys_days=10))
    drive.close_shift(NOON)
    with pytest.raises(DriveError) as caught:
        drive.open_shift(NOON + 10 * DAY + HOUR)
    assert refusal(caught) is DriveCode.KEYS_EXPIRED
    full = drive_in_shift(FiscalDrive(capacity=3))
    full.register_receipt(receipt(), NOON)
    with pytest.raises(DriveError) as caught:
        full.register_receipt(receipt(), NOON)
    assert refusal(caught) is DriveCode.ARCHIVE_FULL


def test_a_closed_drive_signs_no_more_but_still_sends() -> None:
    drive, ofd = drive_in_shift(), EmulatedOfd(clock=SystemClock())
    with pytest.raises(DriveError) as caught:
        drive.close_archive(NOON)
    assert refusal(caught) is DriveCode.SHIFT_OPEN
    drive.close_shift(NOON)
    assert drive.close_archive(NOON).code == 6
    with pytest.raises(DriveError) as caught:
        drive.open_shift(NOON)
    assert refusal(caught) is DriveCode.WRONG_PHASE
    for _ in range(4):
        assert drive.phase is DrivePhase.CLOSED
        confirm(drive, ofd)
    assert drive.phase is DrivePhase.ARCHIVE


def test_an_unregistered_drive_signs_nothing() -> None:
    drive = FiscalDrive()
    with pytest.raises(DriveError) as caught:
        drive.open_shift(NOON)
    assert refusal(caught) is DriveCode.NOT_REGISTERED
    with pytest.raises(DriveError) as caught:
        _ = drive.registration
    assert refusal(caught) is DriveCode.NOT_REGISTERED


def test_the_registration_can_be_changed_between_shifts() -> None:
    drive = drive_in_shift()
    with pytest.raises(DriveError) as caught:
        drive.register(Registration(place="other.example"), NOON)
    assert refusal(caught) is DriveCode.SHIFT_OPEN
    drive.close_shift(NOON)
    report = drive.register(Registration(place="other.example", ffd="1.05"), NOON)
    assert (report.code, report.node.text(1187)) == (11, "other.example")


def test_the_queue_is_in_fd_order_and_its_head_blocks_the_rest() -> None:
    drive, ofd = drive_in_shift(), EmulatedOfd(clock=SystemClock())
    drive.register_receipt(receipt(), NOON + HOUR)
    assert (drive.unsent().count, drive.unsent().first_fd) == (3, 1)
    other = drive_in_shift()
    other.register_receipt(receipt(), NOON)
    confirm(other, ofd)
    _, second = other.outgoing()
    with pytest.raises(DriveError) as caught:
        drive.load_ticket(ofd.take(second), NOON)
    assert refusal(caught) is DriveCode.TICKET_FD
    assert drive.unsent().first_fd == 1


def test_the_operator_s_answer_is_kept_with_its_document() -> None:
    drive, ofd = drive_in_shift(), EmulatedOfd(clock=SystemClock(), conduct=Conduct(answer=14, flags=0b0110))
    confirm(drive, ofd)
    kept = drive.document(1)
    assert (kept.answer, kept.flags, kept.ticketed_at) == (14, 0b0110, NOON)
    ticket = drive.ticket(1)
    assert ticket is not None
    assert (ticket.answer, ticket.flags, ticket.fn) == (14, 0b0110, drive.number)
    assert drive.ticket(2) is None
    assert (drive.unsent().count, drive.unsent().first_fd) == (1, 2)  # rejected, yet delivered


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (Spoil.FD, DriveCode.TICKET_FD),
        (Spoil.FN, DriveCode.TICKET_FN),
        (Spoil.CRC, DriveCode.TICKET_CRC),
        (Spoil.SIGN, DriveCode.TICKET_SIGN),
        (Spoil.FORMAT, DriveCode.TICKET_FORMAT),
    ],
)
def test_a_wrong_ticket_is_refused_by_its_reason(spoil: Spoil, code: DriveCode) -> None:
    drive, ofd = drive_in_shift(), EmulatedOfd(clock=SystemClock(), conduct=Conduct(spoil=spoil))
    _, outgoing = drive.outgoing()
    ticket = ofd.take(outgoing)
    with pytest.raises(DriveError) as caught:
        drive.load_ticket(ofd.sent(ticket), NOON)
    assert refusal(caught) is code
    assert drive.unsent().first_fd == 1
    drive.load_ticket(ticket, NOON)
    assert drive.unsent().first_fd == 2


def test_the_mock_form_of_a_ticket_is_refused() -> None:
    drive, ofd = drive_in_shift(), EmulatedOfd(clock=SystemClock(), conduct=Conduct(mock=True))
    _, outgoing = drive.outgoing()
    with pytest.raises(DriveError) as caught:
        drive.load_ticket(ofd.sent(ofd.take(outgoing)), NOON)
    assert refusal(caught) is DriveCode.TICKET_FORMAT


def test_a_ticket_without_a_queue_is_refused() -> None:
    drive = FiscalDrive()
    deeds: list[Deed] = [drive.outgoing, lambda: drive.load_ticket(b"", NOON)]
    for deed in deeds:
        with pytest.raises(DriveError) as caught:
            deed()
        assert refusal(caught) is DriveCode.QUEUE_EMPTY


@given(st.binary(max_size=200))
def test_random_bytes_are_never_a_ticket(octets: bytes) -> None:
    drive = FiscalDrive()
    drive.register(Registration(), NOON)
    with pytest.raises(DriveError) as caught:
        drive.load_ticket(octets, NOON)
    assert caught.value.code.startswith("ticket_")


def test_the_container_leaves_as_the_format_says() -> None:
    drive = drive_in_shift()
    number, outgoing = drive.outgoing()
    found = containers.decode(outgoing)
    assert (number, found.fd_number, found.fn, found.kind) == (1, 1, drive.number, 0xA5)
    assert found.document == drive.document(1).tlv
    assert found.trailer == signing.trailer(signing.TEST_KEY, 0x81, found.document)


def test_a_missing_document_is_named() -> None:
    with pytest.raises(DriveError) as caught:
        FiscalDrive().document(1)
    assert refusal(caught) is DriveCode.NO_SUCH_DOCUMENT


def test_the_state_report_tells_the_unsent_money() -> None:
    drive = drive_in_shift()
    drive.register_receipt(receipt(), NOON)
    report = drive.report_exchange(NOON).node
    assert report.tag == 21
    assert (report.number(1097), report.number(1116)) == (3, 1)
    assert report.path(1158, 1129, 1201) == 10_000
