"""What is sent to Komtet Kassa must be the shop's receipt in the service's own words, and what it answers must be read."""

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chekpoint.core.errors import OutcomeUnknown, RegisterBlocked, RegisterError, Rejected
from chekpoint.core.ports import Attempt
from chekpoint.emulators.cloud_content import Wrong
from chekpoint.emulators.komtet.content import offered
from chekpoint.fiscal.receipt import (
    Agent,
    AgentSign,
    Buyer,
    Correction,
    CorrectionBy,
    Fraction,
    Kind,
    Payment,
    PaymentForm,
    ProductCode,
    ProductCodeKind,
    Receipt,
    SettlementMethod,
    SettlementObject,
    Taxation,
    UserProperty,
)
from chekpoint.fiscal.vat import VatRate
from chekpoint.registers.cloud import Malformed
from chekpoint.registers.cloud_body import encode
from chekpoint.registers.komtet import KomtetConfig, recognised
from chekpoint.registers.komtet.answers import (
    FiscalFields,
    Refusal,
    document_of,
    read_refusal,
    read_task,
)
from chekpoint.registers.komtet.body import body_of
from chekpoint.registers.komtet.errors import of_post, taken_before
from chekpoint.registers.komtet.signing import signature
from tests.emulated_world import item, receipt

CONFIG = KomtetConfig(
    shop_id="shop", secret="secret-key", queue_id=3, payment_address="https://shop.example", inn="7700000016"
)


def attempt(content: Receipt) -> Attempt:
    return Attempt(
        id="01932d9b-0000-7000-8000-000000000001", receipt_id="r", receipt=content, mark="00000000000000ab",
        digest="d", fn="", last_fd=0, fence=1,
    )  # fmt: skip


def sent(content: Receipt, config: KomtetConfig = CONFIG) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(encode(body_of(attempt(content), config)), parse_float=Decimal)
    return found


def test_komtet_sdk_signs_as_we_do() -> None:
    """The vectors of the vendor's own tests (Komtet/komtet-kassa-python-sdk, tests/v2/client/test.py)."""
    queue = "https://kassa.komtet.ru/api/shop/v2/queues/1"
    assert signature("secret-key", "GET", queue) == "4f055e21e84b0d014b3e0b235e391c64"
    task = "https://kassa.komtet.ru/api/shop/v2/queues/3/task"
    assert signature("secret-key", "POST", task, b'{"key": 10.0}') == "d5aa2f6177ba2f4f94218ed9587454be"


def test_a_sale_in_the_services_words() -> None:
    body = sent(receipt(item(9_999, "2.474", sum=24_738, unit=11)))
    assert body["external_id"] == "01932d9b-0000-7000-8000-000000000001"
    assert (body["intent"], body["print"], body["internet"]) == ("sell", False, True)
    assert body["client"] == {"email": "buyer@example.com"}
    assert body["company"] == {"payment_address": "https://shop.example", "sno": 0, "inn": "7700000016"}
    assert body["positions"] == [
        {
            "name": "Бананы", "price": Decimal("99.99"), "quantity": Decimal("2.474"), "total": Decimal("247.38"),
            "vat": "22", "measure": 11, "payment_method": "full_payment", "payment_object": "product",
        }
    ]  # fmt: skip
    assert body["payments"] == [{"sum": Decimal("247.38"), "type": "card"}]
    assert body["additional_check_props"] == "00000000000000ab"
    assert "callback_url" not in body


@pytest.mark.parametrize("rate", VatRate)
@pytest.mark.parametrize("kind", Kind)
def test_every_rate_and_kind_comes_back_as_it_went(rate: VatRate, kind: Kind) -> None:
    content = receipt(item(vat=rate), kind=kind)
    assert back(content).kind is kind
    assert back(content).items[0].vat is rate


def back(content: Receipt) -> Receipt:
    """Through the service's reading of it."""
    return offered(encode(body_of(attempt(content), CONFIG))).receipt


@pytest.mark.parametrize("thing", SettlementObject)
def test_every_object_has_a_word_of_its_own(thing: SettlementObject) -> None:
    assert back(receipt(item(object=thing))).items[0].object is thing


@pytest.mark.parametrize("method", SettlementMethod)
@pytest.mark.parametrize("form", PaymentForm)
def test_every_method_and_form_has_a_word_of_its_own(method: SettlementMethod, form: PaymentForm) -> None:
    content = receipt(item(method=method), payments=(Payment(form=form, sum=10_000),))
    assert back(content).items[0].method is method
    assert back(content).payments == content.payments


