"""A ModulKassa module connects by changing one address: pairing, documents, statuses, repetition, callbacks."""

import re
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import msgspec
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from chekpoint.core.errors import BlockReason, Rejected
from chekpoint.fiscal.receipt import Receipt, Taxation
from chekpoint.hub.passwords import hashed
from chekpoint.shops.modulkassa import KIND, ModulKassaSettings, connect, routes
from chekpoint.store import lookup
from tests.cloud_doors import CloudDoor, cloud_door, serving, shop_of
from tests.doubles.listening_shop import ListeningShop, answer
from tests.waiting import until

pytestmark = pytest.mark.anyio
HASH = hashed("secret")
SETTINGS = ModulKassaSettings(
    login="me@shop.ru", password_hash=HASH, retail_point="p1", taxation=Taxation.OSN
)
OTHER = ModulKassaSettings(login="other", password_hash=HASH, retail_point="p2", taxation=Taxation.OSN)
ACCOUNT = ("me@shop.ru", "secret")
Pair = tuple[str, str]


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[CloudDoor]:
    shops = [shop_of(KIND, SETTINGS), shop_of(KIND, OTHER, "0" * 31 + "3")]
    async with cloud_door(f"sqlite:///{tmp_path}/hub.db", routes, {KIND: connect}, shops) as made:
        yield made


@pytest.fixture
async def pair(door: CloudDoor) -> Pair:
    return await paired(door)


@pytest.fixture
async def site() -> AsyncIterator[ListeningShop]:
    async with ListeningShop().open() as listening:
        yield listening


async def paired(door: CloudDoor) -> Pair:
    got = await door.client.post("/api/fn/v1/associate/p1?clientId=my_crm", auth=ACCOUNT)
    assert got.status_code == 200
    return got.json()["userName"], got.json()["password"]


def document(**changes: Any) -> dict[str, Any]:
    """The sample of the maker's description, with sums that agree."""
    return {
        "id": "4f4c789c-3863-41d3-aea9-c35b5a9e7f18", "docNum": "SALE-12345", "docType": "SALE",
        "checkoutDateTime": "2020-02-26T06:41:04+07:00", "email": "client@myshop.ru", "cashierName": "Иванова А.А.",
        "cashierPosition": "Кассир", "taxMode": "COMMON", "textToPrint": "Текст для печати на чеке",
        "inventPositions": [
            {
                "inventCode": "GOOD-124", "barcode": "987654321", "name": "Товар 2", "paymentObject": "commodity",
                "paymentMethod": "full_payment", "price": 100.00, "vatTag": 1113, "quantity": 2.0,
            }
        ],
        "moneyPositions": [{"paymentType": "CASH", "sum": 200.00}],
        **changes,
    }  # fmt: skip


async def post(door: CloudDoor, pair: Pair, version: int = 2, **changes: Any) -> httpx2.Response:
    return await door.client.post(f"/api/fn/v{version}/doc", json=document(**changes), auth=pair)


async def status(door: CloudDoor, pair: Pair, key: str = "4f4c789c-3863-41d3-aea9-c35b5a9e7f18") -> Any:
    found = await door.client.get(f"/api/fn/v1/doc/{key}/status", auth=pair)
    assert found.status_code == 200, found.text
    return found.json()


async def reached(door: CloudDoor, pair: Pair, *words: str) -> Any:
    async def look() -> Any:
        found = await status(door, pair)
        return found if found["status"] in words else None

    return await until(look)


async def receipt_of(door: CloudDoor, place: int = 0) -> Receipt:
    key = (await door.lines())[place].id
    kept, _, _ = await door.hub.store.read(lambda tx: lookup.content(tx, key))
    return msgspec.json.decode(kept, type=Receipt)


@pytest.mark.parametrize("version", [1, 2])
async def test_a_document_is_registered_and_its_status_is_as_described(
    door: CloudDoor, pair: Pair, version: int
) -> None:
    sent = await post(door, pair, version)
    assert sent.status_code == 200, sent.text
    assert set(sent.json()) == {
        "status", "fnState", "fiscalInfo", "failureInfo", "message", "timeStatusChanged",
    }  # fmt: skip
    done = await reached(door, pair, "COMPLETED")
    fiscal = done["fiscalInfo"]
    [line] = await door.lines()
    assert (fiscal["sum"], fiscal["checkType"], fiscal["fnNumber"]) == ("200.00", "SALE", line.fn)
    assert (fiscal["fnDocNumber"], fiscal["fnDocMark"]) == (line.fd_number, int(line.fiscal_sign or ""))
    assert fiscal["date"] == "2026-11-24T07:00:00.000+0000"  # the register's ten o'clock in Moscow
    assert fiscal["qr"].startswith("t=20261124T1000&s=200.00&fn=")
    assert re.search(r"\+03:00$", done["timeStatusChanged"])
    assert done["failureInfo"] is None


