"""Drives, shifts and the register's own body: each check opens its incident by what is stored, and closes it."""

from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from chekpoint.core.ports import FiscalDocument, RegisterStatus
from chekpoint.store import errands, outcomes, registers, retention
from tests.unit.watch_bench import FN, Bench

pytestmark = pytest.mark.anyio
DAY = 86400.0


class Said(NamedTuple):
    """What the register says, how long it must last, and what comes of it."""

    number: int
    kind: str
    fields: dict[str, Any]
    lasts: float
    severity: str
    text: str


SAID = [
    Said(10, "drive_term", {"fn_valid_until": "2026-12-24"}, 0, "warning", "осталось дней: 30"),
    Said(10, "drive_term", {"fn_valid_until": "2026-12-04T00:00:00"}, 0, "critical", "осталось дней: 10"),
    Said(10, "drive_term", {"fn_valid_until": "2026-11-27"}, 0, "critical", "Замените ФН сегодня"),
    Said(10, "drive_term", {"fn_valid_until": "2026-11-20"}, 0, "critical", "истёк"),
    Said(11, "drive_resource", {"documents_left": 90_000}, 0, "warning", "90 тыс."),
    Said(11, "drive_resource", {"documents_left": 40_000}, 0, "critical", "прогноза пока нет"),
    Said(12, "drive_flags", {"fn_flags": ("exhausted", "operator_silent")}, 0, "warning", "меньше 30 дней"),
    Said(12, "drive_flags", {"fn_flags": ("replace_urgently",)}, 0, "critical", "срочная замена"),
    Said(12, "drive_flags", {"fn_flags": ("overflow",)}, 0, "critical", "почти целиком"),
    Said(12, "drive_flags", {"fn_flags": ("broken",)}, 0, "critical", "критическая ошибка"),
    Said(13, "drive_phase", {"fn_phase": "archive"}, 5, "critical", "передан в архив"),
    Said(13, "drive_phase", {"fn_phase": "closed"}, 5, "critical", "закрыт"),
    Said(13, "drive_phase", {"fn_phase": "setup"}, 5, "critical", "не зарегистрирован"),
    Said(8, "shift_too_long", {"shift": "expired"}, 60, "critical", "больше 24 часов"),
    Said(
        8,
        "shift_too_long",
        {"shift": "open", "shift_expires_at": "2026-11-24T12:03:00"},
        60,
        "warning",
        "почти 24 часа",
    ),
    Said(21, "paper_or_printer", {"paper": False, "ready": False}, 10, "warning", "нет бумаги"),
    Said(21, "paper_or_printer", {"cover_open": True, "ready": False}, 10, "warning", "открыта крышка"),
    Said(21, "paper_or_printer", {"faults": ("cutter", "overheated")}, 10, "warning", "перегрев"),
    Said(22, "power_or_storage", {"faults": ("battery",)}, 30, "warning", "батарея"),
    Said(22, "power_or_storage", {"faults": ("power", "storage")}, 30, "warning", "карты памяти"),
    Said(23, "registrations_left", {"registrations_left": 1}, 0, "warning", "осталось: 1"),
    Said(23, "registrations_left", {"registrations_left": 0}, 0, "warning", "осталось: 0"),
]


@pytest.mark.parametrize("case", [pytest.param(one, marks=pytest.mark.check(one.number)) for one in SAID])
async def test_what_a_register_says_opens_its_incident_and_closes_it(tmp_path: Path, case: Said) -> None:
    async with Bench(tmp_path, case.kind) as bench:
        assert {check.number for check in bench.checks} == {case.number}
        await bench.said("k2")
        await bench.said(**case.fields)
        await bench.opened()
        assert await bench.opened(case.lasts) == {(case.kind, "k1"): case.severity}
        assert case.text in await bench.words(case.kind)
        await bench.said()
        await bench.opened(600)
        assert await bench.opened(600) == {}


HEALTHY: list[dict[str, Any]] = [
    {"fn_valid_until": "2026-12-25", "documents_left": 100_000, "fn_flags": (), "fn_phase": "fiscal"},
    {"shift": "open", "shift_expires_at": "2026-11-25T12:00:00", "faults": (), "registrations_left": 2},
    {"fn_valid_until": "когда-нибудь", "clock": "?", "unsent_since": "?", "shift_expires_at": ""},
]


@pytest.mark.parametrize("fields", HEALTHY)
async def test_a_healthy_register_or_one_that_talks_nonsense_opens_nothing(
    database: str, fields: dict[str, Any]
) -> None:
    async with Bench(database) as bench:
        for _ in range(40):
            for register in ("k1", "k2"):
                await bench.said(register, **fields)
            assert await bench.opened(10) == {}


def document(
    number: int, *, code: int = 3, shift: int | None = None, at: str = "2026-11-24T12:00:00"
) -> FiscalDocument:
    return FiscalDocument(
        fn=FN, fd_number=number, fiscal_sign="1", total=100, made_at=at, document=code, shift_number=shift
    )


@pytest.mark.check(11)
async def test_the_drive_is_judged_by_the_pace_of_the_last_days(database: str) -> None:
    async with Bench(database, "drive_resource") as bench:
        await bench.write(lambda tx: outcomes.see(tx, document(1), "k1"))
        bench.clock.wind(10 * DAY)
        await bench.write(lambda tx: outcomes.see(tx, document(1001), "k1"))  # 100 a day
        await bench.holds("k1", 1001)
        await bench.said(documents_left=4000)
        assert await bench.opened() == {}  # 40 days, though the number is small
        await bench.said(documents_left=2000)
        assert await bench.opened(600) == {("drive_resource", "k1"): "warning"}
        assert "хватит до 24.12.2026" in await bench.words("drive_resource")
        await bench.said(documents_left=900)
        assert await bench.opened(600) == {("drive_resource", "k1"): "critical"}
        await bench.said(documents_left=200_000)
        await bench.opened(600)
        assert await bench.opened(600) == {}


