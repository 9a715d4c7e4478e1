"""A receipt task must become exactly the receipt that the shop meant, or a complaint that names the field."""

import base64
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chekpoint.emulators.atol_web.codes import DriverError
from chekpoint.emulators.atol_web.receipt_task import read_receipt, settle
from chekpoint.emulators.atol_web.shape import Fields
from chekpoint.fiscal.ffd import Ffd
from chekpoint.fiscal.receipt import (
    AgentSign,
    CorrectionBy,
    Kind,
    PaymentForm,
    ProductCodeKind,
    Receipt,
    SettlementMethod,
    SettlementObject,
    Taxation,
)
from chekpoint.fiscal.vat import VatRate
from tests.atol_web_rig import position, sell


def read(task: dict[str, Any], ffd: Ffd = Ffd.V1_2) -> Receipt:
    return read_receipt(Fields(task), ffd=ffd, default_taxation=Taxation.PATENT)


def complaint(task: Any, ffd: Ffd = Ffd.V1_2) -> str:
    with pytest.raises(DriverError) as caught:
        read(task, ffd)
    assert caught.value.code == 501
    return caught.value.text


def test_the_published_example_is_read_to_the_kopeck() -> None:
    items = (
        position("Бананы", 73.15, paymentMethod="advance", paymentObject="commodity"),
        position("Шуба", 102.5, price=51.25, quantity=2, tax={"type": "vat10"}),
    )
    receipt = settle(read(sell(*items, paid=175, total=175, clientInfo={"emailOrPhone": "+79161234567"})))
    assert receipt.amount == 17500
    assert [(i.price, i.quantity, i.sum) for i in receipt.items] == [
        (7315, Decimal(1), 7315),
        (5125, Decimal(2), 10250),
    ]
    assert receipt.items[0].method is SettlementMethod.ADVANCE
    assert receipt.items[1].vat is VatRate.VAT10
    assert receipt.paid(PaymentForm.ELECTRONIC) == 17500
    assert receipt.buyer.contact == "+79161234567"
    assert not receipt.paper


@pytest.mark.parametrize(
    ("word", "rate"),
    [
        ("none", VatRate.NONE), ("vat0", VatRate.VAT0), ("vat10", VatRate.VAT10), ("vat110", VatRate.VAT110),
        ("vat20", VatRate.VAT20), ("vat120", VatRate.VAT120), ("vat5", VatRate.VAT5), ("vat105", VatRate.VAT105),
        ("vat7", VatRate.VAT7), ("vat107", VatRate.VAT107), ("vat22", VatRate.VAT22), ("vat122", VatRate.VAT122),
        ("20", VatRate.VAT20), ("vat18", VatRate.VAT20), ("118", VatRate.VAT120),
    ],
)  # fmt: skip
def test_every_vat_word_means_its_rate(word: str, rate: VatRate) -> None:
    assert read(sell(position(tax={"type": word}))).items[0].vat is rate


def test_an_absent_taxation_is_the_devices_own() -> None:
    task = sell()
    del task["taxationType"]
    assert read(task).taxation is Taxation.PATENT


def test_order_marks_travel_as_elements_of_items() -> None:
    note = {"type": "additionalAttribute", "value": "A1B2C3"}
    user = {"type": "userAttribute", "name": "Заказ", "value": "77"}
    receipt = read(sell(position(), note, user))
    assert receipt.note == "A1B2C3"
    assert receipt.user_property is not None
    assert (receipt.user_property.name, receipt.user_property.value) == ("Заказ", "77")
    assert len(receipt.items) == 1


def test_method_and_object_are_taken_by_word_number_and_numeric_string() -> None:
    for method, thing in (("fullPrepayment", "service"), (1, 4), ("1", "4")):
        item = read(sell(position(paymentMethod=method, paymentObject=thing))).items[0]
        assert item.method is SettlementMethod.FULL_PREPAYMENT
        assert item.object is SettlementObject.SERVICE


