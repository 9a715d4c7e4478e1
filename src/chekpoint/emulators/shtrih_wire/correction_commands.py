"""Corrections of FFD 1.05: FF35, tags by FF0C, then FF4A or the older FF36."""

from typing import Final

from chekpoint.emulators.shtrih_wire.codes import Code, Refused
from chekpoint.emulators.shtrih_wire.device import Command, ShtrihDevice
from chekpoint.emulators.shtrih_wire.entry import Entry
from chekpoint.emulators.shtrih_wire.layout import Parameters, number
from chekpoint.emulators.shtrih_wire.receipt_commands import (
    KINDS,
    default_taxation,
    sign_entry,
    whole_receipt,
)
from chekpoint.emulators.shtrih_wire.shift_commands import moment_if_asked, numbered
from chekpoint.fiscal.ffd import Ffd
from chekpoint.fiscal.moments import to_unix
from chekpoint.fiscal.receipt import Kind, Payment, PaymentForm
from chekpoint.fiscal.tlv import Node

_GIVES_BY_HAND: Final = frozenset({Kind.SALE, Kind.PURCHASE})


def begin_correction(device: ShtrihDevice, _: Parameters) -> bytes:
    """FF35. From FFD 1.1 on a correction lists what it corrects: 8Dh with 80h."""
    device.check_idle()
    if device.register.drive.ffd is not Ffd.V1_05:
        raise Refused(Code.UNSUPPORTED)
    device.check_shift()
    device.entry = Entry(kind=Kind.SALE, operator=device.operator, correction=True, short=True)
    return b""


async def correction(device: ShtrihDevice, parameters: Parameters) -> bytes:
    """FF4A: 1173, 1054, total, five payments, six taxes, taxation. Returns are refused: 5Eh."""
    by, sign = parameters.number(1), parameters.number(1)
    total, sums = parameters.number(5), parameters.sums(5)
    parameters.sums(6)
    taxation = parameters.number(1)
    parameters.end()
    if by > 1 or sign not in KINDS:
        raise Refused(Code.PARAMETER)
    paid = tuple(Payment(form=form, sum=s) for form, s in zip(PaymentForm, sums, strict=True) if s)
    return await _correct(device, by=by, kind=KINDS[sign], total=total, taxation=taxation, paid=paid)


async def old_correction(device: ShtrihDevice, parameters: Parameters) -> bytes:
    """FF36: total and 1054; in cash, by oneself."""
    total, sign = parameters.number(5), parameters.number(1)
    parameters.end()
    if sign not in KINDS:
        raise Refused(Code.PARAMETER)
    paid = (Payment(form=PaymentForm.CASH, sum=total),)
    return await _correct(
        device, by=0, kind=KINDS[sign], total=total, taxation=default_taxation(device).bit, paid=paid
    )


async def _correct(
    device: ShtrihDevice, *, by: int, kind: Kind, total: int, taxation: int, paid: tuple[Payment, ...]
) -> bytes:
    entry = device.entry
    if entry is None or not entry.short:
        raise Refused(Code.FN_STATE)
    if kind not in _GIVES_BY_HAND:
        raise Refused(Code.WRONG_OPERATION)
    if not total:
        raise Refused(Code.ZERO_TOTAL)
    if sum(payment.sum for payment in paid) != total:
        raise Refused(Code.NOT_ENOUGH_PAID)
    entry.kind = kind
    entry.tags = [node for node in entry.tags if node.tag != 1173] + [Node(1173, by)]
    if not any(
        node.tag in {1174, 1178} for node in entry.tags
    ):  # the day of the correction, for want of another
        day = device.register.local_now().replace(hour=0, minute=0, second=0)
        entry.tags.append(Node(1178, to_unix(day)))
    receipt = whole_receipt(device, entry, taxation=taxation, payments=paid, total=total)
    document = await sign_entry(device, entry, receipt)
    return number(document.receipt_number, 2) + numbered(document) + moment_if_asked(device, document)


COMMANDS: Final = {
    0xFF35: Command(run=begin_correction, prints=True),
    0xFF36: Command(run=old_correction, prints=True),
    0xFF4A: Command(run=correction, prints=True),
}
