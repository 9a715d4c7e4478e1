"""The sweep: looks, every second, for what is past its time."""

import structlog

from chekpoint.core.clock import epoch_ms
from chekpoint.core.errors import StoreError
from chekpoint.hub import continuity, troubles
from chekpoint.hub.post import Post
from chekpoint.store import incidents, overdue
from chekpoint.store.journal import Tx

log = structlog.get_logger()
BATCH = 500


class Sweep:
    """Rings lanes whose receipts became ready, expires, opens and closes the incidents of lateness."""

    def __init__(self, post: Post, names: dict[str, str]) -> None:
        self._post, self._names = post, names  # register id -> name
        self._seen = 0

    async def run(self) -> None:
        """Sweep until cancelled; a failed sweep is logged and done again."""
        while True:
            self._post.pulse.beat("sweep", self._post.limits.io_timeout)
            try:
                await self.once()
            except StoreError:
                log.exception("sweep_failed")
            await self._post.clock.sleep(self._post.limits.sweep_every)

    async def once(self) -> None:
        """One sweep."""
        now = epoch_ms(self._post.clock.now())
        store, since = self._post.store, self._seen
        words = await store.read(lambda tx: [*overdue.ready_pools(tx, since), *overdue.dropped_lanes(tx)])
        self._seen = now
        for word in words:
            self._post.bell.ring(word)
        while await store.write(_expire) == BATCH:
            pass
        await self._lateness(await store.read(overdue.late), await store.read(overdue.unproven))

    async def _lateness(self, late: dict[str, int], unproven: dict[str, int]) -> None:
        """What is open is read anew: another node, or this one in an earlier life, may have opened it."""
        told = await self._post.store.read(
            lambda tx: [incidents.subjects(tx, k) for k in ("late", "unproven")]
        )
        if late.keys() == set(told[0]) and unproven.keys() == set(told[1]):
            return
        key = self._post.keys.new

        def unit(tx: Tx) -> None:
            for seller, count in late.items():
                incidents.open_incident(tx, "late", seller, troubles.late(count), key=key())
            for register, count in unproven.items():
                words = troubles.unproven(self._names.get(register, register), count)
                incidents.open_incident(tx, "unproven", register, words, key=key())
            for seller in told[0]:
                if seller not in late:
                    incidents.close(tx, "late", seller)
            for register in told[1]:
                if register not in unproven:
                    incidents.close(tx, "unproven", register)

        await self._post.store.write(unit)


def _expire(tx: Tx) -> int:
    """Not while registers are compared after a restore: what looks queued may be registered."""
    return 0 if continuity.unread(tx) else overdue.expire(tx, most=BATCH)
