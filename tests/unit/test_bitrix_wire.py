"""The forms of the exchange and of the REST cashbox, on the recorded payloads and on what breaks them."""

import json
from contextlib import suppress
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chekpoint.fiscal import rules as law
from chekpoint.fiscal.receipt import Item, Kind, PaymentForm, SettlementMethod, SettlementObject, Taxation
from chekpoint.fiscal.vat import VatRate
from chekpoint.hub.intake import Refused
from chekpoint.hub.rounding import fit_item, fit_items
from chekpoint.hub.shop_rules import Draft, ShopRules, Skipped, VatRule, apply
from chekpoint.shops.bitrix.names import read_id
from chekpoint.shops.bitrix.php_form import read_form, rows
from chekpoint.shops.bitrix.reply import Acknowledged, Broken, Denied, Tasks, read_reply
from chekpoint.shops.bitrix.request import Document, Kkm, ReportResult, Result, request
from chekpoint.shops.bitrix.rest_check import read_check
from chekpoint.shops.bitrix.settings import Cashbox, Exchange, link_fault, masked, settings_of, site_of
from chekpoint.shops.bitrix.tasks import draft_of, is_empty
from chekpoint.shops.bitrix.unreadable import Unreadable

RECORDED = Path(__file__).parents[1] / "data"
VAT = (VatRule(received="none", rate=VatRate.NONE), VatRule(received="code:3", rate=VatRate.VAT20))
RULES = ShopRules(taxation=Taxation.OSN, vat=VAT)


def recorded(name: str) -> Any:
    examples = json.loads((RECORDED / "bitrix_exchange.json").read_text())
    return next(one["body"] for one in examples if one["name"] == name)


def task(name: str, **changes: Any) -> bytes:
    return json.dumps(recorded(name) | changes).encode()


def php(value: Any, name: str = "") -> list[tuple[str, str]]:
    """As http_build_query writes it."""
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        return [pair for key, one in pairs for pair in php(one, f"{name}[{key}]" if name else str(key))]
    return [] if value is None else [(name, str(value))]


def test_the_recorded_request_is_what_we_send() -> None:
    want = recorded("request")
    made_at, fn = "2026-11-24T12:34:00", "9289000100123456"
    done = Document(fn=fn, fd_number=1234, fiscal_sign="1234567890", made_at=made_at, registration_number="0001234567012345",
                    total=960_000, kind=1)  # fmt: skip
    close = Document(fn=fn, fd_number=1235, fiscal_sign="0123456789", made_at="2026-11-24T23:30:00")
    check, report = (one["uuid"] for one in want["kkm"][0]["printed"])
    kkm = Kkm(zn="00106702123456", fn=fn, works=True, cash=150_000, income=3_200_000, turnover=98_765_432)
    body = request(
        [kkm], "3", [Result(uuid=check, document=done)],
        [ReportResult(uuid=report, cash=150_000, income=3_200_000, returned=50_000, turnover=98_765_432, document=close)],
    )  # fmt: skip
    assert json.loads(body) == want


@pytest.mark.parametrize("name", ["task_v1", "task_v2", "task_v3"])
def test_a_recorded_task_becomes_a_receipt_that_the_law_takes(name: str) -> None:
    receipt = law.normalise(apply(RULES, draft_of(task(name))))
    assert law.faults(receipt, date(2026, 11, 24)) == []
    assert receipt.kind is Kind.SALE
    assert receipt.buyer.contact == "client@example.com"
    assert receipt.amount in {960_000, 1_000_000}


def test_version_1_price_is_before_the_discount() -> None:
    (item,) = draft_of(task("task_v1")).items
    assert (item.price, item.sum, item.vat) == (960_000, 960_000, "code:3")


def test_version_2_keeps_supplier_and_nomenclature() -> None:
    (item,) = draft_of(task("task_v2")).items
    assert item.supplier is not None
    assert item.supplier.inn == "9800000013"
    assert item.nomenclature is not None
    assert item.nomenclature.startswith("444d")


def test_version_3_mark_code_whole_and_trailing_space_gone() -> None:
    marked, plain = draft_of(task("task_v3")).items
    assert marked.mark_code == "0104600605026533215Vv*fc\x1d93dGVz"
    assert plain.object is SettlementObject.COMMODITY_UNMARKED


def test_recorded_z_task_is_read() -> None:
    reply = read_reply(200, json.dumps({"reports": [recorded("task_z")]}).encode())
    assert isinstance(reply, Tasks)
    assert reply.reports[0].id.number == 12


