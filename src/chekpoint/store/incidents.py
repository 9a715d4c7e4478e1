"""Incidents: something wrong that a person must know, open until it is seen to be right.

One open incident per (kind, subject): the cause, not each of its symptoms.
"""

from typing import Any, Final, NamedTuple

from sqlalchemy import Text, and_, bindparam, case, null, select, update
from sqlalchemy.dialects import postgresql, sqlite

from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query
from chekpoint.store.tables_watch import incident


class Words(NamedTuple):
    """What an incident says: one plain sentence that tells what to do, in both languages."""

    severity: str  # critical | warning
    ru: str
    en: str


_VALUES: Final[dict[str, Any]] = {
    n: bindparam(n) for n in ("id", "kind", "subject", "severity", "text_ru", "text_en", "opened_at")
}
_OPEN: Final = Query(
    sqlite.insert(incident).values(_VALUES).on_conflict_do_nothing(),
    postgresql=postgresql.insert(incident).values(_VALUES).on_conflict_do_nothing(),
)
_CLOSE: Final = Query(
    update(incident)
    .where(
        incident.c.kind == bindparam("which"),
        incident.c.subject == bindparam("about"),
        incident.c.closed_at.is_(None),
    )
    .values(closed_at=bindparam("at"))
)

_WORSE: Final = and_(incident.c.severity == "warning", bindparam("how", type_=Text) == "critical")
_REWORD: Final = Query(
    update(incident)
    .where(
        incident.c.kind == bindparam("which"),
        incident.c.subject == bindparam("about"),
        incident.c.closed_at.is_(None),
    )
    .values(
        severity=bindparam("how"), text_ru=bindparam("ru"), text_en=bindparam("en"),
        # what was seen was a warning: nobody has seen yet that it is worse
        seen_at=case((_WORSE, null()), else_=incident.c.seen_at),
        seen_by=case((_WORSE, null()), else_=incident.c.seen_by),
        worse_at=case((_WORSE, bindparam("at")), else_=incident.c.worse_at),
    )
)  # fmt: skip


_STANDING: Final = Query(
    select(incident.c.severity, incident.c.text_ru, incident.c.text_en).where(
        incident.c.kind == bindparam("which"),
        incident.c.subject == bindparam("about"),
        incident.c.closed_at.is_(None),
    )
)


def standing(tx: Tx, kind: str, subject: str) -> Words | None:
    """What the open incident of a kind and subject says; None when none is open."""
    row = tx.one(_STANDING, which=kind, about=subject)
    return None if row is None else Words(*row)


def reword(tx: Tx, kind: str, subject: str, words: Words) -> bool:
    """An open incident has become worse or better; False when none is open."""
    done = (
        tx.run(_REWORD, which=kind, about=subject, how=words.severity, ru=words.ru, en=words.en, at=tx.now)
        > 0
    )
    if done:
        tx.event("incident_reworded", subject, incident=kind, severity=words.severity)
    return done


def open_incident(tx: Tx, kind: str, subject: str, words: Words, *, key: str) -> bool:
    """Open it unless it is open; False when it was."""
    fresh = tx.run(
        _OPEN, id=key, kind=kind, subject=subject, severity=words.severity, text_ru=words.ru, text_en=words.en,
        opened_at=tx.now,
    ) == 1  # fmt: skip
    if fresh:
        tx.event("incident_opened", subject, incident=kind)
    return fresh


_SUBJECTS: Final = Query(
    select(incident.c.subject)
    .where(incident.c.kind == bindparam("which"), incident.c.closed_at.is_(None))
    .order_by(incident.c.subject)
)


def subjects(tx: Tx, kind: str) -> list[str]:
    """What an open incident of a kind speaks of."""
    return [row[0] for row in tx.all(_SUBJECTS, which=kind)]


def close(tx: Tx, kind: str, subject: str) -> bool:
    """It is seen to be right; False when none was open."""
    closed = tx.run(_CLOSE, which=kind, about=subject, at=tx.now) > 0
    if closed:
        tx.event("incident_closed", subject, incident=kind)
    return closed


class Open(NamedTuple):
    """An incident that is open."""

    id: str
    kind: str
    subject: str
    severity: str
    text_ru: str
    text_en: str
    opened_at: int
    seen_at: int | None


_NOW: Final = Query(
    select(*(incident.c[n] for n in Open._fields))
    .where(incident.c.closed_at.is_(None))
    .order_by(incident.c.id)
)


def open_now(tx: Tx) -> list[Open]:
    """All open incidents, oldest first."""
    return [Open(*row) for row in tx.all(_NOW)]
