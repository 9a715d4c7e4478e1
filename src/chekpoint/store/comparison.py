"""The two sides of one drive, compared by the database: equal rows never leave it.

A range is from one FD number to another, both included. Documents of one drive are made in the order of their
numbers, so a day is a range, and every statement here walks the two keys once, in order, without sorting.
"""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import Text as TextType
from sqlalchemy import and_, bindparam, case, cast, exists, func, literal_column, not_, or_, select

from chekpoint.store.journal import Tx
from chekpoint.store.ofd_records import among, numbers
from chekpoint.store.sql import Query
from chekpoint.store.tables import fiscal_document, receipt
from chekpoint.store.tables_watch import ofd_record

ENDLESS: Final = (1 << 62) - 1  # the end of a range that has none yet
RECEIPT_CODES: Final = frozenset({3, 31, 4, 41})
_O: Final = fiscal_document.c
_T: Final = ofd_record.c
_OURS: Final = (
    _O.fn == bindparam("drive"), _O.fd_number >= bindparam("low"), _O.fd_number <= bindparam("high"),
)  # fmt: skip
_THEIRS: Final = (
    _T.fn == bindparam("drive"), _T.fd_number >= bindparam("low"), _T.fd_number <= bindparam("high"),
)  # fmt: skip
_IS_RECEIPT: Final = _O.document.in_([literal_column(str(code)) for code in sorted(RECEIPT_CODES)])
MINUTE: Final = 16  # characters of YYYY-MM-DDTHH:MM: a drive knows no seconds, so they are not compared


def _agree(ours: Any, theirs: Any) -> Any:
    """Does the operator's digest of items fit ours? ``_`` in it stands for what is not shown."""
    return or_(theirs.is_(None), ours.is_(None), ours == theirs, ours.like(theirs))


_SAME_SIGN: Final = or_(
    _O.fiscal_sign == _T.fiscal_sign, func.ltrim(_O.fiscal_sign, "0") == func.ltrim(_T.fiscal_sign, "0")
)
_SAME_TIME: Final = or_(
    _O.made_at == _T.made_at,
    func.substr(_O.made_at, 1, MINUTE) == func.substr(_T.made_at, 1, MINUTE),
    # every hour of this operator is shifted: the minutes still tell
    and_(bindparam("shifted") == 1, func.substr(_O.made_at, 14, 3) == func.substr(_T.made_at, 14, 3)),
)
_SAME_FACTS: Final = (
    _T.total == _O.total,
    _T.document == _O.document,
    or_(_T.kind == _O.kind, _T.kind == literal_column("0")),  # 0: a word that the client does not know
    _SAME_SIGN,
    _SAME_TIME,
    _agree(_O.items_digest, _T.items_digest),
    or_(
        _T.vat_digest.is_(None), _O.vat_digest.is_(None), _O.vat_digest == _T.vat_digest,
        _O.vat_digest.like("%" + _T.vat_digest + "%"),
    ),
)  # fmt: skip
_ACCEPTED: Final = (
    _T.answer == literal_column("0"),
    or_(_T.fns.is_(None), _T.fns == literal_column("'accepted'")),
)
_SHOWN: Final = (_T.fn == _O.fn, _T.fd_number == _O.fd_number)
_EQUAL: Final = exists().where(*_SHOWN, *_SAME_FACTS, *_ACCEPTED)
_WALK: Final = Query(
    select(
        func.count(),
        func.aggregate_strings(
            case((or_(_O.receipt_id.is_(None), not_(_EQUAL)), cast(_O.fd_number, TextType)), else_=None), ","
        ),
    )
    .select_from(fiscal_document)
    .where(*_OURS, _IS_RECEIPT)
)
_HERE: Final = exists().where(_O.fn == bindparam("drive"), _O.fd_number == _T.fd_number)
_UNPAIRED: Final = Query(
    select(_T.fd_number)
    .where(*_THEIRS)
    .group_by(_T.fd_number)
    .having(or_(func.min(_T.fiscal_sign) != func.max(_T.fiscal_sign), not_(_HERE)))
    .order_by(_T.fd_number)
)


class Walked(NamedTuple):
    """``count``: our receipts in the range. ``odd``: FD numbers that Python must look at, in order."""

    total: int
    odd: list[int]


def walk(tx: Tx, fn: str, low: int, high: int, *, shifted: bool) -> Walked:
    """Find what is not equal on both sides of a range. ``shifted``: hours of day are not compared."""
    total, odd = tx.one(_WALK, drive=fn, low=low, high=high, shifted=int(shifted))
    found = {int(number) for number in odd.split(",")} if odd else set[int]()
    found.update(row[0] for row in tx.all(_UNPAIRED, drive=fn, low=low, high=high))
    return Walked(total, sorted(found))


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
    proof: int | None


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
    body: bytes


_OUR_ROW: Final = (
    select(*(_O[n] for n in Ours._fields[:-1]), receipt.c.proof)
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
_ENDS_OF_RUNS: Final = Query(
    select(_O.fd_number)
    .where(
        *_OURS,
        ~exists(
            select(literal_column("1"))
            .select_from(after := fiscal_document.alias("after"))
            .where(after.c.fn == bindparam("drive"), after.c.fd_number == _O.fd_number + 1)
        ),
    )
    .order_by(_O.fd_number)
)
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
    count, first, last = tx.one(_COUNT, drive=fn, low=low, high=high)
    if not count or (high == ENDLESS and count == last - first + 1) or count == high - first + 1:
        return []
    found = list[tuple[int, int]]()
    for (end,) in tx.all(_ENDS_OF_RUNS, drive=fn, low=low, high=high):
        following = tx.one(_NEXT, drive=fn, low=end + 1)
        if following is not None:
            found += _unknown(tx, fn, end + 1, following[0] - 1)
    return found


def _unknown(tx: Tx, fn: str, first: int, last: int) -> Iterator[tuple[int, int]]:
    """The gaps that the other side leaves in a gap of ours."""
    known = sorted(row[0] for row in tx.all(_THEIR_NUMBERS, drive=fn, low=first, high=last))
    for number in [*known, last + 1]:
        if number > first:
            yield first, number - 1
        first = number + 1


_PAIRS: Final = Query(
    select(_O.made_at, _T.made_at)
    .select_from(fiscal_document.join(ofd_record, and_(*_SHOWN)))
    .where(*_OURS, _IS_RECEIPT)
    .limit(bindparam("most"))
)


def pairs(tx: Tx, fn: str, low: int, high: int, *, most: int) -> list[tuple[str, str]]:
    """(our time, their time) of the first documents that both sides have."""
    return [(row[0], row[1]) for row in tx.all(_PAIRS, drive=fn, low=low, high=high, most=most)]


_ENDS: Final = Query(
    select(func.min(_O.fd_number), func.max(_O.fd_number)).where(_O.fn == bindparam("drive"))
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


def drives(tx: Tx) -> list[Drive]:
    """Every drive; one step of the key's index for each."""
    found, after = list[Drive](), ""
    while (row := tx.one(_NEXT_DRIVE, after=after)) and row[0] is not None:
        after = str(row[0])
        found.append(Drive(*tx.one(_LAST, drive=after)))
    return found
