"""What is broken on an emulated register by its control panel comes out of each driver, over its real protocol."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest

from chekpoint.core.clock import SystemClock
from chekpoint.core.ports import RegisterStatus
from chekpoint.emulators.control import control_app
from chekpoint.emulators.ofd import EmulatedOfd
from chekpoint.emulators.ofd.conduct import Conduct
from tests.contract.atol_bench import atol_bench
from tests.contract.register_bench import RegisterBench, attempt_of
from tests.contract.shtrih_bench import shtrih_bench
from tests.doubles.hubs import sale

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def bench_of(maker: str) -> AsyncIterator[RegisterBench]:
    if maker == "shtrih":
        async with shtrih_bench("tcp", "v2") as bench:
            yield bench
    else:
        async with atol_bench(maker) as bench:
            yield bench


async def order(bench: RegisterBench, path: str, **body: Any) -> None:
    """Post to the control panel, as the page of the emulator does."""
    app = control_app(faults=bench.emulated.faults, register=bench.emulated)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://panel") as http:
        answer = await http.post(f"/control/{path}", json=body)
        assert answer.status_code == 200, answer.text


async def said(bench: RegisterBench, path: str = "", **body: Any) -> RegisterStatus:
    if path:
        await order(bench, path, **body)
    return await bench.register.status()


@pytest.mark.parametrize("maker", ["v1", "v2", "shtrih"])
async def test_flags_phase_and_room_of_the_drive_are_told(maker: str) -> None:
    async with bench_of(maker) as bench:
        healthy = await said(bench)
        assert (healthy.fn_phase, healthy.fn_flags) == ("fiscal", ())
        assert healthy.ofd_inn == "7800000010"
        assert healthy.firmware
        assert healthy.registrations_left == 29
        flagged = await said(bench, "drive", flags="operator_silent, broken")
        assert set(flagged.fn_flags or ()) == {"operator_silent", "broken"}
        ageing = await said(bench, "drive", flags="", keys_days=9)
        assert ageing.fn_flags == ("exhausted",)
        dying = await said(bench, "drive", keys_days=2)
        assert set(dying.fn_flags or ()) == {"exhausted", "replace_urgently"}
        full = await said(bench, "drive", keys_days=400, documents_left=1)
        assert full.fn_flags == ("overflow",)


@pytest.mark.parametrize("maker", ["v1", "v2", "shtrih"])
async def test_a_drive_that_is_closed_is_told_by_its_phase(maker: str) -> None:
    async with bench_of(maker) as bench:
        closed = await said(bench, "drive", close=True)
        assert closed.fn_phase == "closed"
        assert not closed.ready


@pytest.mark.parametrize("maker", ["v1", "v2", "shtrih"])
async def test_another_operator_is_seen_after_a_while_without_a_restart(
    maker: str,
) -> None:
    async with bench_of(maker) as bench:
        assert (await said(bench)).ofd_inn == "7800000010"
        await order(bench, "drive", ofd_inn="7841465198")
        await order(bench, "drive", registrations_left=1)
        bench.register._known_until = 0.0  # type: ignore[attr-defined]  # the quarter of an hour is over
        changed = await said(bench)
        assert changed.ofd_inn == "7841465198"
        assert changed.registrations_left == 1


async def test_battery_supply_and_printer_are_told_where_the_protocol_has_them() -> None:
    async with bench_of("shtrih") as bench:
        assert (await said(bench)).faults == ()
        assert (await said(bench, "hardware", broken="battery")).faults == ("battery",)
        assert (await said(bench, "hardware", broken="power,printer")).faults == ("power", "printer")
        assert (await said(bench, "hardware", broken="")).faults == ()
    async with bench_of("v2") as bench:
        assert (await said(bench, "hardware", broken="battery", firmware="2.0")).faults is None
        assert (await said(bench)).firmware == "2.0"


@pytest.mark.parametrize(("path", "body"), [
    ("hardware", {"broken": "wheels"}), ("drive", {"flags": "tired"}), ("drive", {"keys_days": "soon"}),
    ("drive", {"wheels": 4}),
])  # fmt: skip
async def test_an_order_that_makes_no_sense_changes_nothing(path: str, body: dict[str, Any]) -> None:
    async with bench_of("v2") as bench:
        before = bench.emulated.inspect()
        app = control_app(faults=bench.emulated.faults, register=bench.emulated)
        async with httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=app), base_url="http://panel"
        ) as http:
            answer = await http.post(f"/control/{path}", json=body)
        assert answer.status_code == 400
        assert answer.json()["error"]
        after = bench.emulated.inspect()
        assert (after.hardware, after.registration) == (before.hardware, before.registration)


@pytest.mark.parametrize(("answer", "flags"), [(0, 0), (0, 1 << 2), (14, 1 << 1), (11, 0)])
async def test_a_ticket_is_read_with_its_answer_and_its_remarks(answer: int, flags: int) -> None:
    async with bench_of("shtrih") as bench:
        await bench.register.submit(attempt_of(bench, sale(1).receipt))
        drive = bench.emulated.drive
        assert await bench.register.ticket(drive.last_fd) is None
        ofd = EmulatedOfd(clock=SystemClock(), conduct=Conduct(answer=answer, flags=flags))
        while drive.unsent().count:
            drive.load_ticket(ofd.take(drive.outgoing()[1]), bench.emulated.local_now())
        found = await bench.register.ticket(drive.last_fd)
        assert found is not None
        assert (found.answer, found.flags) == (answer, flags)
