"""The hub itself: a hung worker, a silent node, disk, backup, growth; and the pulse that tells of them."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from chekpoint.hub import pulse
from chekpoint.hub.hub import Hub
from chekpoint.hub.pulse import Told
from chekpoint.store import people, probes
from chekpoint.watch.own_node import BACKUP, DATABASE, DISK, Backup, Database, Disk, grown, look, newest_at
from tests.doubles.bare_register import BareRegister
from tests.doubles.hand_clock import HandClock
from tests.doubles.hubs import running
from tests.unit.hub_bench import sqlite
from tests.unit.watch_bench import Bench
from tests.waiting import until

pytestmark = pytest.mark.anyio
DAY_MS = 86_400_000
GIB = 1 << 30


async def tell(bench: Bench, **fields: Any) -> None:
    told = msgspec.json.encode(Told(at=fields.pop("at", bench.now), **fields)).decode()
    await bench.write(lambda tx: people.set_setting(tx, f"{pulse.PULSE}b", told))


@pytest.mark.check(31)
async def test_a_worker_that_hangs_is_told_and_the_lane_of_a_register_by_its_name(tmp_path: Path) -> None:
    async with Bench(tmp_path, "worker_hung") as bench:
        await tell(bench, late={"sweep": 9.0, "lane:k1": 3.0})
        assert await bench.opened() == {}
        await tell(bench, late={"sweep": 11.0, "lane:k1": 12.5})
        assert await bench.opened(5) == {
            ("worker_hung", "b/sweep"): "critical",
            ("worker_hung", "k1"): "critical",
        }
        await tell(bench, dead=("lane:k1",))
        assert await bench.opened(5) == {("worker_hung", "k1"): "critical"}
        await tell(bench)
        assert await bench.opened(5) == {}


@pytest.mark.check(32)
async def test_a_node_that_falls_silent_is_told_and_one_that_was_stopped_is_not(tmp_path: Path) -> None:
    async with Bench(tmp_path, "node_silent") as bench:
        await tell(bench)
        assert await bench.opened(9) == {}
        await bench.opened(5)
        assert await bench.opened(5) == {("node_silent", "b"): "critical"}
        await tell(bench)
        assert await bench.opened(5) == {}
        await tell(bench, stopped=True)
        await bench.opened(60)
        assert await bench.opened(60) == {}


@pytest.mark.check(33)
async def test_a_disk_that_fills_up_is_told(tmp_path: Path) -> None:
    async with Bench(tmp_path, "disk_low") as bench:

        async def free(gib: int) -> None:
            body = msgspec.json.encode(Disk(free=gib * GIB, total=100 * GIB))
            await bench.write(lambda tx: probes.note(tx, DISK, "b", ok=True, body=body))

        await free(10)
        assert await bench.opened() == {}
        await free(9)
        assert await bench.opened(30) == {("disk_low", "b"): "warning"}
        await free(2)
        assert await bench.opened(30) == {("disk_low", "b"): "critical"}
        assert "2048 МиБ" in await bench.words("disk_low")
        await free(50)
        await bench.opened(30)
        assert await bench.opened(60) == {}


@pytest.mark.check(34)
async def test_a_backup_that_is_old_or_missing_is_told(tmp_path: Path) -> None:
    async with Bench(tmp_path, "backup_old") as bench:

        async def newest(at: int | None) -> None:
            body = msgspec.json.encode(Backup(newest_at=at))
            await bench.write(lambda tx: probes.note(tx, BACKUP, "b", ok=True, body=body))

        await newest(bench.now)
        assert await bench.opened(25 * 3600) == {}
        assert await bench.opened(2 * 3600) == {("backup_old", "b"): "warning"}
        await newest(bench.now)
        assert await bench.opened(60) == {}
        await newest(None)
        assert await bench.opened(60) == {("backup_old", "b"): "warning"}
        assert "копий нет" in await bench.words("backup_old")


@pytest.mark.check(35)
async def test_a_database_that_grows_too_fast_is_told(tmp_path: Path) -> None:
    async with Bench(tmp_path, "database_growth") as bench:

        async def grows(per_day: int | None) -> None:
            seen = Database(bytes=100 * GIB, began_at=bench.now, began_bytes=0, per_day=per_day)
            await bench.write(
                lambda tx: probes.note(tx, DATABASE, "b", ok=True, body=msgspec.json.encode(seen))
            )

        await grows(None)
        assert await bench.opened() == {}
        await grows(6 * GIB)
        assert await bench.opened(60) == {("database_growth", "b"): "warning"}
        await grows(GIB)
        assert await bench.opened(60) == {}


def test_growth_is_counted_over_whole_days() -> None:
    first = Database(bytes=100, began_at=0, began_bytes=100)
    assert grown(first, 500, DAY_MS // 2) == Database(bytes=500, began_at=0, began_bytes=100)
    assert grown(first, 500, 2 * DAY_MS) == Database(
        bytes=500, began_at=2 * DAY_MS, began_bytes=500, per_day=200
    )


def test_the_newest_copy_is_found_and_no_folder_is_no_copy(tmp_path: Path) -> None:
    assert newest_at(tmp_path / "none") is None
    assert newest_at(tmp_path) is None
    (tmp_path / "copy.db").write_bytes(b"")
    assert newest_at(tmp_path) == (tmp_path / "copy.db").stat().st_mtime_ns // 1_000_000


def test_a_worker_that_keeps_its_word_is_not_late() -> None:
    clock = HandClock()
    beats = pulse.Pulse(clock)
    beats.beat("lane:k1", 10)
    beats.beat("sweep", 60)
    clock.wind(12)
    assert beats.late() == {"lane:k1": 2.0}
    beats.forget("lane:k1")
    assert beats.late() == {}


async def test_a_node_tells_its_pulse_while_it_lives_and_that_it_was_stopped(tmp_path: Path) -> None:
    url = sqlite(tmp_path)
    async with running(url, {"k1": BareRegister("9999078900000001")}) as hub:
        told = await until(lambda: _pulse(hub))
        assert not told.stopped
        hub._spawn("dies", _fails())
        await until(lambda: _dead(hub))
        hub._tasks.pop("dies")
        await look(hub, tmp_path, tmp_path / "backups")
        for kind in (DISK, BACKUP, DATABASE):
            (seen,) = await hub.store.read(partial(probes.every, kind=kind))
            assert seen.subject == "a"
    async with running(url, {"k1": BareRegister("9999078900000001")}, node="other") as hub:
        nodes = await hub.store.read(pulse.nodes)
        assert nodes["a"].stopped


async def _fails() -> None:
    await asyncio.sleep(0)
    raise ZeroDivisionError


async def _pulse(hub: Hub) -> Told | None:
    return (await hub.store.read(pulse.nodes)).get("a")


async def _dead(hub: Hub) -> bool:
    told = await _pulse(hub)
    return told is not None and told.dead == ("dies",)
