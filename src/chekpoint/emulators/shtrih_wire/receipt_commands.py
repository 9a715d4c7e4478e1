"""Commands that enter a receipt or a correction, close it or cancel it, and those of its marking codes."""

from datetime import date
from typing import Final

import msgspec

from chekpoint.emulators.drive_errors import DeviceError
from chekpoint.emulators.fiscal_drive import ArchivedDocument, ShiftState
from chekpoint.emulators.shtrih_wire.codes import Code, Refused
from chekpoint.emulators.shtrih_wire.device import Command, ShtrihDevice
from chekpoint.emulators.shtrih_wire.entry import (
    KINDS_8D,
    Entry,
    Operation,
    host_tags,
    operation_nodes,
    settled,
)
from chekpoint.emulators.shtrih_wire.layout import NOT_GIVEN, Parameters, kopecks
from chekpoint.emulators.shtrih_wire.shift_commands import moment_if_asked, numbered, open_the_shift
from chekpoint.fiscal.ffd import Ffd
from chekpoint.fiscal.receipt import Kind, Payment, Receipt, Taxation
from chekpoint.fiscal.text866 import substitute
from chekpoint.fiscal.tlv import Node
from chekpoint.fiscal.vat import VatRate

RATES: Final = {
    0x01: VatRate.VAT20, 0x02: VatRate.VAT10, 0x04: VatRate.VAT0, 0x08: VatRate.NONE,
    0x10: VatRate.VAT120, 0x20: VatRate.VAT110,
    0x81: VatRate.VAT5, 0x82: VatRate.VAT7, 0x84: VatRate.VAT105, 0x88: VatRate.VAT107,
    0xCB: VatRate.VAT22, 0xCC: VatRate.VAT122,
}  # fmt: skip
"""Rate codes of FF46 as a desktop device has them; those from 81h on come from the vendor's driver alone."""
RENAMED: Final = {VatRate.VAT20: VatRate.VAT22, VatRate.VAT120: VatRate.VAT122}
RENAMED_SINCE: Final = date(2026, 1, 1)  # T17F71 = 1: the device takes 22 % where a host still says 20 %
_OLD_RATES: Final = (0x08, 0x01, 0x02, 0x04, 0x08, 0x10, 0x20)  # tax groups 0..6 of 80h as rate codes
_CORRECTION_BIT: Final = 0x80
KINDS: Final = {kind.code: kind for kind in Kind}
_CLOSING_LENGTHS: Final = (
    *range(112, 177),
    196,
)  # FF45 after the password: text of 0..64, or with taxes 7..10


# -- opening and entering ----------------------------------------------------------------------------------------------


async def open_receipt(device: ShtrihDevice, parameters: Parameters) -> bytes:
    """8Dh: 0 sale, 1 purchase, 2 return of sale, 3 return of purchase; with 80h a correction (FFD 1.1 on)."""
    kind = parameters.number(1)
    if kind & ~_CORRECTION_BIT > 3:
        raise Refused(Code.PARAMETER)
    await _open(device, KINDS_8D[kind & 3], correction=bool(kind & _CORRECTION_BIT))
    return device.operator_byte


async def _open(device: ShtrihDevice, kind: Kind, *, correction: bool = False) -> Entry:
    device.check_idle()
    if correction and device.register.drive.ffd is Ffd.V1_05:
        raise Refused(Code.PARAMETER)
    if device.shift is ShiftState.CLOSED and device.tables.flag(24, 13) == 2:
        await open_the_shift(device)
    device.check_shift()
    device.entry = Entry(kind=kind, operator=device.operator, correction=correction)
    return device.entry


async def operation(device: ShtrihDevice, parameters: Parameters) -> bytes:
    """FF46; the first one opens the receipt when none is open."""
    kind = KINDS.get(parameters.number(1))
    quantity, price, total, vat_sum = parameters.number(6), *parameters.sums(3)
    rate = _rate(device, parameters.number(1))
    parameters.number(1)  # department: printed only
    method, subject = parameters.number(1), parameters.number(1)
    name = parameters.rest()
    if kind is None or len(name) > 128:
        raise Refused(Code.PARAMETER)
    by_host = device.tables.flag(1, 14) and vat_sum != NOT_GIVEN
    nodes = operation_nodes(
        name=_name(name),
        quantity=quantity,
        price=price,
        total=None if total == NOT_GIVEN else total,
        rate=rate.code,
        vat_sum=vat_sum if by_host else None,
        method=method,
        subject=subject,
    )
    await _add(device, kind, nodes)
    return b""


