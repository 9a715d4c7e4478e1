"""What is sent to OrangeData must be the shop's receipt in the service's own numbers, and what it answers must be read."""

import json
import ssl
from decimal import Decimal
from typing import Any

import httpx2
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chekpoint.core.errors import BlockReason, OutcomeUnknown, RegisterBlocked, RegisterError, Rejected
from chekpoint.core.ports import Attempt
from chekpoint.emulators.cloud_content import Wrong
from chekpoint.emulators.orange_data.content import offered
from chekpoint.fiscal.receipt import (
    Agent,
    AgentSign,
    Buyer,
    Cashier,
    Correction,
    CorrectionBy,
    Fraction,
    IndustryDetail,
    Kind,
    Payment,
    PaymentForm,
    ProductCode,
    ProductCodeKind,
    Receipt,
    SettlementMethod,
    SettlementObject,
    Supplier,
    Taxation,
    UserProperty,
)
from chekpoint.fiscal.vat import VatRate
from chekpoint.registers.cloud import Malformed
from chekpoint.registers.cloud_body import encode
from chekpoint.registers.orange_data import OrangeDataConfig, recognised
from chekpoint.registers.orange_data.answers import (
    document_of,
    read_devices,
    read_refusal,
    read_result,
)
from chekpoint.registers.orange_data.body import body_of, section
from chekpoint.registers.orange_data.errors import of_line, of_post, of_question
from tests.emulated_world import item, receipt

CONFIG = OrangeDataConfig(inn="7700000016", sign_key="s", client_cert="c", client_key="k")
OLD = msgspec.structs.replace(CONFIG, ffd="1.05")
ID = "01932d9b-0000-7000-8000-000000000001"
RESULT = {  # the example of the vendor's document
    "id": ID, "deviceSN": "0000000000001358", "deviceRN": "0000000400054952", "fsNumber": "9999078900001341",
    "ofdName": 'ООО "Ярус"("ОФД-Я")', "ofdWebsite": "www.ofd-ya.ru", "ofdinn": "7728699517", "fnsWebsite": "www.nalog.ru",
    "companyINN": "7700000016", "companyName": "ЗАО ТОРГОВЫЙ ОБЪЕКТ №1", "documentNumber": 117, "shiftNumber": 20,
    "documentIndex": 5, "processedAt": "2017-02-14T14:16:00", "content": {"type": 1}, "change": 974.01,
    "fp": "0364009522",
}  # fmt: skip


def attempt(content: Receipt) -> Attempt:
    return Attempt(
        id=ID, receipt_id="r", receipt=content, mark="00000000000000ab", digest="d", fn="", last_fd=0, fence=1
    )


def sent(content: Receipt, config: OrangeDataConfig = CONFIG) -> dict[str, Any]:
    whole: dict[str, Any] = json.loads(encode(body_of(attempt(content), config)), parse_float=Decimal)
    return whole


def taken(content: Receipt, config: OrangeDataConfig = CONFIG) -> Receipt:
    """What the service would read of it."""
    return offered(encode(body_of(attempt(content), config)), section(content, config)).receipt


def unsupported(content: Receipt, config: OrangeDataConfig = CONFIG) -> bool:
    with pytest.raises(Rejected) as refused:
        body_of(attempt(content), config)
    return refused.value.code == "unsupported" and " / " in refused.value.message


def test_the_head_names_the_client_its_group_and_its_key() -> None:
    whole = sent(receipt())
    assert (whole["id"], whole["inn"], whole["group"], whole["key"]) == (
        ID,
        "7700000016",
        "Main",
        "7700000016",
    )
    assert "callbackUrl" not in whole
    config = msgspec.structs.replace(
        CONFIG, key_name="7700000016_2", callback_url="https://hub.example/c", time_zone=2
    )
    whole = sent(receipt(), config)
    assert (whole["key"], whole["callbackUrl"], whole["content"]["timeZone"]) == (
        "7700000016_2",
        "https://hub.example/c",
        2,
    )