async def test_pairing_again_voids_the_old_password(door: CloudDoor, pair: Pair) -> None:
    newer = await paired(door)
    assert newer[0] == pair[0]
    assert newer[1] != pair[1]
    assert (await door.client.get("/api/fn/v1/status", auth=pair)).status_code == 401
    assert (await door.client.get("/api/fn/v1/status", auth=newer)).status_code == 200


@pytest.mark.parametrize("address", ["/api/fn/v1/associate", "/api/fn/associate", "/fn/v1/associate/"])
async def test_a_pair_that_was_given_back_opens_nothing(door: CloudDoor, pair: Pair, address: str) -> None:
    assert (await door.client.delete(address, auth=pair)).status_code == 200
    assert (await post(door, pair)).status_code == 401


@pytest.mark.parametrize(
    ("auth", "point", "expected"),
    [
        (("me@shop.ru", "wrong"), "p1", 401), (("nobody", "secret"), "p1", 401), (None, "p1", 401),
        (ACCOUNT, "p2", 403), (ACCOUNT, "p9", 404),
    ],
)  # fmt: skip
async def test_pairing_is_refused_in_the_described_way(
    door: CloudDoor, auth: Pair | None, point: str, expected: int
) -> None:
    given = {} if auth is None else {"auth": auth}
    got = await door.client.post(f"/api/fn/v1/associate/{point}", **given)  # type: ignore[arg-type]
    assert got.status_code == expected
    assert set(got.json()) == {"error", "message"}


async def test_the_account_opens_pairing_and_nothing_else(door: CloudDoor, pair: Pair) -> None:
    assert (await post(door, ACCOUNT)).status_code == 401
    assert (await door.client.post("/api/fn/v1/associate/p1", auth=pair)).status_code == 401


async def test_the_status_is_ready_only_while_a_register_works(door: CloudDoor, pair: Pair) -> None:
    async def said(expected: str) -> bool:
        found = (await door.client.get("/api/fn/v1/status", auth=pair)).json()
        return bool(found["status"] == expected)

    await until(lambda: said("READY"))
    door.register.blocked = BlockReason.NO_LINK
    await until(lambda: said("FAILED"))
    await door.configure(msgspec.structs.replace(SETTINGS, blocked=True))
    await until(lambda: said("DISABLED"))
    assert (await post(door, pair)).status_code == 403


async def test_a_document_sent_twice_is_one_document(door: CloudDoor, pair: Pair) -> None:
    assert (await post(door, pair)).status_code == 200
    assert (await post(door, pair, checkoutDateTime="2020-02-26T06:45:04+07:00")).status_code == 200
    assert len(await door.lines()) == 1
    other = await post(door, pair, email="+79990000000")
    assert (other.status_code, other.json()["error"]) == (400, "DUPLICATE_ID")


async def test_a_refused_document_is_failed_and_re_queued_on_demand(door: CloudDoor, pair: Pair) -> None:
    door.register.script.append(Rejected("Неверная ставка", code="66"))
    await post(door, pair)
    failed = await reached(door, pair, "FAILED")
    assert failed["failureInfo"] == {"type": "NON_FN_FAILURE", "message": "Неверная ставка"}
    key = document()["id"]
    again = await door.client.put(f"/api/fn/v1/doc/{key}/re-queue", auth=pair)
    assert again.json()["status"] in {"REQUEUED", "PENDING", "COMPLETED"}
    await reached(door, pair, "COMPLETED")
    assert len(await door.lines()) == 1


async def test_a_cancelled_document_re_queued_is_a_new_receipt_once(door: CloudDoor, pair: Pair) -> None:
    door.register.blocked = BlockReason.PAPER_OUT
    await post(door, pair)
    [line] = await door.lines()
    await door.hub.verdicts.cancel(line.id, who="admin", reason="ошибка")
    await reached(door, pair, "FAILED")
    for _ in range(2):
        await door.client.put(f"/api/fn/v1/doc/{document()['id']}/re-queue", auth=pair)
    door.register.blocked = None
    await reached(door, pair, "COMPLETED")
    assert [one.state for one in await door.lines()] == ["cancelled", "fiscalised"]


