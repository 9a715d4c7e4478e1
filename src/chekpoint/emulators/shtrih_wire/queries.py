"""Commands that only ask: states, the fiscal drive, its archive, the exchange, the settings."""

from datetime import timedelta
from typing import Final

from chekpoint.emulators.drive_documents import OVERDUE_DAYS
from chekpoint.emulators.drive_flags import flags_of
from chekpoint.emulators.fiscal_drive import ArchivedDocument, ShiftState
from chekpoint.emulators.shtrih_wire.codes import Code, Refused, text_of
from chekpoint.emulators.shtrih_wire.device import Command, ShtrihDevice
from chekpoint.emulators.shtrih_wire.layout import (
    Parameters,
    device_date,
    device_time,
    drive_moment,
    fixed,
    kopecks,
    number,
)
from chekpoint.fiscal import tlv
from chekpoint.fiscal.stamp import sign_octets
from chekpoint.fiscal.ticket import to_node
from chekpoint.fiscal.tlv import Node

MODEL: Final = 250  # the model number of a device that does not exist
_FLAG_BITS: Final = {"replace_urgently": 0, "exhausted": 1, "overflow": 2, "operator_silent": 3, "broken": 7}
BATTERY, LOW_BATTERY = 0x9F, 0x80  # 3.1 V and 2.5 V, by 51 to the volt
POWER, LOW_POWER = 0xE5, 0xC8  # 25.4 V and 22.2 V, by 9 to the volt
PRINT_FAULT: Final = 2
FIRMWARE: Final = b"C1" + number(54219, 2) + bytes((25, 4, 18))
FEATURES: Final = (
    0x6C200740A05A & ~(1 << 23) | 1 << 28 | 1 << 34 | 1 << 36
)  # a desktop's, with protocol 2, the last print result and 6Bh
_F7_TAIL: Final = bytes.fromhex(
    "0c18010c100000000000001e0000000006ff004040b6031213"
)  # as a desktop device answers
_PIECE: Final = 240  # bytes of a document in one FF3B, so that every frame of protocol 1 holds it
_KEPT: Final = timedelta(days=30)  # the drive gives a document's tags only so long
_RECEIPTS: Final = frozenset({3, 4, 31, 41})
_SHIFTS: Final = frozenset({2, 5})
_REGISTRATIONS: Final = frozenset({1, 11})


def short_status(device: ShtrihDevice, _: Parameters) -> bytes:
    """10h, the 17-byte form: with the last print result."""
    operations = len(device.entry.operations) if device.entry is not None else 0
    result = 5 if device.busy_printing else device.print_result
    result = PRINT_FAULT if "printer" in device.register.hardware else result
    return (
        device.operator_byte
        + number(device.flags, 2)
        + bytes((device.mode, device.submode, operations & 0xFF))
        + _voltages(device)
        + bytes((0, 0, operations >> 8, 0, 0, 0, result))
    )


def _voltages(device: ShtrihDevice) -> bytes:
    broken = device.register.hardware
    return bytes((LOW_BATTERY if "battery" in broken else BATTERY, LOW_POWER if "power" in broken else POWER))


def status(device: ShtrihDevice, _: Parameters) -> bytes:
    """11h: 48 bytes with code and error."""
    drive, now = device.register.drive, device.register.local_now()
    registration = drive.state.registration
    serial = int((registration.serial if registration else "0")[-9:] or 0)
    inn = int(registration.seller_inn) if registration else 0
    closed = drive.shift_number - (0 if drive.shift_state(now) is ShiftState.CLOSED else 1)
    port = 128 if device.over_tcp else 0
    return (
        device.operator_byte
        + FIRMWARE
        + b"\x01"
        + number(drive.last_fd & 0xFFFF, 2)
        + number(device.flags, 2)
        + bytes((device.mode, device.submode, port))
        + bytes(4)
        + bytes((1, 1, 16))
        + device_date(now)
        + device_time(now)
        + b"\x02"
        + number(serial, 4)
        + number(closed, 2)
        + number(drive.documents_left, 2)
        + bytes((1, drive.registrations_left))
        + number(inn, 6)
    )


def device_type(device: ShtrihDevice, _: Parameters) -> bytes:
    """FCh: a cash register (type 0) that says in its name what it is."""
    name = device.register.model.encode("cp1251", "replace")
    return bytes((0, 0, 1, 17, MODEL, 0)) + name


