"""How much is wrong now: open incidents and mismatches by severity, and the age of the operators' last tickets."""

from typing import Final

from sqlalchemy import func, select

from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query
from chekpoint.store.tables_watch import incident, mismatch

SEVERITIES: Final = ("critical", "warning")
_INCIDENTS: Final = Query(
    select(incident.c.severity, func.count())
    .where(incident.c.closed_at.is_(None))
    .group_by(incident.c.severity)
)
_MISMATCHES: Final = Query(
    select(mismatch.c.severity, func.count())
    .where(mismatch.c.closed_at.is_(None), mismatch.c.resolved_at.is_(None))
    .group_by(mismatch.c.severity)
)


def incidents_open(tx: Tx) -> dict[str, int]:
    """Open incidents by severity; a severity without any is 0."""
    return dict.fromkeys(SEVERITIES, 0) | {row[0]: int(row[1]) for row in tx.all(_INCIDENTS)}


def mismatches_open(tx: Tx) -> dict[str, int]:
    """Open mismatches that nobody has resolved, by severity; a severity without any is 0."""
    return dict.fromkeys(SEVERITIES, 0) | {row[0]: int(row[1]) for row in tx.all(_MISMATCHES)}