@pytest.mark.parametrize("sign", AgentSign)
def test_every_agent_has_a_word_of_its_own(sign: AgentSign) -> None:
    agent = Agent(
        sign=sign, operation="Приём", agent_phones=("+79990000001",), operator_phones=("+79990000002",),
        transfer_phones=("+79990000003",), transfer_name="Перевод", transfer_address="Москва", transfer_inn="7709364346",
    )  # fmt: skip
    assert back(receipt(item(agent=agent))).items[0].agent == agent


@pytest.mark.parametrize("kind", Kind)
def test_a_correction_of_every_kind(kind: Kind) -> None:
    correction = Correction(by=CorrectionBy.INSTRUCTION, date="2026-11-01", number="17")
    content = receipt(kind=kind, correction=correction)
    assert sent(content)["intent"].endswith("Correction")
    assert sent(content)["correction_info"]["base_date"] == "01.11.2026"
    assert back(content).correction == correction


@pytest.mark.parametrize(
    ("code", "word"),
    [
        ("0104600439931256215JgXJ5.T\x1d93abcd", "gs1m"), ("46004399312560,JgXJ5.Tab;AAbbcc", "unknown"),
        ("46061949210180xJgXJ5.TAAbbcc", "short"), ("RU-430302-ABC1234567", "fur"), ("A" * 150, "egais30"),
        ("A" * 68, "egais20"), ("whatever", "unknown"),
    ],
)  # fmt: skip
def test_a_scanned_mark_goes_under_the_word_of_its_form(code: str, word: str) -> None:
    marked = item(object=SettlementObject.COMMODITY_MARKED, mark_code=code)
    position = sent(receipt(marked))["positions"][0]
    assert position["mark_code"] == {word: code}
    assert position["planned_status"] == 1
    assert sent(receipt(marked, kind=Kind.SALE_RETURN))["positions"][0]["planned_status"] == 3
    part = msgspec.structs.replace(marked, fraction=Fraction(numerator=1, denominator=2))
    assert sent(receipt(part))["positions"][0]["mark_quantity"] == {"numerator": 1, "denominator": 2}
    assert sent(receipt(part))["positions"][0]["planned_status"] == 2


def test_the_shops_own_requisites_come_before_ours() -> None:
    noted = sent(receipt(note="заказ 7"))
    assert noted["additional_check_props"] == "заказ 7"
    assert noted["additional_user_props"]["value"] == "00000000000000ab"
    own = UserProperty(name="Курьер", value="Пётр")
    assert sent(receipt(note="заказ 7", user_property=own))["additional_user_props"]["value"] == "Пётр"
    assert sent(receipt(user_property=own))["additional_check_props"] == "00000000000000ab"


@pytest.mark.parametrize(
    "content",
    [
        receipt(taxation=Taxation.ENVD),
        receipt(agent=Agent(sign=AgentSign.ANOTHER)),
        receipt(machine_number="1"),
        receipt(item(10_099), total=10_000),
        receipt(item(nomenclature="444d")),
        receipt(item(vat_sum=1)),
        receipt(item(product_codes=(ProductCode(kind=ProductCodeKind.F1, value="1"),))),
    ],
    ids=["ENVD", "agent of all", "machine", "rounded total", "nomenclature", "other VAT sum", "code F.1"],
)
def test_what_the_service_cannot_say_is_refused_in_words(content: Receipt) -> None:
    with pytest.raises(Rejected) as refused:
        body_of(attempt(content), CONFIG)
    assert refused.value.code == "unsupported"
    assert " / " in refused.value.message


@given(st.integers(1, 10**9), st.sampled_from(list(VatRate)))
def test_no_kopeck_is_lost_on_the_way(kopecks: int, rate: VatRate) -> None:
    found = back(receipt(item(kopecks, vat=rate)))
    assert (found.amount, found.items[0].price) == (kopecks, kopecks)


@pytest.mark.parametrize(
    "changes",
    [
        {"queue_id": 0}, {"inn": "12"}, {"base_url": "ftp://x"}, {"base_url": "https://x/path"}, {"patience": 0},
        {"callback_url": "x"}, {"time_zone": 12}, {"shop_id": "магазин"}, {"surprise": 1}, {"secret": ""},
    ],
)  # fmt: skip
def test_settings_that_make_no_sense_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(msgspec.to_builtins(CONFIG) | changes, KomtetConfig)


# ------------------------------------------------------------------ answers


