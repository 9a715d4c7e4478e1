"""The site's half of the exchange: every behaviour that a client could trip over, as the site really shows it."""

import asyncio
import json
from typing import Any

import pytest

from chekpoint.emulators.bitrix_site.cashboxes import Handler
from chekpoint.emulators.bitrix_site.checks import CheckType, Status
from chekpoint.emulators.bitrix_site.exchange import BadRequest
from chekpoint.emulators.bitrix_site.orders import Line, Supplier
from chekpoint.emulators.bitrix_site.printed import parse_uuid
from chekpoint.emulators.bitrix_site.site import SiteError
from tests.bitrix_site_rig import RECORDED_AT, ZN, connected, paid, recorded, result, uuid_of

pytestmark = pytest.mark.anyio
SUPPLIER = Supplier(name="ООО Поставщик", inn="9800000013", phones=("+70000000000",))


async def _as_recorded(version: str, *lines: Line, **settings: Any) -> dict[str, Any]:
    client = await connected(version=version, start=RECORDED_AT)
    client.site.activate(1, **settings)
    for _ in range(84):
        client.site.state.next_id("check")
    order = client.site.create_order(lines, email="client@example.com")
    await client.site.pay(order.id)
    return (await client.tasks())[0]


async def test_the_first_version_looks_as_recorded() -> None:
    line = Line(price=960_000, base_price=1_200_000, vat="vat18")
    assert await _as_recorded("", line) == recorded("task_v1")


async def test_the_second_version_looks_as_recorded() -> None:
    line = Line(
        price=960_000, vat="none", supplier=SUPPLIER, marking_codes=("0104600605026533215Vv*fcABC1234",)
    )
    assert await _as_recorded("2", line, sno="usn_income") == recorded("task_v2")


async def test_the_third_version_looks_as_recorded() -> None:
    code = "0104600605026533215Vv*fc\x1d93dGVz"
    marked = Line(
        price=960_000,
        vat="none",
        supplier=SUPPLIER,
        payment_object="commodity_marking",
        marking_codes=(code,),
    )
    bare = Line(
        name="Товар без кода маркировки",
        price=40_000,
        vat="none",
        payment_object="commodity_marking_no_marking_code",
    )
    assert await _as_recorded("3", marked, bare, sno="usn_income") == recorded("task_v3")


async def test_the_recorded_request_is_understood() -> None:
    client = await connected(start=RECORDED_AT)
    for _ in range(84):
        client.site.state.next_id("check")
    await paid(client.site, 960_000)
    await client.tasks()
    for _ in range(10):
        client.site.state.next_id("report")
    client.site.ask_report(1)
    request = recorded("request")
    answer = await client.site.poll(json.dumps(request).encode(), "shop.ru")
    assert answer == {"ack": [r["uuid"] for r in request["kkm"][0]["printed"]]}
    check, report = client.site.check(85), client.site.reports()[-1]
    assert check.status is Status.PRINTED
    assert check.link["fn_number"] == "9289000100123456"
    assert check.link["doc_time"] == str(int(RECORDED_AT.timestamp()) - 56)
    assert (report.cash, report.cashless, report.returned) == (150_000, 3_050_000, 50_000)


async def test_an_unknown_register_is_inactive_until_the_administrator_says_so() -> None:
    client = await connected()
    client.site.activate(1, active=False)
    client.numbers = (ZN, "00106702999999")
    assert await client.poll() == {}
    fresh = client.site.cashbox(2)
    assert (fresh.active, fresh.enabled, fresh.handler) == (False, True, Handler.BITRIX_V3)
    assert [report.cashbox_id for report in client.site.reports()] == [1, 2]


async def test_another_version_silently_converts_a_cashbox_and_its_vat() -> None:
    client = await connected(version="2")
    client.site.activate(1, vat={"vat22": "vat22", "vat5": "vat5"}, payment_types={"cashless": "other"})
    client.version = "3"
    await paid(client.site, line={"vat": "vat22"})
    (task,) = await client.tasks()
    assert client.site.cashbox(1).handler is Handler.BITRIX_V3
    assert task["items"][0]["tax"] == {"type": "none"}
    assert task["payments"][0]["type"] == "electronically"


