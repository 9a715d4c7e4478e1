"""A cloud service without a protocol: several drives, any of which may sign; it knows our own ids alone."""

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


class BareCloud:
    """A script entry is an exception to raise, or ``lost``: registered, but the answer is lost."""

    gives_tickets = False
    keeps_archive = False

    def __init__(self, *drives: str) -> None:
        self.drives = drives
        self.signed: list[FiscalDocument] = []
        self.by_attempt: dict[str, FiscalDocument] = {}
        self.asked: list[str] = []
        self.silent = False
        self.script: deque[Exception | str] = deque()
        self.errands: list[Errand] = []

    async def status(self) -> RegisterStatus:
        if self.silent:
            raise RegisterBlocked(BlockReason.NO_LINK, "no link")
        return RegisterStatus(ready=True)

    async def submit(self, attempt: Attempt) -> Registered:
        fault = self.script.popleft() if self.script else None
        if isinstance(fault, Exception):
            raise fault
        doc = self._sign(attempt)
        if fault == "lost":
            raise OutcomeUnknown("the answer was lost")
        return Registered(document=doc, evidence=msgspec.json.encode(doc).decode())

    def _sign(self, attempt: Attempt) -> FiscalDocument:
        """Idempotent by the attempt's id, as the services are."""
        if attempt.id not in self.by_attempt:
            drive = self.drives[len(self.signed) % len(self.drives)]
            number = 1 + sum(doc.fn == drive for doc in self.signed)
            doc = FiscalDocument(
                fn=drive, fd_number=number, fiscal_sign="1", total=attempt.receipt.amount,
                made_at="2026-11-24T10:00:00", kind=attempt.receipt.kind.code,
            )  # fmt: skip
            self.signed.append(doc)
            self.by_attempt[attempt.id] = doc
        return self.by_attempt[attempt.id]

    async def locate(self, attempt: Attempt) -> Registered | Absent:
        self.asked.append(attempt.id)
        if self.silent:
            raise RegisterBlocked(BlockReason.NO_LINK, "no link")
        return Registered(document=self._sign(attempt), evidence="located")

    async def document(self, fd_number: int) -> FiscalDocument | None:
        raise AssertionError(f"a cloud cannot be read: {fd_number}")

    async def open_shift(self) -> FiscalDocument | None:
        return None

    async def close_shift(self) -> FiscalDocument | None:
        return None

    async def run(self, errand: Errand) -> str:
        fault = self.script.popleft() if self.script else None
        if isinstance(fault, Exception):
            raise fault
        self.errands.append(errand)
        if fault == "lost":
            raise OutcomeUnknown("the answer was lost")
        return "done"

    async def exchange(self) -> ExchangeReading:
        raise AssertionError("a cloud has no exchange counter")

    async def ticket(self, fd_number: int) -> Ticket | None:
        raise AssertionError(f"a cloud gives no ticket: {fd_number}")

    async def aclose(self) -> None:
        """Nothing to let go of."""
