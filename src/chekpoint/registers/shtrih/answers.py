"""Answers of the register: bytes after the error byte -> values. Pure.

Two forms of one answer are told apart by length: newer firmware appends, it never moves. An answer that is too short
or makes no sense raises ``Malformed``; nothing is guessed from it.

``Malformed`` never means that a command was not done.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Final, NamedTuple, ParamSpec, TypeVar

from chekpoint.core.ports import Ticket
from chekpoint.fiscal import ticket as tickets
from chekpoint.fiscal import tlv
from chekpoint.fiscal.moments import from_unix
from chekpoint.fiscal.tlv import Node, TlvError

FISCAL_MODE: Final = 0x03
RECEIPTS: Final = frozenset({3, 4, 31, 41})
REPORTS: Final = frozenset({1, 2, 5, 6, 11, 21})
"""Document codes of FF0A that are surely no receipts. Any other may be one."""
_SHORT_TICKET: Final = 27
_BATTERY, _SUPPLY = 3.0, 24.0  # volts below which products in use warn
_PER_BATTERY_VOLT, _PER_SUPPLY_VOLT = 51, 9
_PRINT_FAULT: Final = 2
_LIFE: Final = ((0x08, "archive"), (0x04, "closed"), (0x02, "fiscal"))
_FLAGS: Final = (
    (0, "replace_urgently"),
    (1, "exhausted"),
    (2, "overflow"),
    (3, "operator_silent"),
    (7, "broken"),
)
_WARNINGS: Final = (
    (0, "срочная замена ФН"), (1, "ресурс ФН на исходе"), (2, "архив ФН заполнен на 90 %"),
    (3, "превышено время ожидания ответа ОФД"),
)  # fmt: skip

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Malformed(Exception):
    """The answer is not what the protocol says."""


def _reads(read: Callable[_P, _T]) -> Callable[_P, _T]:
    """Whatever slicing and decoding stumble over is one error."""

    @wraps(read)
    def guarded(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        try:
            return read(*args, **kwargs)
        except (IndexError, ValueError, OverflowError) as fault:  # TlvError and UnicodeError are ValueErrors
            raise Malformed(f"{read.__name__}: {fault}") from fault

    return guarded


def _number(octets: bytes, at: int, size: int) -> int:
    if len(octets) < at + size:
        raise IndexError(f"{len(octets)} bytes, {at + size} expected")
    return int.from_bytes(octets[at : at + size], "little")


def _moment(octets: bytes) -> datetime:
    """YY MM DD hh mm, the drive's form. ValueError for a date that is none."""
    year, month, day, hour, minute = octets
    return datetime(2000 + year, month, day, hour, minute)  # noqa: DTZ001  the register's wall clock has no zone


def sign_text(fiscal_sign: int) -> str:
    """ФПД as it is printed: ten digits."""
    return f"{fiscal_sign:010d}"


class Mode(NamedTuple):
    """10h: what the register is busy with. ``mode`` and its high nibble; ``submode`` is about paper."""

    mode: int
    detail: int
    submode: int
    flags: int

    @property
    def paper_out(self) -> bool:
        """Submodes 1 and 2, or both paper sensors (roll, optical) empty."""
        return self.submode in {1, 2} or not self.flags & 0b1000_0010

    @property
    def cover_open(self) -> bool:
        """Flag 10."""
        return bool(self.flags >> 10 & 1)

    @property
    def receipt_open(self) -> bool:
        """Mode 8, whatever kind."""
        return self.mode == 8


@_reads
def mode(data: bytes) -> Mode:
    """Answer to 10h: 12 bytes and more."""
    return Mode(data[3] & 0x0F, data[3] >> 4, data[4], _number(data, 1, 2))


class FullStatus(NamedTuple):
    """11h. ``clock`` is the register's wall clock; ``inn`` has 10 or 12 digits."""

    mode: Mode
    firmware: str
    clock: datetime
    serial: str
    last_closed_shift: int
    inn: str


@_reads
def full_status(data: bytes) -> FullStatus:
    """Answer to 11h: 46 bytes after the error byte, 48 or more with a long serial number."""
    day, month, year, hour, minute, second = data[23:29]
    serial = _number(data, 30, 4) | (_number(data, 46, 2) << 32 if len(data) >= 48 else 0)
    inn = _number(data, 40, 6)
    return FullStatus(
        mode=Mode(data[13] & 0x0F, data[13] >> 4, data[14], _number(data, 11, 2)),
        firmware=f"{chr(data[1])}.{chr(data[2])}.{_number(data, 3, 2)}",
        clock=datetime(2000 + year, month, day, hour, minute, second),  # noqa: DTZ001  the register's wall clock
        serial=str(serial),
        last_closed_shift=_number(data, 34, 2),
        inn=f"{inn:010d}" if inn < 10**10 else f"{inn:012d}",
    )


