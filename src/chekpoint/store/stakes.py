"""What is at stake while something is wrong: receipts that wait, their sum, and documents that nobody has confirmed."""

from typing import Any, Final, NamedTuple

from sqlalchemy import bindparam, func, literal_column, select

from chekpoint.core.lifecycle import State
from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query
from chekpoint.store.tables import lane, receipt
from chekpoint.store.views_scan import is_open

COUNTED: Final = 100_000  # rows that are counted; more than that is "at least"
_WAITING: Final = (State.QUEUED, State.REGISTERING, State.IN_DOUBT)


class Stakes(NamedTuple):
    """Moments are milliseconds UTC; sums are kopecks."""

    receipts: int  # without a fiscal document yet
    kopecks: int
    since: int | None  # the oldest of them came then
    deadline: int | None  # the earliest one of those that are queued
    documents: int  # signed, and not confirmed by the operator
    documents_since: int | None


def _waiting(state: State) -> Query:
    found = (
        select(receipt.c.total, receipt.c.accepted_at, receipt.c.deadline_at)
        .where(is_open(state))
        .limit(COUNTED)
        .subquery()
    )
    whole = select(
        func.count(), func.sum(found.c.total), func.min(found.c.accepted_at), func.min(found.c.deadline_at)
    )
    return Query(whole.select_from(found))


def _unconfirmed(*where: Any) -> Query:
    # states and rungs are literals, or the partial index is not used
    unproven = (receipt.c.state == literal_column("'fiscalised'"), receipt.c.proof < literal_column("30"))
    found = select(receipt.c.updated_at).where(*unproven, *where).limit(COUNTED).subquery()
    return Query(select(func.count(), func.min(found.c.updated_at)).select_from(found))


_BY_STATE: Final = {state: _waiting(state) for state in _WAITING}
_EVERYWHERE: Final = _unconfirmed()
_ON_DRIVE: Final = _unconfirmed(receipt.c.fn == bindparam("fn"))
_DRIVE: Final = Query(select(lane.c.fn).where(lane.c.register_id == bindparam("register")))


def stakes(tx: Tx, register: str | None = None) -> Stakes:
    """What is at stake now; ``register``: the documents of its drive alone (what waits may go to any register)."""
    rows = {state: tx.one(query) for state, query in _BY_STATE.items()}
    row = tx.one(_DRIVE, register=register) if register is not None else None
    documents = tx.one(_ON_DRIVE, fn=row[0]) if row is not None and row[0] else tx.one(_EVERYWHERE)
    return Stakes(
        receipts=sum(int(row[0]) for row in rows.values()),
        kopecks=sum(int(row[1] or 0) for row in rows.values()),
        since=min((int(row[2]) for row in rows.values() if row[2] is not None), default=None),
        deadline=rows[State.QUEUED][3],
        documents=int(documents[0]), documents_since=documents[1],
    )  # fmt: skip
