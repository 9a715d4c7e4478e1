"""What modules really send must become the receipt that the shop meant, and nothing else."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chekpoint.fiscal.receipt import (
    AgentSign,
    CorrectionBy,
    Fraction,
    Kind,
    PaymentForm,
    ProductCodeKind,
    SettlementMethod,
    SettlementObject,
    Taxation,
)
from chekpoint.fiscal.vat import VatRate, vat_of
from chekpoint.hub.handles import Handles
from chekpoint.hub.names import order_mark
from chekpoint.hub.passwords import hashed
from chekpoint.hub.phones import phone_of
from chekpoint.shops.atol_online.errors import Refusal
from chekpoint.shops.atol_online.orders import Taken, taken
from chekpoint.shops.atol_online.settings import AtolOnlineSettings, WithoutContact
from chekpoint.shops.atol_online.short import Total, items_of_totals

SETTINGS = AtolOnlineSettings(
    login="shop", password_hash=hashed("secret"), group_code="g1", taxation=Taxation.PATENT
)
COMPANY = {"email": "shop@ex.ru", "inn": "5544332219", "payment_address": "https://shop.ru"}


def line(**changes: Any) -> dict[str, Any]:
    return {"name": "Кружка", "price": 100, "quantity": 1, "sum": 100, "vat": {"type": "vat22"}, **changes}


def body(*lines: dict[str, Any], client: Any = None, **changes: Any) -> dict[str, Any]:
    receipt = {
        "client": client or {"email": "c@ex.ru"}, "company": COMPANY, "items": list(lines or (line(),)),
        "payments": [{"type": 1, "sum": 100}], "total": 100, **changes,
    }  # fmt: skip
    return {"timestamp": "24.11.2026 12:00:00", "external_id": "o-1", "receipt": receipt}


def read(
    request: Any, version: str = "v4", operation: str = "sell", settings: AtolOnlineSettings = SETTINGS
) -> Taken:
    raw = request if isinstance(request, bytes) else json.dumps(request).encode()
    return taken(raw, version, operation, settings)


def refused(request: Any, version: str = "v4", operation: str = "sell") -> str:
    with pytest.raises(Refusal) as caught:
        read(request, version, operation)
    return caught.value.text


def v5(**changes: Any) -> dict[str, Any]:
    company = COMPANY | {"sno": "osn"}
    whole = {"payment_method": "full_payment", "payment_object": 1, "measure": 0, **changes}
    return body(line(**whole), company=company)


def test_a_taxation_left_out_in_v4_is_the_shops_own() -> None:
    assert read(body()).receipt.taxation is Taxation.PATENT
    assert "PropertyRequired: #/receipt.company.sno" in refused(body(), "v5")


def test_what_old_modules_leave_out_has_the_services_own_defaults() -> None:
    item = read(body()).receipt.items[0]
    assert item.method is SettlementMethod.FULL_PREPAYMENT
    assert item.object is SettlementObject.COMMODITY
    assert item.vat is VatRate.VAT22


@pytest.mark.parametrize(
    ("sent", "kopecks"),
    [
        ("100", 10000),
        ("0.1", 10),
        ("1000.1000000000000227", 100010),
        ("99.99", 9999),
        ("1e2", 10000),
        ("100.00", 10000),
    ],
)
def test_the_tail_of_a_binary_fraction_does_not_refuse_a_sale(sent: str, kopecks: int) -> None:
    raw = json.dumps(body(line(price=7, sum=7))).replace('"price": 7', f'"price": {sent}').encode()
    assert read(raw).receipt.items[0].price == kopecks


@pytest.mark.parametrize(
    ("sent", "fault"),
    [
        ("100.005", "NumberNotMultipleOf"), ("-1", "NumberTooSmall"), ("1e11", "NumberTooBig"),
        ('"100"', "NumberExpected"), ("true", "NumberExpected"), ("null", "PropertyRequired"), ("1e99999", "NumberTooBig"),
    ],
)  # fmt: skip
def test_a_price_that_is_none_is_named(sent: str, fault: str) -> None:
    raw = json.dumps(body(line(price=7, sum=7))).replace('"price": 7', f'"price": {sent}').encode()
    assert f"{fault}: #/receipt.items[0].price" in refused(raw)


def test_every_fault_of_the_form_is_named_at_once_and_once() -> None:
    wrong = body(line(name=None, vat={"type": "vat18"}), total=-1)
    del wrong["timestamp"]
    text = refused(wrong)
    for fault in (
        "PropertyRequired: #/timestamp", "PropertyRequired: #/receipt.items[0].name",
        "NotInEnumeration: #/receipt.items[0].vat.type", "NumberTooSmall: #/receipt.total",
    ):  # fmt: skip
        assert text.count(fault) == 1


@pytest.mark.parametrize(
    ("client", "contact"),
    [
        ({"email": "a@b.ru", "phone": "+79000000000"}, "a@b.ru"), ({"email": "", "phone": "9000000000"}, "+79000000000"),
        ({"phone": "8 (900) 000-00-00"}, "+79000000000"), ({"phone": "79000000000"}, "+79000000000"),
        ({"email": "test", "phone": "none"}, "shop@ex.ru"), ({"name": "Иван"}, "shop@ex.ru"),
    ],
)  # fmt: skip
def test_the_receipt_reaches_somebody_whatever_the_module_knows_of_the_buyer(
    client: dict[str, str], contact: str
) -> None:
    assert read(body(client=client)).receipt.buyer.contact == contact


def test_a_shop_may_refuse_receipts_without_a_buyer() -> None:
    strict = AtolOnlineSettings(
        login="s", password_hash=SETTINGS.password_hash, group_code="g", taxation=Taxation.OSN,
        without_contact=WithoutContact.REFUSE,
    )  # fmt: skip
    assert read(body(client={"phone": "none"} | {"name": "x"}), settings=strict).receipt.buyer.contact is None


def test_v4_words_are_understood() -> None:
    agent = {"type": "paying_agent", "paying_agent": {"operation": "оплата", "phones": ["79101234567"]}}
    found = read(
        body(
            line(
                payment_object="non-operating_gain", payment_method="credit", measurement_unit="шт.", excise=1.5,
                nomenclature_code="44 4D 02 1E", country_code="643", user_data="x", agent_info=agent,
                supplier_info={"inn": "7705935687", "phones": ["+79101234567"]},
            ),
            cashier="Иванова", device_number="12", additional_check_props="1077", internet=False,
            additional_user_props={"name": "n", "value": "v"},
        )
    )  # fmt: skip
    item = found.receipt.items[0]
    assert (item.object, item.method) == (SettlementObject.NON_OPERATING_GAIN, SettlementMethod.CREDIT)
    assert (item.unit_name, item.excise, item.nomenclature, item.country, item.note) == (
        "шт.",
        150,
        "444D021E",
        "643",
        "x",
    )
    assert item.agent is not None
    assert (item.agent.sign, item.agent.agent_phones) == (AgentSign.PAYING_AGENT, ("+79101234567",))
    assert item.supplier is not None
    assert item.supplier.inn == "7705935687"
    receipt = found.receipt
    assert (receipt.internet, receipt.note, receipt.machine_number) == (False, "1077", "12")
    assert receipt.place == "https://shop.ru"


def test_a_scanned_code_in_the_place_of_the_nomenclature_is_a_mark() -> None:
    item = read(body(line(nomenclature_code="010460043993125621JgXJ5.T"))).receipt.items[0]
    assert (item.mark_code, item.nomenclature) == ("010460043993125621JgXJ5.T", None)


def test_v5_numbers_are_understood_and_the_mark_is_decoded() -> None:
    whole = v5(
        payment_object=33, measure=None, mark_code={"gs1m": "MDEwNDYwMDQzOTkzMTI1NjIxSmdYSjUuVB05M2FiY2Q="},
        mark_processing_mode="0", mark_quantity={"numerator": 1, "denominator": 2},
        sectoral_item_props=[{"federal_id": "030", "date": "12.05.2024", "number": "12", "value": "v"}],
    )  # fmt: skip
    item = read(whole, "v5").receipt.items[0]
    assert item.object is SettlementObject.COMMODITY_MARKED
    assert item.mark_code == "010460043993125621JgXJ5.T\x1d93abcd"
    assert item.fraction == Fraction(numerator=1, denominator=2)
    assert item.industry[0].authority == "030"


def test_an_ean_is_a_product_code_and_no_mark() -> None:
    item = read(v5(mark_code={"ean13": "4600439931256"}), "v5").receipt.items[0]
    assert item.mark_code is None
    assert (item.product_codes[0].kind, item.product_codes[0].value) == (
        ProductCodeKind.EAN13,
        "4600439931256",
    )


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"payment_object": "commodity"}, "NumberExpected"), ({"payment_object": 28}, "NotInEnumeration"),
        ({"payment_method": None}, "PropertyRequired"), ({"measure": 1}, "NotInEnumeration"),
        ({"mark_code": {}}, "PropertyRequired: #/receipt.items[0].mark_code"),
        ({"mark_code": {"gs1m": "a", "short": "b"}}, "TooManyProperties"), ({"payment_object": 1.5}, "IntegerExpected"),
    ],
)  # fmt: skip
def test_a_v5_line_of_the_wrong_form_is_refused(changes: dict[str, Any], fault: str) -> None:
    assert fault in refused(v5(**changes), "v5")


def test_the_vat_of_the_receipt_stands_for_lines_that_name_none() -> None:
    bare = line()
    del bare["vat"]
    assert read(body(bare, vats=[{"type": "vat10", "sum": 9.09}])).receipt.items[0].vat is VatRate.VAT10
    assert "PropertyRequired: #/receipt.items[0].vat" in refused(body(bare))


def test_what_the_register_will_not_get_is_said() -> None:
    found = read(body(client={"email": "c@ex.ru", "birthdate": "01.01.2000"}, cashless_payments=[{}]))
    assert set(found.warnings) == {"client.birthdate", "cashless_payments"}


@pytest.mark.parametrize(("code", "form"), list(enumerate(PaymentForm)))
def test_kinds_of_payment(code: int, form: PaymentForm) -> None:
    assert read(body(payments=[{"type": code, "sum": 100}])).receipt.payments[0].form is form


def test_a_kind_of_payment_that_only_a_registers_owner_knows_is_refused() -> None:
    assert "NotInEnumeration: #/receipt.payments[0].type" in refused(body(payments=[{"type": 7, "sum": 100}]))


def correction(**changes: Any) -> dict[str, Any]:
    whole = {
        "company": COMPANY, "payments": [{"type": 1, "sum": 220}], "vats": [{"type": "vat22", "sum": 39.67}],
        "correction_info": {"type": "instruction", "base_date": "03.08.2018 10:00:00", "base_number": "n1"}, **changes,
    }  # fmt: skip
    return {"timestamp": "24.11.2026 12:00:00", "external_id": "o-1", "correction": whole}


def test_a_correction_without_lines_becomes_one_that_any_register_takes() -> None:
    receipt = read(correction(), operation="buy_correction").receipt
    assert receipt.kind is Kind.PURCHASE
    assert receipt.correction is not None
    assert (receipt.correction.by, receipt.correction.date) == (CorrectionBy.INSTRUCTION, "2018-08-03")
    assert [(item.sum, item.vat, item.vat_sum) for item in receipt.items] == [(22000, VatRate.VAT22, 3967)]


def test_a_correction_whose_vat_contradicts_its_sum_is_refused() -> None:
    vats = [{"type": "vat22", "sum": 39.67}, {"type": "vat10", "sum": 500}]
    assert "SumsDoNotAgree: #/correction.vats" in refused(correction(vats=vats), operation="sell_correction")


@pytest.mark.parametrize("day", ["2018-08-03", "31.02.2018", "3.8.2018", ""])
def test_a_day_that_is_none_is_named(day: str) -> None:
    facts = {"type": "self", "base_date": day}
    assert "#/correction.correction_info.base_date" in refused(
        correction(correction_info=facts), operation="sell_correction"
    )


@given(
    st.lists(
        st.tuples(st.sampled_from(list(VatRate)), st.integers(1, 10**9)), min_size=1, max_size=6,
        unique_by=lambda one: one[0],
    )
)  # fmt: skip
def test_lines_made_of_totals_add_up_and_keep_the_vat(turnovers: list[tuple[VatRate, int]]) -> None:
    paid = sum(sum_ for _, sum_ in turnovers)
    totals = tuple(Total(rate, vat_of(rate, sum_) if rate.percent else sum_) for rate, sum_ in turnovers)
    made = items_of_totals(totals, paid)
    if made is None:  # many small rates: kopecks may not be told apart, and then nothing is guessed
        return
    assert sum(item.sum for item in made) == paid
    for item, total in zip(made, totals, strict=True):
        assert item.vat is total.rate
        assert not item.vat.percent or abs(vat_of(item.vat, item.sum) - (total.sum or 0)) <= 1


@given(st.binary(min_size=8, max_size=32), st.text(max_size=20), st.text(max_size=20))
def test_a_handle_leads_back_to_its_order_and_only_under_its_key(
    secret: bytes, shop: str, order: str
) -> None:
    mark = order_mark(shop.encode("utf-8", "replace").decode(), order.encode("utf-8", "replace").decode())
    handle = Handles(secret).of(mark)
    assert (handle[14], handle[19] in "89ab") == ("4", True)
    assert Handles(secret).mark(handle) == mark
    assert Handles(secret).mark(handle.upper()) == mark
    assert Handles(secret + b"x").mark(handle) is None


@pytest.mark.parametrize("text", ["", "x", "2ea26f17-0884-4f08-b120-306fc096a58f", "0" * 32, "{}", "ё" * 36])
def test_a_handle_that_we_have_not_made_leads_nowhere(text: str) -> None:
    assert Handles(b"key").mark(text) is None


@pytest.mark.parametrize(
    ("text", "phone"),
    [
        ("+1 202 555-01-23", "+12025550123"),
        ("none", None),
        ("123", None),
        ("８９００", None),
        ("+7900", None),
    ],
)
def test_phones(text: str, phone: str | None) -> None:
    assert phone_of(text) == phone


def test_a_quantity_keeps_its_six_decimals() -> None:
    assert read(body(line(quantity=0.000001))).receipt.items[0].quantity == Decimal("0.000001")
    assert "NumberNotMultipleOf: #/receipt.items[0].quantity" in refused(body(line(quantity=0.0000015)))
