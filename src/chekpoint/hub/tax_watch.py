"""Asks the tax service, within its day's limit, until cancelled. One permission for each account ``fns``."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

import msgspec
import structlog

from chekpoint.core.clock import epoch_ms
from chekpoint.core.errors import RegisterBlocked, RegisterError, StoreError
from chekpoint.core.lifecycle import Proof
from chekpoint.core.ports import TaxAnswer, TaxService
from chekpoint.hub import tax, tax_words
from chekpoint.hub.post import Post
from chekpoint.hub.tax import TaxPlan
from chekpoint.store import incidents, people
from chekpoint.store import tax as asked
from chekpoint.store.journal import Tx

log = structlog.get_logger()
MakeTax = Callable[[bytes], tuple[TaxService, TaxPlan]]
"""An account's settings -> the client and how much it is asked. Raises what an unusable setting raises."""
BATCH: Final = 20  # questions of one round
PAGE: Final = 500  # receipts that one look passes over
PAGES: Final = 10  # looks of one round
KEEP: Final = timedelta(days=40)  # of questions that nobody asks
TIDY_EVERY: Final = 3600.0


class Seat:
    """One permission at work. ``after`` is the key up to which the sample has been drawn in this lap."""

    def __init__(self, account_id: str, seller_id: str, config: bytes, make: MakeTax) -> None:
        self.account_id, self.seller_id, self.config = account_id, seller_id, config
        self.service, self.plan = make(config)
        self.after = ""


