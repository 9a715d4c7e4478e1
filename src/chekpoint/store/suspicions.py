"""Suspicions: what checks find wrong, from the first sight to the end of its recovery."""

from typing import Any, Final, NamedTuple

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query
from chekpoint.store.tables_watch import suspicion


class Suspicion(NamedTuple):
    """Moments are milliseconds UTC; ``quiet_since``: it is not found any more since then."""

    kind: str
    subject: str
    since: int
    quiet_since: int | None


_VALUES: Final[dict[str, Any]] = {name: bindparam(name) for name in Suspicion._fields}
_THIS: Final = (suspicion.c.kind == bindparam("which"), suspicion.c.subject == bindparam("about"))
_ALL: Final = Query(select(*(suspicion.c[name] for name in Suspicion._fields)))
_ADD: Final = Query(
    sqlite.insert(suspicion).values(_VALUES).on_conflict_do_nothing(),
    postgresql=postgresql.insert(suspicion).values(_VALUES).on_conflict_do_nothing(),
)
_QUIET: Final = Query(update(suspicion).where(*_THIS).values(quiet_since=bindparam("at")))
_FORGET: Final = Query(delete(suspicion).where(*_THIS))


def every(tx: Tx) -> list[Suspicion]:
    """All of them."""
    return [Suspicion(*row) for row in tx.all(_ALL)]


def add(tx: Tx, kind: str, subject: str, since: int) -> None:
    """Found for the first time (another node may have been first)."""
    tx.run(_ADD, kind=kind, subject=subject, since=since, quiet_since=None)


def quiet(tx: Tx, kind: str, subject: str, at: int | None) -> None:
    """It is away since ``at``; None: it is back."""
    tx.run(_QUIET, which=kind, about=subject, at=at)


def forget(tx: Tx, kind: str, subject: str) -> None:
    """It is over."""
    tx.run(_FORGET, which=kind, about=subject)
