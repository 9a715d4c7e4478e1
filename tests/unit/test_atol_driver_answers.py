"""Answers of the ATOL driver and its web server: every shape that was seen, and shapes that prove nothing."""

import contextlib
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chekpoint.core.errors import (
    BlockReason,
    NotSent,
    OutcomeUnknown,
    RegisterBlocked,
    RegisterError,
    Rejected,
)
from chekpoint.fiscal.receipt import Kind, Receipt
from chekpoint.registers.atol import answers
from chekpoint.registers.atol.answers import Malformed, TaskStatus
from chekpoint.registers.atol.errors import CHECKED, FAULTS, Generation, refusal
from chekpoint.registers.atol.match import Match, match
from chekpoint.registers.atol.state import Identity, Snapshot, identity, register_status
from tests.unit.test_atol_driver_tasks import MARK, attempt, item, receipt

FISCAL = (
    '{"fiscalParams":{"fiscalDocumentDateTime":"2018-03-06T13:52:00+03:00","fiscalDocumentNumber":71,'
    '"fiscalDocumentSign":"0024109209","fiscalReceiptNumber":1,"fnNumber":"9999078900000961",'
    '"registrationNumber":"0000000001002292","shiftNumber":12,"total":390.75,"fnsUrl":"www.nalog.ru"}%s}'
)


def v2(status: str, *, code: int = 0, text: str = "Ошибок нет", result: str = "null") -> bytes:
    error = f'{{"code":{code},"description":"{text}"}}'
    return f'{{"results":[{{"status":"{status}","error":{error},"result":{result}}}]}}'.encode()


def v1(status: str, *, code: int = 0, text: str = "Ошибок нет", result: str = "null") -> bytes:
    error = f'"errorCode":{code},"errorDescription":"{text}"'
    return f'{{"results":[{{"status":"{status}",{error},"result":{result}}}]}}'.encode()


@pytest.mark.parametrize("shape", [v1, v2])
def test_both_generations_say_the_same_document(shape: Any) -> None:
    found = answers.task_result(shape("ready", result=FISCAL % ',"warnings":{"notPrinted":true}'))
    document = answers.registered(found, kind=1, document=3)
    assert (document.fn, document.fd_number) == ("9999078900000961", 71)
    assert document.fiscal_sign == "0024109209"
    assert document.total == 39075
    assert document.made_at == "2018-03-06T13:52:00"
    assert answers.warnings_of(found) == ("notPrinted",)


@pytest.mark.parametrize(
    "tail", ["", ',"warnings":{"notPrinted":false}', ',"warnings":null', ',"warnings":[]']
)
def test_warnings_may_be_absent_or_empty(tail: str) -> None:
    assert answers.warnings_of(answers.task_result(v2("ready", result=FISCAL % tail))) == ()


@pytest.mark.parametrize("shape", [v1, v2])
def test_error_of_both_generations(shape: Any) -> None:
    found = answers.task_result(shape("error", code=68, text="Смена превысила 24 часа"))
    assert (found.status, found.code, found.text) == (TaskStatus.ERROR, 68, "Смена превысила 24 часа")


@pytest.mark.parametrize("status", ["wait", "inProgress", "blocked"])
def test_pending_is_pending_whatever_it_is_called(status: str) -> None:
    assert answers.task_result(v2(status)).status.pending


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"results":[]}',
        b'{"results":[{"status":"done"}]}',
        b'{"results":[1]}',
        b"\xff",
    ],
)
def test_garbage_is_malformed_and_never_another_exception(body: bytes) -> None:
    with pytest.raises(Malformed):
        answers.task_result(body)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(body: bytes) -> None:
    with contextlib.suppress(Malformed):
        answers.task_result(body)
    answers.error_text(body)


