"""What a shop module meets at the door when things go wrong, and 1C-Bitrix where it is peculiar."""

import json
import re
from collections.abc import AsyncIterator
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest

from chekpoint.core.errors import BlockReason, Rejected, StoreError
from chekpoint.fiscal.receipt import Taxation
from chekpoint.hub.passwords import hashed
from chekpoint.shops.atol_online import KIND, AtolOnlineSettings, connect, routes
from tests.cloud_doors import INN, CloudDoor, cloud_door, shop_of
from tests.doubles.listening_shop import ListeningShop, answer
from tests.waiting import until

pytestmark = pytest.mark.anyio
DOOR = import_module("chekpoint.shops.atol_online.routes")
HASH = hashed("secret")
SETTINGS = AtolOnlineSettings(login="shop", password_hash=HASH, group_code="g1", taxation=Taxation.OSN)
OTHER = AtolOnlineSettings(login="other", password_hash=HASH, group_code="g2", taxation=Taxation.OSN)
OTHER_ID = "0" * 31 + "3"
V4 = "/possystem/v4"
CHECK = "check|shop.ru|85|{}"


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[CloudDoor]:
    shops = [shop_of(KIND, SETTINGS), shop_of(KIND, OTHER, OTHER_ID)]
    async with cloud_door(f"sqlite:///{tmp_path}/hub.db", routes, {KIND: connect}, shops) as made:
        yield made


@pytest.fixture
async def site() -> AsyncIterator[ListeningShop]:
    async with ListeningShop().open() as listening:
        yield listening


def sale(
    external_id: str = "order-1", *, callback: str = "", price: Any = 100, **receipt: Any
) -> dict[str, Any]:
    body: dict[str, Any] = {
        "timestamp": "24.11.2026 12:34:56",
        "external_id": external_id,
        "receipt": {
            "client": {"email": "c@ex.ru"},
            "company": {"email": "shop@ex.ru", "sno": "osn", "inn": INN, "payment_address": "https://shop.ru"},
            "items": [
                {
                    "name": "Кружка", "price": price, "quantity": 1, "sum": price, "payment_method": "full_payment",
                    "payment_object": "commodity", "vat": {"type": "vat22"},
                }
            ],
            "payments": [{"type": 1, "sum": price}],
            "total": price,
            **receipt,
        },
    }  # fmt: skip
    return body | ({"service": {"callback_url": callback}} if callback else {})


async def token(door: CloudDoor, login: str = "shop") -> str:
    got = await door.client.post(f"{V4}/getToken", json={"login": login, "pass": "secret"})
    return str(got.json()["token"])


async def send(door: CloudDoor, body: Any, operation: str = "sell", base: str = V4) -> httpx2.Response:
    return await door.client.post(
        f"{base}/g1/{operation}", params={"token": await token(door)}, json=body
    )  # 1C-Bitrix sends no header


async def report(door: CloudDoor, uuid: str) -> dict[str, Any]:
    found = await door.client.get(f"{V4}/g1/report/{uuid}", params={"token": await token(door)})
    assert found.status_code == 200
    return dict(found.json())


async def over(door: CloudDoor, uuid: str) -> dict[str, Any]:
    async def look() -> dict[str, Any] | None:
        found = await report(door, uuid)
        return None if found["status"] == "wait" else found

    return dict(await until(look))


def code(answer: httpx2.Response) -> int:
    return int(answer.json()["error"]["code"])


async def test_a_token_is_taken_from_the_header_and_from_both_names_in_the_query(door: CloudDoor) -> None:
    got = await door.client.get(f"{V4}/getToken/", params={"login": "shop", "pass": "secret"})
    secret = got.json()["token"]
    assert got.json()["error"] is None
    assert re.fullmatch(r"\d\d\.\d\d\.\d{4} \d\d:\d\d:\d\d", got.json()["timestamp"])
    for n, place in enumerate(
        [{"headers": {"Token": secret}}, {"params": {"token": secret}}, {"params": {"tokenid": secret}}]
    ):
        sent = await door.client.post(f"{V4}/g1/sell/", json=sale(f"order-{n}"), **place)  # type: ignore[arg-type]
        assert sent.status_code == 200, sent.text


async def test_a_token_dies_after_a_day_or_when_it_was_mangled(door: CloudDoor) -> None:
    secret = await token(door)
    shop, moment, signature = secret.split(".")
    yesterday = f"{shop}.{int(moment) - 86400}.{signature}"
    for wrong in (yesterday, secret[:-2] + "AA", "x", "a.b.c", f"{shop}.².{signature}", "é" * 40):
        found = await door.client.post(f"{V4}/g1/sell", params={"token": wrong}, json=sale())
        assert (found.status_code, code(found)) == (401, 11)
    missing = await door.client.post(f"{V4}/g1/sell", json=sale())
    assert (missing.status_code, code(missing)) == (401, 10)
    assert await door.lines() == []


