"""Commands and answers of the Shtrih-M driver against recorded payloads; the error table."""

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chekpoint.core.errors import BlockReason, RegisterBlocked, Rejected
from chekpoint.core.ports import Attempt
from chekpoint.fiscal.ffd import Ffd
from chekpoint.fiscal.receipt import (
    Correction,
    CorrectionBy,
    Kind,
    PaymentForm,
    ProductCode,
    ProductCodeKind,
    Receipt,
    Supplier,
    UserProperty,
)
from chekpoint.fiscal.tlv import Node
from chekpoint.fiscal.vat import VatRate
from chekpoint.registers.shtrih import answers, codes, commands, errors
from chekpoint.registers.shtrih.answers import Malformed
from chekpoint.registers.shtrih.commands import Access, Line, ShortCorrection
from chekpoint.registers.shtrih.content import Plan, receipt_plan
from chekpoint.registers.shtrih.drive_document import DriveDocument, drive_document
from chekpoint.registers.shtrih.errors import FAULTS, Refused, Verdict, refusal
from chekpoint.registers.shtrih.match import Match, match
from tests.emulated_world import item, receipt

FRAMES: dict[str, dict[str, Any]] = {
    frame["name"]: frame
    for frame in json.loads((Path(__file__).parents[1] / "data" / "shtrih_frames.json").read_text())
}
A = Access()
NO_SUMS = dict.fromkeys(PaymentForm, 0)


def asked(name: str) -> bytes:
    """The payload of a recorded v1 request."""
    return bytes.fromhex(FRAMES[name]["request_hex"])[2:-1]


def data(name: str) -> bytes:
    """What follows the error byte of a recorded v1 answer or bare payload."""
    frame = FRAMES[name]
    octets = bytes.fromhex(frame.get("response_hex") or frame["frame_hex"])
    payload = octets[2:-1] if octets[0] == 2 else octets
    return payload[3:] if payload[0] == 0xFF else payload[2:]


def made(name: str) -> commands.Command:
    line = Line(Kind.SALE, Decimal(1), 10_000, 10_000, 0x08, 0, 0, "Комплексный обед")
    correction = ShortCorrection(
        by_instruction=False,
        kind=Kind.SALE_RETURN,
        total=2_615_000,
        paid=NO_SUMS | {PaymentForm.ELECTRONIC: 2_615_000},
        taxes=(0, 0, 0, 0, 435_833, 0),
        taxation=1,
    )
    return {
        "v1_fc_request": commands.DEVICE_TYPE,
        "v1_ff01_status": commands.drive_status(A),
        "v1_10h_mode8": commands.short_status(A),
        "v1_88h_cancel": commands.cancel_receipt(A),
        "v1_ff46_item": commands.operation(A, line),
        "v1_ff45_close": commands.close_receipt(A, NO_SUMS | {PaymentForm.CASH: 5_000}, 0, 1),
        "v1_ff4a_correction": commands.close_correction(A, correction),
        "v1_ff0a_request": commands.find_document(A, 425),
        "v1_ff3c_request": commands.ticket(A, 425),
        "v1_b0h_request": commands.continue_print(A),
        "v1_41h_request": commands.close_shift(A),
        "v1_8dh_open_sale": commands.open_receipt(A, Kind.SALE),
    }[name]


@pytest.mark.parametrize(
    "name",
    [
        "v1_fc_request", "v1_ff01_status", "v1_10h_mode8", "v1_88h_cancel", "v1_ff46_item", "v1_ff45_close",
        "v1_ff4a_correction", "v1_ff0a_request", "v1_ff3c_request", "v1_b0h_request", "v1_41h_request",
        "v1_8dh_open_sale",
    ],
)  # fmt: skip
def test_commands_are_written_as_recorded(name: str) -> None:
    assert made(name).payload == asked(name)


def test_the_check_of_a_marking_code_is_written_as_recorded() -> None:
    recorded = asked("v1_ff61_full_exchange")
    assert commands.check_mark(A, 1, recorded[10:]).payload == recorded


def test_tag_of_an_item_is_written_as_recorded() -> None:
    octets = bytes.fromhex(FRAMES["v2_ff4d_tag_1222"]["request_hex"])
    assert commands.item_tag(A, Node(1222, 1)).payload == octets[5:-2]


