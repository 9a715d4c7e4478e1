"""The ports: what the hub asks of a register, an operator, a shop. Drivers implement them."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable

import msgspec

from chekpoint.core.errors import BlockReason
from chekpoint.fiscal.receipt import Receipt


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """Base of the values that cross a port."""


class FiscalDocument(Fact, frozen=True, kw_only=True):
    """ФД: what a fiscal drive signed. (``fn``, ``fd_number``) is its key."""

    fn: str  # 1041, 16 digits
    fd_number: int  # 1040
    fiscal_sign: str  # 1077 as decimal digits; may have leading zeros
    total: int  # 1020, kopecks; 0 for shift documents
    made_at: str  # 1012: the register's local wall clock, ISO 8601 without zone
    kind: int = 0  # 1054; 0 when it is not a receipt
    document: int = 3  # document code: 2 shift open, 3 receipt, 31 correction, 5 shift close ...
    shift_number: int | None = None  # 1038
    receipt_number: int | None = None  # 1042
    registration_number: str | None = None  # 1037
    mark: str | None = None  # our order mark read back from 1192 or 1084, when it is there
    items: tuple[tuple[str, int, str], ...] = ()  # (1030, 1043, 1023 as text) when read back
    qr: str | None = None


class RegisterStatus(Fact, frozen=True, kw_only=True):
    """What a register said of itself, just now. ``None`` means that it did not say."""

    ready: bool
    block: BlockReason | None = None
    message: str = ""
    fn: str | None = None
    last_fd: int | None = None  # number of the last fiscal document on the drive
    shift: str | None = None  # closed | open | expired
    shift_number: int | None = None
    shift_expires_at: str | None = None  # register's local wall clock
    serial: str | None = None
    model: str | None = None
    ffd: str | None = None  # 1.05 | 1.1 | 1.2
    seller_inn: str | None = None
    registration_number: str | None = None
    taxations: int | None = None  # mask of 1062
    unsent_count: int | None = None
    unsent_first_fd: int | None = None
    unsent_since: str | None = None  # register's local wall clock
    ofd_error: str | None = None
    clock: str | None = None  # register's local wall clock
    paper: bool | None = None
    cover_open: bool | None = None
    fn_valid_until: str | None = None
    documents_left: int | None = None  # that the drive can still sign


class Attempt(Fact, frozen=True, kw_only=True):
    """One try to register one receipt on one register. Durable before the first byte leaves."""

    id: str  # deterministic: the same receipt and try number give the same id, also after a restore
    receipt_id: str
    receipt: Receipt
    mark: str  # 16 characters, one per (shop, external id): goes into 1192 (or 1084) of the document
    digest: str  # of the content
    fn: str  # the drive it is meant for
    last_fd: int  # the last document on that drive before the attempt
    fence: int  # the lane's fence


class Registered(Fact, frozen=True, kw_only=True):
    """The register has a document of this attempt. ``evidence`` is what was read, verbatim."""

    document: FiscalDocument
    evidence: str
    warnings: tuple[str, ...] = ()


class Absent(Fact, frozen=True, kw_only=True):
    """locate() has looked, and there is no document of this attempt, nor can one still appear."""

    evidence: str


class ExchangeReading(Fact, frozen=True, kw_only=True):
    """The register's OFD exchange counter. Documents below ``unsent_first_fd`` have left (FD order)."""

    fn: str
    unsent_count: int
    unsent_first_fd: int | None
    unsent_since: str | None
    evidence: str


class Ticket(Fact, frozen=True, kw_only=True):
    """Подтверждение оператора. ``answer`` is 1022 (0 accepted), ``flags`` is 1206."""

    fn: str
    fd_number: int
    answer: int
    flags: int = 0
    operator_inn: str | None = None
    operator_sign: str | None = None  # 1078, hex
    made_at: str | None = None
    evidence: str = ""