async def test_a_printed_document_is_not_re_queued(door: CloudDoor, pair: Pair) -> None:
    await post(door, pair)
    await reached(door, pair, "COMPLETED")
    again = await door.client.put(f"/api/fn/v1/doc/{document()['id']}/re-queue", auth=pair)
    assert again.json()["status"] == "COMPLETED"
    assert len(await door.lines()) == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_the_callback_keeps_the_modules_token_and_brings_the_qr(
    door: CloudDoor, pair: Pair, method: str
) -> None:
    heard: list[httpx2.URL] = []

    async def take(scope: Any, _receive: Any, send: Any) -> None:
        assert scope["method"] == method
        heard.append(httpx2.URL(f"{scope['path']}?{scope['query_string'].decode()}"))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    await door.configure(
        msgspec.convert(msgspec.to_builtins(SETTINGS) | {"callback_method": method}, ModulKassaSettings)
    )
    async with serving(Starlette(routes=[Mount("/", take)])) as url:
        await post(door, pair, responseURL=f"{url}/done?token=abc&docId=7")
        await reached(door, pair, "COMPLETED")
    query = parse_qs(urlsplit(str(heard[0])).query)
    assert (query["token"], query["docId"], query["status"]) == (["abc"], ["7"], ["SUCCESS"])
    assert query["qr"][0].startswith("t=20261124T1000&s=200.00")


async def test_a_callback_that_is_not_taken_shows_in_the_status(door: CloudDoor, pair: Pair) -> None:
    await post(door, pair, responseURL="http://127.0.0.1:9/nowhere")
    waiting = await reached(door, pair, "WAIT_FOR_CALLBACK")
    assert waiting["fiscalInfo"]["sum"] == "200.00"  # printed all the same


async def test_discounts_come_out_to_the_kopeck(door: CloudDoor, pair: Pair) -> None:
    line = {"name": "Ручка", "price": 10, "quantity": 3, "vatTag": 1105, "discSum": 0.01}
    money = [{"paymentType": "CARD", "sum": 29.99}]
    sent = await post(door, pair, inventPositions=[line], moneyPositions=money)
    assert sent.status_code == 200, sent.text
    found = await receipt_of(door)
    assert [(item.price, item.quantity, item.sum) for item in found.items] == [
        (999, Decimal(1), 999), (1000, Decimal(2), 2000),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"docType": "GIFT"}, "NotInEnumeration: #/docType"), ({"inventPositions": []}, "TooFewItems: #/inventPositions"),
        ({"moneyPositions": [{"paymentType": "CASH", "sum": -1}]}, "NumberTooSmall: #/moneyPositions[0].sum"),
        ({"moneyPositions": [{"paymentType": "CASH", "sum": 1}]}, "Оплаты составляют"), ({"id": None}, "#/id"),
        ({"email": "nobody"}, "Контакт покупателя"), ({"responseURL": "ftp://x"}, "UrlExpected: #/responseURL"),
        ({"agentInfo": {"types": ["spy"]}}, "NotInEnumeration: #/agentInfo.types"),
    ],
)  # fmt: skip
async def test_what_is_wrong_with_a_document_is_said(
    door: CloudDoor, pair: Pair, changes: dict[str, Any], said: str
) -> None:
    sent = await post(door, pair, **changes)
    assert sent.status_code == 400
    assert said in sent.json()["message"]
    assert await door.lines() == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"[" * 100_000])
async def test_a_body_that_is_no_document_is_an_error_and_never_a_crash(
    door: CloudDoor, pair: Pair, body: bytes
) -> None:
    assert (await door.client.post("/api/fn/v2/doc", content=body, auth=pair)).status_code == 400
    broken = await door.client.post("/api/fn/v2/doc", headers={"Authorization": "Basic !!"}, content=body)
    assert broken.status_code == 401


async def test_an_unknown_document_is_no_document(door: CloudDoor, pair: Pair) -> None:
    found = await door.client.get("/api/fn/v1/doc/nothing/status", auth=pair)
    assert (found.status_code, found.json()["error"]) == (400, "NOT_FOUND")


async def test_a_refused_callback_is_repeated(
    door: CloudDoor, pair: Pair, site: ListeningShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chekpoint.hub.callbacks.PAUSE_FIRST", 0.01)
    await door.configure(
        msgspec.convert(msgspec.to_builtins(SETTINGS) | {"callback_method": "POST"}, ModulKassaSettings)
    )
    site.script.append(answer(500))
    await post(door, pair, responseURL=site.url)
    await until(lambda: len(site.heard) == 2)
    assert site.heard[0].body == site.heard[1].body
