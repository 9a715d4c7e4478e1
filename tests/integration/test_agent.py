"""An agent as a process beside an emulated register: killed, revoked, replaced, asked to stop; nothing is doubled."""

import asyncio
import random
import signal
import sqlite3
from functools import partial
from pathlib import Path

import httpx2
import pytest

from chekpoint.emulators.faults import Fault, FaultKind, Point
from chekpoint.store import agents, probes
from tests import waiting
from tests.agent_rig import KEY, KEY_ID, NAME, REGISTER, AgentProcess, AgentRig, agent_rig
from tests.doubles.hubs import sale
from tests.unit.hub_bench import offer, rows, settled, until

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("step", [Point.BEFORE_SIGN, Point.AFTER_SIGN])
async def test_an_agent_killed_with_a_receipt_under_way_neither_loses_nor_doubles_it(
    tmp_path: Path, step: Point
) -> None:
    async with agent_rig(tmp_path) as rig:
        await rig.connected()
        await offer(rig.hub, sale(1))
        await settled(rig.hub, 1)  # a shift is open
        rig.till.faults.order(step, Fault(kind=FaultKind.DELAY, seconds=1.0))
        await offer(rig.hub, sale(2))
        await until(rig.hub.store, "attempt", lambda all_: any(a["outcome"] == "open" for a in all_))
        await rig.until(lambda: "submit" in rig.board.connected()[0].asked())
        await rig.agent.end(signal.SIGKILL)
        await until(rig.hub.store, "receipt", lambda all_: any(r["state"] == "in_doubt" for r in all_))
        await rig.agent.start()
        await settled(rig.hub, 2)
        assert len(rig.receipts()) == 2
        assert [a["outcome"] for a in await rows(rig.hub.store, "attempt")].count("registered") == 2


