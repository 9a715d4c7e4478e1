"""Documents that do not leave the drive: the register's own word, their count, the countdown to the lock."""

from datetime import timedelta
from pathlib import Path

import pytest

from chekpoint.watch.checks.exchange import CHECKS
from chekpoint.watch.engine import in_force
from chekpoint.watch.thresholds import Thresholds
from tests.unit.watch_bench import Bench

pytestmark = pytest.mark.anyio


@pytest.mark.check(3)
async def test_the_registers_own_error_is_told_while_something_waits(tmp_path: Path) -> None:
    async with Bench(tmp_path, "exchange_error") as bench:
        await bench.said(ofd_error="Нет соединения с ОФД", unsent_count=2)
        assert await bench.opened() == {}
        assert await bench.opened(60) == {("exchange_error", "k1"): "critical"}
        assert "Нет соединения с ОФД" in await bench.words("exchange_error")
        await bench.said(
            ofd_error="Нет соединения с ОФД", unsent_count=0
        )  # the last error stays in the register
        await bench.opened(5)
        assert await bench.opened(10) == {}


@pytest.mark.check(4)
async def test_a_queue_that_does_not_leave_is_told_and_one_that_leaves_is_not(tmp_path: Path) -> None:
    async with Bench(tmp_path, "unsent_documents") as bench:
        await bench.said(unsent_count=3, unsent_since=bench.wall.isoformat())
        assert await bench.opened(890) == {}
        await bench.said("k2", unsent_count=5, unsent_since=bench.wall.isoformat())
        assert await bench.opened(15) == {("unsent_documents", "k1"): "warning"}
        await bench.said("k1")
        await bench.opened(5)
        assert await bench.opened(10) == {}


@pytest.mark.check(5)
async def test_the_first_unsent_document_counts_down_to_the_lock(tmp_path: Path) -> None:
    async with Bench(tmp_path, "unsent_age") as bench:
        first = bench.wall
        await bench.said(unsent_count=1, unsent_first_fd=7, unsent_since=first.isoformat())
        assert await bench.opened(3 * 3600) == {}
        assert await bench.opened(3700) == {("unsent_age", "k1"): "warning"}
        assert "осталось дней: 29 (24.12.2026)" in await bench.words("unsent_age")
        assert "ФД 7" in await bench.words("unsent_age")
        assert await bench.opened(3 * 86400) == {("unsent_age", "k1"): "critical"}
        assert "осталось дней: 26" in await bench.words("unsent_age")
        await bench.opened(timedelta(days=10).total_seconds())
        assert "осталось дней: 16" in await bench.words("unsent_age")  # the words follow
        await bench.opened(timedelta(days=17).total_seconds())
        assert "заблокирован" in await bench.words("unsent_age")
        await bench.said()
        assert await bench.opened(5) == {}


def test_a_grace_that_a_person_sets_is_the_grace_of_the_check() -> None:
    by_kind = {check.kind: in_force(check, Thresholds(exchange_error=7, unsent_count=11)) for check in CHECKS}
    assert (by_kind["exchange_error"].grace, by_kind["unsent_documents"].grace) == (7, 11)
    assert in_force(by_kind["unsent_age"], Thresholds()).grace == by_kind["unsent_age"].grace
