"""The journal: one commit for many, each unit alone in its failure, on both databases."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chekpoint.core.errors import Conflict, StoreError
from chekpoint.store import people
from chekpoint.store.journal import Tx
from chekpoint.store.store import open_store
from tests.unit.hub_bench import sqlite
from tests.unit.store_bench import HandClock, StoreBench, bench

pytestmark = pytest.mark.anyio


def put(name: str, value: str = "1") -> Callable[[Tx], str]:
    def unit(tx: Tx) -> str:
        people.set_setting(tx, name, value)
        tx.event("set", name)
        return name

    return unit


async def settings(node: StoreBench, *names: str) -> list[str | None]:
    return await node.store.read(lambda tx: [people.setting(tx, name) for name in names])


async def test_units_that_wait_together_are_all_written(database: str) -> None:
    async with bench(database, HandClock()) as node:
        names = [f"n{n}" for n in range(100)]
        done = await asyncio.gather(*(node.store.write(put(name)) for name in names))
        assert done == names
        assert await settings(node, *names) == ["1"] * 100


def _conflict_after_writing(tx: Tx) -> None:
    people.set_setting(tx, "half", "done")
    raise Conflict("somebody was faster")


def _conflict(_: Tx) -> None:
    raise Conflict("somebody was faster")


def _database_refuses(tx: Tx) -> None:
    people.set_setting(tx, "half", "done")
    people.add_shop(tx, people.Shop("s", "no such seller", "n", "api", None, 1, None, None, None))


def _fault_of_ours(tx: Tx) -> None:
    people.set_setting(tx, "half", "done")
    raise LookupError("a bug")


BAD = [_conflict_after_writing, _conflict, _database_refuses, _fault_of_ours]


@pytest.mark.parametrize("bad", BAD)
async def test_a_unit_that_fails_takes_no_other_with_it(database: str, bad: Callable[[Tx], None]) -> None:
    async with bench(database, HandClock()) as node:
        results = await asyncio.gather(
            node.store.write(put("before")), node.store.write(bad), node.store.write(put("after")),
            return_exceptions=True,
        )  # fmt: skip
        assert results[0] == "before"
        assert isinstance(results[1], StoreError)
        assert results[2] == "after"
        assert await settings(node, "before", "half", "after") == ["1", None, "1"]


async def test_the_journal_goes_on_after_a_unit_that_raises_nonsense(database: str) -> None:
    def nonsense(_: Tx) -> None:
        raise ZeroDivisionError

    async with bench(database, HandClock()) as node:
        with pytest.raises(StoreError):
            await node.store.write(nonsense)
        assert await node.store.write(put("next")) == "next"


async def test_a_write_to_a_stopped_journal_is_an_error_and_not_a_hang(database: str) -> None:
    async with bench(database, HandClock()) as node:
        store = node.store
    with pytest.raises(StoreError):
        await store.write(put("late"))


async def test_the_same_receipt_offered_many_times_at_once_is_stored_once(database: str) -> None:
    async with bench(database, HandClock()) as node:
        await node.furnish()
        answers = await asyncio.gather(*(node.accept(n % 3) for n in range(30)))
        assert sum(answer.fresh for answer in answers) == 3
        assert len({answer.receipt_id for answer in answers}) == 3
        assert len(await node.column("receipt", "id")) == 3


async def test_the_same_receipt_offered_to_two_nodes_at_once_is_stored_once(database: str) -> None:
    clock = HandClock()
    async with bench(database, clock, "a") as one, bench(database, clock, "b") as two:
        await one.furnish()
        for number in range(10):
            answers = await asyncio.gather(one.accept(number), two.accept(number), return_exceptions=True)
            # At worst one shop is told "not stored, try again"; what was answered names the one receipt.
            assert all(isinstance(a, StoreError) for a in answers if isinstance(a, BaseException))
            told = {a.receipt_id for a in answers if not isinstance(a, BaseException)}
            assert len(told) == 1
        assert len(await one.column("receipt", "id")) == 10


async def test_an_id_with_other_content_is_told_apart(database: str) -> None:
    async with bench(database, HandClock()) as node:
        await node.furnish()
        first = await node.accept(1)
        again = await node.accept(1)
        assert (again.receipt_id, again.fresh) == (first.receipt_id, False)
        with pytest.raises(Exception, match="another content"):
            await node.accept(1, total=777)


async def test_a_group_of_one_writes_the_same_as_a_group_of_many(database: str) -> None:
    async with bench(database, HandClock(), group=1) as node:
        await node.furnish()
        await asyncio.gather(*(node.accept(n) for n in range(20)))
        assert len(await node.column("receipt", "id")) == 20


async def test_a_lost_connection_to_the_database_is_made_again(pg_database: str) -> None:
    async with bench(pg_database, HandClock()) as node:
        await node.store.write(put("before"))
        con = node.store.engine.connect()
        con.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        con.close()
        assert await node.store.write(put("after")) == "after"
        assert await settings(node, "before", "after") == ["1", "1"]


async def test_the_inline_journal_groups_by_turn_and_acknowledges_after_the_commit(tmp_path: Path) -> None:
    told: list[tuple[str, int]] = []
    store = open_store(
        sqlite(tmp_path), node="a", clock=HandClock(), inline=True,
        before=lambda n: told.append(("before", n)), after=lambda n: told.append(("after", n)),
    )  # fmt: skip
    await store.start()
    waiting: list[Any] = [asyncio.ensure_future(store.write(put(f"n{n}"))) for n in range(5)]
    await asyncio.gather(*waiting)
    await store.stop()
    assert told == [("before", 5), ("after", 5)]
