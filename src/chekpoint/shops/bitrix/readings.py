"""What the site is told of the registers: ``ok`` only when it is so.

A register works when its lane is on and not blocked, it answered lately and said that it is ready, its
fiscal drive is the one in its lane, and its documents leave for the operator. The last is known from the
exchange counter and the ladder: a document that should have been at the operator by now and is not.
"""

import asyncio
from typing import Final, NamedTuple

from chekpoint.core.clock import epoch_ms
from chekpoint.hub.hub import Hub
from chekpoint.shops.bitrix.request import Kkm
from chekpoint.shops.bitrix.settings import Exchange
from chekpoint.store import overdue, people, standing
from chekpoint.store.journal import Tx

REMEMBERED: Final = 1.0  # seconds: one look serves all sites of a hub
SILENT: Final = 3.0  # times the usual pause between two statuses


class Seen(NamedTuple):
    """A register that a site can be told of."""

    register_id: str
    kkm: Kkm
    why: str  # empty when it works


class Readings:
    """The registers of one hub, read at most once a second."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._until = 0.0
        self._posts: list[standing.Post] = []
        self._unproven: dict[str, int] = {}
        self._turnover: dict[str, int] = {}
        self._lock = asyncio.Lock()

    async def of(self, shop: people.Shop, exchange: Exchange) -> list[Seen]:
        """The seller's registers that have told their factory number, perhaps narrowed by the settings."""
        await self._look()
        own = [
            post for post in self._posts
            if post.seller_id == shop.seller_id and (not exchange.registers or post.id in exchange.registers)
        ]  # fmt: skip
        return [self._seen(post, exchange) for post in own if post.status is not None and post.status.serial]

    async def _look(self) -> None:
        async with self._lock:
            if self._hub.post.clock.monotonic() < self._until:
                return
            self._posts, self._unproven, self._turnover = await self._hub.store.read(_look)
            self._until = self._hub.post.clock.monotonic() + REMEMBERED

    def _seen(self, post: standing.Post, exchange: Exchange) -> Seen:
        why = self._why_not(post, exchange)
        status = post.status
        zn, fn = (status.serial or "", status.fn or post.fn or "") if status else ("", "")
        turnover = self._turnover.get(fn, 0)
        return Seen(post.id, Kkm(zn=zn, fn=fn, works=not why, income=turnover, turnover=turnover), why)

    def _why_not(self, post: standing.Post, exchange: Exchange) -> str:
        """Why the register cannot be called working; empty when it can."""
        status = post.status
        if not post.enabled or post.draining:
            return "off"
        if post.block is not None:
            return post.block
        if status is None or post.status_at is None or self._age(post.status_at) > self._patience():
            return "silent"
        if not status.ready and status.block is not None:
            return status.block.value
        if not status.ready or not status.fn or status.fn != post.fn:
            return "fiscal_drive"
        if exchange.stop_unsent and self._unproven.get(post.id):
            return "unsent"
        return ""

    def _age(self, at: int) -> float:
        return (epoch_ms(self._hub.post.clock.now()) - at) / 1000

    def _patience(self) -> float:
        limits = self._hub.post.limits
        return SILENT * limits.status_every + limits.io_timeout


def _look(tx: Tx) -> tuple[list[standing.Post], dict[str, int], dict[str, int]]:
    posts = standing.posts(tx)
    drives = {post.fn for post in posts if post.fn}
    return posts, overdue.unproven(tx), {fn: standing.turnover(tx, fn) for fn in drives}
