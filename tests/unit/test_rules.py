"""A receipt that a register or the tax service would refuse must be refused before, with the place and the remedy."""

import sys
from datetime import date, datetime
from decimal import Decimal
from types import FrameType
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chekpoint.fiscal.documents import Stamp, receipt_document
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
from chekpoint.fiscal.rules import Fault, faults, normalise
from chekpoint.fiscal.rules_fault import CODES
from chekpoint.fiscal.rules_size import document_size
from chekpoint.fiscal.rules_texts import TEXTS
from chekpoint.fiscal.tlv import encode
from chekpoint.fiscal.vat import VatRate

TODAY = date(2026, 11, 24)
INN = "7702203276"
WRONG_INN = "7702203277"
INDUSTRY = IndustryDetail(authority="030", date="21.11.2023", number="1944", value="UUID=1&Time=2")
SEEN: set[str] = set()  # every code of the catalogue must be produced by some test below


def item(**changes: Any) -> Item:
    base = Item(name="Чай чёрный 100 г", price=12000, quantity=Decimal(2), sum=24000, vat=VatRate.VAT22)
    return msgspec.structs.replace(base, **changes)


def receipt(*items: Item, **changes: Any) -> Receipt:
    """A proper sale over ``items``, paid by card, for a buyer with a phone."""
    lines = items or (item(),)
    total = sum(line.sum for line in lines)
    base = Receipt(
        kind=Kind.SALE,
        taxation=Taxation.OSN,
        items=lines,
        payments=(Payment(form=PaymentForm.ELECTRONIC, sum=total),),
        buyer=Buyer(contact="+79990000000"),
    )
    return msgspec.structs.replace(base, **changes)


def found(one: Receipt, on: date = TODAY, ffd: Ffd | None = None, **options: bool) -> list[tuple[str, str]]:
    answer = faults(one, on, ffd, **options)
    SEEN.update(fault.code for fault in answer)
    for fault in answer:
        assert "{" not in fault.ru + fault.en
        assert fault.ru.endswith(".")
        assert fault.en.endswith(".")
    return [(fault.code, fault.pointer) for fault in answer]


def marked(**changes: Any) -> Item:
    code = "0104605035006964215OoyE8qxeIOn>"
    plain = item(object=SettlementObject.COMMODITY_MARKED, mark_code=code, quantity=Decimal(1), sum=12000)
    return msgspec.structs.replace(plain, **changes)


def paid(*payments: tuple[PaymentForm, int]) -> tuple[Payment, ...]:
    return tuple(Payment(form=form, sum=kopecks) for form, kopecks in payments)


def corrected(**changes: Any) -> Receipt:
    reason = Correction(by=CorrectionBy.SELF, date="2026-11-20")
    return receipt(correction=msgspec.structs.replace(reason, **changes), buyer=Buyer())


SUPPLIER = Supplier(inn=INN, name="ООО Поставщик", phones=("+79990000000",))
AGENT = Agent(sign=AgentSign.ANOTHER)