async def test_a_shop_cannot_use_the_group_of_another(door: CloudDoor) -> None:
    sent = await door.client.post(f"{V4}/g1/sell", params={"token": await token(door, "other")}, json=sale())
    assert (sent.status_code, code(sent)) == (401, 20)


async def test_a_shop_cannot_read_the_receipt_of_another(door: CloudDoor) -> None:
    uuid = (await send(door, sale())).json()["uuid"]
    await over(door, uuid)
    found = await door.client.get(f"{V4}/g2/report/{uuid}", params={"token": await token(door, "other")})
    assert found.json()["status"] == "wait"


async def test_a_blocked_shop_is_told_so(door: CloudDoor) -> None:
    secret = await token(door)
    done = (await send(door, sale("before"))).json()["uuid"]
    await over(door, done)
    await door.configure(msgspec.structs.replace(SETTINGS, blocked=True))
    sent = await door.client.post(f"{V4}/g1/sell", params={"token": secret}, json=sale())
    assert (sent.status_code, code(sent)) == (403, 14)
    told = await door.client.get(f"{V4}/g1/report/{done}", params={"token": secret})
    assert told.json()["status"] == "done"  # what was registered stays known


@pytest.mark.parametrize(
    ("address", "status", "expected"),
    [
        ("/possystem/v3/g1/sell", 401, 21), ("/possystem/v4/g1/sing", 400, 31),
        ("/possystem/v4/g1/sell_refund_correction", 400, 31), ("/possystem/v4/g1/sell/more/and/more", 400, 40),
    ],
)  # fmt: skip
async def test_an_unknown_address_is_answered_in_the_protocol(
    door: CloudDoor, address: str, status: int, expected: int
) -> None:
    sent = await door.client.post(address, params={"token": await token(door)}, json=sale())
    assert sent.status_code == status
    assert code(sent) == expected


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b"[" * 100_000, b'{"receipt": 1}', b'{"total": 1e999999999}']
)  # fmt: skip
async def test_a_body_that_is_no_receipt_is_an_error_and_never_a_crash(door: CloudDoor, body: bytes) -> None:
    headers = {"Token": await token(door), "Content-Type": "application/json"}
    sent = await door.client.post(f"{V4}/g1/sell", content=body, headers=headers)
    assert sent.status_code == 400
    assert code(sent) in {32, 40}
    assert (await door.client.post(f"{V4}/getToken", content=body)).status_code == 400


async def test_a_content_type_without_charset_is_taken_and_a_form_is_not(door: CloudDoor) -> None:
    raw = json.dumps(sale()).encode()
    for kind, status in (
        ("application/json", 200),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
    ):
        headers = {"Token": await token(door), "Content-Type": kind}
        sent = await door.client.post(f"{V4}/g1/sell", content=raw, headers=headers)
        assert sent.status_code == status
        assert status == 200 or code(sent) == 41


async def test_a_repetition_is_error_33_with_the_first_uuid(door: CloudDoor) -> None:
    first = await send(door, sale())
    for again in (sale(), sale(price=200)):
        second = await send(door, again)
        assert second.status_code == 400
        assert code(second) == 33
        assert (second.json()["uuid"], second.json()["status"]) == (first.json()["uuid"], "wait")
    assert len(await door.lines()) == 1


async def test_the_uuid_is_the_same_after_a_restart(tmp_path: Path) -> None:
    uuids = set()
    for _ in range(2):
        database = f"sqlite:///{tmp_path}/hub.db"
        async with cloud_door(database, routes, {KIND: connect}, [shop_of(KIND, SETTINGS)]) as door:
            uuids.add((await send(door, sale())).json()["uuid"])
    assert len(uuids) == 1


async def test_a_report_waits_as_long_as_the_register_cannot_work(door: CloudDoor) -> None:
    door.register.blocked = BlockReason.PAPER_OUT
    uuid = (await send(door, sale())).json()["uuid"]
    waiting = await report(door, uuid)
    assert (waiting["status"], waiting["error"]["code"]) == ("wait", 34)
    assert "payload" not in waiting
    door.register.blocked = None
    assert (await over(door, uuid))["status"] == "done"


async def test_an_unknown_uuid_waits_and_a_mangled_one_is_an_error(door: CloudDoor) -> None:
    unknown = await report(door, "2ea26f17-0884-4f08-b120-306fc096a58f")
    assert (unknown["status"], unknown["error"]["code"]) == ("wait", 34)
    mangled = await door.client.get(f"{V4}/g1/report/xyz", params={"token": await token(door)})
    assert (mangled.status_code, code(mangled)) == (400, 30)


