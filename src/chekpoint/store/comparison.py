"""The two sides of one drive, compared by the database: days that are equal never leave it.

A range is from one FD number to another, both included. Documents of one drive are made in the order of their
numbers, so a day is a range, and every statement here walks an index once, in order, without sorting.
"""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import and_, bindparam, func, literal_column, select, update

from chekpoint.store.journal import Tx
from chekpoint.store.ofd_records import among, numbers
from chekpoint.store.sql import Query
from chekpoint.store.tables import fiscal_document, receipt
from chekpoint.store.tables_watch import ofd_record

BLOCK: Final = 256  # numbers that are read rather than counted once more
ENDLESS: Final = (1 << 62) - 1  # the end of a range that has none yet
RECEIPT_CODES: Final = frozenset({3, 31, 4, 41})
_ZERO: Final[Any] = literal_column("0")
_O: Final = fiscal_document.c
_T: Final = ofd_record.c
_OURS: Final = (
    _O.fn == bindparam("drive"), _O.fd_number >= bindparam("low"), _O.fd_number <= bindparam("high"),
)  # fmt: skip
_THEIRS: Final = (
    _T.fn == bindparam("drive"), _T.fd_number >= bindparam("low"), _T.fd_number <= bindparam("high"),
)  # fmt: skip
_IS_RECEIPT: Final = _O.document.in_([literal_column(str(code)) for code in sorted(RECEIPT_CODES)])
_OUR_SUM: Final = Query(select(func.count(), func.sum(_O.facts)).where(*_OURS, _O.facts != _ZERO))
_THEIR_SUM: Final = Query(select(func.count(), func.sum(_T.facts)).where(*_THEIRS, _T.facts != _ZERO))
_OUR_FACTS: Final = select(_O.fd_number, _O.facts).where(*_OURS, _O.facts != _ZERO)
_THEIR_FACTS: Final = select(_T.fd_number, _T.facts).where(*_THEIRS, _T.facts != _ZERO)
# In the order of both indexes SQLite merges the two sides without sorting or keeping anything.
_OURS_ALONE: Final = Query(_OUR_FACTS.except_(_THEIR_FACTS).order_by("fd_number", "facts"))
_THEIRS_ALONE: Final = Query(_THEIR_FACTS.except_(_OUR_FACTS).order_by("fd_number", "facts"))


class Walked(NamedTuple):
    """``total``: our receipts in the range. ``odd``: FD numbers whose sides are not known to be equal, in order."""

    total: int
    odd: list[int]


def walk(tx: Tx, fn: str, low: int, high: int) -> Walked:
    """Find what is not equal on both sides of a range whose facts are filled in.

    The sums of both sides' facts are compared first: two scans of covering indexes, without a single seek. Facts
    are hashes, so sums agree by accident once in 2**44. Only where they do not, the pairs are looked at.
    """
    ours = tx.one(_OUR_SUM, drive=fn, low=low, high=high)
    if tuple(ours) == tuple(tx.one(_THEIR_SUM, drive=fn, low=low, high=high)):
        return Walked(ours[0], [])
    odd = set[int]()
    for query in (_OURS_ALONE, _THEIRS_ALONE):
        odd.update(row[0] for row in tx.all(query, drive=fn, low=low, high=high))
    return Walked(ours[0], sorted(odd))


_OLDER: Final = Query(select(func.count()).where(*_OURS, _IS_RECEIPT, _O.seen_at < bindparam("before")))


def older(tx: Tx, fn: str, low: int, before: int) -> int:
    """Our receipts of a drive from a number on that were seen before a moment."""
    return int(tx.one(_OLDER, drive=fn, low=low, high=ENDLESS, before=before)[0])


_COUNT_OURS: Final = Query(select(func.count()).where(*_OURS))
_COUNT_THEIRS: Final = Query(select(func.count()).where(*_THEIRS))
_FILLED_OURS: Final = Query(select(func.count()).where(*_OURS, _O.facts.is_not(None)))
_FILLED_THEIRS: Final = Query(select(func.count()).where(*_THEIRS, _T.facts.is_not(None)))
_NUMBER: Final = select(_O.fd_number).where(*_OURS)
_BARE_OURS: Final = Query(  # two covering indexes, merged: no row is read
    _NUMBER.except_(_NUMBER.where(_O.facts.is_not(None))).order_by("fd_number").limit(bindparam("most"))
)
_BARE_THEIRS: Final = Query(
    select(_T.fd_number).where(*_THEIRS, _T.facts.is_(None)).order_by(_T.fd_number).limit(bindparam("most"))
)


def bare(tx: Tx, fn: str, low: int, high: int, *, most: int) -> list[int]:
    """FD numbers of a range of which a side has no facts yet."""
    found = set[int]()
    for count, filled, query in (
        (_COUNT_OURS, _FILLED_OURS, _BARE_OURS),
        (_COUNT_THEIRS, _FILLED_THEIRS, _BARE_THEIRS),
    ):
        where = {"drive": fn, "low": low, "high": high}
        if tx.one(count, **where)[0] != tx.one(filled, **where)[0]:
            found.update(row[0] for row in tx.all(query, **where, most=most))
    return sorted(found)[:most]