PROPER: list[tuple[str, Receipt]] = [
    ("a plain sale", receipt()),
    ("an e-mail", receipt(buyer=Buyer(contact="buyer@example.ru"))),
    ("a Cyrillic domain", receipt(buyer=Buyer(contact="покупатель@пример.рф"))),
    ("a return", receipt(kind=Kind.SALE_RETURN)),
    ("a gift of zero price", receipt(item(), item(price=0, sum=0))),
    ("a weight", receipt(item(quantity=Decimal("0.958"), price=10000, sum=9580))),
    ("six decimals", receipt(item(quantity=Decimal("0.333333"), price=30000, sum=10000))),
    ("a kopeck of rounding up", receipt(item(quantity=Decimal("2.474"), price=9999, sum=24738))),
    ("a kopeck of rounding down", receipt(item(quantity=Decimal("2.474"), price=9999, sum=24737))),
    ("trailing zeros", receipt(item(quantity=Decimal("2.00000000")))),
    ("an exponent", receipt(item(quantity=Decimal("2E+0")))),
    ("a VAT sum, a kopeck off", receipt(item(vat_sum=4329))),
    ("a total rounded down", receipt(item(sum=24000), total=23901, payments=paid((PaymentForm.CASH, 23901)))),
    ("two cards and a gift card", receipt(payments=paid(*[(PaymentForm.ELECTRONIC, 10000)] * 2, (PaymentForm.PREPAID, 4000)))),
    ("a payment of zero beside the real one", receipt(payments=paid((PaymentForm.ELECTRONIC, 24000), (PaymentForm.CASH, 0)))),
    ("a name of 128 bytes", receipt(item(name="ч" * 128))),
    ("quotes that CP866 lacks", receipt(item(name="«" + "ч" * 126 + "»"))),
    ("a shop without internet", receipt(internet=False, buyer=Buyer())),
    ("a marked piece", receipt(marked())),
    ("a marked piece by its product code", receipt(marked(mark_code=None, product_codes=(ProductCode(kind=ProductCodeKind.GS1M, value="010460503500696421x"),)))),
    ("a part of a pack", receipt(marked(fraction=Fraction(numerator=1, denominator=3), mark_check=15))),
    ("a scanner's separator in a mark", receipt(marked(mark_code="0104605035006964215Ooy\x1d93abcd"))),
    ("permissive mode", receipt(marked(industry=(INDUSTRY,)), industry=(INDUSTRY,))),
    ("a marketplace", receipt(item(agent=AGENT, supplier=SUPPLIER))),
    ("a foreign supplier", receipt(item(agent=AGENT, supplier=Supplier(inn="000000000000")))),
    ("goods on credit", receipt(item(method=SettlementMethod.CREDIT), payments=paid((PaymentForm.CREDIT, 24000)))),
    ("a part on credit", receipt(item(method=SettlementMethod.PARTIAL_PAYMENT), payments=paid((PaymentForm.CREDIT, 14000), (PaymentForm.CASH, 10000)))),
    ("a payment of credit", receipt(item(method=SettlementMethod.CREDIT_PAYMENT))),
    ("a prepayment at a calculated rate", receipt(item(method=SettlementMethod.FULL_PREPAYMENT, vat=VatRate.VAT122))),
    ("an advance used up", receipt(payments=paid((PaymentForm.PREPAID, 24000)))),
    ("a self-made correction", corrected()),
    ("a correction by order", corrected(by=CorrectionBy.INSTRUCTION, number="17-08/1")),
    ("a correction of today", corrected(date="2026-11-24")),
    ("a return of goods sold at 20 %", receipt(item(vat=VatRate.VAT20), kind=Kind.SALE_RETURN)),
    ("imported goods", receipt(item(country="156", declaration="10702020/060520/0013422", excise=100, nomenclature="444d0425e6d9"))),
    ("77 lines", receipt(*[item()] * 77)),
    ("everything a receipt may say", receipt(seller_inn=INN, seller_email="shop@example.ru", cashier=Cashier(name="Иванова", inn="500100732259"), place="https://shop.example.ru", address="Москва", note="0123456789abcdef", machine_number="7", user_property=UserProperty(name="Заказ", value="17"))),
]  # fmt: skip


@pytest.mark.parametrize(("what", "one"), PROPER, ids=[what for what, _ in PROPER])
def test_a_proper_receipt_is_not_refused(what: str, one: Receipt) -> None:
    assert found(one) == [], what
    assert found(normalise(one)) == [], what