@pytest.mark.parametrize("rate", ["vat5", "vat7", "vat22"])
async def test_a_rate_that_nobody_typed_is_empty(rate: str) -> None:
    client = await connected()
    await paid(client.site, line={"vat": rate})
    (task,) = await client.tasks()
    assert task["items"][0]["tax"] == {"type": ""}


async def test_a_number_equal_to_a_cloud_group_hijacks_that_cashbox() -> None:
    client = await connected()
    cloud = client.site.add_cashbox(Handler.ATOL_V5, number="group_1")
    client.numbers = ("group_1",)
    await client.poll()
    assert client.site.cashbox(cloud.id).handler is Handler.BITRIX_V3


async def test_a_handed_out_check_is_pending_and_is_left_alone_for_240_seconds() -> None:
    client = await connected()
    check = await paid(client.site)
    assert len(await client.tasks()) == 1
    assert client.site.check(check.id).status is Status.PENDING
    assert await client.tasks() == []  # 61 seconds have passed here
    await client.clock.advance(178)
    assert await client.tasks() == []


async def test_an_overdue_check_comes_on_every_poll_with_a_new_uuid() -> None:
    client = await connected()
    await paid(client.site)
    uuids = [uuid_of((await client.tasks())[0])]
    await client.clock.advance(241)
    for _ in range(3):
        uuids.append(uuid_of((await client.tasks())[0]))
        await client.clock.advance(1)
    assert len(set(uuids)) == 4
    assert {parse_uuid(uuid) for uuid in uuids} == {("check", 1)}


async def test_an_old_core_repeats_the_same_uuid() -> None:
    client = await connected()
    client.site.change_settings(core="old", timed_uuid=False)
    await paid(client.site)
    (task,) = await client.tasks()
    assert uuid_of(task) == "check|shop.ru|1"


async def test_the_uuid_names_the_host_that_was_asked() -> None:
    client = await connected()
    await paid(client.site)
    answer = await client.poll(host="www.shop.ru")
    assert uuid_of(answer["print"][0]).startswith("check|www.shop.ru|1|")
    assert await client.poll(result("check|other.host|1|5")) == {"ack": ["check|other.host|1|5"]}


async def test_an_overdue_check_is_moved_to_another_register_or_to_none() -> None:
    client = await connected(ZN, "00106702999999")
    await paid(client.site)
    first = (await client.tasks())[0]["zn"]
    await client.clock.advance(241)
    seen: set[str | None] = set()
    for _ in range(60):
        seen |= {task["zn"] for task in await client.tasks()} or {None}
    assert seen == {ZN, "00106702999999", None}
    assert first in client.site.check(1).handed_to


async def test_at_most_five_checks_per_answer() -> None:
    client = await connected()
    for _ in range(7):
        await paid(client.site)
    assert [len(await client.tasks()) for _ in range(3)] == [5, 2, 0]


async def test_five_poisoned_checks_block_the_queue() -> None:
    client = await connected()
    for _ in range(5):
        client.site.delete_order((await paid(client.site)).order_id)
    await client.tasks()
    await client.clock.advance(241)
    await paid(client.site)
    for _ in range(3):
        assert [parse_uuid(uuid_of(task))[1] for task in await client.tasks()] == [1, 2, 3, 4, 5]
    assert client.site.check(6).status is Status.NEW


async def test_a_check_of_a_deleted_order_is_empty_and_never_acknowledged() -> None:
    client = await connected()
    check = await paid(client.site)
    client.site.delete_order(check.order_id)
    (task,) = await client.tasks()
    assert (task["items"], task["total"], task["clientInfo"]) == ([], 0, {"emailOrPhone": None})
    for code, message in ((0, ""), (-3807, "нет бумаги"), (5, "x"), (5, "x"), (5, "x"), (5, "x"), (5, "x")):
        assert "ack" not in await client.poll(result(uuid_of(task), code, message=message))
    assert client.site.check(check.id).status is Status.PENDING
    with pytest.raises(SiteError, match="удалить можно только"):
        client.site.delete_check(check.id)


async def test_an_unknown_id_is_never_acknowledged() -> None:
    client = await connected()
    unknown = [result(uuid) for uuid in ("check|shop.ru|99|1", "report|shop.ru|99|1", "check", "", "x|y|1")]
    assert await client.poll(*unknown) == {}