_FILL_OURS: Final = Query(
    update(fiscal_document)
    .where(_O.fn == bindparam("drive"), _O.fd_number == bindparam("number"))
    .values(items_digest=bindparam("items"), vat_digest=bindparam("vat"), facts=bindparam("hash"))
)
_FILL_THEIRS: Final = Query(
    update(ofd_record)
    .where(
        _T.fn == bindparam("drive"),
        _T.fd_number == bindparam("number"),
        _T.source == bindparam("who"),
        _T.fiscal_sign == bindparam("sign"),
    )
    .values(facts=bindparam("hash"))
)


def fill_ours(tx: Tx, fn: str, one: "Ours") -> None:
    """Write down what of our document is compared: its digests and facts."""
    tx.run(
        _FILL_OURS, drive=fn, number=one.fd_number, items=one.items_digest, vat=one.vat_digest, hash=one.facts
    )


def fill_theirs(tx: Tx, fn: str, one: "Theirs", facts: int) -> None:
    """Write down what of a record is compared."""
    tx.run(_FILL_THEIRS, drive=fn, number=one.fd_number, who=one.source, sign=one.fiscal_sign, hash=facts)


class Ours(NamedTuple):
    """One of our documents. ``receipt_id`` None: another program's, or not known to be ours."""

    fd_number: int
    receipt_id: str | None
    register_id: str
    document: int
    kind: int
    total: int
    fiscal_sign: str
    made_at: str
    mark: str | None
    seen_at: int
    items_digest: str | None
    vat_digest: str | None
    facts: int | None
    proof: int | None
    content: bytes | None  # of the receipt, JSON without the buyer


class Theirs(NamedTuple):
    """One record of the other side."""

    fd_number: int
    source: str
    fiscal_sign: str
    total: int
    made_at: str
    kind: int
    document: int
    answer: int
    fns: str | None
    items_digest: str | None
    vat_digest: str | None
    received_at: str | None
    seen_at: int
    facts: int | None
    body: bytes


_OUR_ROW: Final = (
    select(*(_O[n] for n in Ours._fields[:-2]), receipt.c.proof, receipt.c.content)
    .select_from(fiscal_document.outerjoin(receipt, receipt.c.id == _O.receipt_id))
    .where(_O.fn == bindparam("drive"))
)
_THEIR_ROW: Final = select(*(_T[n] for n in Theirs._fields)).where(_T.fn == bindparam("drive"))
_OUR_AMONG, _OUR_AMONG_PG = among(_O.fd_number)
_THEIR_AMONG, _THEIR_AMONG_PG = among(_T.fd_number)
_OUR_ROWS: Final = Query(_OUR_ROW.where(_OUR_AMONG), postgresql=_OUR_ROW.where(_OUR_AMONG_PG))
_THEIR_ROWS: Final = Query(
    _THEIR_ROW.where(_THEIR_AMONG).order_by(_T.source, _T.fiscal_sign),
    postgresql=_THEIR_ROW.where(_THEIR_AMONG_PG).order_by(_T.source, _T.fiscal_sign),
)


class Sides(NamedTuple):
    """Both sides of one FD number."""

    fd_number: int
    ours: Ours | None
    theirs: tuple[Theirs, ...]


def sides(tx: Tx, fn: str, wanted: Iterable[int], *, batch: int = 500) -> Iterator[Sides]:
    """Both sides of some documents, in the order asked for; a batch in memory at a time."""
    left = list(wanted)
    for at in range(0, len(left), batch):
        part = left[at : at + batch]
        listed = numbers(tx, part)
        ours = {row[0]: Ours(*row) for row in tx.all(_OUR_ROWS, drive=fn, numbers=listed)}
        theirs = dict[int, list[Theirs]]()
        for row in tx.all(_THEIR_ROWS, drive=fn, numbers=listed):
            theirs.setdefault(row[0], []).append(Theirs(*row))
        yield from (Sides(n, ours.get(n), tuple(theirs.get(n, ()))) for n in part)


_COUNT: Final = Query(select(func.count(), func.min(_O.fd_number), func.max(_O.fd_number)).where(*_OURS))
_OUR_NUMBERS: Final = Query(select(_O.fd_number).where(*_OURS).order_by(_O.fd_number))
_NEXT: Final = Query(
    select(_O.fd_number, _O.made_at)
    .where(_O.fn == bindparam("drive"), _O.fd_number >= bindparam("low"))
    .order_by(_O.fd_number)
    .limit(1)
)
_THEIR_NUMBERS: Final = Query(select(_T.fd_number).where(*_THEIRS).distinct())
_SHIFTS: Final = Query(
    select(_O.fd_number)
    .where(_O.fn == bindparam("drive"), _O.document.in_([literal_column("2"), literal_column("5")]))
    .limit(1)
)


