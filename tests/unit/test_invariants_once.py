"""Invariants 1, 3, 4, 6, 7 and 10: one receipt, at most one fiscal document, whatever happens on the way."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from chekpoint.core.errors import BlockReason, Conflict, NotSent, OutcomeUnknown, Rejected
from chekpoint.core.ports import Attempt, Registered
from chekpoint.hub.limits import Limits
from chekpoint.hub.names import order_mark
from chekpoint.store import lanes
from tests.doubles.bare_register import BareRegister
from tests.doubles.hubs import SHOP, running, sale
from tests.unit.hub_bench import (
    WatchedRegister,
    documents_of,
    offer,
    rows,
    settled,
    sqlite,
    until,
)
from tests.unit.store_bench import LEASE_SECONDS, HandClock, bench

pytestmark = pytest.mark.anyio
FN = "9999078900000001"


async def test_invariant_1_lost_answers_do_not_register_an_order_twice(database: str) -> None:
    register = BareRegister(FN)
    register.script.extend(["lost", OutcomeUnknown("cut"), "lost", NotSent("busy"), "lost"])
    async with running(database, {"r1": register}) as hub:
        await offer(hub, *(sale(n) for n in range(8)))
        await settled(hub, 8)
    assert sorted(documents_of(register).values()) == [1] * 8


async def test_invariant_1_a_node_that_dies_under_a_command_does_not_register_twice(tmp_path: Path) -> None:
    register = WatchedRegister(FN)
    register.open.clear()
    url = sqlite(tmp_path)
    async with running(url, {"r1": register}) as hub:
        await offer(hub, sale(1))
        await until(hub.store, "attempt", lambda all_: len(all_) == 1)
        await asyncio.wait_for(register.asked.wait(), 10)
    register._register(register.attempts[0])  # the command arrives after the node is gone
    register.open.set()
    async with running(url, {"r1": register}) as hub:
        await settled(hub, 1)
    assert list(documents_of(register).values()) == [1]
    assert [call for call, _ in register.calls].count("submit") == 1


async def test_invariant_1_a_backup_from_before_the_receipt_does_not_register_it_again(
    tmp_path: Path,
) -> None:
    register, other = BareRegister(FN), BareRegister("9999078900000002")
    url, head = sqlite(tmp_path), tmp_path / "head"
    async with running(url, {"r1": register}, head=head) as hub:
        await hub.reload()
    backup = _copy(tmp_path)
    async with running(url, {"r1": register}, head=head) as hub:
        await offer(hub, *(sale(n) for n in range(5)))
        await settled(hub, 5)
        await until(hub.store, "event", lambda all_: _head(head) >= len(all_))
    _restore(tmp_path, backup)
    async with running(url, {"r1": register, "r2": other}, head=head) as hub:
        await offer(hub, *(sale(n) for n in range(5)))  # the shop sends its orders again
        await settled(hub, 5)
    assert sorted(documents_of(register, other).values()) == [1] * 5


def _head(head: Path) -> int:
    return int(head.read_text().split()[0]) if head.exists() else 0


def _copy(folder: Path) -> Path:
    con = sqlite3.connect(folder / "chekpoint.db")
    con.execute("VACUUM INTO ?", (str(folder / "backup"),))
    con.close()
    return folder / "backup"


def _restore(folder: Path, backup: Path) -> None:
    for old in folder.glob("chekpoint.db*"):
        old.unlink()
    backup.rename(folder / "chekpoint.db")


class JournalReader(BareRegister):
    """At the first byte of a fiscal command, looks through another connection what is durable."""

    def __init__(self, fn: str, path: Path) -> None:
        super().__init__(fn)
        self._path = path
        self.seen: list[tuple[str, str, int, str, int, str]] = []
        self.asked: list[Attempt] = []

    async def submit(self, attempt: Attempt) -> Registered:
        con = sqlite3.connect(self._path)
        query = "SELECT id, fn, last_fd, digest, fence, outcome FROM attempt WHERE id = ?"
        self.seen += con.execute(query, (attempt.id,)).fetchall()
        con.close()
        self.asked.append(attempt)
        return await super().submit(attempt)


async def test_invariant_3_the_attempt_is_durable_before_the_first_byte_leaves(tmp_path: Path) -> None:
    register = JournalReader(FN, tmp_path / "chekpoint.db")
    async with running(sqlite(tmp_path), {"r1": register}) as hub:
        await offer(hub, *(sale(n) for n in range(4)))
        await settled(hub, 4)
    assert register.seen == [(a.id, a.fn, a.last_fd, a.digest, a.fence, "open") for a in register.asked]
    assert [a.last_fd for a in register.asked] == [1, 2, 3, 4]  # the opening of the shift is document 1


async def test_invariant_4_nothing_is_sent_again_before_locate_has_answered(database: str) -> None:
    register = WatchedRegister(FN)
    register.script.append("lost")
    register.undecided = 3
    async with running(database, {"r1": register}) as hub:
        (first,) = await offer(hub, sale(1))
        await settled(hub, 1)
        tried = await rows(hub.store, "attempt")
    assert [call for call, of in register.calls if of == first] == ["submit", *["locate"] * 4]
    assert [row["outcome"] for row in tried] == ["registered"]


async def test_invariant_4_a_lost_command_is_sent_again_only_under_a_new_id(database: str) -> None:
    register = WatchedRegister(FN)
    register.script.append(OutcomeUnknown("the command hangs"))
    async with running(database, {"r1": register}) as hub:
        await offer(hub, sale(1))
        await settled(hub, 1)
    late = register.attempts[0]  # the first command arrives after all: its id must be burnt
    with pytest.raises(OutcomeUnknown):
        await register.submit(late)
    assert list(documents_of(register).values()) == [1]


async def test_invariant_6_a_receipt_that_is_refused_does_not_stop_the_others(database: str) -> None:
    register = BareRegister(FN)
    register.script.append(Rejected("bad item name", code="501"))
    async with running(database, {"r1": register}) as hub:
        await offer(hub, *(sale(n) for n in range(6)))
        seen = await settled(hub, 5)
    assert sorted(row["state"] for row in seen).count("rejected") == 1
    assert next(r["next_check_at"] for r in seen if r["state"] == "rejected") is None


class Stubborn(BareRegister):
    """Never takes one order: each of its attempts is provably not sent."""

    async def submit(self, attempt: Attempt) -> Registered:
        if attempt.receipt.items[0].name == "Товар 0":
            raise NotSent("not this one")
        return await super().submit(attempt)


async def test_invariant_6_a_receipt_that_is_never_taken_does_not_starve_the_others(database: str) -> None:
    register = Stubborn(FN)
    async with running(database, {"r1": register}) as hub:
        await offer(hub, *(sale(n) for n in range(6)))
        await settled(hub, 5)
        tries = {r["state"]: r["tries"] for r in await rows(hub.store, "receipt")}
    assert tries["fiscalised"] == 1


async def test_invariant_6_a_blocked_register_keeps_no_receipt_from_another(database: str) -> None:
    dark, works = BareRegister(FN), BareRegister("9999078900000002")
    dark.blocked = BlockReason.PAPER_OUT
    async with running(database, {"r1": dark, "r2": works}) as hub:
        await offer(hub, *(sale(n) for n in range(5)))
        await settled(hub, 5)
        incidents = [row["kind"] for row in await rows(hub.store, "incident")]
    assert len(documents_of(works)) == 5
    assert "register_blocked" in incidents


def test_invariant_7_a_lease_shorter_than_an_answer_may_take_is_refused_at_start() -> None:
    with pytest.raises(ValueError, match="lease"):
        Limits(io_timeout=60, lease=60)


async def test_invariant_7_an_attempt_under_an_expired_lease_goes_to_doubt_not_to_the_queue(
    database: str,
) -> None:
    clock = HandClock()
    async with bench(database, clock, "a") as frozen, bench(database, clock, "b") as other:
        await frozen.furnish()
        await frozen.accept(1)
        lease = await frozen.take()
        claimed = await frozen.claim(lease)
        assert await other.try_take() is None
        clock.advance(LEASE_SECONDS + 1)
        assert (await other.take()).fence == lease.fence + 1
        assert await other.column("receipt", "state") == ["in_doubt"]
        assert await other.column("attempt", "outcome") == ["unknown"]
        with pytest.raises(Conflict):
            await frozen.end(claimed, lease, "not_sent")
        assert await other.column("receipt", "state") == ["in_doubt"]


async def test_invariant_7_a_stale_holder_writes_nothing(database: str) -> None:
    register = WatchedRegister(FN)
    register.open.clear()
    async with running(database, {"r1": register}) as hub:
        await offer(hub, sale(1))
        await asyncio.wait_for(register.asked.wait(), 10)
        stale = hub.lanes["r1"].fence
        await hub.store.write(lambda tx: lanes.take(tx, "r1", "a", lease_ms=60_000))
        with pytest.raises(Conflict):
            await hub.store.write(lambda tx: lanes.stand_at(tx, "r1", stale, fn=FN, last_fd=99))
        register.open.set()  # the old holder's answer arrives now
        await settled(hub, 1)
        (tried,) = await rows(hub.store, "attempt")
    assert tried["fence"] > stale
    assert list(documents_of(register).values()) == [1]


async def test_invariant_10_documents_of_another_program_are_read_before_anything_is_sent(
    database: str,
) -> None:
    register = WatchedRegister(FN)
    async with running(database, {"r1": register}) as hub:
        await offer(hub, sale(1))
        await settled(hub, 1)
    for total in (500, 700, 900):
        register.sign(total, 1, 3, None)
    register.calls.clear()
    async with running(database, {"r1": register}) as hub:
        await offer(hub, sale(2))
        await settled(hub, 2)
        kinds = [row["kind"] for row in await rows(hub.store, "incident")]
    before = [call for call, _ in register.calls[: [c for c, _ in register.calls].index("submit")]]
    assert before.count("document") == 3
    assert kinds.count("foreign_document") == 3


async def test_invariant_10_after_a_restore_no_lane_sends_before_every_drive_was_read(tmp_path: Path) -> None:
    register, dark = WatchedRegister(FN), WatchedRegister("9999078900000002")
    url, head = sqlite(tmp_path), tmp_path / "head"
    async with running(url, {"r1": register, "r2": dark}, head=head) as hub:
        await until(hub.store, "event", lambda all_: len(all_) > 3)
    head.write_text("1000\n")
    dark.blocked = BlockReason.NO_LINK
    async with running(url, {"r1": register, "r2": dark}, head=head) as hub:
        await offer(hub, sale(1))
        await until(hub.store, "incident", lambda _: hub.post.barrier.missing == {"r2"})
        assert not register.attempts
        dark.blocked = None
        await settled(hub, 1)
    assert sum(documents_of(register, dark).values()) == 1


async def test_invariant_1_a_drive_swapped_under_an_attempt_is_read_whole(tmp_path: Path) -> None:
    registers: dict[str, BareRegister] = {"r1": WatchedRegister(FN)}
    async with running(sqlite(tmp_path), registers) as hub:
        await offer(hub, sale(1))
        await settled(hub, 1)
        swapped = WatchedRegister("9999078900000009")  # in it by the time the next command arrives
        swapped.script.append("lost")
        swapped.undecided = 1
        lane = hub.lanes["r1"]
        lane.register = swapped
        await offer(hub, sale(2))
        await settled(hub, 2)
        open_ = [i["kind"] for i in await rows(hub.store, "incident") if i["closed_at"] is None]
    assert documents_of(swapped) == {order_mark(SHOP.id, "order-2"): 1}
    assert "in_doubt" not in open_
