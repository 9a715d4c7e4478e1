"""What is set up of a register's day, and how its days added up."""

from typing import Final, NamedTuple

from sqlalchemy import bindparam, func, literal_column, select, update

from chekpoint.core.errors import Unfit
from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query
from chekpoint.store.tables import fiscal_document, register, shift

PRINTING: Final = ("asked", "always", "never")
SHIFTS: Final = 15
KINDS: Final = (1, 2, 3, 4)  # 1054


class Day(NamedTuple):
    """Times are HH:MM of the register's own clock; None: the shift closes at its 24 hours, opens with a receipt."""

    close_at: str | None = None
    open_at: str | None = None
    opening_cash: int = 0  # kopecks
    printing: str = "asked"


_DAY: Final = Query(
    select(*(register.c[name] for name in Day._fields)).where(register.c.id == bindparam("register"))
)
_CHANGE: Final = Query(
    update(register)
    .where(register.c.id == bindparam("register"))
    .values({name: bindparam(f"new_{name}") for name in Day._fields})
)


def day_of(tx: Tx, register_id: str) -> Day:
    """The day as it is set up; raises Unfit when there is no such register."""
    row = tx.one(_DAY, register=register_id)
    if row is None:
        raise Unfit("такой кассы нет / there is no such register")
    return Day(*row)


def change_day(tx: Tx, register_id: str, new: Day) -> None:
    """Set it up; the caller writes the audit row."""
    tx.run(_CHANGE, register=register_id, **{f"new_{name}": value for name, value in new._asdict().items()})
    tx.event("day_changed", register_id, **new._asdict())


class Added(NamedTuple):
    """One kind of receipts (1054) of one shift: what the drive holds, and what of it is of receipts of ours."""

    shift_number: int
    kind: int
    held: int
    total: int  # kopecks
    ours: int
    our_total: int


class Total(NamedTuple):
    """One shift with its sums."""

    number: int
    opened_at: str | None  # the register's wall clock
    closed_at: str | None
    sums: tuple[Added, ...]

    @property
    def agrees(self) -> bool:
        """Is every receipt on the drive one of ours?"""
        return all(one.held == one.ours and one.total == one.our_total for one in self.sums)


_OURS = fiscal_document.c.receipt_id.is_not(None)
_SUMS: Final = Query(
    select(
        fiscal_document.c.shift_number, fiscal_document.c.kind, func.count(), func.sum(fiscal_document.c.total),
        func.count().filter(_OURS), func.coalesce(func.sum(fiscal_document.c.total).filter(_OURS), literal_column("0")),
    )
    .where(
        fiscal_document.c.fn == bindparam("drive"), fiscal_document.c.document.in_([literal_column(n) for n in ("3", "31", "4", "41")]),
        fiscal_document.c.shift_number >= bindparam("since"),
    )
    .group_by(fiscal_document.c.shift_number, fiscal_document.c.kind)
    .order_by(fiscal_document.c.shift_number.desc(), fiscal_document.c.kind)
)  # fmt: skip
_SHIFTS: Final = Query(
    select(shift.c.number, shift.c.opened_at, shift.c.closed_at)
    .where(shift.c.fn == bindparam("drive"))
    .order_by(shift.c.number.desc())
    .limit(bindparam("most"))
)


def totals(tx: Tx, fn: str) -> list[Total]:
    """The last shifts of a drive, newest first, with what was registered in each."""
    shifts = list(tx.all(_SHIFTS, drive=fn, most=SHIFTS))
    since = min((row[0] for row in shifts), default=0)
    sums = [
        Added(row[0], row[1], row[2], int(row[3]), row[4], int(row[5]))
        for row in tx.all(_SUMS, drive=fn, since=since)
    ]
    return [
        Total(row[0], row[1], row[2], tuple(one for one in sums if one.shift_number == row[0]))
        for row in shifts
    ]


_BEFORE: Final = Query(
    select(fiscal_document.c.fd_number, fiscal_document.c.seen_at)
    .where(fiscal_document.c.fn == bindparam("drive"), fiscal_document.c.seen_at < bindparam("moment"))
    .order_by(fiscal_document.c.fd_number.desc())
    .limit(1)
)
_FIRST: Final = Query(
    select(fiscal_document.c.fd_number, fiscal_document.c.seen_at)
    .where(fiscal_document.c.fn == bindparam("drive"))
    .order_by(fiscal_document.c.fd_number)
    .limit(1)
)
_LAST: Final = Query(
    select(func.max(fiscal_document.c.fd_number)).where(fiscal_document.c.fn == bindparam("drive"))
)
MONTH_MS: Final = 30 * 86_400_000
DAY_MS: Final = 86_400_000


def pace(tx: Tx, fn: str) -> float | None:
    """Documents a day over the last month (or since the first one, when that is a day ago); None before that."""
    start = tx.one(_BEFORE, drive=fn, moment=tx.now - MONTH_MS) or tx.one(_FIRST, drive=fn)
    last = tx.one(_LAST, drive=fn)[0]
    if start is None or last is None or tx.now - start[1] < DAY_MS:
        return None
    return float((last - start[0]) * DAY_MS / (tx.now - max(start[1], tx.now - MONTH_MS)))