def test_a_list_that_php_wrote_as_an_object_and_an_empty_element_spoil_nothing() -> None:
    body = {"print": {"0": [], "2": recorded("task_v3"), "3": {"zn": 5}, "4": 7}}
    reply = read_reply(200, json.dumps(body).encode())
    assert isinstance(reply, Tasks)
    assert [one.id.number for one in reply.checks] == [85]
    assert reply.unreadable == 2


def test_what_is_no_answer_is_never_taken_for_one() -> None:
    assert isinstance(read_reply(403, b""), Denied)
    for status, body in [
        (500, b"{}"),
        (200, b"<html>"),
        (200, b""),
        (200, b"[" * 100_000),
        (200, b"[]"),
        (302, b""),
    ]:
        assert isinstance(read_reply(status, body), Broken)
    assert read_reply(200, b'{"ack":["a",5]}') == Acknowledged(frozenset({"a"}))


@given(st.binary(max_size=300))
def test_no_answer_of_a_site_is_a_crash(body: bytes) -> None:
    read_reply(200, body)
    read_reply(200, b'{"print":[' + body + b"]}")


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
                        ["items", "payments", "type", "client", "external_id", "sum", "amount", "quantity", "tax", "name",
                         "clientInfo", "total", "price", "unique_id", "vat"]), inner, max_size=6), max_leaves=25))  # fmt: skip
def test_no_task_of_a_site_is_a_crash(value: Any) -> None:
    body = json.dumps(value).encode()
    is_empty(body)
    for read in (draft_of, read_check):
        with suppress(Unreadable):
            read(body)


def test_trap_null_contact_is_none_and_not_an_error() -> None:
    assert draft_of(task("task_v3", clientInfo={"emailOrPhone": None})).contact is None
    assert draft_of(task("task_v3", clientInfo=[])).contact is None


def test_trap_empty_check_is_known_as_empty() -> None:
    assert is_empty(task("task_v3", items=[], total=0))
    assert not is_empty(task("task_v3"))


@pytest.mark.parametrize(
    "uuid", ["check|shop.ru|85", "check|www.shop.ru|85|1795512896", "check|10.0.0.1|85|9"]
)
def test_trap_only_the_third_field_of_an_id_is_stable(uuid: str) -> None:
    found = read_id(uuid)
    assert found is not None
    assert found.number == 85


@pytest.mark.parametrize(
    "uuid", ["", "check", "check|x", "check|x|", "check|x|-1", "check|x|0", "order|x|5", "check|x|٣"]
)
def test_what_is_no_id_is_none(uuid: str) -> None:
    assert read_id(uuid) is None


def test_an_error_with_our_own_text_is_said_four_times_and_a_known_code_once() -> None:
    kkm = [Kkm(zn="1", fn="2", works=False)]
    ours = json.loads(request(kkm, None, [Result(uuid="u", code=1, message="текст")]))
    known = json.loads(request(kkm, None, [Result(uuid="u", code=-3897, message="текст")]))
    assert [len(one["kkm"][0]["printed"]) for one in (ours, known)] == [4, 1]
    assert "api_version" not in ours
    assert ours["kkm"][0]["status"] != "ok"


def test_recorded_rest_payload_is_refused_with_the_reasons_that_it_has() -> None:
    body = urlencode(php(json.loads((RECORDED / "bitrix_rest_print.json").read_text()))).encode()
    with pytest.raises(Unreadable, match="USD"):
        read_check(body)


def test_recorded_rest_payload_in_roubles_and_paid_in_full_becomes_a_receipt() -> None:
    payload = json.loads((RECORDED / "bitrix_rest_print.json").read_text())
    payload["items"][0] |= {"currency": "RUB", "nomenclature_code": None}
    payload["payments"] = [{"type": "cashless", "is_cash": "N", "sum": 9600, "currency": "RUB"}]
    number, draft = read_check(urlencode(php(payload)).encode())
    assert number == 85
    assert draft is not None
    with pytest.raises(Refused, match="id:3"):
        apply(RULES, draft)
    rules = ShopRules(taxation=Taxation.OSN, vat=(VatRule(received="id:3", rate=VatRate.VAT22),))
    receipt = apply(rules, draft)
    assert receipt.items[0].mark_code == "011390002199781321Q:4H7/3f^7fZ1"
    assert receipt.paid(PaymentForm.ELECTRONIC) == 960_000