class Deed(StrEnum):
    """What a register can be told to do beside receipts and shifts; none of it is a fiscal document."""

    X_REPORT = "x_report"
    CASH = "cash"  # money into the drawer, or out of it


class Errand(Fact, frozen=True, kw_only=True):
    """One deed, told once. A register that takes an id once knows it by ``id``."""

    id: str
    deed: Deed
    kopecks: int = 0  # of CASH: negative is out


class Register(Protocol):
    """A device or a cloud service that turns a receipt into a fiscal document.

    Every method may raise ``RegisterBlocked`` (no link and the like). ``submit`` raises the whole tree.
    """

    gives_tickets: bool
    """Can ``ticket`` answer at all? Where it cannot, the operator's account must be asked."""

    keeps_archive: bool
    """Can its fiscal drive be read (``document``, ``exchange``), and is the drive known before a document is made?

    A cloud service answers for our own ids alone: any of its drives may sign, its status names no ``fn`` and
    ``last_fd``, ``locate`` asks it for the attempt's id, its shifts are its own affair, and nothing of it is
    ever read document by document.
    """

    async def status(self) -> RegisterStatus:
        """What it says of itself; raises RegisterBlocked(NO_LINK) when it does not answer."""
        ...

    async def submit(self, attempt: Attempt) -> Registered:
        """Register the receipt. Raises NotSent, Rejected, OutcomeUnknown or RegisterBlocked."""
        ...

    async def locate(self, attempt: Attempt) -> Registered | Absent:
        """Find out what became of an attempt; safe to call any number of times.

        Raises Rejected (it had refused), OutcomeUnknown (cannot tell yet) or RegisterBlocked.
        After ``Absent`` the attempt's own id can never produce a document any more.
        """
        ...

    async def document(self, fd_number: int) -> FiscalDocument | None:
        """Read one document back from the fiscal drive; None when the drive has it no more or not yet."""
        ...

    async def open_shift(self) -> FiscalDocument | None:
        """Open a shift; None when one was open already."""
        ...

    async def close_shift(self) -> FiscalDocument | None:
        """Close the shift; None when it was closed already."""
        ...

    async def run(self, errand: Errand) -> str:
        """Do it, and give what the register said. Raises as ``submit``: after OutcomeUnknown a person looks."""
        ...

    async def exchange(self) -> ExchangeReading:
        """The OFD exchange counter."""
        ...

    async def ticket(self, fd_number: int) -> Ticket | None:
        """The operator's ticket for one document; None where the maker gives no access or there is none yet."""
        ...

    async def aclose(self) -> None:
        """Let go of connections."""
        ...


@runtime_checkable
class Hears(Protocol):
    """A register whose service calls back. What it hears is at most a hint; it looks for itself who has said it."""

    def heard(self, headers: Mapping[str, str], body: bytes) -> None:
        """A callback; whatever is not the service's is passed over."""
        ...


class OfdRecord(Fact, frozen=True, kw_only=True):
    """One document as the operator has it."""

    fn: str
    fd_number: int
    fiscal_sign: str
    total: int
    made_at: str
    kind: int
    document: int = 3
    answer: int = 0  # 1022 of the ticket the operator gave
    ticket_sign: str | None = None  # 1078, hex
    evidence: str = ""


class Operator(Protocol):
    """OFD: the operator's account side."""

    def documents(self, fn: str, since: datetime, until: datetime) -> AsyncIterator[OfdRecord]:
        """What the operator has of one fiscal drive, between two aware moments."""
        ...

    async def aclose(self) -> None:
        """Let go of connections."""
        ...


class ShopNotice(Fact, frozen=True, kw_only=True):
    """What the shop is told: a snapshot of one receipt after a change."""

    id: str  # of the notice, stable over retries
    receipt_id: str
    body: bytes  # the JSON that is signed and sent


class Shop(Protocol):
    """A shop that is told of each change."""

    async def tell(self, notice: ShopNotice) -> None:
        """Deliver; raises NotSent with the answer's text unless the shop took it."""
        ...