def test_html_error_page_of_the_old_server_becomes_text() -> None:
    page = b"<html><head></head><body><h2>HTTP ERROR 400</h2> Too many fiscal sub-tasks - 2</body></html>"
    assert answers.error_text(page) == (0, "HTTP ERROR 400 Too many fiscal sub-tasks - 2")


# ------------------------------------------------------------------ the error table


@pytest.mark.parametrize("generation", list(Generation))
@pytest.mark.parametrize("code", sorted(FAULTS))
def test_every_listed_code_has_both_languages_and_a_decision(code: int, generation: Generation) -> None:
    fault = FAULTS[code]
    assert fault.ru
    assert fault.en
    error = refusal(code, "", generation)
    assert isinstance(error, RegisterError)
    assert error.code == str(code)
    assert error.message


def test_every_code_of_the_recovery_lists_is_in_the_table() -> None:
    assert set().union(*CHECKED.values()) <= set(FAULTS)


@pytest.mark.parametrize("code", [262, 55, 178, 99999, 503])
def test_codes_that_prove_nothing_are_unknown_outcomes(code: int) -> None:
    assert isinstance(refusal(code, "", Generation.V2), OutcomeUnknown)


@pytest.mark.parametrize("code", [241, 177])
def test_a_lost_link_proves_nothing_where_the_server_does_not_look_after_it(code: int) -> None:
    assert isinstance(refusal(code, "", Generation.V1), OutcomeUnknown)
    assert isinstance(refusal(code, "", Generation.V2), RegisterBlocked)


@pytest.mark.parametrize("code", [16, 52, 66, 143, 144, 227, 501])
def test_content_errors_need_a_person(code: int) -> None:
    assert isinstance(refusal(code, "текст", Generation.V1), Rejected)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (44, BlockReason.PAPER_OUT),
        (45, BlockReason.COVER_OPEN),
        (68, BlockReason.SHIFT_EXPIRED),
        (141, BlockReason.SHIFT_EXPIRED),
        (139, BlockReason.OFD_OVERDUE),
        (121, BlockReason.FISCAL_DRIVE_FULL),
        (2, BlockReason.NO_LINK),
    ],
)
def test_troubles_of_the_register_block_the_lane(code: int, reason: BlockReason) -> None:
    error = refusal(code, "", Generation.V2)
    assert isinstance(error, RegisterBlocked)
    assert error.reason is reason


def test_interrupted_by_an_earlier_task_was_never_begun() -> None:
    assert isinstance(refusal(502, "", Generation.V2), NotSent)


# ------------------------------------------------------------------ documents of the drive


def tlv(**fields: Any) -> dict[str, Any]:
    return {
        "documentTLV": {
            "fiscalDocumentType": "receipt",
            "1012": "2018-03-06T13:52:00+03:00",
            "1020": Decimal("73.15"),
            "1040": 71,
            "1041": "9999078900000961",
            "1054": 1,
            "1059": [
                {"1023": Decimal("1.0"), "1030": "Бананы", "1043": Decimal("73.15"), "1079": Decimal("73.15")}
            ],
            "1077": "310459121F5C",
            "1192": MARK,
            "qr": "t=20180306T1352&s=73.15&fn=9999078900000961&i=71&fp=1494359900&n=1",
            **fields,
        }
    }


def test_document_read_back_from_the_drive() -> None:
    document = answers.drive_document(tlv(), "").document
    assert (document.fd_number, document.kind, document.total, document.document) == (71, 1, 7315, 3)
    assert document.fiscal_sign == "1494359900"
    assert document.mark == MARK
    assert document.items == (("Бананы", 7315, "1"),)


def test_sums_in_kopecks_are_recognised_by_the_documents_own_qr() -> None:
    fields = {"1020": 7315, "1059": {"1023": 1, "1030": "Бананы", "1043": 7315}}
    document = answers.drive_document(tlv(**fields), "").document
    assert document.total == 7315
    assert document.items == (("Бананы", 7315, "1"),)


