"""A lane: the serial work of one register.

One turn:

1. hold the lease (or wait while another node holds it);
2. *stand*: ask the register how it is, let locate() decide every attempt of unknown outcome, account for
   every document on the drive that the journal does not know (recovery.py). Nothing is sent before;
3. take the most urgent receipt that this register may register: attempt row durable, then submit;
4. write down what came of it; or, without work, look after the shift and the proofs.

Whatever a driver raises decides what happens (core/errors.py); anything unforeseen is OutcomeUnknown.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

import msgspec
import structlog

from chekpoint.core.clock import epoch_ms
from chekpoint.core.errors import (
    BlockReason,
    Conflict,
    NotSent,
    OutcomeUnknown,
    RegisterBlocked,
    RegisterError,
    Rejected,
    StoreError,
)
from chekpoint.core.lifecycle import Cause, State
from chekpoint.core.ports import Attempt, Register, Registered
from chekpoint.core.witness import Note
from chekpoint.fiscal.receipt import Receipt
from chekpoint.hub import continuity, errands, marks, recovery, reserve, shifts, troubles
from chekpoint.hub.content import restore
from chekpoint.hub.exchanges import Exchanges, mask, personal
from chekpoint.hub.names import attempt_id
from chekpoint.hub.post import Post
from chekpoint.hub.proofs import Proofs
from chekpoint.store import incidents, lanes, outcomes
from chekpoint.store.errands import abandoned
from chekpoint.store.journal import Tx
from chekpoint.store.transitions import move

log = structlog.get_logger()
MakeRegister = Callable[[lanes.RegisterRow, Note], Register]
ALL_TAXATIONS = 0b111111
T = TypeVar("T")


class Lane:
    """One register's worker. ``post`` carries everything that lanes of a hub share."""

    def __init__(self, post: Post, row: lanes.RegisterRow, make: MakeRegister) -> None:
        self.post, self.row = post, row
        self.lease: lanes.Lease | None = None
        self.fn: str | None = None
        self.last_fd = 0
        self.standing = False
        self.shift: str | None = None
        self.shift_closes: float | None = None  # monotonic seconds
        self.shift_opens: float | None = None  # the same, where the clock opens it
        self.clock_ahead = timedelta()  # of the register's wall clock, before UTC
        self.exchanges = Exchanges(row.id, post.keys)
        self.register: Register = make(row, self.exchanges.note)
        self.proofs = Proofs(self)
        self.reading_due = 0.0  # monotonic seconds
        self._failures = 0
        self._status_due = self._errands_due = 0.0

    async def run(self) -> None:
        """Turn until cancelled; then let go of the lease and of the register."""
        try:
            while True:
                await self.turn_safely()
        finally:
            await self.register.aclose()

    async def turn_safely(self) -> None:
        """One turn; whatever goes wrong ends in a wait, never in a lost lane."""
        self._stirs(self.post.limits.io_timeout)
        try:
            await self.turn()
        except RegisterBlocked as blocked:
            await self._blocked(blocked)
        except Conflict as conflict:
            log.warning("lane_lost", register=self.row.id, why=str(conflict))
            self._let_go()
            await self.post.clock.sleep(self.post.limits.backoff_first)
        except StoreError:
            log.exception("journal_failed", register=self.row.id)
            self._let_go()
            await self.post.clock.sleep(self.post.limits.backoff_first)

    async def turn(self) -> None:
        """See the module's docstring."""
        if self.lease is None and not await self._take():
            self._stirs(self.post.limits.lease / 3)
            await self.post.bell.wait((self.row.id,), self.post.limits.lease / 3)
            return
        if self.post.clock.monotonic() >= self._status_due:
            self.standing = False  # also under load: a status that nobody refreshes would be a lie
        if not self.standing:
            await self._stand()
        if not self.post.barrier.holds and self.post.clock.monotonic() >= self._errands_due:
            await self._errands()
        if self.row.draining or self.post.barrier.holds:
            await self._idle()
            return
        await self._work()

    async def _errands(self) -> None:
        """Looked for at each status, and when somebody rings this very register."""
        self._errands_due = self._status_due
        await errands.carry_out(self)

    async def _take(self) -> bool:
        limits = self.post.limits
        self.lease = await self.post.store.write(
            lambda tx: lanes.take(tx, self.row.id, self.post.node, lease_ms=limits.lease_ms)
        )
        if self.lease is not None:
            await self.post.store.write(lambda tx: abandoned(tx, self.row.id))
        return self.lease is not None

    def _let_go(self) -> None:
        self.lease, self.standing = None, False

    @property
    def fence(self) -> int:
        """The fence of the held lease; raises Conflict without one."""
        if self.lease is None:
            raise Conflict("the lane is not held")
        return self.lease.fence

    async def _stand(self) -> None:
        await recovery.stand(self)
        self.standing, self._failures = True, 0
        self._status_due = self.post.clock.monotonic() + self.post.limits.status_every
        now = epoch_ms(self.post.clock.now())
        if await self.post.store.write(
            lambda tx: lanes.unblock(tx, self.row.id, check=now + self.post.limits.lease_ms)
        ):
            await self.post.store.write(lambda tx: incidents.close(tx, "register_blocked", self.row.id))
        await self.proofs.recall()
        if self.row.id in self.post.barrier.missing:
            await continuity.arrived(self.post, self.row.id)

    async def _work(self) -> None:
        want = self._want(self.last_fd)
        if shifts.wants_change(self) and not await self.post.store.write(lambda tx: lanes.waits(tx, want)):
            await self._idle()  # no shift is opened for nobody
            return
        await shifts.before_receipt(self)
        want = self._want(self.last_fd)
        taken = await self.post.store.write(lambda tx: lanes.claim(tx, want, attempt_id))
        if taken is None:
            await self._idle()
        elif isinstance(taken, lanes.Orphan):
            await recovery.adopt_queued(self, taken)
        else:
            following: lanes.Claimed | None = taken
            while following is not None:
                following = await self._register(following)
            if self.standing and self.proofs.is_due():
                await self.proofs.look()

    def _want(self, last_fd: int) -> lanes.Want:
        return lanes.Want(
            register=self.row.id, pools=self.row.pools, fence=self.fence, lease_ms=self.post.limits.lease_ms,
            enough_ms=self.post.limits.enough_ms, fn=self.fn or "", last_fd=last_fd,
            taxations=self.row.taxations or ALL_TAXATIONS, marks=self.row.ffd == "1.2",
        )  # fmt: skip

    def _goes_on(self) -> bool:
        """Is there nothing to do before the next receipt?"""
        return (
            self.standing
            and not self.row.draining
            and not self.post.barrier.holds
            and self.post.clock.monotonic() < self._status_due
            and not self.proofs.is_due()
            and not shifts.wants_change(self)
        )

    async def _register(self, taken: lanes.Claimed) -> lanes.Claimed | None:
        """Register a claimed receipt; answers the next one, when that was taken along."""
        attempt = Attempt(
            id=taken.attempt_id, receipt_id=taken.claim.id, receipt=printed(self.row, restore(taken.claim.content, taken.claim.buyer)),
            mark=taken.claim.mark, digest=taken.claim.digest, fn=self.fn or "", last_fd=self.last_fd, fence=self.fence,
        )  # fmt: skip
        try:
            with self.exchanges.of(attempt):
                result = await self.ask(self.register.submit(attempt))
        except NotSent as error:
            await self._back(attempt, "not_sent", Cause.NOT_SENT, error, wait=self._patience(taken.number))
        except Rejected as error:
            await self.refused(attempt, error, State.REGISTERING)
        except RegisterBlocked as error:
            # Others may take it at once; but one that blocks every lane must not come back at once for ever.
            wait = self._patience(taken.number - 1) if taken.number > 1 else 0.0
            await self._back(attempt, "blocked", Cause.BLOCKED, error, wait=wait)
            if error.reason is not BlockReason.SHIFT_EXPIRED:
                raise
            self.shift = "expired"
        except OutcomeUnknown as error:
            await self.doubt(attempt, error.message, error.code)
        else:
            return await self.registered(attempt, result, State.REGISTERING, Cause.ANSWERED)
        return None

    async def ask(self, question: Any) -> Any:
        """Await a register within the hard limit; anything unforeseen is OutcomeUnknown."""
        self._stirs(self.post.limits.io_timeout)
        try:
            async with asyncio.timeout(self.post.limits.io_timeout):
                return await question
        except TimeoutError as error:
            raise OutcomeUnknown(f"no answer within {self.post.limits.io_timeout:g} s") from error
        except RegisterError:
            raise
        except Exception as error:
            log.exception("register_failed", register=self.row.id)
            raise OutcomeUnknown(f"{type(error).__name__}: {error}") from error

    def _patience(self, tries: int) -> float:
        limits = self.post.limits
        return min(limits.retry_receipt * 2.0 ** min(tries - 1, 10), limits.retry_most)

    async def _back(self, attempt: Attempt, result: str, cause: Cause, error: Any, *, wait: float) -> None:
        def unit(tx: Tx) -> None:
            outcomes.end(tx, attempt.id, attempt.fence, result, code=error.code, message=error.message)
            ready = tx.now + int(wait * 1000)
            move(
                tx, attempt.receipt_id, State.REGISTERING, cause, ready_at=ready, next_check_at=ready,
                error_code=error.code or result, error_text=error.message, note={"attempt": attempt.id},
            )  # fmt: skip

        await self.conclude(unit)

    async def conclude(self, unit: Callable[[Tx], T]) -> T:
        """Write what came of an attempt, together with its raw exchange."""

        def whole(tx: Tx) -> T:
            self.exchanges.write(tx)
            return unit(tx)

        result = await self.post.store.write(whole)
        self.exchanges.written()
        return result

    async def refused(self, attempt: Attempt, error: Rejected, old: State) -> None:
        """The register will never take this content."""
        key = self.post.keys.new()
        await self.conclude(lambda tx: refuse(tx, attempt, error, old, name=self.row.name, key=key))

    async def doubt(self, attempt: Attempt, why: str, code: str | None) -> None:
        """The answer was lost. The next turn stands anew, and locate() decides."""
        self.standing = False
        await self.conclude(
            lambda tx: lanes.doubt(tx, attempt.id, attempt.receipt_id, Cause.ANSWER_LOST, why=why, code=code)
        )

    async def registered(
        self, attempt: Attempt, result: Registered, old: State, cause: Cause
    ) -> lanes.Claimed | None:
        """The document exists: write it down, and account for any document that came in between.

        When nothing else is to be done first, the next receipt is claimed in the same unit, and answered.
        """
        doc = result.document
        evidence = mask(result.evidence, personal(attempt.receipt.buyer))
        warned = mask("; ".join(result.warnings), personal(attempt.receipt.buyer)) or None
        drive = self.register.keeps_archive
        gap = drive and (doc.fn != self.fn or doc.fd_number != self.last_fd + 1)
        go_on = cause is Cause.ANSWERED and not gap and self._goes_on()
        want = self._want(doc.fd_number if drive else 0)

        def unit(tx: Tx) -> lanes.Claimed | None:
            outcomes.end(tx, attempt.id, self.fence, "registered", message=warned)
            outcomes.fiscalise(
                tx, attempt.receipt_id, old, cause, doc, register=self.row.id, evidence=evidence,
                key=self.post.keys.new(), check=tx.now + int(self.post.limits.proof_expected * 1000),
            )  # fmt: skip
            marks.note(tx, attempt.receipt_id, result.warnings)
            if drive and not gap:
                lanes.stand_at(tx, self.row.id, self.fence, fn=doc.fn, last_fd=doc.fd_number)
            return lanes.claim_next(tx, want, attempt_id) if go_on else None

        following = await self.conclude(unit)
        self.proofs.expect()
        if not drive:
            return following
        if doc.fn != self.fn:
            self.standing = False
        elif not gap:
            self.last_fd = doc.fd_number
        elif doc.fd_number > self.last_fd:
            await recovery.account(self, upto=doc.fd_number)
        return following

    async def _idle(self) -> None:
        await shifts.when_idle(self)
        pause = await self.proofs.look()
        left = self._status_due - self.post.clock.monotonic()
        pause = min(pause, left, await reserve.patience(self))
        self._stirs(max(pause, 0.0))
        if await self.post.bell.wait(self._words, pause):
            self._errands_due = 0.0

    @property
    def _words(self) -> tuple[str, ...]:
        """What this lane listens for: a reserve is not woken by each receipt, it looks at the clock."""
        return (*(place.pool_id for place in self.row.pools if place.lead_ms is None), self.row.id)

    async def _blocked(self, blocked: RegisterBlocked) -> None:
        self.standing = False
        self._failures += 1
        limits = self.post.limits
        pause = min(limits.backoff_first * 2.0 ** min(self._failures - 1, 10), limits.backoff_most)
        log.warning("lane_blocked", register=self.row.id, reason=blocked.reason.value, why=blocked.message)

        def unit(tx: Tx) -> None:
            if self.lease is not None:
                lanes.renew(tx, self.row.id, self.fence, lease_ms=limits.lease_ms)
            check = tx.now + int(pause * 1000)
            lanes.block(tx, self.row.id, reason=blocked.reason.value, message=blocked.message, check=check)
            words = troubles.blocked(self.row.name, blocked.reason, blocked.message)
            incidents.open_incident(tx, "register_blocked", self.row.id, words, key=self.post.keys.new())

        try:
            await self.post.store.write(unit)
        except StoreError:
            self._let_go()
        self._stirs(pause)
        await self.post.bell.wait((self.row.id,), pause)

    def _stirs(self, within: float) -> None:
        """Tell the node's pulse that this lane lives, and within how many seconds it will stir again."""
        self.post.pulse.beat(f"lane:{self.row.id}", within)


def printed(row: lanes.RegisterRow, receipt: Receipt) -> Receipt:
    """On paper or not: the register's rule goes before the shop's wish."""
    if row.printing == "asked":
        return receipt
    return msgspec.structs.replace(receipt, paper=row.printing == "always")


def refuse(tx: Tx, attempt: Attempt, error: Rejected, old: State, *, name: str, key: str) -> None:
    """The content cannot be registered: the receipt waits for a person, and nobody waits for it."""
    outcomes.end(tx, attempt.id, attempt.fence, "rejected", code=error.code, message=error.message)
    move(
        tx, attempt.receipt_id, old, Cause.REFUSED, next_check_at=None, error_code=error.code or "rejected",
        error_text=error.message, note={"attempt": attempt.id, "code": error.code},
    )  # fmt: skip
    words = troubles.rejected(name, error.code, error.message)
    incidents.open_incident(tx, "receipt_rejected", attempt.receipt_id, words, key=key)
