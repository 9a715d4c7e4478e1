"""Callbacks: a door whose protocol names an address with each receipt tells the outcome there.

The promise is written down before the receipt is accepted, so that no accepted receipt lacks it, and kept
until the shop's side took the outcome. A rejected receipt may be put back by a person: its promise stays,
and the second outcome is told as well. Several nodes may tell the same outcome twice; receivers of these
protocols must bear that anyway.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

import msgspec
import structlog

from chekpoint.core.errors import NotSent, StoreError
from chekpoint.core.lifecycle import TERMINAL, State
from chekpoint.hub.hub import Hub
from chekpoint.store import incidents, listing, memory, outcomes, people
from chekpoint.store.journal import Tx

log = structlog.get_logger()
_PREFIX: Final = "callback:"
_MOST: Final = 50_000
_AT_ONCE: Final = 8
_ROUND: Final = 1.0  # seconds between looks while outcomes are awaited
_IDLE: Final = 5.0
PAUSE_FIRST: Final = 5.0  # seconds before the second try: six tries fit into the first 300 s
PAUSE_MOST: Final = 3600.0
_SETTLE: Final = (
    1500  # ms: a shop that has not read our answer yet does not know the id, and drops the callback
)
_UNUSED: Final = 3600_000  # ms after which a promise without a receipt (it was refused) is dropped
_KEPT: Final = 32 * 86_400_000  # ms: nobody asks for an older receipt in these protocols


class Promise(msgspec.Struct, frozen=True, kw_only=True):
    """Whom to tell. ``mark`` is the order mark; times are milliseconds UTC."""

    mark: str
    url: str
    note: str = ""  # the door's own, the shop's id of the receipt say
    since: int = 0
    due: int = 0
    tries: int = 0
    failing_since: int = 0  # the first refusal of the outcome that is being told
    told: str = ""  # the state that was told already


Tell = Callable[[Promise, listing.Whole], Awaitable[None]]
"""Tells one outcome; raises NotSent unless the other side took it."""


class _Due(NamedTuple):
    """A promise and its outcome; without one the promise is void."""

    promise: Promise
    whole: listing.Whole | None


def promise(tx: Tx, shop_id: str, made: Promise) -> None:
    """Write a promise down; once the receipt is accepted, the first one stands."""
    known = memory.recall(tx, shop_id, _PREFIX + made.mark) is not None
    if not known or outcomes.by_mark(tx, made.mark) is None:
        _keep(tx, shop_id, msgspec.structs.replace(made, since=tx.now, due=tx.now + _SETTLE))


def promised(tx: Tx, shop_id: str, mark: str) -> Promise | None:
    """The promise of an order, as long as it is kept."""
    found = memory.recall(tx, shop_id, _PREFIX + mark)
    return None if found is None else msgspec.json.decode(found, type=Promise)


def _keep(tx: Tx, shop_id: str, made: Promise) -> None:
    memory.keep(tx, shop_id, _PREFIX + made.mark, msgspec.json.encode(made))


def word(shop_id: str) -> str:
    """What to ring when a promise was made."""
    return _PREFIX + shop_id


class Callbacks:
    """Keeps the promises of one shop."""

    def __init__(self, hub: Hub, shop: people.Shop, tell: Tell) -> None:
        self._hub, self._shop, self._tell = hub, shop, tell

    async def run(self) -> None:
        """Tell outcomes until cancelled."""
        while True:
            try:
                waiting = await self.once()
            except StoreError:
                log.exception("callbacks_failed", shop=self._shop.id)
                waiting = 1
            pause = max(_ROUND, waiting / 1000) if waiting else _IDLE
            await self._hub.post.bell.wait((word(self._shop.id),), pause)

    async def once(self) -> int:
        """One look; returns how many promises wait."""
        waiting, ready = await self._hub.store.read(self._look)
        for start in range(0, len(ready), _AT_ONCE):
            await asyncio.gather(*(self._attend(due) for due in ready[start : start + _AT_ONCE]))
        return waiting

    def _look(self, tx: Tx) -> tuple[int, list[_Due]]:
        kept = memory.recall_all(tx, self._shop.id, _PREFIX, most=_MOST)
        promises = [msgspec.json.decode(value, type=Promise) for _, value, _ in kept]
        found = [self._due(tx, one) for one in promises if one.due <= tx.now]
        return sum(not one.told for one in promises), [due for due in found if due is not None]

    def _due(self, tx: Tx, made: Promise) -> _Due | None:
        """What is to be done about a promise now; None while its outcome is awaited."""
        owner = outcomes.by_mark(tx, made.mark)
        if owner is None:  # it was refused, or is just being accepted
            return _Due(made, None) if tx.now - made.since > _UNUSED else None
        if made.told and tx.now - made.since > _KEPT:
            return _Due(made, None)
        if owner.state == made.told or owner.state not in TERMINAL:
            return None
        return _Due(made, listing.whole(tx, owner.id, shop_id=self._shop.id))

    async def _attend(self, due: _Due) -> None:
        error = None if due.whole is None else await self._try(due.promise, due.whole)
        await self._hub.store.write(lambda tx: self._settle(tx, due, error))

    async def _try(self, made: Promise, whole: listing.Whole) -> str | None:
        limit = self._hub.post.limits.webhook_timeout
        try:
            async with asyncio.timeout(limit):
                await self._tell(made, whole)
        except NotSent as error:
            return error.message
        except TimeoutError:
            return f"no answer within {limit:g} s"
        return None

    def _settle(self, tx: Tx, due: _Due, error: str | None) -> None:
        made = due.promise
        if due.whole is None:
            self._forget(tx, made)
        elif error is None:
            incidents.close(tx, "callback_failing", self._shop.id)
            self._told(tx, made, due.whole.line.state)
        else:
            self._failed(tx, made, error)

    def _failed(self, tx: Tx, made: Promise, error: str) -> None:
        since = made.failing_since or tx.now
        if tx.now - since > self._hub.post.limits.webhook_give_up * 1000:
            words, key = _given_up(made.url, error), self._hub.post.keys.new()
            incidents.open_incident(tx, "callback_failing", self._shop.id, words, key=key)
            self._forget(tx, made)
            return
        pause = min(PAUSE_FIRST * 2.0 ** min(made.tries, 20), PAUSE_MOST)
        later = msgspec.structs.replace(
            made, tries=made.tries + 1, due=tx.now + int(pause * 1000), failing_since=since
        )
        _keep(tx, self._shop.id, later)

    def _forget(self, tx: Tx, made: Promise) -> None:
        memory.forget(tx, self._shop.id, _PREFIX + made.mark)

    def _told(self, tx: Tx, made: Promise, state: str) -> None:
        """Only a rejected receipt can still come to another end."""
        if state == State.REJECTED:
            told = msgspec.structs.replace(made, told=state, tries=0, due=0, failing_since=0)
            _keep(tx, self._shop.id, told)
        else:
            self._forget(tx, made)


def _given_up(url: str, error: str) -> incidents.Words:
    address = url.partition("?")[0]  # what follows may be the shop's secret
    return incidents.Words(
        "warning",
        f"Магазин не принимает результаты чеков по адресу {address}: {error}. Сами чеки от этого не зависят.",
        f"The shop does not take results of receipts at {address}: {error}. The receipts do not depend on it.",
    )
