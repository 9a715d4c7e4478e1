"""Commands of the register: pure, bytes only. Little endian; money is kopecks in 5 bytes, quantity millionths in 6.

The numbers in the names are the maker's (protocol 1.17). ``repeatable`` says that doing it twice is the same as
doing it once: only such a command is ever sent again when its answer was lost.
"""

from decimal import Decimal
from enum import Enum
from typing import Final, NamedTuple

from chekpoint.fiscal import tlv
from chekpoint.fiscal.receipt import Kind, PaymentForm
from chekpoint.fiscal.tlv import Node
from chekpoint.registers.shtrih.codes import OPENING
from chekpoint.registers.shtrih.words import node_text

MAX_TAG_BYTES: Final = 250  # TLV of one FF4D or FF0C
NAME_BYTES: Final = 128
_NOT_GIVEN: Final = b"\xff" * 5  # the register computes it
_SUMS: Final = 16
_SLOTS: Final = {
    PaymentForm.CASH: 0, PaymentForm.ELECTRONIC: 1, PaymentForm.PREPAID: 13, PaymentForm.CREDIT: 14,
    PaymentForm.OTHER: 15,
}  # fmt: skip
_LARGEST_SUM: Final = (1 << 40) - 2


class Wait(Enum):
    """How long its answer may take: see ``ShtrihConfig``."""

    SHORT = "short"
    CLOSE = "close"
    SHIFT = "shift"
    MARK = "mark"


class Command(NamedTuple):
    """One command. ``told`` is what the kept exchange shows instead of ``body``: never a password."""

    code: bytes
    body: bytes
    told: str = ""
    wait: Wait = Wait.SHORT
    repeatable: bool = False

    @property
    def payload(self) -> bytes:
        """What goes into a frame."""
        return self.code + self.body

    @property
    def name(self) -> str:
        """``FF45``, ``10``: as the maker's papers call it."""
        return self.code.hex().upper()


class Access(NamedTuple):
    """The password of the one who commands; 30 is the usual system administrator's."""

    password: int = 30

    def make(
        self,
        code: str,
        body: bytes = b"",
        told: str = "",
        wait: Wait = Wait.SHORT,
        *,
        repeatable: bool = False,
    ) -> Command:
        """A command that begins with the password."""
        octets = self.password.to_bytes(4, "little") + body
        return Command(bytes.fromhex(code), octets, told or body.hex(), wait, repeatable)

    def read(self, code: str, body: bytes = b"") -> Command:
        """A question."""
        return self.make(code, body, repeatable=True)


def money(kopecks: int) -> bytes:
    """Five bytes; OverflowError when it does not fit (FF FF FF FF FF means "not given")."""
    if not 0 <= kopecks <= _LARGEST_SUM:
        raise OverflowError(f"{kopecks} kopecks do not fit five bytes")
    return kopecks.to_bytes(5, "little")


def quantity(value: Decimal) -> bytes:
    """Six bytes of millionths; ValueError when it has more than six decimals."""
    millionths = value.scaleb(6)
    if millionths != millionths.to_integral_value():
        raise ValueError(f"{value} has more than six decimals")
    return int(millionths).to_bytes(6, "little")


# ------------------------------------------------------------------ questions

DEVICE_TYPE: Final = Command(b"\xfc", b"", repeatable=True)


def short_status(access: Access) -> Command:
    """10h: mode, submode, flags."""
    return access.read("10")


def full_status(access: Access) -> Command:
    """11h: the same with firmware, clock, serial number, seller's INN."""
    return access.read("11")


def drive_status(access: Access) -> Command:
    """FF01: phase, current document, number of the drive, last fiscal document."""
    return access.read("ff01")


def drive_expiry(access: Access) -> Command:
    """FF03: until when the drive's keys live."""
    return access.read("ff03")


def free_resource(access: Access) -> Command:
    """FF63: how many documents the drive can still sign."""
    return access.read("ff63")


def find_document(access: Access, fd_number: int) -> Command:
    """FF0A: head of one document, and whether its ticket has come."""
    return access.read("ff0a", fd_number.to_bytes(4, "little"))


def ticket(access: Access, fd_number: int) -> Command:
    """FF3C: the operator's ticket of one document."""
    return access.read("ff3c", fd_number.to_bytes(4, "little"))


def document_tlv(access: Access, fd_number: int) -> Command:
    """FF3A: begin to read a document whole; FF3B goes on."""
    return access.read("ff3a", fd_number.to_bytes(4, "little"))


def next_tlv(access: Access) -> Command:
    """FF3B: the next piece. Not repeatable: a lost piece would be missing, so reading begins again at FF3A."""
    return access.make("ff3b")


def exchange_status(access: Access) -> Command:
    """FF39: the exchange with the operator."""
    return access.read("ff39")


def shift_state(access: Access) -> Command:
    """FF40: shift and receipt numbers."""
    return access.read("ff40")


def registration_tag(access: Access, tag: int, report: int = 1) -> Command:
    """FF60: one requisite of a registration report."""
    return access.read("ff60", bytes((report,)) + tag.to_bytes(2, "little"))


def read_table(access: Access, table: int, field: int, row: int = 1) -> Command:
    """1Fh."""
    return access.read("1f", _cell(table, field, row))


def write_table(access: Access, table: int, field: int, value: bytes, row: int = 1) -> Command:
    """1Eh."""
    return access.make("1e", _cell(table, field, row) + value, repeatable=True)


def _cell(table: int, field: int, row: int) -> bytes:
    return bytes((table,)) + row.to_bytes(2, "little") + bytes((field,))


# ------------------------------------------------------------------ shift, paper, cancelling


def open_shift(access: Access) -> Command:
    """E0h; in FFD 1.2 it fetches the keys of marking first, which takes 20-30 s without a network."""
    return access.make("e0", wait=Wait.SHIFT)


