"""For the one who watches the process: is it alive, may it be sent receipts, what does it count?"""

import asyncio
from typing import Final

import msgspec
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from chekpoint.core.clock import epoch_ms
from chekpoint.core.errors import StoreError
from chekpoint.hub.hub import Hub
from chekpoint.shops.api_v1.meters import Gauges, Snapshot
from chekpoint.shops.api_v1.meters_chain import look_at_chain
from chekpoint.shops.api_v1.remembered import Remembered
from chekpoint.shops.api_v1.resource import RETRY_AFTER, Call
from chekpoint.shops.api_v1.wire import Answer
from chekpoint.store import people, stands
from chekpoint.store.journal import Tx

REMEMBERED: Final = 1.0  # seconds: however often somebody asks, the journal writes once in that time
WRITE_WITHIN: Final = 5.0
_ENCODER: Final = msgspec.json.Encoder()


class Alive(msgspec.Struct, frozen=True, kw_only=True):
    """``/healthz``."""

    alive: bool
    dead_workers: list[str]


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """``/readyz``. ``ready``: a receipt sent now will be stored. Registers may still be waited for."""

    ready: bool
    journal: str
    lanes: int
    lanes_standing: int
    barrier: list[str]


class Watch:
    """Answers without a key; ``registry`` holds the metrics of this hub alone."""

    def __init__(self, hub: Hub, registry: CollectorRegistry) -> None:
        self._hub, self._registry = hub, registry
        self._gauges = Gauges()
        registry.register(self._gauges)
        self._counter = stands.Counter()
        clock = hub.post.clock
        self._journal = Remembered(self._write, clock, REMEMBERED)
        self._snapshot = Remembered(self._look, clock, REMEMBERED)

    async def healthz(self, _call: Call) -> Answer:
        """503 when a worker ended: restart the process."""
        dead = self._hub.dead_workers()
        return Answer(503 if dead else 200, _ENCODER.encode(Alive(alive=not dead, dead_workers=dead)))

    async def readyz(self, _call: Call) -> Answer:
        """503 while the journal does not write."""
        journal = await self._journal.get()
        lanes = self._hub.lanes.values()
        ready = journal == "ok" and self._hub.intake is not None
        view = Ready(
            ready=ready, journal=journal, lanes=len(lanes), lanes_standing=sum(lane.standing for lane in lanes),
            barrier=sorted(self._hub.post.barrier.missing),
        )  # fmt: skip
        return Answer(200 if ready else 503, _ENCODER.encode(view), () if ready else RETRY_AFTER)

    async def _write(self) -> str:
        """A durable write of one row, as an accepted receipt is."""

        def unit(tx: Tx) -> None:
            people.set_setting(tx, f"ready:{self._hub.post.node}", str(tx.now))

        try:
            async with asyncio.timeout(WRITE_WITHIN):
                await self._hub.store.write(unit)
        except StoreError as error:
            return str(error)
        except TimeoutError:
            return f"no write within {WRITE_WITHIN:g} s"
        return "ok"

    async def metrics(self, _call: Call) -> Answer:
        """The text format of Prometheus."""
        self._gauges.snapshot = await self._snapshot.get()
        return Answer(200, generate_latest(self._registry), (), CONTENT_TYPE_LATEST.encode())

    async def _look(self) -> Snapshot:
        counts = await self._hub.store.read(self._counter.counts)
        registers = await self._hub.store.read(stands.stands)
        chain = await self._hub.store.read(look_at_chain)
        return Snapshot(self._hub, counts, registers, epoch_ms(self._hub.post.clock.now()), chain)
