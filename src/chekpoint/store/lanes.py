"""Lanes: the serial work of one register. One holder at a time, by a lease with a fence number.

Every write of a lane names its fence. When another node has taken the lane, the old holder's writes touch
no row and raise Conflict: whatever it learned is left to the new holder, which looks for itself.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from sqlalchemy import BigInteger, Text, bindparam, func, insert, literal_column, or_, select, update

from chekpoint.core.lifecycle import Cause, State
from chekpoint.store.journal import Tx
from chekpoint.store.pools import Place, places
from chekpoint.store.receipts import Claim, most_urgent
from chekpoint.store.sql import Query
from chekpoint.store.tables import attempt, fiscal_document, lane, register, seller
from chekpoint.store.transitions import move

ALWAYS: Final = 1 << 62  # a deadline that no receipt has


class Lease(NamedTuple):
    """A held lane: its fence, and what the journal knows of its drive."""

    fence: int
    fn: str | None
    last_fd: int | None


class RegisterRow(NamedTuple):
    """A register as the lanes need it."""

    id: str
    seller_id: str
    name: str
    maker: str
    config: bytes
    taxations: int | None
    ffd: str | None
    enabled: int
    draining: int
    seller_inn: str
    close_at: str | None = None  # HH:MM of its own clock
    open_at: str | None = None
    opening_cash: int = 0  # kopecks
    printing: str = "asked"  # asked | always | never
    pools: tuple[Place, ...] = ()  # that it serves


class Position(NamedTuple):
    """What the journal knows of a lane's drive."""

    fn: str | None
    last_fd: int | None


_REGISTERS: Final = Query(
    select(
        register.c.id, register.c.seller_id, register.c.name, register.c.maker, register.c.config,
        register.c.taxations, register.c.ffd, register.c.enabled, register.c.draining, seller.c.inn,
        register.c.close_at, register.c.open_at, register.c.opening_cash, register.c.printing,
    )
    .select_from(register.join(seller, seller.c.id == register.c.seller_id))
    .order_by(register.c.id)
)  # fmt: skip
_POSITION: Final = Query(select(lane.c.fn, lane.c.last_fd).where(lane.c.register_id == bindparam("register")))


def registers(tx: Tx) -> list[RegisterRow]:
    """All registers, enabled or not."""
    served = places(tx)
    return [RegisterRow(*row)._replace(pools=served.get(row[0], ())) for row in tx.all(_REGISTERS)]


def position(tx: Tx, register_id: str) -> Position:
    """The drive and its last accounted document."""
    row = tx.one(_POSITION, register=register_id)
    return Position(*row) if row else Position(None, None)


class Overview(NamedTuple):
    """A register with what its lane last wrote down."""

    id: str
    name: str
    maker: str
    enabled: int
    fn: str | None
    last_fd: int | None
    block: str | None
    block_message: str | None
    blocked_since: int | None
    status_at: int | None


_OVERVIEW: Final = Query(
    select(
        register.c.id, register.c.name, register.c.maker, register.c.enabled, lane.c.fn, lane.c.last_fd,
        lane.c.block, lane.c.block_message, lane.c.blocked_since, lane.c.status_at,
    )
    .select_from(register.join(lane, lane.c.register_id == register.c.id))
    .order_by(register.c.id)
)  # fmt: skip


def overview(tx: Tx) -> list[Overview]:
    """All registers with their lanes."""
    return [Overview(*row) for row in tx.all(_OVERVIEW)]


_POSITIONS: Final = Query(
    select(lane.c.register_id, lane.c.fn, lane.c.last_fd).where(
        lane.c.fn.is_not(None), lane.c.last_fd.is_not(None)
    )
)


def positions(tx: Tx) -> dict[str, tuple[str, int]]:
    """Register -> its drive and the last document that the journal accounts for."""
    return {row[0]: (row[1], row[2]) for row in tx.all(_POSITIONS)}


_USED: Final = Query(select(lane.c.register_id).where(lane.c.fence > 0).limit(1))