@pytest.mark.parametrize(
    ("rate", "number", "old"),
    [
        (VatRate.VAT22, 1, False), (VatRate.VAT20, 1, True), (VatRate.VAT10, 2, False), (VatRate.VAT122, 3, False),
        (VatRate.VAT120, 3, True), (VatRate.VAT110, 4, False), (VatRate.VAT0, 5, False), (VatRate.NONE, 6, False),
        (VatRate.VAT5, 7, False), (VatRate.VAT7, 8, False), (VatRate.VAT105, 9, False), (VatRate.VAT107, 10, False),
    ],
)  # fmt: skip
def test_no_rate_turns_into_another_one(rate: VatRate, number: int, old: bool) -> None:
    content = receipt(item(vat=rate))
    body = sent(content)["content"]
    assert body["positions"][0]["tax"] == number
    assert body.get("useTax20", False) is old
    assert taken(content).items[0].vat is rate


def test_rates_of_two_years_in_one_receipt_are_refused_for_they_share_a_number() -> None:
    assert unsupported(receipt(item(vat=VatRate.VAT20), item(vat=VatRate.VAT22)))
    assert unsupported(receipt(item(vat=VatRate.VAT120), item(vat=VatRate.VAT22)))
    assert taken(receipt(item(vat=VatRate.VAT20), item(vat=VatRate.VAT120))).items[1].vat is VatRate.VAT120


@pytest.mark.parametrize("taxation", Taxation)
def test_each_taxation(taxation: Taxation) -> None:
    assert taken(receipt(taxation=taxation)).taxation is taxation


@pytest.mark.parametrize("form", PaymentForm)
def test_each_form_of_payment(form: PaymentForm) -> None:
    content = receipt(payments=(Payment(form=form, sum=10_000),))
    number = {"cash": 1, "electronic": 2, "prepaid": 14, "credit": 15, "other": 16}[form.value]
    assert sent(content)["content"]["checkClose"]["payments"] == [{"type": number, "amount": 100}]
    assert taken(content).payments == content.payments


@pytest.mark.parametrize("thing", SettlementObject)
@pytest.mark.parametrize("method", [SettlementMethod.ADVANCE, SettlementMethod.FULL_PAYMENT])
def test_each_object_and_method(thing: SettlementObject, method: SettlementMethod) -> None:
    read = taken(receipt(item(object=thing, method=method))).items[0]
    assert (read.object, read.method) == (thing, method)
    if thing.code > 26:
        assert unsupported(receipt(item(object=thing)), OLD)


@given(price=st.integers(0, 99_999_999_99))
def test_no_kopeck_is_lost_on_the_way(price: int) -> None:
    content = receipt(item(price))
    assert sent(content)["content"]["positions"][0]["price"] == Decimal(price) / 100
    assert taken(content).items[0].price == price


def test_the_order_mark_goes_where_the_shop_has_nothing_of_its_own() -> None:
    own = UserProperty(name="Курьер", value="Пётр")
    plain, noted = sent(receipt())["content"], sent(receipt(note="заказ 7"))["content"]
    both = sent(receipt(note="заказ 7", user_property=own))["content"]
    assert plain["additionalAttribute"] == "00000000000000ab"
    assert noted["additionalAttribute"] == "заказ 7"
    assert noted["additionalUserAttribute"] == {"name": "Идентификатор", "value": "00000000000000ab"}
    assert both["additionalUserAttribute"] == {"name": "Курьер", "value": "Пётр"}


