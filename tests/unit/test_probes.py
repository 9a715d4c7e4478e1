"""What is asked outside, as it is remembered: since when it answers so, on both databases."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chekpoint.store import probes
from chekpoint.store.store import Store, open_store
from tests.doubles.hand_clock import HandClock

pytestmark = pytest.mark.anyio
FIRST = 1_795_510_800_000  # where the hand clock stands


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture(params=["sqlite", "postgresql"])
async def store(request: pytest.FixtureRequest, tmp_path: Path, clock: HandClock) -> AsyncIterator[Store]:
    url = f"sqlite:///{tmp_path / 'p.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("pg_database")
    made = open_store(url, node="w", clock=clock, inline=True, durable=False)
    await made.start()
    yield made
    await made.stop()


async def _note(store: Store, clock: HandClock, ok: bool, body: bytes = b"{}") -> probes.Probe:
    await store.write(lambda tx: probes.note(tx, "site", "s1", ok, body))
    kept = await store.read(lambda tx: probes.one(tx, "site", "s1"))
    assert kept is not None
    clock.wind(10)
    return kept


async def test_since_stays_while_the_answers_are_of_one_sort(store: Store, clock: HandClock) -> None:
    assert await _note(store, clock, True, b"1") == ("site", "s1", FIRST, True, FIRST, b"1")
    assert await _note(store, clock, True, b"2") == ("site", "s1", FIRST + 10_000, True, FIRST, b"2")
    assert (await _note(store, clock, False)).since == FIRST + 20_000
    assert (await _note(store, clock, False)).since == FIRST + 20_000
    assert (await _note(store, clock, True)).since == FIRST + 40_000


async def test_what_is_asked_no_more_is_forgotten(store: Store) -> None:
    await store.write(lambda tx: probes.note(tx, "site", "a", True, b"{}"))
    await store.write(lambda tx: probes.note(tx, "site", "b", True, b"{}"))
    await store.write(lambda tx: probes.note(tx, "other", "a", True, b"{}"))
    await store.write(lambda tx: probes.forget(tx, "site", "a"))
    assert [one.subject for one in await store.read(lambda tx: probes.every(tx, "site"))] == ["b"]
    assert [one.subject for one in await store.read(lambda tx: probes.every(tx, "other"))] == ["a"]