def ever_held(tx: Tx) -> bool:
    """Has any node ever worked with any register of this journal?"""
    return tx.one(_USED) is not None


_ELSEWHERE: Final = Query(
    select(lane.c.register_id)
    .where(lane.c.holder != bindparam("node"), lane.c.lease_until >= bindparam("now"))
    .limit(1)
)


def held_elsewhere(tx: Tx, node: str) -> bool:
    """Does another node hold a lane just now?"""
    return tx.one(_ELSEWHERE, node=node, now=tx.now) is not None


class Tried(NamedTuple):
    """An attempt whose outcome the journal does not know."""

    id: str
    receipt_id: str
    number: int
    fn: str
    last_fd: int
    digest: str
    fence: int
    outcome: str


UNRESOLVED: Final = or_(
    attempt.c.outcome == literal_column("'open'"), attempt.c.outcome == literal_column("'unknown'")
)
_TAKE: Final = Query(
    update(lane)
    .where(
        lane.c.register_id == bindparam("register"),
        or_(
            lane.c.holder.is_(None), lane.c.holder == bindparam("node"), lane.c.lease_until < bindparam("now")
        ),
    )
    .values(holder=bindparam("node"), fence=lane.c.fence + 1, lease_until=bindparam("until"))
    .returning(lane.c.fence, lane.c.fn, lane.c.last_fd)
)
_OPEN: Final = Query(
    select(
        attempt.c.id, attempt.c.receipt_id, attempt.c.number, attempt.c.fn, attempt.c.last_fd, attempt.c.digest,
        attempt.c.fence, attempt.c.outcome,
    )
    .where(attempt.c.register_id == bindparam("register"), UNRESOLVED)
    .order_by(attempt.c.id)
)  # fmt: skip
_DOUBT: Final = Query(
    update(attempt)
    .where(attempt.c.id == bindparam("attempt"), attempt.c.outcome == "open")
    .values(outcome="unknown", message=bindparam("why"), code=bindparam("code"))
)


def take(tx: Tx, register_id: str, node: str, *, lease_ms: int) -> Lease | None:
    """Take a lane that is free, ours, or whose lease ran out; None while another node holds it.

    An attempt that was open under the old fence may have been sent: its receipt goes to in_doubt, never
    back to the queue (invariant 7).
    """
    row = tx.one(_TAKE, register=register_id, node=node, now=tx.now, until=tx.now + lease_ms)
    if row is None:
        return None
    tx.wrote = True
    for tried in unresolved(tx, register_id):
        if tried.outcome == "open":
            doubt(tx, tried.id, tried.receipt_id, Cause.LEASE_LOST, why="the lane changed hands", code=None)
    tx.event("lane_taken", register_id, node=node, fence=row[0])
    return Lease(*row)


def unresolved(tx: Tx, register_id: str) -> list[Tried]:
    """Attempts of this register that only locate() can decide, oldest first."""
    return [Tried(*row) for row in tx.all(_OPEN, register=register_id)]


def doubt(tx: Tx, attempt_id: str, receipt_id: str, cause: Cause, *, why: str, code: str | None) -> None:
    """The answer was lost, or the lease: the receipt waits for locate()."""
    tx.exactly(_DOUBT, "the attempt is resolved", attempt=attempt_id, why=why, code=code)
    move(
        tx,
        receipt_id,
        State.REGISTERING,
        cause,
        next_check_at=tx.now,
        note={"attempt": attempt_id, "why": why},
    )


_RENEW: Final = Query(
    update(lane)
    .where(
        lane.c.register_id == bindparam("register"),
        lane.c.fence == bindparam("fence"),
        lane.c.lease_until >= bindparam("now"),
    )
    .values(lease_until=bindparam("until"), next_check_at=bindparam("until"))
)


def renew(tx: Tx, register_id: str, fence: int, *, lease_ms: int) -> None:
    """Hold the lane longer; raises Conflict when the lease ran out or another has it."""
    tx.exactly(
        _RENEW, f"lane {register_id}", register=register_id, fence=fence, now=tx.now, until=tx.now + lease_ms
    )