def test_whole_roubles_are_not_taken_for_kopecks() -> None:
    fields = {"1020": 390, "qr": "t=20180306T1352&s=390.00&fn=1&i=71&fp=1&n=1", "1059": []}
    assert answers.drive_document(tlv(**fields), "").document.total == 39000


def test_sign_keeps_its_leading_zeros() -> None:
    assert answers.drive_document(tlv(**{"1077": "310400000001"}), "").document.fiscal_sign == "0000000001"


def test_shift_document_without_a_qr() -> None:
    shift = {
        "documentTLV": {"fiscalDocumentType": "closeShift", "1040": 9, "1077": "310400000001", "1038": 3}
    }
    document = answers.drive_document(shift, "9999078900000961").document
    assert (document.document, document.fn, document.shift_number, document.mark) == (
        5,
        "9999078900000961",
        3,
        None,
    )


OURS = attempt(receipt())


def compare(content: Receipt, **fields: Any) -> Match:
    return match(attempt(content), answers.drive_document(tlv(**fields), ""))


def test_our_document_is_known_by_mark_and_content() -> None:
    assert compare(receipt()) is Match.OURS


def test_equal_purchase_of_another_buyer_is_not_ours() -> None:
    assert compare(receipt(), **{"1192": "another-order-01"}) is Match.OTHER
    assert compare(receipt(), **{"1192": None}) is Match.OTHER


@pytest.mark.parametrize(
    "fields",
    [
        {"1054": 2},
        {"1020": Decimal("73.16"), "qr": None},
        {"fiscalDocumentType": "receiptCorrection"},
        {"1059": [{"1023": 1, "1030": "Груши", "1043": Decimal("73.15")}]},
        {"1059": []},
    ],
)
def test_our_mark_on_other_content_is_never_decided_silently(fields: dict[str, Any]) -> None:
    assert compare(receipt(), **fields) is Match.UNSURE


def test_without_a_free_place_for_the_mark_content_alone_decides() -> None:
    content = receipt(note="3449555941", user_property={"name": "a", "value": "b"})
    content = msgspec.convert(msgspec.to_builtins(content), Receipt)
    assert compare(content, **{"1192": "3449555941"}) is Match.OURS
    assert compare(content, **{"1192": "3449555941", "1059": []}) is Match.OTHER


def test_mark_is_found_in_1084() -> None:
    fields = {"1192": "3449555941", "1084": {"1085": "Идентификатор", "1086": MARK}}
    assert compare(receipt(note="3449555941"), **fields) is Match.OURS


def test_names_are_compared_as_the_drive_can_store_them() -> None:
    content = receipt(items=(item(name="Книга «Азбука» — 2 шт."),))
    stored = [{"1023": 1, "1030": 'Книга "Азбука" - 2 шт.', "1043": Decimal("73.15")}]
    assert compare(content, **{"1059": stored}) is Match.OURS


def test_old_document_without_items_is_not_decided_silently() -> None:
    short = {"short": True, "1020": 73, "1059": None, "1192": None, "qr": None, "1077": "59121F5C"}
    assert compare(receipt(), **short) is Match.UNSURE
    assert compare(receipt(kind=Kind.SALE_RETURN), **short) is Match.OTHER


# ------------------------------------------------------------------ status and exchange

EXCHANGE: dict[str, Any] = {
    "status": {
        "notSentCount": 46,
        "notSentFirstDocNumber": 111,
        "notSentFirstDocDateTime": "2018-02-04T11:24:00+03:00",
    },
    "errors": {
        "network": {"code": 13617, "description": "Отсутствует физический канал связи"},
        "ofd": {"code": 0},
    },
}


def test_exchange_counter_of_both_shapes() -> None:
    other = {"ofdExchangeStatus": EXCHANGE["status"], "ofdExchangeErrors": EXCHANGE["errors"]}
    for answer in (EXCHANGE, other):
        reading = answers.exchange_reading(answer, "fn", "raw")
        assert (reading.unsent_count, reading.unsent_first_fd) == (46, 111)
        assert reading.unsent_since == "2018-02-04T11:24:00"
        assert answers.exchange_error(answer) == "13617: Отсутствует физический канал связи"