@pytest.mark.check(9)
async def test_a_shift_that_is_not_closed_at_its_time_is_told(database: str) -> None:
    async with Bench(database, "shift_schedule") as bench:
        await bench.holds("k1", 1001)
        await bench.write(
            lambda tx: registers.change_day(tx, "k1", registers.Day(close_at="13:00", open_at="13:30"))
        )
        opening = document(1, code=2, shift=1, at=bench.wall.isoformat())
        await bench.write(lambda tx: outcomes.note_shift(tx, opening, "k1"))
        await bench.said(shift="open")
        assert await bench.opened(3600) == {}  # 13:00
        assert await bench.opened(16 * 60) == {("shift_schedule", "k1"): "warning"}
        assert "закрыта в 24.11 13:00" in await bench.words("shift_schedule")
        closing = document(2, code=5, shift=1, at=bench.wall.isoformat())
        await bench.write(lambda tx: outcomes.note_shift(tx, closing, "k1"))
        await bench.said(shift="closed")
        assert await bench.opened(30) == {}
        assert await bench.opened(30 * 60) == {("shift_schedule", "k1"): "warning"}  # and not opened at 13:30
        assert "открыта в 24.11 13:30" in await bench.words("shift_schedule")
        await bench.said(shift="open")
        assert await bench.opened(30) == {}


@pytest.mark.check(9)
async def test_a_z_report_that_failed_is_told_until_the_shift_is_closed(database: str) -> None:
    async with Bench(database, "shift_errand_failed") as bench:
        await bench.said(shift="open")
        await bench.write(lambda tx: errands.add(tx, "e1", "k1", "close_shift", who="anna"))
        assert await bench.opened() == {}
        await bench.write(lambda tx: errands.begin(tx, "k1"))
        await bench.write(lambda tx: errands.end(tx, "e1", "failed", "Нет бумаги"))
        assert await bench.opened(5) == {("shift_errand_failed", "k1"): "warning"}
        assert "Нет бумаги" in await bench.words("shift_errand_failed")
        await bench.said(shift="closed")
        assert await bench.opened(5) == {}


@pytest.mark.check(8)
async def test_a_shift_is_known_by_its_document_where_the_register_tells_no_end(tmp_path: Path) -> None:
    async with Bench(tmp_path, "shift_too_long") as bench:
        await bench.holds("k1", 1001)
        opening = document(1, code=2, shift=1, at=bench.wall.isoformat())
        await bench.write(lambda tx: outcomes.note_shift(tx, opening, "k1"))
        await bench.said(shift="open")
        assert await bench.opened(23.9 * 3600) == {}
        assert await bench.opened(60 * 7) == {}
        assert await bench.opened(60) == {("shift_too_long", "k1"): "critical"}
        await bench.said(shift="closed")
        assert await bench.opened(5) == {}


@pytest.mark.check(14)
@pytest.mark.parametrize(("field", "text"), [
    ("seller_inn", "ИНН продавца"), ("registration_number", "регистрационный номер"), ("ffd", "версия ФФД"),
    ("ofd_inn", "ИНН ОФД"), ("fn", "номер ФН"),
])  # fmt: skip
async def test_a_registration_that_changed_is_told_for_some_days(
    database: str, field: str, text: str
) -> None:
    async with Bench(database, "registration_changed") as bench:
        await keep(bench, "r1", **{field: "1"})
        await bench.said(**{field: "1"})
        assert await bench.opened() == {}
        bench.clock.wind(3600)
        await keep(bench, "r2", **{field: "2"})
        await bench.said(**{field: "2"})
        assert await bench.opened(60) == {("registration_changed", "k1"): "warning"}
        assert f"{text} был 1, стал 2" in await bench.words("registration_changed")
        assert await bench.opened(4 * DAY) == {}  # a person has had days to see it


async def keep(bench: Bench, tail: str, **fields: Any) -> None:
    """A reading, as a lane keeps one from time to time."""
    body = msgspec.json.encode(RegisterStatus(ready=True, **fields))
    await bench.write(lambda tx: retention.keep_reading(tx, bench.keys.new() + tail, "k1", body))


@pytest.mark.check(23)
async def test_another_firmware_is_told(tmp_path: Path) -> None:
    async with Bench(tmp_path, "firmware_changed") as bench:
        await keep(bench, "r1", firmware="1.0")
        bench.clock.wind(60)
        await bench.said(firmware="1.1")
        assert await bench.opened() == {("firmware_changed", "k1"): "warning"}
        await bench.said(firmware="1.0")
        assert await bench.opened(60) == {}


@pytest.mark.parametrize(("printing", "ready", "told"), [
    ("never", False, False), ("asked", True, False), ("asked", False, True), ("always", True, True),
])  # fmt: skip
async def test_paper_matters_where_a_register_cannot_do_without(
    tmp_path: Path, printing: str, ready: bool, told: bool
) -> None:
    async with Bench(tmp_path, "paper_or_printer") as bench:
        await bench.write(lambda tx: registers.change_day(tx, "k1", registers.Day(printing=printing)))
        await bench.said(paper=False, cover_open=True, ready=ready)
        await bench.opened()
        assert bool(await bench.opened(60)) is told
