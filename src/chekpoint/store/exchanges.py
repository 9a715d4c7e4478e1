"""Raw exchanges with registers: kept for a set time, then purged."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import bindparam, delete, insert

from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query
from chekpoint.store.tables import exchange


class Row(NamedTuple):
    """One exchange, masked already."""

    id: str
    register_id: str
    attempt_id: str | None
    request: str
    answer: str


_KEEP: Final = Query(insert(exchange).values({c.name: bindparam(c.name) for c in exchange.columns}))
_PURGE: Final = Query(delete(exchange).where(exchange.c.at < bindparam("before")))


def keep(tx: Tx, rows: Sequence[Row]) -> None:
    """Write exchanges at the end of the group."""
    for row in rows:
        tx.later(_KEEP, **row._asdict(), at=tx.now)


def purge(tx: Tx, before: int) -> int:
    """Drop what is older than a moment (milliseconds UTC)."""
    return tx.run(_PURGE, before=before)