@_reads
def device_name(data: bytes) -> str:
    """Answer to FCh: the model's name in cp1251."""
    return data[6:].decode("cp1251").strip(" \0")


class DriveStatus(NamedTuple):
    """FF01. ``document`` is the unfinished document (0 none), in codes of its own."""

    phase: int
    document: int
    shift_open: bool
    warnings: int
    fn: str
    last_fd: int

    @property
    def life(self) -> str:
        """The phase in the words of the port: the highest bit tells."""
        return next((word for bit, word in _LIFE if self.phase & bit), "setup")

    @property
    def flags(self) -> tuple[str, ...]:
        """Warnings in the words of the port. Bit 7 is the drive's critical error by its specification."""
        return tuple(word for bit, word in _FLAGS if self.warnings >> bit & 1)

    @property
    def warned(self) -> str:
        """Warnings in words."""
        return "; ".join(text for bit, text in _WARNINGS if self.warnings >> bit & 1)


@_reads
def drive_status(data: bytes) -> DriveStatus:
    """Answer to FF01: 30 bytes."""
    fn = data[10:26].decode("ascii")
    if len(fn) != 16 or not fn.isdigit():
        raise ValueError(f"number of the drive {fn!r}")
    return DriveStatus(data[0], data[1], bool(data[3]), data[4], fn, _number(data, 26, 4))


@_reads
def documents_left(data: bytes) -> int:
    """FF63: documents left (4), kilobytes left for the 30 days (4)."""
    return _number(data, 0, 4)


class Term(NamedTuple):
    """FF03: an ISO date, and (in the longer form) how many registration reports the drive still takes, and has made."""

    valid_until: str
    registrations_left: int | None
    reports_made: int | None


@_reads
def drive_term(data: bytes) -> Term:
    """Answer to FF03: YY MM DD[, left, done]."""
    year, month, day = data[:3]
    until = datetime(2000 + year, month, day).date().isoformat()  # noqa: DTZ001  a date of the register
    left, made = (data[3], data[4]) if len(data) >= 5 else (None, None)
    return Term(until, left, made)


class Body(NamedTuple):
    """10h: volts of battery and supply (None: not measured), and how the last print ended (newer models)."""

    battery: float | None
    supply: float | None
    print_result: int | None

    @property
    def faults(self) -> tuple[str, ...]:
        """In the words of the port."""
        found = (
            ("battery", self.battery is not None and self.battery < _BATTERY),
            ("power", self.supply is not None and self.supply < _SUPPLY),
            ("printer", self.print_result == _PRINT_FAULT),
        )
        return tuple(name for name, up in found if up)


@_reads
def body(data: bytes) -> Body:
    """Answer to 10h: 12 bytes and more. The scales are inferred from a recorded frame (9F E5 of a healthy device)."""
    battery, supply = data[6] / _PER_BATTERY_VOLT, data[7] / _PER_SUPPLY_VOLT
    return Body(battery or None, supply or None, data[14] if len(data) >= 15 else None)


class Exchange(NamedTuple):
    """FF39. ``first_fd`` and ``since`` are None when nothing waits."""

    status: int
    unsent: int
    first_fd: int | None
    since: datetime | None


@_reads
def exchange(data: bytes) -> Exchange:
    """Answer to FF39: 13 bytes, zeros when nothing waits."""
    count = _number(data, 2, 2)
    if not count:
        return Exchange(data[0], 0, None, None)
    return Exchange(data[0], count, _number(data, 4, 4), _moment(data[8:13]))


class ShiftNumbers(NamedTuple):
    """FF40."""

    open: bool
    shift: int
    receipt: int


@_reads
def shift_numbers(data: bytes) -> ShiftNumbers:
    """Answer to FF40."""
    return ShiftNumbers(bool(data[0]), _number(data, 1, 2), _number(data, 3, 2))


class Head(NamedTuple):
    """FF0A: what the drive keeps of a document for good. ``kind`` (1054) and ``total`` are 0 but for receipts."""

    document: int
    ticketed: bool
    made_at: datetime
    fd_number: int
    fiscal_sign: int
    kind: int = 0
    total: int = 0
    rest: bytes = b""


@_reads
def head(data: bytes) -> Head:
    """Answer to FF0A. That corrections have the fields of receipts is a guess: tags have the last word there."""
    base = Head(data[0], bool(data[1]), _moment(data[2:7]), _number(data, 7, 4), _number(data, 11, 4))
    rest = data[15:]
    if base.document in RECEIPTS and (len(rest) >= 6 or base.document in {3, 4}):
        return base._replace(kind=rest[0], total=_number(rest, 1, 5), rest=rest)
    return base._replace(rest=rest)