async def test_a_refusal_of_the_register_is_a_failure_with_its_text(door: CloudDoor) -> None:
    door.register.script.append(Rejected("ИНН не соответствует", code="2009"))
    failed = await over(door, (await send(door, sale())).json()["uuid"])
    assert failed["status"] == "fail"
    assert failed["payload"] is None
    assert failed["error"] == {"code": 2009, "text": "ИНН не соответствует", "type": "driver"}


@pytest.mark.parametrize("of_register", ["1", "34", "fault", "", "33"])
async def test_no_code_of_a_register_makes_a_client_send_again(door: CloudDoor, of_register: str) -> None:
    door.register.script.append(Rejected("нельзя", code=of_register))
    failed = await over(door, (await send(door, sale())).json()["uuid"])
    assert failed["error"]["code"] == 32


async def test_the_outcome_is_posted_to_the_callback(door: CloudDoor, site: ListeningShop) -> None:
    sent = (await send(door, sale(callback=site.url))).json()
    heard = (await until(lambda: site.heard))[0]
    packet = json.loads(heard.body)
    assert heard.headers["content-type"].startswith("application/json")
    assert (packet["uuid"], packet["status"], packet["error"]) == (sent["uuid"], "done", None)
    assert packet["payload"]["fiscal_document_number"] > 0
    assert packet["callback_url"] == site.url
    assert packet["external_id"] == "order-1"


async def test_a_failure_is_posted_with_an_empty_payload(door: CloudDoor, site: ListeningShop) -> None:
    door.register.script.append(Rejected("нельзя", code="66"))
    await send(door, sale(callback=site.url))
    packet = json.loads((await until(lambda: site.heard))[0].body)
    assert (packet["status"], packet["payload"], packet["error"]["code"]) == ("fail", None, 66)


async def test_a_receipt_that_waits_is_never_called_back(door: CloudDoor, site: ListeningShop) -> None:
    door.register.blocked = BlockReason.NO_LINK
    await send(door, sale(callback=site.url))
    done = (await send(door, sale("order-2"))).json()  # not told anywhere
    assert (await report(door, done["uuid"]))["status"] == "wait"
    assert site.heard == []
    door.register.blocked = None
    assert json.loads((await until(lambda: site.heard))[0].body)["status"] == "done"


async def test_a_put_back_receipt_is_called_back_a_second_time(door: CloudDoor, site: ListeningShop) -> None:
    door.register.script.append(Rejected("нельзя", code="66"))
    await send(door, sale(callback=site.url))
    await until(lambda: site.heard)
    [line] = await door.lines()
    await door.hub.verdicts.again(line.id, who="admin", reason="починили")
    await until(lambda: len(site.heard) == 2)
    assert json.loads(site.heard[1].body)["status"] == "done"