FAULTY: list[tuple[Receipt, list[tuple[str, str]]]] = [
    (receipt(items=()), [("items_empty", "/items")]),
    (receipt(item(name="")), [("name_empty", "/items/0/name")]),
    (receipt(item(), item(name=" \u00a0")), [("name_empty", "/items/1/name")]),
    (receipt(item(name="\u200b\n")), [("name_empty", "/items/0/name")]),
    (receipt(item(name="ч" * 129)), [("text_too_long", "/items/0/name")]),
    (receipt(item(name="…" * 43)), [("text_too_long", "/items/0/name")]),
    (receipt(item(quantity=Decimal(0), sum=0)), [("quantity_not_positive", "/items/0/quantity")]),
    (receipt(item(quantity=Decimal(-1))), [("quantity_not_positive", "/items/0/quantity")]),
    (receipt(item(quantity=Decimal("NaN"))), [("quantity_not_positive", "/items/0/quantity")]),
    (receipt(item(quantity=Decimal("sNaN"))), [("quantity_not_positive", "/items/0/quantity")]),
    (receipt(item(quantity=Decimal("Infinity"))), [("quantity_not_positive", "/items/0/quantity")]),
    (receipt(item(quantity=Decimal("0.0000001"), price=0, sum=0)), [("quantity_precision", "/items/0/quantity")]),
    (receipt(item(quantity=Decimal("1e-999999"), price=0, sum=0)), [("quantity_precision", "/items/0/quantity")]),
    (receipt(item(quantity=Decimal("123.456789"))), [("quantity_too_long", "/items/0/quantity")]),
    (receipt(item(quantity=Decimal("1e999999"))), [("quantity_too_long", "/items/0/quantity")]),
    (receipt(item(price=-12000)), [("price_negative", "/items/0/price")]),
    (receipt(item(price=10**12 + 1)), [("price_too_large", "/items/0/price")]),
    (receipt(item(sum=24002)), [("item_sum_mismatch", "/items/0/sum")]),
    (receipt(item(quantity=Decimal(1), sum=11998)), [("item_sum_mismatch", "/items/0/sum")]),
    (receipt(item(quantity=Decimal("2.474"), price=9999, sum=24736)), [("item_sum_mismatch", "/items/0/sum")]),
    (receipt(item(vat_sum=4330)), [("vat_sum_mismatch", "/items/0/vat_sum")]),
    (receipt(item(vat=VatRate.NONE, vat_sum=24000)), [("vat_sum_mismatch", "/items/0/vat_sum")]),
    (receipt(item(vat_sum=-1)), [("vat_sum_negative", "/items/0/vat_sum")]),
    (receipt(item(excise=-1)), [("excise_range", "/items/0/excise")]),
    (receipt(item(unit=13)), [("unit_unknown", "/items/0/unit")]),
    (receipt(item(unit_name="к" * 17)), [("text_too_long", "/items/0/unit_name")]),
    (receipt(item(declaration="1" * 33)), [("text_too_long", "/items/0/declaration")]),
    (receipt(item(note="1" * 65)), [("text_too_long", "/items/0/note")]),
    (receipt(item(note=" ")), [("text_empty", "/items/0/note")]),
    (receipt(item(country="٦٤٣")), [("country_form", "/items/0/country")]),
    (receipt(item(country="RUS")), [("country_form", "/items/0/country")]),
    (receipt(item(nomenclature="шестнадцать")), [("nomenclature_form", "/items/0/nomenclature")]),
    (receipt(item(nomenclature="00" * 33)), [("nomenclature_form", "/items/0/nomenclature")]),
    (receipt(total=24001, payments=paid((PaymentForm.CASH, 24001))), [("total_above_items", "/total")]),
    (receipt(total=23900, payments=paid((PaymentForm.CASH, 23900))), [("total_below_items", "/total")]),
    (receipt(payments=paid((PaymentForm.CASH, 25000))), [("payments_total_mismatch", "/payments")]),
    (receipt(payments=paid((PaymentForm.CASH, 23999))), [("payments_total_mismatch", "/payments")]),
    (receipt(payments=()), [("payments_empty", "/payments")]),
    (receipt(payments=paid((PaymentForm.CASH, 24100), (PaymentForm.CASH, -100))), [("sum_negative", "/payments/1/sum")]),
    (receipt(item(price=10**12, quantity=Decimal(282), sum=282 * 10**12)), [("sum_too_large", "/items/0/sum"), ("sum_too_large", "/total"), ("sum_too_large", "/payments/0/sum")]),
    (receipt(buyer=Buyer()), [("contact_missing", "/buyer/contact")]),
    (receipt(buyer=Buyer(contact="79990000000")), [("contact_form", "/buyer/contact")]),
    (receipt(buyer=Buyer(contact="+7 999 000-00-00")), [("contact_form", "/buyer/contact")]),
    (receipt(buyer=Buyer(contact="+799900000")), [("contact_form", "/buyer/contact")]),
    (receipt(buyer=Buyer(contact="+7999000000000000")), [("contact_form", "/buyer/contact")]),
    (receipt(buyer=Buyer(contact="+٧٩٩٩٠٠٠٠٠٠٠")), [("contact_form", "/buyer/contact")]),
    (receipt(buyer=Buyer(contact="buyer@localhost")), [("contact_form", "/buyer/contact")]),
    (receipt(buyer=Buyer(contact="a@b@example.ru")), [("contact_form", "/buyer/contact")]),
    (receipt(buyer=Buyer(contact="buyer @example.ru")), [("contact_form", "/buyer/contact")]),
    (receipt(buyer=Buyer(contact="b" * 60 + "@ya.ru")), [("contact_form", "/buyer/contact")]),
    (receipt(buyer=Buyer(contact="")), [("contact_form", "/buyer/contact")]),
    (receipt(buyer=Buyer(contact="+79990000000", inn=WRONG_INN)), [("inn_checksum", "/buyer/inn")]),
    (receipt(buyer=Buyer(contact="+79990000000", name="к" * 257)), [("text_too_long", "/buyer/name")]),
    (receipt(seller_inn=WRONG_INN), [("inn_checksum", "/seller_inn")]),
    (receipt(seller_email="shop"), [("email_form", "/seller_email")]),
    (receipt(cashier=Cashier(name="И" * 65, inn="1")), [("text_too_long", "/cashier/name"), ("inn_checksum", "/cashier/inn")]),
    (receipt(item(agent=AGENT)), [("supplier_inn_missing", "/items/0/supplier/inn")]),
    (receipt(agent=AGENT), [("supplier_inn_missing", "/items/0/supplier/inn")]),
    (receipt(item(agent=AGENT, supplier=Supplier(name="к" * 257, inn=WRONG_INN, phones=("1",)))), [("inn_checksum", "/items/0/supplier/inn"), ("text_too_long", "/items/0/supplier/name"), ("phone_form", "/items/0/supplier/phones/0")]),
    (receipt(item(agent=Agent(sign=AgentSign.PAYING_AGENT, operation="о" * 25, transfer_inn=WRONG_INN, agent_phones=("+79990000000", "2")), supplier=SUPPLIER)), [("text_too_long", "/items/0/agent/operation"), ("inn_checksum", "/items/0/agent/transfer_inn"), ("phone_form", "/items/0/agent/agent_phones/1")]),
    (receipt(place="к" * 257), [("text_too_long", "/place")]),
    (receipt(address="к" * 257), [("text_too_long", "/address")]),
    (receipt(note="к" * 17), [("text_too_long", "/note")]),
    (receipt(machine_number="1" * 21), [("text_too_long", "/machine_number")]),
    (receipt(user_property=UserProperty(name="к" * 65, value="к" * 257)), [("text_too_long", "/user_property/name"), ("text_too_long", "/user_property/value")]),
    (receipt(taxation=Taxation.ENVD), [("taxation_abolished", "/taxation")]),
    (receipt(marked(mark_code=None)), [("mark_code_missing", "/items/0/mark_code")]),
    (receipt(marked(mark_code="")), [("mark_code_form", "/items/0/mark_code")]),
    (receipt(marked(mark_code="1" * 257)), [("mark_code_form", "/items/0/mark_code")]),
    (receipt(marked(mark_check=32)), [("mark_check_range", "/items/0/mark_check")]),
    (receipt(marked(), kind=Kind.PURCHASE), [("mark_in_purchase", "/items/0/object")]),
    (receipt(marked(quantity=Decimal(2), sum=24000)), [("mark_quantity", "/items/0/quantity")]),
    (receipt(marked(fraction=Fraction(numerator=3, denominator=3))), [("fraction_form", "/items/0/fraction")]),
    (receipt(item(fraction=Fraction(numerator=1, denominator=3))), [("fraction_without_mark", "/items/0/fraction")]),
    (receipt(marked(product_codes=(ProductCode(kind=ProductCodeKind.EAN13, value="460503500696"),))), [("product_code_form", "/items/0/product_codes/0")]),
    (receipt(marked(product_codes=(ProductCode(kind=ProductCodeKind.EAN8, value="4605035x"),))), [("product_code_form", "/items/0/product_codes/0")]),
    (receipt(marked(product_codes=(ProductCode(kind=ProductCodeKind.GS1M, value="1" * 39),))), [("product_code_form", "/items/0/product_codes/0")]),
    (receipt(marked(product_codes=(ProductCode(kind=ProductCodeKind.F1, value="код"),))), [("product_code_form", "/items/0/product_codes/0")]),
    (receipt(marked(product_codes=(ProductCode(kind=ProductCodeKind.F1, value="1"),) * 2)), [("product_codes_many", "/items/0/product_codes")]),
    (receipt(item(industry=(msgspec.structs.replace(INDUSTRY, date="2023-11-21"),))), [("industry_form", "/items/0/industry/0")]),
    (receipt(industry=(msgspec.structs.replace(INDUSTRY, authority="30"),)), [("industry_form", "/industry/0")]),
    (receipt(item(method=SettlementMethod.CREDIT_PAYMENT), item()), [("credit_payment_items", "/items")]),
    (receipt(item(method=SettlementMethod.CREDIT)), [("credit_paid_at_once", "/payments")]),
    (receipt(payments=paid((PaymentForm.CREDIT, 24000))), [("credit_without_method", "/payments")]),
    (corrected(date="20.11.2026"), [("correction_date_form", "/correction/date")]),
    (corrected(date="2026-02-30"), [("correction_date_form", "/correction/date")]),
    (corrected(date="2026-W01-1"), [("correction_date_form", "/correction/date")]),
    (corrected(date="20261120"), [("correction_date_form", "/correction/date")]),
    (corrected(date="2026-11-25"), [("correction_date_future", "/correction/date")]),
    (corrected(by=CorrectionBy.INSTRUCTION), [("correction_number_missing", "/correction/number")]),
    (corrected(number="1" * 33), [("text_too_long", "/correction/number")]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("one", "expected"), FAULTY, ids=[f"{n}-{e[0][0]}" for n, (_, e) in enumerate(FAULTY)]
)
def test_a_faulty_receipt_is_refused_at_its_place_and_for_nothing_else(
    one: Receipt, expected: list[tuple[str, str]]
) -> None:
    assert found(one) == expected


@pytest.mark.parametrize(
    ("rate", "before", "since"),
    [
        (VatRate.VAT5, date(2024, 12, 31), date(2025, 1, 1)),
        (VatRate.VAT107, date(2024, 12, 31), date(2025, 1, 1)),
        (VatRate.VAT22, date(2025, 12, 31), date(2026, 1, 1)),
        (VatRate.VAT122, date(2025, 12, 31), date(2026, 1, 1)),
    ],
)
def test_a_rate_is_refused_before_the_law_knew_it(rate: VatRate, before: date, since: date) -> None:
    one = receipt(item(vat=rate))
    assert found(one, before) == [("vat_rate_unknown_on_date", "/items/0/vat")]
    assert found(one, since) == []


def test_a_correction_is_judged_by_the_day_that_it_corrects() -> None:
    past = corrected(date="2025-12-30")
    assert found(past) == [("vat_rate_unknown_on_date", "/items/0/vat")]
    old = msgspec.structs.replace(
        receipt(item(vat=VatRate.NONE)), correction=Correction(by=CorrectionBy.SELF, date="2020-12-31")
    )
    assert found(msgspec.structs.replace(old, taxation=Taxation.ENVD)) == []


def test_a_known_register_narrows_what_may_go_to_it() -> None:
    assert found(receipt(marked()), ffd=Ffd.V1_05) == [("ffd_too_old", "/items/0")]
    assert found(receipt(industry=(INDUSTRY,)), ffd=Ffd.V1_1) == [("ffd_too_old", "/industry")]
    assert found(receipt(marked()), ffd=Ffd.V1_2) == []
    returned = msgspec.structs.replace(corrected(), kind=Kind.SALE_RETURN)
    assert found(returned, ffd=Ffd.V1_05) == [("correction_kind", "/kind")]
    assert found(returned, ffd=Ffd.V1_2) == []


def test_only_the_short_correction_of_ffd_1_05_goes_without_items() -> None:
    short = msgspec.structs.replace(corrected(), items=())
    assert found(short, ffd=Ffd.V1_05) == []
    assert found(short) == []
    assert found(short, ffd=Ffd.V1_2) == [("items_empty", "/items")]


def test_a_receipt_found_in_an_archive_owes_no_contact_and_no_supplier() -> None:
    bare = receipt(item(agent=AGENT), buyer=Buyer())
    assert found(bare, intake=False) == []
    assert [code for code, _ in found(bare)] == ["supplier_inn_missing", "contact_missing"]


def test_a_receipt_that_no_drive_takes_is_refused_and_one_that_fits_is_not() -> None:
    wide = [item(name="ч" * 128, note="ч" * 64)] * 200
    assert ("document_too_large", "/items") in found(receipt(*wide))
    agents = [item(agent=Agent(sign=AgentSign.ANOTHER, transfer_address="ч" * 256), supplier=SUPPLIER)] * 40
    assert document_size(receipt(*agents)) > 10_000
    assert found(receipt(*[item()] * 170)) == []  # what a drive's maker promises for minimal items
    phones = Supplier(inn=INN, phones=("+79990000000",) * 2000)
    assert ("document_too_large", "/items") in found(receipt(item(supplier=phones)))


WIDEST = Stamp(
    fn="9999078900000001", fd_number=999999, fiscal_sign=1, made_at=datetime.fromisoformat("2026-11-24T12:00"), shift_number=9999,
    receipt_number=9999, registration_number="0" * 16, seller_inn=INN, seller_name="ч" * 256, address="ч" * 256,
)  # fmt: skip


@pytest.mark.parametrize("ffd", [Ffd.V1_05, Ffd.V1_2])
def test_the_size_is_never_told_smaller_than_the_document_that_is_made(ffd: Ffd) -> None:
    heavy = receipt(
        *[item(name="ч" * 128, agent=AGENT, supplier=SUPPLIER, note="ч" * 64, industry=(INDUSTRY,))] * 50
    )
    for one in (*[one for _, one in PROPER], heavy):
        made = len(encode(receipt_document(normalise(one), WIDEST, ffd)))
        told = document_size(normalise(one))
        assert made <= told
        assert ffd is Ffd.V1_05 or told < 1.3 * made + 900


def test_all_faults_are_told_at_once() -> None:
    awful = receipt(
        item(name="", quantity=Decimal(-1)), item(vat_sum=1), buyer=Buyer(contact="x"), total=1, payments=()
    )
    assert {code for code, _ in found(awful)} == {
        "name_empty", "quantity_not_positive", "vat_sum_mismatch", "contact_form", "total_below_items",
        "payments_empty",
    }  # fmt: skip


def test_every_pointer_leads_into_the_receipt() -> None:
    for one, _ in FAULTY:
        body = msgspec.to_builtins(one, str_keys=True)
        for fault in faults(one, TODAY):
            assert _leads(body, fault), fault


def _leads(body: Any, fault: Fault) -> bool:
    """All but the last step must exist: the last may name what is missing (or defaulted away)."""
    *steps, _ = fault.pointer.split("/")[1:]
    for step in steps:
        body = body[int(step)] if isinstance(body, list | tuple) else body.get(step, {})
    return isinstance(body, dict | list | tuple)


def test_no_code_of_the_catalogue_is_without_a_test() -> None:
    for one, _ in FAULTY:
        found(one)
    for check in (
        test_a_known_register_narrows_what_may_go_to_it,
        test_a_correction_is_judged_by_the_day_that_it_corrects,
        test_a_receipt_that_no_drive_takes_is_refused_and_one_that_fits_is_not,
    ):
        check()
    assert SEEN == CODES == set(TEXTS)


ITEMS = st.builds(
    Item,
    name=st.text(max_size=20),
    price=st.integers(-10, 10**13),
    quantity=st.decimals(),
    sum=st.integers(-10, 10**15),
    vat=st.sampled_from(VatRate),
    vat_sum=st.none() | st.integers(-5, 10**6),
    method=st.sampled_from(SettlementMethod),
    object=st.sampled_from(SettlementObject),
    unit=st.integers(-1, 300),
    note=st.none() | st.text(max_size=4),
    mark_code=st.none() | st.text(max_size=4),
)
RECEIPTS = st.builds(
    Receipt,
    kind=st.sampled_from(Kind),
    taxation=st.sampled_from(Taxation),
    items=st.lists(ITEMS, max_size=3).map(tuple),
    payments=st.lists(
        st.builds(Payment, form=st.sampled_from(PaymentForm), sum=st.integers(-5, 10**15)), max_size=2
    ).map(tuple),
    total=st.none() | st.integers(-5, 10**15),
    buyer=st.builds(Buyer, contact=st.none() | st.text(max_size=12), name=st.none() | st.text(max_size=3)),
    place=st.none() | st.text(max_size=5),
)


@given(RECEIPTS)
def test_no_content_breaks_the_rules_and_normal_is_normal_for_good(one: Receipt) -> None:
    found(one)
    once = normalise(one)
    assert msgspec.json.encode(normalise(once)) == msgspec.json.encode(once)
    assert {f.code for f in faults(once, TODAY)} <= {f.code for f in faults(one, TODAY)} | {"name_empty", "contact_missing", "contact_form", "mark_code_form", "total_above_items", "total_below_items"}  # fmt: skip


def test_normal_form_strips_substitutes_and_fills_in() -> None:
    raw = receipt(
        item(name="  Чай «Ёлка» ", quantity=Decimal("2.000"), note="  ", mark_code="01\x1d93 "),
        place=" shop.example.ru ",
        buyer=Buyer(contact=" buyer@example.ru ", name=" "),
        industry=(msgspec.structs.replace(INDUSTRY, value=" U "),),
    )
    fixed = normalise(raw)
    line = fixed.items[0]
    assert (line.name, str(line.quantity), line.note, line.mark_code) == (
        'Чай "Ёлка"',
        "2",
        None,
        "01\x1d93 ",
    )
    assert (line.vat_sum, fixed.total) == (4328, 24000)
    assert (fixed.place, fixed.buyer) == ("shop.example.ru", Buyer(contact="buyer@example.ru"))
    assert fixed.industry[0].value == "U"


def test_ten_items_are_checked_in_few_steps_so_that_intake_keeps_up() -> None:
    quantities = ("1", "2", "0.958") * 3 + ("1",)
    one = receipt(*[item(quantity=Decimal(q), sum=int(12000 * Decimal(q))) for q in quantities])
    assert found(one) == []
    calls = 0

    def count(_: FrameType, event: str, __: object) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        faults(one, TODAY)
    finally:
        sys.setprofile(None)
    assert calls < 200  # some 0.2 us each
