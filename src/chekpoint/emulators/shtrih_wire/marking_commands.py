"""Commands of marking codes, FFD 1.2: FF61 checks one, FF69 decides on it, FF67 binds it to an operation."""

from typing import Final

from chekpoint.emulators.shtrih_wire.codes import Code, Refused
from chekpoint.emulators.shtrih_wire.device import Command, ShtrihDevice
from chekpoint.emulators.shtrih_wire.entry import host_tags
from chekpoint.emulators.shtrih_wire.layout import Parameters, number
from chekpoint.emulators.shtrih_wire.marks import Check
from chekpoint.emulators.shtrih_wire.receipt_commands import last_operation
from chekpoint.fiscal import tlv
from chekpoint.fiscal.ffd import Ffd
from chekpoint.fiscal.moments import to_unix
from chekpoint.fiscal.tlv import Node


def check_mark(device: ShtrihDevice, parameters: Parameters) -> bytes:
    """FF61: what the drive says of a code, and what the state's system says when it was asked."""
    _check_marking(device)
    status, mode = parameters.number(1), parameters.number(1)
    sizes = (parameters.number(1), parameters.number(1))
    code = parameters.octets(sizes[0]).decode("cp1251", "replace")
    extra = parameters.octets(sizes[1])
    parameters.end()
    if status not in {1, 2, 3, 4, 255} or mode or not code:
        raise Refused(Code.PARAMETER)
    if extra:
        host_tags(extra, ())
    if status in {2, 4} and not extra:
        raise Refused(Code.MARK_NO_TAGS)  # a part or a weight names its unit and quantity
    found = device.marks.check(code, device.conduct.marking)
    head = bytes((found.local_status, found.reason, found.code_type))
    tail = _server_answer(device, found)
    return head + bytes((len(tail),)) + tail


def _server_answer(device: ShtrihDevice, found: Check) -> bytes:
    server, result = found.server, found.result
    if server is None:
        return b""
    if server:
        return bytes((server, result))
    answered = (
        Node(2114, to_unix(device.register.local_now())),
        Node(2105, 0),
        Node(2005, result & 0xFD | 4),
    )
    return bytes((server, result)) + tlv.encode_many(answered)


def decide_on_mark(device: ShtrihDevice, parameters: Parameters) -> bytes:
    """FF69: 0 reject, 1 accept, 2 clear."""
    _check_marking(device)
    return bytes((device.marks.decide(parameters.number(1)),))


def bind_mark(device: ShtrihDevice, parameters: Parameters) -> bytes:
    """FF67: an accepted code goes to an operation of the receipt."""
    _check_marking(device)
    entry = device.open_entry()
    code = parameters.octets(parameters.number(1)).decode("cp1251", "replace")
    found = device.marks.bind(code)
    if device.conduct.tags_first:
        entry.marks_ahead.append((code, found.result))
    else:
        last = last_operation(entry)
        last.mark, last.mark_check = code, found.result
    return number(0x444D, 2) + bytes((found.code_type,))


def _check_marking(device: ShtrihDevice) -> None:
    if device.register.drive.ffd is not Ffd.V1_2:
        raise Refused(Code.MARK_FORBIDDEN)


COMMANDS: Final = {
    0xFF61: Command(run=check_mark),
    0xFF67: Command(run=bind_mark),
    0xFF69: Command(run=decide_on_mark),
}