@pytest.mark.parametrize(
    ("broken", "text"),
    [
        ({"type": "sell", "payments": []}, 'Поле "items" отсутствует'),
        ({"type": "sell", "items": []}, 'Поле "payments" отсутствует'),
        (sell() | {"items": None}, 'Поле "items" отсутствует'),
        (sell() | {"items": {}}, 'Поле "items" имеет неверный тип (ожидается "array")'),
        (sell(position(price="100")), 'Поле "items[0].price" имеет неверный тип (ожидается "number")'),
        (sell(position(tax={"type": "vat99"})), 'Некорректное значение поля "items[0].tax.type" (vat99)'),
        (sell(position(tax={})), 'Поле "items[0].tax.type" отсутствует'),
        (sell(position(quantity=-1)), 'Некорректное значение поля "items[0].quantity" (-1)'),
        (sell(operator={}), 'Поле "operator.name" отсутствует'),
        (sell(taxationType="usn"), 'Некорректное значение поля "taxationType" (usn)'),
        (sell(electronically="yes"), 'Поле "electronically" имеет неверный тип (ожидается "boolean")'),
        (sell(form="barter"), 'Некорректное значение поля "payments[0].type" (barter)'),
        (
            sell(position(paymentMethod=True)),
            'Поле "items[0].paymentMethod" имеет неверный тип (ожидается "string")',
        ),
        (sell(position(), {"type": "song"}), 'Некорректное значение поля "items[1].type" (song)'),
    ],
)
def test_a_mistake_is_named_with_its_path_in_the_drivers_words(broken: dict[str, Any], text: str) -> None:
    assert complaint(broken) == text


def test_a_receipt_too_long_for_the_drive_says_how_long_it_is() -> None:
    text = complaint(sell(*(position("Х" * 100, 1.0) for _ in range(300))))
    assert text.startswith("Размер чека: ")
    assert text.endswith("Допустимый размер чека не более 32768 байт")


def test_unknown_fields_and_printed_elements_are_ignored() -> None:
    receipt = read(sell(position(novelty=1), {"type": "text", "text": "Спасибо"}, preItems=[], colour="red"))
    assert len(receipt.items) == 1


@pytest.mark.parametrize(
    ("paid", "form", "code"),
    [
        (99.99, "cash", 66),
        (99.99, "electronically", 66),
        (100.01, "electronically", 52),
        (100.01, "prepaid", 52),
    ],
)
def test_wrong_payments_get_the_drivers_codes(paid: float, form: str, code: int) -> None:
    with pytest.raises(DriverError) as caught:
        settle(read(sell(position(), paid=paid, form=form)))
    assert caught.value.code == code


def test_change_is_taken_out_of_the_cash() -> None:
    task = sell(position(), paid=0)
    task["payments"] = [
        {"type": "cash", "sum": 500},
        {"type": "prepaid", "sum": 30},
        {"type": "cash", "sum": 0.5},
    ]
    receipt = settle(read(task))
    assert receipt.paid(PaymentForm.CASH) == 7000
    assert receipt.paid(PaymentForm.PREPAID) == 3000


@pytest.mark.parametrize(("total", "code"), [(99.0, 227), (100.01, 227)])
def test_a_total_off_by_a_rouble_or_upwards_is_refused(total: float, code: int) -> None:
    with pytest.raises(DriverError) as caught:
        settle(read(sell(position(), paid=200, form="cash", total=total)))
    assert caught.value.code == code


@given(st.integers(1, 10_000_000_00))
def test_a_sum_in_roubles_keeps_every_kopeck(kopecks: int) -> None:
    receipt = settle(read(sell(position(amount=kopecks / 100))))
    assert receipt.items[0].sum == kopecks
    assert receipt.paid(PaymentForm.ELECTRONIC) == kopecks


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["type", "items", "payments", "sum", "name", "price", "quantity", "amount", "tax", "agentInfo", "agents",
         "imcParams", "imc", "productCodes", "codes", "industryInfo", "clientInfo", "operator", "markingCode", "total"]
    ), inner, max_size=6),
    max_leaves=25,
))  # fmt: skip
def test_garbage_never_gets_more_than_a_complaint(value: Any) -> None:
    for ffd in (Ffd.V1_05, Ffd.V1_2):
        for task in ({"type": "sell", "items": value, "payments": value}, sell(position(**_named(value)))):
            assert _code(task, ffd) in {0, 501, 227, 66, 52}


def _code(task: dict[str, Any], ffd: Ffd) -> int:
    try:
        settle(read(task, ffd))
    except DriverError as error:
        return error.code
    return 0


