"""A module written for the cloud service must not notice whom it talks to: recorded requests, answers of the same shape."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from chekpoint.fiscal.receipt import Taxation
from chekpoint.hub.passwords import hashed
from chekpoint.shops.atol_online import KIND, AtolOnlineSettings, connect, routes
from tests.cloud_doors import CloudDoor, cloud_door, recorded, shop_of
from tests.waiting import until

pytestmark = pytest.mark.anyio
GROUP = "v4-online-atol-ru_4179"
SETTINGS = AtolOnlineSettings(
    login="demo", password_hash=hashed("demo"), group_code=GROUP, taxation=Taxation.OSN
)
VERSIONS = pytest.mark.parametrize("version", ["v4", "v5"])


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[CloudDoor]:
    shops = [shop_of(KIND, SETTINGS)]
    async with cloud_door(f"sqlite:///{tmp_path}/hub.db", routes, {KIND: connect}, shops) as made:
        yield made


async def token(door: CloudDoor, version: str) -> dict[str, str]:
    answer = await door.client.post(
        f"/possystem/{version}/getToken", json=recorded(version, "get_token.request")
    )
    assert answer.status_code == 200
    return {"Token": answer.json()["token"]}


async def send(door: CloudDoor, version: str, operation: str, name: str) -> httpx2.Response:
    address = f"/possystem/{version}/{GROUP}/{operation}"
    headers = await token(door, version)
    return await door.client.post(address, json=recorded(version, f"{name}.request"), headers=headers)


def same_shape(answer: Any, like: Any) -> None:
    """Every field of the recorded answer is there, with the same type."""
    assert set(like) <= set(answer)
    for name, value in like.items():
        if isinstance(value, dict):
            same_shape(answer[name], value)
        elif isinstance(value, float):
            assert isinstance(answer[name], (int, float))
        else:
            assert type(answer[name]) is type(value), name


@VERSIONS
async def test_a_recorded_login_gets_a_token(door: CloudDoor, version: str) -> None:
    answer = await door.client.post(
        f"/possystem/{version}/getToken", json=recorded(version, "get_token.request")
    )
    same_shape(answer.json(), recorded(version, "get_token_ok.response"))


@VERSIONS
async def test_a_wrong_password_is_answered_as_recorded(door: CloudDoor, version: str) -> None:
    answer = await door.client.post(f"/possystem/{version}/getToken", json={"login": "demo", "pass": "wrong"})
    like = recorded(version, "get_token_wrong_password.response")
    assert answer.status_code == 401
    same_shape(answer.json(), like)
    assert answer.json()["error"]["text"] == like["error"]["text"]
    assert "token" not in answer.json()


@VERSIONS
@pytest.mark.parametrize("operation", ["sell", "sell_refund"])
async def test_a_recorded_receipt_is_registered_and_reported(
    door: CloudDoor, version: str, operation: str
) -> None:
    answer = await send(door, version, operation, operation)
    assert answer.status_code == 200, answer.text
    same_shape(answer.json(), recorded(version, "register_accepted.response"))
    report = await until(lambda: reported(door, version, answer.json()["uuid"]))
    same_shape(report, recorded(version, "report_done.response"))
    [line] = await door.lines()
    payload = report["payload"]
    assert (payload["total"], payload["fn_number"]) == (1000.1, line.fn)
    assert payload["fiscal_document_number"] == line.fd_number
    assert payload["fiscal_document_attribute"] == int(line.fiscal_sign or "")
    assert report["external_id"] == recorded(version, f"{operation}.request")["external_id"]


async def reported(door: CloudDoor, version: str, uuid: str) -> Any:
    headers = await token(door, version)
    answer = await door.client.get(f"/possystem/{version}/{GROUP}/report/{uuid}", headers=headers)
    assert answer.status_code == 200
    if answer.json()["status"] == "wait":
        same_shape(answer.json(), recorded(version, "report_wait.response"))
        assert "payload" not in answer.json()
        return None
    return answer.json()


@pytest.mark.parametrize(
    ("version", "operation"),
    [("v4", "sell_correction"), ("v5", "sell_correction"), ("v5", "sell_refund_correction")],
)
async def test_a_recorded_correction_is_registered(door: CloudDoor, version: str, operation: str) -> None:
    answer = await send(door, version, operation, operation)
    assert answer.status_code == 200, answer.text
    same_shape(answer.json(), recorded(version, "correction_accepted.response"))
    report = await until(lambda: reported(door, version, answer.json()["uuid"]))
    assert report["status"] == "done"


@VERSIONS
async def test_a_negative_total_is_refused_word_for_word(door: CloudDoor, version: str) -> None:
    answer = await send(door, version, "sell", "sell_negative_total")
    like = recorded(version, "register_validation_error.response")
    assert answer.status_code == 400
    same_shape(answer.json(), like)
    assert answer.json()["error"]["text"] == like["error"]["text"]
    assert answer.json()["status"] == "fail"
    assert await door.lines() == []


@VERSIONS
async def test_a_correction_without_vat_is_refused(door: CloudDoor, version: str) -> None:
    answer = await send(door, version, "sell_correction", "sell_correction_no_vats")
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == 32
    assert "TooFewItems: #/correction.vats" in answer.json()["error"]["text"]
    assert await door.lines() == []
