"""The last shift of a drive, as its documents tell it."""

from typing import Final, NamedTuple

from sqlalchemy import bindparam, select

from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query
from chekpoint.store.tables import shift


class LastShift(NamedTuple):
    """Times are the register's own wall clock; None: no document of that was seen."""

    opened_at: str | None = None
    closed_at: str | None = None


_LAST: Final = Query(
    select(shift.c.opened_at, shift.c.closed_at)
    .where(shift.c.fn == bindparam("drive"))
    .order_by(shift.c.number.desc())
    .limit(1)
)


def last(tx: Tx, fn: str) -> LastShift:
    """The newest shift of a drive; empty when the journal has none."""
    row = tx.one(_LAST, drive=fn)
    return LastShift() if row is None else LastShift(*row)
