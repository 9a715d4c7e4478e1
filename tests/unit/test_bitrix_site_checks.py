"""When the emulated site makes a check, of which type and with what in it; and when it makes none without a word."""

from decimal import Decimal
from typing import Any

import pytest

from chekpoint.emulators.bitrix_site.cashboxes import CashboxSettings, Handler
from chekpoint.emulators.bitrix_site.checks import Check, CheckType, Related, Status
from chekpoint.emulators.bitrix_site.orders import Line
from chekpoint.emulators.bitrix_site.php import TooManyFieldsError, money, read_form, write_form, write_json
from chekpoint.emulators.bitrix_site.site import SiteError
from tests.bitrix_site_rig import Client, connected, paid

pytestmark = pytest.mark.anyio
UNEVEN: dict[str, Any] = {"quantity": Decimal(3), "sum": 10_000}  # 3 x 33.33 = 99.99


async def _task(client: Client, *lines: Line, **options: Any) -> dict[str, Any]:
    order = client.site.create_order(lines, **({"email": "a@b.example"} | options))
    await client.site.pay(order.id)
    return (await client.tasks())[0]


async def test_without_an_active_cashbox_there_is_silently_no_check() -> None:
    client = await connected()
    client.site.activate(1, active=False)
    order = client.site.create_order([Line(price=100)], email="a@b.example")
    assert await client.site.pay(order.id) is None
    assert (client.site.checks(), client.site.order(order.id).marked) == ([], "")


async def test_a_pay_system_that_no_cashbox_lists_marks_the_order() -> None:
    client = await connected()
    client.site.activate(1, pay_systems=["invoice"])
    order = client.site.create_order([Line(price=100)], email="a@b.example")
    assert await client.site.pay(order.id) is None
    assert "Нет кассы" in client.site.order(order.id).marked


async def test_two_payments_in_one_order_make_no_automatic_check() -> None:
    client = await connected()
    order = client.site.create_order([Line(price=10_000)], payments=(4_000, 6_000), email="a@b.example")
    assert await client.site.pay(order.id) is None
    assert await client.site.pay(order.id) is None
    first, second = order.payments
    check = await client.site.add_check(
        order.id, CheckType.SELL, payment_id=first.id, related=[Related(payment_id=second.id, kind="advance")]
    )
    assert check is not None
    (task,) = await client.tasks()
    assert task["payments"] == [{"type": "electronically", "sum": 40}, {"type": "prepaid", "sum": 60}]


async def test_a_partial_payment_of_a_sale_makes_no_check_and_marks_the_order() -> None:
    client = await connected()
    order = client.site.create_order([Line(price=10_000)], payments=(4_000,), email="a@b.example")
    assert await client.site.pay(order.id) is None
    assert "не совпадает" in client.site.order(order.id).marked


async def test_a_partial_prepayment_is_spread_over_the_lines_and_the_last_takes_the_rest() -> None:
    client = await connected()
    client.site.change_settings(check_type_on_pay="prepayment")
    lines = (Line(price=10_000), Line(price=10_000, vat="vat10"), Line(price=10_000, vat="vat22"))
    task = await _task(client, *lines, payments=(10_000,))
    assert [item["amount"] for item in task["items"]] == [33.33, 33.33, 33.34]
    assert [item["tax"]["type"] for item in task["items"]] == ["vat120", "vat110", ""]
    assert {item["paymentMethod"] for item in task["items"]} == {"prepayment"}
    assert {item["paymentObject"] for item in task["items"]} == {"payment"}


@pytest.mark.parametrize(
    ("option", "paid_type", "shipped_type"),
    [
        ("sell", CheckType.SELL, None),
        ("prepayment", CheckType.FULL_PREPAYMENT, CheckType.SELL),
        ("advance", CheckType.ADVANCE, CheckType.SELL),
    ],
)
async def test_payment_and_shipment_make_the_types_that_the_option_says(
    option: str, paid_type: CheckType, shipped_type: CheckType | None
) -> None:
    client = await connected()
    client.site.change_settings(check_type_on_pay=option)
    check = await paid(client.site)
    shipped = await client.site.ship(check.order_id)
    assert check.type is paid_type
    assert (shipped and shipped.type) is shipped_type
    if shipped:
        tasks = await client.tasks()
        assert tasks[1]["payments"] == [{"type": "prepaid", "sum": 100}]


async def test_goods_on_credit_and_their_payment() -> None:
    client = await connected()
    order = client.site.create_order([Line(price=10_000)], email="a@b.example")
    credit = await client.site.ship(order.id)
    payment = await client.site.pay(order.id)
    assert credit is not None
    assert payment is not None
    assert (credit.type, payment.type) == (CheckType.CREDIT, CheckType.CREDIT_PAYMENT)
    first, second = await client.tasks()
    assert first["payments"][0]["type"] == "credit"
    assert [item["name"] for item in second["items"]] == ["Оплата кредита"]


async def test_one_weak_cashbox_turns_every_new_type_off() -> None:
    client = await connected()
    client.site.change_settings(check_type_on_pay="prepayment")
    client.site.add_cashbox(Handler.BITRIX, number="weak")
    assert (await paid(client.site)).type is CheckType.SELL


async def test_a_refund_makes_no_return_check_until_somebody_adds_it() -> None:
    client = await connected()
    check = await paid(client.site)
    client.site.refund(check.order_id)
    assert len(client.site.checks()) == 1
    await client.tasks()
    await client.site.add_check(check.order_id, CheckType.SELL_RETURN_CASH)
    (task,) = await client.tasks()
    assert (task["type"], task["payments"]) == ("sellReturn", [{"type": "cash", "sum": 100}])


