"""How the registers stand, and how much waits where: for screens and metrics."""

from typing import Any, Final, NamedTuple

from sqlalchemy import bindparam, func, literal_column, select

from chekpoint.core.lifecycle import Proof, State
from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query
from chekpoint.store.tables import lane, outbox, receipt, register

SETTLE_MS: Final = 60_000  # by then no write group with an older id can still be on its way


class Stand(NamedTuple):
    """A register with its lane. Times are milliseconds UTC; ``status`` is the last RegisterStatus as JSON."""

    id: str
    seller_id: str
    name: str
    maker: str
    enabled: int
    draining: int
    ffd: str | None
    taxations: int | None
    holder: str | None
    fence: int
    lease_until: int | None
    fn: str | None
    last_fd: int | None
    block: str | None
    block_message: str | None
    blocked_since: int | None
    status: bytes | None
    status_at: int | None


_OF_REGISTER: Final = ("id", "seller_id", "name", "maker", "enabled", "draining", "ffd", "taxations")
_STANDS: Final = Query(
    select(*(register.c[n] if n in _OF_REGISTER else lane.c[n] for n in Stand._fields))
    .select_from(register.join(lane, lane.c.register_id == register.c.id))
    .order_by(register.c.id)
)


def stands(tx: Tx, *, seller_id: str | None = None) -> list[Stand]:
    """All registers, or those of one seller, in the order in which they were added."""
    found = (Stand(*row) for row in tx.all(_STANDS))
    return [stand for stand in found if seller_id in {None, stand.seller_id}]


_OPEN: Final = Query(
    select(receipt.c.state, func.count())
    .where(receipt.c.state != literal_column("'fiscalised'"))
    .group_by(receipt.c.state)
)
_UNPROVEN: Final = Query(
    select(receipt.c.proof, func.count())
    .where(receipt.c.state == literal_column("'fiscalised'"), receipt.c.proof < literal_column("30"))
    .group_by(receipt.c.proof)
)
_UP_TO: Final = Query(
    select(func.count())
    .select_from(receipt)
    .where(receipt.c.id > bindparam("after"), receipt.c.id <= bindparam("upto"))
)
_OLDEST: Final = Query(
    select(receipt.c.accepted_at)
    .where(receipt.c.state == literal_column("'queued'"), receipt.c.state != literal_column("'fiscalised'"))
    .order_by(receipt.c.id)
    .limit(1)
)
_NOTICES: Final = Query(
    select(func.count(), func.min(outbox.c.created_at)).where(outbox.c.state == literal_column("'waiting'"))
)


class Counts(NamedTuple):
    """How many receipts are in each state and on each rung. Rung ``ticketed`` counts all from the ticket on."""

    states: dict[State, int]
    rungs: dict[Proof, int]
    oldest_queued_at: int | None
    notices_waiting: int
    oldest_notice_at: int | None


class Counter:
    """Counts without walking the archive: what is settled was counted once and is remembered."""

    def __init__(self) -> None:
        self._upto, self._settled = "", 0

    def counts(self, tx: Tx) -> Counts:
        """The counts of this moment."""
        opened = {State(row[0]): int(row[1]) for row in tx.all(_OPEN)}
        below = {Proof(row[0]): int(row[1]) for row in tx.all(_UNPROVEN)}
        fiscalised = max(self._all(tx) - sum(opened.values()), 0)
        rungs = {Proof.NONE: sum(opened.values()), Proof.SIGNED: 0, Proof.SENT_TO_OFD: 0} | below
        rungs[Proof.TICKETED] = max(fiscalised - sum(below.values()), 0)
        states = dict.fromkeys(State, 0) | opened | {State.FISCALISED: fiscalised}
        oldest, notices = tx.one(_OLDEST), tx.one(_NOTICES)
        return Counts(states, rungs, oldest and oldest[0], *notices)

    def _all(self, tx: Tx) -> int:
        """Receipts are never deleted, and their keys grow with time."""
        upto = f"{max(tx.now - SETTLE_MS, 0):012x}"
        if upto > self._upto:
            self._settled += _number(tx.one(_UP_TO, after=self._upto, upto=upto))
            self._upto = upto
        return self._settled + _number(tx.one(_UP_TO, after=self._upto, upto="g"))


def _number(row: Any) -> int:
    return int(row[0])
