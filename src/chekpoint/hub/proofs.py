"""The middle of the ladder, as the register itself can prove it.

Documents leave a drive strictly in FD order. So when the exchange counter says that the first unsent
document is n, every document below n has left; when nothing is unsent, every one signed before the reading.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import structlog

from chekpoint.core.errors import OutcomeUnknown
from chekpoint.core.lifecycle import Proof
from chekpoint.core.ports import ExchangeReading, Ticket
from chekpoint.hub import troubles
from chekpoint.store import incidents, ladder, outcomes
from chekpoint.store.journal import Tx
from chekpoint.store.transitions import climb_all

if TYPE_CHECKING:
    from chekpoint.hub.lane import Lane

log = structlog.get_logger()
BATCH = 200


class Proofs:
    """One lane's climbing. It asks often while documents are on their way, seldom while nothing changes."""

    def __init__(self, lane: "Lane") -> None:
        self._lane = lane
        self._open = lane.register.keeps_archive  # after a start nobody knows: look once
        self._due = 0.0
        self._pause = lane.post.limits.exchange_every

    def expect(self) -> None:
        """A document was signed: it must now be seen to leave, where the register can show that."""
        if not self._lane.register.keeps_archive:
            return
        limits = self._lane.post.limits
        if not self._open:
            self._due = self._lane.post.clock.monotonic() + limits.exchange_every
        self._open, self._pause = True, limits.exchange_every

    async def recall(self) -> None:
        """Look again if the journal holds anything below the goal: another lane may have adopted it here."""
        if not self._open and await self._anything(self._lane.fn or ""):
            self.expect()

    async def _anything(self, fn: str) -> bool:
        return await self._lane.post.store.read(lambda tx: ladder.anything(tx, fn, self._goal))

    @property
    def _goal(self) -> Proof:
        return Proof.TICKETED if self._lane.register.gives_tickets else Proof.SENT_TO_OFD

    def is_due(self) -> bool:
        """Is it time to look, even while receipts wait?"""
        return self._open and self._lane.post.clock.monotonic() >= self._due

    async def look(self) -> float:
        """Look if it is time; returns the seconds until the next look."""
        limits = self._lane.post.limits
        if not self._open:
            return limits.exchange_calm
        if self.is_due():
            moved = await self._once()
            self._pause = limits.exchange_every if moved else min(self._pause * 1.5, limits.exchange_calm)
            self._due = self._lane.post.clock.monotonic() + self._pause
        return self._left()

    def _left(self) -> float:
        calm = self._lane.post.limits.exchange_calm
        return max(self._due - self._lane.post.clock.monotonic(), 0.0) if self._open else calm

    async def _once(self) -> bool:
        """Climb as far as the register can show; True when anything climbed."""
        lane, signed_before = self._lane, self._lane.last_fd
        try:
            reading: ExchangeReading = await lane.ask(lane.register.exchange())
            found = await self._sent(reading, signed_before)
            got = [(r, t) for r, fd in found.waiting if (t := await lane.ask(lane.register.ticket(fd)))]
        except OutcomeUnknown as error:
            log.info("exchange_unreadable", register=lane.row.id, why=error.message)
            return False
        self._open = await self._tickets(reading.fn, got) if got else found.left
        return bool(found.climbed or got)

    async def _sent(self, reading: ExchangeReading, signed_before: int) -> "_Look":
        """What has left the register by this reading; the same unit finds who waits for a ticket."""
        below = (reading.unsent_first_fd if reading.unsent_count else signed_before + 1) or 0
        lane, rung, source = self._lane, Proof.SENT_TO_OFD, f"register:{self._lane.row.id}"

        def unit(tx: Tx) -> _Look:
            found = ladder.below(tx, reading.fn, below, rung, limit=BATCH)
            check = tx.now + int(lane.post.limits.proof_expected * 1000)
            bodies = dict.fromkeys(found, reading.evidence)
            climb_all(tx, bodies, rung, source=source, check=check, key=lane.post.keys.new)
            gives = lane.register.gives_tickets
            waiting = ladder.waiting(tx, reading.fn, limit=BATCH) if gives else []
            return _Look(len(found), waiting, ladder.anything(tx, reading.fn, self._goal))

        look = await lane.post.store.write(unit)
        climbed = look.climbed
        while look.climbed == BATCH:
            look = await lane.post.store.write(unit)
        return look._replace(climbed=climbed)

    async def _tickets(self, fn: str, got: list[tuple[str, Ticket]]) -> bool:
        """Write the tickets down; is anything of the drive still below the goal?"""
        source, keys = f"register:{self._lane.row.id}", self._lane.post.keys

        def unit(tx: Tx) -> bool:
            ticketed(tx, got, source, keys.new)
            return ladder.anything(tx, fn, self._goal)

        return await self._lane.post.store.write(unit)


class _Look(NamedTuple):
    """One look at the exchange counter: how many climbed, who waits for a ticket, is anything left below."""

    climbed: int
    waiting: list[tuple[str, int]]
    left: bool


def ticketed(tx: Tx, got: Sequence[tuple[str, Ticket]], source: str, key: Callable[[], str]) -> int:
    """A ticket that accepts is a rung; one that does not opens an incident (1022 != 0 is not a rung).

    Takes (receipt, ticket) pairs; returns how many climbed.
    """
    for receipt_id, found in got:
        outcomes.keep_ticket(tx, found)
        if found.answer != 0:
            words = troubles.refused_by_operator(found.fn, found.fd_number, found.answer, found.flags)
            incidents.open_incident(tx, "refused_by_operator", receipt_id, words, key=key())
            ladder.put_off(tx, receipt_id)
    bodies = {receipt_id: found.evidence for receipt_id, found in got if found.answer == 0}
    return climb_all(tx, bodies, Proof.TICKETED, source=source, check=None, key=key)
