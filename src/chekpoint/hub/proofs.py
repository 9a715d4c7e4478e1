"""The middle of the ladder, as the register itself can prove it.

Documents leave a drive strictly in FD order. So when the exchange counter says that the first unsent
document is n, every document below n has left; when nothing is unsent, every one signed before the reading.
"""

from typing import TYPE_CHECKING

import structlog

from chekpoint.core.errors import OutcomeUnknown
from chekpoint.core.lifecycle import Proof
from chekpoint.core.ports import ExchangeReading, Ticket
from chekpoint.hub import troubles
from chekpoint.store import incidents, ladder, outcomes
from chekpoint.store.journal import Tx
from chekpoint.store.transitions import climb

if TYPE_CHECKING:
    from chekpoint.hub.lane import Lane

log = structlog.get_logger()
BATCH = 200


class Proofs:
    """One lane's climbing. It asks often while documents are on their way, seldom while nothing changes."""

    def __init__(self, lane: "Lane") -> None:
        self._lane = lane
        self._open = True  # after a start nobody knows: look once
        self._due = 0.0
        self._pause = lane.post.limits.exchange_every

    def expect(self) -> None:
        """A document was signed: it must now be seen to leave."""
        limits = self._lane.post.limits
        if not self._open:
            self._due = self._lane.post.clock.monotonic() + limits.exchange_every
        self._open, self._pause = True, limits.exchange_every

    async def recall(self) -> None:
        """Look again if the journal holds anything below the goal: another lane may have adopted it here."""
        if not self._open and await self._anything(self._lane.fn or ""):
            self.expect()

    async def _anything(self, fn: str) -> bool:
        goal = Proof.TICKETED if self._lane.register.gives_tickets else Proof.SENT_TO_OFD
        return await self._lane.post.store.read(lambda tx: ladder.anything(tx, fn, goal))

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
            moved = await self._sent(reading, signed_before)
            moved |= await self._tickets(reading.fn)
        except OutcomeUnknown as error:
            log.info("exchange_unreadable", register=lane.row.id, why=error.message)
            return False
        self._open = await self._anything(reading.fn)
        return moved

    async def _sent(self, reading: ExchangeReading, signed_before: int) -> bool:
        below: int | None = reading.unsent_first_fd if reading.unsent_count else signed_before + 1
        if below is None:
            return False
        lane, rung, source = self._lane, Proof.SENT_TO_OFD, f"register:{self._lane.row.id}"

        def unit(tx: Tx) -> int:
            found = ladder.below(tx, reading.fn, below, rung, limit=BATCH)
            check = tx.now + int(lane.post.limits.proof_expected * 1000)
            for receipt_id in found:
                key = lane.post.keys.new()
                climb(tx, receipt_id, rung, source=source, body=reading.evidence, check=check, key=key)
            return len(found)

        count = total = await lane.post.store.write(unit)
        while count == BATCH:
            count = await lane.post.store.write(unit)
        return total > 0

    async def _tickets(self, fn: str) -> bool:
        lane = self._lane
        if not lane.register.gives_tickets:
            return False
        waiting = await lane.post.store.read(lambda tx: ladder.waiting(tx, fn, limit=BATCH))
        got = [
            (receipt_id, t) for receipt_id, fd in waiting if (t := await lane.ask(lane.register.ticket(fd)))
        ]
        if got:
            source, keys = f"register:{lane.row.id}", lane.post.keys
            await lane.post.store.write(lambda tx: [ticketed(tx, r, t, source, keys.new()) for r, t in got])
        return bool(got)


def ticketed(tx: Tx, receipt_id: str, found: Ticket, source: str, key: str) -> bool:
    """A ticket that accepts is a rung; one that does not opens an incident (1022 != 0 is not a rung)."""
    outcomes.keep_ticket(tx, found)
    if found.answer == 0:
        return climb(tx, receipt_id, Proof.TICKETED, source=source, body=found.evidence, check=None, key=key)
    words = troubles.refused_by_operator(found.fn, found.fd_number, found.answer)
    incidents.open_incident(tx, "refused_by_operator", receipt_id, words, key=key)
    ladder.put_off(tx, receipt_id)
    return False
