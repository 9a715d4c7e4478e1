"""Many registers: a burst shared out by pull, the hub's own part of a receipt, what a thousand idle ones cost.

The burst runs on a virtual clock (tests.simulation.loop): its figures do not depend on the machine.
"""

import asyncio
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from chekpoint.core.clock import Clock, SystemClock
from chekpoint.core.errors import BlockReason, OutcomeUnknown, RegisterBlocked
from chekpoint.core.ports import Absent, Attempt, Register, Registered, RegisterStatus
from chekpoint.emulators.drive_archive import ArchivedDocument
from chekpoint.hub.hub import Hub
from chekpoint.hub.limits import Limits
from chekpoint.store import people
from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query
from chekpoint.store.store import open_store
from chekpoint.store.tables import receipt
from tests.contract.agent_bench import agent_bench
from tests.doubles.bare_register import BareRegister
from tests.doubles.deaf_shop import DeafShop
from tests.doubles.hubs import SELLER, SHOP, sale
from tests.simulation.loop import SimClock, VirtualLoop

ROOT = Path(__file__).parents[1]
RECEIPTS, REGISTERS, FAILING = 10_000, 100, 10
SLOWEST, FASTEST = 3.0, 0.3  # seconds per receipt
IDLE, IDLE_SECONDS = 1_000, 30.0
SAMPLES = 400
RECEIPT = 3  # document code
CALM = Limits(exchange_every=3600.0, exchange_calm=3600.0, status_every=10.0)


class Paced(BareRegister):
    """Takes its time for each receipt. ``dies_at``: from then on it answers nothing, or comes back once and refuses."""

    gives_tickets = False

    def __init__(self, fn: str, clock: Clock, seconds: float) -> None:
        super().__init__(fn)
        self.clock, self.seconds = clock, seconds
        self.dies_at, self.returns_at = float("inf"), float("inf")

    def _look(self) -> None:
        now = self.clock.monotonic()
        if self.dies_at <= now < self.returns_at:
            raise RegisterBlocked(BlockReason.NO_LINK, "dead")

    async def status(self) -> RegisterStatus:
        self._look()
        if (
            self.clock.monotonic() >= self.returns_at
        ):  # it is there again, and out of paper: it tells what it did
            self.blocked = BlockReason.PAPER_OUT
        return await super().status()

    async def submit(self, attempt: Attempt) -> Registered:
        self._look()
        await self.clock.sleep(self.seconds)
        if self.clock.monotonic() < self.dies_at:
            return await super().submit(attempt)
        if int(attempt.id[-1], 16) % 2:  # it had signed when it died
            await super().submit(attempt)
        raise OutcomeUnknown("it died under the command")

    async def locate(self, attempt: Attempt) -> Registered | Absent:
        self._look()
        return await super().locate(attempt)


def _hub(url: str, clock: Clock, registers: dict[str, Register], limits: Limits, **store: Any) -> Hub:
    return Hub(
        open_store(url, node="bench", clock=clock, **store), clock, random.Random(7), node="bench", limits=limits,
        zone="Europe/Moscow", registers={"bare": lambda row, _note: registers[row.id]}, operators={},
        door=lambda _url, _secret: DeafShop(),
    )  # fmt: skip


async def _furnish(hub: Hub, registers: dict[str, Register], inn: str = "7707083893") -> None:
    def unit(tx: Tx) -> None:
        people.add_seller(tx, SELLER, inn, "ООО «Ромашка»")
        people.add_shop(tx, SHOP)
        for key in registers:
            people.add_register(tx, key, SELLER, f"касса {key}", maker="bare", config=b"{}")

    await hub.store.write(unit)
    await hub.reload()


def burst(failing: int = 0) -> dict[str, Any]:
    """10,000 receipts onto 100 registers of mixed speed, by the virtual clock."""
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(_burst(SimClock(loop), failing))
    finally:
        loop.close()


async def _burst(clock: SimClock, failing: int) -> dict[str, Any]:
    chance = random.Random(20261124)
    paces = [chance.uniform(FASTEST, SLOWEST) for _ in range(REGISTERS)]
    ideal = RECEIPTS / sum(1 / pace for pace in paces)
    tills = {f"r{n:03d}": Paced(f"99990789{n:08d}", clock, pace) for n, pace in enumerate(paces)}
    with tempfile.TemporaryDirectory() as folder:
        registers: dict[str, Register] = dict(tills)
        hub = _hub(f"sqlite:///{folder}/b.db", clock, registers, CALM, inline=True, durable=False)
        await hub.start()
        await _furnish(hub, {})
        assert hub.intake is not None
        for number in range(RECEIPTS):
            await hub.intake.accept(SHOP, sale(number))
        began = clock.monotonic()
        for till in list(tills.values())[:failing]:
            till.dies_at, till.returns_at = began + ideal / 2, began + ideal / 2 + 20.0
        await _add(hub, tills)
        seen = await _ended(hub, clock, began)
        await hub.stop()
    documents = Counter(
        doc.mark for till in tills.values() for doc in till.archive.values() if doc.document == 3
    )
    return {
        "ideal_seconds": round(ideal, 1), "makespan_seconds": round(seen, 1), "to_ideal": round(seen / ideal, 4),
        "lost": RECEIPTS - len(documents), "doubled": sum(count - 1 for count in documents.values()),
    }  # fmt: skip


async def _add(hub: Hub, tills: dict[str, Paced]) -> None:
    def unit(tx: Tx) -> None:
        for key in tills:
            people.add_register(tx, key, SELLER, f"касса {key}", maker="bare", config=b"{}")

    await hub.store.write(unit)
    await hub.reload()