def test_recorded_statuses_are_read() -> None:
    drive = answers.drive_status(data("v1_ff01_status"))
    assert (drive.phase, drive.document, drive.shift_open) == (3, 0, True)
    assert (drive.fn, drive.last_fd) == ("9287440301120991", 425)
    full = answers.full_status(data("v1_11h_status"))
    assert (full.clock, full.serial) == (datetime.fromisoformat("2018-10-25 07:59:02"), "149119")
    assert (full.mode.mode, full.last_closed_shift, full.inn) == (2, 3, "7806240547")
    mode = answers.mode(data("v1_10h_mode8"))
    assert (mode.receipt_open, mode.submode, mode.paper_out, mode.cover_open) == (True, 0, False, False)


def test_recorded_documents_and_signs_are_read() -> None:
    signed = answers.closed_receipt(data("v1_ff45_close"))
    assert (signed.fd_number, signed.fiscal_sign, signed.made_at) == (29, 0xFF3560F3, None)
    opened = answers.head(data("payload_ff0a_shift_open"))
    assert (opened.document, opened.ticketed, opened.fd_number) == (2, False, 3)
    assert (opened.made_at, opened.fiscal_sign) == (datetime.fromisoformat("2017-07-06 02:53"), 0xD0AEE15B)
    assert answers.drive_term(data("payload_ff03_expiry")).valid_until == "2019-09-02"
    assert answers.mark_check(data("v1_ff61_full_exchange")) == (0, 1, 1, 5)
    assert answers.mark_check(data("v1_ff61_answer_body")) == (0, 1, 5, None)


def test_a_receipts_head_has_kind_and_total() -> None:
    octets = bytes.fromhex("0301" + "1a0b180c0f" + "2a000000" + "01000000" + "02" + "1027000000")
    found = answers.head(octets)
    assert (found.document, found.ticketed, found.kind, found.total) == (3, True, 2, 10_000)


def test_the_ticket_names_its_document_or_is_none_of_ours() -> None:
    octets = bytes.fromhex("1a0b180c0f") + b"\x21" * 18 + (42).to_bytes(4, "little")
    ticket = answers.operators_ticket(octets, "9999078900000001", 42, "raw")
    assert (ticket.answer, ticket.operator_sign, ticket.made_at) == (0, "21" * 18, "2026-11-24T12:15:00")
    with pytest.raises(Malformed):
        answers.operators_ticket(octets, "9999078900000001", 43, "raw")


def test_a_ticket_in_tags_may_say_no() -> None:
    from chekpoint.fiscal import tlv

    octets = tlv.encode_many((Node(1040, 42), Node(1012, 0), Node(1068, (Node(1022, 14),))))
    assert answers.operators_ticket(octets, "9999078900000001", 42, "raw").answer == 14


@given(st.binary(max_size=60))
def test_no_answer_is_a_traceback(octets: bytes) -> None:
    for read in (
        answers.mode, answers.full_status, answers.drive_status, answers.exchange, answers.head,
        answers.closed_receipt, answers.closed_correction, answers.announced, answers.nodes,
        answers.mark_check, answers.drive_term, answers.shift_numbers, answers.device_name,
    ):  # fmt: skip
        try:
            read(octets)
        except Malformed:
            continue


# ------------------------------------------------------------------ the error table


def test_every_code_has_words_in_both_languages_and_a_branch() -> None:
    for code, fault in FAULTS.items():
        assert fault.ru, code
        assert fault.en, code
        assert (fault.reason is BlockReason.UNKNOWN) or fault.verdict is Verdict.BLOCKED


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (0x14, BlockReason.OFD_OVERDUE), (0x15, BlockReason.OFD_OVERDUE), (0x16, BlockReason.SHIFT_EXPIRED),
        (0x4E, BlockReason.SHIFT_EXPIRED), (0x6B, BlockReason.PAPER_OUT), (0x4F, BlockReason.ACCESS),
        (0x07, BlockReason.CLOCK), (0x06, BlockReason.FISCAL_DRIVE_FULL), (0xEE, BlockReason.UNKNOWN),
    ],
)  # fmt: skip
def test_a_state_of_the_register_never_rejects_a_receipt(code: int, reason: BlockReason) -> None:
    fault = refusal(Refused("FF46", code))
    assert isinstance(fault, RegisterBlocked)
    assert fault.reason is reason
    assert fault.code == f"{code:02X}h"