def _named(value: Any) -> dict[str, Any]:
    return (
        {k: v for k, v in value.items() if k not in {"amount", "type"}}
        if isinstance(value, dict)
        else {"tax": value}
    )


def test_a_marked_good_carries_its_code_its_check_and_its_kind_of_code() -> None:
    mark = "0104605035006964215OoyE8qxeIOn>\x1d91EE11\x1d92abc"
    params = {
        "imcType": "auto",
        "imc": base64.b64encode(mark.encode()).decode(),
        "itemEstimatedStatus": "itemPieceSold",
        "itemInfoCheckResult": {"imcCheckFlag": True, "imcCheckResult": True, "imcStatusInfo": True,
                                "imcEstimatedStatusCorrect": True, "ecrStandAloneFlag": False},
    }  # fmt: skip
    item = read(sell(position(paymentObject="commodityWithMarking", imcParams=params))).items[0]
    assert item.mark_code == mark
    assert item.mark_check == 15
    assert item.product_codes[0].kind is ProductCodeKind.GS1M
    assert item.product_codes[0].value == "0104605035006964215OoyE8qxeIOn>"


def test_before_1_2_a_marked_good_is_a_nomenclature_code() -> None:
    code = {"type": "shoes", "gtin": "04605035006964", "serial": "5OoyE8qxeIOn>"}
    item = read(sell(position(nomenclatureCode=code, measurementUnit="кг")), Ffd.V1_05).items[0]
    assert item.nomenclature == "444d" + f"{4605035006964:012x}" + b"5OoyE8qxeIOn>".hex()
    assert item.unit_name == "кг"
    mark = base64.b64encode(b"0104605035006964215OoyE8qxeIOn>\x1d91EE11").decode()
    assert (
        read(sell(position(markingCode={"type": "other", "mark": mark})), Ffd.V1_05).items[0].nomenclature
        == item.nomenclature
    )


def test_agents_and_suppliers_are_kept() -> None:
    agent = {"agents": ["commissionAgent"], "payingAgent": {"operation": "Оплата", "phones": ["+7111"]}}
    task = sell(
        position(agentInfo=agent), supplierInfo={"vatin": "7700000016", "name": "ООО", "phones": ["+7222"]}
    )
    item = read(task).items[0]
    assert item.agent is not None
    assert item.agent.sign is AgentSign.COMMISSION_AGENT
    assert item.agent.agent_phones == ("+7111",)
    assert item.supplier is not None
    assert item.supplier.inn == "7700000016"


CORRECTION: dict[str, Any] = {
    "type": "sellCorrection", "taxationType": "osn", "correctionType": "self", "correctionBaseDate": "2017.07.25",
    "correctionBaseNumber": "1175", "operator": {"name": "Иванов", "vatin": "123654789507"},
    "payments": [{"type": "cash", "sum": 2000}],
    "taxes": [{"type": "vat20", "sum": 10}, {"type": "vat10", "sum": 15}],
}  # fmt: skip


def test_the_old_correction_keeps_its_total_and_the_vat_it_was_given() -> None:
    receipt = read(CORRECTION, Ffd.V1_05)
    assert receipt.amount == 200_000
    assert sum(item.sum for item in receipt.items) == 200_000
    assert [(item.vat, item.vat_sum) for item in receipt.items] == [
        (VatRate.VAT20, 1000),
        (VatRate.VAT10, 1500),
    ]
    assert receipt.correction is not None
    assert (receipt.correction.by, receipt.correction.date) == (CorrectionBy.SELF, "2017-07-25")


def test_the_old_form_knows_sales_and_purchases_only() -> None:
    assert complaint(CORRECTION | {"type": "sellReturnCorrection"}, Ffd.V1_05).startswith(
        "Некорректное значение"
    )


def test_the_new_correction_is_a_whole_receipt() -> None:
    assert complaint(CORRECTION) == 'Поле "items" отсутствует'
    receipt = read(
        sell() | {"type": "buyReturnCorrection", "correctionType": "self", "correctionBaseDate": "2026.01.02"}
    )
    assert receipt.kind is Kind.PURCHASE_RETURN
    assert receipt.correction is not None
    assert complaint(
        sell() | {"type": "sellCorrection", "correctionType": "self", "correctionBaseDate": "02.01.2026"}
    ) == ('Некорректное значение поля "correctionBaseDate" (02.01.2026)')
