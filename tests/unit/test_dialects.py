"""Real receipts of the tax service's and the operators' archives: each is read, and accepted or named."""

import json
from contextlib import suppress
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chekpoint.fiscal.dialects import DialectError, Found, is_dialect, read, to_api
from chekpoint.fiscal.ffd import Ffd
from chekpoint.fiscal.receipt import (
    AgentSign,
    Kind,
    PaymentForm,
    ProductCodeKind,
    Receipt,
    SettlementMethod,
    SettlementObject,
    Taxation,
)
from chekpoint.fiscal.rules import faults, normalise
from chekpoint.fiscal.vat import VatRate

DATA = Path(__file__).parents[1] / "data"

# (file, line) -> what the register itself did wrong there, and why we are sure of it.
REGISTERS_OWN_ERRORS: dict[tuple[str, int], list[tuple[str, str]]] = {
    # no payment form holds the 747.00 that were paid
    ("receipts_2020", 10): [("payments_total_mismatch", "/payments")],
    # VAT still computed at 18/118 in September 2020, under the code of 20/120 and of 20 %
    ("receipts_2020", 179): [
        ("vat_sum_mismatch", "/items/0/vat_sum"),
        ("vat_sum_mismatch", "/items/1/vat_sum"),
    ],
    ("receipts_2020", 188): [("vat_sum_mismatch", "/items/0/vat_sum")],
    ("receipts_2020", 198): [("vat_sum_mismatch", "/items/0/vat_sum")],
    ("receipts_2020", 200): [
        ("vat_sum_mismatch", "/items/0/vat_sum"),
        ("vat_sum_mismatch", "/items/1/vat_sum"),
        ("vat_sum_mismatch", "/items/2/vat_sum"),
    ],
    # 500.00 of returnable packaging stand in the total and in no payment
    ("receipts_2020", 366): [("payments_total_mismatch", "/payments")],
    # a petrol station's line whose name is one space
    ("receipts_2020", 371): [("name_empty", "/items/0/name")],
    # 1212 says "marked, with its code", and there is neither a code nor the result of a check
    ("receipts_recent", 5): [("mark_code_missing", "/items/0/mark_code")],
}


def _documents() -> list[tuple[str, int, dict[str, Any]]]:
    return [
        (name, number, json.loads(line))
        for name in ("receipts_2020", "receipts_recent")
        for number, line in enumerate(
            (DATA / f"{name}.jsonl").read_text(encoding="utf-8").splitlines(), start=1
        )
    ]


DOCUMENTS = _documents()


def recent(line: int) -> Found:
    return read(next(doc for name, number, doc in DOCUMENTS if (name, number) == ("receipts_recent", line)))


def of_2020(line: int) -> Found:
    return read(next(doc for name, number, doc in DOCUMENTS if (name, number) == ("receipts_2020", line)))


def codes(found: Found) -> set[str]:
    return {oddity.code for oddity in found.oddities}


def test_every_real_receipt_is_accepted_or_its_registers_error_is_named() -> None:
    assert len(DOCUMENTS) == 422
    wrong = {}
    for name, line, document in DOCUMENTS:
        named = [(fault.code, fault.pointer) for fault in read(document).faults]
        if named:
            wrong[name, line] = named
    assert wrong == REGISTERS_OWN_ERRORS


def test_reading_is_the_same_for_floats_and_for_decimals() -> None:
    for _, _, document in DOCUMENTS:
        exact = json.loads(json.dumps(document), parse_float=Decimal)
        assert read(document) == read(exact)


def test_no_rate_of_the_real_receipts_was_a_guess_between_several() -> None:
    for _, _, document in DOCUMENTS:
        assert not codes(read(document)) & {"vat_rate_ambiguous", "vat_rate_absent", "code_unknown"}