def _name(octets: bytes) -> str:
    """CP1251 up to a zero byte; two slashes at the start keep it off the paper only."""
    name = octets.split(b"\0")[0].decode("cp1251", "replace")
    return substitute(name.removeprefix("//"))


def _rate(device: ShtrihDevice, code: int) -> VatRate:
    rate = RATES.get(code)
    if rate is None:
        raise Refused(Code.PARAMETER)
    renaming = device.tables.flag(17, 71) == 1 and device.register.local_now().date() >= RENAMED_SINCE
    return RENAMED.get(rate, rate) if renaming else rate


async def _add(device: ShtrihDevice, kind: Kind, nodes: tuple[Node, ...]) -> None:
    entry = device.entry if device.entry is not None else await _open(device, kind)
    if entry.kind is not kind or entry.short:
        raise Refused(Code.WRONG_OPERATION)
    device.check_shift()
    entry.add(nodes)


def old_operation(kind: Kind) -> "Command":
    """80h..83h, of the time before FF46: quantity in thousandths, four tax groups of which the first counts."""

    async def run(device: ShtrihDevice, parameters: Parameters) -> bytes:
        quantity, price = parameters.number(5), parameters.number(5)
        parameters.number(1)
        groups = parameters.octets(4)
        name = _name(parameters.rest())
        if groups[0] >= len(_OLD_RATES):
            raise Refused(Code.PARAMETER)
        rate = _rate(device, _OLD_RATES[groups[0]])
        nodes = operation_nodes(
            name=name or "Товар",
            quantity=quantity * 1000,
            price=price,
            total=None,
            rate=rate.code,
            vat_sum=None,
            method=0,
            subject=0,
        )
        await _add(device, kind, nodes)
        return device.operator_byte

    return Command(run=run, prints=True)


def operation_tags(device: ShtrihDevice, parameters: Parameters) -> bytes:
    """FF4D: to the operation before it, or (cash core) to the one after it."""
    entry = device.open_entry()
    nodes = host_tags(parameters.rest(), device.conduct.rejected_tags)
    if device.conduct.tags_first:
        entry.ahead += nodes
    else:
        last_operation(entry).tags += nodes
    return b""


def last_operation(entry: Entry) -> Operation:
    """The operation that FF4D and FF67 speak of; raises Refused 5Eh."""
    if not entry.operations:
        raise Refused(Code.WRONG_OPERATION)
    return entry.operations[-1]


def document_tags(device: ShtrihDevice, parameters: Parameters) -> bytes:
    """FF0C: to the receipt under way, or to the report that was begun."""
    nodes = host_tags(parameters.rest(), device.conduct.rejected_tags)
    if device.entry is not None:
        device.entry.tags += nodes
    elif device.begun:
        device.report_tags += nodes
    else:
        raise Refused(Code.FN_STATE)
    return b""


# -- closing and cancelling --------------------------------------------------------------------------------------------


async def close_receipt(device: ShtrihDevice, parameters: Parameters) -> bytes:
    """FF45: change, FD number, fiscal sign and, when T17F36 = 1, the moment.

    The sums of taxes are the device's own whatever the host gives: a weaker point of this double when T1F14 = 1.
    """
    if parameters.left not in _CLOSING_LENGTHS:
        raise Refused(Code.PARAMETER)
    sums, rounding = parameters.sums(16), parameters.number(1)
    parameters.sums(6)
    taxation = parameters.number(1)
    document, change = await _close(device, sums, taxation, rounding)
    return kopecks(change) + numbered(document) + moment_if_asked(device, document)