@pytest.mark.parametrize("seed", range(2))
async def test_kills_at_any_moment_leave_one_document_for_each_receipt(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    async with agent_rig(tmp_path) as rig:
        await rig.connected()
        await offer(rig.hub, *(sale(number) for number in range(30)))
        for _ in range(3):
            await rig.connected()
            await asyncio.sleep(chance.uniform(0.0, 0.4))  # the moment of the kill is the subject
            await rig.agent.end(signal.SIGKILL)
            await rig.agent.start()
        await settled(rig.hub, 30)
        marks = rig.receipts()
        assert len(marks) == 30


async def test_an_agent_that_is_stopped_answers_first(tmp_path: Path) -> None:
    """A systemd restart must not put receipts in doubt."""
    async with agent_rig(tmp_path) as rig:
        await rig.connected()
        await offer(rig.hub, sale(1))
        await settled(rig.hub, 1)
        rig.till.faults.order(Point.AFTER_SIGN, Fault(kind=FaultKind.DELAY, seconds=0.5))
        await offer(rig.hub, sale(2))
        await rig.until(lambda: len(rig.receipts()) == 2)
        assert await rig.agent.end(signal.SIGTERM) == 0
        await settled(rig.hub, 2)
        assert {a["outcome"] for a in await rows(rig.hub.store, "attempt")} == {"registered"}


async def test_the_hub_keeps_what_was_said_on_the_wire_behind_an_agent_without_the_buyer(
    tmp_path: Path,
) -> None:
    async with agent_rig(tmp_path) as rig:
        await rig.connected()
        await offer(rig.hub, sale(1))
        await settled(rig.hub, 1)
    with sqlite3.connect(tmp_path / "chekpoint.db") as con:
        said = con.execute("SELECT request, answer FROM exchange").fetchall()
    con.close()
    text = "\n".join(part for row in said for part in row)
    assert '"type":"sell"' in text
    assert "fiscalDocumentNumber" in text
    assert "79990000000" not in text


async def test_a_revoked_key_cuts_the_live_connection_and_opens_nothing_more(tmp_path: Path) -> None:
    async with agent_rig(tmp_path) as rig:
        await rig.connected()
        assert await rig.hub.store.write(lambda tx: agents.revoke_agent(tx, KEY_ID))
        await rig.until(lambda: rig.board.line(NAME) is None)
        await rig.until(lambda: "4401" in rig.agent.said())
        incidents = await until(rig.hub.store, "incident", bool)
        assert incidents[0]["kind"] == "register_blocked"


async def test_a_wrong_key_is_told_in_words_and_nothing_is_registered(tmp_path: Path) -> None:
    async with agent_rig(tmp_path, agent=False) as rig:
        other = AgentProcess(rig.agent.hub, tmp_path, key="ak_wrong")
        await other.start()
        try:
            await rig.until(lambda: "HTTP 401" in other.said())
        finally:
            await other.end()
        assert rig.board.connected() == ()


async def test_a_self_check_does_not_push_out_the_connected_agent(tmp_path: Path) -> None:
    async with agent_rig(tmp_path) as rig, httpx2.AsyncClient(trust_env=False) as http:
        await rig.connected()
        line = rig.board.line(NAME)
        answer = await http.get(f"{rig.agent.hub}/agent/v1", headers={"Authorization": f"Bearer {KEY}"})
        assert answer.json()["agent"] == NAME
        assert answer.json()["connected"] is True
        assert rig.board.line(NAME) is line
        refused = await http.get(f"{rig.agent.hub}/agent/v1")
        assert refused.status_code == 401


async def test_receipts_wait_while_the_agent_is_away_and_go_on_at_once_when_it_is_back(
    tmp_path: Path,
) -> None:
    async with agent_rig(tmp_path) as rig:
        await rig.connected()
        await offer(rig.hub, sale(1))
        await settled(rig.hub, 1)
        await rig.agent.end(signal.SIGKILL)
        await rig.until(lambda: rig.board.line(NAME) is None)
        rig.hub.lanes[REGISTER].standing = False
        await offer(rig.hub, sale(2), sale(3))
        blocked = await until(
            rig.hub.store, "incident", lambda all_: any(i["closed_at"] is None for i in all_)
        )
        assert any("office" in str(one) for one in blocked)
        await rig.agent.start()
        await settled(rig.hub, 3)
        assert len(rig.receipts()) == 3


@pytest.mark.parametrize("seed", range(2))
async def test_a_line_that_is_cut_again_and_again_loses_and_doubles_nothing(
    tmp_path: Path, seed: int
) -> None:
    """The agent lives on: what it has begun it ends, what it has not begun it never begins."""
    chance = random.Random(seed)
    async with agent_rig(tmp_path) as rig:
        await rig.connected()
        await offer(rig.hub, *(sale(number) for number in range(40)))
        for _ in range(12):
            await rig.connected()
            await asyncio.sleep(chance.uniform(0.0, 0.15))  # the moment of the cut is the subject
            line = rig.board.line(NAME)
            if line is not None:
                line.cut("the router was restarted")
                await rig.until(partial(rig.changed, line))
        await settled(rig.hub, 40)
        assert len(rig.receipts()) == 40
        cut = [a for a in await rows(rig.hub.store, "attempt") if a["outcome"] != "registered"]
        assert {a["outcome"] for a in cut} <= {"absent", "unknown", "blocked", "not_sent", "lost"}


async def test_one_agent_serves_every_node_of_a_hub(tmp_path: Path) -> None:
    """Two nodes share the lanes: whichever holds one must find the agent connected to itself."""
    first, second = tmp_path / "1", tmp_path / "2"
    first.mkdir()
    second.mkdir()
    async with agent_rig(first, agent=False) as one, agent_rig(second, agent=False) as two:
        program = AgentProcess(one.agent.hub, tmp_path, more=("--hub", two.agent.hub))
        await program.start()
        try:
            for rig in (one, two):
                await rig.connected()
                await offer(rig.hub, sale(1))
                await settled(rig.hub, 1)
                assert len(rig.receipts()) == 1
        finally:
            assert await program.end(signal.SIGTERM) == 0


async def test_the_watch_hears_at_once_that_an_agent_is_gone_and_that_it_is_back(tmp_path: Path) -> None:
    async with agent_rig(tmp_path) as rig:
        await rig.connected()
        await waiting.until(lambda: _there(rig, ok=True))
        await rig.agent.end(signal.SIGKILL)
        await waiting.until(lambda: _there(rig, ok=False))
        await rig.agent.start()
        await waiting.until(lambda: _there(rig, ok=True))


async def _there(rig: AgentRig, *, ok: bool) -> bool:
    found = await rig.hub.store.read(lambda tx: probes.every(tx, agents.PROBE))
    return [one.ok for one in found] == [ok]