def test_everything_else_of_a_receipt_arrives() -> None:
    agent = Agent(
        sign=AgentSign.ATTORNEY, operation="Приём", agent_phones=("+79990000001",), operator_phones=("+79990000002",),
        transfer_phones=("+79990000003",), transfer_name="ООО Перевод", transfer_address="Москва", transfer_inn="7707083893",
    )  # fmt: skip
    detail = IndustryDetail(authority="012", date="12.08.2021", number="666", value="a=b")
    content = receipt(
        item(agent=agent, supplier=Supplier(inn="7709364346", name="ООО П", phones=("+79990000002",)), excise=2345, country="643",
             declaration="АД 11/77", note="реквизит", vat_sum=1_800, unit=0, industry=(detail,)),
        buyer=Buyer(contact="+79990000000", name="Иванов", inn="828021964975"), cashier=Cashier(name="Петров", inn="828021964975"),
        place="https://shop.example", address="Москва", seller_email="shop@example.com", machine_number="45", industry=(detail,),
        internet=False,
    )  # fmt: skip
    assert taken(content) == msgspec.structs.replace(content, note="00000000000000ab")


def test_an_agent_of_the_whole_receipt_is_for_the_old_format_alone() -> None:
    content = receipt(
        agent=Agent(sign=AgentSign.PAYING_AGENT, operation="Приём", agent_phones=("+79990000001",))
    )
    assert taken(content, OLD).agent == content.agent
    assert unsupported(content)


def test_the_buyer_of_each_format() -> None:
    buyer = Buyer(contact="a@example.com", name="Иванов", inn="828021964975")
    assert sent(receipt(buyer=buyer))["content"]["customerInfo"] == {"name": "Иванов", "inn": "828021964975"}
    assert sent(receipt(buyer=buyer), OLD)["content"]["customerINN"] == "828021964975"
    assert unsupported(receipt(buyer=Buyer()))


@pytest.mark.parametrize(
    ("kind", "unit", "status"),
    [(Kind.SALE, 0, 1), (Kind.SALE, 11, 2), (Kind.SALE_RETURN, 0, 3), (Kind.SALE_RETURN, 11, 4)],
)
def test_a_mark_travels_whole_with_what_becomes_of_the_goods(kind: Kind, unit: int, status: int) -> None:
    code = "0104607428680016215'W9Um\x1d93dGVz"
    content = receipt(
        item(mark_code=code, unit=unit, object=SettlementObject.COMMODITY_MARKED),
        kind=kind,
    )
    position = sent(content)["content"]["positions"][0]
    assert (position["itemCode"], position["plannedStatus"]) == (code, status)
    assert taken(content).items[0].mark_code == code
    assert unsupported(content, OLD)


def test_a_part_of_a_marked_thing() -> None:
    part = item(mark_code="01" + "0" * 14 + "21abc", fraction=Fraction(numerator=1, denominator=2))
    position = sent(receipt(part))["content"]["positions"][0]
    assert position["fractionalQuantity"] == {"numerator": 1, "denominator": 2}
    assert position["plannedStatus"] == 2


def test_codes_of_goods_have_places_of_their_own_or_are_refused() -> None:
    known = tuple(
        ProductCode(kind=kind, value=f"46{n:06d}")
        for n, kind in enumerate(ProductCodeKind)
        if kind not in {ProductCodeKind.UNDEFINED, ProductCodeKind.GS1M, ProductCodeKind.SHORT}
    )
    assert taken(receipt(item(product_codes=known))).items[0].product_codes == known
    for kind in (ProductCodeKind.UNDEFINED, ProductCodeKind.GS1M, ProductCodeKind.SHORT):
        assert unsupported(receipt(item(product_codes=(ProductCode(kind=kind, value="1"),))))
    assert unsupported(receipt(item(product_codes=(known[0], known[0]))))


def test_the_old_code_of_goods() -> None:
    content = receipt(item(nomenclature="444d0000000000016d"))
    assert taken(content, OLD).items[0].nomenclature == "444d0000000000016d"
    assert unsupported(content)


def test_a_correction_of_the_new_format_has_items() -> None:
    content = receipt(correction=Correction(by=CorrectionBy.INSTRUCTION, date="2026-11-01", number="17"))
    assert section(content, CONFIG) == "correction12"
    body = sent(content)["content"]
    assert (body["correctionType"], body["causeDocumentDate"], body["causeDocumentNumber"]) == (
        1,
        "2026-11-01T00:00:00",
        "17",
    )
    assert taken(content).correction == content.correction


