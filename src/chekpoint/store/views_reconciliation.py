"""What the accountant looks at: days of registers, what differed on each, what became of it. Read only.

``day`` is YYYY-MM-DD of the register's clock; moments are milliseconds UTC.
"""

from typing import Final, NamedTuple

from sqlalchemy import and_, bindparam, case, func, select

from chekpoint.store.journal import Tx
from chekpoint.store.mismatches import Mismatch
from chekpoint.store.sql import Query
from chekpoint.store.tables_watch import compared, mismatch
from chekpoint.store.views_scan import capped, number

MOST: Final = 200  # mismatches of one page
NOBODY: Final = ""  # stands for the register of what belongs to none: payments without receipts


class Compared(NamedTuple):
    """One day of one drive: what the last comparison counted."""

    fn: str
    day: str
    register_id: str
    ours: int
    theirs: int
    equal: int
    source: str
    at: int


class Tally(NamedTuple):
    """Mismatches of one day of one register, by what became of them."""

    day: str
    register_id: str
    critical: int  # open, and nobody has said what they are
    warning: int
    resolved: int  # a person has said what they are
    gone: int  # closed by themselves


def _count(condition: object) -> object:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)  # type: ignore[arg-type]


_REGISTER: Final = func.coalesce(compared.c.register_id, NOBODY)
_OF: Final = func.coalesce(mismatch.c.register_id, NOBODY)
_OPEN: Final = and_(mismatch.c.closed_at.is_(None), mismatch.c.resolved_at.is_(None))
_COLUMNS: Final = tuple(_REGISTER if n == "register_id" else compared.c[n] for n in Compared._fields)
_DAYS: Final = Query(
    select(*_COLUMNS)
    .where(compared.c.day >= bindparam("first"), compared.c.day <= bindparam("last"))
    .order_by(compared.c.day, compared.c.fn)
)
_TALLIES: Final = Query(
    select(
        mismatch.c.day,
        _OF,
        _count(and_(_OPEN, mismatch.c.severity == "critical")),  # type: ignore[call-overload]
        _count(and_(_OPEN, mismatch.c.severity != "critical")),
        _count(mismatch.c.resolved_at.is_not(None)),
        _count(and_(mismatch.c.closed_at.is_not(None), mismatch.c.resolved_at.is_(None))),
    )
    .where(mismatch.c.day >= bindparam("first"), mismatch.c.day <= bindparam("last"))
    .group_by(mismatch.c.day, _OF)
)
_OF_DAY: Final = Query(
    select(*(mismatch.c[n] for n in Mismatch._fields))
    .where(mismatch.c.day == bindparam("date"), bindparam("register") == _OF)
    .order_by(
        mismatch.c.closed_at.is_not(None), mismatch.c.resolved_at.is_not(None), mismatch.c.severity, mismatch.c.id
    )
    .limit(MOST)
)  # fmt: skip
_OF_PERIOD: Final = Query(
    select(*(mismatch.c[n] for n in Mismatch._fields))
    .where(mismatch.c.day >= bindparam("first"), mismatch.c.day <= bindparam("last"))
    .order_by(mismatch.c.day, mismatch.c.id)
    .limit(bindparam("most"))
)
_LEFT: Final = capped(mismatch, _OPEN)
_LATEST: Final = Query(select(func.max(compared.c.day)))


def days(tx: Tx, first: str, last: str) -> list[Compared]:
    """What was compared, from one day to another, both included."""
    return [Compared(*row) for row in tx.all(_DAYS, first=first, last=last)]


def tallies(tx: Tx, first: str, last: str) -> list[Tally]:
    """What differed on these days."""
    return [Tally(*row) for row in tx.all(_TALLIES, first=first, last=last)]


def of_day(tx: Tx, day: str, register_id: str) -> list[Mismatch]:
    """Mismatches of one day of a register (``NOBODY``: of none): what waits for a person first; MOST at the most."""
    return [Mismatch(*row) for row in tx.all(_OF_DAY, date=day, register=register_id)]


def of_period(tx: Tx, first: str, last: str, most: int) -> list[Mismatch]:
    """Mismatches of a period, by day."""
    return [Mismatch(*row) for row in tx.all(_OF_PERIOD, first=first, last=last, most=most)]


def left(tx: Tx) -> int:
    """How many wait for a person, counted up to CAP + 1."""
    return number(tx, _LEFT)


def latest(tx: Tx) -> str | None:
    """The last day that was compared."""
    found: str | None = tx.one(_LATEST)[0]
    return found
