"""What is sent to ModulKassa must be the shop's receipt in the service's own words, and what it answers must be read."""

import json
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chekpoint.core.errors import Rejected
from chekpoint.core.ports import Attempt
from chekpoint.emulators.cloud_content import Wrong
from chekpoint.emulators.modulkassa_cloud.content import offered
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
from chekpoint.registers.modulkassa import ModulKassaConfig
from chekpoint.registers.modulkassa.answers import (
    FiscalInfo,
    document_of,
    moment,
    read_document,
    read_point,
    read_refusal,
)
from chekpoint.registers.modulkassa.body import body_of
from chekpoint.registers.modulkassa.words import OBJECTS
from chekpoint.shops.modulkassa.words import OBJECTS as DOOR_OBJECTS
from chekpoint.shops.modulkassa.words import RATES as DOOR_RATES
from tests.emulated_world import item, receipt

CONFIG = ModulKassaConfig(user_name="user", password="secret")
NOW = datetime(2026, 11, 24, 12, tzinfo=timezone(timedelta(hours=3)))


def attempt(content: Receipt) -> Attempt:
    return Attempt(
        id="01932d9b-0000-7000-8000-000000000001", receipt_id="r", receipt=content, mark="00000000000000ab",
        digest="d", fn="", last_fd=0, fence=1,
    )  # fmt: skip


def sent(content: Receipt, config: ModulKassaConfig = CONFIG) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(encode(body_of(attempt(content), config, NOW)), parse_float=Decimal)
    return found


def back(content: Receipt) -> Receipt:
    """Through the service's reading of it."""
    return offered(encode(body_of(attempt(content), CONFIG, NOW))).receipt


def test_a_sale_in_the_services_words() -> None:
    config = msgspec.structs.replace(CONFIG, callback_url="https://hub.example/callbacks/registers/r")
    cashier = Cashier(name="Иванова А. А.", inn="770936434600")
    buyer = Buyer(contact="+79990000000", name="Заказчик", inn="7709364346")
    body = sent(receipt(item(9_999, "2.474", sum=24_738), cashier=cashier, buyer=buyer), config)
    assert body == {
        "id": "01932d9b-0000-7000-8000-000000000001", "docNum": "00000000000000ab", "docType": "SALE",
        "checkoutDateTime": "2026-11-24T12:00:00+03:00", "email": "+79990000000", "printReceipt": False,
        "taxMode": "COMMON", "moneyPositions": [{"paymentType": "CARD", "sum": Decimal("247.38")}],
        "inventPositions": [{
            "name": "Бананы", "price": Decimal("99.99"), "quantity": Decimal("2.474"), "vatTag": 1113,
            "paymentObject": "commodity", "paymentMethod": "full_payment",
        }],
        "cashierName": "Иванова А. А.", "cashierInn": "770936434600", "clientName": "Заказчик",
        "clientInn": "7709364346", "responseURL": "https://hub.example/callbacks/registers/r",
    }  # fmt: skip


@pytest.mark.parametrize("rate", VatRate)
@pytest.mark.parametrize("kind", Kind)
def test_every_rate_and_kind_comes_back_as_it_went(rate: VatRate, kind: Kind) -> None:
    content = receipt(item(vat=rate), kind=kind)
    assert back(content).kind is kind
    assert back(content).items[0].vat is rate
    tag = sent(content)["inventPositions"][0]["vatTag"]
    assert DOOR_RATES[tag] is rate  # the door for the same shops' modules reads it so


@pytest.mark.parametrize("taxation", Taxation)
def test_every_taxation_has_a_word_of_its_own(taxation: Taxation) -> None:
    assert back(receipt(taxation=taxation)).taxation is taxation


@pytest.mark.parametrize("thing", SettlementObject)
def test_an_object_has_a_word_of_its_own_or_is_refused(thing: SettlementObject) -> None:
    content = receipt(item(object=thing))
    if thing in OBJECTS:
        assert back(content).items[0].object is thing
        assert DOOR_OBJECTS[OBJECTS[thing]] is thing
        return
    with pytest.raises(Rejected):
        sent(content)


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
    supplier = Supplier(inn="7709364346", name="ООО Поставщик", phones=("+79990000004",))
    found = back(receipt(item(agent=agent, supplier=supplier), agent=agent))
    assert (found.agent, found.items[0].agent, found.items[0].supplier) == (agent, agent, supplier)


