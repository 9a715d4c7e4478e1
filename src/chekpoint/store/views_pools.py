"""What the page of pools shows: how long each queue is, and how busy each register."""

from typing import Final, NamedTuple

from sqlalchemy import bindparam, func, literal_column, select

from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query
from chekpoint.store.tables import attempt, receipt, register

HOUR_MS: Final = 3_600_000
MOST: Final = 20_000  # attempts that a look at the load reads


class Queue(NamedTuple):
    """What waits in a pool; ``deadline`` is the earliest one (milliseconds UTC)."""

    waiting: int
    deadline: int


class Load(NamedTuple):
    """What a register did in the last hour."""

    receipts: int
    busy_ms: int  # from the first byte to the outcome, all together

    @property
    def share(self) -> int:
        """Percent of the hour."""
        return min(round(self.busy_ms * 100 / HOUR_MS), 100)


_QUEUES: Final = Query(
    select(receipt.c.pool_id, func.count(), func.min(receipt.c.deadline_at))
    .where(receipt.c.state == literal_column("'queued'"))
    .group_by(receipt.c.pool_id)
)
_RECENT: Final = (
    select(attempt.c.register_id, attempt.c.outcome, attempt.c.started_at, attempt.c.finished_at)
    .select_from(attempt.join(receipt, receipt.c.id == attempt.c.receipt_id))
    .where(receipt.c.id >= bindparam("first"), attempt.c.finished_at.is_not(None))
    .order_by(receipt.c.id.desc())
    .limit(MOST)
    .subquery()
)
_LOADS: Final = Query(
    select(
        _RECENT.c.register_id, func.count().filter(_RECENT.c.outcome == literal_column("'registered'")),
        func.sum(_RECENT.c.finished_at - _RECENT.c.started_at),
    )
    .group_by(_RECENT.c.register_id)
)  # fmt: skip
_OWNERS: Final = Query(select(register.c.id, register.c.seller_id))


def queues(tx: Tx) -> dict[str, Queue]:
    """Pool -> what waits there."""
    return {row[0]: Queue(row[1], row[2]) for row in tx.all(_QUEUES)}


def loads(tx: Tx, since: int) -> dict[str, Load]:
    """Register -> what it did with receipts accepted since a moment (milliseconds UTC)."""
    first = f"{since:012x}"  # ids are UUIDv7: they begin with the moment of acceptance
    return {row[0]: Load(row[1], int(row[2] or 0)) for row in tx.all(_LOADS, first=first)}


def owners(tx: Tx) -> dict[str, str]:
    """Register -> its seller."""
    return {row[0]: row[1] for row in tx.all(_OWNERS)}
