"""The emulated fiscal drive (ФН): it numbers, checks, signs and keeps every document, and its archive is the truth.

It has no clock and no I/O beside its archive: each command brings the register's local wall clock (``at``, naive).
It is a test double: the number begins with 9999078 and the signatures are made with a test key.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec

from chekpoint.emulators import drive_documents, signing
from chekpoint.emulators.drive_archive import ArchivedDocument, DriveArchive, DriveState, Registration
from chekpoint.emulators.drive_checks import MAX_DOCUMENT_BYTES, check_receipt
from chekpoint.emulators.drive_errors import DriveCode, DriveError
from chekpoint.emulators.drive_totals import Totals
from chekpoint.fiscal import tlv
from chekpoint.fiscal.documents import Stamp
from chekpoint.fiscal.ffd import Ffd
from chekpoint.fiscal.receipt import Cashier, Receipt
from chekpoint.fiscal.ticket import Ticket
from chekpoint.fiscal.vat_totals import VatSumming

__all__ = ["ArchivedDocument", "DrivePhase", "FiscalDrive", "Registration", "ShiftState", "UnsentQueue"]

TEST_PREFIX: Final = "9999078"
SHIFT_LENGTH: Final = timedelta(hours=24)  # 54-FZ art. 4.3: then only the shift close is signed
OFD_PATIENCE: Final = timedelta(days=30)  # 54-FZ art. 4.1 p. 1: then no signs until the queue has left
REGISTRATION, REGISTRATION_CHANGE, SHIFT_OPEN, EXCHANGE_REPORT = 1, 11, 2, 21
REGISTRATIONS: Final = 29  # changes of registration parameters that a new drive still takes
RECEIPT, CORRECTION, SHIFT_CLOSE, ARCHIVE_CLOSE = 3, 31, 5, 6


class DrivePhase(StrEnum):
    """Phase of life: 0x01 ready, 0x03 fiscal, 0x07 closed and waiting for the OFD, 0x0F archive."""

    READY = "ready"
    FISCAL = "fiscal"
    CLOSED = "closed"
    ARCHIVE = "archive"

    @property
    def code(self) -> int:
        """The phase mask a drive reports."""
        return {"ready": 0x01, "fiscal": 0x03, "closed": 0x07, "archive": 0x0F}[self.value]


class ShiftState(StrEnum):
    """Shift codes 0, 1 and 9."""

    CLOSED = "closed"
    OPEN = "open"
    EXPIRED = "expired"


class UnsentQueue(msgspec.Struct, frozen=True, kw_only=True):
    """Documents the operator has not confirmed: how many, and the head that blocks the rest."""

    count: int
    first_fd: int | None = None
    first_made_at: datetime | None = None


class FiscalDrive:
    """One drive. ``path=None`` keeps it in memory; else it survives restarts. Raises DriveError."""

    def __init__(
        self,
        number: str = "9999078900000001",
        path: Path | None = None,
        *,
        key: bytes = signing.TEST_KEY,
        vat_style: VatSumming = VatSumming.ITEMS,
        keys_days: int = 470,
        capacity: int = 250_000,
    ) -> None:
        if not (number.startswith(TEST_PREFIX) and number.isdigit() and len(number) == 16):
            raise ValueError(
                f"{number}: тестовый ФН начинается с {TEST_PREFIX} и имеет 16 цифр / test FN number expected"
            )
        self.number = number
        self.vat_style = vat_style
        self.capacity = self.size = (
            capacity  # ``size`` is what is nearly full; ``capacity`` may be cut by command
        )
        self.registrations_left = REGISTRATIONS
        self.raised: frozenset[str] = frozenset()  # flags (drive_flags) that a person has raised by command
        self._key = key
        self._keys_life = timedelta(days=keys_days)
        self._archive = DriveArchive(number, path)

    # -- what it knows ---------------------------------------------------------------------------------------------

    @property
    def state(self) -> DriveState:
        """Everything it remembers beside the documents."""
        return self._archive.state

    @property
    def phase(self) -> DrivePhase:
        """Where it is in its life."""
        return DrivePhase(self.state.phase)

    @property
    def registration(self) -> Registration:
        """What the register was registered with; raises NOT_REGISTERED."""
        if self.state.registration is None:
            raise DriveError(DriveCode.NOT_REGISTERED)
        return self.state.registration

    @property
    def ffd(self) -> Ffd:
        """Format version of its documents."""
        return Ffd(self.registration.ffd)

    @property
    def last_fd(self) -> int:
        """Number of the last signed document; 0 when there is none."""
        return self.state.last_fd

    @property
    def shift_number(self) -> int:
        """Number of the current or the last shift."""
        return self.state.shift_number

    @property
    def receipt_number(self) -> int:
        """Number of the last receipt in the shift (1042)."""
        return self.state.receipt_number

    @property
    def totals(self) -> Totals:
        """Counters over the drive's life."""
        return self.state.totals

    @property
    def shift_totals(self) -> Totals:
        """Counters of the current (or the last) shift."""
        return self.state.shift_totals

    @property
    def documents_left(self) -> int:
        """How many more documents the archive takes."""
        return max(0, self.capacity - self.last_fd)

    @property
    def valid_until(self) -> datetime | None:
        """When its keys expire, local; None before the registration."""
        first = self.state.first_made_at
        return first + self._keys_life if first else None

    def end_keys(self, at: datetime) -> None:
        """Its keys expire at a local moment, for a test; forgotten with the process."""
        if self.state.first_made_at is not None:
            self._keys_life = at - self.state.first_made_at

    def shift_state(self, at: datetime) -> ShiftState:
        """State of the shift at a local moment."""
        if not self.state.shift_open or self.state.shift_opened_at is None:
            return ShiftState.CLOSED
        return ShiftState.EXPIRED if at - self.state.shift_opened_at > SHIFT_LENGTH else ShiftState.OPEN

    def shift_expires_at(self) -> datetime | None:
        """Local moment after which only the shift close is signed; None while no shift is open."""
        opened = self.state.shift_opened_at
        return opened + SHIFT_LENGTH if self.state.shift_open and opened else None

    def documents(self, first: int = 1, last: int | None = None) -> Iterator[ArchivedDocument]:
        """Signed documents in FD order: the ground truth of every test."""
        return self._archive.documents(first, self.last_fd if last is None else last)

    def document(self, fd_number: int) -> ArchivedDocument:
        """One document; raises NO_SUCH_DOCUMENT."""
        found = self._archive.document(fd_number)
        if found is None:
            raise DriveError(DriveCode.NO_SUCH_DOCUMENT, str(fd_number))
        return found

    def unsent(self) -> UnsentQueue:
        """The queue to the operator."""
        count = self.last_fd - self.state.ticketed_fd
        if not count:
            return UnsentQueue(count=0)
        head = self.document(self.state.ticketed_fd + 1)
        return UnsentQueue(count=count, first_fd=head.fd_number, first_made_at=head.made_at)

    def overdue(self, at: datetime) -> bool:
        """Has the head of the queue waited 30 days? Then no more signs are made."""
        first = self.unsent().first_made_at
        return first is not None and at - first > OFD_PATIENCE

    def ticket(self, fd_number: int) -> Ticket | None:
        """Document 7 of one document, or None."""
        found = self.document(fd_number)
        return drive_documents.read_ticket(found.ticket) if found.ticket else None

    # -- what it signs ---------------------------------------------------------------------------------------------

    def register(self, registration: Registration, at: datetime) -> ArchivedDocument:
        """Registration report (document 1), or change of parameters (11) when it is registered already."""
        again = self.phase is not DrivePhase.READY
        if again:
            self._check_ready(at)
            if self.state.shift_open:
                raise DriveError(DriveCode.SHIFT_OPEN)
        state = msgspec.structs.replace(
            self.state,
            registration=registration,
            phase=DrivePhase.FISCAL.value,
            first_made_at=self.state.first_made_at or at,
        )
        code = REGISTRATION_CHANGE if again else REGISTRATION
        self.registrations_left -= again
        return self._sign(code, at, state, lambda s: drive_documents.registration(code, registration, s))

    def open_shift(self, at: datetime, cashier: Cashier | None = None) -> ArchivedDocument:
        """Shift-open report (document 2)."""
        self._check_ready(at)
        if self.state.shift_open:
            raise DriveError(DriveCode.SHIFT_OPEN)
        state = msgspec.structs.replace(
            self.state,
            shift_open=True,
            shift_opened_at=at,
            shift_number=self.shift_number + 1,
            receipt_number=0,
            shift_totals=Totals(),
        )
        return self._sign(SHIFT_OPEN, at, state, lambda s: drive_documents.shift_open(self, s, cashier))

    def close_shift(self, at: datetime, cashier: Cashier | None = None) -> ArchivedDocument:
        """Shift-close report (document 5): the only one that an expired shift still gets."""
        self._check_ready(at)
        if not self.state.shift_open:
            raise DriveError(DriveCode.SHIFT_CLOSED)
        state = msgspec.structs.replace(self.state, shift_open=False)
        return self._sign(SHIFT_CLOSE, at, state, lambda s: drive_documents.shift_close(self, s, cashier))

    def register_receipt(self, receipt: Receipt, at: datetime) -> ArchivedDocument:
        """Receipt (document 3) or correction receipt (31)."""
        self._check_ready(at)
        self._check_shift(at)
        check_receipt(receipt, self.ffd, self.registration.taxations)
        state = msgspec.structs.replace(self.state, receipt_number=self.receipt_number + 1)
        code = CORRECTION if receipt.correction else RECEIPT
        return self._sign(
            code, at, state, lambda s: drive_documents.receipt(self, receipt, s), receipt=receipt
        )

    def report_exchange(self, at: datetime) -> ArchivedDocument:
        """Report on the state of settlements (document 21); it takes a number like any other."""
        self._check_ready(at)
        if self.shift_state(at) is ShiftState.EXPIRED:
            raise DriveError(DriveCode.SHIFT_EXPIRED)
        return self._sign(EXCHANGE_REPORT, at, self.state, lambda s: drive_documents.exchange_report(self, s))

    def close_archive(self, at: datetime) -> ArchivedDocument:
        """Close the drive for good (document 6); what is unsent can still be sent."""
        self._check_ready(at)
        if self.state.shift_open:
            raise DriveError(DriveCode.SHIFT_OPEN)
        state = msgspec.structs.replace(self.state, phase=DrivePhase.CLOSED.value)
        return self._sign(ARCHIVE_CLOSE, at, state, lambda s: drive_documents.archive_close(self, s))

    # -- exchange with the operator ----------------------------------------------------------------------------------

    def outgoing(self) -> tuple[int, bytes]:
        """The head of the queue as (FD number, container for the wire); raises QUEUE_EMPTY."""
        head = self.unsent().first_fd
        if head is None:
            raise DriveError(DriveCode.QUEUE_EMPTY)
        return head, drive_documents.container(self.document(head), self._key)

    def load_ticket(self, container: bytes, at: datetime) -> Ticket:
        """Take the operator's answer to the head of the queue; raises QUEUE_EMPTY or a TICKET_* reason."""
        head = self.unsent().first_fd
        if head is None:
            raise DriveError(DriveCode.QUEUE_EMPTY)
        ticket = drive_documents.check_ticket(container, self.number, head, self._key)
        state = msgspec.structs.replace(self.state, ticketed_fd=head)
        if self.phase is DrivePhase.CLOSED and head == self.last_fd:
            state = msgspec.structs.replace(state, phase=DrivePhase.ARCHIVE.value)
        self._archive.load_ticket(
            head, container, answer=ticket.answer, flags=ticket.flags or 0, at=at, state=state
        )
        return ticket

    def close(self) -> None:
        """Let go of the file."""
        self._archive.close()

    # -- inside ------------------------------------------------------------------------------------------------------

    def _check_ready(self, at: datetime) -> None:
        if self.phase is DrivePhase.READY:
            raise DriveError(DriveCode.NOT_REGISTERED)
        if self.phase is not DrivePhase.FISCAL:
            raise DriveError(DriveCode.WRONG_PHASE, self.phase)
        last, until = self.state.last_made_at, self.valid_until
        if last is not None and at < last:
            raise DriveError(DriveCode.CLOCK_WENT_BACK, f"{at} < {last}")
        if until is not None and at > until:
            raise DriveError(DriveCode.KEYS_EXPIRED, str(until))
        if not self.documents_left:
            raise DriveError(DriveCode.ARCHIVE_FULL)
        if self.overdue(at):
            raise DriveError(DriveCode.OFD_OVERDUE)

    def _check_shift(self, at: datetime) -> None:
        match self.shift_state(at):
            case ShiftState.CLOSED:
                raise DriveError(DriveCode.SHIFT_CLOSED)
            case ShiftState.EXPIRED:
                raise DriveError(DriveCode.SHIFT_EXPIRED)

    def _sign(
        self,
        code: int,
        at: datetime,
        state: DriveState,
        build: Callable[[Stamp], tlv.Node],
        *,
        receipt: Receipt | None = None,
    ) -> ArchivedDocument:
        """Number, sign and keep a document; ``state`` is the state after it, less what every document changes."""
        at = at.replace(microsecond=0)
        state = msgspec.structs.replace(
            state,
            last_fd=self.last_fd + 1,
            last_made_at=at,
            totals=state.totals.plus(receipt, self.vat_style),
            shift_totals=state.shift_totals.plus(receipt, self.vat_style),
        )
        raw, sign = drive_documents.signed(build(drive_documents.stamp(self.number, at, state)), self._key)
        if len(raw) > MAX_DOCUMENT_BYTES:
            raise DriveError(DriveCode.DOCUMENT_TOO_LARGE, str(len(raw)))
        document = ArchivedDocument(
            fn=self.number,
            fd_number=state.last_fd,
            code=code,
            made_at=at,
            fiscal_sign=sign,
            shift_number=state.shift_number,
            tlv=raw,
            receipt_number=state.receipt_number if receipt else 0,
            kind=receipt.kind.code if receipt else 0,
            total=receipt.amount if receipt else 0,
            receipt=receipt,
        )
        self._archive.append(document, state)
        return document
