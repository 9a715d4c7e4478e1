"""One node of the hub: started, killed between any two awaits, hung, and started again over the same database."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import datetime
from random import Random
from typing import Any

from chekpoint.core.errors import BlockReason, NotSent, RegisterBlocked
from chekpoint.core.ports import OfdRecord, OfdRegister, ShopNotice
from chekpoint.core.witness import Note
from chekpoint.emulators.ofd import EmulatedOfd
from chekpoint.hub.hub import Hub
from chekpoint.hub.limits import Limits
from chekpoint.store.lanes import RegisterRow
from chekpoint.store.store import open_store
from tests.simulation.gate import Gate
from tests.simulation.tills import RECEIPTS, Scene, Till

LIMITS = Limits(
    status_every=30.0, exchange_every=2.0, exchange_calm=30.0, sweep_every=5.0, operator_every=10.0,
    operator_calm=60.0, shift_margin=120.0,
)  # fmt: skip


class SimOperator:
    """The operator's account, straight from its archive."""

    def __init__(self, ofd: EmulatedOfd, gate: Gate, chance: Random) -> None:
        self._ofd, self._gate, self._chance = ofd, gate, chance

    async def aclose(self) -> None:
        """Nothing to let go of."""

    async def documents(self, fn: str, since: datetime, until: datetime) -> AsyncIterator[OfdRecord]:
        del since, until  # it shows everything: the hub looks by number
        await self._gate.passing()
        await asyncio.sleep(self._chance.uniform(0.01, 1.0))
        if self._ofd.conduct.down:
            raise RegisterBlocked(BlockReason.NO_LINK, "the account does not answer")
        for doc in self._ofd.archive.of_drive(fn):
            if doc.code in RECEIPTS:
                yield OfdRecord(
                    fn=doc.fn, fd_number=doc.fd_number, fiscal_sign=str(doc.fiscal_sign), total=doc.total,
                    made_at=doc.made_at.isoformat(), kind=doc.kind, document=doc.code, answer=doc.answer,
                )  # fmt: skip

    async def registers(self) -> AsyncIterator[OfdRegister]:
        for fn, _count, last, _rejected in self._ofd.archive.drives():
            doc = self._ofd.archive.find(fn, last)
            if doc is not None:
                yield OfdRegister(registration_number=doc.registration_number, fn=fn)


class Listener:
    """A shop that takes some of its notices."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance

    async def tell(self, notice: ShopNotice) -> None:
        await asyncio.sleep(self._chance.uniform(0.01, 0.5))
        if self._chance.random() < 0.3:
            raise NotSent(f"no answer to {notice.id}")


class Node:
    """``life`` counts incarnations. ``faults`` are errors that no process may show."""

    def __init__(self, name: str, scene: Scene, tills: dict[str, Till], seed: str) -> None:
        self.name, self.clock, self.note = name, scene.clock(), scene.network.note
        self.database, self.head = scene.folder / "chekpoint.db", scene.folder / f"head-{name}"
        self._tills, self._ofd, self._seed = tills, scene.ofd, seed
        self.life = 0
        self.gate = Gate()
        self.gate.dead = True
        self.hub: Hub | None = None
        self.faults: list[str] = []
        self._tasks: dict[
            asyncio.Task[Any], None
        ] = {}  # in order: a set of tasks has another one in each run

    @property
    def alive(self) -> bool:
        return not self.gate.dead

    @property
    def up(self) -> bool:
        """Has it started, and does it take receipts?"""
        return (
            self.alive and self.hub is not None and self.hub.intake is not None and "sweep" in self.hub._tasks
        )

    def start(self) -> None:
        """A new process. It starts beside us, and may be killed while it does."""
        self.life += 1
        self.gate = Gate()
        self.note(f"node {self.name} starts ({self.life})")
        chance = Random(f"{self._seed}/{self.name}/{self.life}")
        gate = self.gate
        store = open_store(
            f"sqlite:///{self.database}", node=self.name, clock=self.clock, inline=True, durable=False,
            before=gate.before, after=gate.after,
        )  # fmt: skip

        def register(row: RegisterRow, note: Note) -> Any:
            return self._tills[row.id].port(gate, note, Random(chance.random()))

        self.hub = Hub(
            gate.guard(store), self.clock, chance, node=self.name, limits=LIMITS, zone="Europe/Moscow",
            registers={"sim": register}, operators={"sim": lambda _: SimOperator(self._ofd, gate, chance)},
            door=lambda _url, _secret: Listener(chance), head=self.head,
        )  # fmt: skip
        self.run(self.hub.start())

    def run(self, work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        """Work that belongs to this process and dies with it."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks[task] = None
        task.add_done_callback(lambda done: self._tasks.pop(done, None))
        return task

    def kill(self) -> None:
        """At once: what is not committed is gone, what has not left is never sent."""
        if not self.alive or self.hub is None:
            return
        self.note(f"node {self.name} dies")
        self.faults += [f"worker {name} of node {self.name} died by itself" for name in self.dead_workers()]
        self.gate.dead = True
        for task in (*self._tasks, *self.hub._tasks.values()):
            task.cancel()
        store = self.hub.store
        store.journal._writer.close()
        store.reader.close()

    def dead_workers(self) -> list[str]:
        if self.hub is None or not self.alive:
            return []
        return [f"{name} {self.hub._tasks[name]!r}" for name in self.hub.dead_workers()]

    def die_at(self, loop_step: Callable[[int, Callable[[], None]], None], chance: Random) -> None:
        """Plan a death: at a commit (before it, or after it and before anybody is told), or at any await."""
        gate, kind = self.gate, chance.choice(("before", "after", "await", "await"))
        if kind == "await":
            loop_step(chance.randrange(1, 400), lambda: self.kill() if gate is self.gate else None)
            return
        left = chance.randrange(1, 12)

        def count(when: str) -> None:
            nonlocal left
            left -= when == kind
            if left == 0 and not gate.dead:
                self.note(f"node {self.name} dies {kind} a commit")
                self.kill()

        gate.on_commit = count
