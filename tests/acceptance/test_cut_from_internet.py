"""The classic experiment: the register is connected to the computer, and cut from the internet.

What exists today says "online" and "printed". Here the screens must not say that anything was delivered, the incident
must name the cut link, and after it is mended the ladder climbs by itself.
"""

from pathlib import Path

import pytest

from chekpoint.core.lifecycle import Proof
from tests.acceptance.truth_rig import REGISTER, Truth, truth
from tests.waiting import until

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(120)]


async def test_cut_from_internet(tmp_path: Path) -> None:
    async with truth(tmp_path) as world:
        (before,) = await world.sell(1)
        await world.reached(before, "fiscalised", Proof.TICKETED)
        world.ofd.conduct.down = True  # the cable to the internet; the one to the computer is whole
        receipts = await world.sell(2, 3)
        for one in receipts:
            await world.reached(one, "fiscalised", Proof.SIGNED)

        await world.opened("unproven")
        assert [await world.standing(one) for one in receipts] == ["зарегистрирован подписан ФН"] * 2
        drive = await world.link("drive")
        assert "Не ушло из кассы: 2" in drive
        assert REGISTER in drive
        assert "внимание" in drive
        told = await world.told("🔴", REGISTER, "документов подписаны ФН", "связь кассы с ОФД")
        await until(lambda: _says(world, "2 документов подписаны ФН"))
        assert "30 дней" in told or "заблокируется" in told

        world.ofd.conduct.down = False
        for one in receipts:
            await world.reached(one, "fiscalised", Proof.TICKETED)
        await until(world.quiet)
        await world.told("🟢", REGISTER)
        assert "Не ушло из кассы: 0" in await world.link("drive")


async def _says(world: Truth, words: str) -> bool:
    return words in await world.read("/incidents")