def features(_: ShtrihDevice, parameters: Parameters) -> bytes:
    """F7h, type 1."""
    if parameters.number(1) != 1:
        raise Refused(Code.PARAMETER)
    return FEATURES.to_bytes(8, "little") + _F7_TAIL


def error_text(_: ShtrihDevice, parameters: Parameters) -> bytes:
    """6Bh."""
    return text_of(parameters.number(1)).encode("cp1251", "replace")


# -- the fiscal drive --------------------------------------------------------------------------------------------------


def drive_status(device: ShtrihDevice, _: Parameters) -> bytes:
    """FF01. The moment is that of the last document."""
    drive, now = device.register.drive, device.register.local_now()
    entry = device.entry
    document = device.begun if entry is None else (0x14 if entry.correction else 0x04)
    filled = bool(entry.operations) if entry is not None else False
    shift = drive.shift_state(now) is not ShiftState.CLOSED
    return (
        bytes((drive.phase.code, document, int(filled), int(shift), _warnings(device)))
        + drive_moment(drive.state.last_made_at)
        + fixed(drive.number, 16)
        + number(drive.last_fd, 4)
    )


def _warnings(device: ShtrihDevice) -> int:
    """Bits: 0 keys end in 3 days, 1 in 30 days, 2 archive nearly full, 3 the operator is late, 7 broken."""
    drive, now = device.register.drive, device.register.local_now()
    up = flags_of(drive, now, full=0.9, patience=timedelta(days=OVERDUE_DAYS))
    return sum(1 << bit for name, bit in _FLAG_BITS.items() if name in up)


def drive_number(device: ShtrihDevice, _: Parameters) -> bytes:
    """FF02."""
    return fixed(device.register.drive.number, 16)


def drive_expiry(device: ShtrihDevice, _: Parameters) -> bytes:
    """FF03, the longer form: with the reports left and made."""
    drive = device.register.drive
    made = sum(document.code in _REGISTRATIONS for document in drive.documents())
    return drive_moment(drive.valid_until)[:3] + bytes((drive.registrations_left, made))


def find_document(device: ShtrihDevice, parameters: Parameters) -> bytes:
    """FF0A: type, ticket received, and what the drive keeps for ever of a document."""
    document = device.register.read_document(parameters.number(4))
    head = bytes((document.code, int(document.ticket is not None)))
    body = drive_moment(document.made_at) + number(document.fd_number, 4) + number(document.fiscal_sign, 4)
    return head + body + _details(document)


def _details(document: ArchivedDocument) -> bytes:
    if document.code in _RECEIPTS:
        return bytes((document.kind,)) + kopecks(document.total)
    if document.code in _SHIFTS:
        return number(document.shift_number, 2)
    if document.code in _REGISTRATIONS:
        node = document.node
        inn, rnm = node.text(1018) or "", node.text(1037) or ""
        tail = bytes((node.number(1062) or 0, 0)) + (b"\x03" if document.code == 11 else b"")
        return fixed(inn, 12) + fixed(rnm, 20) + tail
    return b""


def ticket(device: ShtrihDevice, parameters: Parameters) -> bytes:
    """FF3C: the operator's moment, its sign in 18 bytes, the FD number; 08 before the ticket has come.

    A ticket that refuses or remarks comes as its tags: the short form has no place for 1022 and 1206. That a real
    register does so is a guess.
    """
    found = device.register.drive.ticket(parameters.number(4))
    if found is None:
        raise Refused(Code.FN_NO_DATA)
    if found.answer or found.flags:
        return tlv.encode(to_node(found))
    sign = (found.operator_sign or b"")[:18].ljust(18, b"\0")
    return drive_moment(found.made_at) + sign + number(found.fd_number, 4)


def begin_reading(device: ShtrihDevice, parameters: Parameters) -> bytes:
    """FF3A: type and length; FF3B then gives the tags, one at a time, long ones in pieces."""
    document = device.register.read_document(parameters.number(4))
    if device.register.local_now() - document.made_at > _KEPT:
        raise Refused(Code.FN_NO_DATA)
    tags = [tlv.encode(_as_written(node)) for node in document.node]
    device.reading = [tag[at : at + _PIECE] for tag in tags for at in range(0, len(tag), _PIECE)]
    return number(document.code, 2) + number(sum(map(len, tags)), 2)


def _as_written(node: Node) -> Node:
    """The fiscal sign has the prefix 31 04 on this wire."""
    if node.tag == 1077 and isinstance(node.value, bytes):
        return Node(1077, sign_octets(int.from_bytes(node.value[2:], "big"), b"\x31\x04"))
    return node


