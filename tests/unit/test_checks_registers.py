"""Registers, their agents and clocks: each check opens its incident by what is stored, and closes it."""

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from chekpoint.app.settings import SettingsError, load
from chekpoint.hub.causes import Places, Seen, explained
from chekpoint.hub.hosts import hosts
from chekpoint.store import agents, lanes, people, probes
from chekpoint.store.journal import Tx
from tests.doubles.hubs import SELLER
from tests.unit.watch_bench import Bench

pytestmark = pytest.mark.anyio


@pytest.mark.check(1)
async def test_a_register_that_says_nothing_is_silent_until_it_speaks(tmp_path: Path) -> None:
    async with Bench(tmp_path, "register_silent") as bench:
        await bench.said("k1")
        await bench.said("k2")
        assert await bench.opened(29) == {}
        await bench.said("k2")
        assert await bench.opened(5) == {}  # seen first now: a hub that has just started is about to ask it
        assert await bench.opened(5) == {("register_silent", "k1"): "critical"}
        assert "касса k1" in await bench.words("register_silent")
        await bench.said("k1")
        assert await bench.opened(5) == {}


async def test_a_blocked_register_is_not_told_twice_and_one_that_is_off_is_not_told_at_all(
    tmp_path: Path,
) -> None:
    async with Bench(tmp_path, "register_silent") as bench:
        await bench.said("k1")
        await bench.write(lambda tx: lanes.block(tx, "k1", reason="no_link", message="", check=tx.now))
        await bench.opened(60)
        assert await bench.opened(5) == {("register_silent", "k2"): "critical"}  # it never said a word


@pytest.mark.check(1)
async def test_an_agent_that_left_is_told_with_its_registers(tmp_path: Path) -> None:
    async with Bench(tmp_path, "agent_lost", agent_silent=40.0) as bench:
        config = msgspec.json.encode({"agent": "kassa", "maker": "bare", "config": {}})

        def unit(tx: Tx) -> None:
            agents.add_agent(tx, "a1", "kassa", "secret")
            people.add_register(tx, "k3", SELLER, "касса у агента", maker="agent", config=config)
            agents.seen(tx, "a1", "1.0")

        await bench.write(unit)
        assert await bench.opened(40) == {}
        await bench.opened(2)
        assert await bench.opened(6) == {("agent_lost", "a1"): "critical"}
        assert "касса у агента" in await bench.words("agent_lost")
        await bench.write(lambda tx: agents.seen(tx, "a1", "1.0"))
        assert await bench.opened(5) == {}
        await bench.write(
            lambda tx: probes.note(tx, "agent", "a1", ok=False, body=b"{}")
        )  # the door saw it go
        assert await bench.opened(2) == {}
        assert await bench.opened(6) == {("agent_lost", "a1"): "critical"}
        await bench.write(lambda tx: agents.revoke_agent(tx, "a1"))
        assert await bench.opened(5) == {}


async def test_a_lost_agent_or_a_silent_node_explains_the_silence_of_its_registers(tmp_path: Path) -> None:
    async with Bench(tmp_path) as bench:
        config = msgspec.json.encode({"agent": "kassa", "maker": "bare", "config": {}})

        def unit(tx: Tx) -> None:
            agents.add_agent(tx, "a1", "kassa", "secret")
            people.add_register(tx, "k3", SELLER, "касса у агента", maker="agent", config=config)
            assert lanes.take(tx, "k1", "node-1", lease_ms=1000) is not None

        await bench.write(unit)
        places = Places({"k1": SELLER, "k2": SELLER, "k3": SELLER}, {}, await bench.store.read(hosts))
        opened = [
            Seen("1", "agent_lost", "a1"), Seen("2", "register_silent", "k3"), Seen("3", "register_silent", "k1"),
            Seen("4", "node_silent", "node-1"), Seen("6", "late", SELLER),
        ]  # fmt: skip
        assert explained(opened, places) == {"2": "1", "3": "4"}  # k2 could have taken what is late
        opened.append(Seen("5", "register_silent", "k2"))
        assert "6" in explained(opened, places)


@pytest.mark.check(7)
@pytest.mark.parametrize(("ahead", "text"), [
    (timedelta(minutes=6), "спешат на 6 мин"), (timedelta(minutes=-20), "отстают на 20 мин"),
    (timedelta(hours=-3), "UTC+0"), (timedelta(hours=4, minutes=7), "спешат на 7 мин"),
])  # fmt: skip
async def test_a_clock_that_drifts_is_told_and_one_in_another_zone_is_not(
    tmp_path: Path, ahead: timedelta, text: str
) -> None:
    async with Bench(tmp_path, "clock_drift") as bench:
        await bench.said(
            "k2", clock=(bench.wall + timedelta(hours=7, minutes=4)).isoformat()
        )  # in Vladivostok
        await bench.said("k1", clock=(bench.wall + ahead).isoformat())
        await bench.opened()
        assert await bench.opened(60) == {("clock_drift", "k1"): "warning"}
        assert text in await bench.words("clock_drift")
        await bench.said("k1")
        await bench.opened(5)
        assert await bench.opened(60) == {}


@pytest.mark.parametrize(("watch", "named"), [
    ({"register_silent": 0}, "register_silent"), ({"unsent_warning": 3e6}, "unsent_warning"),
    ({"drive_days_critical": 31}, "drive_days"), ({"zone": "Луна/Кратер"}, "zone"),
    ({"shops_silent": {"a": -1}}, "shops_silent"), ({"registr_silent": 5}, "registr_silent"),
    ({"clock_drift": "долго"}, "clock_drift"),
])  # fmt: skip
def test_a_threshold_that_cannot_be_meant_is_refused_by_its_name(
    tmp_path: Path, watch: dict[str, object], named: str
) -> None:
    lines = [f"{name} = {_toml(value)}" for name, value in watch.items()]
    path = tmp_path / "chekpoint.toml"
    path.write_text("\n".join(["[watch]", *lines]), "utf-8")
    with pytest.raises(SettingsError, match=named):
        load(path, {})


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml(one)}" for key, one in value.items()) + "}"
    return f'"{value}"' if isinstance(value, str) else str(value)


def test_thresholds_can_be_set(tmp_path: Path) -> None:
    path = tmp_path / "chekpoint.toml"
    path.write_text('[watch]\nregister_silent = 60\nshops_silent = {"Наш магазин" = 3600}\n', "utf-8")
    watch = load(path, {}).watch
    assert (watch.register_silent, watch.shops_silent) == (60.0, {"Наш магазин": 3600.0})
