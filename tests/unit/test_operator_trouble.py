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
    asked = 0

    async def documents(self, _fn: str, _since: datetime, _until: datetime) -> AsyncIterator[OfdRecord]:
        self._answer()
        nothing: tuple[OfdRecord, ...] = ()
        for record in nothing:
            yield record

    async def registers(self) -> AsyncIterator[OfdRegister]:
        self._answer()
        yield OfdRegister(registration_number="1", fn="9999078900000001")

    def _answer(self) -> None:
        self.asked += 1
        if not self.well:
            raise RegisterBlocked(BlockReason.NO_LINK, "the account went away")

    async def aclose(self) -> None:
        """Nothing to let go of."""


async def test_a_failing_account_wakes_the_one_who_asks_its_cabinet(database: str) -> None:
    async with both_sides(database) as sides:
        await sides.sell(2)
        account, post = Failing(), sides.post
        watch = OperatorWatch(post, SELLER, "test", account, troubled=cabinets.word("k"))
        task = asyncio.create_task(watch.run())
        try:
            await until(lambda: account.asked)
            assert not await post.bell.wait((cabinets.word("k"),), 1.0)
            account.well = False
            await until(lambda: post.bell.wait((cabinets.word("k"),), 1.0))
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def test_a_cabinet_that_fails_is_kept_as_one_that_fails(database: str) -> None:
    async with both_sides(database) as sides:
        account, post = Failing(), sides.post
        cabinet = Cabinet(post, "k", SELLER, "test", account)
        assert await cabinet.once()
        account.well = False
        assert not await cabinet.once()
        probe = await sides.store.read(lambda tx: probes.one(tx, cabinets.KIND, "k"))
        assert probe is not None
        assert not probe.ok