def test_a_correction_of_the_old_format_is_sums_in_another_numbering() -> None:
    content = receipt(
        *(item(12_000, vat=rate) for rate in (VatRate.VAT20, VatRate.NONE, VatRate.VAT120, VatRate.VAT5)),
        payments=(
            Payment(form=PaymentForm.CASH, sum=40_000),
            Payment(form=PaymentForm.ELECTRONIC, sum=8_000),
        ),
        buyer=Buyer(), correction=Correction(by=CorrectionBy.SELF, date="2026-11-01"),
    )  # fmt: skip
    body = sent(content, OLD)["content"]
    assert section(content, OLD) == "corrections"
    assert {name: body[name] for name in ("tax1Sum", "tax4Sum", "tax5Sum", "tax7Sum")} == {
        "tax1Sum": 20, "tax4Sum": 120, "tax5Sum": 20, "tax7Sum": Decimal("5.71"),
    }  # fmt: skip
    assert (body["cashSum"], body["eCashSum"], body["totalSum"], body["causeDocumentNumber"]) == (
        400,
        80,
        480,
        "0",
    )
    assert taken(content, OLD).payments == content.payments
    assert unsupported(msgspec.structs.replace(content, kind=Kind.SALE_RETURN), OLD)


def test_what_the_service_would_compute_otherwise_is_refused() -> None:
    assert unsupported(receipt(item(10_000, "2", sum=19_900)))
    assert unsupported(
        receipt(industry=2 * (IndustryDetail(authority="1", date="2", number="3", value="4"),))
    )


# ------------------------------------------------------------------ answers


def test_a_result_becomes_the_document() -> None:
    made = document_of(attempt(receipt()), "7700000016", read_result(json.dumps(RESULT).encode()))
    assert (made.fn, made.fd_number, made.fiscal_sign) == ("9999078900001341", 117, "0364009522")
    assert (made.made_at, made.shift_number, made.receipt_number) == ("2017-02-14T14:16:00", 20, 5)
    assert (made.total, made.kind, made.document, made.mark) == (10_000, 1, 3, None)
    assert made.registration_number == "0000000400054952"


def test_the_mark_is_ours_where_it_is_given_back() -> None:
    for content in (
        {"type": 1, "additionalAttribute": "00000000000000ab"},
        {
            "type": 1,
            "additionalAttribute": "заказ",
            "additionalUserAttribute": {"name": "И", "value": "00000000000000ab"},
        },
    ):
        result = read_result(json.dumps(RESULT | {"content": content}).encode())
        assert document_of(attempt(receipt()), "7700000016", result).mark == "00000000000000ab"


@pytest.mark.parametrize(
    "change",
    [{"id": "other"}, {"companyINN": "7707083893"}, {"content": {"type": 2}}, {"processedAt": "вчера"}],
)
def test_the_document_of_somebody_else_is_not_taken(change: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        document_of(attempt(receipt()), "7700000016", read_result(json.dumps(RESULT | change).encode()))


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"\xff", b"[" * 5000, b'{"id":1}', b'{"devices":[1]}'])
def test_nonsense_is_never_a_crash(body: bytes) -> None:
    with pytest.raises(Malformed):
        read_result(body)
    with pytest.raises(Malformed):
        read_devices(body)
    assert isinstance(read_refusal(body), str)


def test_a_callback_names_its_attempt_and_nothing_more() -> None:
    assert recognised(json.dumps(RESULT).encode()) == ID
    assert recognised(b"{}") is None
    assert recognised(b"nonsense") is None


