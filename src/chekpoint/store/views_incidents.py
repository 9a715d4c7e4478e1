"""Incidents and the audit for the screens, newest first, by pages of keys."""

from typing import Final, NamedTuple

from sqlalchemy import bindparam, select, update

from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query
from chekpoint.store.tables import audit
from chekpoint.store.tables_watch import incident
from chekpoint.store.views_receipt import Deed
from chekpoint.store.views_scan import capped

PAGE: Final = 50
LAST: Final = "~"  # sorts after every key


class Incident(NamedTuple):
    """Something that a person must know. Moments are milliseconds UTC."""

    id: str
    kind: str
    subject: str
    severity: str
    text_ru: str
    text_en: str
    opened_at: int
    closed_at: int | None
    seen_at: int | None
    seen_by: str | None = None


_COLUMNS: Final = tuple(incident.c[name] for name in Incident._fields)
_OPEN: Final = Query(
    select(*_COLUMNS)
    .where(incident.c.closed_at.is_(None))
    .order_by(incident.c.opened_at.desc(), incident.c.id.desc())
    .limit(bindparam("most"))
)
_PAST: Final = Query(
    select(*_COLUMNS)
    .where(incident.c.closed_at.is_not(None), incident.c.id < bindparam("before"))
    .order_by(incident.c.id.desc())
    .limit(PAGE)
)
_COUNT: Final = capped(incident, incident.c.closed_at.is_(None))
_SEE: Final = Query(
    update(incident)
    .where(incident.c.id == bindparam("incident"), incident.c.seen_at.is_(None))
    .values(seen_at=bindparam("at"), seen_by=bindparam("who"))
)
_DEEDS: Final = Query(
    select(audit.c.at, audit.c.who, audit.c.verb, audit.c.subject, audit.c.reason, audit.c.id)
    .where(audit.c.id < bindparam("before"))
    .order_by(audit.c.id.desc())
    .limit(PAGE)
)


def opened(tx: Tx, *, most: int = 200) -> list[Incident]:
    """Open incidents, newest first."""
    return [Incident(*row) for row in tx.all(_OPEN, most=most)]


def past(tx: Tx, before: str = LAST) -> list[Incident]:
    """Closed incidents, newest first; ``before`` is the last key of the page before."""
    return [Incident(*row) for row in tx.all(_PAST, before=before)]


def count(tx: Tx) -> int:
    """Open incidents, counted up to CAP + 1."""
    return int(tx.one(_COUNT)[0])


def see(tx: Tx, incident_id: str, who: str) -> bool:
    """A person has seen it; False when it was seen before, or is not there."""
    done = tx.run(_SEE, incident=incident_id, at=tx.now, who=who) == 1
    if done:
        tx.event("incident_seen", incident_id)
    return done


def deeds(tx: Tx, before: str = LAST) -> tuple[list[Deed], str | None]:
    """What people did, newest first, and the key to read on from (None at the end)."""
    rows = tx.all(_DEEDS, before=before)
    return [Deed(*row[:5]) for row in rows], rows[-1][5] if len(rows) == PAGE else None
