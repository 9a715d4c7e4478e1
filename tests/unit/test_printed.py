"""The buyer must find every requisite on the receipt, and nothing that a shop writes may break the page."""

import json
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec
import pytest
import segno
from hypothesis import given
from hypothesis import strategies as st

from chekpoint.fiscal.dialects import read
from chekpoint.fiscal.printed import STYLE, WIDTHS, PrintedStamp, as_html, as_lines
from chekpoint.fiscal.receipt import (
    Agent,
    AgentSign,
    Buyer,
    Cashier,
    Correction,
    CorrectionBy,
    Item,
    Kind,
    Payment,
    PaymentForm,
    Receipt,
    SettlementMethod,
    SettlementObject,
    Supplier,
    Taxation,
    UserProperty,
)
from chekpoint.fiscal.vat import VatRate

STAMP = PrintedStamp(
    fn="9289000100000001",
    fd_number=23206,
    fiscal_sign="0899945832",
    made_at="2026-11-24T12:34:56",
    shift_number=24,
    receipt_number=556,
    registration_number="0000000005008570",
    seller_name="ООО «Ромашка»",
    seller_inn="7702203276",
    address="101000, Москва, ул. Мясницкая, 1",
    seller_email="shop@example.ru",
    ffd="1.2",
)
TEA = Item(
    name="Чай чёрный крупнолистовой с бергамотом, 100 г",
    price=12000,
    quantity=Decimal(2),
    sum=24000,
    vat=VatRate.VAT22,
)
SHIPPING = Item(
    name="Доставка",
    price=30000,
    quantity=Decimal(1),
    sum=30000,
    vat=VatRate.NONE,
    object=SettlementObject.SERVICE,
)
RECEIPT = Receipt(
    kind=Kind.SALE,
    taxation=Taxation.OSN,
    items=(TEA, SHIPPING),
    payments=(Payment(form=PaymentForm.ELECTRONIC, sum=50000), Payment(form=PaymentForm.PREPAID, sum=4000)),
    buyer=Buyer(contact="buyer@example.ru"),
    place="https://shop.example.ru",
)  # fmt: skip


def changed(**changes: Any) -> Receipt:
    return msgspec.structs.replace(RECEIPT, **changes)


def test_a_narrow_receipt_looks_as_people_know_it() -> None:
    assert (
        "\n".join(as_lines(RECEIPT, STAMP, 32))
        == """\
         ООО «Ромашка»
         ИНН 7702203276
101000, Москва, ул. Мясницкая, 1
МЕСТО РАСЧЕТОВ
         https://shop.example.ru
          КАССОВЫЙ ЧЕК
             ПРИХОД
--------------------------------
Чай чёрный крупнолистовой с
бергамотом, 100 г
2 шт. x 120.00          = 240.00
В Т.Ч. НДС 22%             43.28
ТОВАР, ПОЛНЫЙ РАСЧЕТ
Доставка
1 шт. x 300.00          = 300.00
БЕЗ НДС
УСЛУГА, ПОЛНЫЙ РАСЧЕТ
--------------------------------
ИТОГ                    = 540.00
БЕЗНАЛИЧНЫМИ            = 500.00
ПРЕДВАРИТЕЛЬНАЯ ОПЛАТА (АВАНС)
                         = 40.00
СУММА БЕЗ НДС           = 300.00
СУММА НДС 22%            = 43.28
СНО                          ОСН
--------------------------------
ЭЛ. АДР. ПОКУПАТЕЛЯ
                buyer@example.ru
ЭЛ. АДР. ОТПРАВИТЕЛЯ
                 shop@example.ru
РАСЧЕТ В ИНТЕРНЕТ
--------------------------------
ДАТА И ВРЕМЯ    24.11.2026 12:34
СМЕНА                         24
ЧЕК                          556
РН ККТ          0000000005008570
ФН              9289000100000001
ФД                         23206
ФП                    0899945832
ФФД                          1.2
САЙТ ФНС        www.nalog.gov.ru"""
    )


@pytest.mark.parametrize("width", WIDTHS)
def test_every_requisite_of_the_order_is_there(width: int) -> None:
    text = " ".join(" ".join(as_lines(RECEIPT, STAMP, width)).split())
    for requisite in (
        "КАССОВЫЙ ЧЕК", "ООО «Ромашка»", "7702203276", "ЧЕК 556", "24.11.2026 12:34", "СМЕНА 24", "ПРИХОД",
        "0000000005008570", "Мясницкая", "https://shop.example.ru", "ИТОГ = 540.00", "ФД 23206", "0899945832",
        "9289000100000001", "buyer@example.ru", "shop@example.ru", "www.nalog.gov.ru", "ОСН",
    ):  # fmt: skip
        assert requisite in text