@pytest.mark.parametrize("code", [0x09, 0x33, 0x45, 0x4D, 0x8E, 0x94, 0xD4])
def test_content_that_will_never_pass_is_rejected_with_its_reason(code: int) -> None:
    fault = refusal(Refused("FF45", code))
    assert isinstance(fault, Rejected)
    assert errors.words(code) in fault.message


# ------------------------------------------------------------------ an attempt -> commands


def plan(content: Receipt, ffd: Ffd = Ffd.V1_2, *, tags_first: bool = False) -> Plan:
    attempt = Attempt(
        id="a",
        receipt_id="r",
        receipt=content,
        mark="0123456789abcdef",
        digest="d",
        fn="9" * 16,
        last_fd=1,
        fence=1,
    )
    return receipt_plan(attempt, ffd, A, family="desktop", tags_first=tags_first)


def told(made_plan: Plan) -> list[str]:
    return [f"{step.command.name} {step.command.told}" for step in made_plan.steps]


def test_buyers_address_is_text_in_the_kept_exchange_so_that_it_can_be_masked() -> None:
    steps = told(plan(receipt()))
    assert "FF0C 1008=buyer@example.com" in steps
    assert not [step for step in steps if b"buyer@example.com".hex() in step]


def test_the_password_is_never_told() -> None:
    secret = Access(87654321)
    steps = commands.open_receipt(secret, Kind.SALE), commands.item_tag(secret, Node(1222, 1))
    assert not [step for step in steps if (87654321).to_bytes(4, "little").hex() in step.told]


def test_the_order_mark_has_a_place_whatever_the_shop_uses() -> None:
    assert "FF0C 1192=0123456789abcdef" in told(plan(receipt()))
    in_1084 = told(plan(receipt(note="заказ 7")))
    assert "FF0C 1192=заказ 7" in in_1084
    assert "FF0C 1084{1085=Идентификатор, 1086=0123456789abcdef}" in in_1084
    both = receipt(note="заказ 7", user_property=UserProperty(name="Курьер", value="Пётр"))
    assert not [step for step in told(plan(both)) if "0123456789abcdef" in step]


def test_tags_of_an_item_go_behind_it_or_before_it_as_the_model_wants() -> None:
    content = receipt(item(supplier=Supplier(inn="7709364346", name="ООО Поставщик")))
    usual = [step.command.name for step in plan(content).steps]
    first = [step.command.name for step in plan(content, tags_first=True).steps]
    assert usual[-4:] == ["FF46", "FF4D", "FF4D", "FF4D"]
    assert first[-4:] == ["FF4D", "FF4D", "FF4D", "FF46"]


def test_marking_is_checked_before_and_bound_to_its_item_and_2106_is_the_registers() -> None:
    code = "0104606203103480215=EfODAB\x1d93dGVz"
    made_plan = plan(receipt(item(mark_code=code, mark_check=15)))
    (mark,) = made_plan.marks
    assert mark.check.payload[6:10] == bytes((1, 0, len(code), 0))
    assert [s.command.name for s in made_plan.steps][-3:] == ["FF46", "FF4D", "FF67"]
    assert not [step for step in told(made_plan) if "2106" in step or "1163" in step]


def test_corrections_have_the_form_of_their_format_version() -> None:
    content = receipt(
        item(vat=VatRate.VAT20),
        correction=Correction(by=CorrectionBy.INSTRUCTION, date="2026-11-01", number="17"),
    )
    modern, short = plan(content), plan(content, Ffd.V1_05)
    assert modern.steps[0].command.payload == b"\x8d" + A.password.to_bytes(4, "little") + b"\x80"
    assert [s for s in told(modern) if s.startswith("FF0C 117")] == [
        "FF0C 1173=1", "FF0C 1178=1793491200", "FF0C 1179=17",
    ]  # fmt: skip
    assert short.steps[0].command.name == "FF35"
    assert (short.close.name, len(short.close.payload), short.is_correction) == ("FF4A", 69, True)