def fields(**changes: Any) -> FiscalFields:
    told: dict[str, Any] = {
        "i": "7",
        "fn": "9999078900000001",
        "t": "20261124T120000",
        "n": 1,
        "fp": "12345",
        "s": "100.00",
    }
    return msgspec.convert(told | changes, FiscalFields)


def test_a_document_is_read_from_what_the_qr_has() -> None:
    document = document_of(attempt(receipt()), fields())
    assert (document.fn, document.fd_number, document.fiscal_sign) == ("9999078900000001", 7, "0000012345")
    assert (document.total, document.made_at, document.document) == (10_000, "2026-11-24T12:00:00", 3)
    assert document.qr == "t=20261124T120000&s=100.00&fn=9999078900000001&i=7&fp=12345&n=1"
    assert document_of(attempt(receipt()), fields(t="20261124T1200", s=100.0, n=None, i=7)).total == 10_000
    correction = Correction(by=CorrectionBy.SELF, date="2026-11-01")
    assert document_of(attempt(receipt(correction=correction)), fields()).document == 31


@pytest.mark.parametrize("changes", [{"s": "99.99"}, {"t": "yesterday"}, {"i": "x"}, {"fp": "-1"}])
def test_a_document_that_is_not_of_this_receipt_is_never_taken(changes: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        document_of(attempt(receipt()), fields(**changes))


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"\xff", b'{"external_id": null}', b"[" * 100_000])
def test_an_answer_that_is_none_is_named(body: bytes) -> None:
    with pytest.raises(Malformed):
        read_task(body)
    assert isinstance(read_refusal(body), Refusal)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, RegisterBlocked), (403, RegisterBlocked), (404, RegisterBlocked), (429, RegisterBlocked), (422, Rejected),
        (400, OutcomeUnknown), (500, OutcomeUnknown), (502, OutcomeUnknown), (302, OutcomeUnknown),
    ],
)  # fmt: skip
def test_a_refusal_leads_to_one_decision(status: int, kind: type[RegisterError]) -> None:
    assert isinstance(of_post(status, Refusal(description="text")), kind)


@pytest.mark.parametrize(
    "text",
    [
        "external_id: Чек с внешним идентификатором 7 уже существует", "Внешний идентификатор занят",
        "id 01932d9b-0000-7000-8000-000000000001", "receipt already exists",
    ],
)  # fmt: skip
def test_a_taken_id_is_not_mistaken_for_a_wrong_receipt(text: str) -> None:
    assert taken_before(422, Refusal(description=text), "01932d9b-0000-7000-8000-000000000001")
    assert not taken_before(422, Refusal(description="Сумма не сходится"), "01932d9b")


def test_a_callback_is_the_services_only_with_its_signature() -> None:
    url, body = "https://hub.example/callbacks/registers/r", b'{"external_id":"a1","state":"done","id":5}'
    signed = {"x-hmac-signature": signature("secret-key", "POST", url, body)}
    told = recognised("secret-key", url, signed, body)
    assert told is not None
    assert (told.attempt_id, told.task.id, told.task.state) == ("a1", 5, "done")
    assert recognised("other", url, signed, body) is None
    assert recognised("secret-key", url + "x", signed, body) is None
    assert recognised("secret-key", url, signed, body + b" ") is None
    assert recognised("secret-key", url, {}, body) is None
    nothing = {"X-HMAC-Signature": signature("secret-key", "POST", url, b"{}")}
    assert recognised("secret-key", url, nothing, b"{}") is None


@given(st.binary(max_size=200))
def test_no_request_breaks_the_double(body: bytes) -> None:
    with pytest.raises(Wrong):
        offered(body)


@pytest.mark.parametrize(
    "changes",
    [
        {"external_id": ""}, {"intent": "steal"}, {"intent": 5}, {"client": {}}, {"positions": [{}]}, {"payments": None},
        {"company": {}}, {"callback_url": 5}, {"payments": [{"sum": "NaN", "type": "card"}]}, {"company": {"sno": []}},
    ],
)  # fmt: skip
def test_a_wrong_task_is_refused_by_the_double_in_words(changes: dict[str, Any]) -> None:
    good = json.loads(encode(body_of(attempt(receipt()), CONFIG)))
    with pytest.raises(Wrong):
        offered(json.dumps(good | changes).encode())


def test_a_buyer_with_a_phone() -> None:
    assert sent(receipt(buyer=Buyer(contact="+79990000000", name="Иван", inn="7709364346")))["client"] == {
        "phone": "+79990000000", "name": "Иван", "inn": "7709364346",
    }  # fmt: skip
