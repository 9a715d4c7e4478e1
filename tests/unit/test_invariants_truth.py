"""Invariants 2, 5, 8, 9 and 11: what was promised is on disk, and what is shown is true."""

import ast
import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import psycopg
import pytest

from chekpoint.core.clock import SystemClock
from chekpoint.core.errors import BlockReason, Conflict, NotSent, OutcomeUnknown, StoreError
from chekpoint.core.lifecycle import TERMINAL, Cause, Proof, State
from chekpoint.hub.intake import Refused
from chekpoint.store.journal import Tx
from chekpoint.store.store import open_store
from chekpoint.store.transitions import climb, move
from tests.doubles.bare_register import BareRegister
from tests.doubles.hubs import running, sale
from tests.unit.hub_bench import offer, rows, settled, sqlite, until
from tests.unit.store_bench import HandClock, bench

pytestmark = pytest.mark.anyio
FN = "9999078900000001"
SOURCES = Path(__file__).parents[2] / "src" / "chekpoint"


async def test_invariant_2_both_databases_commit_durably(database: str) -> None:
    store = open_store(database, node="a", clock=SystemClock())
    con: Any = store.engine.connect()
    try:
        if store.engine.name == "sqlite":
            assert con.execute("PRAGMA synchronous").fetchone()[0] == 2  # FULL
            assert con.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        else:
            assert con.execute("SHOW synchronous_commit").fetchone()[0] == "on"
    finally:
        con.close()


async def test_invariant_2_what_was_answered_is_seen_by_another_connection(database: str) -> None:
    async with bench(database, HandClock()) as node:
        await node.furnish()
        answer = await node.accept(1)
        con = _other_connection(database)
        try:
            found = con.execute("SELECT id, state FROM receipt").fetchall()
        finally:
            con.close()
    assert [tuple(row) for row in found] == [(answer.receipt_id, "queued")]


def _other_connection(url: str) -> Any:
    return sqlite3.connect(url.partition(":///")[2]) if url.startswith("sqlite") else psycopg.connect(url)


async def test_invariant_2_a_crash_before_the_commit_gives_no_answer(tmp_path: Path) -> None:
    def crash(_: int) -> None:
        raise RuntimeError("the node is gone")

    quiet: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: quiet.append(context))
    async with bench(sqlite(tmp_path), HandClock()) as node:
        await node.furnish()
        dying = open_store(sqlite(tmp_path), node="b", clock=HandClock(), inline=True, before=crash)
        await dying.start()
        node.intake._store, kept = dying, node.store
        answering = asyncio.ensure_future(node.accept(1))
        done, _ = await asyncio.wait({answering}, timeout=0.05)
        answering.cancel()
        await dying.stop()
        assert not done
        assert quiet
        assert await rows(kept, "receipt") == []


async def test_invariant_2_what_is_refused_is_not_stored(database: str) -> None:
    async with bench(database, HandClock()) as node:
        await node.furnish()
        with pytest.raises(Refused):
            await node.accept(1, total=-5)
        assert await rows(node.store, "receipt") == []
        assert not [e for e in await rows(node.store, "event") if e["kind"] == "accepted"]


async def test_invariant_5_of_two_transitions_from_one_state_only_one_happens(database: str) -> None:
    clock = HandClock()
    async with bench(database, clock, "a") as one, bench(database, clock, "b") as two:
        await one.furnish()
        key = (await one.accept(1)).receipt_id

        def cancel(tx: Tx) -> State:
            return move(tx, key, State.QUEUED, Cause.CANCELLED_BY_SHOP, next_check_at=None)

        results = await asyncio.gather(
            one.store.write(cancel), two.store.write(cancel), return_exceptions=True
        )
        assert [type(r) for r in results if isinstance(r, Exception)] == [Conflict]
        told = [e for e in await rows(one.store, "event") if e["kind"] == "state" and e["subject"] == key]
    assert len(told) == 1


async def test_invariant_5_state_and_event_stand_or_fall_together(database: str) -> None:
    async with bench(database, HandClock()) as node:
        await node.furnish()
        key = (await node.accept(1)).receipt_id
        before = len(await rows(node.store, "event"))

        def unit(tx: Tx) -> None:
            move(tx, key, State.QUEUED, Cause.CANCELLED_BY_SHOP, next_check_at=None)
            raise StoreError("the disk is full")

        with pytest.raises(StoreError):
            await node.store.write(unit)
        assert await node.column("receipt", "state") == ["queued"]
        assert len(await rows(node.store, "event")) == before