def test_a_test_drive_is_called_one_at_the_top_and_at_the_bottom() -> None:
    stamp = msgspec.structs.replace(STAMP, fn="9999078900000001")
    lines = as_lines(RECEIPT, stamp, 32)
    assert any("ТЕСТОВЫЙ" in line for line in lines[:3])
    assert any("ТЕСТОВЫЙ" in line for line in lines[-4:])
    assert "ТЕСТОВЫЙ" in as_html(RECEIPT, stamp)
    assert "ТЕСТОВЫЙ" not in as_html(RECEIPT, STAMP)


def test_a_correction_says_why_and_when() -> None:
    order = Correction(by=CorrectionBy.INSTRUCTION, date="2026-11-01", number="17-08/1")
    text = "\n".join(as_lines(changed(correction=order, kind=Kind.SALE_RETURN), STAMP))
    for words in ("КАССОВЫЙ ЧЕК КОРРЕКЦИИ", "ВОЗВРАТ ПРИХОДА", "ПО ПРЕДПИСАНИЮ", "01.11.2026", "17-08/1"):
        assert words in text


def test_agents_marks_and_the_rest_are_told() -> None:
    item = msgspec.structs.replace(
        TEA,
        object=SettlementObject.COMMODITY_MARKED,
        method=SettlementMethod.ADVANCE,
        mark_check=15,
        agent=Agent(sign=AgentSign.COMMISSION_AGENT, operation="приём", transfer_inn="7702203276"),
        supplier=Supplier(inn="7802781104", name="ИП Иванов", phones=("+79990000000",)),
        country="156", declaration="10702020/1", excise=100, note="к заказу 17",
    )  # fmt: skip
    full = changed(
        items=(item,), cashier=Cashier(name="Иванова", inn="500100732259"),
        user_property=UserProperty(name="Заказ", value="17"), note="0123456789abcdef", machine_number="7",
    )  # fmt: skip
    text = "\n".join(as_lines(full, STAMP))
    for words in (
        "[М+]", "АВАНС", "КОМИССИОНЕР", "7802781104", "ИП Иванов", "+79990000000", "156", "10702020/1",
        "к заказу 17", "Иванова", "Заказ", "0123456789abcdef", "приём",
    ):  # fmt: skip
        assert words in text
    for check, sign in ((None, "[М]"), (1, "[М-]"), (3, "[М]"), (7, "[М-]")):
        one = changed(items=(msgspec.structs.replace(item, mark_check=check),))
        assert sign in "\n".join(as_lines(one, STAMP))


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert all(name in {"class", "lang"} for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@given(st.text(max_size=80), st.text(max_size=30))
def test_no_text_of_a_shop_becomes_markup_or_runs_over_the_edge(name: str, place: str) -> None:
    one = changed(items=(msgspec.structs.replace(TEA, name=name),), place=place)
    for width in WIDTHS:
        assert all(len(line) <= width and line.isprintable() for line in as_lines(one, STAMP, width))
    reader = Reader()
    reader.feed(as_html(one, STAMP, styled=False))
    assert set(reader.tags) == {"article", "p", "span", "hr"}


def test_a_script_in_a_name_is_shown_and_not_run() -> None:
    name = "<script>alert(1)</script>\"'&"
    page = as_html(changed(items=(msgspec.structs.replace(TEA, name=name),)), STAMP)
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#x27;&amp;" in page


def test_the_qr_code_is_drawn_and_what_is_no_drawing_is_text() -> None:
    svg = segno.make("t=20261124T1234&s=540.00&fn=1&i=1&fp=1&n=1").svg_inline()
    assert svg in as_html(RECEIPT, STAMP, qr_svg=svg)
    assert "<img" not in as_html(RECEIPT, STAMP, qr_svg="<img src=x onerror=alert(1)>")
    assert "<script" not in as_html(RECEIPT, STAMP, qr_svg="<svg><script>alert(1)</script></svg>")
    assert 'class="qr"' not in as_html(RECEIPT, STAMP)


def test_the_style_may_be_served_apart() -> None:
    assert STYLE in as_html(RECEIPT, STAMP)
    assert "<style" not in as_html(RECEIPT, STAMP, styled=False)


def test_every_real_receipt_can_be_printed() -> None:
    path = Path(__file__).parents[1] / "data" / "receipts_recent.jsonl"
    for line in path.read_text(encoding="utf-8").splitlines():
        found = read(json.loads(line))
        stamp = msgspec.structs.replace(STAMP, made_at=found.stamp.made_at)
        printed = as_lines(found.receipt, stamp, 32)
        assert max(map(len, printed)) <= 32
        assert as_html(found.receipt, stamp).count("<p") > 15


def test_a_width_that_no_paper_has_is_refused() -> None:
    with pytest.raises(ValueError, match="16"):
        as_lines(RECEIPT, STAMP, 8)