class RegistrationHead(NamedTuple):
    """The rest of FF0A for documents 1 and 11."""

    inn: str
    registration_number: str
    taxations: int


@_reads
def registration(found: Head) -> RegistrationHead:
    """INN (12), registration number (20), taxation systems (1)."""
    if len(found.rest) < 33:
        raise IndexError("too short")
    return RegistrationHead(
        found.rest[:12].decode("ascii").strip(" \0"),
        found.rest[12:32].decode("ascii").strip(" \0"),
        found.rest[32],
    )


class Signed(NamedTuple):
    """FF45 and FF4A: what was signed. ``made_at`` only where table 17 field 36 says so."""

    fd_number: int
    fiscal_sign: int
    made_at: datetime | None


@_reads
def subtotal(data: bytes) -> int:
    """Answer to 89h: operator, sum (5), kopecks."""
    return _number(data, 1, 5)


@_reads
def closed_receipt(data: bytes) -> Signed:
    """Answer to FF45: change (5), FD, sign[, moment]."""
    return _signed(data, 5)


@_reads
def closed_correction(data: bytes) -> Signed:
    """Answer to FF4A: receipt number (2), FD, sign[, moment]."""
    return _signed(data, 2)


def _signed(data: bytes, at: int) -> Signed:
    moment = data[at + 8 : at + 13]
    return Signed(
        _number(data, at, 4), _number(data, at + 4, 4), _moment(moment) if len(moment) == 5 else None
    )


@_reads
def announced(data: bytes) -> tuple[int, int]:
    """Answer to FF3A: document code and number of bytes that FF3B will give."""
    return _number(data, 0, 2), _number(data, 2, 2)


@_reads
def nodes(octets: bytes) -> tuple[Node, ...]:
    """The pieces of FF3B put together, or the tag of FF60."""
    return tlv.decode_many(octets, strict=False)


class MarkCheck(NamedTuple):
    """FF61. ``result`` is 2106 where the answer of the marking server is in it; else None."""

    local_status: int
    local_reason: int
    kind: int
    result: int | None


@_reads
def mark_check(data: bytes) -> MarkCheck:
    """Four bytes, then what the server said: answer of the drive (1; FF is a time-out), 2106 (1), its tags."""
    more = data[4 : 4 + _number(data, 3, 1)]
    heard = len(more) >= 2 and more[0] == 0
    return MarkCheck(data[0], data[1], data[2], more[1] if heard else None)


@_reads
def operators_ticket(data: bytes, fn: str, fd_number: int, evidence: str) -> Ticket:
    """Answer to FF3C: moment (5), sign (18), FD (4); newer drives may answer with the ticket's tags.

    A drive keeps a ticket only when it has verified the operator's sign, and the short form has no place for the
    answer code: it is an acceptance (1022 = 0). The long form says 1022 itself.
    """
    if len(data) != _SHORT_TICKET:
        return _long_ticket(data, fn, fd_number, evidence)
    if _number(data, 23, 4) != fd_number:
        raise ValueError(f"ticket of document {_number(data, 23, 4)}")
    return Ticket(
        fn=fn,
        fd_number=fd_number,
        answer=tickets.ACCEPTED,
        operator_sign=data[5:23].hex(),
        made_at=_moment(data[:5]).isoformat(),
        evidence=evidence,
    )


def _long_ticket(data: bytes, fn: str, fd_number: int, evidence: str) -> Ticket:
    given = tlv.decode_many(data, strict=False)
    node = given[0] if len(given) == 1 and given[0].tag == tickets.CODE else Node(tickets.CODE, given)
    group, moment = node.child(1068), node.number(1012)
    answer = group.number(1022) if group is not None else node.number(1022)
    if answer is None or node.number(1040) not in {None, fd_number}:
        raise TlvError("not this document's ticket", "подтверждение не этого документа", tag=1022)
    sign = node.octets(1078)
    return Ticket(
        fn=fn,
        fd_number=fd_number,
        answer=answer,
        flags=node.number(1206) or 0,
        operator_inn=(node.text(1017) or "").strip() or None,
        operator_sign=sign.hex() if sign else None,
        made_at=from_unix(moment).isoformat() if moment is not None else None,
        evidence=evidence,
    )


def overdue(since: datetime | None, clock: datetime) -> bool:
    """Over 30 days unsent (54-FZ art. 4.1): both are the register's wall clock, so their difference is true."""
    return since is not None and clock - since > timedelta(days=30)
