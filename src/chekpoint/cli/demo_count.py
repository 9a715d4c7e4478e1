"""Counting the demonstration from the emulated drives' archives, never from the hub's own word."""

from collections import Counter
from typing import NamedTuple

import msgspec

from chekpoint.core.clock import SystemClock
from chekpoint.emulators.drive_archive import ArchivedDocument
from chekpoint.emulators.register import EmulatedRegister
from chekpoint.hub.names import order_mark

_CLOCK = SystemClock()
_RECEIPTS = frozenset({3, 31})
MARK_LENGTH = 16


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. Latency is from the hub's 2xx to the document in a drive's archive."""

    accepted: int
    fiscalised: int
    ticketed: int
    lost: int
    doubled: int
    latency_p50_ms: float
    latency_p99_ms: float
    seconds: float


class Signed(NamedTuple):
    """A receipt seen in an archive."""

    mark: str
    at: float
    register: int
    fd_number: int


class Archives:
    """Watches the drives: which order marks were signed, when, how often, and which have their ticket."""

    def __init__(self, registers: list[EmulatedRegister], shop_id: str) -> None:
        self._registers, self._shop = registers, shop_id
        self._read = [register.drive.last_fd for register in registers]
        self.signed: list[Signed] = []
        self._proven: set[str] = set()
        self._accepted: dict[str, float] = {}
        self._started = _CLOCK.monotonic()
        self._ended = self._started

    def accept(self, external_id: str) -> None:
        """The hub has answered 2xx for this one."""
        self._accepted[order_mark(self._shop, external_id)] = _CLOCK.monotonic()

    @property
    def accepted(self) -> int:
        """How many the hub has accepted."""
        return len(self._accepted)

    def look(self) -> int:
        """Read what is new; returns how many of the accepted ones are signed."""
        now = _CLOCK.monotonic()
        for number, register in enumerate(self._registers):
            for document in register.drive.documents(self._read[number] + 1):
                self._read[number] = document.fd_number
                if document.code in _RECEIPTS and (mark := _mark(document)) is not None:
                    self.signed.append(Signed(mark, now, number, document.fd_number))
        self._ended = now
        return len({one.mark for one in self.signed} & self._accepted.keys())

    def ticketed(self) -> int:
        """How many of the accepted ones have a ticket that accepts, loaded into their drive."""
        for one in self.signed:
            if one.mark not in self._proven and self._ticket(one):
                self._proven.add(one.mark)
        return len(self._proven & self._accepted.keys())

    def _ticket(self, one: Signed) -> bool:
        ticket = self._registers[one.register].drive.ticket(one.fd_number)
        return ticket is not None and ticket.answer == 0

    def table(self) -> Table:
        """The result so far."""
        times = Counter(one.mark for one in self.signed)
        first = {one.mark: one.at for one in reversed(self.signed)}
        waits = sorted(max(first[m] - at, 0.0) for m, at in self._accepted.items() if m in first)
        return Table(
            accepted=len(self._accepted), fiscalised=len(waits), ticketed=self.ticketed(),
            lost=len(self._accepted) - len(waits), doubled=sum(1 for count in times.values() if count > 1),
            latency_p50_ms=_percentile(waits, 0.50), latency_p99_ms=_percentile(waits, 0.99),
            seconds=round(self._ended - self._started, 2),
        )  # fmt: skip


def _mark(document: ArchivedDocument) -> str | None:
    """The order mark on a document: in 1192, or in the value of 1084."""
    receipt = document.receipt
    if receipt is None:
        return None
    told = [receipt.note, receipt.user_property.value if receipt.user_property else None]
    return next((text for text in told if text and len(text) == MARK_LENGTH), None)


def _percentile(sorted_seconds: list[float], share: float) -> float:
    if not sorted_seconds:
        return 0.0
    return round(sorted_seconds[min(int(len(sorted_seconds) * share), len(sorted_seconds) - 1)] * 1000, 1)