async def test_a_callback_is_repeated_until_it_is_taken(
    door: CloudDoor, site: ListeningShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chekpoint.hub.callbacks.PAUSE_FIRST", 0.01)
    site.script.extend([answer(500, b"later"), answer(302, b"", "Location: /elsewhere")])
    await send(door, sale(callback=site.url))
    await until(lambda: len(site.heard) == 3)
    told = [json.loads(one.body) for one in site.heard]
    assert {(one["uuid"], one["status"]) for one in told} == {(told[0]["uuid"], "done")}


@pytest.mark.parametrize(
    "url", ["ftp://shop.ru/x", "shop.ru", "https://" + "a" * 300 + ".ru", "http://u:p@shop.ru/", 5]
)
async def test_a_bad_callback_does_not_fail_the_receipt(door: CloudDoor, url: Any) -> None:
    body = sale() | {"service": {"callback_url": url}}
    sent = await send(door, body)
    assert sent.status_code == 200
    assert sent.json()["warnings"] == {"callback_url": "callback_url не соответствует маске"}


async def test_a_journal_that_cannot_write_is_waited_out(
    door: CloudDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_writes(door, monkeypatch, times=2)
    monkeypatch.setattr(DOOR, "PAUSE", 0.01)
    sent = await send(door, sale())
    assert (sent.status_code, sent.json()["status"]) == (200, "wait")
    assert len(await door.lines()) == 1


async def test_a_journal_that_stays_away_cuts_the_line_and_answers_no_error(
    door: CloudDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = await token(door)
    fail_writes(door, monkeypatch, times=1000)
    monkeypatch.setattr(DOOR, "HOLD", 0.0)
    with pytest.raises(httpx2.TransportError):
        await door.client.post(f"{V4}/g1/sell", params={"token": secret}, json=sale())
    monkeypatch.undo()
    assert (await send(door, sale())).status_code == 200
    assert len(await door.lines()) == 1


def fail_writes(door: CloudDoor, monkeypatch: pytest.MonkeyPatch, *, times: int) -> None:
    whole = door.hub.store.write_bulk
    left = [times]

    async def failing(*given: Any) -> Any:
        if left[0]:
            left[0] -= 1
            raise StoreError("disk full")
        return await whole(*given)

    monkeypatch.setattr(door.hub.store, "write_bulk", failing)


async def test_a_report_that_cannot_be_read_waits(door: CloudDoor, monkeypatch: pytest.MonkeyPatch) -> None:
    uuid = (await send(door, sale())).json()["uuid"]
    await over(door, uuid)
    secret = await token(door)

    async def failing(_look: Any) -> Any:
        raise StoreError("no database")

    with monkeypatch.context() as patched:
        patched.setattr(door.hub.store, "read", failing)
        found = await door.client.get(f"{V4}/g1/report/{uuid}", params={"token": secret})
    assert (found.status_code, found.json()["status"]) == (200, "wait")


async def test_bitrix_a_check_sent_again_is_the_same_receipt_though_its_id_changes(door: CloudDoor) -> None:
    first = await send(door, sale(CHECK.format(1764000000)))
    second = await send(door, sale(CHECK.format(1764000300)))
    assert (second.status_code, second.json()["error"]) == (200, None)
    assert second.json()["uuid"] == first.json()["uuid"]
    assert [line.external_id for line in await door.lines()] == ["check|shop.ru|85"]


async def test_bitrix_another_check_under_the_same_number_is_not_taken_for_the_first(door: CloudDoor) -> None:
    await send(door, sale(CHECK.format(1764000000)))
    second = await send(door, sale(CHECK.format(1764000300), price=500))
    assert second.status_code == 400
    assert "с другим содержанием" in second.json()["error"]["text"]


async def test_bitrix_print_again_after_a_refusal_puts_the_same_receipt_back(door: CloudDoor) -> None:
    door.register.script.append(Rejected("настройка кассы", code="66"))
    first = (await send(door, sale(CHECK.format(1764000000)))).json()
    assert (await over(door, first["uuid"]))["status"] == "fail"
    again = (await send(door, sale(CHECK.format(1764000300)))).json()
    assert again["uuid"] == first["uuid"]
    assert (await over(door, first["uuid"]))["status"] == "done"


async def test_bitrix_a_mended_check_after_a_refusal_is_a_new_receipt_once(door: CloudDoor) -> None:
    door.register.script.append(Rejected("содержание", code="66"))
    first = (await send(door, sale(CHECK.format(1764000000)))).json()
    assert (await over(door, first["uuid"]))["status"] == "fail"
    mended = [(await send(door, sale(CHECK.format(1764000300 + n), price=500))).json() for n in range(2)]
    assert mended[0]["uuid"] == mended[1]["uuid"] != first["uuid"]
    assert (await over(door, mended[0]["uuid"]))["status"] == "done"
    assert [line.external_id for line in await door.lines()] == ["check|shop.ru|85", "check|shop.ru|85#2"]


async def test_bitrix_a_cancelled_check_sent_again_is_a_new_receipt(door: CloudDoor) -> None:
    door.register.blocked = BlockReason.PAPER_OUT
    first = (await send(door, sale(CHECK.format(1764000000)))).json()
    [line] = await door.lines()
    await door.hub.verdicts.cancel(line.id, who="admin", reason="ошибка")
    assert (await over(door, first["uuid"]))["status"] == "fail"
    door.register.blocked = None
    second = (await send(door, sale(CHECK.format(1764000300)))).json()
    assert (await over(door, second["uuid"]))["status"] == "done"


async def test_bitrix_a_correction_of_a_purchase_sent_as_a_refund_is_not_registered(door: CloudDoor) -> None:
    body = sale()
    body["correction"] = body.pop("receipt")
    sent = await send(door, body, "sell_refund")
    assert (sent.status_code, code(sent)) == (400, 32)
    assert "коррекция" in sent.json()["error"]["text"]
    assert await door.lines() == []


async def test_the_law_is_explained_in_words(door: CloudDoor) -> None:
    sent = await send(door, sale(payments=[{"type": 1, "sum": 90}]))
    assert (sent.status_code, code(sent)) == (400, 32)
    assert "payments: Оплаты составляют 90.00 руб." in sent.json()["error"]["text"]


async def test_the_address_of_modulkassa_for_the_same_protocol_works(door: CloudDoor) -> None:
    sent = await send(door, sale(), base="/api/fn/possystem/v4")
    assert sent.status_code == 200


async def test_a_refused_receipt_leaves_no_promise_of_a_callback_to_its_successor(
    door: CloudDoor, site: ListeningShop
) -> None:
    await send(door, sale(callback="http://127.0.0.1:9/nowhere", payments=[{"type": 1, "sum": 90}]))
    await send(door, sale(callback=site.url))
    assert json.loads((await until(lambda: site.heard))[0].body)["status"] == "done"
