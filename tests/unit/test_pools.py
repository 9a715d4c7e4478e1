"""Pools: a receipt goes to the registers that its routes allow, and to no other; on both databases."""

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

import chekpoint.store
from chekpoint.core.errors import Unfit
from chekpoint.core.ports import Register
from chekpoint.hub.hub import Hub
from chekpoint.hub.intake import Order, Refused
from chekpoint.hub.sorting import Sorting
from chekpoint.store import people, pools
from chekpoint.store.journal import Tx
from tests.doubles.bare_register import BareRegister
from tests.doubles.hubs import SELLER, SHOP, running, sale
from tests.unit.hub_bench import documents_of, offer, rows, settled, sqlite, until

pytestmark = pytest.mark.anyio
ONE, TWO = "9999078900000001", "9999078900000002"
OTHER = "0" * 31 + "8"


def registers() -> dict[str, Register]:
    return {"r1": BareRegister(ONE), "r2": BareRegister(TWO)}


def sections(*words: str | None) -> list[Order]:
    return [msgspec.structs.replace(sale(n), section=word) for n, word in enumerate(words)]


async def split(hub: Hub, **conditions: Any) -> str:
    """r2 leaves the default pool for one of its own, to which a route leads; the pool's id."""
    verbs = Sorting(hub.post.keys, who="admin", reason="разделить")

    def unit(tx: Tx) -> str:
        pool = verbs.add_pool(tx, SELLER, "Касса доставки")
        verbs.put(tx, pool, "r2", lead=None)
        verbs.take(tx, SELLER, "r2")
        empty = pools.Route("", SELLER, 1, pool, None, None, None, None, None)
        verbs.add_route(tx, empty._replace(**conditions))
        return pool

    pool = await hub.store.write(unit)
    await hub.reload()
    return pool


async def drives(hub: Hub, count: int) -> dict[str, str]:
    return {row["external_id"]: row["fn"] for row in await settled(hub, count)}


async def test_a_section_goes_to_its_own_register_and_the_rest_to_the_others(database: str) -> None:
    async with running(database, registers()) as hub:
        await split(hub, section="доставка")
        await offer(hub, *sections("доставка", None, "доставка", "зал"))
        assert await drives(hub, 4) == {"order-0": TWO, "order-1": ONE, "order-2": TWO, "order-3": ONE}


@pytest.mark.parametrize(
    "wanted", [{"shop_id": SHOP.id}, {"place": "https://shop.example"}, {"taxations": 1}]
)
async def test_a_shop_a_place_and_a_taxation_can_be_sorted_out(database: str, wanted: dict[str, Any]) -> None:
    async with running(database, registers()) as hub:
        await split(hub, **wanted)
        await offer(hub, sale(1), sale(2))
        assert set((await drives(hub, 2)).values()) == {TWO}


async def test_a_payment_system_that_no_rule_names_stays_with_all(database: str) -> None:
    async with running(database, registers()) as hub:
        await split(hub, pay_system="Долями")
        orders = [
            msgspec.structs.replace(sale(n), pay_system=name) for n, name in enumerate(["Долями", "Сплит"])
        ]
        await offer(hub, *orders)
        assert await drives(hub, 2) == {"order-0": TWO, "order-1": ONE}


async def test_what_waits_already_follows_a_new_rule(database: str) -> None:
    tills = {"r1": BareRegister(ONE), "r2": BareRegister(TWO)}
    async with running(database, {"r2": tills["r2"]}) as hub:
        pool = await split(hub, section="доставка")
        await hub.store.write(lambda tx: pools.leave(tx, pool, "r2"))
        await hub.reload()
        await offer(hub, *sections("доставка", "доставка"))
        assert {row["pool_id"] for row in await rows(hub.store, "receipt")} == {pool}
        verbs = Sorting(hub.post.keys, who="admin", reason="вернуть")

        def back(tx: Tx) -> None:
            verbs.drop_route(tx, pools.routes(tx)[0])
            verbs.put(tx, SELLER, "r2", lead=None)

        def too_much(tx: Tx) -> None:
            back(tx)
            verbs.drop_pool(tx, next(one for one in pools.pools(tx) if one.id == pool))

        with pytest.raises(Unfit, match="ждут"):
            await hub.store.write(too_much)
        await hub.store.write(back)
        await hub.reload()
        assert set((await drives(hub, 2)).values()) == {TWO}


async def test_a_reserve_takes_only_what_would_be_late(database: str) -> None:
    tills = {"r1": BareRegister(ONE), "r2": BareRegister(TWO)}
    async with running(database, tills) as hub:
        verbs = Sorting(hub.post.keys, who="admin", reason="резерв")
        await hub.store.write(lambda tx: verbs.put(tx, SELLER, "r2", lead=60))
        await hub.reload()
        hub.lanes["r1"].row = hub.lanes["r1"].row._replace(draining=1)  # the main one takes nothing
        soon = datetime.now(UTC) + timedelta(seconds=30)
        await offer(hub, sale(1), msgspec.structs.replace(sale(2), deadline=soon))
        found = await settled(hub, 1)
        assert [row["external_id"] for row in found if row["fn"] == TWO] == ["order-2"]
        hub.lanes["r1"].row = hub.lanes["r1"].row._replace(draining=0)
        hub.post.bell.ring("r1")
        assert (await drives(hub, 2))["order-1"] == ONE


async def test_a_register_of_another_legal_entity_takes_nothing(database: str) -> None:
    stranger = BareRegister(ONE, seller_inn="500100732259")
    async with running(database, {"r1": stranger}) as hub:
        await offer(hub, sale(1))
        found = await until(
            hub.store, "incident", lambda all_: any(i["kind"] == "register_blocked" for i in all_)
        )
        assert "500100732259" in found[0]["text_ru"]
    assert not documents_of(stranger)


async def test_a_pool_takes_no_register_of_another_seller(database: str) -> None:
    async with running(database, registers()) as hub:
        verbs = Sorting(hub.post.keys, who="admin", reason="")
        await hub.store.write(lambda tx: people.add_seller(tx, OTHER, "500100732259", "ИП"))
        with pytest.raises(Unfit, match="разным продавцам"):
            await hub.store.write(lambda tx: verbs.put(tx, OTHER, "r1", lead=None))


async def test_a_rule_without_a_condition_would_swallow_every_receipt_and_is_refused(database: str) -> None:
    async with running(database, registers()) as hub:
        with pytest.raises(Unfit, match="условие"):
            await split(hub)
        assert await hub.store.read(pools.routes) == []


@pytest.mark.parametrize("word", ["", " зал", "x" * 65, "a\nb"])
async def test_a_section_that_no_rule_could_name_is_refused(database: str, word: str) -> None:
    async with running(database, registers()) as hub:
        with pytest.raises(Refused) as refused:
            await offer(hub, *sections(word))
        assert [fault.pointer for fault in refused.value.faults] == ["/section"]


async def test_a_database_from_before_pools_loses_no_queue(tmp_path: Path) -> None:
    file = tmp_path / "chekpoint.db"
    async with running(sqlite(tmp_path), {}) as hub:
        await hub.store.write(
            lambda tx: people.add_register(tx, "r1", SELLER, "касса", maker="bare", config=b"{}")
        )
        await offer(hub, sale(1))
    _downgrade(file)
    async with running(sqlite(tmp_path), {"r1": BareRegister(ONE)}) as hub:
        assert set((await drives(hub, 1)).values()) == {ONE}


def _downgrade(file: Path) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(chekpoint.store.__file__).parent / "migrations"))
    engine = create_engine("sqlite://", creator=lambda: sqlite3.connect(file))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0001")
    engine.dispose()
