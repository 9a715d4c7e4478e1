"""Which days of which drives are to be compared with one account, and doing it.

* A day is compared again and again until two days after its end: documents come late to operators.
* Then it rests; a day that was not compared since the day after its end (the hub stood still, say) is made up for.
* The last day of a drive is looked at each day as long as it is young: a stranger may use the drive after us.

What is done is written down day by day (table ``compared``), so that a restart goes on where the last run stopped.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import Final, NamedTuple

import structlog

from chekpoint.core.clock import epoch_ms
from chekpoint.core.errors import RegisterError
from chekpoint.core.ports import FnsState, OfdRecord, Operator
from chekpoint.hub import tax
from chekpoint.hub.post import Post
from chekpoint.hub.reconciler import Reconciler
from chekpoint.store import compared, comparison, lanes
from chekpoint.store.journal import Tx

log = structlog.get_logger()
MARGIN: Final = timedelta(days=1)  # a register's wall clock, and that of a cabinet, may be in any zone
BATCH: Final = 500
AT_ONCE: Final = 7  # days that are listed together
DAY_MS: Final = 86_400_000


class Stretch(NamedTuple):
    """Days in a row that are due. ``open``: the drive has no later day yet, so the list goes on until now."""

    fn: str
    first: str
    last: str
    open: bool


class DueDays:
    """One account of one seller."""

    def __init__(self, post: Post, seller_id: str, name: str, operator: Operator) -> None:
        self._post, self._seller, self._operator = post, seller_id, operator
        self._source = f"operator:{name}"
        self._reconciler = Reconciler(post)

    async def once(self) -> int:
        """Compare whatever is due; returns how many days were. A drive that fails does not stop the others.

        After a restore nothing is compared until the registers have been read: our side is known to be short.
        """
        if self._post.barrier.holds:
            return 0
        now = self._post.clock.now()
        due = await self._post.store.read(lambda tx: list(self._due(tx, now)))
        done, failed = 0, set[str]()
        for stretch in due:
            if stretch.fn in failed:
                continue
            try:
                done += await self._compare(stretch)
            except RegisterError as error:
                failed.add(stretch.fn)
                log.warning("not_compared", fn=stretch.fn, source=self._source, why=str(error))
        return done

    def _due(self, tx: Tx, now: datetime) -> Iterator[Stretch]:
        own = {row.id for row in lanes.registers(tx) if row.seller_id == self._seller}
        first = (now.date() - timedelta(days=self._post.limits.reconcile_days)).isoformat()
        for drive in comparison.drives(tx):
            if drive.register_id in own:
                yield from self._of_drive(tx, drive.fn, first, epoch_ms(now))

    def _of_drive(self, tx: Tx, fn: str, first: str, now: int) -> Iterator[Stretch]:
        ranges = list(comparison.days(tx, fn, first, "9999-12-31"))
        when = compared.when(tx, fn, first)
        last = ranges[-1].day if ranges else ""
        due = [one.day for one in ranges if self._is_due(one.day, when.get(one.day), now, last)]
        for days in _in_rows(due):
            yield Stretch(fn, days[0], days[-1], days[-1] == last)

    def _is_due(self, day: str, done: int | None, now: int, last: str) -> bool:
        if done is None:
            return True
        every = int(self._post.limits.reconcile_every * 1000)
        end = _end(day)
        if now < end + 2 * DAY_MS:
            return now - done >= every
        return done < end + DAY_MS or (day == last and now - done >= DAY_MS)

    async def _compare(self, stretch: Stretch) -> int:
        since = datetime.combine(date.fromisoformat(stretch.first), time(), UTC) - MARGIN
        until = datetime.combine(date.fromisoformat(stretch.last), time(), UTC) + timedelta(days=1) + MARGIN
        if stretch.open:
            until = max(until, self._post.clock.now() + MARGIN)
        await self._keep(stretch.fn, since, until)
        done = await self._reconciler.compare(stretch.fn, stretch.first, stretch.last, self._source)
        return len(done)

    async def _keep(self, fn: str, since: datetime, until: datetime) -> None:
        """All that the operator lists, a batch at a time in memory."""
        batch = list[OfdRecord]()
        async for record in self._operator.documents(fn, since, until):
            batch.append(record)
            if len(batch) == BATCH:
                await self._batch(batch)
                batch = []
        await self._batch(batch)

    async def _batch(self, batch: list[OfdRecord]) -> None:
        """Keep what was listed; what it says of the tax service counts at once."""
        await self._reconciler.keep(self._source, batch)
        if any(one.fns not in {None, FnsState.WAITING} for one in batch):
            key, seller, source = self._post.keys.new, self._seller, self._source
            await self._post.store.write(
                lambda tx: tax.told_later(tx, batch, seller_id=seller, source=source, key=key)
            )


def _end(day: str) -> int:
    """The end of a register's day, no earlier than it can be in any zone east of Greenwich; milliseconds UTC."""
    return epoch_ms(datetime.combine(date.fromisoformat(day), time(), UTC)) + DAY_MS


def _in_rows(days: list[str]) -> Iterator[list[str]]:
    """Due days cut into rows that are listed together: close to each other, and not too many."""
    week = timedelta(days=AT_ONCE).days
    for _, row in groupby(days, key=lambda day: date.fromisoformat(day).toordinal() // week):
        yield list(row)
