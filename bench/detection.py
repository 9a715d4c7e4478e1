"""How soon a person hears: from the moment at which a fault can be seen to the incident, and to the message taken.

A whole hub with its checks between emulated parties on real ports. Each fault is made, seen, told and healed; then each
one is made again for less than its grace, when nobody may be told anything. Slow faults (documents that wait for a quarter
of an hour) use a clock that is put ahead.
"""

import asyncio
import signal
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from chekpoint.core.clock import SystemClock, epoch_ms
from chekpoint.core.lifecycle import Proof
from chekpoint.emulators.shop_front.front import ShopFront
from chekpoint.emulators.shop_front.serve import server
from chekpoint.hub.limits import Limits
from chekpoint.hub.sites import PAGE, SiteVerbs, wanted
from chekpoint.hub.sweep import Sweep
from chekpoint.store import incidents, probes, suspicions
from tests.acceptance.truth_rig import AGENT_KEY, Truth, truth
from tests.agent_rig import AgentProcess
from tests.bitrix_rig import AheadClock, serving
from tests.waiting import until

LIMITS = Limits(io_timeout=5.0, lease=10.0, cabinet_every=5.0, cabinet_failing=5.0)
SHORT = 2.0  # seconds of a blip
CALM = 8.0  # seconds in which a message about a blip would come
PATIENCE = 120.0


class Fault(NamedTuple):
    """One way to fail. ``seen``: when it could be seen, seconds of the monotonic clock; None: when it was made."""

    name: str
    kinds: tuple[str, ...]
    make: Callable[["Stage"], Awaitable[None]]
    heal: Callable[["Stage"], Awaitable[None]]
    seen: Callable[["Stage", float], Awaitable[float]] | None = None
    blip: bool = True
    stutter: tuple[Callable[["Stage"], Awaitable[None]], Callable[["Stage"], Awaitable[None]]] | None = None


class Stage:
    """A world, its site, and the clock that can be put ahead."""

    def __init__(self, world: Truth, clock: AheadClock, front: ShopFront, agent: AgentProcess | None) -> None:
        self.world, self.clock, self.front, self.agent = world, clock, front, agent
        self.sold = 10
        self.gate = asyncio.Event()
        self.gate.set()

    async def opened(self, kinds: tuple[str, ...]) -> incidents.Open:
        """Wait until one of these kinds is open."""

        async def found() -> incidents.Open | None:
            now = await self.world.hub.store.read(incidents.open_now)
            return next((one for one in now if one.kind in kinds), None)

        one = await until(found, PATIENCE)
        assert isinstance(one, incidents.Open)
        return one

    async def sell(self, proof: Proof) -> None:
        """One receipt, followed to a rung."""
        self.sold += 1
        (receipt,) = await self.world.sell(self.sold)
        await self.world.reached(receipt, "fiscalised", proof)


async def _power_off(stage: Stage) -> None:
    stage.world.register.power_off(0)


async def _power_on(stage: Stage) -> None:
    stage.world.register.power_on()


async def _kill(stage: Stage) -> None:
    assert stage.agent is not None
    await stage.agent.end(signal.SIGKILL)


async def _start(stage: Stage) -> None:
    assert stage.agent is not None
    await stage.agent.start()


async def _stop(stage: Stage) -> None:
    assert stage.agent is not None
    stage.agent.process.send_signal(signal.SIGSTOP)


async def _go_on(stage: Stage) -> None:
    assert stage.agent is not None
    stage.agent.process.send_signal(signal.SIGCONT)


async def _cut(stage: Stage) -> None:
    stage.world.ofd.conduct.down = True
    await stage.sell(Proof.SIGNED)


async def _mend(stage: Stage) -> None:
    stage.world.ofd.conduct.down = False


async def _quarter(stage: Stage, _made: float) -> float:
    """A first suspicion, and then a quarter of an hour at once."""

    async def suspected() -> bool:
        found = await stage.world.hub.store.read(suspicions.every)
        return any(one.kind in {"exchange_error", "unsent_documents"} for one in found)

    await until(suspected, PATIENCE)
    stage.clock.ahead += 1000.0
    return time.monotonic()


async def _shut(stage: Stage) -> None:
    stage.world.ofd.account_conduct.failure = "503"


async def _reopen(stage: Stage) -> None:
    stage.world.ofd.account_conduct.failure = ""


async def _refuse(stage: Stage) -> None:
    stage.world.ofd.conduct.answer = 14
    await stage.sell(Proof.SIGNED)


async def _accept(stage: Stage) -> None:
    stage.world.ofd.conduct.answer = 0


async def _hang(stage: Stage) -> None:
    stage.gate.clear()


async def _unhang(stage: Stage) -> None:
    stage.gate.set()


async def _late(_stage: Stage, made: float) -> float:
    """Beyond the longest lawful wait of the worker, and the threshold of the check."""
    return made + LIMITS.io_timeout + 10.0


async def _site_down(stage: Stage) -> None:
    stage.front.conduct.down = True


async def _site_up(stage: Stage) -> None:
    stage.front.conduct.down = False


