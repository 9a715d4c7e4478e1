"""The chain for the screens: what is known of each link at this moment, and since when."""

from typing import Final, NamedTuple

from sqlalchemy import bindparam, func, literal_column, select

from chekpoint.core.lifecycle import Proof, State
from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query
from chekpoint.store.tables import event, evidence, outbox, receipt, seller
from chekpoint.store.tables_watch import incident
from chekpoint.store.views_registers import LaneView, drives, lanes
from chekpoint.store.views_scan import WINDOW, capped, distinct, is_open, moment, number

# States and rungs are literals, or the partial indexes are not used.
_UNPROVEN: Final = (receipt.c.state == literal_column("'fiscalised'"), receipt.c.proof < literal_column("30"))
TODAY_CAP: Final = 10_000


OPEN_STATES: Final = (State.QUEUED, State.REGISTERING, State.IN_DOUBT, State.REJECTED)
_COUNTS: Final = {state: capped(receipt, is_open(state)) for state in OPEN_STATES}
_NOT_SIGNED: Final = tuple(state for state in State if state is not State.FISCALISED)
_SINCE: Final = receipt.c.id >= bindparam("since")
_TODAY: Final = capped(receipt, _SINCE, cap=TODAY_CAP)
_TODAY_OPEN: Final = {state: capped(receipt, is_open(state), _SINCE, cap=TODAY_CAP) for state in _NOT_SIGNED}
_NEWEST: Final = Query(select(receipt.c.accepted_at).order_by(receipt.c.id.desc()).limit(1))
_OLDEST: Final = Query(
    select(receipt.c.accepted_at).where(is_open(State.QUEUED)).order_by(receipt.c.id).limit(1)
)
_EARLIEST: Final = (
    select(func.min(receipt.c.deadline_at))
    .where(is_open(State.QUEUED), receipt.c.seller_id == seller.c.id)
    .correlate(seller)
    .scalar_subquery()
)
_DEADLINES: Final = Query(select(seller.c.id, _EARLIEST))
_WAY: Final = (
    select(receipt.c.proof, receipt.c.updated_at, receipt.c.id)
    .where(*_UNPROVEN)
    .order_by(receipt.c.fn, receipt.c.fd_number)
    .limit(WINDOW)
    .subquery()
)
_ON_THE_WAY: Final = Query(
    select(_WAY.c.proof, func.count(), func.min(_WAY.c.updated_at)).group_by(_WAY.c.proof)
)
_TODAY_WAY: Final = Query(select(func.count()).select_from(_WAY).where(_WAY.c.id >= bindparam("since")))
_WAITING: Final = (
    select(outbox.c.error).where(outbox.c.state == literal_column("'waiting'")).limit(WINDOW).subquery()
)
_NOTICES: Final = Query(select(func.count(), func.count(_WAITING.c.error)).select_from(_WAITING))
_KINDS: Final = (
    select(incident.c.kind).where(incident.c.closed_at.is_(literal_column("NULL"))).limit(WINDOW).subquery()
)
_INCIDENTS: Final = Query(select(_KINDS.c.kind, func.count()).group_by(_KINDS.c.kind))
_RECENT: Final = (
    select(evidence.c.rung, evidence.c.at).order_by(evidence.c.id.desc()).limit(WINDOW).subquery()
)
_TAX: Final = Query(
    select(func.max(_RECENT.c.at)).where(_RECENT.c.rung >= literal_column(str(int(Proof.AT_TAX_SERVICE))))
)
_JOURNALS: Final = distinct(event.c.journal)
_WRITTEN: Final = Query(
    select(event.c.seq, event.c.at)
    .where(event.c.journal == bindparam("which"))
    .order_by(event.c.seq.desc())
    .limit(1)
)


class Way(NamedTuple):
    """Signed documents without the operator's ticket; the counts stop at WINDOW together."""

    signed: int  # still in the register
    sent: int  # left it
    since: int | None  # the oldest change among them

    @property
    def full(self) -> bool:
        """Are there more than were counted?"""
        return self.signed + self.sent >= WINDOW


