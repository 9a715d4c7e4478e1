"""The day of a register: shifts by the clock, opening cash, errands told at most once; on both databases."""

import asyncio
from datetime import date, datetime, timedelta

import msgspec
import pytest
from sqlalchemy import update

from chekpoint.core.errors import BlockReason, RegisterBlocked, Rejected
from chekpoint.core.ports import Attempt, Deed, Errand, Registered, RegisterStatus
from chekpoint.hub import daytime
from chekpoint.hub.hub import Hub
from chekpoint.store import errands, registers, views_registers
from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query
from chekpoint.store.tables import fiscal_document
from chekpoint.web.registers_page import drive_forecast
from tests.doubles.bare_register import BareRegister
from tests.doubles.hubs import running, sale
from tests.unit.hub_bench import PATIENCE, offer, settled

pytestmark = pytest.mark.anyio
FN = "9999078900000001"


class Clocked(BareRegister):
    """Tells its wall clock, which a test can set."""

    def __init__(self) -> None:
        super().__init__(FN)
        self.wall = datetime(2026, 11, 24, 10, 0)  # noqa: DTZ001 - a wall clock
        self.papers: list[bool] = []

    async def status(self) -> RegisterStatus:
        expires = (self.wall + timedelta(hours=20)).isoformat()
        told = {"clock": self.wall.isoformat(), "shift_expires_at": expires}
        return msgspec.structs.replace(await super().status(), **told)

    async def submit(self, attempt: Attempt) -> Registered:
        self.papers.append(attempt.receipt.paper)
        return await super().submit(attempt)


async def change(hub: Hub, **settings: str | int | None) -> None:
    await hub.store.write(lambda tx: registers.change_day(tx, "r1", registers.Day(**settings)))  # type: ignore[arg-type]
    await hub.reload()
    hub.lanes["r1"].standing = False
    hub.post.bell.ring("r1")


async def ask(hub: Hub, verb: str, kopecks: int = 0) -> str:
    key = hub.post.keys.new()
    await hub.store.write(lambda tx: errands.add(tx, key, "r1", verb, who="admin", kopecks=kopecks))
    hub.post.bell.ring("r1")
    return key


async def ended(hub: Hub, key: str) -> errands.Row:
    def look(tx: Tx) -> errands.Row:
        return next(one for one in errands.last(tx, "r1") if one.id == key)

    async with asyncio.timeout(PATIENCE):
        while True:
            row = await hub.store.read(look)
            if row.state not in {"waiting", "running"}:
                return row
            await asyncio.sleep(0.01)


async def until(done: object) -> None:
    assert callable(done)
    async with asyncio.timeout(PATIENCE):
        while not done():  # noqa: ASYNC110 - the register is asked from outside
            await asyncio.sleep(0.01)


async def test_an_errand_is_carried_out_once_and_its_words_are_kept(database: str) -> None:
    till = Clocked()
    async with running(database, {"r1": till}) as hub:
        keys = [await ask(hub, "x_report"), await ask(hub, "cash", 50_000), await ask(hub, "cash", -20_000)]
        rows = [await ended(hub, key) for key in keys]
    assert [row.state for row in rows] == ["done"] * 3
    assert till.errands == [
        Errand(id=keys[0], deed=Deed.X_REPORT), Errand(id=keys[1], deed=Deed.CASH, kopecks=50_000),
        Errand(id=keys[2], deed=Deed.CASH, kopecks=-20_000),
    ]  # fmt: skip


async def test_a_lost_answer_leaves_an_errand_unknown_and_it_is_never_told_twice(database: str) -> None:
    till = Clocked()
    till.script.append("lost")
    async with running(database, {"r1": till}) as hub:
        assert (await ended(hub, await ask(hub, "cash", 100))).state == "unknown"
        await offer(hub, sale(1))
        await settled(hub, 1)
    assert len(till.errands) == 1


async def test_a_refused_errand_says_why_and_holds_nobody_up(database: str) -> None:
    till = Clocked()
    till.script.append(Rejected("в ящике нет столько денег"))
    async with running(database, {"r1": till}) as hub:
        row = await ended(hub, await ask(hub, "cash", -100))
        assert (row.state, row.said) == ("failed", "в ящике нет столько денег")
        await offer(hub, sale(1))
        await settled(hub, 1)


async def test_an_errand_waits_for_a_register_that_is_blocked(database: str) -> None:
    till = Clocked()
    till.script.append(RegisterBlocked(BlockReason.PAPER_OUT, "no paper"))
    async with running(database, {"r1": till}) as hub:
        assert (await ended(hub, await ask(hub, "x_report"))).state == "done"
    assert len(till.errands) == 1


async def test_an_errand_that_was_on_its_way_when_the_hub_died_is_unknown(database: str) -> None:
    till = Clocked()
    async with running(database, {"r1": till}) as hub:
        await offer(hub, sale(1))
        await settled(hub, 1)
        key = hub.post.keys.new()

        def died(tx: Tx) -> None:
            errands.add(tx, key, "r1", "cash", who="admin", kopecks=100)
            errands.begin(tx, "r1")

        hub.lanes["r1"].row = hub.lanes["r1"].row._replace(draining=1)
        await hub.store.write(died)
    async with running(database, {"r1": till}) as hub:
        assert (await ended(hub, key)).state == "unknown"
    assert till.errands == []