async def test_a_fatal_code_fails_at_once_and_a_late_success_still_counts() -> None:
    client = await connected()
    check = await paid(client.site)
    uuid = uuid_of((await client.tasks())[0])
    assert await client.poll(result(uuid, -3807, message="out of paper")) == {"ack": [uuid]}
    assert (client.site.check(check.id).status, client.site.check(check.id).error) == (
        Status.ERROR,
        "Нет бумаги",
    )
    assert client.site.order(check.order_id).marked == "Нет бумаги"
    assert await client.poll(result(uuid)) == {"ack": [uuid]}
    assert client.site.check(check.id).status is Status.PRINTED
    assert await client.poll(result(uuid, -3807, message="again")) == {"ack": [uuid]}
    assert client.site.check(check.id).status is Status.PRINTED


async def test_the_fourth_strike_is_fatal_with_the_clients_own_words() -> None:
    client = await connected()
    check = await paid(client.site)
    uuid = uuid_of((await client.tasks())[0])
    warning = result(uuid, 7001, message="Смена превысила 24 часа")
    assert [await client.poll(warning) for _ in range(3)] == [{}, {}, {}]
    assert client.site.check(check.id).cnt_fail == 3
    assert await client.poll(warning) == {"ack": [uuid]}
    assert client.site.check(check.id).error == "Смена превысила 24 часа"


@pytest.mark.parametrize(
    ("code", "more", "status"),
    [
        ("0", {"message": ""}, Status.PENDING),  # a string is no integer 0: a warning
        (0.0, {"message": ""}, Status.PENDING),
        (False, {"message": ""}, Status.PENDING),
        (-3807, {}, Status.PRINTED),  # no message, no error
        (None, {}, Status.PRINTED),
        ("-3807", {"message": "paper"}, Status.ERROR),
    ],
)
async def test_a_code_is_read_the_way_php_reads_it(
    code: object, more: dict[str, str], status: Status
) -> None:
    client = await connected()
    check = await paid(client.site)
    uuid = uuid_of((await client.tasks())[0])
    await client.poll({"uuid": uuid, "code": code, **more})
    assert client.site.check(check.id).status is status


async def test_printed_without_fiscal_data_is_still_printed() -> None:
    client = await connected()
    check = await paid(client.site)
    uuid = uuid_of((await client.tasks())[0])
    assert await client.poll({"uuid": uuid, "code": 0}) == {"ack": [uuid]}
    printed = client.site.check(check.id)
    assert (printed.status, printed.proven) == (Status.PRINTED, False)


async def test_an_acknowledgement_comes_alone() -> None:
    client = await connected()
    await paid(client.site)
    uuid = uuid_of((await client.tasks())[0])
    await paid(client.site)
    client.site.ask_report(1)
    before = client.site.cashbox(1).last_check_at
    assert await client.poll(result(uuid)) == {"ack": [uuid]}
    assert client.site.cashbox(1).last_check_at == before


async def test_a_new_check_ends_the_wait_at_the_next_half_second() -> None:
    client = await connected()
    asked = asyncio.ensure_future(client.site.poll(client.body(), "shop.ru"))
    await client.clock.advance(10.2)
    await paid(client.site)
    await client.clock.advance(0.29)
    assert not asked.done()
    await client.clock.advance(0.02)
    assert len((await asked)["print"]) == 1


async def test_an_overdue_check_does_not_end_the_wait() -> None:
    client = await connected()
    await paid(client.site)
    await client.tasks()
    await client.clock.advance(230)
    asked = asyncio.ensure_future(client.site.poll(client.body(), "shop.ru"))
    await client.clock.advance(59)
    assert not asked.done()
    await client.clock.advance(1)
    assert await asked == {}


@pytest.mark.parametrize(("allowed", "seconds"), [(0, 60.0), (40, 30.0), (600, 60.0)])
async def test_a_poll_hangs_as_long_as_php_allows(allowed: int, seconds: float) -> None:
    client = await connected()
    client.site.change_settings(max_execution_time=allowed)
    asked = asyncio.ensure_future(client.site.poll(client.body(), "shop.ru"))
    await client.clock.advance(seconds - 0.01)
    assert not asked.done()
    await client.clock.advance(0.02)
    assert await asked == {}