async def _long(stage: Stage, made: float) -> float:
    """The cabinet has failed once, and then for a quarter of an hour at once."""
    await _probed("cabinet")(stage, made)
    stage.clock.ahead += 1000.0
    return time.monotonic()


def _probed(kind: str) -> Callable[[Stage, float], Awaitable[float]]:
    """The first answer in a row that was bad."""

    async def seen(stage: Stage, _made: float) -> float:
        async def bad() -> Any:
            found = await stage.world.hub.store.read(lambda tx: probes.every(tx, kind))
            return next((one for one in found if not one.ok), None)

        probe = await until(bad, PATIENCE)
        return time.monotonic() - (epoch_ms(stage.clock.now()) - probe.since) / 1000

    return seen


FAULTS = (
    Fault("register off", ("register_blocked", "register_silent"), _power_off, _power_on),
    Fault("register without OFD", ("exchange_error", "unsent_documents", "unproven"), _cut, _mend, _quarter),
    Fault("OFD cabinet down", ("operator_unreachable",), _shut, _reopen, _long),
    Fault("OFD rejecting", ("refused_by_operator",), _refuse, _accept, blip=False),
    Fault("hub worker hung", ("worker_hung",), _hang, _unhang, _late),
    Fault("site down", ("site_down",), _site_down, _site_up, _probed(PAGE)),
)
AGENT_FAULTS = (
    Fault("agent gone", ("register_blocked", "agent_lost"), _kill, _start, stutter=(_stop, _go_on)),
)


@asynccontextmanager
async def staged(folder: Path, *, agent: bool) -> AsyncIterator[Stage]:
    """A running hub with a register, a site that is watched, and a chat."""
    clock = AheadClock()
    front = ShopFront(SystemClock())
    async with truth(folder, agent=agent, limits=LIMITS, clock=clock) as world, serving(server(front)) as url:
        wish = wanted({"name": "витрина", "url": f"{url}/", "every": "30", "enabled": "yes"}, frozenset())
        verbs = SiteVerbs(world.hub.post.keys, who="bench")
        await world.hub.store.write(lambda tx: verbs.add(tx, wish))
        computer = AgentProcess(world.address, folder, key=AGENT_KEY) if agent else None
        if computer is not None:
            await computer.start()
        stage = Stage(world, clock, front, computer)
        try:
            await stage.sell(Proof.TICKETED)
            await until(world.quiet, PATIENCE)
            yield stage
        finally:
            stage.gate.set()
            if computer is not None:
                await computer.end()


async def _timed(stage: Stage, fault: Fault) -> tuple[float, float]:
    """Seconds from the moment at which it could be seen to the incident and to the message taken."""
    before = len(stage.world.chat.texts())
    made = time.monotonic()
    await fault.make(stage)
    can_be_seen = await fault.seen(stage, made) if fault.seen else made
    await stage.opened(fault.kinds)
    opened = time.monotonic() - can_be_seen
    await until(
        lambda: any("🔴" in text or "🟡" in text for text in stage.world.chat.texts()[before:]), PATIENCE
    )
    told = time.monotonic() - can_be_seen
    await fault.heal(stage)
    return opened, told


async def _blips(stage: Stage, fault: Fault) -> int:
    """Messages after a fault that was over before its grace."""
    before = len(stage.world.chat.texts())
    make, heal = fault.stutter or (fault.make, fault.heal)
    await make(stage)
    await asyncio.sleep(SHORT)
    await heal(stage)
    await asyncio.sleep(CALM)
    await until(stage.world.quiet, PATIENCE)
    return len(stage.world.chat.texts()) - before


async def _played(faults: tuple[Fault, ...], *, agent: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for fault in faults:
        with tempfile.TemporaryDirectory() as folder:
            async with staged(Path(folder), agent=agent) as stage, hanging(stage):
                blips = await _blips(stage, fault) if fault.blip else 0
                opened, told = await _timed(stage, fault)
                found[fault.name] = {"opened": opened, "told": told, "blips": blips}
    return found


@asynccontextmanager
async def hanging(stage: Stage) -> AsyncIterator[None]:
    """While the gate is shut, the sweep hangs as a bug would let it."""
    whole = Sweep.once

    async def once(self: Sweep) -> None:
        await stage.gate.wait()
        await whole(self)

    Sweep.once = once  # type: ignore[method-assign]
    try:
        yield
    finally:
        Sweep.once = whole  # type: ignore[method-assign]


def run() -> dict[str, Any]:
    """Every fault, each in a world of its own."""
    found = asyncio.run(_played(FAULTS, agent=False)) | asyncio.run(_played(AGENT_FAULTS, agent=True))
    rows = {
        f"{name}: {what}": round(value, 2) for name, each in found.items() for what, value in each.items()
    }
    return rows | {
        "opened_worst": round(max(each["opened"] for each in found.values()), 2),
        "told_worst": round(max(each["told"] for each in found.values()), 2),
        "told_median": round(statistics.median(each["told"] for each in found.values()), 2),
        "blips_told": sum(each["blips"] for each in found.values()),
    }