async def test_invariant_5_an_edge_that_the_table_lacks_cannot_be_taken(database: str) -> None:
    async with bench(database, HandClock()) as node:
        await node.furnish()
        key = (await node.accept(1)).receipt_id
        with pytest.raises(StoreError, match="no transition"):
            await node.store.write(lambda tx: move(tx, key, State.QUEUED, Cause.LOCATED))
        assert await node.column("receipt", "state") == ["queued"]


def test_invariant_5_nothing_but_the_transitions_writes_a_state() -> None:
    writers = {
        path.name
        for path in SOURCES.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "update" and ast.unparse(node) == "update(receipt)"
    }  # fmt: skip
    # the ladder only puts off a check, a pool only moves what waits to another queue
    assert writers == {"transitions.py", "ladder.py", "pools.py"}


async def test_invariant_8_sent_is_said_only_below_the_exchange_counter(database: str) -> None:
    register = BareRegister(FN)
    register.unsent_from = 3  # document 1 opens the shift, 2 is the first receipt
    async with running(database, {"r1": register}) as hub:
        await offer(hub, *(sale(n) for n in range(3)))
        await settled(hub, 3)
        seen = await until(hub.store, "receipt", lambda all_: any(r["proof"] == Proof.TICKETED for r in all_))
        assert {r["fd_number"]: r["proof"] for r in seen} == {2: 30, 3: 10, 4: 10}
        register.unsent_from = None
        await until(hub.store, "receipt", lambda all_: all(r["proof"] == Proof.TICKETED for r in all_))


async def test_invariant_8_a_ticket_that_says_no_is_not_a_rung(database: str) -> None:
    register = BareRegister(FN)
    register.refused_at_ofd = {2}
    async with running(database, {"r1": register}) as hub:
        await offer(hub, sale(1), sale(2))
        await until(hub.store, "receipt", lambda all_: any(r["proof"] == Proof.TICKETED for r in all_))
        opened = await until(hub.store, "incident", bool)
        proofs = {r["fd_number"]: r["proof"] for r in await rows(hub.store, "receipt")}
    assert proofs == {2: Proof.SENT_TO_OFD, 3: Proof.TICKETED}
    assert "refused_by_operator" in {i["kind"] for i in opened}


async def test_invariant_8_a_proof_never_climbs_down(database: str) -> None:
    async with bench(database, HandClock()) as node:
        await node.furnish()
        key = (await node.accept(1)).receipt_id

        def to(rung: Proof) -> Any:
            return lambda tx: climb(tx, key, rung, source="test", body="", check=None, key=rung.name)

        assert await node.store.write(to(Proof.TICKETED))
        assert not await node.store.write(to(Proof.SIGNED))
        assert await node.column("receipt", "proof") == [Proof.TICKETED]


def test_invariant_9_hub_store_and_drivers_take_time_and_chance_from_outside() -> None:
    """What is banned by name in the linter may still come in by a module; the simulation needs every bit."""
    banned = {"time.time", "time.monotonic", "time.sleep", "datetime.now", "datetime.utcnow", "asyncio.sleep",
              "random.random", "random.choice", "random.randint", "uuid4", "loop.time"}  # fmt: skip
    used = {
        f"{path.relative_to(SOURCES)}: {ast.unparse(node.func)}"
        for folder in ("hub", "store", "registers")
        for path in (SOURCES / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in banned
    }
    assert used == set()


async def test_invariant_11_nothing_that_is_open_can_be_forgotten(database: str) -> None:
    register, dark = BareRegister(FN), BareRegister("9999078900000002")
    dark.blocked = BlockReason.COVER_OPEN
    register.script.extend(["lost", NotSent("busy"), OutcomeUnknown("cut"), "lost"])
    register.unsent_from = 4
    seen: list[list[dict[str, Any]]] = []

    def look(all_: list[dict[str, Any]]) -> bool:
        seen.append(all_)
        return [r["state"] for r in all_].count("fiscalised") == 6

    async with running(database, {"r1": register, "r2": dark}) as hub:
        await offer(hub, *(sale(n) for n in range(6)))
        await until(hub.store, "receipt", look)
    forgotten = [r for all_ in seen for r in all_ if r["next_check_at"] is None and not _over(r)]
    assert forgotten == []
    assert len(seen) > 1


def _over(row: dict[str, Any]) -> bool:
    if row["state"] == "fiscalised":
        return bool(row["proof"] >= Proof.TICKETED)
    return State(row["state"]) in TERMINAL
