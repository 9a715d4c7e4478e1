"""Reconciliation of one drive: both sides are brought level, compared day by day, and what differs is explained.

1. What an operator shows is kept (``keep``), with the digests of its items and VAT.
2. For each day the facts of new rows are computed, held against the other side; a receipt whose document the
   operator has, with every field equal, climbs to ``matched`` (in the same transaction).
3. The database compares the facts; only what differs is read and judged, and the mismatches are settled.

Looking is done beside the writer's thread. A few days share a transaction, and each leaves its mark in it: after a
crash the next run goes on with the days that lack theirs.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from typing import Final, NamedTuple

from chekpoint.core.lifecycle import Proof
from chekpoint.core.ports import OfdRecord
from chekpoint.hub import digests, facts, gaps
from chekpoint.hub.judging import Judge, Patience, Place, shift_between
from chekpoint.hub.mismatch_words import explain
from chekpoint.hub.post import Post
from chekpoint.store import compared, comparison, mismatches, ofd_records, views_registers
from chekpoint.store.compared import Compared
from chekpoint.store.comparison import RECEIPT_CODES, Ours, Range, Sides, Theirs
from chekpoint.store.journal import Tx
from chekpoint.store.mismatches import Difference
from chekpoint.store.transitions import climb_all

BATCH: Final = 200
TOGETHER: Final = 400  # rows that share a transaction: a commit waits for the disk
SAMPLE: Final = 50  # pairs that tell whether all times are shifted
FEWEST: Final = 3  # so many pairs must agree on a shift
NEARLY_ALL: Final = 0.9
DRIVES_FOR: Final = 60.0  # seconds that the list of drives is taken for true: another node may add one


class Filled(NamedTuple):
    """Facts that were computed, and the receipts that they prove: id -> what the operator showed."""

    ours: list[Ours]
    theirs: list[tuple[Theirs, int]]
    proven: dict[str, str]

    @property
    def weight(self) -> int:
        """Rows to be written."""
        return len(self.ours) + len(self.theirs)


class Found(NamedTuple):
    """What one day's comparison saw."""

    ours: int
    theirs: int
    equal: int
    differences: list[Difference]


class Day(NamedTuple):
    """One day looked at. ``zone``: of the whole drive; None: it cannot be told. ``more``: it is not level yet."""

    range: Range
    filled: Filled
    found: Found
    zone: list[Difference] | None
    more: bool


