"""Cashboxes that the emulated site calls by itself: how REST fails open, and how cloud classes read their answers."""

import json
from typing import Any

import pytest

from chekpoint.emulators.bitrix_site.atol_farm import apply_callback
from chekpoint.emulators.bitrix_site.cashboxes import CashboxSettings, Handler
from chekpoint.emulators.bitrix_site.checks import Check, Status
from chekpoint.emulators.bitrix_site.http_call import Answer
from chekpoint.emulators.bitrix_site.orders import Line
from chekpoint.emulators.bitrix_site.php import read_form
from chekpoint.emulators.bitrix_site.rest_methods import RestError, call_method
from chekpoint.emulators.bitrix_site.site import Site
from tests.bitrix_site_rig import DATA, LOST, Service, paid, said
from tests.emulated_world import ManualClock

pytestmark = pytest.mark.anyio
HANDLER = {
    "CODE": "hub",
    "NAME": "Hub",
    "SETTINGS": {
        "print_url": "http://hub.test/print",
        "CHECK_URL": "http://hub.test/check",
        "SUPPORTS_FFD105": "Y",
        "CONFIG": {"AUTH": {"LABEL": "Вход", "ITEMS": {"KEY": {"TYPE": "STRING", "LABEL": "Ключ"}}}},
    },
}
CASHBOX = {
    "NAME": "Касса",
    "REST_CODE": "hub",
    "EMAIL": "kassa@shop.ru",
    "ACTIVE": "Y",
    "SETTINGS": {"AUTH": {"KEY": "s3cret"}},
}
HTML = Answer(status=200, body=b"<html>")
TOKEN = said({"token": "t1", "timestamp": "x", "error": None})
DONE = {
    "uuid": "u-1",
    "status": "done",
    "error": None,
    "payload": {
        "fn_number": "9999078900000001",
        "fiscal_document_number": 7,
        "fiscal_document_attribute": 123,
        "receipt_datetime": "24.11.2026 12:00:00",
        "total": 100,
    },
}


def _rest(*answers: Answer | Exception) -> tuple[Site, Service]:
    service = Service(*answers)
    site = Site("shop.ru", clock=ManualClock(), fetch=service.fetch)
    call_method(site.state, "sale.cashbox.handler.add", HANDLER)
    call_method(site.state, "sale.cashbox.add.json", CASHBOX)
    return site, service


async def _told(*answers: Answer | Exception) -> Check:
    """A check after PRINT_URL said yes and the agent has asked CHECK_URL once."""
    site, _ = _rest(said({"UUID": "u-1"}), *answers)
    check = await paid(site)
    assert (check.status, check.external_uuid) == (Status.PENDING, "u-1")
    await site.printers.run_agent()
    return site.check(check.id)


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (said({"uuid": "u-1"}), Status.PENDING),  # any case of the key
        (said({"UUID": "u-1"}, 500), Status.PENDING),  # not 200: for ever in P
        (said({"UUID": "u-1"}, 201), Status.PENDING),
        (said({}), Status.PENDING),
        (said({"ERRORS": ["нет связи"]}), Status.ERROR),
        (HTML, Status.ERROR),
        (LOST, Status.ERROR),  # and the hub may have accepted it
    ],
)
async def test_print_url_as_the_site_reads_its_answers(answer: Answer | Exception, status: Status) -> None:
    site, _ = _rest(answer)
    assert (await paid(site)).status is status


async def test_a_check_without_uuid_takes_a_place_of_the_agent_for_ever() -> None:
    site, service = _rest(said({}, 503), said({"STATUS": "DONE"}))
    for _ in range(6):
        await paid(site)
    for _ in range(3):
        assert await site.printers.run_agent() == 5
    assert {check.status for check in site.checks()} == {Status.PENDING}
    assert len(service.calls) == 6 + 15


@pytest.mark.parametrize("answer", [said({"STATUS": "DONE"}), said({"x": 1}, 500), HTML, LOST, said([])])
async def test_check_url_fails_open(answer: Answer | Exception) -> None:
    check = await _told(answer)
    assert (check.status, check.proven) == (Status.PRINTED, False)


async def test_check_url_waits_fails_and_finishes() -> None:
    assert (await _told(said({"status": "WAIT"}))).status is Status.PENDING
    failed = await _told(said({"STATUS": "ERROR", "ERROR": "бумага"}))
    assert (failed.status, failed.error) == (Status.ERROR, "бумага")
    done = await _told(
        said({"STATUS": "DONE", "FN_NUMBER": "99", "FISCAL_DOC_NUMBER": 5, "PRINT_END_TIME": 7})
    )
    assert (done.proven, done.link["doc_time"]) == (True, "7")