def reads_drive(tx: Tx, fn: str) -> bool:
    """Does the journal account for every document of this drive? It then holds its shift documents, too.

    Of a cloud's drives we know our own documents alone, and numbers between them are nobody's loss.
    """
    return tx.one(_SHIFTS, drive=fn) is not None


def holes(tx: Tx, fn: str, low: int, high: int) -> list[tuple[int, int]]:
    """Runs of FD numbers that neither side knows, between documents of ours, first and last included."""
    _, first, last = tx.one(_COUNT, drive=fn, low=low, high=high)
    if first is None:
        return []
    found = list[int]()
    for start, end in _gaps(tx, fn, first, last if high == ENDLESS else high):
        known = {row[0] for row in tx.all(_THEIR_NUMBERS, drive=fn, low=start, high=end)}
        found += [number for number in range(start, end + 1) if number not in known]
    return list(runs(found))


def _gaps(tx: Tx, fn: str, low: int, high: int) -> Iterator[tuple[int, int]]:
    """Numbers that we lack, found by halves: counting an index is far cheaper than reading it."""
    if low > high:
        return
    count = tx.one(_COUNT_OURS, drive=fn, low=low, high=high)[0]
    if count == 0:
        yield low, high
    elif count < high - low + 1:
        if high - low < BLOCK:
            known = {row[0] for row in tx.all(_OUR_NUMBERS, drive=fn, low=low, high=high)}
            yield from runs(number for number in range(low, high + 1) if number not in known)
        else:
            middle = (low + high) // 2
            yield from _gaps(tx, fn, low, middle)
            yield from _gaps(tx, fn, middle + 1, high)


def runs(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Numbers in order -> the first and last of each row of neighbours."""
    first = last = None
    for number in numbers:
        if last is not None and number != last + 1:
            yield first or last, last
            first = number
        first, last = number if first is None else first, number
    if first is not None and last is not None:
        yield first, last


_PAIRS: Final = Query(
    select(_O.made_at, _T.made_at)
    .select_from(fiscal_document.join(ofd_record, and_(_T.fn == _O.fn, _T.fd_number == _O.fd_number)))
    .where(*_OURS, _IS_RECEIPT)
    .limit(bindparam("most"))
)


def pairs(tx: Tx, fn: str, low: int, high: int, *, most: int) -> list[tuple[str, str]]:
    """(our time, their time) of the first documents that both sides have."""
    return [(row[0], row[1]) for row in tx.all(_PAIRS, drive=fn, low=low, high=high, most=most)]


_ENDS: Final = Query(  # apart, so that each is one step of the index
    select(
        select(func.min(_O.fd_number)).where(_O.fn == bindparam("drive")).scalar_subquery(),
        select(func.max(_O.fd_number)).where(_O.fn == bindparam("drive")).scalar_subquery(),
    )
)


class Range(NamedTuple):
    """One day of one drive: the numbers from its first document to the one before the next day's first."""

    day: str
    low: int
    high: int


def days(tx: Tx, fn: str, first: str, last: str) -> Iterator[Range]:
    """The days on which the drive signed anything, from one to another, both included (YYYY-MM-DD)."""
    lowest, highest = tx.one(_ENDS, drive=fn)
    if lowest is None:
        return
    low = _first_of(tx, fn, first, lowest, highest)
    while low is not None:
        day = str(tx.one(_NEXT, drive=fn, low=low)[1])[:10]
        if day > last:
            return
        following = _first_of(tx, fn, _next_day(day), low, highest)
        yield Range(day, low, ENDLESS if following is None else following - 1)
        low = following


def _first_of(tx: Tx, fn: str, day: str, low: int, high: int) -> int | None:
    """The first document of a day or later; its numbers grow with time, so it is found by halves."""
    found = None
    while low <= high:
        middle = (low + high) // 2
        number, made_at = tx.one(_NEXT, drive=fn, low=middle)  # there is one: ``high`` is a document
        if made_at >= day:
            found, high = number, middle - 1
        else:
            low = number + 1
    return found


def _next_day(day: str) -> str:
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()


class Drive(NamedTuple):
    """A drive that the journal knows documents of."""

    fn: str
    register_id: str
    seen_at: int  # of its last document


_NEXT_DRIVE: Final = Query(select(func.min(_O.fn)).where(_O.fn > bindparam("after")))
_LAST: Final = Query(
    select(_O.fn, _O.register_id, _O.seen_at)
    .where(_O.fn == bindparam("drive"))
    .order_by(_O.fd_number.desc())
    .limit(1)
)


def drive(tx: Tx, fn: str) -> Drive | None:
    """One drive; None when the journal knows no document of it."""
    row = tx.one(_LAST, drive=fn)
    return None if row is None else Drive(*row)


def drives(tx: Tx) -> list[Drive]:
    """Every drive; one step of the key's index for each."""
    found, after = list[Drive](), ""
    while (row := tx.one(_NEXT_DRIVE, after=after)) and row[0] is not None:
        after = str(row[0])
        found.append(Drive(*tx.one(_LAST, drive=after)))
    return found
