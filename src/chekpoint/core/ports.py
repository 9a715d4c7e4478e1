"""The ports: what the hub asks of a register, an operator, a shop. Drivers implement them."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol, runtime_checkable

import msgspec

from chekpoint.core.errors import BlockReason
from chekpoint.fiscal.receipt import Receipt
from chekpoint.fiscal.vat import VatRate


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
    fn_phase: str | None = None  # setup | fiscal | closed (post-fiscal) | archive
    fn_flags: tuple[str, ...] | None = None  # of FN_FLAGS; () when it says that none is up
    ofd_inn: str | None = None  # 1017: the operator it is set up for
    firmware: str | None = None
    registrations_left: int | None = None  # re-registrations that the drive still allows
    faults: tuple[str, ...] | None = None  # of REGISTER_FAULTS; () when it says that all is well


FN_FLAGS: Final = ("replace_urgently", "exhausted", "overflow", "operator_silent", "broken")
"""Flags of a drive: 3 days left, 30 days left, 99 % full, no answer from the operator, critical error."""
REGISTER_FAULTS: Final = ("battery", "power", "storage", "printer", "overheated", "cutter")
"""What a register may say of its own hardware."""


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


class OfdItem(Fact, frozen=True, kw_only=True):
    """One item of a document as the operator shows it. What an operator does not show is None."""

    name: str  # 1030
    sum: int  # 1043, kopecks
    price: int | None = None  # 1079, kopecks
    quantity: str | None = None  # 1023 as a plain decimal, without zeros at the end
    vat: VatRate | None = None  # 1199
    method: int | None = None  # 1214, 1..7


class FnsState(StrEnum):
    """What an operator says of a document's way to the tax service."""

    WAITING = "waiting"  # not sent there yet
    ACCEPTED = "accepted"  # sent, and taken
    WARNING = "warning"  # taken with a remark (soft quarantine)
    REFUSED = "refused"  # format-logic control said no (hard quarantine)


class OfdRecord(Fact, frozen=True, kw_only=True):
    """One document as the operator has it. ``None`` means that this operator does not show it."""

    fn: str
    fd_number: int
    fiscal_sign: str
    total: int
    made_at: str  # the register's local wall clock, ISO 8601 without zone, to the second
    kind: int
    document: int = 3
    answer: int = 0  # 1022 of the ticket the operator gave
    ticket_sign: str | None = None  # 1078, hex
    shift_number: int | None = None  # 1038
    registration_number: str | None = None  # 1037
    received_at: str | None = None  # when the operator took it, UTC, ISO 8601 with zone
    items: tuple[OfdItem, ...] | None = None
    vat: tuple[tuple[VatRate, int], ...] | None = None  # tax sums of the whole document, kopecks
    fns: FnsState | None = None
    fns_message: str = ""
    evidence: str = ""


class OfdRegister(Fact, frozen=True, kw_only=True):
    """One register as the operator's cabinet shows it. Moments are ISO 8601; None where it does not say."""

    registration_number: str  # 1037
    fn: str  # of the drive that is in it now
    contract_until: str | None = None  # paid until; the register's or the cabinet's local date
    drive_until: str | None = None
    last_document_at: str | None = None  # register's local wall clock of the last document the operator has
    last_received_at: str | None = None  # UTC, with zone
    problem: str = ""  # the operator's own word for something wrong
    evidence: str = ""


class Operator(Protocol):
    """OFD: the operator's account side."""

    def documents(self, fn: str, since: datetime, until: datetime) -> AsyncIterator[OfdRecord]:
        """What the operator has of one fiscal drive, between two aware moments."""
        ...

    def registers(self) -> AsyncIterator[OfdRegister]:
        """The registers of the seller in the operator's cabinet. Raises RegisterBlocked as ``documents``."""
        ...

    async def aclose(self) -> None:
        """Let go of connections."""
        ...


class TaxQuestion(Fact, frozen=True, kw_only=True):
    """What the tax service must be told to find a document."""

    fn: str
    fd_number: int
    fiscal_sign: str
    total: int  # kopecks
    made_at: str  # register's local wall clock
    kind: int  # 1054


class TaxAnswer(Fact, frozen=True, kw_only=True):
    """What the tax service said. Two facts, never merged: the sign is right, and the document is in its store."""

    sign_right: bool | None  # CheckTicket: 200 yes, 406 no; None: it did not say
    in_store: bool | None  # GetTicket: 200 yes, 404 or 455 not (yet); None: it did not say
    code: int
    message: str = ""
    evidence: str = ""


class TaxService(Protocol):
    """FNS: asked about single documents."""

    async def admitted(self) -> None:
        """Does the service let us in? Raises RegisterBlocked as ``ask``."""
        ...

    async def ask(self, question: TaxQuestion) -> TaxAnswer:
        """Ask about one document; raises RegisterBlocked (ACCESS, NO_LINK, BUSY) when there is no answer."""
        ...

    async def aclose(self) -> None:
        """Let go of connections."""
        ...


class Alert(Fact, frozen=True, kw_only=True):
    """One message to people about one incident. ``id`` is the same over retries."""

    id: str
    phase: str  # opened | worse | reminder | recovered | test
    severity: str  # critical | warning
    title: str  # a line
    text: str  # what broke, since when, how much waits, what to do; plain text
    url: str = ""  # the incident's page
    incident_id: str = ""


class Channel(Protocol):
    """A way to reach people."""

    async def send(self, alert: Alert) -> str:
        """Hand it over; what the provider said when it took it (its id). Raises NotSent with its words."""
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
