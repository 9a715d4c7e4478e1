"""What tells people, on both databases: the same rows, the same refusals, one node at a time."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from chekpoint.core.errors import Conflict
from chekpoint.store import alerts, channels, incidents, silences, stakes, views_incidents
from chekpoint.store.channels import Channel
from chekpoint.store.incidents import Words
from chekpoint.store.journal import Tx
from chekpoint.store.silences import Silence
from chekpoint.store.store import Store, open_store
from tests.doubles.hand_clock import HandClock
from tests.unit.store_bench import HandClock as BenchClock
from tests.unit.store_bench import bench

pytestmark = pytest.mark.anyio
CHANNEL = Channel("c1", "webhook", "Канал", b'{"url": "x"}', True, "warning", 60, "22:00", "07:00", "ru")
WARNING = Words("warning", "Плохо.", "Bad.")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'hub.db'}"
    return str(request.getfixturevalue("pg_database"))


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    made = open_store(url, node="t", clock=HandClock())
    await made.start()
    yield made
    await made.stop()


async def furnished(store: Store) -> None:
    def unit(tx: Tx) -> None:
        channels.add(tx, CHANNEL)
        incidents.open_incident(tx, "late", "s1", WARNING, key="i1")
        incidents.open_incident(tx, "clash", "r1", WARNING, key="i2")

    await store.write(unit)


async def test_a_channel_is_kept_changed_and_removed_with_its_name_free_again(store: Store) -> None:
    await furnished(store)
    (one,) = await store.read(channels.channels)
    assert one._replace(created_at=0) == CHANNEL
    changed = one._replace(name="Другой", enabled=False, quiet_from=None, quiet_until=None)
    assert await store.write(lambda tx: channels.change(tx, changed))
    assert await store.read(channels.channels) == [changed]
    assert await store.write(lambda tx: channels.remove(tx, "c1"))
    assert not await store.write(lambda tx: channels.remove(tx, "c1"))
    await store.write(lambda tx: channels.add(tx, changed._replace(id="c2")))
    assert await store.read(channels.names) == {"c1": "Другой", "c2": "Другой"}


async def test_one_message_is_noted_once_held_once_and_settled_once(store: Store) -> None:
    await furnished(store)

    def note(tx: Tx) -> bool:
        return alerts.add(tx, f"a{tx.now}", "i1", "c1", "opened", number=0, severity="warning")

    assert await store.write(note)
    assert not await store.write(lambda tx: alerts.add(tx, "b", "i1", "c1", "opened", number=0, severity="x"))
    (letter,) = await store.read(lambda tx: alerts.due(tx, most=9))
    until = letter.next_check_at + 1000
    assert await store.write(lambda tx: alerts.hold(tx, letter, until))
    assert not await store.write(lambda tx: alerts.hold(tx, letter, until))
    await store.write(lambda tx: alerts.hurry(tx, "c1"))  # what is under way is left alone
    assert await store.read(lambda tx: alerts.due(tx, most=9)) == []
    assert await store.read(lambda tx: alerts.unsent(tx, "c1")) == 1
    await store.write(lambda tx: alerts.settle(tx, letter.id, until, state="sent", said="ok"))
    with pytest.raises(Conflict):
        await store.write(lambda tx: alerts.settle(tx, letter.id, until, state="sent", said="ok"))
    (told,) = await store.read(lambda tx: alerts.told(tx, ["i1", "i2"]))
    assert (told.state, told.said, told.incident_id) == ("sent", "ok", "i1")
    assert (await store.read(lambda tx: alerts.last_sent(tx, "c1"))) == told
    assert [one.id for one in await store.read(lambda tx: alerts.incidents_of(tx, ["i2", "i1"]))] == [
        "i1",
        "i2",
    ]


async def test_only_ends_that_somebody_waits_for_are_looked_at(store: Store) -> None:
    await furnished(store)

    def tell(tx: Tx, phase: str) -> None:
        alerts.add(tx, f"a-{phase}", "i1", "c1", phase, number=0, severity="warning")
        (letter,) = alerts.due(tx, most=9)
        alerts.hold(tx, letter, tx.now + 1000)
        alerts.settle(tx, letter.id, tx.now + 1000, state="sent")

    await store.write(lambda tx: tell(tx, "opened"))
    for kind, subject in (("late", "s1"), ("clash", "r1")):
        await store.write(partial(incidents.close, kind=kind, subject=subject))
    assert len(await store.read(lambda tx: alerts.closed_since(tx, 0))) == 2
    assert [one.id for one in await store.read(lambda tx: alerts.ending(tx, 0))] == ["i1"]
    await store.write(lambda tx: tell(tx, "recovered"))
    assert await store.read(lambda tx: alerts.ending(tx, 0)) == []


async def test_what_is_worse_must_be_seen_anew_and_what_is_better_need_not(store: Store) -> None:
    await furnished(store)
    assert await store.write(lambda tx: views_incidents.see(tx, "i1", "admin"))
    critical = WARNING._replace(severity="critical")
    await store.write(lambda tx: incidents.reword(tx, "late", "s1", critical))
    one = await store.read(lambda tx: alerts.incident_of(tx, "i1"))
    assert one is not None
    assert one.seen_at is None
    assert one.worse_at is not None
    assert await store.write(lambda tx: views_incidents.see(tx, "i1", "admin"))
    await store.write(lambda tx: incidents.reword(tx, "late", "s1", WARNING))
    one = await store.read(lambda tx: alerts.incident_of(tx, "i1"))
    assert one is not None
    assert one.seen_at is not None


async def test_a_silence_lasts_until_its_end(store: Store) -> None:
    now = int(HandClock().now().timestamp() * 1000)
    made = Silence("q1", "late", "", now + 1000, "admin", "ремонт", now)
    await store.write(lambda tx: silences.add(tx, made))
    assert await store.read(silences.lasting) == [made]
    assert await store.write(lambda tx: silences.end(tx, "q1"))
    assert not await store.write(lambda tx: silences.end(tx, "q1"))
    assert await store.read(silences.lasting) == []


async def test_one_node_reads_and_each_number_is_heard_once(store: Store) -> None:
    await furnished(store)
    assert await store.read(lambda tx: channels.read_to(tx, "c1")) is None
    assert await store.write(lambda tx: channels.take_reading(tx, "c1", "a", lease_ms=1000))
    assert not await store.write(lambda tx: channels.take_reading(tx, "c1", "b", lease_ms=1000))
    await store.write(lambda tx: channels.advance(tx, "c1", 7))
    with pytest.raises(Conflict):
        await store.write(lambda tx: channels.advance(tx, "c1", 7))
    assert await store.read(lambda tx: channels.read_to(tx, "c1")) == 7
    await store.write(lambda tx: channels.remove(tx, "c1"))
    with pytest.raises(Conflict):  # what a removed chat still says is not for us
        await store.write(lambda tx: channels.advance(tx, "c1", 8))


async def test_what_is_at_stake_is_counted_with_its_sum_and_its_deadline(url: str) -> None:
    clock = BenchClock()
    async with bench(url, clock) as at:
        await at.furnish()
        nothing = await at.store.read(stakes.stakes)
        assert (nothing.receipts, nothing.kopecks, nothing.since, nothing.deadline) == (0, 0, None, None)
        for number in range(3):
            await at.accept(number, total=10_050)
            clock.advance(10)
        found = await at.store.read(stakes.stakes)
        assert (found.receipts, found.kopecks, found.documents) == (3, 30_150, 0)
        assert found.since is not None
        assert found.deadline == found.since + 300_000
        assert await at.store.read(lambda tx: stakes.stakes(tx, "r1")) == found
