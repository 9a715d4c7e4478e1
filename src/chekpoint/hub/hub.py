"""The hub of one node: lanes, sweep, outbox and operators, started and stopped together."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from functools import partial
from pathlib import Path
from random import Random
from types import MappingProxyType

import structlog

from chekpoint.core.clock import Clock
from chekpoint.core.errors import StoreError
from chekpoint.core.ports import Operator, Shop
from chekpoint.hub import cabinets, continuity, pulse, sorting
from chekpoint.hub.cabinets import Cabinet
from chekpoint.hub.intake import Intake
from chekpoint.hub.lane import Lane, MakeRegister
from chekpoint.hub.limits import Limits
from chekpoint.hub.operators import OperatorWatch
from chekpoint.hub.outbox import Outbox
from chekpoint.hub.post import Post
from chekpoint.hub.retention import keep_to_rule
from chekpoint.hub.sweep import Sweep
from chekpoint.hub.verdicts import Verdicts
from chekpoint.store import lanes, people
from chekpoint.store.journal import Tx
from chekpoint.store.store import Store

log = structlog.get_logger()
MakeOperator = Callable[[bytes], Operator]


Connector = Callable[["Hub", people.Shop], Coroutine[None, None, None]]
"""Works for one shop until cancelled: polls its site, say. Chosen by the shop's kind."""
NO_CONNECTORS: Mapping[str, Connector] = MappingProxyType({})
Companion = Callable[["Hub"], Coroutine[None, None, None]]
"""Works beside the lanes until cancelled: the watch, the reconciliation. The composition root names them."""
NO_COMPANIONS: Mapping[str, Companion] = MappingProxyType({})


