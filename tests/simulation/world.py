"""One seed: the parties are built, the storm passes over them, then everything must come to its end."""

import asyncio
import shutil
import sqlite3
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

from chekpoint.core.errors import StoreError
from chekpoint.core.ports import FiscalDocument
from chekpoint.emulators.faults import Chance, Fault, FaultKind, FaultPlan, Point
from chekpoint.emulators.ofd import EmulatedOfd
from chekpoint.hub.continuity import RESTORED
from chekpoint.store import people
from chekpoint.store.journal import Tx
from chekpoint.store.store import open_store
from tests.simulation import oracle
from tests.simulation.gate import Gone
from tests.simulation.loop import SimClock, VirtualLoop
from tests.simulation.node import Node
from tests.simulation.plan import plan_of
from tests.simulation.shop import HASTY, PATIENT, SELLER, Sale, foreign, sale
from tests.simulation.tills import AtolMake, AtolTill, BareTill, Document, Scene, Till
from tests.simulation.wire import LATEST, Network, Weather

CALM = 4 * 3600.0  # the longest that anything may take to come to its end
LOOK = 15.0
CLIENT_TIMEOUT = 10.0


class World:
    """Everything of one seed. ``trace`` is the same for the same seed."""

    def __init__(self, seed: int, folder: Path, loop: VirtualLoop) -> None:
        self.seed, self.loop, self.plan = seed, loop, plan_of(seed)
        self.chance = Random(f"world/{seed}")
        self.trace: list[str] = []
        self.faults: list[str] = []
        self.database = folder / "chekpoint.db"
        self.network = Network(self.note)
        self.ofd = EmulatedOfd(clock=SimClock(loop), faults=FaultPlan(seed=seed))
        self.scene = Scene(loop, folder, self.network, self.ofd, loop.create_task)
        self.tills: dict[str, Till] = {}
        for number, kind in enumerate(self.plan.tills, 1):
            till = self._till(number, kind)
            self.tills[till.key] = till
        self.nodes = [Node(name, self.scene, self.tills, f"{seed}") for name in "ab"[: self.plan.nodes]]
        self.sales = [sale(number, self.chance) for number in range(self.plan.orders)]
        self.storming = True
        self.restoring = False
        self.backed_up = False

    def note(self, text: str) -> None:
        self.trace.append(f"{self.loop.time():9.3f} {self.loop.steps:6d} {text}")

    def _till(self, number: int, kind: str) -> Till:
        weather = Weather(Random(f"weather/{self.seed}/{number}"), self.plan.badness)
        if kind == "bare":
            return BareTill(number, self.scene, weather=weather)
        age = timedelta(hours=24, seconds=-self.chance.uniform(10, self.plan.storm))
        make = AtolMake(
            kind, self.plan.ffd, age if self.plan.old_shift else None, self.chance.choice((0.0, 0.5, 3.0)),
            self.chance.choice((0.0, 0.0, 25.0)),
        )  # fmt: skip
        faults = FaultPlan(_device_chances(self.plan.device), seed=self.seed * 10 + number)
        return AtolTill(number, self.scene, weather=weather, faults=faults, make=make)

    # -- the run -------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Raises oracle.Broken."""
        self.note(f"plan {self.plan}")
        await self._furnish()
        for node in self.nodes:
            node.start()
        minding = [self._background(self._mind(node)) for node in self.nodes]
        watching = [self._background(self._watch()), self._background(self._person())]
        await asyncio.gather(*(self._guarded(act) for act in self._acts()))
        self._end_storm()
        await self._settle()
        self._judge()
        for task in (*minding, *watching):
            task.cancel()

    def _background(self, work: Any) -> "asyncio.Task[Any]":
        return self.loop.create_task(work)

    async def _guarded(self, act: Awaitable[None]) -> None:
        try:
            await act
        except StoreError as error:
            self.faults.append(f"{type(error).__name__}: {error}")

    async def _furnish(self) -> None:
        store = open_store(
            f"sqlite:///{self.database}", node="setup", clock=SimClock(self.loop), inline=True, durable=False
        )
        await store.start()

        def unit(tx: Tx) -> None:
            people.set_setting(tx, "secret", f"{self.seed:064x}")
            people.add_seller(tx, SELLER, "7700000016", "ООО «Ромашка»")
            people.add_shop(tx, PATIENT)
            people.add_shop(tx, HASTY)
            people.add_account(tx, "account", SELLER, "sim", b"{}")
            for key in self.tills:
                people.add_register(tx, key, SELLER, f"касса {key}", maker="sim", config=b"{}")

        await store.write(unit)
        await store.stop()

    # -- the storm -----------------------------------------------------------------------------------------------------

    def _acts(self) -> list[Awaitable[None]]:
        plan, acts = self.plan, [self._client(one) for one in self.sales]
        acts += [self._at(self._kill) for _ in range(plan.deaths)]
        acts += [self._at(self._hang) for _ in range(plan.hangs)]
        acts += [self._at(self._trouble) for _ in range(plan.troubles)]
        acts += [self._at(self._stranger) for _ in range(plan.strangers)]
        acts += [self._at(self._jump) for _ in range(plan.jumps)]
        acts += [self._at(self._operator_trouble) for _ in range(plan.operator_troubles)]
        acts += [self._at(self._swap) for _ in range(plan.swaps)]
        if plan.restore:
            acts.append(self._restore(plan.restore))
        return list(acts)

    async def _at(self, act: Callable[[], Awaitable[None]]) -> None:
        await asyncio.sleep(self.chance.uniform(0, self.plan.storm))
        await act()

    async def _client(self, one: Sale) -> None:
        await asyncio.sleep(self.chance.uniform(0, self.plan.storm * 0.8))
        await self._send(one)
        if self.chance.random() < self.plan.cancels:
            await asyncio.sleep(self.chance.expovariate(0.5))
            await self._cancel(one)
        if self.chance.random() < 0.3:
            await asyncio.sleep(self.chance.uniform(0, 60))
            await self._send(one)

    async def _send(self, one: Sale) -> None:
        """Until a 2xx comes, as shops do."""
        while True:
            node = self.chance.choice(self.nodes)
            if node.up and node.hub is not None and node.hub.intake is not None and not self.restoring:
                sending = node.run(node.hub.intake.accept(one.shop, one.order))
                done, _ = await asyncio.wait({sending}, timeout=CLIENT_TIMEOUT)
                if done and not sending.cancelled() and sending.exception() is None:
                    one.answered, one.known = sending.result().receipt_id, True
                    return
            await asyncio.sleep(self.chance.uniform(0.5, 5))

    async def _cancel(self, one: Sale) -> None:
        node = self.chance.choice(self.nodes)
        if not node.up or node.hub is None or one.answered is None:
            return
        asking = node.run(node.hub.verdicts.cancel(one.answered, who="shop", reason="changed their mind"))
        await asyncio.wait({asking}, timeout=CLIENT_TIMEOUT)
        if asking.done() and not asking.cancelled() and asking.exception() is None:
            one.cancelled = True
            self.note(f"{one.order.external_id} cancelled")

    async def _kill(self) -> None:
        node = self.chance.choice(self.nodes)
        if node.alive:
            node.die_at(self.loop.at_step, self.chance)

    async def _hang(self) -> None:
        node = self.chance.choice(self.nodes)
        gate, seconds = node.gate, self.chance.choice((5.0, 40.0, 100.0, 200.0))
        self.note(f"node {node.name} hangs for {seconds:g} s")
        gate.hang()
        await asyncio.sleep(seconds * self.chance.uniform(0.5, 1.5))
        gate.wake()

    async def _trouble(self) -> None:
        till = self.chance.choice(list(self.tills.values()))
        self.note(f"{till.key} {till.trouble(self.chance)}")
        await asyncio.sleep(self.chance.uniform(5, 120))
        till.mend()

    async def _stranger(self) -> None:
        till = self.chance.choice(list(self.tills.values()))
        self.note(f"{till.key} another program sells")
        await till.stranger(foreign(self.chance))

    async def _jump(self) -> None:
        seconds = self.chance.choice((-3600.0, -300.0, -20.0, 20.0, 300.0, 7200.0))
        parties: list[Node | Till] = [*self.nodes, *self.tills.values()]
        party = self.chance.choice(parties)
        if isinstance(party, Node):
            party.clock.skew += timedelta(seconds=seconds)
            self.note(f"clock of node {party.name} jumps {seconds:g} s")
        else:
            party.clock_jump(seconds)
            self.note(f"clock of {party.key} jumps {seconds:g} s")

    async def _operator_trouble(self) -> None:
        conduct, kind = self.ofd.conduct, self.chance.choice(("down", "no", "slow", "silent"))
        self.note(f"operator {kind}")
        conduct.down = kind == "down"
        conduct.answer = 14 if kind == "no" else 0
        conduct.delay_seconds = 30.0 if kind == "slow" else 0.0
        conduct.silent = kind == "silent"
        await asyncio.sleep(self.chance.uniform(10, 120))
        conduct.down, conduct.answer, conduct.delay_seconds, conduct.silent = False, 0, 0.0, False

    async def _swap(self) -> None:
        till = self.chance.choice(list(self.tills.values()))
        for _ in range(20):
            # Around a restore without the head file nobody could tell that a drive was here in between.
            if not (self.backed_up and self.plan.restore != "head") and till.swap_drive():
                self.note(f"{till.key} has another drive")
                return
            await asyncio.sleep(3)

    # -- restore from a backup -------------------------------------------------------------------------------------------

    async def _restore(self, how: str) -> None:
        """The database of some time ago comes back; what registers did since then has happened all the same."""
        await asyncio.sleep(self.chance.uniform(0, self.plan.storm * 0.6))
        backup = self.database.with_name("backup.db")
        con = sqlite3.connect(self.database)
        con.execute("VACUUM INTO ?", (str(backup),))
        con.close()
        self.note("backup")
        self.backed_up = True
        await asyncio.sleep(self.chance.uniform(20, max(30.0, self.plan.storm * 0.4)))
        self.restoring = True
        for node in self.nodes:
            node.kill()
        await asyncio.sleep(LATEST + 30)  # while a person restores, what hung on the way arrives
        self._put_back(backup, how)
        self._forget()
        self.restoring = False

    def _put_back(self, backup: Path, how: str) -> None:
        for old in self.database.parent.glob("chekpoint.db*"):
            old.unlink()
        shutil.move(backup, self.database)
        self.note(f"restored ({how})")
        if how != "head":
            for node in self.nodes:
                node.head.unlink(missing_ok=True)
        if how == "asked":
            con = sqlite3.connect(self.database)
            con.execute("INSERT OR REPLACE INTO meta VALUES (?, 'asked')", (RESTORED,))
            con.commit()
            con.close()

    def _forget(self) -> None:
        """The shop sends again what it had sent since; now and then it does not notice."""
        there = {row["id"] for row in oracle.rows(self.database)}
        for one in self.sales:
            if one.answered is not None and one.answered not in there:
                one.answered, one.known = None, False
                if self.chance.random() < 0.8:
                    self.network.carry("shop", self._send(one))

    # -- who looks after it ------------------------------------------------------------------------------------------------

    async def _mind(self, node: Node) -> None:
        """Start it again when it is dead."""
        while True:
            await asyncio.sleep(1)
            if not node.alive and not self.restoring:
                await asyncio.sleep(self.chance.uniform(0, 30))
                if not self.restoring:
                    node.start()

    async def _watch(self) -> None:
        """The oracle looks in every few seconds."""
        while True:
            await asyncio.sleep(LOOK)
            self._audit()

    def _audit(self) -> None:
        if self.restoring or self.faults:
            return
        try:
            oracle.audit(self.database, self.tills.values(), self.sales)
        except oracle.Broken as broken:
            self.note(str(broken))
            self.faults.append(str(broken))

    async def _person(self) -> None:
        """Decides what no machine can: only with the archives in hand, and only when nothing is on its way."""
        while True:
            await asyncio.sleep(60)
            node = self.nodes[0]
            if node.up and not self.restoring and all(till.idle() for till in self.tills.values()):
                await self._decide(node)

    async def _decide(self, node: Node) -> None:
        if node.hub is None or not self._all_awake():
            return
        verdicts, signed = node.hub.verdicts, oracle.truth(self.tills.values())
        for row in oracle.rows(self.database):
            if row["state"] == "in_doubt":
                docs = signed.get(row["mark"], [])
                if not docs:
                    judging = verdicts.not_registered(row["id"], who="person", reason="not in the archive")
                    await self._say(node, judging, f"{row['external_id']} judged: not registered")
                elif docs[0].fn not in self._live():
                    judging = verdicts.registered(
                        row["id"], _told(docs[0]), who="person", reason="at the operator"
                    )
                    await self._say(node, judging, f"{row['external_id']} judged: registered")
        for key in sorted(node.hub.post.barrier.missing):
            gone = [doc for doc in self.tills[key].documents() if doc.fn not in self._live()]
            if len(self.tills[key].drives()) > 1:
                judging = verdicts.write_off_drive(
                    key, who="person", reason="another drive", documents=[_told(doc) for doc in gone]
                )
                await self._say(node, judging, f"the old drive of {key} written off")

    async def _say(self, node: Node, judging: Any, words: str) -> None:
        asking = node.run(judging)
        await asyncio.wait({asking}, timeout=CLIENT_TIMEOUT)
        if asking.done() and not asking.cancelled():
            self.note(f"{words} ({asking.exception()!r})")

    def _all_awake(self) -> bool:
        return all(node.gate._open.is_set() for node in self.nodes)

    # -- the end -------------------------------------------------------------------------------------------------------

    def _end_storm(self) -> None:
        self.note("calm")
        for till in self.tills.values():
            till.heal()
        for node in self.nodes:
            node.gate.wake()
            node.gate.on_commit = lambda _: None

    async def _settle(self) -> None:
        end, left = self.loop.time() + CALM, ["nothing was looked at"]
        while self.loop.time() < end and not self.faults:
            await asyncio.sleep(LOOK)
            left = oracle.unsettled(self.database, self.tills.values(), live=self._live())
            if not left and not any(where != "ofd" for where in self.network.moving.values()):
                return
        if not self.faults:
            self.faults.append(f"STUCK: {'; '.join(left)}")

    def _live(self) -> set[str]:
        """Drives whose documents can still be followed: those in a register, or of a real operator's account."""
        return {till.drives()[-1] for till in self.tills.values()}

    def _judge(self) -> None:
        self._audit()
        for node in self.nodes:
            self.faults += [
                f"worker {name} of node {node.name} died by itself" for name in node.dead_workers()
            ]
            self.faults += node.faults
        self.faults += [f"{type(fault).__name__} on the network: {fault}" for fault in self.network.faults]
        if self.faults:
            raise oracle.Broken(self.faults[0])
        oracle.chain(self.database)

    def unforeseen(self, _: Any, context: dict[str, Any]) -> None:
        """An exception that nobody waited for."""
        error = context.get("exception")
        if not isinstance(error, Gone | asyncio.CancelledError | None):
            self.note(f"unforeseen {error!r}")


def _told(doc: Document) -> FiscalDocument:
    """A document as a person reads it in the operator's account."""
    return FiscalDocument(
        fn=doc.fn, fd_number=doc.fd_number, fiscal_sign=doc.sign, total=doc.total, made_at="2026-11-24T12:00:00",
        kind=1, mark=doc.mark,
    )  # fmt: skip


def _device_chances(rate: float) -> tuple[Chance, ...]:
    if not rate:
        return ()
    power, cable = Fault(kind=FaultKind.POWER_LOSS, seconds=20), Fault(kind=FaultKind.DROP, seconds=10)
    steps = (Point.BEFORE_SIGN, Point.AFTER_SIGN, Point.PRINTING)
    wire = (Point.OFD_CONNECT, Point.OFD_REQUEST, Point.OFD_ANSWER)
    return (
        *(Chance(probability=rate, fault=power, point=point) for point in steps),
        *(Chance(probability=rate, fault=cable, point=point) for point in steps),
        *(Chance(probability=rate, fault=Fault(kind=FaultKind.DROP), point=point) for point in wire),
    )
