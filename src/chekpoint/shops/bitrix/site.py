"""One site: a poll that waits for checks, and results that go out beside it.

A poll is never given up for the sake of a result: checks that the site handed into a closed connection
would come again only after four minutes. So results travel in requests of their own, whose answer is at
once an ``ack``. A result that was not acknowledged may be one that the site never takes (its order is
gone): it goes with the polls from then on, where it keeps nothing waiting.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

import httpx2
import structlog

from chekpoint.core.clock import epoch_ms
from chekpoint.core.errors import StoreError
from chekpoint.hub.hub import Hub
from chekpoint.shops.bitrix import troubles
from chekpoint.shops.bitrix.alarms import Alarms
from chekpoint.shops.bitrix.checks import Checks
from chekpoint.shops.bitrix.ledger import Entry
from chekpoint.shops.bitrix.outcomes import Outcome, outcomes
from chekpoint.shops.bitrix.readings import Readings, Seen
from chekpoint.shops.bitrix.reply import Acknowledged, Broken, Denied, Reply, Tasks
from chekpoint.shops.bitrix.request import Kkm, ReportResult, request
from chekpoint.shops.bitrix.settings import BitrixSettings, Exchange
from chekpoint.shops.bitrix.transport import poll
from chekpoint.shops.bitrix.z_reports import ZReports
from chekpoint.store import people

log = structlog.get_logger()
REDELIVERED: Final = 240.0  # seconds after which the site hands a check out again, with every poll
ROOM: Final = 200  # checks in work at once: what registers do well within that time
BATCH: Final = 50  # results in one request
LINGER: Final = 2.0  # seconds that results wait for company while a backlog comes in
AT_ONCE: Final = 5  # checks that an answer holds at most
LOOK: Final = 0.1
LATE_LOOK: Final = 30.0
CALM: Final = 0.5  # the site's own cadence
KNOWN_MOST: Final = 5.0
BROKEN_MOST: Final = 30.0
DENIED: Final = 30.0
SILENT_AFTER: Final = 120.0
TELLERS: Final = 3


class Site:
    """Works for one shop until cancelled."""

    def __init__(
        self, hub: Hub, shop: people.Shop, settings: BitrixSettings, *, exchange: Exchange,
        client: httpx2.AsyncClient, readings: Readings,
    ) -> None:  # fmt: skip
        self._hub, self._shop, self._exchange = hub, shop, exchange
        self._client, self._readings = client, readings
        self.checks = Checks(hub, shop, settings.rules)
        self._reports = ZReports(hub, shop, readings, exchange)
        self._alarms = Alarms(hub, shop)
        self._word = f"bitrix:{shop.id}"
        self._sending: set[int] = set()
        self._tellers = asyncio.Semaphore(TELLERS)
        self._broken = 0
        self._heard_at = hub.post.clock.monotonic()
        self._known_pause = CALM
        self._full = False
        self._ready_at: float | None = None

    async def run(self) -> None:
        """Poll and report until cancelled."""
        while True:
            try:
                await self.checks.load()
                break
            except StoreError:
                log.exception("bitrix_ledger_unread", shop=self._shop.id)
                await self._sleep(1.0)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen(group))
            group.create_task(self._tell(group))

    async def _sleep(self, seconds: float) -> None:
        await self._hub.post.clock.sleep(seconds)

    def _now(self) -> float:
        return self._hub.post.clock.monotonic()

    async def _listen(self, group: asyncio.TaskGroup) -> None:
        while True:
            try:
                pause = await self._poll(group)
            except StoreError:
                log.exception("bitrix_store_failed", shop=self._shop.id)
                pause = 1.0
            if pause > 0:
                await self._sleep(pause)

    async def _poll(self, group: asyncio.TaskGroup) -> float:
        """One poll; answers how long to wait before the next."""
        seen = await self._registers()
        if not seen:
            return 2.0
        if not self._has_room():
            await self._hub.post.bell.wait((self._word,), CALM)
            return 0.0
        doubtful = [one for one in self.checks.entries.values() if one.unheard and not one.gone]
        sent = await self._outcomes(doubtful[:BATCH])
        began = self._now()
        reply = await self._ask([one.kkm for one in seen], sent)
        pause = await self._heard(reply, sent, group)
        return max(pause, 0.0 if self._now() - began > CALM or pause == 0.0 else CALM)

    async def _registers(self) -> list[Seen]:
        seen = await self._readings.of(self._shop, self._exchange)
        if seen:
            await self._alarms.mend(troubles.NO_REGISTER)
        else:
            await self._alarms.ring(troubles.NO_REGISTER, troubles.no_register(self._shop.name))
        return seen

    def _has_room(self) -> bool:
        """Checks older than the site's patience do not count: they come again whatever we do."""
        since = epoch_ms(self._hub.post.clock.now()) - REDELIVERED * 1000
        waiting = sum(1 for one in self.checks.entries.values() if not one.told and one.at > since)
        return waiting + AT_ONCE <= ROOM

    async def _ask(
        self, kkm: list[Kkm], sent: Sequence[Outcome] = (), reports: Sequence[ReportResult] = ()
    ) -> Reply:
        body = request(kkm, self._exchange.version, [one.result for one in sent], list(reports))
        return await poll(self._client, self._exchange.link, body, self._exchange.timeout)

    async def _heard(self, reply: Reply, sent: Sequence[Outcome], group: asyncio.TaskGroup) -> float:
        """Act on an answer; answers the pause that it asks for."""
        if isinstance(reply, Denied):
            await self._alarms.ring(troubles.DENIED, troubles.denied(self._shop.name))
            return DENIED
        if isinstance(reply, Broken):
            return await self._unanswered(reply)
        self._broken, self._heard_at = 0, self._now()
        await self._alarms.mend(troubles.SILENT, troubles.DENIED)
        if isinstance(reply, Acknowledged):
            await self._settle(sent, reply.uuids)
            return 0.0
        await self._settle(sent, frozenset())
        return await self._take(reply, group)

    async def _unanswered(self, reply: Broken) -> float:
        self._broken += 1
        if self._now() - self._heard_at >= SILENT_AFTER:
            await self._alarms.ring(troubles.SILENT, troubles.silent(self._shop.name, reply.ru, reply.en))
        log.info("bitrix_site_silent", shop=self._shop.id, why=reply.en)
        return min(CALM * 2.0 ** min(self._broken - 1, 10), BROKEN_MOST)

    async def _take(self, tasks: Tasks, group: asyncio.TaskGroup) -> float:
        for task in tasks.reports:
            self._reports.start(task, group, self._tell_report)
        if tasks.unreadable:
            await self._alarms.ring(
                troubles.UNREADABLE, troubles.unreadable(self._shop.name, tasks.unreadable)
            )
        taken = await self.checks.take(tasks.checks)
        self._full = len(tasks.checks) >= AT_ONCE and taken.fresh > 0
        if taken.fresh:
            self._hub.post.bell.ring(self._word)
        if len(taken.gone) >= AT_ONCE and not taken.fresh:
            await self._alarms.ring(troubles.STUCK, troubles.stuck(self._shop.name, sorted(taken.gone)))
        elif taken.fresh or not tasks.checks:
            await self._alarms.mend(troubles.STUCK)
        if taken.fresh or tasks.reports or not tasks.checks:
            self._known_pause = CALM
            return 0.0 if taken.fresh or tasks.reports else CALM / 10
        # Only checks that we have: the site hands them out with every poll until their results come.
        self._known_pause = min(self._known_pause * 2, KNOWN_MOST)
        return self._known_pause

    async def _tell(self, group: asyncio.TaskGroup) -> None:
        """Send what is certain, beside the poll."""
        late = 0.0
        while True:
            waiting = [one for one in self.checks.entries.values() if self._is_plain(one)]
            if self._now() >= late:
                waiting += [one for one in self.checks.entries.values() if one.told]
                late = self._now() + LATE_LOOK
            try:
                found = await self._outcomes(waiting)
            except StoreError:
                log.exception("bitrix_store_failed", shop=self._shop.id)
                found = []
            if found and self._is_time(len(found)):
                await self._tellers.acquire()
                batch = found[:BATCH]
                self._sending |= {one.entry.number for one in batch}
                group.create_task(self._send(batch, group))
            elif waiting:
                await self._sleep(LOOK)
            else:
                await self._hub.post.bell.wait((self._word,), LATE_LOOK)

    def _is_plain(self, entry: Entry) -> bool:
        """Waits for a result of its own: not told, not doubtful, not on its way."""
        return not (entry.told or entry.unheard or entry.gone or entry.number in self._sending)

    def _is_time(self, count: int) -> bool:
        """While a backlog comes in, results wait a little for company: each request costs the site a poll."""
        now = self._now()
        self._ready_at = self._ready_at if self._ready_at is not None else now
        if self._full and count < BATCH and now - self._ready_at < LINGER:
            return False
        self._ready_at = None
        return True

    async def _send(self, batch: list[Outcome], group: asyncio.TaskGroup) -> None:
        try:
            seen = await self._readings.of(self._shop, self._exchange)
            if not seen:
                await self._sleep(CALM)
                return
            reply = await self._ask([one.kkm for one in seen], batch)
            pause = await self._heard(reply, batch, group)
            if isinstance(reply, Broken | Denied):
                await self._sleep(pause)
        except StoreError:
            log.exception("bitrix_store_failed", shop=self._shop.id)
            await self._sleep(1.0)
        finally:
            self._sending -= {one.entry.number for one in batch}
            self._tellers.release()
            self._hub.post.bell.ring(self._word)

    async def _tell_report(self, result: ReportResult) -> bool:
        """Send a report's result; was it taken?"""
        seen = await self._readings.of(self._shop, self._exchange)
        reply = await self._ask([one.kkm for one in seen], reports=[result])
        if isinstance(reply, Tasks):
            await self.checks.take(reply.checks)
        return isinstance(reply, Acknowledged) and result.uuid in reply.uuids

    async def _outcomes(self, entries: Sequence[Entry]) -> list[Outcome]:
        return await self._hub.store.read(lambda tx: outcomes(tx, entries)) if entries else []

    async def _settle(self, sent: Sequence[Outcome], acknowledged: frozenset[str]) -> None:
        """A check may have come under a newer id meanwhile: it is done all the same."""
        if not sent:
            return
        heard = [one for one in sent if one.result.uuid in acknowledged]
        rest = [one for one in sent if one.result.uuid not in acknowledged]
        if heard:
            await self.checks.acknowledged([(one.entry, one.registered) for one in heard])
        if rest:
            await self.checks.unheard([(self._newest(one.entry), _document(one)) for one in rest])

    def _newest(self, entry: Entry) -> Entry:
        return self.checks.entries.get(entry.number, entry)


def _document(outcome: Outcome) -> str | None:
    found = outcome.result.document
    return f"ФД {found.fd_number}, ФН {found.fn}" if found else None
