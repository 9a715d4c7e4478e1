"""Commands of the shift, the drawer, the printer and the clock."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

from chekpoint.emulators.drive_errors import DeviceError
from chekpoint.emulators.fiscal_drive import ArchivedDocument, ShiftState
from chekpoint.emulators.shtrih_wire.codes import Code, Refused
from chekpoint.emulators.shtrih_wire.device import Command, ShtrihDevice
from chekpoint.emulators.shtrih_wire.layout import Parameters, drive_moment, number
from chekpoint.fiscal.receipt import Cashier

SHIFT_OPEN, SHIFT_CLOSE, STATE_REPORT = 0x02, 0x08, 0x17  # FF01's names of a report under way


async def open_the_shift(device: ShtrihDevice) -> ArchivedDocument:
    """Sign document 2, however long the keys of marking take."""
    device.check_idle()
    if device.register.drive.shift_state(device.register.local_now()) is not ShiftState.CLOSED:
        raise Refused(Code.SHIFT_OPEN)
    if device.conduct.shift_seconds:
        await device.register.clock.sleep(device.conduct.shift_seconds)
    return await _report(device, device.register.open_shift)


async def close_the_shift(device: ShtrihDevice) -> ArchivedDocument:
    """Sign document 5."""
    device.check_idle()
    return await _report(device, device.register.close_shift)


async def _report(
    device: ShtrihDevice, make: Callable[[Cashier | None], Awaitable[ArchivedDocument]]
) -> ArchivedDocument:
    cashier = device.cashier(device.report_tags)
    try:
        document = await device.sign(lambda: make(cashier))
    except DeviceError as error:
        if error.signed is not None:
            _forget(device)
        raise
    _forget(device)
    return document


def _forget(device: ShtrihDevice) -> None:
    device.begun, device.report_tags = 0, []


async def open_shift(device: ShtrihDevice, _: Parameters) -> bytes:
    """E0h. That the answer is the operator alone is what a recorded one shows; the text says two bytes."""
    await open_the_shift(device)
    return device.operator_byte


async def z_report(device: ShtrihDevice, _: Parameters) -> bytes:
    """41h."""
    await close_the_shift(device)
    return device.operator_byte


async def x_report(device: ShtrihDevice, _: Parameters) -> bytes:
    """40h."""
    device.check_idle()
    await device.register.report_x()
    return device.operator_byte


async def cash_in(device: ShtrihDevice, parameters: Parameters) -> bytes:
    """50h."""
    return await _move_cash(device, parameters.number(5), device.register.cash_in)


async def cash_out(device: ShtrihDevice, parameters: Parameters) -> bytes:
    """51h."""
    return await _move_cash(device, parameters.number(5), device.register.cash_out)


async def _move_cash(device: ShtrihDevice, kopecks: int, move: Callable[[int], Awaitable[int]]) -> bytes:
    device.check_idle()
    device.check_shift()
    if not kopecks:
        raise Refused(Code.PARAMETER)
    await move(kopecks)
    return device.operator_byte + number(device.register.drive.last_fd & 0xFFFF, 2)


# -- the same in two steps, with tags between them ---------------------------------------------------------------------


def begin(document: int) -> Callable[[ShtrihDevice, Parameters], bytes]:
    """FF41, FF42 and FF37: FF0C may follow."""

    def begun(device: ShtrihDevice, _: Parameters) -> bytes:
        device.check_idle()
        is_open = device.register.drive.shift_state(device.register.local_now()) is not ShiftState.CLOSED
        if document == SHIFT_OPEN and is_open:
            raise Refused(Code.SHIFT_OPEN)
        if document == SHIFT_CLOSE and not is_open:
            raise Refused(Code.SHIFT_CLOSED)
        device.begun, device.report_tags = document, []
        return b""

    return begun


async def finish_open(device: ShtrihDevice, _: Parameters) -> bytes:
    """FF0B."""
    return _shift_answer(await open_the_shift(device))


async def finish_close(device: ShtrihDevice, _: Parameters) -> bytes:
    """FF43."""
    document = await close_the_shift(device)
    return _shift_answer(document) + moment_if_asked(device, document)


def _shift_answer(document: ArchivedDocument) -> bytes:
    return number(document.shift_number, 2) + numbered(document)


async def finish_state(device: ShtrihDevice, _: Parameters) -> bytes:
    """FF38: the report on the state of settlements; hosts also send it without FF37."""
    device.check_idle()
    if device.begun not in {0, STATE_REPORT}:
        raise Refused(Code.FN_STATE)
    document = await device.sign(device.register.report_exchange)
    _forget(device)
    queue = device.register.drive.unsent()
    first = drive_moment(queue.first_made_at)[:3]
    return numbered(document) + number(queue.count, 4) + first + moment_if_asked(device, document)


def numbered(document: ArchivedDocument) -> bytes:
    """FD number and fiscal sign, four bytes each."""
    return number(document.fd_number, 4) + number(document.fiscal_sign, 4)


def moment_if_asked(device: ShtrihDevice, document: ArchivedDocument) -> bytes:
    """The document's moment, when T17F36 = 1."""
    return drive_moment(document.made_at) if device.tables.flag(17, 36) else b""


