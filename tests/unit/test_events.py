"""The event chain: whoever changes, drops, adds or moves a row is found out, on both databases."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chekpoint.core.errors import Conflict
from chekpoint.store import events
from chekpoint.store.events import Break, Draft
from chekpoint.store.journal import Tx
from tests.unit.store_bench import HandClock, StoreBench, bench

pytestmark = pytest.mark.anyio


async def verified(node: StoreBench) -> tuple[list[Break], int]:
    found = await node.store.read(events.verified)
    count = found.pop()
    assert isinstance(count, int)
    return [one for one in found if isinstance(one, Break)], count


def tamper(node: StoreBench, sql: str) -> None:
    con: Any = node.store.engine.connect()
    con.execute(sql)
    con.close()


async def test_an_honest_chain_verifies_also_over_a_restart(database: str) -> None:
    clock = HandClock()
    async with bench(database, clock) as node:
        await node.furnish()
        await node.accept(1)
    async with bench(database, clock) as node:
        await node.accept(2)
        breaks, count = await verified(node)
    assert not breaks
    assert count == 7  # seller and its pool, shop, register that joins the pool, two receipts


@pytest.mark.parametrize(
    ("sql", "at"),
    [
        ("UPDATE event SET body = body || body WHERE seq = 2", 2),
        ("UPDATE event SET kind = 'forged' WHERE seq = 3", 3),
        ("UPDATE event SET at = at + 1 WHERE seq = 1", 1),
        ("UPDATE event SET subject = 'x' WHERE seq = 4", 4),
        ("DELETE FROM event WHERE seq = 2", 3),
        ("UPDATE event SET journal = 'z' WHERE seq = 4", 4),
    ],
)
async def test_a_tampered_row_breaks_the_chain_where_it_stands(database: str, sql: str, at: int) -> None:
    async with bench(database, HandClock()) as node:
        await node.furnish()
        await node.accept(1)
        tamper(node, sql)
        breaks, _ = await verified(node)
    assert at in {one.seq for one in breaks}


async def test_two_nodes_write_chains_of_their_own(database: str) -> None:
    clock = HandClock()
    async with bench(database, clock, "a") as one, bench(database, clock, "b") as two:
        await one.furnish()
        for number in range(4):
            await (one, two)[number % 2].accept(number)
        breaks, count = await verified(one)
        ends = await one.store.read(lambda tx: {name: events.last_seq(tx, name) for name in "abc"})
    assert not breaks
    assert count == 9
    assert ends == {"a": 7, "b": 2, "c": 0}


async def test_a_failed_unit_leaves_no_gap_in_the_chain(database: str) -> None:
    async with bench(database, HandClock()) as node:
        await node.furnish()

        def unit(tx: Tx) -> None:
            tx.event("nothing", "happened")
            raise Conflict("somebody else")

        with pytest.raises(Conflict):
            await node.store.write(unit)
        await node.accept(1)
        breaks, count = await verified(node)
    assert not breaks
    assert count == 6


async def test_no_event_holds_the_buyers_address(database: str) -> None:
    async with bench(database, HandClock()) as node:
        await node.furnish()
        await node.accept(1)
        bodies = b"".join(bytes(body) for body in await node.column("event", "body"))
    assert b"79990000000" not in bodies


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\n"), max_size=20)


@given(st.tuples(TEXT, st.integers(1, 10**9), st.integers(0, 2**53), TEXT, TEXT, st.binary(max_size=50)))
def test_every_field_of_an_event_goes_into_its_hash(fields: tuple[str, int, int, str, str, bytes]) -> None:
    right = _hash(fields)
    more: tuple[Any, ...] = ("x", 1, 1, "x", "x", b"x")
    for place, addition in enumerate(more):
        changed: list[Any] = list(fields)
        changed[place] += addition
        assert _hash(changed) != right
    assert _hash(fields, right) != right


def _hash(fields: Sequence[Any], before: bytes = events.ZERO) -> bytes:
    return events.link(before, fields[0], fields[1], Draft(*fields[2:]))