async def old_close_receipt(device: ShtrihDevice, parameters: Parameters) -> bytes:
    """85h: four sums, of which the first is cash; the taxation is the registration's lowest bit."""
    cash, *other = parameters.sums(4)
    if parameters.number(2):
        raise Refused(Code.PARAMETER)  # a discount on the receipt is none of the law any more
    parameters.rest()
    _, change = await _close(device, (cash, *other, *(0,) * 12), default_taxation(device).bit, 0)
    return device.operator_byte + kopecks(change)


async def _close(
    device: ShtrihDevice, sums: tuple[int, ...], taxation: int, rounding: int
) -> tuple[ArchivedDocument, int]:
    entry = device.open_entry()
    total = entry.items_sum - rounding
    if entry.short or not entry.operations:
        raise Refused(Code.WRONG_OPERATION)
    if rounding > 99:
        raise Refused(Code.PARAMETER)
    if total <= 0:
        raise Refused(Code.ZERO_TOTAL)
    payments, change = settled(sums, total)
    return await sign_entry(
        device, entry, whole_receipt(device, entry, taxation=taxation, payments=payments, total=total)
    ), change


def whole_receipt(
    device: ShtrihDevice, entry: Entry, *, taxation: int, payments: tuple[Payment, ...], total: int
) -> Receipt:
    """The receipt with what the device adds by itself: cashier, internet, paper or not."""
    receipt = entry.receipt(taxation=taxation, payments=payments, total=total)
    registration = device.register.drive.registration
    said = any(node.tag == 1125 for node in entry.tags)
    return msgspec.structs.replace(
        receipt,
        cashier=device.cashier(entry.tags),
        internet=receipt.internet if said else registration.internet,
        paper=device.tables.flag(17, 7) in {0, 3},
    )


async def sign_entry(device: ShtrihDevice, entry: Entry, receipt: Receipt) -> ArchivedDocument:
    """Sign it; what was entered is forgotten as soon as the drive has the document."""
    try:
        document = await device.sign(lambda: device.register.register_receipt(receipt))
    except DeviceError as error:
        if error.signed is not None:
            _closed(device)
        raise
    finally:
        if device.entry is not entry:  # power came and went meanwhile
            device.entry = None
    _closed(device)
    return document


def _closed(device: ShtrihDevice) -> None:
    """The document is in the drive: it can be cancelled no more. T17F7 = 1 counts for one document."""
    device.entry = None
    device.marks.decide(2)
    if device.tables.flag(17, 7) == 1:
        device.tables.set(17, 7, 0)


def cancel(device: ShtrihDevice, _: Parameters) -> bytes:
    """88h; it may also come from another operator, the system administrator."""
    entry = device.open_entry()
    if device.operator not in {entry.operator, 29, 30}:
        raise Refused(0x59)
    device.entry = None
    return device.operator_byte


def cancel_document(device: ShtrihDevice, _: Parameters) -> bytes:
    """FF08: whatever document is under way in the drive."""
    if device.entry is None and not device.begun:
        raise Refused(Code.FN_STATE)
    device.entry, device.begun, device.report_tags = None, 0, []
    return b""


def subtotal(device: ShtrihDevice, _: Parameters) -> bytes:
    """89h."""
    return device.operator_byte + kopecks(device.entry.items_sum if device.entry is not None else 0)


def default_taxation(device: ShtrihDevice) -> Taxation:
    """The registration's lowest bit, for old commands that name none."""
    mask = device.register.drive.registration.taxations
    return next((taxation for taxation in Taxation if taxation.bit & mask), Taxation.OSN)


COMMANDS: Final = {
    0x8D: Command(run=open_receipt, prints=True),
    0xFF46: Command(run=operation, prints=True),
    0x80: old_operation(Kind.SALE),
    0x81: old_operation(Kind.PURCHASE),
    0x82: old_operation(Kind.SALE_RETURN),
    0x83: old_operation(Kind.PURCHASE_RETURN),
    0xFF4D: Command(run=operation_tags),
    0xFF0C: Command(run=document_tags),
    0xFF45: Command(run=close_receipt, prints=True),
    0x85: Command(run=old_close_receipt, prints=True),
    0x88: Command(run=cancel),
    0x89: Command(run=subtotal),
    0xFF08: Command(run=cancel_document),
}