async def _ended(hub: Hub, clock: SimClock, began: float) -> float:
    """Seconds from the start until every receipt is fiscalised."""
    left = Query(select(func.count()).where(receipt.c.state != "fiscalised"))
    while await hub.store.read(lambda tx: tx.one(left)[0]):
        await clock.sleep(0.05)
    return clock.monotonic() - began


class Noting(BareRegister):
    """Notes when the first byte of each receipt would have left."""

    gives_tickets = False

    def __init__(self, fn: str) -> None:
        super().__init__(fn)
        self.begun: dict[str, float] = {}

    async def submit(self, attempt: Attempt) -> Registered:
        self.begun[attempt.receipt_id] = time.perf_counter()
        return await super().submit(attempt)


async def overhead() -> dict[str, Any]:
    """Intake's commit to the first byte at an idle register, one receipt at a time, SQLite FULL."""
    till = Noting("9999078900000001")
    registers: dict[str, Register] = {"r1": till}
    with tempfile.TemporaryDirectory() as folder:
        hub = _hub(f"sqlite:///{folder}/b.db", SystemClock(), registers, CALM)
        await hub.start()
        await _furnish(hub, registers)
        assert hub.intake is not None
        taken: dict[str, float] = {}
        for number in range(SAMPLES + 20):
            done = await hub.intake.accept(SHOP, sale(number))
            taken[done.receipt_id] = time.perf_counter()
            while done.receipt_id not in till.begun:  # noqa: ASYNC110 - it is the moment that is looked for
                await asyncio.sleep(0)
            await asyncio.sleep(0.02)  # the lane writes down what came of it, and is idle again
        await hub.stop()
    spent = sorted((till.begun[key] - at) * 1000 for key, at in list(taken.items())[20:])
    return {"p50_ms": round(statistics.median(spent), 2), "p99_ms": round(spent[int(len(spent) * 0.99)], 2)}


async def through_agent() -> dict[str, Any]:
    """Intake's commit to the signed document of a register behind an agent: more than to the first byte."""
    async with agent_bench("atol", generation="v2") as bench:
        signed: list[float] = []

        def note(document: ArchivedDocument) -> None:
            if document.code == RECEIPT:
                signed.append(time.perf_counter())

        bench.emulated.on_signed = note
        registers: dict[str, Register] = {"r1": bench.register}
        with tempfile.TemporaryDirectory() as folder:
            hub = _hub(f"sqlite:///{folder}/b.db", SystemClock(), registers, CALM)
            await hub.start()
            await _furnish(hub, registers, inn="7700000016")
            assert hub.intake is not None
            spent = []
            for number in range(SAMPLES // 2 + 20):
                await hub.intake.accept(SHOP, sale(number))
                taken = time.perf_counter()
                while len(signed) <= number:  # noqa: ASYNC110 - it is the moment that is looked for
                    await asyncio.sleep(0)
                spent.append((signed[number] - taken) * 1000)
                await asyncio.sleep(0.05)
            await hub.stop()
    spent = sorted(spent[20:])
    return {"p50_ms": round(statistics.median(spent), 2), "p99_ms": round(spent[int(len(spent) * 0.99)], 2)}


async def idle() -> dict[str, Any]:
    """A thousand registers that are asked how they are every ten seconds, and nothing else."""
    registers: dict[str, Register] = {f"r{n:04d}": Noting(f"99990789{n:08d}") for n in range(IDLE)}
    with tempfile.TemporaryDirectory() as folder:
        hub = _hub(f"sqlite:///{folder}/b.db", SystemClock(), registers, CALM)
        await hub.start()
        await _furnish(hub, registers)
        await asyncio.sleep(20.0)  # every lane has its lease, and stands
        before = resource.getrusage(resource.RUSAGE_SELF)
        at = time.perf_counter()
        await asyncio.sleep(IDLE_SECONDS)
        after, seconds = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter() - at
        resident = _resident()
        await hub.stop()
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"core_percent": round(used / seconds * 100, 1), "resident_mib": round(resident, 1)}


def _resident() -> float:
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


PARTS: dict[str, Any] = {
    "burst": burst, "failing": lambda: burst(FAILING), "overhead": lambda: asyncio.run(overhead()),
    "agent": lambda: asyncio.run(through_agent()), "idle": lambda: asyncio.run(idle()),
}  # fmt: skip


def run() -> dict[str, Any]:
    """All parts, each in a process of its own; the figures by name."""
    found: dict[str, Any] = {}
    for name in PARTS:
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-m", "bench.registers", name], cwd=ROOT, check=True, capture_output=True, text=True,
            env={**os.environ, "PYTHONHASHSEED": "0"},
        )  # fmt: skip
        found[name] = json.loads(done.stdout.splitlines()[-1])
    return found | {
        "burst_to_ideal": found["burst"]["to_ideal"], "failing_to_ideal": found["failing"]["to_ideal"],
        "lost": found["burst"]["lost"] + found["failing"]["lost"],
        "doubled": found["burst"]["doubled"] + found["failing"]["doubled"], "first_byte_p50_ms": found["overhead"]["p50_ms"],
        "first_byte_p99_ms": found["overhead"]["p99_ms"], "agent_p99_ms": found["agent"]["p99_ms"],
        "idle_core_percent": found["idle"]["core_percent"],
        "idle_resident_mib": found["idle"]["resident_mib"],
    }  # fmt: skip


if __name__ == "__main__":
    import logging

    from chekpoint.app.logs import configure

    configure(as_json=True, level=logging.ERROR)
    for part in sys.argv[1:] or list(PARTS):
        print(json.dumps(PARTS[part]()))
