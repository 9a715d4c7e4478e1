"""Builds, signs and wraps the documents of an emulated drive, and checks what the operator answers to them."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from chekpoint.emulators import signing
from chekpoint.emulators.drive_archive import ArchivedDocument, DriveState, Registration
from chekpoint.emulators.drive_errors import DriveCode, DriveError
from chekpoint.emulators.drive_totals import Totals, totals_of
from chekpoint.fiscal import container as containers
from chekpoint.fiscal import documents, tlv
from chekpoint.fiscal import ticket as tickets
from chekpoint.fiscal.container import Container
from chekpoint.fiscal.documents import DriveWarnings, Stamp, Unsent
from chekpoint.fiscal.ffd import Ffd
from chekpoint.fiscal.moments import to_unix
from chekpoint.fiscal.receipt import Cashier, Receipt
from chekpoint.fiscal.stamp import sign_octets
from chekpoint.fiscal.ticket import Refusal, Ticket, TicketRefusedError
from chekpoint.fiscal.tlv import Node, TlvError

if TYPE_CHECKING:
    from chekpoint.emulators.fiscal_drive import FiscalDrive

_UNSIGNED: Final = tlv.encode(Node(1077, sign_octets(0)))
OVERDUE_DAYS: Final = 5  # after this long without a ticket a drive raises 1053; the number is not documented
_REASONS: Final = {
    Refusal.CRC: DriveCode.TICKET_CRC,
    Refusal.FORMAT: DriveCode.TICKET_FORMAT,
    Refusal.FN: DriveCode.TICKET_FN,
    Refusal.FD_NUMBER: DriveCode.TICKET_FD,
    Refusal.FISCAL_SIGN: DriveCode.TICKET_SIGN,
}


def stamp(fn: str, at: datetime, state: DriveState) -> Stamp:
    """What the drive and the registration add to a document; the sign is still zero."""
    registration = state.registration
    if registration is None:
        raise DriveError(DriveCode.NOT_REGISTERED)
    return Stamp(
        fn=fn,
        fd_number=state.last_fd,
        fiscal_sign=0,
        made_at=at,
        registration_number=registration.registration_number,
        seller_inn=registration.seller_inn,
        shift_number=state.shift_number,
        receipt_number=state.receipt_number,
        seller_name=registration.seller_name,
        address=registration.address,
        place=registration.place,
        seller_email=registration.sender_email or None,
        fns_site=registration.fns_site,
        internet_register=registration.internet,
    )


def signed(document: Node, key: bytes) -> tuple[bytes, int]:
    """Bytes with the sign in its place, and the sign; WRONG_CONTENT when a value does not fit its tag."""
    try:
        raw = tlv.encode(document)
    except TlvError as error:
        raise DriveError(DriveCode.WRONG_CONTENT, error.ru) from error
    sign = signing.document_sign(key, raw)
    return raw.replace(_UNSIGNED, tlv.encode(Node(1077, sign_octets(sign))), 1), sign


def receipt(drive: "FiscalDrive", content: Receipt, mark: Stamp) -> Node:
    """Document 3 or 31; WRONG_CONTENT when it cannot be written."""
    try:
        return documents.receipt_document(content, mark, drive.ffd, vat_summing=drive.vat_style)
    except TlvError as error:
        raise DriveError(DriveCode.WRONG_CONTENT, error.ru) from error


def registration(code: int, entry: Registration, mark: Stamp) -> Node:
    """Document 1 or 11."""
    fields = documents.Registration(
        taxations=entry.taxations,
        kkt_number=entry.serial,
        operator_inn=entry.ofd_inn,
        operator_name=entry.ofd_name,
        automatic=entry.automatic,
        internet_only=entry.internet,
    )
    changed = None if code == 1 else _OTHER_REASON
    return documents.registration_document(mark, fields, Ffd(entry.ffd), reasons=changed)


_OTHER_REASON: Final = 4  # 1205 bit 2 (name of the user); in FFD 1.05 1101 = 4 (settings)


def shift_open(drive: "FiscalDrive", mark: Stamp, cashier: Cashier | None) -> Node:
    """Document 2."""
    return documents.shift_open_document(
        mark, drive.ffd, cashier=cashier, warnings=_warnings(drive, mark.made_at)
    )


def shift_close(drive: "FiscalDrive", mark: Stamp, cashier: Cashier | None) -> Node:
    """Document 5; it counts itself in 1111."""
    return documents.shift_close_document(
        mark,
        drive.ffd,
        documents=drive.shift_totals.documents + 1,
        shift=drive.shift_totals.counters,
        drive=drive.totals.counters,
        unsent=_unsent(drive),
        cashier=cashier,
        warnings=_warnings(drive, mark.made_at),
        key_days=_key_days(drive, mark.made_at),
    )


def exchange_report(drive: "FiscalDrive", mark: Stamp) -> Node:
    """Document 21."""
    return documents.state_document(
        mark,
        drive.ffd,
        unsent=_unsent(drive, counted=True),
        drive=drive.totals.counters,
        key_days=_key_days(drive, mark.made_at),
    )


def archive_close(drive: "FiscalDrive", mark: Stamp) -> Node:
    """Document 6: the head of every report, and the drive's counters."""
    nodes = [Node(1209, drive.ffd.code), Node(1041, mark.fn), Node(1037, mark.registration_number)]
    nodes += [Node(1018, mark.seller_inn), Node(1040, mark.fd_number), Node(1012, to_unix(mark.made_at))]
    nodes += [Node(1077, sign_octets(0)), Node(1038, mark.shift_number)]
    if drive.ffd is Ffd.V1_2:
        nodes.append(drive.totals.counters.node(1157))
    return Node(6, tuple(nodes))