async def test_print_url_gets_a_form_with_the_fields_of_the_documentation() -> None:
    site, service = _rest(said({"UUID": "u"}))
    order = site.create_order(
        [Line(price=960_000, base_price=1_200_000, vat="vat10", marking_codes=("0104600605026533215Vv*fc",))],
        email="client@example.com",
        phone="+70000000000",
    )
    await site.pay(order.id)
    (call,) = service.calls
    posted = read_form(call.body.decode("latin-1"))
    documented = json.loads((DATA / "bitrix_rest_print.json").read_text())
    assert posted.keys() == documented.keys()
    (item,) = posted["items"]
    assert documented["items"][0].keys() - item.keys() == {"barcode"}
    assert (item["vat"], item["vat_sum"], item["discount"]) == ("3", "872.73", {"discount": "2400"})
    assert posted["cashbox_params"] == {"AUTH": {"KEY": "s3cret"}}
    assert (call.url, call.http_version) == ("http://hub.test/print", "1.0")


async def test_a_pushed_result_that_overtakes_print_url_finds_no_check() -> None:
    site, _ = _rest(said({"UUID": "u-1"}))
    apply = {"UUID": "u-1", "FN_NUMBER": "99", "FISCAL_DOC_NUMBER": "5", "PRINT_END_TIME": "1"}
    with pytest.raises(RestError) as refused:
        call_method(site.state, "sale.cashbox.check.apply", apply)
    assert refused.value.code == "ERROR_CHECK_NOT_FOUND"
    check = await paid(site)
    assert call_method(site.state, "sale.cashbox.check.apply", apply) is True
    assert site.check(check.id).proven
    assert call_method(site.state, "sale.cashbox.check.apply", apply | {"STATUS": "ERROR"}) is True


async def test_a_pushed_error_is_saved_and_refused_in_one() -> None:
    site, _ = _rest(said({"UUID": "u-1"}))
    check = await paid(site)
    with pytest.raises(RestError) as refused:
        call_method(
            site.state, "sale.cashbox.check.apply", {"UUID": "u-1", "STATUS": "ERROR", "ERROR": "нет"}
        )
    assert (refused.value.code, site.check(check.id).status) == ("ERROR_CHECK_APPLY", Status.ERROR)


def _changed(value: dict[str, Any], **more: Any) -> dict[str, Any]:
    return value | more


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("sale.cashbox.handler.add", HANDLER, "ERROR_HANDLER_ALREADY_EXIST"),
        ("sale.cashbox.handler.add", _changed(HANDLER, CODE=""), "ERROR_CHECK_FAILURE"),
        ("sale.cashbox.handler.add", _changed(HANDLER, SETTINGS="x"), "ERROR_CHECK_FAILURE"),
        ("sale.cashbox.handler.add", {"CODE": "a", "NAME": "b", "SETTINGS": {"PRINT_URL": "ftp://x"}}, "ERROR_CHECK_FAILURE"),
        ("sale.cashbox.handler.delete", {"ID": 1}, "ERROR_CHECK_FAILURE"),  # a cashbox is linked
        ("sale.cashbox.handler.delete", {"ID": "x"}, "ERROR_HANDLER_NOT_FOUND"),
        ("sale.cashbox.add", _changed(CASHBOX, REST_CODE="no"), "ERROR_HANDLER_NOT_FOUND"),
        ("sale.cashbox.add", _changed(CASHBOX, OFD="no"), "ERROR_CHECK_FAILURE"),
        ("sale.cashbox.add", {}, "ERROR_CHECK_FAILURE"),
        ("sale.cashbox.check.apply", {"UUID": []}, "ERROR_CHECK_FAILURE"),
        ("sale.check.add", {}, "ERROR_METHOD_NOT_FOUND"),
    ],
)  # fmt: skip
def test_a_wrong_rest_call_is_refused_in_the_sites_words(
    method: str, params: dict[str, Any], code: str
) -> None:
    site, _ = _rest()
    with pytest.raises(RestError) as refused:
        call_method(site.state, method, params)
    assert refused.value.code == code


def test_supports_ffd105_counts_only_within_settings() -> None:
    site, _ = _rest()
    outside = {**HANDLER, "CODE": "b", "SUPPORTS_FFD105": "Y"}
    outside["SETTINGS"] = {k: v for k, v in HANDLER["SETTINGS"].items() if k != "SUPPORTS_FFD105"}  # type: ignore[attr-defined]
    call_method(site.state, "sale.cashbox.handler.add", outside)
    shown = call_method(site.state, "sale.cashbox.handler.list", {})
    assert [handler["SETTINGS"]["SUPPORTS_FFD105"] for handler in shown] == ["Y", "N"]
    assert call_method(site.state, "sale.cashbox.list", {})[0]["ENABLED"] == "Y"


