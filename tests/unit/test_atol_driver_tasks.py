"""Receipts as JSON tasks of the ATOL driver: what it would refuse or register wrongly."""

from base64 import b64decode
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chekpoint.core.errors import Rejected
from chekpoint.core.ports import Attempt
from chekpoint.fiscal.ffd import Ffd
from chekpoint.fiscal.receipt import (
    Agent,
    AgentSign,
    Buyer,
    Cashier,
    Correction,
    CorrectionBy,
    Fraction,
    IndustryDetail,
    Item,
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
from chekpoint.registers.atol import words
from chekpoint.registers.atol.tasks import encode, mark_place, money, receipt_task

MARK = "0123456789abcdef"


def item(**fields: Any) -> Item:
    return Item(
        **{
            "name": "Бананы",
            "price": 7315,
            "quantity": Decimal(1),
            "sum": 7315,
            "vat": VatRate.VAT22,
            **fields,
        }
    )


def receipt(**fields: Any) -> Receipt:
    given_fields: dict[str, Any] = {
        "kind": Kind.SALE,
        "taxation": Taxation.OSN,
        "items": (item(),),
        "payments": (Payment(form=PaymentForm.ELECTRONIC, sum=7315),),
        "buyer": Buyer(contact="+79161234567"),
        "place": "https://shop.example",
        **fields,
    }
    return Receipt(**given_fields)


def attempt(content: Receipt) -> Attempt:
    return Attempt(
        id="a-1",
        receipt_id="r-1",
        receipt=content,
        mark=MARK,
        digest="d",
        fn="9999078900000961",
        last_fd=70,
        fence=1,
    )


def task(content: Receipt, ffd: Ffd = Ffd.V1_2) -> Any:
    return msgspec.json.Decoder(float_hook=Decimal).decode(encode(receipt_task(attempt(content), ffd)))


def position(content: Receipt, ffd: Ffd = Ffd.V1_2) -> Any:
    return task(content, ffd)["items"][0]


def test_sums_and_quantities_leave_as_json_numbers_without_float_noise() -> None:
    content = receipt(items=(item(price=10, quantity=Decimal("0.300000"), sum=3, name="x"),), total=3)
    text = encode(receipt_task(attempt(content), Ffd.V1_2)).decode()
    assert '"price":0.10' in text
    assert '"quantity":0.3,' in text
    assert '"total":0.03' in text


@given(st.integers(0, 10**12))
def test_kopecks_survive_the_way_to_json_and_back(kopecks: int) -> None:
    text = encode(money(kopecks))
    assert Decimal(text.decode()) * 100 == kopecks
    assert b"e" not in text.lower()


def test_large_round_quantity_is_not_written_with_an_exponent() -> None:
    content = receipt(items=(item(quantity=Decimal("1E+2"), sum=731500),), total=731500)
    assert b'"quantity":100,' in encode(receipt_task(attempt(content), Ffd.V1_2))


def test_two_card_payments_in_one_order_become_one_sum() -> None:
    payments = (
        Payment(form=PaymentForm.ELECTRONIC, sum=7000),
        Payment(form=PaymentForm.PREPAID, sum=15),
        Payment(form=PaymentForm.ELECTRONIC, sum=300),
    )
    assert task(receipt(payments=payments))["payments"] == [
        {"type": "electronically", "sum": Decimal("73.00")},
        {"type": "prepaid", "sum": Decimal("0.15")},
    ]


@pytest.mark.parametrize("kind", list(Kind))
def test_each_kind_of_receipt_has_its_task(kind: Kind) -> None:
    expected = {
        "sale": "sell",
        "sale_return": "sellReturn",
        "purchase": "buy",
        "purchase_return": "buyReturn",
    }
    assert task(receipt(kind=kind))["type"] == expected[kind.value]


def test_every_word_of_the_law_has_a_word_of_the_driver() -> None:
    assert set(words.METHOD) == set(SettlementMethod)
    assert set(words.OBJECT) == set(SettlementObject)
    assert set(words.AGENT) == set(AgentSign)
    assert set(words.PAYMENT) == set(PaymentForm)
    assert set(words.TAXATION) == set(Taxation)
    assert len(set(words.OBJECT.values())) == len(words.OBJECT)


@pytest.mark.parametrize("rate", list(VatRate))
def test_every_vat_rate_is_sent_by_its_name(rate: VatRate) -> None:
    assert position(receipt(items=(item(vat=rate),)))["tax"] == {"type": rate.value}


def test_given_vat_sum_is_sent_along() -> None:
    assert position(receipt(items=(item(vat_sum=1319),)))["tax"] == {"type": "vat22", "sum": Decimal("13.19")}


def test_internet_receipt_is_not_printed_and_names_its_site() -> None:
    sent = task(receipt())
    assert sent["electronically"] is True
    assert sent["internet"] is True
    assert sent["paymentsPlace"] == "https://shop.example"
    assert sent["clientInfo"] == {"emailOrPhone": "+79161234567"}


def test_absent_parts_are_left_out_for_old_servers() -> None:
    sent = task(receipt(buyer=Buyer(), place=None))
    assert not {"operator", "clientInfo", "companyInfo", "agentInfo", "paymentsPlace"} & set(sent)


def test_cashier_with_inn() -> None:
    sent = task(receipt(cashier=Cashier(name="Иванов", inn="123654789507")))
    assert sent["operator"] == {"name": "Иванов", "vatin": "123654789507"}


def test_order_mark_goes_to_1192_when_the_shop_left_it_free() -> None:
    assert task(receipt())["items"][-1] == {"type": "additionalAttribute", "value": MARK, "print": False}


def test_order_mark_goes_to_1084_when_1192_is_taken() -> None:
    sent = task(receipt(note="3449555941"))["items"][1:]
    assert sent[0] == {"type": "additionalAttribute", "value": "3449555941", "print": True}
    assert (sent[1]["type"], sent[1]["value"]) == ("userAttribute", MARK)


def test_the_shops_own_requisites_are_never_displaced_by_the_mark() -> None:
    content = receipt(note="n", user_property=UserProperty(name="Заказ", value="7"))
    assert mark_place(content) is None
    assert task(content)["items"][1:] == [
        {"type": "additionalAttribute", "value": "n", "print": True},
        {"type": "userAttribute", "name": "Заказ", "value": "7", "print": True},
    ]


def test_agent_and_supplier_of_an_item() -> None:
    agent = Agent(
        sign=AgentSign.PAYING_AGENT,
        operation="Приём",
        agent_phones=("+79990000001",),
        transfer_name="ООО",
        transfer_inn="7709364346",
    )
    sent = position(
        receipt(items=(item(agent=agent, supplier=Supplier(inn="7709364346", phones=("+7999",))),))
    )
    assert sent["agentInfo"] == {
        "agents": ["payingAgent"],
        "payingAgent": {"operation": "Приём", "phones": ["+79990000001"]},
        "moneyTransferOperator": {"name": "ООО", "vatin": "7709364346"},
    }
    assert sent["supplierInfo"] == {"phones": ["+7999"], "vatin": "7709364346"}


def test_unit_is_a_word_in_ffd_12_and_free_text_before() -> None:
    content = receipt(items=(item(unit=11, unit_name="кг"),))
    assert position(content)["measurementUnit"] == "kilogram"
    assert position(content, Ffd.V1_05)["measurementUnit"] == "кг"


def test_marked_goods_carry_code_check_and_intended_status() -> None:
    code = "0104640043468550215Qbag!\x1d93Zjqw"
    goods = item(mark_code=code, mark_check=15, object=SettlementObject.COMMODITY_MARKED)
    sent = position(receipt(items=(goods,)))["imcParams"]
    assert b64decode(sent["imc"]).decode() == code
    assert sent["itemEstimatedStatus"] == "itemPieceSold"
    assert sent["itemInfoCheckResult"] == {
        "imcCheckFlag": True,
        "imcCheckResult": True,
        "imcStatusInfo": True,
        "imcEstimatedStatusCorrect": True,
        "ecrStandAloneFlag": False,
    }


def test_returned_fraction_of_marked_goods() -> None:
    goods = item(mark_code="x", fraction=Fraction(numerator=1, denominator=2))
    sent = task(receipt(kind=Kind.SALE_RETURN, items=(goods,)))
    assert sent["items"][0]["imcParams"]["itemEstimatedStatus"] == "itemDryReturn"
    assert sent["items"][0]["imcParams"]["itemFractionalAmount"] == "1/2"
    assert sent["validateMarkingCodes"] is True


def test_marked_goods_are_refused_before_sending_to_a_register_of_old_format() -> None:
    with pytest.raises(Rejected, match="ФФД"):
        receipt_task(attempt(receipt(items=(item(mark_code="x"),))), Ffd.V1_05)


def test_two_product_codes_of_one_kind_are_refused_not_lost() -> None:
    codes = tuple(ProductCode(kind=ProductCodeKind.EAN13, value=v) for v in ("1", "2"))
    with pytest.raises(Rejected):
        receipt_task(attempt(receipt(items=(item(product_codes=codes),))), Ffd.V1_2)


def test_industry_date_is_turned_year_first() -> None:
    detail = IndustryDetail(authority="030", date="21.11.2023", number="1944", value="UUID=1&Time=2")
    sent = task(receipt(industry=(detail,), items=(item(industry=(detail,)),)))
    expected = {"fois": "030", "date": "2023.11.21", "number": "1944", "industryAttribute": "UUID=1&Time=2"}
    assert sent["industryInfo"] == [expected]
    assert sent["items"][0]["industryInfo"] == [expected]


def test_malformed_industry_date_is_refused_with_a_text() -> None:
    detail = IndustryDetail(authority="030", date="2023-11-21", number="1", value="v")
    with pytest.raises(Rejected, match="неверно"):
        receipt_task(attempt(receipt(industry=(detail,))), Ffd.V1_2)


CORRECTION = Correction(by=CorrectionBy.SELF, date="2026-07-25", number="1175", name="Сбой")


def test_correction_of_ffd_105_has_taxes_and_no_positions() -> None:
    sent = task(receipt(correction=CORRECTION, items=(item(), item(vat=VatRate.NONE, sum=100))), Ffd.V1_05)
    assert sent["type"] == "sellCorrection"
    assert (sent["correctionType"], sent["correctionBaseDate"]) == ("self", "2026.07.25")
    assert [part["type"] for part in sent["items"]] == ["additionalAttribute"]
    assert sent["taxes"] == [
        {"type": "vat22", "sum": Decimal("13.19")},
        {"type": "none", "sum": Decimal("1.00")},
    ]


def test_correction_of_ffd_12_is_a_whole_receipt() -> None:
    sent = task(receipt(correction=CORRECTION, kind=Kind.SALE_RETURN))
    assert sent["type"] == "sellReturnCorrection"
    assert sent["items"][0]["type"] == "position"
    assert "taxes" not in sent


def test_correction_of_a_return_is_refused_before_an_old_register_sees_it() -> None:
    with pytest.raises(Rejected):
        receipt_task(attempt(receipt(correction=CORRECTION, kind=Kind.SALE_RETURN)), Ffd.V1_05)


def test_the_turnover_of_a_correction_without_vat_is_not_sent_as_zero() -> None:
    """Intake fills 1200 with 0 for these rates; 1104 and 1105 must still hold the turnover."""
    corrected = receipt(correction=CORRECTION, items=(item(vat=VatRate.NONE, sum=100, vat_sum=0),))
    assert task(corrected, Ffd.V1_05)["taxes"] == [{"type": "none", "sum": Decimal("1.00")}]
