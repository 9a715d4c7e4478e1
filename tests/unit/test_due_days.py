"""Which days are compared, how often, and what a failing account or a restart does to it."""

from collections.abc import AsyncIterator
from datetime import datetime

import pytest

from chekpoint.core.errors import BlockReason, RegisterBlocked
from chekpoint.core.lifecycle import Proof
from chekpoint.core.ports import FnsState, OfdRecord, OfdRegister
from chekpoint.hub.due_days import DueDays
from tests.both_sides import DAY, FN, BothSides, both_sides, otherwise
from tests.doubles.hubs import SELLER

pytestmark = pytest.mark.anyio
HOUR, DAY_SECONDS = 3600, 86400


class Shelf:
    """An account that shows what it is told to, and notes what it is asked."""

    def __init__(self) -> None:
        self.records: list[OfdRecord] = []
        self.asked: list[tuple[str, str, str]] = []
        self.breaks_after: int | None = None

    async def documents(self, fn: str, since: datetime, until: datetime) -> AsyncIterator[OfdRecord]:
        self.asked.append((fn, since.date().isoformat(), until.date().isoformat()))
        for number, record in enumerate(self.records):
            if number == self.breaks_after:
                raise RegisterBlocked(BlockReason.NO_LINK, "the account went away in the middle")
            yield record

    async def registers(self) -> AsyncIterator[OfdRegister]:
        for record in self.records:
            yield OfdRegister(registration_number="1", fn=record.fn)

    async def aclose(self) -> None:
        """Nothing to let go of."""


class Desk:
    def __init__(self, sides: BothSides) -> None:
        self.sides, self.shelf = sides, Shelf()
        self.days = self.anew()

    def anew(self) -> DueDays:
        """The worker of a fresh process."""
        return DueDays(self.sides.post, SELLER, "test", self.shelf)

    async def after(self, seconds: float) -> int:
        """Let time pass and look; how many days were compared."""
        self.sides.clock.wind(seconds)
        return await self.days.once()


@pytest.fixture
async def desk(database: str) -> AsyncIterator[Desk]:
    async with both_sides(database) as sides:
        for number in range(2, 5):
            await sides.sell(number)
        made = Desk(sides)
        made.shelf.records = sides.honest()
        yield made


async def test_a_day_is_compared_at_once_and_again_while_documents_may_come(desk: Desk) -> None:
    assert await desk.after(0) == 1
    assert await desk.after(60) == 0
    assert await desk.after(600) == 1
    assert await desk.sides.counted() == [(DAY, 3, 3, 3)]


async def test_a_full_day_is_compared_after_its_end_again_the_next_day_and_then_rests(desk: Desk) -> None:
    await desk.after(0)
    assert await desk.after(16 * HOUR) == 1  # it has ended everywhere east of Greenwich
    assert await desk.after(DAY_SECONDS) == 1
    assert await desk.after(DAY_SECONDS) == 1  # once more when it is over for good
    assert await desk.after(600) == 0


async def test_a_day_that_was_missed_is_made_up_for(desk: Desk) -> None:
    assert await desk.after(10 * DAY_SECONDS) == 1
    assert await desk.sides.counted() == [(DAY, 3, 3, 3)]


async def test_days_too_old_to_be_made_up_for_are_left(desk: Desk) -> None:
    assert await desk.after(50 * DAY_SECONDS) == 0


async def test_a_restart_does_not_do_it_all_again(desk: Desk) -> None:
    await desk.after(0)
    desk.days = desk.anew()
    assert await desk.after(60) == 0
    assert await desk.after(600) == 1


async def test_an_account_that_fails_in_the_middle_calls_nothing_missing(desk: Desk) -> None:
    desk.shelf.breaks_after = 1
    assert await desk.after(2 * HOUR) == 0
    assert await desk.sides.rows() == []
    assert await desk.sides.counted() == []
    desk.shelf.breaks_after = None
    assert await desk.after(60) == 1
    assert await desk.sides.counted() == [(DAY, 3, 3, 3)]


async def test_nothing_is_compared_while_a_restored_journal_is_short(desk: Desk) -> None:
    desk.sides.post.barrier.stand(["r1"])
    assert await desk.after(2 * HOUR) == 0
    assert desk.shelf.asked == []
    desk.sides.post.barrier.stand([])
    assert await desk.after(60) == 1


async def test_the_list_goes_a_day_beyond_both_ends_whatever_zone_the_cabinet_has(desk: Desk) -> None:
    await desk.after(0)
    assert desk.shelf.asked == [(FN, "2026-11-23", "2026-11-26")]


async def test_the_tax_services_word_that_comes_later_is_the_last_rung_of_that_receipt_alone(
    desk: Desk,
) -> None:
    desk.shelf.records = [otherwise(one, fns=FnsState.WAITING) for one in desk.sides.honest()]
    await desk.after(HOUR)
    before = await desk.sides.proofs()
    assert set(before.values()) == {Proof.MATCHED}
    taken, strange, *rest = desk.shelf.records
    desk.shelf.records = [
        otherwise(taken, fns=FnsState.ACCEPTED),
        otherwise(strange, fns=FnsState.ACCEPTED, fiscal_sign="1"),
        *rest,
    ]
    await desk.after(HOUR)
    assert await desk.sides.proofs() == before | {taken.fd_number: Proof.AT_TAX_SERVICE}