class Reconciler:
    """Works over the store alone: who lists the documents (an account, a file) is not its business."""

    def __init__(self, post: Post) -> None:
        self._post = post
        self._drives: tuple[str, ...] | None = None
        self._drives_until = 0.0

    async def keep(self, source: str, records: Sequence[OfdRecord]) -> ofd_records.Kept:
        """Remember what a source shows; any drives, in any order. Nothing is compared yet."""
        by_drive = dict[str, list[ofd_records.Shown]]()
        for record in records:
            shown = ofd_records.Shown(source, record, *digests.of_record(record))
            by_drive.setdefault(record.fn, []).append(shown)
        if self._drives is not None and not by_drive.keys() <= set(self._drives):
            self._drives = None
        fresh = changed = 0
        for shown_of in by_drive.values():
            kept = await self._post.store.write(partial(ofd_records.keep, shown=shown_of))
            fresh, changed = fresh + kept.fresh, changed + kept.changed
        return ofd_records.Kept(fresh, changed)

    async def compare(
        self, fn: str, first: str, last: str, source: str, *, complete: bool = True
    ) -> list[Compared]:
        """Compare the days of a drive from one to another (YYYY-MM-DD of the register's clock, both included).

        ``complete``: the source has listed all that it has of these days; else nothing is called missing there.
        """
        ranges = await self._post.store.read(lambda tx: list(comparison.days(tx, fn, first, last)))
        place = await self._place(fn, complete=complete)
        if place is None or not ranges:
            return []
        if complete and await self._unknown_there(place, ranges):
            return []
        done, looked, weight = list[Compared](), list[Day](), 0
        for one in ranges:
            day = await self._look_at(place, one)
            looked.append(day)
            weight += 1 + day.filled.weight + len(day.found.differences)
            if weight >= TOGETHER:
                done += await self._settle(place, looked, source)
                looked, weight = [], 0
        return done + await self._settle(place, looked, source)

    async def _look_at(self, place: Place, one: Range) -> Day:
        """Compare a day. Where much of it was never compared, that is brought level first, a batch at a time."""
        patience = self._patience
        while True:
            day = await self._post.store.read(lambda tx: _look(tx, place, one, patience))
            if not day.more:
                return day
            await self._post.store.write(partial(self._write_down, fn=place.fn, filled=day.filled))

    async def _settle(self, place: Place, looked: Sequence[Day], source: str) -> list[Compared]:
        """Write down what some days have shown, together."""
        if not looked:
            return []

        def unit(tx: Tx) -> list[Compared]:
            done = [self._settle_day(tx, place, day, source) for day in looked]
            gaps.refresh(tx, place.register_id, self._post.keys.new)
            return done

        return await self._post.store.write(unit)

    def _settle_day(self, tx: Tx, place: Place, day: Day, source: str) -> Compared:
        one, found = day.range, day.found
        self._write_down(tx, place.fn, day.filled)
        standing = mismatches.of_range(tx, place.register_id, place.fn, one.low, one.high)
        mismatches.settle(tx, standing, found.differences, self._post.keys.new)
        self._settle_drive(tx, place, "wrong_zone", day.zone)
        done = Compared(
            place.fn, one.day, place.register_id, found.ours, found.theirs, found.equal, source, tx.now
        )
        compared.note(tx, done)
        return done

    @property
    def _patience(self) -> Patience:
        limits = self._post.limits
        return Patience(int(limits.shown_expected * 1000), int(limits.tax_expected * 1000))

    def _write_down(self, tx: Tx, fn: str, filled: Filled) -> None:
        for ours in filled.ours:
            comparison.fill_ours(tx, fn, ours)
        for theirs, number in filled.theirs:
            comparison.fill_theirs(tx, fn, theirs, number)
        by_source = dict[str, dict[str, str]]()
        for receipt_id, source in filled.proven.items():
            name, _, body = source.partition("\n")
            by_source.setdefault(name, {})[receipt_id] = body
        for name, bodies in by_source.items():
            climb_all(tx, bodies, Proof.MATCHED, source=name, check=None, key=self._post.keys.new)

    async def _unknown_there(self, place: Place, ranges: Sequence[Range]) -> bool:
        """Does nobody show anything of this drive, though its documents are old enough? One mismatch, not thousands."""
        shown = self._patience.shown

        def look(tx: Tx) -> list[Difference]:
            if ofd_records.anything(tx, place.fn):
                return []
            count = comparison.older(tx, place.fn, ranges[0].low, tx.now - shown)
            return [_of_drive(place, "drive_missing", ranges[0].day, count=count)] if count else []

        found = await self._post.store.read(look)
        told = await self._post.store.read(lambda tx: mismatches.of_subject(tx, "drive_missing", place.fn))

        def unit(tx: Tx) -> None:
            if any(self._settle_drive(tx, place, "drive_missing", found)):
                gaps.refresh(tx, place.register_id, self._post.keys.new)

        if found or told:
            await self._post.store.write(unit)
        return bool(found)

    def _settle_drive(
        self, tx: Tx, place: Place, kind: str, found: list[Difference] | None
    ) -> mismatches.Settled:
        """A mismatch of the whole drive; None: nothing can be said today, so what stands stays."""
        if found is None:
            return mismatches.Settled(0, 0)
        standing = mismatches.of_subject(tx, kind, place.fn)
        return mismatches.settle(tx, standing, found, self._post.keys.new)

    async def _place(self, fn: str, *, complete: bool) -> Place | None:
        """Where a drive is; None when the journal knows nothing of it."""
        now = self._post.clock.monotonic()
        if self._drives is None or now > self._drives_until:
            known = await self._post.store.read(_drives)
            self._drives, self._drives_until = known, now + DRIVES_FOR
        drive = await self._post.store.read(lambda tx: comparison.drive(tx, fn))
        if drive is None:
            return None
        register = await self._post.store.read(lambda tx: views_registers.one(tx, drive.register_id))
        return Place(fn, drive.register_id, register.status if register else None, self._drives, complete)


def _drives(tx: Tx) -> tuple[str, ...]:
    """Every drive that either side knows."""
    known = chain((one.fn for one in comparison.drives(tx)), ofd_records.drives(tx))
    return tuple(dict.fromkeys(known))