async def test_shifts_are_closed_and_opened_on_a_persons_word(database: str) -> None:
    till = Clocked()
    async with running(database, {"r1": till}) as hub:
        await offer(hub, sale(1))
        await settled(hub, 1)
        assert (await ended(hub, await ask(hub, "close_shift"))).state == "done"
        assert not till.shift_open
        assert (await ended(hub, await ask(hub, "open_shift"))).state == "done"
        assert till.shift_open
    assert [doc.document for doc in till.archive.values()] == [2, 3, 5, 2]


async def test_the_clock_closes_a_shift_and_opens_the_next_with_its_small_sum(database: str) -> None:
    till = Clocked()
    async with running(database, {"r1": till}) as hub:
        await offer(hub, sale(1))
        await settled(hub, 1)
        till.wall = till.wall.replace(hour=22, minute=59, second=59)
        await change(hub, close_at="23:00", open_at="23:01", opening_cash=50_000)
        await until(lambda: not till.shift_open and hub.lanes["r1"].shift == "closed")
        till.wall = till.wall.replace(hour=23, minute=0, second=59)
        hub.lanes["r1"].shift_opens = None  # as after a restart: the time is reckoned anew
        hub.lanes["r1"].standing = False
        hub.post.bell.ring("r1")
        await until(lambda: till.shift_open and till.errands)
    assert [doc.document for doc in till.archive.values()] == [2, 3, 5, 2]
    assert [one.kopecks for one in till.errands] == [50_000]


@pytest.mark.parametrize(("rule", "papers"), [("asked", [False]), ("always", [True]), ("never", [False])])
async def test_the_registers_own_rule_decides_about_paper(
    database: str, rule: str, papers: list[bool]
) -> None:
    till = Clocked()
    async with running(database, {"r1": till}) as hub:
        await change(hub, printing=rule)
        await offer(hub, sale(1))
        await settled(hub, 1)
    assert till.papers == papers


def test_a_time_of_day_is_today_or_tomorrow() -> None:
    now = datetime(2026, 11, 24, 22, 30)  # noqa: DTZ001
    assert daytime.until("23:00", now) == 1800
    assert daytime.until("22:30", now) == 86400
    assert daytime.until("00:00", now) == 5400
    assert [daytime.is_time(t) for t in ("23:59", "24:00", "7:00", "", "07:60", "٠٧:00")] == [True] + [
        False
    ] * 5


async def test_the_totals_of_a_shift_tell_a_strangers_receipt_from_ours(database: str) -> None:
    till = Clocked()
    async with running(database, {"r1": till}) as hub:
        await offer(hub, sale(1, total=10_000), sale(2, total=5_000))
        await settled(hub, 2)
        (good,) = await hub.store.read(lambda tx: registers.totals(tx, FN))
        assert good.agrees
        assert [(one.held, one.total, one.our_total) for one in good.sums] == [(2, 15_000, 15_000)]
        till.sign(700, 1, 3, None)
        await offer(hub, sale(3, total=1_000))
        await settled(hub, 3)
        await until(lambda: hub.lanes["r1"].last_fd == len(till.archive))
        (bad,) = await hub.store.read(lambda tx: registers.totals(tx, FN))
    assert not bad.agrees
    assert [(one.held, one.total, one.ours, one.our_total) for one in bad.sums] == [(4, 16_700, 3, 16_000)]


@pytest.mark.parametrize(
    ("until_", "left", "pace", "said"),
    [
        ("2027-11-24", None, None, (365, False)),
        ("2027-11-24", 1_000, 100.0, (10, True)),
        ("2026-12-01", 1_000_000, 100.0, (7, False)),
        (None, 1_000, None, None),
        (None, 10**9, 0.001, (36_500, True)),
        ("никогда", None, None, None),
    ],
)
def test_a_drive_lasts_as_long_as_its_term_and_its_documents(
    until_: str | None, left: int | None, pace: float | None, said: tuple[int, bool] | None
) -> None:
    lane = views_registers.LaneView(*[None] * len(views_registers.LaneView._fields))  # type: ignore[arg-type]
    lane = lane._replace(status=RegisterStatus(ready=True, fn_valid_until=until_, documents_left=left))
    found = drive_forecast(lane, pace, date(2026, 11, 24))
    assert (None if found is None else (found.days, found.by_documents)) == said


async def test_the_pace_of_a_drive_is_of_its_last_month(database: str) -> None:
    till = Clocked()
    async with running(database, {"r1": till}) as hub:
        await offer(hub, *(sale(number) for number in range(3)))
        await settled(hub, 3)
        assert await hub.store.read(lambda tx: registers.pace(tx, FN)) is None  # not a day old yet
        old = Query(update(fiscal_document).values(seen_at=fiscal_document.c.seen_at - 2 * registers.DAY_MS))
        await hub.store.write(lambda tx: tx.run(old))
        pace = await hub.store.read(lambda tx: registers.pace(tx, FN))
    assert pace is not None
    assert 1.4 < pace < 1.6