def close_shift(access: Access) -> Command:
    """41h, the Z report."""
    return access.make("41", wait=Wait.SHIFT)


def x_report(access: Access) -> Command:
    """40h: prints, and makes no fiscal document."""
    return access.make("40")


def move_cash(access: Access, kopecks: int) -> Command:
    """50h in, 51h out (negative)."""
    return access.make("50" if kopecks > 0 else "51", money(abs(kopecks)))


def begin_open_shift(access: Access) -> Command:
    """FF41: lets FF0C name the cashier before E0h."""
    return access.make("ff41")


def begin_close_shift(access: Access) -> Command:
    """FF42: the same before 41h."""
    return access.make("ff42")


def continue_print(access: Access) -> Command:
    """B0h: finish what the paper interrupted. It prints; it never registers anything."""
    return access.make("b0", repeatable=True)


def cancel_receipt(access: Access) -> Command:
    """88h: throw the open receipt away. Twice is refused, not done twice."""
    return access.make("88", repeatable=True)


def subtotal(access: Access) -> Command:
    """89h: what the operations of the open receipt come to."""
    return access.read("89")


def cancel_drive_document(access: Access) -> Command:
    """FF08: throw away what the drive has begun."""
    return access.make("ff08", repeatable=True)


# ------------------------------------------------------------------ receipt


def open_receipt(access: Access, kind: Kind, *, correction: bool = False) -> Command:
    """8Dh. Its kinds are NOT those of FF46: 1 is a purchase, 2 a sale's return. 80h makes a correction (FFD 1.2)."""
    code = OPENING[kind] | (0x80 if correction else 0)
    return access.make("8d", bytes((code,)))


class Line(NamedTuple):
    """What FF46 says of an item. Sums are kopecks; ``rate`` is the maker's code of the VAT rate."""

    kind: Kind
    quantity: Decimal
    price: int
    sum: int
    rate: int
    method: int  # 1214
    subject: int  # 1212
    name: str
    department: int = 0


def operation(access: Access, line: Line) -> Command:
    """FF46: one item. The register computes the VAT."""
    name = line.name.encode("cp1251", "replace")[:NAME_BYTES]
    body = (
        bytes((line.kind.code,))
        + quantity(line.quantity)
        + money(line.price)
        + money(line.sum)
        + _NOT_GIVEN
        + bytes((line.rate, line.department, line.method, line.subject))
        + name
    )
    return access.make("ff46", body, f"{body[: -len(name) or None].hex()} «{line.name}»")


def item_tag(access: Access, node: Node) -> Command:
    """FF4D: a tag of the item. TlvError when the value does not fit its tag; ValueError over 250 bytes."""
    return _tag(access, "ff4d", node)


def document_tag(access: Access, node: Node) -> Command:
    """FF0C: a tag of the document. TlvError, ValueError as above."""
    return _tag(access, "ff0c", node)


def _tag(access: Access, code: str, node: Node) -> Command:
    octets = tlv.encode(node)
    if len(octets) > MAX_TAG_BYTES:
        raise ValueError(f"тег {node.tag}: {len(octets)} байт, одной командой ККТ принимает {MAX_TAG_BYTES}")
    return access.make(code, octets, node_text(node))


def close_receipt(access: Access, paid: dict[PaymentForm, int], rounding: int, taxation: int) -> Command:
    """FF45: sign the receipt. The shortest form (118 bytes): the register computes the VAT, no text."""
    sums = [0] * _SUMS
    for form, kopecks in paid.items():
        sums[_SLOTS[form]] = kopecks
    body = b"".join(money(total) for total in sums)
    body += bytes((rounding,)) + bytes(6 * 5) + bytes((taxation,))
    return access.make("ff45", body, wait=Wait.CLOSE)


# ------------------------------------------------------------------ correction of FFD 1.05


def begin_correction(access: Access) -> Command:
    """FF35."""
    return access.make("ff35")


class ShortCorrection(NamedTuple):
    """What FF4A takes; sums are kopecks. ``taxes``: 20 %, 10 %, 0 %, none, 20/120, 10/110."""

    by_instruction: bool
    kind: Kind
    total: int
    paid: dict[PaymentForm, int]
    taxes: tuple[int, ...]
    taxation: int


def close_correction(access: Access, content: ShortCorrection) -> Command:
    """FF4A: sign a correction that has no items (69 bytes)."""
    sums = [content.total, *(content.paid.get(form, 0) for form in PaymentForm), *content.taxes]
    body = bytes((content.by_instruction, content.kind.code))
    body += b"".join(money(total) for total in sums) + bytes((content.taxation,))
    return access.make("ff4a", body, wait=Wait.CLOSE)


# ------------------------------------------------------------------ marked goods, FFD 1.2


def check_mark(access: Access, planned: int, code: bytes, tags: tuple[Node, ...] = ()) -> Command:
    """FF61: ask drive and marking server about a code. ``planned`` is 2003."""
    octets = tlv.encode_many(tags)
    body = bytes((planned, 0, len(code), len(octets))) + code + octets
    return access.make("ff61", body, wait=Wait.MARK, repeatable=True)


def decide_mark(access: Access, *, accept: bool) -> Command:
    """FF69 after each FF61: take the checked code, or drop it."""
    return access.make("ff69", bytes((accept,)), repeatable=True)


def clear_marks(access: Access) -> Command:
    """FF69 2: forget all checked codes."""
    return access.make("ff69", b"\x02", repeatable=True)


def bind_mark(access: Access, code: bytes) -> Command:
    """FF67: the code belongs to the item just entered (before it, where tags come first)."""
    return access.make("ff67", bytes((len(code),)) + code)
