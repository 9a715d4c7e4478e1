"""What the checks of operators' cabinets compare with: the newest documents of our drives."""

from typing import Final, NamedTuple

from sqlalchemy import and_, bindparam, func, select

from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query
from chekpoint.store.tables import fiscal_document


class Newest(NamedTuple):
    """The newest receipt that we know on a drive. ``made_at``: the register's local wall clock; ``seen_at``: ms UTC."""

    fn: str
    register_id: str
    fd_number: int
    made_at: str
    seen_at: int


_LAST: Final = (
    select(fiscal_document.c.fn, func.max(fiscal_document.c.fd_number).label("last"))
    .where(fiscal_document.c.fn == bindparam("drive"), fiscal_document.c.seen_at < bindparam("before"))
    .group_by(fiscal_document.c.fn)
    .subquery()
)
_NEWEST: Final = Query(
    select(*(fiscal_document.c[name] for name in Newest._fields)).join(
        _LAST, and_(fiscal_document.c.fn == _LAST.c.fn, fiscal_document.c.fd_number == _LAST.c.last)
    )
)


def newest(tx: Tx, fn: str, before: int) -> Newest | None:
    """The newest document of a drive that we had seen before a moment; None when there is none."""
    row = tx.one(_NEWEST, drive=fn, before=before)
    return None if row is None else Newest(*row)
