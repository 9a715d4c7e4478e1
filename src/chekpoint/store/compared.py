"""What the last comparison of each day of each drive counted: the calendar, and what is still to be done."""

from typing import Any, Final, NamedTuple

from sqlalchemy import bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query
from chekpoint.store.tables_watch import compared


class Compared(NamedTuple):
    """Numbers of receipts: ours, theirs, and those with every field equal. ``at``: milliseconds UTC."""

    fn: str
    day: str
    register_id: str | None
    ours: int
    theirs: int
    equal: int
    source: str
    at: int


_VALUES: Final[dict[str, Any]] = {c.name: bindparam(c.name) for c in compared.columns}


def _upsert(dialect: Any) -> Any:
    made = dialect.insert(compared).values(_VALUES)
    columns = ("register_id", "ours", "theirs", "equal", "source", "at")
    return made.on_conflict_do_update(
        index_elements=["fn", "day"], set_={name: made.excluded[name] for name in columns}
    )


_NOTE: Final = Query(_upsert(sqlite), postgresql=_upsert(postgresql))
_OF_DRIVE: Final = Query(
    select(compared.c.day, compared.c.at)
    .where(compared.c.fn == bindparam("drive"), compared.c.day >= bindparam("first"))
    .order_by(compared.c.day)
)


def note(tx: Tx, done: Compared) -> None:
    """A day of a drive was compared; its earlier count is replaced."""
    tx.run(_NOTE, **done._asdict())


def when(tx: Tx, fn: str, first: str) -> dict[str, int]:
    """Day -> when it was compared last, from a day on."""
    return {row[0]: row[1] for row in tx.all(_OF_DRIVE, drive=fn, first=first)}
