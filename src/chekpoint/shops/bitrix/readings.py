"""What the site is told of the registers: ``ok`` only when it is so.

A register works when its lane is on and not blocked, it answered lately and said that it is ready, its
fiscal drive is the one in its lane, and its documents leave for the operator. The last is known from the
exchange counter and the ladder: a document that should have been at the operator by now and is not.
"""

import asyncio
from functools import partial
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
            self._posts, self._unproven = await self._hub.store.read(_look)
            await self._count({post.fn for post in self._posts if post.fn} - self._turnover.keys())
            self._until = self._hub.post.clock.monotonic() + REMEMBERED

    async def _count(self, fresh: set[str]) -> None:
        """The turnover of a drive is read once: the site looks at it when it first sees the register."""
        for fn in sorted(fresh):
            self._turnover[fn] = await self._hub.store.read(partial(standing.turnover, fn=fn))

    def _seen(self, post: standing.Post, exchange: Exchange) -> Seen:
        why = self._why_not(post, exchange)
        status = post.status
        zn, fn = (status.serial or "", status.fn or post.fn or "") if status else ("", "")
        turnover = self._turnover.get(fn, 0)
        return Seen(post.id, Kkm(zn=zn, fn=fn, works=not why, income=turnover, turnover=turnover), why)

    def _why_not(self, post: standing.Post, exchange: Exchange) -> str:
        """Why the register cannot be called working; empty when it can."""
        if not post.enabled or post.draining:
            return "off"
        if post.block is not None:
            return post.block
        if post.status_at is None or self._age(post.status_at) > self._patience():
            return "silent"
        if exchange.stop_unsent and self._unproven.get(post.id):
            return "unsent"
        return _itself(post)

    def _age(self, at: int) -> float:
        return (epoch_ms(self._hub.post.clock.now()) - at) / 1000

    def _patience(self) -> float:
        limits = self._hub.post.limits
        return SILENT * limits.status_every + limits.io_timeout


def _look(tx: Tx) -> tuple[list[standing.Post], dict[str, int]]:
    return standing.posts(tx), overdue.unproven(tx)


def _itself(post: standing.Post) -> str:
    """What the register says of itself, and whether its drive is the one that the lane works with."""
    status = post.status
    if status is None or not status.ready:
        return status.block.value if status and status.block else "not_ready"
    return "" if status.fn and status.fn == post.fn else "fiscal_drive"
