"""The operator's side of the ladder: what the OFD's account says it has, with its ticket."""

from datetime import timedelta

import structlog

from chekpoint.core.clock import from_epoch_ms
from chekpoint.core.errors import RegisterError, StoreError
from chekpoint.core.ports import OfdRecord, Operator, Ticket
from chekpoint.hub import proofs, tax
from chekpoint.hub.due_days import DueDays
from chekpoint.hub.post import Post
from chekpoint.store import ladder
from chekpoint.store.journal import Tx

log = structlog.get_logger()
MARGIN = timedelta(days=1)  # a register's wall clock may be in any zone
BATCH = 1000


class OperatorWatch:
    """One account at an operator: asks while documents of its seller lack a ticket, and compares day by day."""

    def __init__(
        self, post: Post, seller_id: str, name: str, operator: Operator, *, troubled: str = ""
    ) -> None:
        self._post, self._seller, self._name, self._operator = post, seller_id, name, operator
        self._troubled = troubled  # whom to wake when the account fails
        self._days = DueDays(post, seller_id, name, operator)

    async def run(self) -> None:
        """Ask until cancelled, more calmly while nothing comes; then let go of the account."""
        try:
            await self._ask()
        finally:
            await self._operator.aclose()

    async def _ask(self) -> None:
        limits = self._post.limits
        pause = limits.operator_every
        while True:
            moved = False
            try:
                moved = await self.once()
                await self._days.once()
            except (RegisterError, StoreError) as error:
                log.warning("operator_failed", operator=self._name, why=str(error))
                if self._troubled:
                    self._post.bell.ring(self._troubled)
            pause = limits.operator_every if moved else min(pause * 1.5, limits.operator_calm)
            await self._post.clock.sleep(pause)

    async def once(self) -> bool:
        """Ask for every drive with unproven documents; True when anything climbed."""
        drives = await self._post.store.read(lambda tx: ladder.drives(tx, self._seller))
        moved = [await self._drive(fn) for fn in drives]
        return any(moved)

    async def _drive(self, fn: str) -> bool:
        open_ = await self._post.store.read(lambda tx: ladder.unproven(tx, fn, limit=BATCH))
        if not open_:
            return False
        since = from_epoch_ms(min(one.updated_at for one in open_)) - MARGIN
        until = self._post.clock.now() + MARGIN
        by_number = {one.fd_number: one for one in open_}
        moved = False
        async for record in self._operator.documents(fn, since, until):
            one = by_number.pop(record.fd_number, None)
            if one is not None:
                moved |= await self._climb(one, record)
            if not by_number:
                break
        return moved

    async def _climb(self, one: ladder.Unproven, record: OfdRecord) -> bool:
        if int(record.fiscal_sign) != int(one.fiscal_sign) or record.total != one.total:
            log.warning("operator_differs", fn=record.fn, fd=record.fd_number)
            return False  # reconciliation names it; it is no proof of this receipt
        found = Ticket(
            fn=record.fn, fd_number=record.fd_number, answer=record.answer, operator_sign=record.ticket_sign,
            evidence=record.evidence,
        )  # fmt: skip
        source, key = f"operator:{self._name}", self._post.keys.new

        def unit(tx: Tx) -> bool:
            climbed = proofs.ticketed(tx, [(one.id, found)], source, key) == 1
            seen = tax.seen_at_operator(tx, one.id, record, seller_id=self._seller, source=source, key=key)
            return seen or climbed

        return await self._post.store.write(unit)