def test_sum_total_and_stamp_come_through() -> None:
    found = of_2020(1)
    assert found.receipt.amount == 50175
    assert found.receipt.kind is Kind.SALE
    assert found.receipt.paid(PaymentForm.ELECTRONIC) == 50175
    assert found.receipt.items[0].quantity == 225
    assert found.receipt.items[0].vat_sum == 8363
    assert found.receipt.items[0].unit_name == "кВт.ч"
    assert found.receipt.internet
    assert found.stamp.day == date(2020, 9, 16)
    assert (found.stamp.fd_number, found.stamp.shift_number, found.stamp.receipt_number) == (23206, 24, 556)
    assert "date_without_time" in codes(found)


def test_roubles_become_kopecks_and_an_advance_may_be_nameless() -> None:
    found = recent(1)
    assert found.receipt.amount == 67927
    assert [item.sum for item in found.receipt.items] == [6527, 61400]
    assert [item.vat for item in found.receipt.items] == [VatRate.VAT110, VatRate.VAT122]
    assert {item.method for item in found.receipt.items} == {SettlementMethod.ADVANCE}
    assert {item.object for item in found.receipt.items} == {SettlementObject.PAYMENT}
    assert {"sums_in_roubles", "sign_as_text", "name_absent", "id_padded"} <= codes(found)
    assert found.stamp.registration_number == "9900002001042438"
    assert found.stamp.seller_inn == "9800000013"
    assert found.stamp.made_at == "2026-01-29T17:46:00"


def test_marks_and_their_permissions_are_read_and_the_mark_goes_before_the_barcode() -> None:
    found = recent(2)
    marked = found.receipt.items[1]
    assert found.ffd is Ffd.V1_2
    assert marked.object is SettlementObject.COMMODITY_MARKED
    assert marked.product_codes[0].kind is ProductCodeKind.GS1M
    assert marked.product_codes[0].value == "0104605035006964215OoyE8qxeIOn>"
    assert marked.mark_check == 15
    assert marked.industry[0].authority == "030"
    assert recent(5).receipt.items[1].product_codes[0].kind is ProductCodeKind.GS1M
    assert recent(5).receipt.items[2].product_codes[0].kind is ProductCodeKind.EAN13
    assert recent(10).receipt.items[2].product_codes == ()


def test_message_sign_above_int64_keeps_its_tail() -> None:
    found = recent(2)
    assert found.stamp.message_fiscal_sign == "9297189843789021155"
    assert "message_sign_above_int64" in codes(found)


def test_unix_seconds_are_a_date_whose_zone_is_unknown() -> None:
    found = recent(4)
    assert found.stamp.made_at == "2024-06-27T12:56:00"
    assert "date_as_unix_time" in codes(found)


def test_agents_and_suppliers_are_read() -> None:
    found = recent(17)
    assert found.receipt.items[0].agent is not None
    assert found.receipt.items[0].agent.sign is AgentSign.ANOTHER
    assert found.receipt.items[0].supplier is not None
    assert found.receipt.items[0].supplier.inn == "9800000260"


def test_taxation_zero_is_assumed_general_and_said_so() -> None:
    found = of_2020(2)
    assert found.receipt.taxation is Taxation.OSN
    assert "taxation_absent" in codes(found)
    assert found.receipt.items[0].vat is VatRate.VAT120


def test_turnover_of_rate_zero_is_not_taken_for_vat() -> None:
    found = of_2020(147)
    assert found.receipt.items[0].vat is VatRate.VAT0
    assert found.receipt.items[0].vat_sum is None
    assert "vat_sum_is_turnover" in codes(found)


def test_total_rounded_down_stays_as_the_register_wrote_it() -> None:
    found = of_2020(145)
    assert found.receipt.amount == 5300
    assert sum(item.sum for item in found.receipt.items) == 5338
    assert "total_rounded_down" in codes(found)
    assert not found.faults


def test_two_rates_in_the_totals_are_told_apart_by_arithmetic() -> None:
    found = of_2020(19)
    assert {item.vat for item in found.receipt.items} == {VatRate.VAT20, VatRate.VAT10}
    assert "vat_rate_from_totals" in codes(found)


def test_equal_lines_of_two_rates_are_called_ambiguous() -> None:
    line = {"name": "Булка", "price": 12000, "quantity": 1, "sum": 12000}
    vats = {"nds18": 2000, "nds10": 1091}
    found = read(_minimal(items=[line, line], totalSum=24000, cashTotalSum=24000, **vats))
    assert "vat_rate_ambiguous" in codes(found)
    assert sorted(item.vat.value for item in found.receipt.items) == ["vat10", "vat20"]


