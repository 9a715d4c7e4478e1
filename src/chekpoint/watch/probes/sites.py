"""Sites are looked at, each in its turn: its page, and (less often) the journey of a buyer.

One round, every second:

1. read the sites, their last answers, and who asked for a look at once;
2. start what is due: a page after ``every_seconds``, sooner while it fails, and at once a second time after the first
   failure, so that a blip is known as one;
3. an answer is written with the last twenty looks, unless the site was changed meanwhile.

A journey that fails is made a second time before it counts; of that one a screenshot is kept.
"""

import asyncio
import ssl
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import structlog

from chekpoint.core.clock import epoch_ms
from chekpoint.core.errors import StoreError
from chekpoint.hub.answers import ENCODE, Glance, JourneyAnswer, PageAnswer, glanced, read
from chekpoint.hub.journeys import JourneyFault, read_journey
from chekpoint.hub.post import Post
from chekpoint.hub.sites import ASKED, JOURNEY, PAGE, TURN, turn
from chekpoint.store import probes, sites
from chekpoint.store.journal import Tx
from chekpoint.store.probes import Probe
from chekpoint.store.sites import Site
from chekpoint.watch.probes import journey, page
from chekpoint.watch.probes.settings import ProbeSettings

log = structlog.get_logger()
ROUND: Final = 1.0
PAGES_AT_ONCE: Final = 8
ANSWERS: Final[dict[str, type[PageAnswer] | type[JourneyAnswer]]] = {PAGE: PageAnswer, JOURNEY: JourneyAnswer}


class Wish(NamedTuple):
    """One look to be made."""

    kind: str
    site: Site


class SiteProbes:
    """The looker of one node. ``shots``: the folder of screenshots."""

    def __init__(self, post: Post, settings: ProbeSettings, context: ssl.SSLContext, shots: Path) -> None:
        self._post, self._settings, self._context = post, settings, context
        self._shots = journey.Shots(shots, settings.shots_kept)
        self._under_way: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._pages, self._browsers = asyncio.Semaphore(PAGES_AT_ONCE), asyncio.Semaphore(1)

    async def run(self) -> None:
        """Look until cancelled."""
        try:
            while True:
                try:
                    await self.once()
                except StoreError:
                    log.exception("sites_failed")
                await self._post.clock.sleep(ROUND)
        finally:
            for task in self._under_way.values():
                task.cancel()
            await asyncio.gather(*self._under_way.values(), return_exceptions=True)

    async def once(self) -> list[asyncio.Task[None]]:
        """Start what is due; the tasks of it."""
        self._under_way = {key: task for key, task in self._under_way.items() if not task.done()}
        started = []
        for wish in await self._post.store.read(lambda tx: due(tx, self._settings)):
            key = (wish.kind, wish.site.id)
            if key not in self._under_way:
                self._under_way[key] = asyncio.create_task(self._look(wish), name=f"look:{wish.site.name}")
                started.append(self._under_way[key])
        return started

    async def _look(self, wish: Wish) -> None:
        """One look, unless another node is at it: a journey makes an order on the site, one is enough.

        A look that fails by our own fault is logged, and made again at its next turn.
        """
        subject, store = turn(wish.kind, wish.site.id), self._post.store
        until = epoch_ms(self._post.clock.now()) + int(self._longest(wish.kind) * 1000)
        try:
            if not await store.write(lambda tx: probes.hold(tx, TURN, subject, until)):
                return
            try:
                await (self.page(wish.site) if wish.kind == PAGE else self.journey(wish.site))
            finally:
                await store.write(lambda tx: probes.free(tx, TURN, subject))
        except Exception:
            log.exception("look_failed")

    def _longest(self, kind: str) -> float:
        """Seconds after which a look is over, whatever happens: a journey is made twice, and waits for the browser."""
        settings = self._settings
        return 2 * settings.page_timeout if kind == PAGE else 4 * settings.journey_limit

    async def page(self, site: Site) -> PageAnswer:
        """Look at a page and keep what was seen."""
        async with self._pages:
            found = await page.look(
                site.url, site.expected, context=self._context, clock=self._post.clock,
                patience=self._settings.page_timeout,
            )  # fmt: skip
        await self._keep(PAGE, site, found)
        return found

    async def journey(self, site: Site) -> JourneyAnswer | None:
        """Make a journey (a second one after a failure) and keep how it went; None where its steps cannot be read."""
        try:
            steps = read_journey(site.journey or b"[]")
        except JourneyFault:
            log.exception("journey_unreadable", site=site.id)
            return None
        async with self._browsers:
            found = await journey.make(site.url, steps, self._settings)
            if found.fault is not None and found.fault.bad:
                shot = self._shots.place(site.id, epoch_ms(self._post.clock.now()))
                found = await journey.make(site.url, steps, self._settings, shot=shot)
        await self._keep(JOURNEY, site, found)
        if found.shot is not None:
            there = await self._post.store.read(sites.every)
            await self._shots.tidy(frozenset(one.id for one in there))
        return found

    async def _keep(self, kind: str, site: Site, found: PageAnswer | JourneyAnswer) -> None:
        await self._post.store.write(lambda tx: keep(tx, kind, site, found))


def keep(tx: Tx, kind: str, site: Site, found: PageAnswer | JourneyAnswer) -> None:
    """Write an answer down with the looks before it; nothing when the site is another one by now."""
    if sites.one(tx, site.id) != site:
        return
    old = probes.one(tx, kind, site.id)
    before = known(kind, old).glances if old is not None else ()
    ok = found.fault is None
    glances = glanced(before, Glance(at=tx.now, ms=found.ms, ok=ok))
    probes.note(tx, kind, site.id, ok, ENCODE(msgspec.structs.replace(found, glances=glances)))


def known(kind: str, probe: Probe) -> PageAnswer | JourneyAnswer:
    """The body of a probe of a site; an empty answer for what another version has written."""
    try:
        return read(ANSWERS[kind], probe)
    except msgspec.DecodeError:
        return PageAnswer(ms=0) if kind == PAGE else JourneyAnswer(ms=0, stages=0)


def due(tx: Tx, settings: ProbeSettings) -> list[Wish]:
    """The looks that are due now. A person who asked for one gets it also of a site that is switched off."""
    last = {kind: {one.subject: one for one in probes.every(tx, kind)} for kind in (PAGE, JOURNEY)}
    asked = {one.subject: one.at for one in probes.every(tx, ASKED)}
    wishes = []
    for site in sites.every(tx):
        for kind in (PAGE, JOURNEY) if site.journey is not None else (PAGE,):
            old = last[kind].get(site.id)
            wanted = asked.get(site.id, 0) > (old.at if old is not None else 0)
            if wanted or (site.enabled and tx.now >= next_look(kind, site, old, settings)):
                wishes.append(Wish(kind, site))
    return wishes


def next_look(kind: str, site: Site, old: Probe | None, settings: ProbeSettings) -> int:
    """When the next look is due, milliseconds UTC."""
    if old is None:
        return 0
    every = (
        float(site.every_seconds) if kind == PAGE else max(float(site.every_seconds), settings.journey_every)
    )
    if not old.ok and kind == PAGE:
        every = min(every, settings.page_again if old.since == old.at else settings.page_failing)
    elif not old.ok:
        every = min(every, settings.journey_failing)
    return old.at + int(every * 1000)
