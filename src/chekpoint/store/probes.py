"""Probes: the last answer of each thing that is asked outside, and since when it has answered so."""

from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, bindparam, case, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query
from chekpoint.store.tables_watch import probe


class Probe(NamedTuple):
    """One answer. Moments are milliseconds UTC; ``since``: the first answer of this sort in a row."""

    kind: str
    subject: str
    at: int
    ok: bool
    since: int
    body: bytes  # JSON: what was seen; its form belongs to whoever asks


_VALUES: Final[dict[str, Any]] = {name: bindparam(name) for name in Probe._fields}


def _again(new: Any) -> dict[str, ColumnElement[Any]]:
    """What a later answer changes; ``since`` stays as long as the answers are of one sort."""
    since = case((probe.c.ok == new.ok, probe.c.since), else_=new.since)
    return {"at": new.at, "ok": new.ok, "since": since, "body": new.body}


_SQLITE: Final = sqlite.insert(probe).values(_VALUES)
_POSTGRESQL: Final = postgresql.insert(probe).values(_VALUES)
_NOTE: Final = Query(
    _SQLITE.on_conflict_do_update(index_elements=["kind", "subject"], set_=_again(_SQLITE.excluded)),
    postgresql=_POSTGRESQL.on_conflict_do_update(
        index_elements=["kind", "subject"], set_=_again(_POSTGRESQL.excluded)
    ),
)
_ALL: Final = select(*(probe.c[name] for name in Probe._fields)).where(probe.c.kind == bindparam("which"))
_EVERY: Final = Query(_ALL.order_by(probe.c.subject))
_ONE: Final = Query(_ALL.where(probe.c.subject == bindparam("about")))
_FORGET: Final = Query(
    delete(probe).where(probe.c.kind == bindparam("which"), probe.c.subject == bindparam("about"))
)


_FIRST: Final = Query(
    _SQLITE.on_conflict_do_nothing(), postgresql=_POSTGRESQL.on_conflict_do_nothing()
)  # fmt: skip
_THIS: Final = (probe.c.kind == bindparam("which"), probe.c.subject == bindparam("about"))
_HOLD: Final = Query(
    update(probe).where(*_THIS, probe.c.at <= bindparam("now")).values(at=bindparam("until"))
)
_FREE: Final = Query(update(probe).where(*_THIS).values(at=bindparam("now")))


def hold(tx: Tx, kind: str, subject: str, until: int) -> bool:
    """Take a turn until a moment (milliseconds UTC), so that two nodes do not ask at once; False: another has it."""
    fresh = tx.run(_FIRST, kind=kind, subject=subject, at=until, ok=1, since=tx.now, body=b"{}") == 1
    return fresh or tx.run(_HOLD, which=kind, about=subject, now=tx.now, until=until) == 1


def free(tx: Tx, kind: str, subject: str) -> None:
    """The turn is over."""
    tx.run(_FREE, which=kind, about=subject, now=tx.now)


def note(tx: Tx, kind: str, subject: str, ok: bool, body: bytes) -> None:
    """Keep an answer of this moment; no event of the chain: it is said again every minute."""
    tx.run(_NOTE, kind=kind, subject=subject, at=tx.now, ok=int(ok), since=tx.now, body=body)


def every(tx: Tx, kind: str) -> list[Probe]:
    """The last answers of one kind, by subject."""
    return [_probe(row) for row in tx.all(_EVERY, which=kind)]


def one(tx: Tx, kind: str, subject: str) -> Probe | None:
    """The last answer of one thing; None when it was never asked."""
    row = tx.one(_ONE, which=kind, about=subject)
    return None if row is None else _probe(row)


def forget(tx: Tx, kind: str, subject: str) -> None:
    """It is not asked any more."""
    tx.run(_FORGET, which=kind, about=subject)


_PURGE: Final = Query(
    delete(probe).where(probe.c.kind == bindparam("which"), probe.c.at < bindparam("before"))
)


def purge(tx: Tx, kind: str, before: int) -> int:
    """Forget the answers of one kind that are older than a moment (milliseconds UTC)."""
    return tx.run(_PURGE, which=kind, before=before)


def _probe(row: Any) -> Probe:
    kind, subject, at, ok, since, body = row
    return Probe(kind, subject, at, bool(ok), since, bytes(body))