def test_marks_of_both_formats() -> None:
    old = sent(receipt(item(nomenclature="444d021eab")))["inventPositions"][0]
    assert old["nomenclatureCode"] == "44 4D 02 1E AB"
    new = back(receipt(item(mark_code="0104600439931256215JgXJ5.T\x1d93abcd"))).items[0]
    assert new.mark_code == "0104600439931256215JgXJ5.T\x1d93abcd"


@pytest.mark.parametrize(
    "content",
    [
        receipt(correction=Correction(by=CorrectionBy.SELF, date="2026-11-01")),
        receipt(buyer=Buyer()),
        receipt(buyer=Buyer(contact="+12025550123")),
        receipt(note="заказ 7"),
        receipt(user_property=UserProperty(name="Курьер", value="Пётр")),
        receipt(industry=(IndustryDetail(authority="030", date="12.05.2024", number="12", value="v"),)),
        receipt(machine_number="1"),
        receipt(item(10_099), total=10_000),
        receipt(item(10_000, "3", sum=29_999)),
        receipt(item(product_codes=(ProductCode(kind=ProductCodeKind.EAN13, value="4600439931256"),))),
        receipt(item(fraction=Fraction(numerator=1, denominator=2))),
        receipt(item(excise=100)),
        receipt(item(note="x")),
    ],
)
def test_what_the_service_cannot_say_is_refused_in_words(content: Receipt) -> None:
    with pytest.raises(Rejected) as refused:
        sent(content)
    assert refused.value.code == "unsupported"
    assert " / " in refused.value.message


@given(st.integers(1, 10**9), st.sampled_from(list(VatRate)))
def test_no_kopeck_is_lost_on_the_way(kopecks: int, rate: VatRate) -> None:
    found = back(receipt(item(kopecks, vat=rate)))
    assert (found.amount, found.items[0].price) == (kopecks, kopecks)


@pytest.mark.parametrize(
    "changes",
    [
        {"user_name": "a:b"}, {"inn": "12"}, {"base_url": "ftp://x"}, {"base_url": "https://x?y"}, {"patience": 0},
        {"callback_url": "x"}, {"zone": "Mars/Olympus"}, {"surprise": 1}, {"quiet": -1}, {"password": ""},
    ],
)  # fmt: skip
def test_settings_that_make_no_sense_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(msgspec.to_builtins(CONFIG) | changes, ModulKassaConfig)


# ------------------------------------------------------------------ answers

# modulkassa/backend-api, gh-pages, fn/index.html
VENDORS = b"""{"status":"COMPLETED","fnState":"READY",
 "fiscalInfo":{"shiftNumber":29,"checkNumber":77,"kktNumber":"99921192","fnNumber":"92","fnDocNumber":46,"fnDocMark":92,
   "date":"2020-02-26T00:31:19.000+0000","sum":"57.00","checkType":"SALE",
   "qr":"t=20200226T073119&s=57.00&fn=92&i=0000000046&fp=92&n=1"},
 "failureInfo":null,"message":"Document queued for printing","timeStatusChanged":"2020-02-26T07:32:19+07:00"}"""


def info(**changes: Any) -> FiscalInfo:
    found = read_document(VENDORS).fiscalInfo
    assert found is not None
    return msgspec.structs.replace(found, **changes)


def test_the_vendors_sample_is_read_to_its_end() -> None:
    document = document_of(attempt(receipt(item(5_700))), info(), "Europe/Moscow")
    assert (document.fn, document.fd_number, document.fiscal_sign) == ("92", 46, "0000000092")
    assert (document.total, document.shift_number, document.receipt_number) == (5_700, 29, 77)
    assert document.made_at == "2020-02-26T07:31:19"  # the register's clock, not the server's UTC
    assert document.registration_number is None