def test_a_voided_line_is_taken_out() -> None:
    line = {"name": "Булка", "price": 100, "quantity": 1, "sum": 100, "nds": 6}
    other = {**line, "name": "Чай"}
    found = read(_minimal(items=[line, other], stornoItems=[line]))
    assert [item.name for item in found.receipt.items] == ["Чай"]
    assert "storno_removed" in codes(found)
    assert "storno_unmatched" in codes(read(_minimal(stornoItems=[{**line, "name": "Иное"}])))


def test_a_correction_keeps_its_reason() -> None:
    base = {"correctionDocumentDate": 1600041600, "correctionDocumentNumber": "12-3"}
    found = read(_minimal(code=31, correctionType=1, correctionBase=base))
    assert found.receipt.correction is not None
    assert found.receipt.correction.date == "2020-09-14"
    assert found.receipt.correction.number == "12-3"
    assert not found.faults


def test_a_wrapped_receipt_is_found_inside() -> None:
    wrapped = {"ticket": {"document": {"receipt": _minimal()}}}
    assert is_dialect(wrapped)
    assert read(wrapped) == read(_minimal())


def _minimal(**more: Any) -> dict[str, Any]:
    return {
        "operationType": 1, "taxationType": 2, "totalSum": 100, "cashTotalSum": 100, "dateTime": "2020-09-14T10:00:00",
        "items": [{"name": "Чай", "price": 100, "quantity": 1, "sum": 100, "nds": 6}], **more,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        ([], ""),
        (None, ""),
        ({}, ""),
        ({"totalSum": 1}, ""),
        (_minimal(operationType=7), "/operationType"),
        (_minimal(totalSum="десять"), "/totalSum"),
        (_minimal(totalSum=[1]), "/totalSum"),
        (_minimal(totalSum=True), "/totalSum"),
        (_minimal(totalSum="1e999999999"), "/totalSum"),
        (_minimal(dateTime="вчера"), "/dateTime"),
        (_minimal(dateTime=10**18), "/dateTime"),
        (_minimal(dateTime=float("inf")), "/dateTime"),
        (_minimal(items=[1]), "/items"),
        (_minimal(items={"a": 1}), "/items"),
        (_minimal(items=[{"name": "Чай", "price": 1, "quantity": "много", "sum": 1}]), "/items/0/quantity"),
        (_minimal(items=[{"name": "Чай", "price": 1, "quantity": 1, "sum": 1, "nds": 1.5}]), "/items/0/nds"),
    ],
)
def test_what_cannot_be_read_names_its_field(document: Any, pointer: str) -> None:
    with pytest.raises(DialectError) as refusal:
        read(document)
    assert refusal.value.fault.pointer == pointer


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@given(st.data())
def test_no_value_in_any_field_is_more_than_a_refusal(data: st.DataObject) -> None:
    _, _, document = data.draw(st.sampled_from(DOCUMENTS[:3] + DOCUMENTS[-22:]))
    broken = json.loads(json.dumps(document))
    target = data.draw(st.sampled_from([broken, broken["items"][0]]))
    target[data.draw(st.sampled_from(sorted(target)))] = data.draw(ANY_JSON)
    with suppress(DialectError):
        assert isinstance(read(broken).faults, list)


def test_the_body_for_our_api_is_the_same_receipt_with_a_buyer() -> None:
    today = date(2026, 11, 24)
    accepted = 0
    for _, _, document in DOCUMENTS:
        found = read(document)
        body = json.loads(json.dumps(to_api(found, "+79990000000")))
        again = msgspec.convert(body, Receipt)
        assert again.buyer.contact == "+79990000000"
        assert again.internet
        assert again.amount == found.receipt.amount
        assert normalise(again).items == normalise(found.receipt).items
        accepted += not faults(again, today)
    # what a shop could send today: all but the faulty, the abolished ENVD and agents without a supplier
    assert accepted > 300