def container(document: ArchivedDocument, key: bytes) -> bytes:
    """What leaves for the operator: header, document, ten bytes of message sign."""
    body = document.tlv + signing.trailer(key, 0x81, document.tlv)
    return containers.encode(
        Container(data_type=document.code, fn=document.fn, fd_number=document.fd_number, body=body)
    )


def check_ticket(octets: bytes, fn: str, fd_number: int, key: bytes) -> Ticket:
    """The operator's answer to one document, verified; raises the TICKET_* reason that is wrong first."""

    def sign_right(found: Container, said: Ticket) -> bool:
        right = signing.operator_sign(key, said.fn, said.fd_number, said.answer, said.flags or 0)
        return said.operator_sign == right and found.trailer == signing.trailer(key, 0x82, found.document)

    try:
        return tickets.check(octets, fn=fn, fd_number=fd_number, sign_ok=sign_right)
    except TicketRefusedError as error:
        raise DriveError(_REASONS[error.reason], error.ru) from error


def read_ticket(octets: bytes) -> Ticket:
    """A ticket the drive has taken before."""
    return tickets.read(octets)


def _unsent(drive: "FiscalDrive", *, counted: bool = False) -> Unsent:
    queue = drive.unsent()
    waiting = drive.documents(queue.first_fd) if counted and queue.first_fd else iter(())
    totals = totals_of((d.receipt for d in waiting), drive.vat_style) if counted else Totals()
    return Unsent(
        count=queue.count, first_at=queue.first_made_at, first_number=queue.first_fd, counters=totals.counters
    )


def _warnings(drive: "FiscalDrive", at: datetime) -> DriveWarnings:
    days = _key_days(drive, at)
    first = drive.unsent().first_made_at
    return DriveWarnings(
        exhausted=days <= 30,
        replace_now=days <= 3,
        memory_full=drive.documents_left * 100 < drive.capacity,
        operator_overdue=first is not None and at - first > timedelta(days=OVERDUE_DAYS),
    )


def _key_days(drive: "FiscalDrive", at: datetime) -> int:
    until = drive.valid_until
    return max(0, (until - at).days) if until else 0