@pytest.mark.parametrize(
    ("content", "ffd"),
    [
        (receipt(item(mark_code="0104606203103480215=EfODAB")), Ffd.V1_05),
        (
            receipt(kind=Kind.SALE_RETURN, correction=Correction(by=CorrectionBy.SELF, date="2026-11-01")),
            Ffd.V1_05,
        ),
        (
            receipt(correction=Correction(by=CorrectionBy.SELF, date="2026-11-01")),
            Ffd.V1_05,
        ),  # 22 % has no slot
        (receipt(correction=Correction(by=CorrectionBy.SELF, date="вчера")), Ffd.V1_2),
        (receipt(total=9_000), Ffd.V1_2),
        (receipt(item(10**13)), Ffd.V1_2),
        (receipt(item(quantity=Decimal("0.1234567"))), Ffd.V1_2),
        (receipt(item(product_codes=(ProductCode(kind=ProductCodeKind.EAN13, value="x" * 300),))), Ffd.V1_2),
    ],
)
def test_what_has_no_place_in_the_commands_is_rejected_before_the_first_byte(
    content: Receipt, ffd: Ffd
) -> None:
    with pytest.raises(Rejected) as caught:
        plan(content, ffd)
    assert caught.value.message


def test_families_of_models_disagree_about_22_percent_only() -> None:
    for rate in VatRate:
        same = codes.rate_code(rate, "desktop") == codes.rate_code(rate, "nano")
        assert same == (rate not in {VatRate.VAT22, VatRate.VAT122})
    assert [codes.family_of(name) for name in ("ШТРИХ-НАНО-Ф", "ШТРИХ-М-01Ф")] == ["nano", "desktop"]


# ------------------------------------------------------------------ is it ours?


def document(
    code: int, tags: tuple[Node, ...] | None, *, kind: int = 1, total: int = 10_000
) -> DriveDocument:
    moment = datetime.fromisoformat("2026-11-24 12:15")
    return drive_document("9" * 16, answers.Head(code, False, moment, 7, 1, kind, total), tags)


MARK = "0123456789abcdef"
GOODS = Node(1059, (Node(1030, "Бананы"), Node(1043, 10_000), Node(1023, Decimal(1))))
CORRECTION = receipt(correction=Correction(by=CorrectionBy.SELF, date="2026-11-01"))


@pytest.mark.parametrize(
    ("content", "found", "verdict"),
    [
        (receipt(), document(3, (Node(1192, MARK), GOODS)), Match.OURS),
        (receipt(), document(3, (Node(1084, (Node(1085, "x"), Node(1086, MARK))), GOODS)), Match.OURS),
        (receipt(), document(3, (Node(1192, "fedcba9876543210"), GOODS)), Match.OTHER),
        (receipt(), document(3, (Node(1192, MARK),)), Match.UNSURE),  # our mark on other goods
        (receipt(), document(3, (Node(1192, MARK), GOODS), total=9_000), Match.UNSURE),
        (receipt(), document(3, None), Match.UNSURE),  # the drive has only the head any more
        (receipt(), document(3, None, total=9_000), Match.OTHER),
        (receipt(), document(3, None, kind=2), Match.OTHER),
        (receipt(), document(5, None, kind=0, total=0), Match.OTHER),
        (receipt(), document(20, None, kind=0, total=0), Match.UNSURE),  # a code of nobody's table
        (CORRECTION, document(31, None, kind=0, total=0), Match.UNSURE),
        (
            CORRECTION,
            document(31, (Node(1054, 1), Node(1020, 10_000), Node(1192, MARK), GOODS), kind=0),
            Match.OURS,
        ),
        (CORRECTION, document(3, (Node(1192, "fedcba9876543210"), GOODS)), Match.OTHER),
    ],
)
def test_a_document_is_ours_only_when_everything_says_so(
    content: Receipt, found: DriveDocument, verdict: Match
) -> None:
    attempt = Attempt(
        id="a", receipt_id="r", receipt=content, mark=MARK, digest="d", fn="9" * 16, last_fd=1, fence=1
    )
    assert match(attempt, found, Ffd.V1_2) is verdict