async def test_a_register_that_is_not_ok_gets_nothing_and_the_administrator_is_told() -> None:
    client = await connected()
    await paid(client.site)
    assert await client.poll(status="error") == {}
    assert client.site.cashbox(1).enabled is False
    assert any("CASHBOX_STATUS_ERROR" in text for _, text in client.site.state.log)


async def test_a_silent_program_still_looks_alive() -> None:
    client = await connected()
    await client.clock.advance(86_400)
    assert client.site.cashbox(1).enabled is True


async def test_a_locked_table_gives_no_checks_in_this_answer() -> None:
    client = await connected()
    await paid(client.site)
    client.site.state.busy_locks = 1
    assert await client.tasks() == []
    assert len(await client.tasks()) == 1


async def test_only_json_makes_php_throw() -> None:
    client = await connected()
    with pytest.raises(BadRequest):
        await client.site.poll(b"<html>", "shop.ru")
    for body in (b"[]", b"null", b'{"kkm": 5}', b'{"kkm": [null, {"zn": {}}, {"printed": 1}]}'):
        asked = asyncio.ensure_future(client.site.poll(body, "shop.ru"))
        await client.clock.advance(61)
        assert await asked == {}


async def test_the_first_version_swallows_what_it_has_no_word_for() -> None:
    client = await connected(version="1")
    order = client.site.create_order([Line(price=5_000)], email="a@b.example")
    check = await client.site.add_check(order.id, CheckType.ADVANCE)
    assert check is not None
    assert await client.tasks() == []
    assert client.site.check(check.id).status is Status.PENDING


async def test_a_z_report_is_asked_for_after_its_time_if_checks_were_printed() -> None:
    client = await connected()  # 12:00 on the site
    await client.clock.advance(13 * 3600)
    assert await client.poll() == {}  # 01:00, but not one check
    await paid(client.site)
    await client.tasks()
    await client.clock.advance(24 * 3600)
    (task,) = (await client.poll())["reports"]
    assert task.keys() == recorded("task_z").keys()
    uuid = task["uuid"]
    assert client.site.reports()[-1].status is Status.PENDING
    assert "reports" not in await client.poll()  # not again within 300 s
    await client.clock.advance(301)
    assert (await client.poll())["reports"][0]["uuid"] != uuid
    assert "reports" in await client.poll()
    done = {"uuid": uuid, "code": 0, "payments_cache": 1.5, "reg_income": 10, "nz_sum": "99.99"}
    assert await client.poll(done) == {"ack": [uuid]}
    assert client.site.reports()[-1].cumulative == 9_999


async def test_a_z_report_that_nobody_answers_becomes_an_error_after_twelve_hours() -> None:
    client = await connected()
    client.site.ask_report(1)
    assert "reports" in await client.poll()
    await client.clock.advance(43_200)
    assert "reports" not in await client.poll()
    assert client.site.reports()[-1].status is Status.ERROR


async def test_a_z_report_strikes_out_like_a_check() -> None:
    client = await connected()
    client.site.ask_report(1)
    uuid = (await client.poll())["reports"][0]["uuid"]
    strike = {"uuid": uuid, "code": 1, "message": "смена закрыта"}
    answers = [await client.poll(strike) for _ in range(4)]
    assert answers[3] == {"ack": [uuid]}
    assert client.site.reports()[-1].error == "смена закрыта"


async def test_nothing_that_a_client_posts_brings_the_site_down(client_bodies: list[bytes]) -> None:
    client = await connected()
    for body in client_bodies:
        asked = asyncio.ensure_future(client.site.poll(body, "shop.ru"))
        await client.clock.advance(61)
        assert isinstance(await asked, dict)


@pytest.fixture
def client_bodies() -> list[bytes]:
    odd: list[Any] = [None, True, 1, -1.5, "", "x", [], {}, [1], {"a": 1}, 10**30]
    bodies = [{"api_version": o, "kkm": [{"zn": ZN, "status": o, "printed": o}]} for o in odd]
    bodies += [{"kkm": [{"zn": o, "status": "ok", "cache": o, "reg_income": o}]} for o in odd]
    bodies += [{"kkm": [{"printed": [{"uuid": o, "code": o, "message": o, "qr": o, "rn": o}]}]} for o in odd]
    return [json.dumps(body).encode() for body in bodies]
