"""Opening and closing a shift, and proving it by the document that the drive has made of it."""

from collections.abc import Awaitable, Callable

from chekpoint.core.errors import OutcomeUnknown
from chekpoint.core.ports import FiscalDocument
from chekpoint.registers.shtrih import answers, commands, content, drive, entry
from chekpoint.registers.shtrih.answers import Malformed
from chekpoint.registers.shtrih.device import Device
from chekpoint.registers.shtrih.errors import Refused
from chekpoint.registers.shtrih.line import AnswerLost, Unheard

Turn = Callable[[Device], Awaitable[FiscalDocument]]

_OPENING, _CLOSING = 2, 5


async def number(device: Device) -> int | None:
    """FF40; None where the model does not know it."""
    try:
        return answers.shift_numbers(await device.run(commands.shift_state(device.access))).shift
    except (Refused, Malformed):
        return None


async def open_shift(device: Device) -> FiscalDocument:
    """E0h -> document 2. Raises Refused, Unheard, or OutcomeUnknown when the answer was lost."""
    begin, close = commands.begin_open_shift(device.access), commands.open_shift(device.access)
    return await _turned(device, begin, close, _OPENING)


async def close_shift(device: Device) -> FiscalDocument:
    """41h -> document 5. Raises as above."""
    begin, close = commands.begin_close_shift(device.access), commands.close_shift(device.access)
    return await _turned(device, begin, close, _CLOSING)


async def _turned(
    device: Device, begin: commands.Command, turn: commands.Command, code: int
) -> FiscalDocument:
    before = (await drive.status(device)).last_fd
    config = device.config
    if config.operator_name:
        tags = content.shift_tags(device.access, config.operator_name, config.operator_inn)
        await entry.name_cashier(device, begin, tags)
    try:
        await device.run(turn)
        return await _made(device, before, code)
    except (AnswerLost, Malformed) as fault:
        raise OutcomeUnknown(f"Исход операции со сменой не прочитан: {fault}") from fault
    except Unheard as fault:
        if (await drive.status(device)).last_fd != before:
            raise OutcomeUnknown(f"Смена переведена, но документ не прочитан: {fault}") from fault
        raise


async def _made(device: Device, before: int, code: int) -> FiscalDocument:
    """The document of that code among the new ones; a register may make others beside it."""
    now = await drive.status(device)
    for fd_number in range(before + 1, now.last_fd + 1):
        found = await drive.read(device, fd_number, now.fn)
        if found is not None and found.document.document == code:
            return found.document
    raise OutcomeUnknown(f"ККТ перевела смену, но документа {code} на ФН нет (последний ФД {now.last_fd})")
