"""The next receipt is claimed in the unit that ends the one before: nothing may be lost or doubled by that."""

import pytest

from chekpoint.core.errors import NotSent, OutcomeUnknown
from chekpoint.core.ports import Attempt, Registered
from chekpoint.hub.limits import Limits
from chekpoint.store.store import Store
from tests.doubles.hubs import running, sale
from tests.unit.hub_bench import WatchedRegister, documents_of, offer, rows, settled, until

pytestmark = pytest.mark.anyio
FN = "9999078900000001"
CALM = Limits(backoff_first=0.01, backoff_most=0.05, retry_receipt=0.01, sweep_every=0.02)


async def test_each_attempt_remembers_the_document_before_it(database: str) -> None:
    register = WatchedRegister(FN)
    async with running(database, {"r1": register}, limits=CALM) as hub:
        await offer(hub, *(sale(number) for number in range(8)))
        receipts = {row["id"]: row["fd_number"] for row in await settled(hub, 8)}
        attempts = await rows(hub.store, "attempt")
    assert {a["receipt_id"]: a["last_fd"] + 1 for a in attempts} == receipts
    assert [a.last_fd + 1 for a in register.attempts] == sorted(receipts.values())
    assert set(documents_of(register).values()) == {1}


class SuspiciousRegister(WatchedRegister):
    """Looks, before it does anything, whether the attempt can be read on another connection."""

    store: Store
    found: list[str]

    async def submit(self, attempt: Attempt) -> Registered:
        written = {row["id"]: row["outcome"] for row in await rows(self.store, "attempt")}
        self.found.append(written.get(attempt.id, "nothing"))
        return await super().submit(attempt)


async def test_no_register_hears_of_an_attempt_that_a_crash_would_forget(database: str) -> None:
    register = SuspiciousRegister(FN)
    async with running(database, {"r1": register}, limits=CALM) as hub:
        register.store, register.found = hub.store, []
        await offer(hub, *(sale(number) for number in range(5)))
        await settled(hub, 5)
    assert register.found == ["open"] * 5


async def test_a_fault_after_a_receipt_that_was_taken_along_loses_and_doubles_nothing(database: str) -> None:
    register = WatchedRegister(FN)
    register.script.extend(["", "lost", NotSent("not now"), "", OutcomeUnknown("silence"), ""])
    async with running(database, {"r1": register}, limits=CALM) as hub:
        await offer(hub, *(sale(number) for number in range(8)))
        await settled(hub, 8)
    assert sorted(documents_of(register).values()) == [1] * 8


async def test_a_register_that_is_drained_under_load_takes_at_most_what_it_holds(database: str) -> None:
    register = WatchedRegister(FN)
    register.open.clear()
    async with running(database, {"r1": register}, limits=CALM) as hub:
        await offer(hub, *(sale(number) for number in range(5)))
        await register.asked.wait()
        lane = hub.lanes["r1"]
        lane.row = lane.row._replace(draining=1)
        register.open.set()
        await settled(hub, 1)
        await until(hub.store, "attempt", lambda all_: all(a["outcome"] == "registered" for a in all_))
        assert len(await rows(hub.store, "attempt")) == 1


async def test_a_node_that_stops_leaves_its_lanes_to_the_others_at_once(database: str) -> None:
    """Otherwise the shop would wait for the whole lease at each change of version."""
    register = WatchedRegister(FN)
    for node in ("a", "b"):
        async with running(database, {"r1": register}, limits=CALM, node=node) as hub:
            await offer(hub, sale(ord(node)))
            await settled(hub, ord(node) - ord("a") + 1)
    assert sorted(documents_of(register).values()) == [1, 1]