async def test_a_buyer_without_contact_gets_the_shops_own_mail_or_null() -> None:
    client = await connected()
    task = await _task(client, Line(price=100), email="")
    assert task["clientInfo"]["emailOrPhone"] == client.site.state.settings.shop_email
    client.site.change_settings(shop_email_for_buyer=False)
    task = await _task(client, Line(price=100), email="")
    assert task["clientInfo"]["emailOrPhone"] is None


async def test_the_phone_is_sent_if_the_cashbox_wants_it() -> None:
    client = await connected()
    client.site.activate(1, client_info="PHONE")
    task = await _task(client, Line(price=100), phone="+79000000000")
    assert task["clientInfo"]["emailOrPhone"] == "+79000000000"


@pytest.mark.parametrize(
    ("payment_object", "sent"),
    [
        ("commodity_marking_no_marking_code", "commodityWithoutMarking "),
        ("commodity_marking_no_marking_code_excise", "exciseWithoutMarking "),
        ("deposit", None),
    ],
)
async def test_payment_objects_keep_their_trailing_space_or_are_null(
    payment_object: str, sent: str | None
) -> None:
    client = await connected()
    task = await _task(client, Line(price=100, payment_object=payment_object))
    assert task["items"][0]["paymentObject"] == sent


async def test_marked_goods_without_a_code_make_no_check() -> None:
    client = await connected()
    order = client.site.create_order([Line(price=100, payment_object="commodity_marking")])
    assert await client.site.pay(order.id) is None
    assert "маркировки" in client.site.order(order.id).marked


async def test_a_new_core_splits_what_does_not_multiply() -> None:
    client = await connected()
    task = await _task(client, Line(price=3_333, **UNEVEN))
    assert [(item["price"], item["quantity"], item["amount"]) for item in task["items"]] == [
        (33.33, 2, 66.66),
        (33.34, 1, 33.34),
    ]


@pytest.mark.parametrize(("core", "price"), [("middle", 33.33), ("old", 50)])
async def test_older_cores_send_a_price_that_does_not_multiply(core: str, price: float) -> None:
    client = await connected()
    client.site.change_settings(core=core)
    client.site.activate(1, sno="usn_income")
    task = await _task(client, Line(price=3_333, base_price=5_000, **UNEVEN))
    (item,) = task["items"]
    assert (item["price"], item["amount"], item["quantity"]) == (price, 100, 3)
    assert task["taxationType"] == ("usn_income" if core == "old" else "usnIncome")
    assert ("type" in item) is (core != "old")


async def test_an_immediate_cashbox_takes_the_check_away_from_those_who_poll() -> None:
    client = await connected()
    client.site.add_cashbox(
        Handler.ATOL_V5, number="g", settings=CashboxSettings(service_url="http://127.0.0.1:1")
    )
    check = await paid(client.site)
    assert check.status is Status.ERROR  # nobody listens at that address, and it is never tried again
    assert await client.tasks() == []


async def test_the_administrator_may_delete_what_waits_and_ids_are_not_used_again() -> None:
    client = await connected()
    client.site.delete_check((await paid(client.site)).id)
    assert (await paid(client.site)).id == 2


@pytest.mark.parametrize("seconds", [0, 1])
async def test_the_hash_of_a_link_can_be_guessed_from_the_second(seconds: int) -> None:
    client, other = await connected(), await connected()
    await other.clock.advance(seconds)
    assert (client.site.generate_link() == other.site.generate_link()) is (seconds == 0)


@pytest.mark.parametrize("line", [{"vat": "vat99"}, {"quantity": Decimal(0)}, {"quantity": Decimal("NaN")}])
def test_an_impossible_line_is_refused(line: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"vat|quantity"):
        Line(price=1, **line)


async def test_what_is_not_there_is_said() -> None:
    site = (await connected()).site
    for broken in (
        lambda: site.delete_order(7),
        lambda: site.refund(7),
        lambda: site.check(7),
        lambda: site.cashbox(7),
        lambda: site.activate(1, z_time="25:00"),
        lambda: site.change_settings(core="ancient"),
    ):
        with pytest.raises(SiteError):
            broken()
    with pytest.raises(SiteError):
        await site.pay(7)


def test_php_writes_numbers_and_signs_its_own_way() -> None:
    assert [money(kopecks) for kopecks in (0, 100, 150, 9_999)] == [0, 1, 1.5, 99.99]
    assert write_json({"a": "<b>&'\"/\\"}) == r'{"a":"\u003Cb\u003E\u0026\u0027\u0022\/\\"}'
    assert write_json({"a": '\\"'}) == r'{"a":"\\\u0022"}'
    assert write_json("Ф", ascii_only=True) == r'"\u0444"'.replace("0444", "0424")
    form = write_form({"a": [{"b": None, "c": True}], "d": {"e": 1.5}, "f": b"\x44\xff"})
    assert form == "a%5B0%5D%5Bc%5D=1&d%5Be%5D=1.5&f=D%FF"


def test_a_form_is_nested_as_php_nests_it() -> None:
    assert read_form("a[b][0]=1&a[b][1]=2&c=&d[]=x&d[]=y") == {
        "a": {"b": ["1", "2"]},
        "c": "",
        "d": ["x", "y"],
    }
    assert read_form("a=1&a[b]=2&[x]=3&" + "a" + "[b]" * 40 + "=1") == {"a": {"b": "2"}}
    with pytest.raises(TooManyFieldsError):
        read_form("&".join(f"a{n}=1" for n in range(2_000)))


def test_every_check_type_has_a_method() -> None:
    assert {kind.method for kind in CheckType} == {
        "full_payment", "advance", "prepayment", "full_prepayment", "credit", "credit_payment",
    }  # fmt: skip
    assert Check(id=1, order_id=1, type=CheckType.SELL, sum=1, created_at=0.0).open