def read_on(device: ShtrihDevice, _: Parameters) -> bytes:
    """FF3B; error 08 after the last piece."""
    if not device.reading:
        raise Refused(Code.FN_NO_DATA)
    return device.reading.pop(0)


def exchange_status(device: ShtrihDevice, _: Parameters) -> bytes:
    """FF39: zeros when there is nothing to send."""
    exchange = device.register.exchange_status()
    if not exchange.unsent_count:
        return bytes(13)
    up = device.register.exchange.connect is not None and device.register.exchange.enabled
    bits = up and not exchange.network_code
    state = bits << 0 | 1 << 1 | exchange.waiting << 2 | exchange.waiting << 5
    return (
        bytes((state, 0))
        + number(exchange.unsent_count, 2)
        + number(exchange.first_fd or 0, 4)
        + drive_moment(exchange.first_made_at)
    )


def unconfirmed(device: ShtrihDevice, _: Parameters) -> bytes:
    """FF3F: two bytes."""
    return number(device.register.drive.unsent().count, 2)


def free_resource(device: ShtrihDevice, _: Parameters) -> bytes:
    """FF63: documents left, kilobytes left for the 30 days."""
    return number(device.register.drive.documents_left, 4) + number(256 * 1024, 4)


def shift_parameters(device: ShtrihDevice, _: Parameters) -> bytes:
    """FF40."""
    drive = device.register.drive
    is_open = drive.shift_state(device.register.local_now()) is not ShiftState.CLOSED
    return bytes((int(is_open),)) + number(drive.shift_number, 2) + number(drive.receipt_number, 2)


def registration_tag(device: ShtrihDevice, parameters: Parameters) -> bytes:
    """FF0E and FF60: one tag of a registration report, by its number."""
    which, tag = parameters.number(1), parameters.number(2)
    reports = [d for d in device.register.drive.documents() if d.code in _REGISTRATIONS]
    if not 1 <= which <= len(reports):
        raise Refused(Code.FN_NO_DATA)
    node = reports[which - 1].node.child(tag)
    if node is None:
        raise Refused(Code.FN_NO_DATA)
    return tlv.encode(node)


# -- the settings ------------------------------------------------------------------------------------------------------


def write_table(device: ShtrihDevice, parameters: Parameters) -> bytes:
    """1Eh."""
    place = (parameters.number(1), parameters.number(2), parameters.number(1))
    device.tables.write(*place, parameters.rest())
    return b""


def read_table(device: ShtrihDevice, parameters: Parameters) -> bytes:
    """1Fh."""
    return device.tables.read(parameters.number(1), parameters.number(2), parameters.number(1))


def table_structure(device: ShtrihDevice, parameters: Parameters) -> bytes:
    """2Dh."""
    return device.tables.structure(parameters.number(1))


def field_structure(device: ShtrihDevice, parameters: Parameters) -> bytes:
    """2Eh."""
    return device.tables.field_structure(parameters.number(1), parameters.number(1))


def exchange_parameters(device: ShtrihDevice, parameters: Parameters) -> bytes:
    """15h: speed code 6 (115200) and time-out 50 ms, whatever the port."""
    parameters.number(1)
    del device
    return bytes((6, 50))


COMMANDS: Final = {
    0x10: Command(run=short_status),
    0x11: Command(run=status),
    0xFC: Command(run=device_type, password=False),
    0xF7: Command(run=features, password=False),
    0x6B: Command(run=error_text, password=False),
    0xFF01: Command(run=drive_status),
    0xFF02: Command(run=drive_number),
    0xFF03: Command(run=drive_expiry),
    0xFF0A: Command(run=find_document),
    0xFF0E: Command(run=registration_tag),
    0xFF39: Command(run=exchange_status),
    0xFF3A: Command(run=begin_reading),
    0xFF3B: Command(run=read_on),
    0xFF3C: Command(run=ticket),
    0xFF3F: Command(run=unconfirmed),
    0xFF40: Command(run=shift_parameters),
    0xFF60: Command(run=registration_tag),
    0xFF63: Command(run=free_resource),
    0x15: Command(run=exchange_parameters),
    0x1E: Command(run=write_table, admin=True),
    0x1F: Command(run=read_table),
    0x2D: Command(run=table_structure),
    0x2E: Command(run=field_structure),
}