_RELEASE: Final = Query(
    update(lane)
    .where(lane.c.register_id == bindparam("register"), lane.c.fence == bindparam("fence"))
    .values(holder=None, lease_until=None)
)


def release(tx: Tx, register_id: str, fence: int) -> None:
    """Let another node take the lane at once."""
    tx.run(_RELEASE, register=register_id, fence=fence)


class Want(NamedTuple):
    """What a lane may take, and under which lease."""

    register: str
    pools: tuple[Place, ...]
    fence: int
    lease_ms: int
    enough_ms: int  # the lease must outlast any one command
    fn: str
    last_fd: int
    taxations: int
    marks: bool


_ATTEMPT: Final = Query(
    insert(attempt).values(
        {
            n: bindparam(n)
            for n in (
                "id",
                "receipt_id",
                "register_id",
                "number",
                "fn",
                "last_fd",
                "digest",
                "fence",
                "started_at",
            )
        }
        | {"outcome": "open"}
    )
)
_ORPHAN: Final = Query(
    select(
        fiscal_document.c.fn, fiscal_document.c.fd_number, fiscal_document.c.total, fiscal_document.c.kind
    ).where(fiscal_document.c.mark == bindparam("mark"), fiscal_document.c.receipt_id.is_(None))
)


class Claimed(NamedTuple):
    """A receipt with its durable attempt: now, and only now, the first byte may leave."""

    claim: Claim
    attempt_id: str
    number: int


class Orphan(NamedTuple):
    """A queued receipt whose document is on a drive already."""

    claim: Claim
    fn: str
    fd_number: int
    total: int
    kind: int


def claim(tx: Tx, want: Want, name_attempt: Callable[[str, int], str]) -> Claimed | Orphan | None:
    """Take the most urgent receipt: queued -> registering, with the attempt row (invariant 3).

    The lease is renewed when less than ``want.enough_ms`` is left of it; raises Conflict when it is lost.
    """
    found = _candidate(tx, want)
    if found is None:
        renew(tx, want.register, want.fence, lease_ms=want.lease_ms)
        found = _candidate(tx, want)
    if found is None:
        return None
    if found.orphaned:
        return Orphan(found, *tx.one(_ORPHAN, mark=found.mark))
    return _begin(tx, want, found, name_attempt)


def waits(tx: Tx, want: Want) -> bool:
    """Is there a receipt that the lane could take? The lease is renewed as ``claim`` does."""
    if _candidate(tx, want) is not None:
        return True
    renew(tx, want.register, want.fence, lease_ms=want.lease_ms)
    return _candidate(tx, want) is not None


def claim_next(tx: Tx, want: Want, name_attempt: Callable[[str, int], str]) -> Claimed | None:
    """Take the most urgent receipt in the unit that ends the one before: half as many commits to wait for.

    None whenever anything is out of the ordinary: ``claim`` looks into that, in a unit of its own.
    """
    found = _candidate(tx, want)
    return None if found is None or found.orphaned else _begin(tx, want, found, name_attempt)


def _begin(tx: Tx, want: Want, found: Claim, name_attempt: Callable[[str, int], str]) -> Claimed:
    number = found.tries + 1
    attempt_id = name_attempt(found.mark, number)
    check = tx.now + want.lease_ms
    move(
        tx, found.id, State.QUEUED, Cause.CLAIMED, register_id=want.register, tries=number, next_check_at=check,
        note={"register": want.register, "attempt": attempt_id, "fn": want.fn, "last_fd": want.last_fd,
              "fence": want.fence},
    )  # fmt: skip
    tx.later(
        _ATTEMPT, id=attempt_id, receipt_id=found.id, register_id=want.register, number=number, fn=want.fn,
        last_fd=want.last_fd, digest=found.digest, fence=want.fence, started_at=tx.now,
    )  # fmt: skip
    return Claimed(found, attempt_id, number)


