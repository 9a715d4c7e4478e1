"""The outside watcher hears us only while we work: a real server that notes what it was told."""

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import httpx2
import pytest

from chekpoint.hub.limits import Limits
from chekpoint.hub.post import Post
from chekpoint.store import incidents
from chekpoint.store.incidents import Words
from chekpoint.watch.checks.addresses import CHECKS
from chekpoint.watch.probes.ping import Ping
from chekpoint.watch.probes.settings import ProbeSettings
from tests.doubles.listening_shop import ListeningShop, answer
from tests.shop_front_rig import Lookout, lookout

pytestmark = pytest.mark.anyio


def _ping(watch: Lookout, http: httpx2.AsyncClient, url: str, dead: list[str], **more: str) -> Ping:
    post = Post(watch.store, watch.clock, random.Random(3), node="w", limits=Limits())
    return Ping(post, lambda: dead, ProbeSettings(ping_url=url, **more), http)  # type: ignore[arg-type]


def _client() -> httpx2.AsyncClient:
    return httpx2.AsyncClient(trust_env=False, timeout=5)


async def test_a_node_that_works_says_so_and_one_that_does_not_says_why(tmp_path: Path) -> None:
    dead: list[str] = []
    async with lookout(tmp_path, CHECKS) as watch, ListeningShop().open() as outside, _client() as http:
        ping = _ping(watch, http, outside.url, dead)
        assert (await ping.once()).alive
        dead.append("lane:k1")
        assert not (await ping.once()).alive
        dead.clear()
        words = Words("critical", "Завис.", "It hangs.")
        await watch.store.write(
            lambda tx: incidents.open_incident(tx, "worker_hung", "w/sweep", words, key="1" * 32)
        )
        assert not (await ping.once()).alive
        told = [(one.path, one.body.decode()) for one in outside.heard]
        assert told == [
            ("/notices", "ok"), ("/notices/fail", "dead workers: lane:k1"), ("/notices/fail", "hung workers: w/sweep"),
        ]  # fmt: skip


async def test_a_hung_worker_of_another_node_is_not_ours_to_tell(tmp_path: Path) -> None:
    async with lookout(tmp_path, CHECKS) as watch, ListeningShop().open() as outside, _client() as http:
        words = Words("critical", "Завис.", "It hangs.")
        await watch.store.write(
            lambda tx: incidents.open_incident(tx, "worker_hung", "other/sweep", words, key="1" * 32)
        )
        assert (await _ping(watch, http, outside.url, []).once()).alive


async def test_a_journal_that_does_not_write_is_never_called_alive(tmp_path: Path) -> None:
    async with lookout(tmp_path, CHECKS) as watch, ListeningShop().open() as outside, _client() as http:
        ping = _ping(watch, http, outside.url, [])
        with closing(sqlite3.connect(tmp_path / "w.db")) as vandal:
            vandal.execute("ALTER TABLE meta RENAME TO lost")
        assert not (await ping.once()).alive
        assert [one.path for one in outside.heard] == ["/notices/fail"]


@pytest.mark.check(28)
async def test_a_watcher_that_takes_nothing_is_an_incident_until_it_does(tmp_path: Path) -> None:
    async with lookout(tmp_path, CHECKS) as watch, ListeningShop().open() as outside, _client() as http:
        ping = _ping(watch, http, outside.url, [])
        outside.script.append(answer(404))
        await ping.once()
        assert await watch.judge() == {}
        assert "HTTP 404" in (await watch.judge(after=300))["ping_unheard"].text_ru
        await ping.once()
        assert await watch.judge(after=5) == {}


async def test_the_start_is_told_and_words_can_be_left_out(tmp_path: Path) -> None:
    async with lookout(tmp_path, CHECKS) as watch, ListeningShop().open() as outside, _client() as http:
        assert await _ping(watch, http, outside.url, []).tell("/start", "start") is None
        silent = _ping(watch, http, outside.url, ["sweep"], ping_fail="")
        assert not (await silent.once()).alive
        assert [one.path for one in outside.heard] == ["/notices/start"]
