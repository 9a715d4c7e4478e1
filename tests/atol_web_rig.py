"""A face of the driver's web server over emulated registers in one process, on a clock that tests turn by hand."""

import asyncio
import heapq
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2

from chekpoint.emulators.atol_web.face import AtolWeb
from chekpoint.emulators.faults import FaultPlan
from chekpoint.emulators.fiscal_drive import FiscalDrive, Registration
from chekpoint.emulators.register import EmulatedRegister

PENDING = {"wait", "inProgress", "blocked"}
PATIENCE = 2000  # turns of the event loop


class ManualClock:
    """Time stands still until a test advances it."""

    def __init__(self) -> None:
        self.start = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
        self.passed = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Event]] = []
        self._count = 0

    def now(self) -> datetime:
        return self.start + timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        return self.passed

    async def sleep(self, seconds: float) -> None:
        event = asyncio.Event()
        self._count += 1
        heapq.heappush(self._sleepers, (self.passed + seconds, self._count, event))
        await event.wait()

    def advance(self, seconds: float) -> None:
        self.passed += seconds
        while self._sleepers and self._sleepers[0][0] <= self.passed:
            heapq.heappop(self._sleepers)[2].set()

    @property
    def sleepers(self) -> int:
        return len(self._sleepers)


def make_register(
    clock: ManualClock,
    *,
    ffd: str = "1.2",
    plan: FaultPlan | None = None,
    number: int = 1,
    path: Path | None = None,
) -> EmulatedRegister:
    drive = FiscalDrive(f"999907890000000{number}", path)
    register = EmulatedRegister(drive, clock=clock, faults=plan)
    if not drive.last_fd:
        drive.register(Registration(ffd=ffd), register.local_now())
    return register


class Rig:
    """The face, its registers and an HTTP client without a network."""

    def __init__(self, web: AtolWeb, clock: ManualClock, register: EmulatedRegister, plan: FaultPlan) -> None:
        self.web = web
        self.clock = clock
        self.register = register
        self.plan = plan
        transport = httpx2.ASGITransport(web.app)
        self.http = httpx2.AsyncClient(transport=transport, base_url="http://register")

    async def post(self, uuid: str, *tasks: dict[str, Any], prefix: str = "/api/v2") -> httpx2.Response:
        return await self.http.post(f"{prefix}/requests", json={"uuid": uuid, "request": list(tasks)})

    async def look(self, uuid: str, prefix: str = "/api/v2") -> list[dict[str, Any]]:
        answer = await self.http.get(f"{prefix}/requests/{uuid}")
        assert answer.status_code == 200, answer.text
        results: list[dict[str, Any]] = answer.json()["results"]
        return results

    async def finished(self, uuid: str, prefix: str = "/api/v2") -> list[dict[str, Any]]:
        """The results once nothing is pending."""
        results: list[dict[str, Any]] = []
        for _ in range(PATIENCE):
            await asyncio.sleep(0)
            results = await self.look(uuid, prefix)
            if not any(result["status"] in PENDING for result in results):
                return results
        raise AssertionError(f"{uuid} is still pending: {results}")

    async def one(self, uuid: str, task: dict[str, Any], prefix: str = "/api/v2") -> dict[str, Any]:
        """Post one task and wait for its result."""
        answer = await self.post(uuid, task, prefix=prefix)
        assert answer.status_code == 201, answer.text
        return (await self.finished(uuid, prefix))[0]

    async def until(self, condition: Callable[[], bool]) -> None:
        for _ in range(PATIENCE):
            if condition():
                return
            await asyncio.sleep(0)
        raise AssertionError("it did not come to pass")

    async def until_status(self, uuid: str, status: str, prefix: str = "/api/v2") -> list[dict[str, Any]]:
        results: list[dict[str, Any]] = []
        for _ in range(PATIENCE):
            await asyncio.sleep(0)
            results = await self.look(uuid, prefix)
            if results[0]["status"] == status:
                return results
        raise AssertionError(f"{uuid}: {results}")


@asynccontextmanager
async def rig(
    *,
    ffd: str = "1.2",
    clock: ManualClock | None = None,
    register: EmulatedRegister | None = None,
    **options: Any,
) -> AsyncIterator[Rig]:
    """A running face with device 1 on a fresh drive."""
    clock = clock or ManualClock()
    plan = register.faults if register else FaultPlan()
    register = register or make_register(clock, ffd=ffd, plan=plan)
    web = AtolWeb({"1": register}, clock=clock, faults=plan, **options)
    running = asyncio.create_task(web.run())
    built = Rig(web, clock, register, plan)
    try:
        async with built.http:
            yield built
    finally:
        running.cancel()
        await asyncio.wait({running})
        web.close()


def position(name: str = "Бананы", amount: float = 100.0, **more: Any) -> dict[str, Any]:
    fields = {"price": amount, "quantity": 1, "amount": amount, "tax": {"type": "vat20"}}
    return {"type": "position", "name": name, **fields, **more}


def sell(
    *items: dict[str, Any], paid: float | None = None, form: str = "electronically", **more: Any
) -> dict[str, Any]:
    items = items or (position(),)
    total = sum(item.get("amount", 0) for item in items)
    return {
        "type": "sell",
        "taxationType": "osn",
        "electronically": True,
        "operator": {"name": "Иванов"},
        "items": list(items),
        "payments": [{"type": form, "sum": total if paid is None else paid}],
        **more,
    }