def test_leftovers_of_an_empty_queue_are_not_read_as_real() -> None:
    status = {
        "notSentCount": 0,
        "notSentFirstDocNumber": 111,
        "notSentFirstDocDateTime": "1970-01-01T03:00:00+03:00",
    }
    answer = {"status": status, "errors": EXCHANGE["errors"]}
    reading = answers.exchange_reading(answer, "fn", "raw")
    assert (reading.unsent_count, reading.unsent_first_fd, reading.unsent_since) == (0, None, None)
    assert answers.exchange_error(answer) is None


def snapshot(**parts: Any) -> Snapshot:
    device = {
        "blocked": False,
        "coverOpened": False,
        "paperPresent": True,
        "fnPresent": True,
        "shift": "opened",
    }
    device["currentDateTime"] = "2018-02-05T11:24:00+03:00"
    return Snapshot(
        device=device | parts.get("device", {}),
        shift={"number": 12, "state": "opened", "expiredTime": "2018-02-06T10:00:00+03:00"}
        | parts.get("shift", {}),
        fn_info={"livePhase": "fiscalMode", "serial": "1", "warnings": {}} | parts.get("fn_info", {}),
        fn_status={"fiscalDocumentNumber": 71},
        exchange=parts.get("exchange", EXCHANGE),
    )


KNOWN = identity(
    "9999078900000961",
    {"ffdVersion": "1.2", "modelName": "АТОЛ 42ФС", "serial": "00106"},
    {
        "organization": {"vatin": "7709364346  ", "taxationTypes": ["osn", "patent"]},
        "device": {"registrationNumber": "1"},
    },
)


def test_a_healthy_register_is_ready() -> None:
    status = register_status(snapshot(), KNOWN)
    assert status.ready
    assert (status.fn, status.last_fd, status.shift, status.ffd) == ("9999078900000961", 71, "open", "1.2")
    assert (status.seller_inn, status.taxations, status.unsent_count) == ("7709364346", 33, 46)


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({"device": {"paperPresent": False}}, BlockReason.PAPER_OUT),
        ({"device": {"coverOpened": True}}, BlockReason.COVER_OPEN),
        ({"device": {"fnPresent": False}}, BlockReason.FISCAL_DRIVE),
        ({"device": {"blocked": True}}, BlockReason.UNKNOWN),
        ({"shift": {"state": "expired"}}, BlockReason.SHIFT_EXPIRED),
        ({"fn_info": {"livePhase": "postFiscalMode"}}, BlockReason.FISCAL_DRIVE),
        ({"fn_info": {"warnings": {"criticalError": True}}}, BlockReason.FISCAL_DRIVE),
        ({"device": {"currentDateTime": "2018-03-07T11:25:00+03:00"}}, BlockReason.OFD_OVERDUE),
    ],
)
def test_what_forbids_the_next_receipt_is_named(parts: dict[str, Any], reason: BlockReason) -> None:
    status = register_status(snapshot(**parts), KNOWN)
    assert (status.ready, status.block) == (False, reason)
    assert status.message


def test_synchronous_query_names_the_shift_end_differently() -> None:
    seen = snapshot(shift={"expiredTime": None, "expiredAt": "2018-02-06T10:00:00+03:00"})
    assert register_status(seen, KNOWN).shift_expires_at == "2018-02-06T10:00:00"


def test_a_register_that_says_little_is_not_refused() -> None:
    seen = Snapshot(device={}, shift={}, fn_info={}, fn_status={}, exchange={"status": {"notSentCount": 0}})
    status = register_status(seen, Identity(fn="1"))
    assert status.ready
    assert (status.paper, status.last_fd, status.shift) == (None, None, None)