class Chain(NamedTuple):
    """What is known of the whole way at ``now``. Moments are milliseconds UTC; counts stop at CAP."""

    now: int
    accepted_at: int | None
    written_at: int | None
    counts: dict[State, int]
    queued_since: int | None
    deadline: int | None  # the earliest one of the queue
    way: Way
    notices: int
    refused_notices: int
    lanes: list[LaneView]
    incidents: dict[str, int]  # open ones by kind
    tax_service_at: int | None


def chain(tx: Tx) -> Chain:
    """Read what the home screen draws."""
    notices = tx.one(_NOTICES)
    return Chain(
        now=tx.now, accepted_at=moment(tx, _NEWEST), written_at=_written(tx),
        counts={state: number(tx, query) for state, query in _COUNTS.items()},
        queued_since=moment(tx, _OLDEST),
        deadline=min((row[1] for row in tx.all(_DEADLINES) if row[1] is not None), default=None),
        way=_on_the_way(tx), notices=int(notices[0]), refused_notices=int(notices[1]), lanes=lanes(tx),
        incidents={row[0]: int(row[1]) for row in tx.all(_INCIDENTS)}, tax_service_at=moment(tx, _TAX),
    )  # fmt: skip


def _on_the_way(tx: Tx) -> Way:
    rungs = {Proof(row[0]): (int(row[1]), int(row[2])) for row in tx.all(_ON_THE_WAY)}
    signed, sent = rungs.get(Proof.SIGNED), rungs.get(Proof.SENT_TO_OFD)
    since = min((found[1] for found in (signed, sent) if found), default=None)
    return Way(signed[0] if signed else 0, sent[0] if sent else 0, since)


def _written(tx: Tx) -> int | None:
    rows = [tx.one(_WRITTEN, which=row[0]) for row in tx.all(_JOURNALS)]
    return max((int(row[1]) for row in rows if row), default=None)


def pulse(tx: Tx) -> str:
    """A word that changes whenever any node has written anything; costs one seek per node."""
    return "-".join(f"{tx.one(_WRITTEN, which=row[0])[0]}" for row in tx.all(_JOURNALS))


class Today(NamedTuple):
    """Receipts accepted since a moment, by what has become of them. Counts stop at TODAY_CAP."""

    accepted: int
    states: dict[State, int]
    unproven: int

    @property
    def fiscalised(self) -> int:
        """Those with a fiscal document."""
        return max(self.accepted - sum(self.states.values()), 0)

    @property
    def ticketed(self) -> int:
        """Those that the operator has confirmed."""
        return max(self.fiscalised - self.unproven, 0)

    @property
    def full(self) -> bool:
        """Are there more than were counted?"""
        return self.accepted > TODAY_CAP


def today(tx: Tx, midnight: int) -> Today:
    """Count what was accepted since a moment (milliseconds UTC): keys are ordered by time, so no index is needed."""
    since = f"{midnight:012x}"
    return Today(
        number(tx, _TODAY, since=since),
        {state: number(tx, query, since=since) for state, query in _TODAY_OPEN.items()},
        number(tx, _TODAY_WAY, since=since),
    )


_BY_DRIVE_ROWS: Final = (
    select(receipt.c.fn).where(*_UNPROVEN, receipt.c.fn == bindparam("fn")).limit(WINDOW).subquery()
)
_COUNT_OF_DRIVE: Final = Query(select(func.count()).select_from(_BY_DRIVE_ROWS))
_OLDEST_OF_DRIVE: Final = Query(
    select(receipt.c.updated_at)
    .where(*_UNPROVEN, receipt.c.fn == bindparam("fn"))
    .order_by(receipt.c.fd_number)
    .limit(1)
)


class Unproven(NamedTuple):
    """Documents of one drive without the operator's ticket: how many (up to WINDOW), and the oldest one's moment."""

    documents: int
    since: int | None


def unproven_by_drive(tx: Tx) -> dict[str, Unproven]:
    """For each drive that a lane works with now."""
    return {
        fn: Unproven(number(tx, _COUNT_OF_DRIVE, fn=fn), moment(tx, _OLDEST_OF_DRIVE, fn=fn))
        for fn in drives(tx)
    }