def test_a_date_of_a_register_that_has_sent_everything_is_no_backlog() -> None:
    devices = [
        {"deviceSN": "1", "unsentDocumentsCount": 0, "firstUnsentDocumentDate": "0001-01-01T00:00:00"},
        {"deviceSN": "2", "unsentDocumentsCount": 42, "firstUnsentDocumentDate": "2019-12-09T14:16:00", "fsExpirationDate": "2020-12-09T14:16:00"},
        {"deviceSN": "3", "unsentDocumentsCount": 1, "firstUnsentDocumentDate": "2019-12-08T14:16:00"},
    ]  # fmt: skip
    read = read_devices(json.dumps({"devices": devices}).encode())
    assert (read.unsent, read.unsent_since, read.valid_until) == (
        43,
        "2019-12-08T14:16:00",
        "2020-12-09T14:16:00",
    )


@pytest.mark.parametrize(
    ("status", "kind", "reason"),
    [
        (400, Rejected, None), (401, RegisterBlocked, BlockReason.ACCESS), (503, RegisterBlocked, BlockReason.BUSY),
        (404, RegisterBlocked, BlockReason.CONFIGURATION), (500, OutcomeUnknown, None), (502, OutcomeUnknown, None),
    ],
)  # fmt: skip
def test_refusals_of_a_document(status: int, kind: type[RegisterError], reason: BlockReason | None) -> None:
    told = of_post(status, "")
    assert type(told) is kind
    assert getattr(told, "reason", None) is reason
    assert told.message


def test_an_unknown_group_is_a_matter_of_settings() -> None:
    assert of_question(400, "").reason is BlockReason.CONFIGURATION
    assert of_question(500, "").reason is BlockReason.NO_LINK


def test_a_line_that_breaks_before_and_after_the_first_byte() -> None:
    assert isinstance(of_line(httpx2.ConnectError("no")), RegisterBlocked)
    assert isinstance(of_line(httpx2.ReadTimeout("late")), OutcomeUnknown)


def test_a_refused_certificate_is_known_though_tls_tells_of_it_late() -> None:
    alert = ssl.SSLError(1, "alert")
    alert.reason = "TLSV13_ALERT_CERTIFICATE_REQUIRED"
    fault = httpx2.ReadError("alert")
    fault.__cause__ = alert
    told = of_line(fault)
    assert isinstance(told, RegisterBlocked)
    assert told.reason is BlockReason.ACCESS


@pytest.mark.parametrize(
    "change",
    [
        {"inn": "77"}, {"base_url": "http://api.example"}, {"group": ""}, {"group": "a b"}, {"patience": 0}, {"ffd": "1.1"},
        {"time_zone": 12}, {"key_name": ""}, {"callback_url": "ftp://x"}, {"surprise": 1}, {"sign_key": ""},
    ],
)  # fmt: skip
def test_settings_that_cannot_be_are_refused(change: dict[str, Any]) -> None:
    whole = {"inn": "7700000016", "sign_key": "s", "client_cert": "c", "client_key": "k"} | change
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(whole, OrangeDataConfig)


# ------------------------------------------------------------------ the double's own reading


@pytest.mark.parametrize(
    "change",
    [
        {"id": ""}, {"id": "x" * 65}, {"id": 7}, {"content": None}, {"content": {}}, {"inn": 5}, {"key": None},
        {"content.ffdVersion": 3}, {"content.type": 5}, {"content.positions": []}, {"content.positions": [{}]},
        {"content.customerContact": ""}, {"content.checkClose": {"payments": [], "taxationSystem": 0}},
    ],
)  # fmt: skip
def test_a_document_that_the_service_would_refuse(change: dict[str, Any]) -> None:
    whole = json.loads(encode(body_of(attempt(receipt()), CONFIG)))
    for name, value in change.items():
        holder, _, field = name.rpartition(".")
        (whole[holder] if holder else whole)[field] = value
    with pytest.raises(Wrong):
        offered(json.dumps(whole).encode(), "documents")


@pytest.mark.parametrize("body", [b"", b"\xff", b"[]", b"1", b"[" * 20_000])
def test_nonsense_is_refused_in_words(body: bytes) -> None:
    with pytest.raises(Wrong):
        offered(body, "documents")
