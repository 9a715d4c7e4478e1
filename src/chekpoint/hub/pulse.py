"""The pulse of a node: which worker has not stirred for longer than it lawfully may, told every other second.

A worker says, each time it stirs, within how many seconds it will stir again. What is beyond that, and which
workers ended, is written to the row ``pulse:NODE`` of the database's own values; so a hung worker is seen by the
watch of its node, and a hung node by the watch of any other process.
"""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Final, NamedTuple

import msgspec
import structlog

from chekpoint.core.clock import Clock
from chekpoint.core.errors import StoreError
from chekpoint.store import people
from chekpoint.store.journal import Tx
from chekpoint.store.store import Store

log = structlog.get_logger()
PULSE: Final = "pulse:"  # + node
_NOBODY: Final[Mapping[str, float]] = MappingProxyType({})


class Beat(NamedTuple):
    """When a worker stirred (monotonic seconds), and within how many seconds it will again."""

    at: float
    within: float


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """The row. ``late``: worker -> seconds beyond its word; ``at`` is milliseconds UTC."""

    at: int
    late: dict[str, float] = {}
    dead: tuple[str, ...] = ()
    stopped: bool = False  # by a person: its silence is no trouble


class Pulse:
    """The beats of one node's workers."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._beats = clock, dict[str, Beat]()

    def beat(self, worker: str, within: float) -> None:
        """It stirs now, and will again within so many seconds."""
        self._beats[worker] = Beat(self._clock.monotonic(), within)

    def forget(self, worker: str) -> None:
        """It was ended on purpose."""
        self._beats.pop(worker, None)

    def late(self) -> dict[str, float]:
        """Workers that have not stirred as they said, with the seconds beyond."""
        now = self._clock.monotonic()
        over = {worker: now - beat.at - beat.within for worker, beat in self._beats.items()}
        return {worker: round(seconds, 1) for worker, seconds in over.items() if seconds > 0}


async def tell(
    store: Store, pulse: Pulse, *, clock: Clock, node: str, dead: Callable[[], list[str]], every: float
) -> None:
    """Write the row until cancelled."""
    while True:
        try:
            await store.write(partial(_note, node=node, late=pulse.late(), dead=tuple(dead())))
        except StoreError:
            log.exception("pulse_not_told")
        await clock.sleep(every)


async def stopped(store: Store, node: str) -> None:
    """The node is stopped on purpose. Raises StoreError."""
    await store.write(partial(_note, node=node, stopped=True))


def _note(
    tx: Tx,
    *,
    node: str,
    late: Mapping[str, float] = _NOBODY,
    dead: tuple[str, ...] = (),
    stopped: bool = False,
) -> None:
    told = Told(at=tx.now, late=dict(late), dead=dead, stopped=stopped)
    people.set_setting(tx, PULSE + node, msgspec.json.encode(told).decode())


def nodes(tx: Tx) -> dict[str, Told]:
    """Node -> what it told last."""
    names = people.settings(tx, PULSE)
    rows = {name.removeprefix(PULSE): people.setting(tx, name) for name in names}
    return {node: msgspec.json.decode(body, type=Told) for node, body in rows.items() if body}
