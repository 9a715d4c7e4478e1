"""The watch beside a running hub: from a register's word, a hung lane or a ticket to an incident, and back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from chekpoint.core.ports import Attempt, Registered, RegisterStatus, Ticket
from chekpoint.hub import marks
from chekpoint.hub.hub import Hub
from chekpoint.hub.limits import Limits
from chekpoint.store import incidents, probes
from chekpoint.watch.companion import watch
from chekpoint.watch.thresholds import Thresholds
from tests.doubles.bare_register import BareRegister
from tests.doubles.hubs import running, sale
from tests.unit.hub_bench import offer, rows, settled, sqlite
from tests.waiting import until

pytestmark = pytest.mark.anyio
FN = "9999078900000001"
LIMITS = Limits(
    io_timeout=1.0, lease=3.0, status_every=0.2, exchange_every=0.05, exchange_calm=0.1, backoff_first=0.05,
    backoff_most=0.1, sweep_every=0.05, pulse_every=0.1,
)  # fmt: skip


class SickRegister(BareRegister):
    """Says of itself what a test wants, and so does the operator in its tickets."""

    def __init__(self) -> None:
        super().__init__(FN)
        self.says: dict[str, Any] = {}
        self.flags = 0
        self.warnings: tuple[str, ...] = ()

    async def status(self) -> RegisterStatus:
        return msgspec.structs.replace(await super().status(), **self.says)

    async def submit(self, attempt: Attempt) -> Registered:
        return msgspec.structs.replace(await super().submit(attempt), warnings=self.warnings)

    async def ticket(self, fd_number: int) -> Ticket | None:
        found = await super().ticket(fd_number)
        return found and msgspec.structs.replace(found, flags=self.flags, operator_inn="7841465198")


@asynccontextmanager
async def watched(database: str, register: BareRegister, **limits: Any) -> AsyncIterator[Hub]:
    look = watch(Thresholds(**limits), "Europe/Moscow", settle=0.0)
    companions = {"watch": lambda hub: look(hub.post)}
    async with running(database, {"k1": register}, limits=LIMITS, companions=companions) as hub:
        yield hub


async def opened(hub: Hub) -> set[tuple[str, str]]:
    return {(one.kind, one.subject) for one in await hub.store.read(incidents.open_now)}


async def test_an_idle_register_is_looked_at_and_its_word_opens_and_closes_an_incident(database: str) -> None:
    register = SickRegister()
    async with watched(database, register) as hub:
        await until(lambda: hub.lanes["k1"].standing)
        register.says = {"fn_flags": ("broken",), "unsent_count": 4, "unsent_since": "2026-01-01T00:00:00"}
        wanted = {("drive_flags", "k1"), ("unsent_age", "k1")}
        await until(lambda: _holds(hub, wanted))
        register.says = {"fn_flags": (), "unsent_count": 0}
        await until(lambda: _is(hub, set()))


async def _holds(hub: Hub, wanted: set[tuple[str, str]]) -> bool:
    return wanted <= await opened(hub)


async def _is(hub: Hub, wanted: set[tuple[str, str]]) -> bool:
    return await opened(hub) == wanted


async def test_a_lane_that_hangs_is_told_though_nothing_raised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with watched(sqlite(tmp_path), SickRegister(), worker_hung=0.3) as hub:
        lane = hub.lanes["k1"]
        await until(lambda: lane.standing)
        free = asyncio.Event()
        turn = lane.turn

        async def hangs() -> None:
            await free.wait()
            await turn()

        monkeypatch.setattr(lane, "turn", hangs)
        await until(lambda: _holds(hub, {("worker_hung", "k1")}))
        free.set()
        await until(lambda: _is(hub, set()))


async def test_what_the_operator_remarks_is_told_by_the_next_ticket(tmp_path: Path) -> None:
    register = SickRegister()
    register.flags = 1 << 7
    async with watched(sqlite(tmp_path), register) as hub:
        await offer(hub, sale(1))
        await until(lambda: _holds(hub, {("ticket_flags", "k1")}))
        register.flags = 0
        await offer(hub, sale(2))
        await until(lambda: _is(hub, set()))


async def test_a_refusal_of_the_operator_names_the_answer_and_each_flag(tmp_path: Path) -> None:
    register = SickRegister()
    register.flags, register.refused_at_ofd = 1 << 1 | 1 << 2, {2}
    async with watched(sqlite(tmp_path), register) as hub:
        (key,) = await offer(hub, sale(1))
        await until(lambda: _holds(hub, {("refused_by_operator", key)}))
        said = next(one for one in await rows(hub.store, "incident") if one["kind"] == "refused_by_operator")
    assert "ошибка форматно-логического контроля (код 14)" in said["text_ru"]
    assert "проверьте кабинет ККТ" in said["text_ru"]
    assert "look into the register's cabinet" in said["text_en"]


async def test_what_a_register_says_of_marking_codes_is_kept_with_the_attempt_and_told(
    tmp_path: Path,
) -> None:
    register = SickRegister()
    register.warnings = ("2106 = 00011: «Товар»", "notPrinted")
    async with watched(sqlite(tmp_path), register) as hub:
        (key,) = await offer(hub, sale(1))
        await settled(hub, 1)
        assert [a["message"] for a in await rows(hub.store, "attempt")] == [
            "2106 = 00011: «Товар»; notPrinted"
        ]
        (kept,) = await hub.store.read(lambda tx: probes.every(tx, marks.PROBE))
        assert msgspec.json.decode(kept.body) == ["2106 = 00011: «Товар»"]
        await until(lambda: _holds(hub, {("marking_unsure", key)}))
