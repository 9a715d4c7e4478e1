"""An account that fails while it is asked for documents is seen at once, not at the cabinet's next quarter of an hour."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime

import pytest

from chekpoint.core.errors import BlockReason, RegisterBlocked
from chekpoint.core.ports import OfdRecord, OfdRegister
from chekpoint.hub import cabinets
from chekpoint.hub.cabinets import Cabinet
from chekpoint.hub.operators import OperatorWatch
from chekpoint.store import probes
from tests.both_sides import both_sides
from tests.doubles.hubs import SELLER
from tests.waiting import until

pytestmark = pytest.mark.anyio


class Failing:
    """An account that answers well until it is told to fail."""

    well = True

    async def documents(self, fn: str, since: datetime, until: datetime) -> AsyncIterator[OfdRecord]:
        self._answer()
        for record in ():
            yield record

    async def registers(self) -> AsyncIterator[OfdRegister]:
        self._answer()
        yield OfdRegister(registration_number="1", fn="9999078900000001")

    def _answer(self) -> None:
        if not self.well:
            raise RegisterBlocked(BlockReason.NO_LINK, "the account went away")

    async def aclose(self) -> None:
        """Nothing to let go of."""


async def test_a_failing_account_wakes_the_one_who_asks_its_cabinet(database: str) -> None:
    async with both_sides(database) as sides:
        await sides.sell(2)
        account, post = Failing(), sides.post
        cabinet = Cabinet(post, "k", SELLER, "test", account)
        watch = OperatorWatch(post, SELLER, "test", account, troubled=cabinets.word("k"))

        async def said() -> bool | None:
            probe = await sides.store.read(lambda tx: probes.one(tx, cabinets.KIND, "k"))
            return None if probe is None else bool(probe.ok)

        async def is_bad() -> bool:
            return await said() is False

        assert await cabinet.once()
        assert await said() is True
        account.well = False
        tasks = [asyncio.create_task(watch.run()), asyncio.create_task(cabinet.run())]
        try:
            await until(is_bad)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
