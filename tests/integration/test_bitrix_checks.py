"""Taking checks in without a site: what a lost ledger, changed content and changed rules may do to a receipt."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from chekpoint.hub.hub import Hub
from chekpoint.hub.shop_rules import ShopRules
from chekpoint.shops.bitrix import BitrixSettings, ledger
from chekpoint.shops.bitrix.checks import KEPT, Checks, Taken
from chekpoint.shops.bitrix.ledger import Entry
from chekpoint.shops.bitrix.reply import Tasks, read_reply
from tests.bitrix_rig import RULES, NumberedRegister, connected, marks, opened, shop_of
from tests.unit.hub_bench import rows, settled, sqlite

pytestmark = pytest.mark.anyio
RECORDED = Path(__file__).parents[1] / "data" / "bitrix_exchange.json"
SHOP = shop_of(BitrixSettings())


def tasks(number: int = 85, host: str = "shop.ru", moment: int = 1, **changes: Any) -> Tasks:
    """The recorded check of version 3 as a check of this number."""
    body = next(one["body"] for one in json.loads(RECORDED.read_text()) if one["name"] == "task_v3")
    body |= {"external_id": f"check|{host}|{number}|{moment}"} | changes
    reply = read_reply(200, json.dumps({"print": [body]}).encode())
    assert isinstance(reply, Tasks)
    return reply


async def take(checks: Checks, **what: Any) -> Taken:
    return await checks.take(tasks(**what).checks)


async def fresh(hub: Hub, rules: ShopRules = RULES) -> Checks:
    """As after the loss of everything that is not in the database."""
    checks = Checks(hub, SHOP, rules)
    await checks.load()
    return checks


@asynccontextmanager
async def working(folder: Path) -> AsyncIterator[tuple[Hub, NumberedRegister]]:
    register = NumberedRegister("9999078900000001", "00106702123456")
    async with connected(sqlite(folder), {"r1": register}, SHOP) as hub:
        yield hub, register


async def forget(hub: Hub, *numbers: int) -> None:
    await hub.store.write(lambda tx: ledger.drop(tx, SHOP.id, numbers))


@pytest.mark.parametrize("host", ["www.shop.ru", "127.0.0.1"])
async def test_trap_one_check_under_many_ids_and_hosts_is_one_receipt(tmp_path: Path, host: str) -> None:
    async with working(tmp_path) as (hub, register):
        checks = await fresh(hub)
        assert (await take(checks)).fresh == 1
        assert (await take(checks, host=host, moment=2)).known == 1
        assert checks.entries[85].uuid == f"check|{host}|85|2"
        await forget(hub, 85)
        await take(await fresh(hub), host=host, moment=3)
        await settled(hub, 1)
    assert len(marks(register)) == 1


async def test_a_check_that_comes_again_with_other_content_keeps_its_first_receipt(tmp_path: Path) -> None:
    async with working(tmp_path) as (hub, register):
        await take(await fresh(hub))
        (first,) = await rows(hub.store, "receipt")
        await forget(hub, 85)
        checks = await fresh(hub)
        await take(checks, clientInfo={"emailOrPhone": "other@example.com"})
        assert checks.entries[85].receipt_id == first["id"]
        assert (await opened(hub, "bitrix_check_changed")).subject == first["id"]
        await settled(hub, 1)
    assert len(marks(register)) == 1


@pytest.mark.parametrize("changes", [{"items": [], "total": 0}, {"type": "buy"}, {"payments": []}])
async def test_a_registered_check_is_never_answered_with_an_error(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    async with working(tmp_path) as (hub, _):
        await take(await fresh(hub))
        (first,) = await settled(hub, 1)
        await forget(hub, 85)
        checks = await fresh(hub, ShopRules())  # the rules have gone as well
        await take(checks, **changes)
        assert checks.entries[85].receipt_id == first["id"]
        assert checks.entries[85].code == 0


async def test_a_check_that_was_refused_is_taken_once_the_rules_are_mended(tmp_path: Path) -> None:
    async with working(tmp_path) as (hub, register):
        strict = await fresh(hub, ShopRules())
        assert (await take(strict)).fresh == 1
        assert strict.entries[85].code != 0
        await opened(hub, "bitrix_check_refused")
        assert (await take(strict, moment=2)).fresh == 0  # no news: the site may ask as often as it likes
        await take(await fresh(hub), moment=3)
        await settled(hub, 1)
    assert len(marks(register)) == 1


async def test_what_is_long_over_leaves_the_ledger(tmp_path: Path) -> None:
    async with working(tmp_path) as (hub, _):
        checks = await fresh(hub)
        await take(checks)
        old = msgspec.structs.replace(
            checks.entries[85], told=True, at=checks.entries[85].at - int(KEPT * 1001)
        )
        gone = Entry(number=86, uuid="check|x|86", at=old.at, gone=True)
        await checks.write([old, gone])
        assert (await fresh(hub)).entries == {}
