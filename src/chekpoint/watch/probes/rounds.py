"""Asking many things, each in its turn: what is due is asked together, the answers are written in one unit."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import structlog

from chekpoint.core.errors import StoreError
from chekpoint.hub.answers import ENCODE, Answer
from chekpoint.hub.post import Post
from chekpoint.store import probes
from chekpoint.store.journal import Tx
from chekpoint.store.probes import Probe

log = structlog.get_logger()
ROUND: Final = 1.0
AT_ONCE: Final = 8


class Target(NamedTuple):
    """One thing to ask. ``every`` and ``failing``: seconds between two questions, and while it fails."""

    kind: str
    subject: str
    address: str
    whose: tuple[str, ...] = ()
    every: float = 60.0
    failing: float = 60.0


Named = Callable[[Tx], Iterable[Target]]
Ask = Callable[[Target], Awaitable[tuple[bool, Answer]]]


class Rounds:
    """Asks what ``named`` names; ``asks``: kind -> how. Kinds of it that are named no more are forgotten."""

    def __init__(self, post: Post, named: Named, asks: Mapping[str, Ask], *, pause: float = ROUND) -> None:
        self._post, self._named, self._asks, self._pause = post, named, asks, pause
        self._gate = asyncio.Semaphore(AT_ONCE)

    async def run(self) -> None:
        """Ask until cancelled."""
        while True:
            try:
                await self.once()
            except StoreError:
                log.exception("probes_failed", kinds=sorted(self._asks))
            await self._post.clock.sleep(self._pause)

    async def once(self) -> int:
        """One round; how many were asked."""
        due, gone = await self._post.store.read(self._due)
        answers = await asyncio.gather(*(self._one(target) for target in due))
        if due or gone:
            pairs = [
                (target, answer) for target, answer in zip(due, answers, strict=True) if answer is not None
            ]
            await self._post.store.write(lambda tx: _keep(tx, pairs, gone))
        return len(due)

    def _due(self, tx: Tx) -> tuple[list[Target], list[Probe]]:
        known = {(one.kind, one.subject): one for kind in self._asks for one in probes.every(tx, kind)}
        targets = {(one.kind, one.subject): one for one in self._named(tx)}
        due = [one for key, one in targets.items() if _is_due(one, known.get(key), tx.now)]
        return due, [old for key, old in known.items() if key not in targets]

    async def _one(self, target: Target) -> tuple[bool, Answer] | None:
        """An answer; None where our own code failed: that says nothing of what was asked, and is logged."""
        async with self._gate:
            try:
                return await self._asks[target.kind](target)
            except Exception:
                log.exception("probe_failed", kind=target.kind)
                return None


def _is_due(target: Target, old: Probe | None, now: int) -> bool:
    if old is None:
        return True
    return now - old.at >= int((target.every if old.ok else min(target.every, target.failing)) * 1000)


def _keep(tx: Tx, pairs: Sequence[tuple[Target, tuple[bool, Answer]]], gone: Sequence[Probe]) -> None:
    for target, (ok, answer) in pairs:
        probes.note(tx, target.kind, target.subject, ok, ENCODE(answer))
    for old in gone:
        probes.forget(tx, old.kind, old.subject)
