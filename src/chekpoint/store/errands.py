"""Errands: what is asked of a register beside receipts. Each is told to it at most once.

``running`` is written before the first byte. An errand that is found running by the next holder of the lane
may have been carried out: it becomes ``unknown``, and a person looks at the register.
"""

from typing import Final, NamedTuple

from sqlalchemy import bindparam, insert, literal_column, select, update

from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query
from chekpoint.store.tables import errand

SHOWN: Final = 20


class Row(NamedTuple):
    """One errand. Times are milliseconds UTC, sums kopecks."""

    id: str
    register_id: str
    verb: str
    kopecks: int
    who: str
    state: str
    said: str
    created_at: int
    finished_at: int | None


_ALL = tuple(errand.c[name] for name in Row._fields)
_ADD: Final = Query(
    insert(errand).values(
        {n: bindparam(n) for n in ("id", "register_id", "verb", "kopecks", "who", "created_at")}
        | {"state": "waiting"}
    )
)
_NEXT: Final = Query(
    select(*_ALL)
    .where(errand.c.register_id == bindparam("register"), errand.c.state == literal_column("'waiting'"))
    .order_by(errand.c.id)
    .limit(1)
)
_MOVE: Final = Query(
    update(errand)
    .where(errand.c.id == bindparam("which"), errand.c.state == bindparam("old"))
    .values(state=bindparam("new"), said=bindparam("words"), finished_at=bindparam("at"))
)
_LEFT: Final = Query(
    update(errand)
    .where(errand.c.register_id == bindparam("register"), errand.c.state == "running")
    .values(state="unknown", finished_at=bindparam("at"))
)
_LAST: Final = Query(
    select(*_ALL).where(errand.c.register_id == bindparam("register")).order_by(errand.c.id.desc())
    .limit(bindparam("most"))
)  # fmt: skip


def add(tx: Tx, key: str, register_id: str, verb: str, *, who: str, kopecks: int = 0) -> None:
    """Ask; the lane carries it out in its turn."""
    tx.run(_ADD, id=key, register_id=register_id, verb=verb, kopecks=kopecks, who=who, created_at=tx.now)
    tx.event("errand", register_id, errand=key, verb=verb, kopecks=kopecks)


def begin(tx: Tx, register_id: str) -> Row | None:
    """Take the oldest that waits: from now on it may have been carried out."""
    row = tx.one(_NEXT, register=register_id)
    if row is None:
        return None
    tx.exactly(_MOVE, "the errand waits", which=row[0], old="waiting", new="running", words="", at=None)
    return Row(*row)


def end(tx: Tx, errand_id: str, state: str, said: str) -> None:
    """What became of it: done, failed, unknown; or waiting again, where nothing was told to the register."""
    at = None if state == "waiting" else tx.now
    tx.exactly(_MOVE, "the errand runs", which=errand_id, old="running", new=state, words=said, at=at)
    tx.event("errand_ended", errand_id, state=state)


def abandoned(tx: Tx, register_id: str) -> int:
    """Errands that another holder of the lane had begun: nobody knows."""
    return tx.run(_LEFT, register=register_id, at=tx.now)


def last(tx: Tx, register_id: str) -> list[Row]:
    """The last ones, newest first."""
    return [Row(*row) for row in tx.all(_LAST, register=register_id, most=SHOWN)]