# -- printer, drawer, clock --------------------------------------------------------------------------------------------


async def continue_print(device: ShtrihDevice, _: Parameters) -> bytes:
    """B0h: the document that did not come out whole is printed again; it is never signed again."""
    if device.busy_printing:
        raise Refused(Code.PRINTING)
    await device.register.continue_print()
    device.print_result = 0
    return device.operator_byte


async def print_something(device: ShtrihDevice, parameters: Parameters) -> bytes:
    """A line of text, a feed, a cut: the paper moves and nothing is signed."""
    parameters.rest()
    if not device.register.paper or device.register.cover_open:
        raise Refused(Code.NO_PAPER)
    return device.operator_byte


async def repeat_document(device: ShtrihDevice, _: Parameters) -> bytes:
    """8Ch."""
    device.check_idle()
    if not device.register.printed:
        raise Refused(Code.NOTHING_TO_REPEAT)
    await device.register.print_text()
    return device.operator_byte


async def open_drawer(device: ShtrihDevice, parameters: Parameters) -> bytes:
    """28h."""
    parameters.rest()
    device.register.drawer_open = True
    return device.operator_byte


async def beep(device: ShtrihDevice, _: Parameters) -> bytes:
    """13h."""
    return device.operator_byte


def reboot(device: ShtrihDevice, parameters: Parameters) -> bytes:
    """FE F3 00 00 00 00: nothing is answered, the power comes back at once (one unofficial source)."""
    if parameters.octets(1) != b"\xf3":
        raise Refused(Code.UNSUPPORTED)
    device.register.power_off()
    device.register.power_on()
    return b""


async def set_time(device: ShtrihDevice, parameters: Parameters) -> bytes:
    """21h: hh mm ss."""
    moment = parameters.time_hms()
    return _set_clock(device, datetime.combine(device.register.local_now().date(), moment))


async def set_date(device: ShtrihDevice, parameters: Parameters) -> bytes:
    """22h: DD MM YY; 23h confirms it, and only then does it count."""
    _check_clock_free(device)
    device.date_offered = parameters.date_dmy()
    return b""


async def confirm_date(device: ShtrihDevice, parameters: Parameters) -> bytes:
    """23h with another date than 22h's is refused."""
    day = parameters.date_dmy()
    if day != device.date_offered:
        raise Refused(0xC0)
    device.date_offered = None
    return _set_clock(device, datetime.combine(day, device.register.local_now().time()))


def _check_clock_free(device: ShtrihDevice) -> None:
    device.check_idle()
    if device.register.drive.shift_state(device.register.local_now()) is not ShiftState.CLOSED:
        raise Refused(Code.SHIFT_OPEN)


def _set_clock(device: ShtrihDevice, local: datetime) -> bytes:
    """Only with shift and receipt closed, and never before the last document."""
    _check_clock_free(device)
    last = device.register.drive.state.last_made_at
    if last is not None and local < last:
        raise Refused(Code.FN_CLOCK)
    device.register.set_clock(local)
    return b""


COMMANDS: Final = {
    0xE0: Command(run=open_shift, prints=True, paper=True),
    0x41: Command(run=z_report, prints=True, paper=True, admin=True),
    0x40: Command(run=x_report, prints=True, paper=True, admin=True),
    0x50: Command(run=cash_in, prints=True, paper=True),
    0x51: Command(run=cash_out, prints=True, paper=True),
    0xFF41: Command(run=begin(SHIFT_OPEN), prints=True),
    0xFF0B: Command(run=finish_open, prints=True, paper=True),
    0xFF42: Command(run=begin(SHIFT_CLOSE), prints=True),
    0xFF43: Command(run=finish_close, prints=True, paper=True),
    0xFF37: Command(run=begin(STATE_REPORT), prints=True),
    0xFF38: Command(run=finish_state, prints=True, paper=True),
    0xB0: Command(run=continue_print),
    0x17: Command(run=print_something, prints=True, paper=True),
    0x25: Command(run=print_something, prints=True, paper=True),
    0x29: Command(run=print_something, prints=True, paper=True),
    0x8C: Command(run=repeat_document, prints=True, paper=True),
    0x28: Command(run=open_drawer),
    0x13: Command(run=beep),
    0xFE: Command(run=reboot, password=False),
    0x21: Command(run=set_time, admin=True),
    0x22: Command(run=set_date, admin=True),
    0x23: Command(run=confirm_date, admin=True),
}
