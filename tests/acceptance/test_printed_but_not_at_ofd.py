"""The register has printed, its counter says that the document has left, and the operator does not have it.

"Printed" is no proof of more than the drive's signature: the screens say that the operator has not confirmed, and a
person hears of it. When the operator has it after all, the ladder climbs by itself.
"""

from pathlib import Path

import pytest

from chekpoint.core.lifecycle import Proof
from tests.acceptance.truth_rig import REGISTER, truth
from tests.waiting import until

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(120)]


async def test_printed_but_not_at_ofd(tmp_path: Path) -> None:
    async with truth(tmp_path) as world:
        (before,) = await world.sell(1)
        await world.reached(before, "fiscalised", Proof.TICKETED)
        drive = world.register.drive
        lost = (drive.number, drive.last_fd + 1)
        world.ofd.account_conduct.hidden.add(lost)
        (receipt,) = await world.sell(2)
        await world.reached(receipt, "fiscalised", Proof.SENT_TO_OFD)

        await world.opened("unproven")
        assert await world.standing(receipt) == "зарегистрирован ушёл в ОФД"
        operator = await world.link("operator")
        assert "Без подтверждения: 1" in operator
        assert "работает" not in operator
        await world.told("🔴", REGISTER, "оператор их не подтвердил")

        world.ofd.account_conduct.hidden.discard(lost)
        await world.reached(receipt, "fiscalised", Proof.TICKETED)
        await until(world.quiet)
        await world.told("🟢", REGISTER)