class TaxWatch:
    """Every account that a maker knows, asked in turn."""

    def __init__(self, post: Post, makers: Mapping[str, MakeTax]) -> None:
        self._post, self._makers = post, makers
        self._seats: dict[str, Seat] = {}
        self._tidied = -TIDY_EVERY

    async def run(self) -> None:
        """Ask until cancelled, more calmly while there is nothing to ask; then let go of the connections."""
        limits = self._post.limits
        pause = limits.operator_every
        try:
            while True:
                moved = await self._guarded()
                pause = limits.operator_every if moved else min(pause * 1.5, limits.operator_calm)
                await self._post.clock.sleep(pause)
        finally:
            await self.aclose()

    async def aclose(self) -> None:
        """Let go of the connections."""
        for seat in self._seats.values():
            await seat.service.aclose()

    async def _guarded(self) -> bool:
        try:
            return await self.once()
        except StoreError as error:
            log.warning("tax_watch_failed", why=str(error))
            return False

    async def once(self) -> bool:
        """One round over all permissions; True when anything was asked and answered."""
        await self._seat_all()
        await self._tidy()
        moved = [await self._round(seat) for seat in self._seats.values()]
        return any(moved)

    async def _tidy(self) -> None:
        """Also where there is no permission: an operator's doubts would pile up."""
        if self._post.clock.monotonic() - self._tidied < TIDY_EVERY:
            return
        self._tidied = self._post.clock.monotonic()
        before = epoch_ms(self._post.clock.now() - KEEP)
        await self._post.store.write(lambda tx: asked.forget_older(tx, before))

    async def _seat_all(self) -> None:
        """Accounts as they are now: new ones are begun, changed ones made anew."""
        rows = await self._post.store.read(people.accounts)
        for key, seller_id, operator, config in rows:
            make, known = self._makers.get(operator), self._seats.get(key)
            if make is None or (known is not None and known.config == bytes(config)):
                continue
            try:
                self._seats[key] = Seat(key, seller_id, bytes(config), make)
            except (RegisterError, OSError, msgspec.MsgspecError) as error:
                log.warning("tax_account_unusable", account=key, why=str(error))
                continue
            if known is not None:
                await known.service.aclose()

    async def _round(self, seat: Seat) -> bool:
        moved = False
        for receipt_id in await self._chosen(seat):
            claimed = await self._claim(seat, receipt_id)
            if claimed is None:
                continue
            if not await self._ask(seat, *claimed):
                break
            moved = True
        return moved

    async def _chosen(self, seat: Seat) -> list[str]:
        """Receipts to ask about now: in doubt, then due again, then of the sample."""
        day = f"{self._post.clock.now():%Y-%m-%d}"

        def look(tx: Tx) -> tuple[list[str], int]:
            waiting = asked.due(tx, seat.seller_id)
            return [one.receipt_id for one in waiting], asked.asked_on(tx, seat.account_id, day)

        chosen, used = await self._post.store.read(look)
        most = min(BATCH, max(seat.plan.daily - used, 0))
        for _ in range(PAGES):
            if len(chosen) >= most or not await self._draw(seat, chosen):
                break
        return chosen[:most]

    async def _draw(self, seat: Seat, chosen: list[str]) -> bool:
        """Add the sampled ones of the next page of keys; False at the end of the lap.

        More than a round asks may come; those left over are met again in the next lap.
        """
        now, plan = self._post.clock.now(), seat.plan
        first, last = now - timedelta(days=plan.days), now - timedelta(seconds=plan.after_seconds)
        after = max(seat.after, _key(epoch_ms(first)))

        def look(tx: Tx) -> tuple[list[str], str | None]:
            passed = asked.page(tx, after, _key(epoch_ms(last)), limit=PAGE)
            fresh = [one.id for one in passed if self._fits(seat, one) and asked.question(tx, one.id) is None]
            return fresh, passed[-1].id if len(passed) == PAGE else None

        fresh, end = await self._post.store.read(look)
        chosen += [one for one in fresh if one not in chosen]
        seat.after = end or ""  # the next lap sees those that the operator has taken meanwhile
        return end is not None

    def _fits(self, seat: Seat, one: asked.Passed) -> bool:
        ours = one.seller_id == seat.seller_id and Proof.TICKETED <= one.proof < Proof.AT_TAX_SERVICE
        return ours and tax.is_sampled(one.id, seat.plan.share)

    async def _claim(self, seat: Seat, receipt_id: str) -> tuple[asked.Candidate, asked.Question] | None:
        """Take one question of the day's number, before it is asked; None where it is not to be asked."""
        day = f"{self._post.clock.now():%Y-%m-%d}"

        def unit(tx: Tx) -> tuple[asked.Candidate, asked.Question] | None:
            used = asked.asked_on(tx, seat.account_id, day)
            one, known = asked.candidate(tx, receipt_id), asked.question(tx, receipt_id)
            if one is None or not one.open(doubted=known is not None and known.first):
                asked.forget(tx, receipt_id, seat.seller_id)
                return None
            if used >= seat.plan.daily:
                return None
            if known is not None and (known.due is None or known.due > tx.now):
                return None  # another node has taken it, or it was answered as far as it can be
            wait = tx.now + int(seat.plan.again_seconds * 1000)
            mine = known or asked.Question(receipt_id=one.id, seller_id=one.seller_id, due=wait, since=tx.now)
            asked.put(tx, msgspec.structs.replace(mine, due=wait))
            asked.count(tx, seat.account_id, day, used + 1)
            return one, mine

        return await self._post.store.write(unit)

    async def _ask(self, seat: Seat, one: asked.Candidate, mine: asked.Question) -> bool:
        """Ask and write the answer down; False when the service does not answer."""
        try:
            answer = await seat.service.ask(tax.told_of(one))
        except RegisterBlocked as error:
            why = error.message
            log.warning("tax_service_failed", account=seat.account_id, why=why)
            await self._post.store.write(lambda tx: self._unanswered(tx, seat, mine, why))
            return False

        def unit(tx: Tx, said: TaxAnswer = answer) -> None:
            tax.settle(tx, one, mine, said, plan=seat.plan, key=self._post.keys.new)
            asked.answered(tx, seat.account_id, ok=True, words=said.message)
            incidents.close(tx, tax.SILENT, seat.account_id)

        await self._post.store.write(unit)
        return True

    def _unanswered(self, tx: Tx, seat: Seat, mine: asked.Question, words: str) -> None:
        """Put the question back; what the service did not answer does not count."""
        day = f"{self._post.clock.now():%Y-%m-%d}"
        asked.put(tx, msgspec.structs.replace(mine, due=tx.now))
        asked.count(tx, seat.account_id, day, max(asked.asked_on(tx, seat.account_id, day) - 1, 0))
        asked.answered(tx, seat.account_id, ok=False, words=words)
        silent = tax_words.silent(words)
        incidents.open_incident(tx, tax.SILENT, seat.account_id, silent, key=self._post.keys.new())


def _key(ms: int) -> str:
    """The least key of a millisecond (UUIDv7)."""
    return f"{max(ms, 0):012x}{'0' * 20}"
