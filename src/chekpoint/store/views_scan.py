"""What keeps screens quick over an archive of millions: counts that stop, scans that are bounded, lists of keys.

No screen counts or walks the whole archive. A count stops at CAP and then says "more than CAP"; a filter
without an index of its own looks at WINDOW rows at a time and offers to look further.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import ARRAY, ColumnElement, Text, and_, bindparam, func, literal_column, select, text

from chekpoint.core.lifecycle import State
from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query
from chekpoint.store.tables import receipt

CAP: Final = 1000  # a count above it is shown as "1000+"
WINDOW: Final = 5000  # rows that a filter without an index looks at in one go


def capped(table: Any, *where: Any, cap: int = CAP) -> Query:
    """A statement that counts matching rows, but no further than ``cap`` + 1."""
    found = (
        select(literal_column("1").label("one")).select_from(table).where(*where).limit(cap + 1).subquery()
    )
    return Query(select(func.count()).select_from(found))


def is_open(state: State) -> ColumnElement[bool]:
    """A receipt is in an open state, said so that both engines use the partial index ix_receipt_open.

    SQLite does not conclude ``<> 'fiscalised'`` from ``= 'queued'``, and takes no parameter for a literal.
    """
    finished: ColumnElement[str] = literal_column(f"'{State.FISCALISED.value}'")
    return and_(receipt.c.state == literal_column(f"'{state.value}'"), receipt.c.state != finished)


def distinct(column: Any) -> Query:
    """The distinct values of an index's first column, by one seek for each value (a loose index scan)."""
    seen = select(func.min(column).label("value")).cte("seen", recursive=True)
    following = select(func.min(column)).where(column > seen.c.value).correlate(seen).scalar_subquery()
    seen = seen.union_all(select(following).where(seen.c.value.is_not(None)))
    return Query(select(seen.c.value).where(seen.c.value.is_not(None)))


def by_keys(statement: Any, column: Any) -> Query:
    """The rows of ``statement`` whose ``column`` is among the parameter ``keys`` (see ``keys_of``)."""
    return Query(
        statement.where(column.in_(text("SELECT value FROM json_each(:keys)"))),
        postgresql=statement.where(column == func.any(bindparam("keys", type_=ARRAY(Text)))),
    )


def keys_of(tx: Tx, keys: Sequence[str]) -> Any:
    """A list of keys in the form that the engine takes as one parameter."""
    return list(keys) if tx.engine == "postgresql" else msgspec.json.encode(list(keys)).decode()


def number(tx: Tx, query: Query, **params: Any) -> int:
    """The one number that a statement answers."""
    return int(tx.one(query, **params)[0])


def moment(tx: Tx, query: Query, **params: Any) -> int | None:
    """The one moment (milliseconds UTC) that a statement answers, if there is any."""
    row = tx.one(query, **params)
    return None if row is None or row[0] is None else int(row[0])
