"""The computer beside the register hangs: its program is there, its connection is open, and nothing answers.

A shop's own system would show "online" for months. Here a person hears within seconds which computer hangs and what
waits; nothing is called registered; when the computer goes on, each receipt is registered once.
"""

import signal
from pathlib import Path

import pytest

from chekpoint.core.lifecycle import Proof
from tests.acceptance.truth_rig import AGENT_KEY, REGISTER, truth
from tests.agent_rig import AgentProcess
from tests.waiting import until

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(120)]


async def test_hung_pc(tmp_path: Path) -> None:
    async with truth(tmp_path, agent=True) as world:
        computer = AgentProcess(world.address, tmp_path, key=AGENT_KEY)
        await computer.start()
        try:
            (before,) = await world.sell(1)
            await world.reached(before, "fiscalised", Proof.TICKETED)
            computer.process.send_signal(signal.SIGSTOP)
            receipts = await world.sell(2, 3)

            await world.opened("register_blocked")
            register = await world.link("register")
            assert "На связи 0 из 1" in register
            assert REGISTER in register
            await world.told("🔴", REGISTER, "2 чека")
            for one in receipts:
                assert "зарегистрирован" not in await world.standing(one)

            computer.process.send_signal(signal.SIGCONT)
            for one in receipts:
                await world.reached(one, "fiscalised", Proof.TICKETED)
            await until(world.quiet)
            await world.told("🟢", REGISTER)
        finally:
            computer.process.send_signal(signal.SIGCONT)
            await computer.end()
        signed = [doc for doc in world.register.drive.documents() if doc.receipt is not None]
        assert len(signed) == 3