def _farm(*answers: Answer | Exception, handler: Handler = Handler.ATOL_V5) -> tuple[Site, Service]:
    service = Service(*answers)
    site = Site("shop.ru", clock=ManualClock(), fetch=service.fetch, public_url="https://shop.ru")
    settings = CashboxSettings(service_url="http://cloud.test/v5/", login="l", password="p", inn="7700000016")
    site.add_cashbox(handler, number="group_1", settings=settings)
    return site, service


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (said({"uuid": "u-1", "status": "fail"}), Status.PENDING),
        (said({"uuid": "u-1", "error": {"code": 33, "text": "дубль"}}, 400), Status.ERROR),
        (said({"error": {"text": "очередь"}}, 503), Status.ERROR),
        (HTML, Status.ERROR),
        (LOST, Status.ERROR),
    ],
)
async def test_a_registration_is_accepted_only_with_200_and_a_uuid(
    answer: Answer | Exception, status: Status
) -> None:
    site, _ = _farm(TOKEN, answer)
    assert (await paid(site)).status is status


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (said({"status": "wait"}), Status.PENDING),
        (said({"status": "wait", "error": {"code": 1}}, 500), Status.PENDING),
        (HTML, Status.PENDING),
        (LOST, Status.PENDING),
        (said({"error": {"code": 34, "text": "не найден"}}, 404), Status.ERROR),
        (said({"status": "done"}), Status.PRINTED),  # without a payload, and all the same
        (said({}, 500), Status.PRINTED),
        (said(DONE), Status.PRINTED),
    ],
)
async def test_a_report_is_applied_whatever_its_http_status(
    answer: Answer | Exception, status: Status
) -> None:
    site, _ = _farm(TOKEN, said({"uuid": "u-1"}), answer)
    check = await paid(site)
    await site.printers.run_agent()
    assert site.check(check.id).status is status


async def test_the_agent_asks_for_five_checks_and_five_stuck_ones_starve_the_rest() -> None:
    site, service = _farm(TOKEN, *(said({"uuid": f"u-{n}"}) for n in range(7)), said({"status": "wait"}))
    for _ in range(7):
        await paid(site)
    assert [await site.printers.run_agent() for _ in range(2)] == [5, 5]
    asked = {call.url.split("report/")[1].split("?")[0] for call in service.calls if "report" in call.url}
    assert asked == {f"u-{n}" for n in range(5)}


async def test_a_token_is_kept_until_it_is_refused() -> None:
    site, service = _farm(TOKEN, said({"uuid": "u-1"}), said({}, 401), TOKEN, said({"uuid": "u-2"}))
    await paid(site)
    assert (await paid(site)).external_uuid == "u-2"
    assert [call.url.rpartition("/")[2] for call in service.calls] == [
        "getToken", "sell?token=t1", "sell?token=t1", "getToken", "sell?token=t1",
    ]  # fmt: skip
    assert service.calls[1].url == "http://cloud.test/v5/group_1/sell?token=t1"


@pytest.mark.parametrize("handler", [Handler.ATOL_V4, Handler.ATOL_V5])
async def test_the_cloud_gets_a_whole_receipt_with_the_new_rates(handler: Handler) -> None:
    site, service = _farm(TOKEN, said({"uuid": "u-1"}), handler=handler)
    code = "0104600605026533215Vv*fcABC1234"
    await paid(site, line={"vat": "vat22", "payment_object": "commodity_marking", "marking_codes": (code,)})
    body = json.loads(service.calls[1].body)
    assert body["service"]["callback_url"] == "https://shop.ru/bitrix/tools/sale_farm_check_print.php"
    assert (body["receipt"]["total"], body["receipt"]["internet"]) == (100, True)
    (item,) = body["receipt"]["items"]
    assert item["vat"] == {"type": "vat22"}
    fifth = handler is Handler.ATOL_V5
    assert item["payment_object"] == (33 if fifth else "commodity")
    assert ("mark_code" in item, "nomenclature_code" in item) == (fifth, not fifth)


async def test_anybody_may_call_back_and_even_wait_means_printed() -> None:
    site, _ = _farm(TOKEN, said({"uuid": "u-1"}))
    check = await paid(site)
    for body in (b"<", b"[]", b'{"uuid":"u-1"}', b'{"uuid":"other","payload":null}', b'{"payload":1}'):
        apply_callback(site.state, body)
        assert site.check(check.id).status is Status.PENDING
    apply_callback(site.state, b'{"uuid":"u-1","status":"wait","payload":null}')
    assert (site.check(check.id).status, site.check(check.id).proven) == (Status.PRINTED, False)
