"""What tests of the emulators share: a clock that stands still until told, and receipts."""

import asyncio
import heapq
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count

from chekpoint.emulators.fiscal_drive import FiscalDrive, Registration
from chekpoint.fiscal.receipt import Buyer, Item, Kind, Payment, PaymentForm, Receipt, Taxation
from chekpoint.fiscal.vat import VatRate

NOON = datetime(2026, 11, 24, 12)  # noqa: DTZ001  the register's wall clock has no zone


class ManualClock:
    """Time stands still until ``advance``; sleepers wake in order of their time."""

    def __init__(self, start: datetime = datetime(2026, 11, 24, 9, tzinfo=UTC)) -> None:
        self._start = start
        self._elapsed = 0.0
        self._order = count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._elapsed + seconds, next(self._order), woken))
        await woken

    @property
    def sleepers(self) -> int:
        return sum(not woken.done() for _, _, woken in self._sleepers)

    async def advance(self, seconds: float) -> None:
        """Let time pass, and let everybody who wakes do what he then does."""
        until = self._elapsed + seconds
        await self.settle()
        while self._sleepers and self._sleepers[0][0] <= until:
            self._elapsed, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():
                woken.set_result(None)
            await self.settle()
        self._elapsed = until

    async def settle(self, turns: int = 50) -> None:
        """Let the tasks that can run do so; only for parties in this process."""
        for _ in range(turns):
            await asyncio.sleep(0)


def item(price: int = 10_000, number: str = "1", **changes: object) -> Item:
    """``number`` is the quantity; the sum follows unless given."""
    fields: dict[str, object] = {
        "name": "Бананы",
        "price": price,
        "quantity": Decimal(number),
        "sum": int(price * Decimal(number)),
        "vat": VatRate.VAT22,
    }
    return Item(**(fields | changes))  # type: ignore[arg-type]


def receipt(*items: Item, **changes: object) -> Receipt:
    """A paid sale of these items (of one for 100 roubles by default)."""
    goods = items or (item(),)
    fields: dict[str, object] = {
        "kind": Kind.SALE,
        "taxation": Taxation.OSN,
        "items": goods,
        "payments": (Payment(form=PaymentForm.ELECTRONIC, sum=sum(i.sum for i in goods)),),
        "buyer": Buyer(contact="buyer@example.com"),
    }
    return Receipt(**(fields | changes))  # type: ignore[arg-type]


def drive_in_shift(drive: FiscalDrive | None = None, *, ffd: str = "1.2", at: datetime = NOON) -> FiscalDrive:
    """A registered drive with an open shift: documents 1 and 2 are in its archive."""
    ready = drive or FiscalDrive()
    ready.register(Registration(ffd=ffd), at)
    ready.open_shift(at)
    return ready