def test_raw_bytes_of_tag_1162_come_through_the_form() -> None:
    tree = read_form(
        b"items[0][nomenclature_code]=DM%00%FF%04%9F%61&items[0][name]=x&items[10][name]=z&items[2][name]=y"
    )
    assert [one["name"] for one in rows(tree["items"]) if isinstance(one, dict)] == ["x", "y", "z"]
    first = rows(tree["items"])[0]
    assert isinstance(first, dict)
    assert str(first["nomenclature_code"]).encode("utf-8", "surrogateescape").hex() == "444d00ff049f61"


@given(st.binary(max_size=200))
def test_no_form_is_a_crash(body: bytes) -> None:
    with suppress(Unreadable):
        read_check(body)


@given(st.integers(1, 10**7), st.decimals("0.001", "999", places=3), st.integers(-300, 300))
def test_trap_fitted_items_multiply_out_and_cost_what_the_shop_said(
    price: int, count: Decimal, off: int
) -> None:
    total = max(int(price * count) + off, 0)
    item = Item(name="x", price=price, quantity=count, sum=total, vat=VatRate.NONE)
    parts = fit_item(item)
    assert sum(part.sum for part in parts) == total
    assert sum(part.quantity for part in parts) == count


def test_trap_thirty_pieces_for_a_sum_that_no_price_gives_are_split() -> None:
    item = Item(name="x", price=5_000, quantity=Decimal(30), sum=100_003, vat=VatRate.NONE)
    main, rest = fit_items((item,), 100_003, 100)
    assert (main.price, main.quantity, rest.quantity) == (3_333, Decimal(29), Decimal(1))
    assert main.sum + rest.sum == 100_003


def test_a_kopeck_between_items_and_total_goes_to_the_largest_item() -> None:
    items = tuple(Item(name="x", price=p, quantity=Decimal(1), sum=p, vat=VatRate.NONE) for p in (100, 500))
    assert [one.sum for one in fit_items(items, 601, 100)] == [100, 501]
    assert fit_items(items, 700, 100) == items  # that is no rounding: the law refuses it in its own words


def test_prepayment_takes_the_calculated_rate_of_22_percent() -> None:
    draft = draft_of(task("task_v3"))
    items = tuple(
        msgspec.structs.replace(one, vat="vat22", method=SettlementMethod.FULL_PREPAYMENT)
        for one in draft.items
    )
    receipt = apply(RULES, msgspec.structs.replace(draft, items=items))
    assert {one.vat for one in receipt.items} == {VatRate.VAT122}


@pytest.mark.parametrize("vat", ["", "none", "vat18", "НДС 22"])
def test_a_rate_without_a_rule_is_refused_and_never_guessed(vat: str) -> None:
    draft = draft_of(task("task_v2"))
    items = tuple(msgspec.structs.replace(one, vat=vat) for one in draft.items)
    with pytest.raises(Refused) as refused:
        apply(ShopRules(), msgspec.structs.replace(draft, items=items))
    assert [(one.code, one.pointer) for one in refused.value.faults] == [("vat_not_ruled", "/items/0/vat")]


def test_checks_that_the_rules_do_not_want_are_skipped_with_a_reason() -> None:
    draft = draft_of(task("task_v2"))
    for rules in (ShopRules(skip_types=("sell",)), ShopRules(skip_forms=(PaymentForm.ELECTRONIC,))):
        with pytest.raises(Skipped) as skipped:
            apply(rules, draft)
        assert "не регистрируются" in skipped.value.ru
    with pytest.raises(Skipped):
        apply(
            ShopRules(pay_systems=("card",)),
            Draft(kind=Kind.SALE, items=(), payments=(), pay_systems=("gift",)),
        )


def test_settings_show_no_secret() -> None:
    body = msgspec.json.encode({
        "exchange": {"link": "https://shop.ru/x.php?hash=topsecret"},
        "cashbox": {"secret": "s" * 32, "webhook": "https://shop.ru/rest/1/topsecret/"},
    })  # fmt: skip
    shown = json.dumps(masked(settings_of(body)))
    assert "topsecret" not in shown
    assert "ssss" not in shown


@pytest.mark.parametrize(
    "link",
    [
        "",
        "shop.ru",
        "ftp://x/?hash=1",
        "https://shop.ru/x.php",
        "https://shop.ru/?hash=",
        "http://[x/?hash=1",
    ],
)
def test_a_link_that_is_none_is_told_when_it_is_set(link: str) -> None:
    assert link_fault(link)
    with pytest.raises(ValueError):
        Exchange(link=link)


def test_one_site_is_one_site_however_its_address_is_written() -> None:
    assert site_of("https://www.shop.ru/x?hash=1") == site_of("http://SHOP.ru:80/y?hash=2") == "shop.ru"


def test_a_short_secret_is_no_secret() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"secret": "short"}, Cashbox)
