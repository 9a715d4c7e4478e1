"""The outbox: every change is told to the shop, retried for days, and visible.

1. Take due notices; only the oldest one of each receipt, so that a shop hears of changes in their order.
2. Hold each by a compare-and-set, so that two nodes do not both send it.
3. Deliver; ``delivered`` only when the shop answered that it took it.
"""

import asyncio
from collections.abc import Callable

import structlog

from chekpoint.core.clock import epoch_ms
from chekpoint.core.errors import Conflict, NotSent, StoreError
from chekpoint.core.ports import Shop, ShopNotice
from chekpoint.hub import troubles
from chekpoint.hub.post import Post
from chekpoint.store import incidents, overdue
from chekpoint.store.journal import Tx

log = structlog.get_logger()
BATCH = 64
PAUSE_FIRST = 10.0  # seconds before the second try
PAUSE_MOST = 3 * 3600.0


class Outbox:
    """Delivers notices. ``door`` makes the port to a shop from its (url, secret)."""

    def __init__(self, post: Post, door: Callable[[str, str], Shop]) -> None:
        self._post, self._door = post, door

    async def run(self) -> None:
        """Deliver until cancelled."""
        while True:
            self._post.pulse.beat("outbox", self._post.limits.webhook_timeout * 3)
            try:
                sent = await self.once()
            except StoreError:
                log.exception("outbox_failed")
                sent = 0
            if not sent:
                await self._post.clock.sleep(self._post.limits.sweep_every)

    async def once(self) -> int:
        """One round; returns the number of notices tried."""
        due = await self._post.store.read(lambda tx: overdue.due_letters(tx, most=BATCH))
        first: dict[str, overdue.Letter] = {}
        for letter in due:
            first.setdefault(letter.receipt_id, letter)
        await asyncio.gather(*(self._deliver(letter) for letter in first.values()))
        return len(first)

    async def _deliver(self, letter: overdue.Letter) -> None:
        until = epoch_ms(self._post.clock.now()) + int(self._post.limits.webhook_timeout * 3000)
        try:
            await self._post.store.write(lambda tx: overdue.hold(tx, letter, until))
        except Conflict:
            return  # another node sends it
        error = await self._try(letter)
        await self._post.store.write(lambda tx: self._settle(tx, letter, until, error))

    async def _try(self, letter: overdue.Letter) -> str | None:
        if not letter.url:
            return "the shop has no address for notices any more"
        notice = ShopNotice(id=letter.id, receipt_id=letter.receipt_id, body=letter.body)
        try:
            async with asyncio.timeout(self._post.limits.webhook_timeout):
                await self._door(letter.url, letter.secret or "").tell(notice)
        except NotSent as error:
            return error.message
        except TimeoutError:
            return f"no answer within {self._post.limits.webhook_timeout:g} s"
        return None

    def _settle(self, tx: Tx, letter: overdue.Letter, seen: int, error: str | None) -> None:
        if error is None:
            overdue.settle(tx, letter.id, seen, state="delivered", check=None, error=None)
            incidents.close(tx, "webhook_failing", letter.shop_id)
        elif tx.now - letter.created_at > self._post.limits.webhook_give_up * 1000:
            overdue.settle(tx, letter.id, seen, state="given_up", check=None, error=error)
            words = troubles.webhook_given_up(letter.url or "", error)
            incidents.open_incident(tx, "webhook_failing", letter.shop_id, words, key=self._post.keys.new())
        else:
            pause = min(PAUSE_FIRST * 2.0 ** min(letter.tries, 20), PAUSE_MOST)
            overdue.settle(
                tx, letter.id, seen, state="waiting", check=tx.now + int(pause * 1000), error=error
            )
