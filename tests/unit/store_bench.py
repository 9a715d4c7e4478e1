"""A store of one node with a clock that is turned by hand: what tests of lanes, journal and events share."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from typing import Any

from chekpoint.core.lifecycle import Cause, State
from chekpoint.hub.bell import Bell
from chekpoint.hub.intake import Intake
from chekpoint.hub.names import attempt_id
from chekpoint.store import lanes, outcomes, people
from chekpoint.store.journal import Tx
from chekpoint.store.pools import Place
from chekpoint.store.receipts import Accepted
from chekpoint.store.store import Store, open_store
from chekpoint.store.transitions import move
from tests.doubles.hubs import SELLER, SHOP, sale
from tests.unit.hub_bench import rows

LEASE_SECONDS = 60
FN = "9999078900000001"
_SEEDS = count()  # a restarted node must not draw the keys of the old one


class HandClock:
    """Stands still until it is turned."""

    def __init__(self) -> None:
        self.passed = 0.0

    def now(self) -> datetime:
        return datetime(2026, 11, 24, 9, tzinfo=UTC) + timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        return self.passed

    async def sleep(self, seconds: float) -> None:
        raise AssertionError(f"nobody waits here ({seconds} s)")

    def advance(self, seconds: float) -> None:
        self.passed += seconds


class StoreBench:
    """The units of a lane, one by one."""

    def __init__(self, store: Store, clock: HandClock, node: str) -> None:
        self.store, self.clock, self.node = store, clock, node
        self.intake = Intake(
            store, clock, Random(next(_SEEDS)), Bell(clock), zone="Europe/Moscow", secret=b"the same for all"
        )

    async def furnish(self, *registers: str) -> None:
        def unit(tx: Tx) -> None:
            people.add_seller(tx, SELLER, "7707083893", "ООО «Ромашка»")
            people.add_shop(tx, SHOP)
            for key in registers or ("r1",):
                people.add_register(tx, key, SELLER, f"касса {key}", maker="bare", config=b"{}")

        await self.store.write(unit)

    async def accept(self, number: int, total: int = 10_000) -> Accepted:
        return await self.intake.accept(SHOP, sale(number, total=total))

    async def try_take(self, register: str = "r1") -> lanes.Lease | None:
        return await self.store.write(
            lambda tx: lanes.take(tx, register, self.node, lease_ms=LEASE_SECONDS * 1000)
        )

    async def take(self, register: str = "r1") -> lanes.Lease:
        lease = await self.try_take(register)
        assert lease is not None
        return lease

    async def claim(self, lease: lanes.Lease, register: str = "r1") -> lanes.Claimed:
        want = lanes.Want(
            register=register, pools=(Place(SELLER, None),), fence=lease.fence, lease_ms=LEASE_SECONDS * 1000,
            enough_ms=LEASE_SECONDS * 900, fn=FN, last_fd=0,
            taxations=63, marks=True,
        )  # fmt: skip
        got = await self.store.write(lambda tx: lanes.claim(tx, want, attempt_id))
        assert isinstance(got, lanes.Claimed)
        return got

    async def end(self, claimed: lanes.Claimed, lease: lanes.Lease, result: str) -> None:
        """The attempt ends as NotSent does: attempt and receipt in one transaction."""

        def unit(tx: Tx) -> None:
            outcomes.end(tx, claimed.attempt_id, lease.fence, result)
            move(
                tx, claimed.claim.id, State.REGISTERING, Cause.NOT_SENT, ready_at=tx.now, next_check_at=tx.now
            )

        await self.store.write(unit)

    async def column(self, table: str, name: str) -> list[Any]:
        return [row[name] for row in await rows(self.store, table)]


@asynccontextmanager
async def bench(
    url: str, clock: HandClock, node: str = "a", *, group: int = 512
) -> AsyncIterator[StoreBench]:
    """An open store."""
    store = open_store(url, node=node, clock=clock, group=group)
    await store.start()
    try:
        yield StoreBench(store, clock, node)
    finally:
        await store.stop()
