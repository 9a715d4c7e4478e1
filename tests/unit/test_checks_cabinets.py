"""The operator's cabinet as the watch judges it: contracts, documents it does not show, and its own silence."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from chekpoint.core.errors import BlockReason, RegisterBlocked
from chekpoint.core.ports import OfdRegister
from chekpoint.hub.cabinets import Cabinet
from chekpoint.hub.causes import Places, Seen, explained
from chekpoint.hub.limits import Limits
from chekpoint.hub.post import Post
from chekpoint.store.tables import fiscal_document
from tests.doubles.hubs import SELLER
from tests.unit.watch_bench import FN, Bench

pytestmark = pytest.mark.anyio
HOUR, DAY = 3600.0, 86_400.0


class BareOperator:
    """A cabinet without a service behind it; ``silent`` is the error of its next answers."""

    def __init__(self, *shown: OfdRegister) -> None:
        self.shown, self.silent = list(shown), None

    silent: RegisterBlocked | None

    async def registers(self) -> Any:
        if self.silent is not None:
            raise self.silent
        for one in self.shown:
            yield one

    def documents(self, fn: str, since: Any, until: Any) -> Any:
        raise AssertionError((fn, since, until))

    async def aclose(self) -> None:
        """Nothing to let go of."""


def _cabinet(bench: Bench, operator: BareOperator) -> Cabinet:
    import random

    post = Post(bench.store, bench.clock, random.Random(5), node="w", limits=Limits())
    return Cabinet(post, "acc", SELLER, "ofd_ru", operator)


def _register(bench: Bench, **fields: Any) -> OfdRegister:
    healthy = {
        "registration_number": "0000000001000000", "fn": FN, "contract_until": "2027-11-01T00:00:00",
        "last_document_at": bench.wall.isoformat(timespec="seconds"),
    }  # fmt: skip
    return OfdRegister(**healthy | fields)


async def _document(bench: Bench, number: int) -> None:
    await bench.put(
        fiscal_document, fn=FN, fd_number=number, register_id="k1", document=3, kind=1, total=100, fiscal_sign="1",
        made_at=bench.wall.isoformat(timespec="seconds"), seen_at=bench.now,
    )  # fmt: skip


@pytest.mark.check(15)
async def test_a_contract_warns_for_a_month_alarms_for_a_week_and_is_right_when_renewed(
    tmp_path: Path,
) -> None:
    async with Bench(tmp_path, "contract_ends") as bench:
        await bench.said()
        await bench.holds("k1", 1)
        operator = BareOperator(_register(bench, contract_until="2026-12-20T00:00:00"))
        cabinet = _cabinet(bench, operator)
        await cabinet.once()
        assert await bench.opened() == {("contract_ends", "k1"): "warning"}
        assert "осталось дней: 26" in await bench.words("contract_ends")
        assert await bench.opened(20 * DAY) == {("contract_ends", "k1"): "critical"}
        assert await bench.opened(10 * DAY) == {("contract_ends", "k1"): "critical"}
        assert "кончился 20.12.2026" in await bench.words("contract_ends")
        operator.shown = [_register(bench, contract_until="2027-12-20T00:00:00")]
        await cabinet.once()
        assert await bench.opened(60) == {}


@pytest.mark.check(6)
async def test_a_document_that_the_cabinet_does_not_show_is_missed_after_its_time(tmp_path: Path) -> None:
    async with Bench(tmp_path, "operator_unseen") as bench:
        await bench.said()
        await bench.holds("k1", 1)
        operator = BareOperator(_register(bench))
        cabinet = _cabinet(bench, operator)
        await cabinet.once()
        bench.clock.wind(60)
        await _document(bench, 7)
        await cabinet.once()
        assert await bench.opened() == {}
        bench.clock.wind(HOUR + 1)
        await cabinet.once()
        assert await bench.opened() == {("operator_unseen", "k1"): "warning"}
        assert "ФД 7" in await bench.words("operator_unseen")
        operator.shown = [_register(bench)]
        await cabinet.once()
        assert await bench.opened(30) == {}


async def test_a_register_of_which_the_operator_has_long_heard_nothing_is_asked_about(tmp_path: Path) -> None:
    async with Bench(tmp_path, "operator_unseen") as bench:
        await bench.said()
        await bench.holds("k1", 1)
        old = (bench.wall - timedelta(days=15)).isoformat(timespec="seconds")
        await _cabinet(bench, BareOperator(_register(bench, last_document_at=old))).once()
        assert await bench.opened() == {("operator_unseen", "k1"): "warning"}
        assert "15 сут" in await bench.words("operator_unseen")


@pytest.mark.check(6)
async def test_a_silent_cabinet_is_one_incident_and_makes_nothing_that_it_said_untrue(tmp_path: Path) -> None:
    async with Bench(tmp_path, "operator_unreachable", "contract_ends") as bench:
        await bench.said()
        await bench.holds("k1", 1)
        operator = BareOperator(_register(bench, contract_until="2026-12-20T00:00:00"))
        cabinet = _cabinet(bench, operator)
        assert await cabinet.once()
        operator.silent = RegisterBlocked(BlockReason.ACCESS, "HTTP 401")
        assert not await cabinet.once()
        assert await bench.opened() == {("contract_ends", "k1"): "warning"}
        opened = await bench.opened(900)
        assert opened == {("contract_ends", "k1"): "warning", ("operator_unreachable", SELLER): "warning"}
        assert "не принял ключ или пароль (HTTP 401)" in await bench.words("operator_unreachable")
        operator.silent = None
        await cabinet.once()
        assert await bench.opened(10) == {("contract_ends", "k1"): "warning"}


def test_a_silent_cabinet_explains_what_is_unproven_at_the_sellers_registers() -> None:
    opened = [
        Seen("1", "operator_unreachable", SELLER),
        Seen("2", "unproven", "k1"),
        Seen("3", "unproven", "k9"),
    ]
    places = Places({"k1": SELLER, "k9": "another"}, {})
    assert explained(opened, places) == {"2": "1"}