class Hub:
    """Everything that happens. The composition root gives it the makers' drivers by name."""

    def __init__(
        self, store: Store, clock: Clock, chance: Random, *, node: str, limits: Limits, zone: str,
        registers: Mapping[str, MakeRegister], operators: Mapping[str, MakeOperator],
        door: Callable[[str, str], Shop], head: Path | None = None,
        connectors: "Mapping[str, Connector]" = NO_CONNECTORS,
        companions: "Mapping[str, Companion]" = NO_COMPANIONS,
    ) -> None:  # fmt: skip
        self.post = Post(store, clock, chance, node=node, limits=limits)
        self.store, self._head, self.zone = store, head, zone
        self._makers, self._operators, self._door = registers, operators, door
        self.verdicts = Verdicts(self.post)
        self.intake: Intake | None = None
        self.shops: dict[str, people.Shop] = {}
        self.lanes: dict[str, Lane] = {}
        self._connectors, self._companions = connectors, companions
        self._connected: dict[str, people.Shop] = {}
        self._names: dict[str, str] = {}
        self._misfits: dict[str, bytes] = {}  # account -> settings with which no client can be made
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def start(self) -> None:
        """Open the journal, see whether it is the one we left, start every worker. Raises StoreError."""
        await self.store.start()
        secret = await continuity.secret(self.post)
        self.intake = Intake(
            self.store, self.post.clock, self.post.chance, self.post.bell, zone=self.zone, secret=secret
        )
        rows = await self.store.read(lanes.registers)
        # Before anything of ours writes: an event of this life would pass for the journal of an earlier one.
        await continuity.check(self.post, self._head, {row.id: row.name for row in rows if self._works(row)})
        await self.reload()
        self._spawn("pulse", self._pulse())
        self._spawn("sweep", Sweep(self.post, self._names).run())
        self._spawn("retention", keep_to_rule(self.post))
        self._spawn("refresh", self._refresh())
        self._spawn("outbox", Outbox(self.post, self._door).run())
        self._spawn("continuity", continuity.remember(self.post, self._head))
        for register_id, lane in self.lanes.items():
            self._spawn(f"lane:{register_id}", lane.run())
        for name, companion in self._companions.items():
            self._spawn(name, companion(self))

    async def reload(self) -> None:
        """Read sellers, shops, registers and accounts; start lanes of registers that are new."""
        if self.intake is not None and await self.intake.load() and "refresh" in self._tasks:
            await sorting.sort_again(self.post)
        self.shops = {s.id: s for s in await self.store.read(people.shops)}
        self._connect()
        for row in await self.store.read(lanes.registers):
            self._names[row.id] = row.name
            self._lane(row)
        for account in await self.store.read(people.accounts):
            await self._account(*account)

    async def _account(self, key: str, seller_id: str, operator: str, config: bytes) -> None:
        """Start the work for a new account at an operator. One with wrong settings does not stop the others."""
        if f"operator:{key}" in self._tasks or operator not in self._operators:
            return
        try:
            client = self._operators[operator](bytes(config))
        except (ValueError, OSError) as error:
            await self._misfit(key, seller_id, operator, config, str(error))
            return
        watch = OperatorWatch(self.post, seller_id, operator, client, troubled=cabinets.word(key))
        self._spawn(f"operator:{key}", watch.run())
        self._spawn(f"cabinet:{key}", Cabinet(self.post, key, seller_id, operator, client).run())

    async def _misfit(self, key: str, seller_id: str, operator: str, config: bytes, why: str) -> None:
        """Say once that these settings cannot be used; the settings are read again with each reload."""
        if self._misfits.get(key) != config:
            log.error("operator_not_started", operator=operator, why=why)
            await self.store.write(lambda tx: cabinets.misfit(tx, key, seller_id, operator, why))
            self._misfits[key] = config

    def _lane(self, row: lanes.RegisterRow) -> None:
        """Start the lane of a new register; tell a running one what was changed about its register.

        A register that was switched off finishes what is open and takes no more: its lane drains.
        """
        lane = self.lanes.get(row.id)
        if lane is not None and (lane.row.maker, lane.row.config) != (row.maker, row.config):
            self.post.pulse.forget(f"lane:{row.id}")
            self._tasks[f"lane:{row.id}"].cancel()  # what it may have sent is located under the next fence
            del self.lanes[row.id]
            lane = None
        if lane is not None:
            lane.row = row._replace(draining=row.draining or not row.enabled)
        elif self._works(row):
            self.lanes[row.id] = Lane(self.post, row, self._makers[row.maker])
            if "sweep" in self._tasks:
                self._spawn(f"lane:{row.id}", self.lanes[row.id].run())

    def _works(self, row: lanes.RegisterRow) -> bool:
        return bool(row.enabled) and row.maker in self._makers

    def _connect(self) -> None:
        """Start the connector of each shop that has one, and start it anew when the shop was changed."""
        for shop in self.shops.values():
            connector = self._connectors.get(shop.kind)
            if connector is not None and self._connected.get(shop.id) != shop:
                if (old := self._tasks.pop(f"shop:{shop.id}", None)) is not None:
                    old.cancel()
                self._connected[shop.id] = shop
                self._spawn(f"shop:{shop.id}", connector(self, shop))

    async def _refresh(self) -> None:
        """Notice sellers, shops and registers that the command line or another node has added."""
        work: Callable[[], Awaitable[None]] = partial(
            sorting.sort_again, self.post
        )  # routes may have been changed while no node ran
        while True:
            self.post.pulse.beat("refresh", self.post.limits.io_timeout + self.post.limits.status_every)
            try:
                await work()
            except StoreError:
                log.exception("reload_failed")
            await self.post.clock.sleep(self.post.limits.status_every)
            work = self.reload

    def _pulse(self) -> Coroutine[None, None, None]:
        post = self.post
        return pulse.tell(
            self.store, post.pulse, clock=post.clock, node=post.node, dead=self.dead_workers,
            every=post.limits.pulse_every,
        )  # fmt: skip

    def _spawn(self, name: str, work: "asyncio._CoroutineLike[None]") -> None:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks[name] = task
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A worker never ends by itself: say so loudly; health shows it."""
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("worker_died", worker=task.get_name(), why=repr(error), exc_info=error)

    async def _release(self) -> None:
        """Another node may take our lanes at once, and look for itself what became of an open attempt.

        Whoever watches is told that this silence is meant.
        """
        held = [(lane.row.id, lane.lease.fence) for lane in self.lanes.values() if lane.lease is not None]

        def unit(tx: Tx) -> None:
            for register_id, fence in held:
                lanes.release(tx, register_id, fence)

        try:
            if held:
                await self.store.write(unit)
            await pulse.stopped(self.store, self.post.node)
        except StoreError:
            log.exception("lanes_not_released")  # the leases run out by themselves

    def dead_workers(self) -> list[str]:
        """Workers that ended though the hub runs; empty when all is well."""
        return [name for name, task in self._tasks.items() if task.done()]

    async def stop(self) -> None:
        """Stop every worker, let go of the lanes, write what waits, close the database."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks.clear()
        await self._release()
        await self.store.stop()
