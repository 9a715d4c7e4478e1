"""The sweep: looks, every second, for what is past its time."""

import structlog

from chekpoint.core.clock import epoch_ms
from chekpoint.core.errors import StoreError
from chekpoint.hub import continuity, troubles
from chekpoint.hub.post import Post
from chekpoint.store import incidents, overdue
from chekpoint.store.incidents import Words
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
        found = {("late", seller): troubles.late(count) for seller, count in late.items()}
        for register, count in unproven.items():
            found["unproven", register] = troubles.unproven(self._names.get(register, register), count)
        told = await self._post.store.read(_told)
        if found == told:
            return
        key = self._post.keys.new

        def unit(tx: Tx) -> None:
            for (kind, subject), words in found.items():
                if not incidents.open_incident(tx, kind, subject, words, key=key()):
                    _say_anew(tx, kind, subject, words)
            for kind, subject in told.keys() - found.keys():
                incidents.close(tx, kind, subject)

        await self._post.store.write(unit)


def _told(tx: Tx) -> dict[tuple[str, str], Words]:
    """What is open of this kind, and what it says."""
    mine = (one for one in incidents.open_now(tx) if one.kind in {"late", "unproven"})
    return {(one.kind, one.subject): Words(one.severity, one.text_ru, one.text_en) for one in mine}


def _say_anew(tx: Tx, kind: str, subject: str, words: Words) -> None:
    """The number in an open incident is that of now."""
    if incidents.standing(tx, kind, subject) != words:
        incidents.reword(tx, kind, subject, words)


def _expire(tx: Tx) -> int:
    """Not while registers are compared after a restore: what looks queued may be registered."""
    return 0 if continuity.unread(tx) else overdue.expire(tx, most=BATCH)
