"""A register without wire, paper and law: the port itself, over an archive in memory.

It serves benchmarks and the hub's own unit tests, where the maker's protocol is not the subject. Its
``archive`` is the ground truth. Faults are set by a test: ``script`` holds what the next submits do.
"""

from collections import deque

import msgspec

from chekpoint.core.errors import BlockReason, OutcomeUnknown, RegisterBlocked
from chekpoint.core.ports import (
    Absent,
    Attempt,
    Errand,
    ExchangeReading,
    FiscalDocument,
    Registered,
    RegisterStatus,
    Ticket,
)


class BareRegister:
    """One drive. A script entry is an exception to raise, or ``lost``: registered, but the answer is lost."""

    gives_tickets = True
    keeps_archive = True

    def __init__(self, fn: str, *, seller_inn: str | None = None) -> None:
        self.fn, self.seller_inn = fn, seller_inn
        self.archive: dict[int, FiscalDocument] = {}
        self.by_attempt: dict[str, int] = {}
        self.burned: set[str] = set()
        self.shift = 0
        self.shift_open = False
        self.unsent_from: int | None = None
        self.refused_at_ofd: set[int] = set()
        self.blocked: BlockReason | None = None
        self.script: deque[Exception | str] = deque()
        self.errands: list[Errand] = []

    async def status(self) -> RegisterStatus:
        if self.blocked is BlockReason.NO_LINK:
            raise RegisterBlocked(BlockReason.NO_LINK, "no link")
        return RegisterStatus(
            ready=self.blocked is None, block=self.blocked, fn=self.fn, last_fd=len(self.archive), ffd="1.2",
            shift="open" if self.shift_open else "closed", shift_number=self.shift, seller_inn=self.seller_inn,
        )  # fmt: skip

    async def submit(self, attempt: Attempt) -> Registered:
        fault = self.script.popleft() if self.script else None
        if isinstance(fault, Exception):
            raise fault
        if self.blocked is not None:
            raise RegisterBlocked(self.blocked, "blocked")
        done = self._register(attempt)
        if fault == "lost":
            raise OutcomeUnknown("the answer was lost")
        return done

    def _register(self, attempt: Attempt) -> Registered:
        if attempt.id in self.burned:
            raise OutcomeUnknown("this id is burned")
        if attempt.id not in self.by_attempt:
            receipt = attempt.receipt
            doc = self.sign(receipt.amount, receipt.kind.code, 3, attempt.mark)
            self.by_attempt[attempt.id] = doc.fd_number
        doc = self.archive[self.by_attempt[attempt.id]]
        return Registered(document=doc, evidence=msgspec.json.encode(doc).decode())

    def sign(self, total: int, kind: int, document: int, mark: str | None) -> FiscalDocument:
        """Put one document on the drive, as this hub or as a stranger."""
        number = len(self.archive) + 1
        doc = FiscalDocument(
            fn=self.fn, fd_number=number, fiscal_sign=str(1_000_000_000 + number), total=total,
            made_at="2026-11-24T10:00:00", kind=kind, document=document, mark=mark, shift_number=self.shift,
        )  # fmt: skip
        self.archive[number] = doc
        return doc

    async def locate(self, attempt: Attempt) -> Registered | Absent:
        if self.blocked is BlockReason.NO_LINK:
            raise RegisterBlocked(BlockReason.NO_LINK, "no link")
        number = self.by_attempt.get(attempt.id)
        if number is None:
            self.burned.add(attempt.id)
            return Absent(evidence=f"no document of {attempt.id} on {self.fn}")
        return Registered(document=self.archive[number], evidence="located")

    async def document(self, fd_number: int) -> FiscalDocument | None:
        return self.archive.get(fd_number)

    async def open_shift(self) -> FiscalDocument | None:
        if self.shift_open:
            return None
        self.shift, self.shift_open = self.shift + 1, True
        return self.sign(0, 0, 2, None)

    async def close_shift(self) -> FiscalDocument | None:
        if not self.shift_open:
            return None
        self.shift_open = False
        return self.sign(0, 0, 5, None)

    async def run(self, errand: Errand) -> str:
        fault = self.script.popleft() if self.script else None
        if isinstance(fault, Exception):
            raise fault
        self.errands.append(errand)
        if fault == "lost":
            raise OutcomeUnknown("the answer was lost")
        return "done"

    async def exchange(self) -> ExchangeReading:
        first = self.unsent_from
        count = len(self.archive) - first + 1 if first is not None else 0
        return ExchangeReading(
            fn=self.fn,
            unsent_count=count,
            unsent_first_fd=first,
            unsent_since=None,
            evidence=f"unsent {count}",
        )

    async def ticket(self, fd_number: int) -> Ticket | None:
        if self.unsent_from is not None and fd_number >= self.unsent_from:
            return None
        answer = 14 if fd_number in self.refused_at_ofd else 0
        return Ticket(fn=self.fn, fd_number=fd_number, answer=answer, evidence="ticket")

    async def aclose(self) -> None:
        return None