@pytest.mark.parametrize(
    ("changes", "made_at"),
    [
        ({"qr": None}, "2020-02-26T03:31:19"),
        ({"qr": "t=20200226T0731&s=57.00&fn=92&i=46&fp=92&n=1"}, "2020-02-26T07:31:19"),
        ({"sum": 57.0}, "2020-02-26T07:31:19"),
        ({"checkType": None}, "2020-02-26T07:31:19"),
    ],
)
def test_the_time_of_a_document_is_the_registers(changes: dict[str, Any], made_at: str) -> None:
    found = document_of(attempt(receipt(item(5_700))), info(**changes), "Europe/Moscow")
    assert (found.made_at, found.total) == (made_at, 5_700)


@pytest.mark.parametrize(
    "changes",
    [
        {"sum": "56.99"}, {"sum": "x"}, {"sum": "57.001"}, {"checkType": "RETURN"}, {"date": "yesterday"},
        {"date": "2020-02-26T00:31:19"}, {"qr": "t=20200226T073119&s=57.00&fn=92&i=47&fp=92&n=1"}, {"qr": "?"},
    ],
)  # fmt: skip
def test_a_document_that_is_not_of_this_receipt_is_never_taken(changes: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        document_of(attempt(receipt(item(5_700))), info(**changes), "Europe/Moscow")


def test_a_registration_number_has_sixteen_digits() -> None:
    found = document_of(
        attempt(receipt(item(5_700))), info(ecrRegistrationNumber=" 0000000001002292 "), "Europe/Moscow"
    )
    assert found.registration_number == "0000000001002292"


@pytest.mark.parametrize("text", ["2019-09-17T03:31:56+00:00", "2019-09-17T10:31:56.000+0700"])
def test_both_forms_of_a_moment(text: str) -> None:
    assert moment(text).timestamp() == 1568691116


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"\xff", b'{"status": null}', b"[" * 100_000])
def test_an_answer_that_is_none_is_named(body: bytes) -> None:
    for read in (read_document, read_point):
        with pytest.raises(Malformed):
            read(body)
    assert isinstance(read_refusal(body).message, str)


@given(st.binary(max_size=200))
def test_no_request_breaks_the_double(body: bytes) -> None:
    with pytest.raises(Wrong):
        offered(body)


@pytest.mark.parametrize(
    "changes",
    [
        {"id": ""}, {"id": 5}, {"docType": "STEAL"}, {"email": "x"}, {"email": None}, {"inventPositions": [{}]},
        {"moneyPositions": None}, {"taxMode": "NONE"}, {"responseURL": 5}, {"checkoutDateTime": "2026-11-24T12:00:00"},
        {"moneyPositions": [{"paymentType": "CARD", "sum": "NaN"}]}, {"cashierName": 5},
        {"moneyPositions": [{"paymentType": "CASHLESS", "sum": 100}]},
    ],
)  # fmt: skip
def test_a_wrong_document_is_refused_by_the_double_in_words(changes: dict[str, Any]) -> None:
    good = json.loads(encode(body_of(attempt(receipt()), CONFIG, NOW)))
    with pytest.raises(Wrong):
        offered(json.dumps(good | changes).encode())


@pytest.mark.parametrize(
    ("discount", "quantity", "parts"),
    [(0.5, 2, [(9_975, 2)]), (1, 3, [(9_966, 2), (9_968, 1)]), (100, 1, [(0, 1)])],
)
def test_the_double_takes_a_discount_to_the_kopeck(
    discount: float, quantity: int, parts: list[tuple[int, int]]
) -> None:
    good = json.loads(encode(body_of(attempt(receipt(item(10_000, str(quantity)))), CONFIG, NOW)))
    good["inventPositions"][0]["discSum"] = discount
    good["moneyPositions"][0]["sum"] = 100 * quantity - discount
    found = offered(json.dumps(good).encode()).receipt
    assert [(one.price, int(one.quantity)) for one in found.items] == parts
    assert all(one.sum == one.price * one.quantity for one in found.items)
