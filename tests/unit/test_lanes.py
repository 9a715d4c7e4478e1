"""Lanes: one holder, one attempt at a time, the most urgent receipt first; on both databases."""

import asyncio

import pytest

from chekpoint.core.errors import Conflict
from chekpoint.hub.names import attempt_id
from chekpoint.store import lanes
from chekpoint.store.journal import Tx
from chekpoint.store.pools import Place
from tests.doubles.hubs import SELLER
from tests.unit.store_bench import FN, LEASE_SECONDS, HandClock, bench

pytestmark = pytest.mark.anyio
LEASE_MS = LEASE_SECONDS * 1000
HERE = (Place(SELLER, None),)


async def test_of_two_nodes_one_holds_the_lane(database: str) -> None:
    clock = HandClock()
    async with bench(database, clock, "a") as one, bench(database, clock, "b") as two:
        await one.furnish()
        leases = await asyncio.gather(one.try_take(), two.try_take())
        assert [lease is None for lease in leases].count(True) == 1


async def test_a_released_lane_is_free_at_once(database: str) -> None:
    clock = HandClock()
    async with bench(database, clock, "a") as one, bench(database, clock, "b") as two:
        await one.furnish()
        lease = await one.take()
        assert await two.try_take() is None
        await one.store.write(lambda tx: lanes.release(tx, "r1", lease.fence))
        assert (await two.take()).fence == lease.fence + 1


async def test_a_lease_that_ran_out_cannot_be_renewed(database: str) -> None:
    clock = HandClock()
    async with bench(database, clock) as node:
        await node.furnish()
        lease = await node.take()
        clock.advance(LEASE_SECONDS - 1)
        await node.store.write(lambda tx: lanes.renew(tx, "r1", lease.fence, lease_ms=LEASE_MS))
        clock.advance(LEASE_SECONDS + 1)
        with pytest.raises(Conflict):
            await node.store.write(lambda tx: lanes.renew(tx, "r1", lease.fence, lease_ms=LEASE_MS))


async def test_a_lane_without_its_lease_takes_no_receipt(database: str) -> None:
    clock = HandClock()
    async with bench(database, clock, "a") as one, bench(database, clock, "b") as two:
        await one.furnish()
        await one.accept(1)
        stale = await one.take()
        clock.advance(LEASE_SECONDS + 1)
        with pytest.raises(Conflict):
            await one.claim(stale)
        await two.take()
        with pytest.raises(Conflict):
            await one.claim(stale)
        assert await one.column("receipt", "state") == ["queued"]
        assert await one.column("attempt", "id") == []


async def test_two_lanes_do_not_take_the_same_receipt(database: str) -> None:
    clock = HandClock()
    async with bench(database, clock, "a") as one, bench(database, clock, "b") as two:
        await one.furnish("r1", "r2")
        for number in range(10):
            await one.accept(number)
        first, second = await one.take("r1"), await two.take("r2")
        got = [(await asyncio.gather(one.claim(first, "r1"), two.claim(second, "r2"))) for _ in range(5)]
        taken = [claimed.claim.id for pair in got for claimed in pair]
        assert len(set(taken)) == 10


async def test_the_receipt_with_the_earliest_deadline_goes_first(database: str) -> None:
    clock = HandClock()
    async with bench(database, clock) as node:
        await node.furnish()
        ids = []
        for number in range(3):
            ids.append((await node.accept(number)).receipt_id)
            clock.advance(1)
        lease = await node.take()
        assert [(await node.claim(lease)).claim.id for _ in range(3)] == ids


async def test_an_attempt_has_the_same_id_after_a_restore(database: str) -> None:
    async with bench(database, HandClock()) as node:
        await node.furnish()
        await node.accept(1)
        lease = await node.take()
        first = await node.claim(lease)
        await node.end(first, lease, "not_sent")
        second = await node.claim(lease)
    assert first.attempt_id == attempt_id(first.claim.mark, 1)
    assert second.attempt_id == attempt_id(first.claim.mark, 2)
    assert first.attempt_id != second.attempt_id


async def test_an_attempt_ends_once(database: str) -> None:
    async with bench(database, HandClock()) as node:
        await node.furnish()
        await node.accept(1)
        lease = await node.take()
        claimed = await node.claim(lease)
        await node.end(claimed, lease, "not_sent")
        with pytest.raises(Conflict):
            await node.end(claimed, lease, "not_sent")
        assert await node.column("receipt", "tries") == [1]


async def test_a_lane_that_is_taken_again_leaves_its_open_attempt_in_doubt(database: str) -> None:
    async with bench(database, HandClock()) as node:
        await node.furnish()
        await node.accept(1)
        await node.claim(await node.take())
        again = await node.take()  # the node was restarted: its own lease is no hindrance
        left = await node.store.read(lambda tx: lanes.unresolved(tx, "r1"))
        assert [(one.outcome, one.fn, one.last_fd) for one in left] == [("unknown", FN, 0)]
        assert left[0].fence < again.fence
        assert await node.column("receipt", "state") == ["in_doubt"]


async def test_a_register_takes_only_what_its_taxation_and_format_allow(database: str) -> None:
    async with bench(database, HandClock()) as node:
        await node.furnish()
        await node.accept(1)
        lease = await node.take()

        def want(taxations: int) -> lanes.Want:
            return lanes.Want("r1", HERE, lease.fence, LEASE_MS, LEASE_MS, FN, 0, taxations, marks=False)

        def unit(tx: Tx) -> list[bool]:
            return [lanes.claim(tx, want(mask), attempt_id) is None for mask in (0b111110, 0b000001)]

        assert await node.store.write(unit) == [True, False]


async def test_a_block_keeps_its_first_moment_until_the_lane_works(database: str) -> None:
    clock = HandClock()
    async with bench(database, clock) as node:
        await node.furnish()

        def block(tx: Tx) -> None:
            lanes.block(tx, "r1", reason="paper_out", message="", check=tx.now)

        await node.store.write(block)
        clock.advance(60)
        await node.store.write(block)
        assert await node.store.write(lambda tx: lanes.unblock(tx, "r1", check=tx.now))
        assert not await node.store.write(lambda tx: lanes.unblock(tx, "r1", check=tx.now))


async def test_an_idle_lane_that_only_looks_whether_anything_waits_still_sees_the_next_receipt(
    database: str,
) -> None:
    """A register whose shift is closed looks before it opens one; looking must keep the lease fresh."""
    clock = HandClock()
    async with bench(database, clock) as node:
        await node.furnish()
        lease = await node.take()
        wanted = lanes.Want(
            register="r1", pools=(Place(SELLER, None),), fence=lease.fence, lease_ms=LEASE_SECONDS * 1000,
            enough_ms=LEASE_SECONDS * 900, fn=FN, last_fd=0, taxations=63, marks=True,
        )  # fmt: skip
        for _ in range(5):
            clock.advance(LEASE_SECONDS / 3)
            assert not await node.store.write(lambda tx: lanes.waits(tx, wanted))
        await node.accept(1)
        clock.advance(LEASE_SECONDS / 3)
        assert await node.store.write(lambda tx: lanes.waits(tx, wanted))