def _candidate(tx: Tx, want: Want) -> Claim | None:
    """The most urgent receipt of all the pools that the register serves."""
    found = [one for place in want.pools if (one := _candidate_of(tx, want, place)) is not None]
    return min(found, key=lambda one: (one.deadline_at, one.id), default=None)


def _candidate_of(tx: Tx, want: Want, place: Place) -> Claim | None:
    return most_urgent(
        tx, register=want.register, fence=want.fence, enough=tx.now + want.enough_ms, pool=place.pool_id,
        before=ALWAYS if place.lead_ms is None else tx.now + place.lead_ms, taxations=want.taxations, marks=want.marks,
    )  # fmt: skip


_KNOWN_FD: Final = Query(
    select(func.max(fiscal_document.c.fd_number)).where(fiscal_document.c.fn == bindparam("fn"))
)
_AT: Final = Query(
    update(lane)
    .where(lane.c.register_id == bindparam("register"), lane.c.fence == bindparam("fence"))
    .values({"fn": bindparam("fn"), "last_fd": bindparam("last_fd")})
)


def known_fd(tx: Tx, fn: str) -> int | None:
    """The last document of a drive that the journal has, if any."""
    last: int | None = tx.one(_KNOWN_FD, fn=fn)[0]
    return last


def stand_at(tx: Tx, register_id: str, fence: int, *, fn: str, last_fd: int) -> None:
    """Every document up to ``last_fd`` is accounted for; raises Conflict under a stale fence."""
    tx.exactly(_AT, f"lane {register_id}", register=register_id, fence=fence, fn=fn, last_fd=last_fd)


_STATUS: Final = Query(
    update(lane)
    .where(lane.c.register_id == bindparam("register"))
    .values(status=bindparam("status"), status_at=bindparam("at"))
)
_ABLE: Final = Query(
    update(register)
    .where(register.c.id == bindparam("register"))
    .values(
        taxations=func.coalesce(bindparam("said_taxations", type_=BigInteger), register.c.taxations),
        ffd=func.coalesce(bindparam("said_ffd", type_=Text), register.c.ffd),
    )
)
_BLOCK: Final = Query(
    update(lane)
    .where(lane.c.register_id == bindparam("register"))
    .values(
        block=bindparam("reason"),
        block_message=bindparam("message"),
        blocked_since=func.coalesce(lane.c.blocked_since, bindparam("at")),
        next_check_at=bindparam("check"),
    )
)
_FREE: Final = Query(
    update(lane)
    .where(lane.c.register_id == bindparam("register"), lane.c.block.is_not(None))
    .values(block=None, block_message=None, blocked_since=None, next_check_at=bindparam("check"))
)


def note_status(tx: Tx, register_id: str, status: bytes, taxations: int | None, ffd: str | None) -> None:
    """Keep the last status that a register gave, and what it may take."""
    tx.run(_STATUS, register=register_id, status=status, at=tx.now)
    tx.run(_ABLE, register=register_id, said_taxations=taxations, said_ffd=ffd)


def block(tx: Tx, register_id: str, *, reason: str, message: str, check: int) -> None:
    """The lane waits; ``blocked_since`` keeps the first moment."""
    tx.run(_BLOCK, register=register_id, reason=reason, message=message, at=tx.now, check=check)
    tx.event("lane_blocked", register_id, reason=reason)


def unblock(tx: Tx, register_id: str, *, check: int) -> bool:
    """The lane works again; False when it was not blocked."""
    free = tx.run(_FREE, register=register_id, check=check) == 1
    if free:
        tx.event("lane_unblocked", register_id)
    return free


_CONFIGURE: Final = Query(
    update(register).where(register.c.id == bindparam("register")).values(config=bindparam("new_config"))
)


def configure(tx: Tx, register_id: str, config: bytes) -> None:
    """New settings of a register."""
    tx.run(_CONFIGURE, register=register_id, new_config=config)
    tx.event("register_configured", register_id)
