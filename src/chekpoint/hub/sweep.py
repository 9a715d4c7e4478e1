"""The sweep: looks, every second, for what is past its time."""

import structlog

from chekpoint.core.clock import epoch_ms
from chekpoint.core.errors import StoreError
from chekpoint.hub import troubles
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
        self._late: set[str] = set()
        self._unproven: set[str] = set()

    async def run(self) -> None:
        """Sweep until cancelled; a failed sweep is logged and done again."""
        while True:
            try:
                await self.once()
            except StoreError:
                log.exception("sweep_failed")
            await self._post.clock.sleep(self._post.limits.sweep_every)

    async def once(self) -> None:
        """One sweep."""
        now = epoch_ms(self._post.clock.now())
        store, since = self._post.store, self._seen
        words = await store.read(lambda tx: [*overdue.ready_sellers(tx, since), *overdue.dropped_lanes(tx)])
        self._seen = now
        for word in words:
            self._post.bell.ring(word)
        while await store.write(lambda tx: overdue.expire(tx, most=BATCH)) == BATCH:
            pass
        await self._lateness(await store.read(overdue.late), await store.read(overdue.unproven))

    async def _lateness(self, late: dict[str, int], unproven: dict[str, int]) -> None:
        if late.keys() == self._late and unproven.keys() == self._unproven:
            return
        key = self._post.keys.new

        def unit(tx: Tx) -> None:
            for seller, count in late.items():
                incidents.open_incident(tx, "late", seller, troubles.late(count), key=key())
            for register, count in unproven.items():
                words = troubles.unproven(self._names.get(register, register), count)
                incidents.open_incident(tx, "unproven", register, words, key=key())
            for seller in self._late - late.keys():
                incidents.close(tx, "late", seller)
            for register in self._unproven - unproven.keys():
                incidents.close(tx, "unproven", register)

        await self._post.store.write(unit)
        self._late, self._unproven = set(late), set(unproven)