def _fill_one(both: Sides, filled: Filled) -> Sides:
    """The facts of both sides of one number; records are computed anew when our document is new."""
    ours = both.ours
    fresh = ours is not None and ours.facts is None
    if ours is not None and ours.facts is None:
        ours = facts.digested(ours)
        filled.ours.append(ours)
    for one in both.theirs:
        if one.facts is None or fresh:
            filled.theirs.append((one, facts.of_theirs(one, ours)))
            if ours is not None and ours.receipt_id and facts.matches(one, ours):
                filled.proven[ours.receipt_id] = f"{one.source}\n{bytes(one.body).decode()}"
    return both._replace(ours=ours)


def _look(tx: Tx, place: Place, one: Range, patience: Patience) -> Day:
    """Compare a day: what has no facts yet is judged from its columns, the rest by its facts."""
    filled = Filled([], [], {})
    bare = comparison.bare(tx, place.fn, one.low, one.high, most=BATCH + 1)
    fresh = {both.fd_number: _fill_one(both, filled) for both in comparison.sides(tx, place.fn, bare[:BATCH])}
    if len(bare) > BATCH:
        return Day(one, filled, Found(0, 0, 0, []), None, more=True)
    hours = _hours(tx, place.fn, one)
    walked = comparison.walk(tx, place.fn, one.low, one.high)
    odd = comparison.sides(tx, place.fn, (number for number in walked.odd if number not in fresh))
    total = walked.total + sum(_is_receipt(ours) for ours in filled.ours)
    found = _judged(Judge(tx, place, patience, hours or 0), chain(fresh.values(), odd), total)
    found.differences.extend(_holes(tx, place, one))
    return Day(one, filled, found, _zone(place, one, hours), more=False)


def _judged(judge: Judge, odd: Iterable[Sides], total: int) -> Found:
    """Judge what is not known to be equal; the rest of ``total`` is."""
    differences, here, there, same = list[Difference](), 0, 0, 0
    for both in odd:
        found = list(judge.judge(both))
        differences += found
        is_here = both.ours is not None and _is_receipt(both.ours)
        is_there = any(_is_receipt(theirs) for theirs in both.theirs)
        here, there, same = here + is_here, there + is_there, same + (is_here and is_there and not found)
    return Found(total, total - here + there, total - here + same, differences)


def _is_receipt(one: Ours | Theirs) -> bool:
    return one.document in RECEIPT_CODES


def _hours(tx: Tx, fn: str, one: Range) -> int | None:
    """By how many hours nearly all times of the operator are shifted; 0: they are not; None: too few to tell."""
    pairs = comparison.pairs(tx, fn, one.low, one.high, most=SAMPLE)
    shifts = Counter(shift_between(ours, theirs) for ours, theirs in pairs)
    if len(pairs) < FEWEST:
        known = mismatches.of_subject(tx, "wrong_zone", fn)
        return next(iter(shifts)) if known and len(shifts) == 1 else None
    hours, many = shifts.most_common(1)[0]
    return hours if hours and many >= len(pairs) * NEARLY_ALL else 0


def _zone(place: Place, one: Range, hours: int | None) -> list[Difference] | None:
    if hours is None:
        return None
    return [_of_drive(place, "wrong_zone", one.day, hours=f"{hours:+d}")] if hours else []


def _holes(tx: Tx, place: Place, one: Range) -> Iterator[Difference]:
    """Numbers that neither side knows, where the journal knows every document of the drive."""
    if not comparison.reads_drive(tx, place.fn):
        return
    for first, last in comparison.holes(tx, place.fn, one.low, one.high):
        span = str(first) if first == last else f"{first}-{last}"
        told = explain("fd_hole", fn=place.fn, span=span)
        yield Difference(
            kind="fd_hole", subject=f"{place.fn}/{first}", day=one.day, **told._asdict(),
            register_id=place.register_id, fn=place.fn, fd_number=first,
        )  # fmt: skip


def _of_drive(place: Place, kind: str, day: str, **said: object) -> Difference:
    told = explain(kind, fn=place.fn, **said)
    return Difference(
        kind=kind, subject=place.fn, day=day, **told._asdict(), register_id=place.register_id, fn=place.fn
    )
