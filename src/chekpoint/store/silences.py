"""Silences: a person does not want to hear of something until then, and says why."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from sqlalchemy import bindparam, insert, or_, select, update

from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query
from chekpoint.store.tables_watch import silence


class Silence(NamedTuple):
    """Moments are milliseconds UTC. An empty ``kind`` or ``subject`` means any."""

    id: str
    kind: str
    subject: str
    until: int
    who: str
    reason: str
    created_at: int
    ended_at: int | None = None

    def covers(self, kind: str, subject: str, at: int) -> bool:
        """Does it mute this kind and subject at that moment?"""
        end = self.until if self.ended_at is None else min(self.until, self.ended_at)
        return self.kind in {"", kind} and self.subject in {"", subject} and self.created_at <= at < end


def muted(silences: Iterable[Silence], kind: str, subject: str, at: int) -> Silence | None:
    """The silence that mutes it at that moment; the one that lasts longest."""
    found = [one for one in silences if one.covers(kind, subject, at)]
    return max(found, key=lambda one: one.until, default=None)


_COLUMNS: Final = tuple(silence.c[name] for name in Silence._fields)
_SINCE: Final = Query(
    select(*_COLUMNS)
    .where(
        silence.c.until > bindparam("edge"),
        or_(silence.c.ended_at.is_(None), silence.c.ended_at > bindparam("edge")),
    )
    .order_by(silence.c.id)
)
_ADD: Final = Query(insert(silence).values({name: bindparam(name) for name in Silence._fields}))
_END: Final = Query(
    update(silence)
    .where(
        silence.c.id == bindparam("which"), silence.c.ended_at.is_(None), silence.c.until > bindparam("at")
    )
    .values(ended_at=bindparam("at"))
)


def since(tx: Tx, moment: int) -> list[Silence]:
    """Those that last, or ended after a moment."""
    return [Silence(*row) for row in tx.all(_SINCE, edge=moment)]


def lasting(tx: Tx) -> list[Silence]:
    """Those that mute something now."""
    return since(tx, tx.now)


def add(tx: Tx, made: Silence) -> None:
    """A new one."""
    tx.run(_ADD, **made._asdict())


def end(tx: Tx, silence_id: str) -> bool:
    """End it before its time; False when it is over or not there."""
    return tx.run(_END, which=silence_id, at=tx.now) == 1
