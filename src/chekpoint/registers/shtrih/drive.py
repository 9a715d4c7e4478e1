"""Reading the fiscal drive through the register: its state, one document, ours among them.

Everything here may raise the faults of ``Device.run`` (Refused, Unheard, AnswerLost) and Malformed.
"""

from contextlib import suppress
from typing import Final

from chekpoint.core.errors import BlockReason, OutcomeUnknown, RegisterBlocked
from chekpoint.core.ports import Attempt
from chekpoint.fiscal.ffd import Ffd
from chekpoint.fiscal.tlv import Node, TlvError
from chekpoint.registers.shtrih import answers, commands
from chekpoint.registers.shtrih.answers import DriveStatus, Head, Malformed, Mode
from chekpoint.registers.shtrih.device import Device
from chekpoint.registers.shtrih.drive_document import DriveDocument, drive_document
from chekpoint.registers.shtrih.errors import ABSENT, UNSUPPORTED, Refused
from chekpoint.registers.shtrih.line import AnswerLost, Unheard
from chekpoint.registers.shtrih.match import Match, match

_LOST_PIECES: Final = 5
_MOST_PIECES: Final = 2000  # a document has at most 32 KiB of tags


async def status(device: Device) -> DriveStatus:
    """FF01."""
    return answers.drive_status(await device.run(commands.drive_status(device.access)))


async def mode(device: Device) -> Mode:
    """10h."""
    return answers.mode(await device.run(commands.short_status(device.access)))


async def head(device: Device, fd_number: int) -> Head | None:
    """FF0A; None when the drive has no such document."""
    try:
        found = answers.head(await device.run(commands.find_document(device.access, fd_number)))
    except Refused as refused:
        if refused.code in ABSENT:
            return None
        raise
    if found.fd_number != fd_number:
        raise Malformed(f"FF0A: спрошен ФД {fd_number}, назван {found.fd_number}")
    return found


async def tags(device: Device, fd_number: int) -> tuple[Node, ...] | None:
    """FF3A and FF3B to the end; None when the drive has the tags no more, or the register cannot tell them."""
    try:
        _, size = answers.announced(await device.run(commands.document_tlv(device.access, fd_number)))
        octets = await _pieces(device, size)
    except Refused as refused:
        if refused.code in ABSENT | UNSUPPORTED:
            return None
        raise
    return answers.nodes(octets) if octets else None


async def _pieces(device: Device, size: int) -> bytes:
    """``size`` counts what FF3B gives; some firmware counts otherwise, so 08h ends it as well.

    A lost answer may have taken a piece with it. Reading goes on, and the count tells whether one is missing.
    """
    octets, lost = b"", 0
    for _ in range(_MOST_PIECES):
        if size and len(octets) >= size:
            break
        try:
            octets += await device.run(commands.next_tlv(device.access))
        except Refused as refused:
            if refused.code not in ABSENT:
                raise
            break
        except (Unheard, AnswerLost):
            lost += 1
            if lost > _LOST_PIECES:
                raise
    if lost and len(octets) != size:
        raise AnswerLost("документ прочитан не целиком")
    return octets


async def read(device: Device, fd_number: int, fn: str) -> DriveDocument | None:
    """One document, whole where the drive still has it whole; None when there is none of this number."""
    found = await head(device, fd_number)
    if found is None:
        return None
    try:
        return drive_document(fn, found, await tags(device, fd_number))
    except TlvError as fault:
        raise Malformed(f"ФД {fd_number}: {fault.ru}") from fault


async def find(
    device: Device, attempt: Attempt, drive: DriveStatus, ffd: Ffd | None
) -> tuple[DriveDocument | None, str]:
    """Look through every document after ``attempt.last_fd``: ours, or None and why.

    Raises OutcomeUnknown when the drive cannot tell (a document that cannot be read or compared).
    """
    if drive.last_fd < attempt.last_fd:
        raise OutcomeUnknown(f"Последний документ ФН {drive.last_fd}, а перед попыткой был {attempt.last_fd}")
    doubts: list[str] = []
    for number in range(attempt.last_fd + 1, drive.last_fd + 1):
        found = await _compared(device, number, drive.fn)
        verdict = match(attempt, found, ffd) if found else Match.UNSURE
        if found and verdict is Match.OURS:
            return found, found.evidence
        if verdict is Match.UNSURE:
            doubts.append(str(number))
    if doubts:
        raise OutcomeUnknown(f"Документы ФН, о которых нельзя сказать, что они не наши: {', '.join(doubts)}")
    return (
        None,
        f"ФН {drive.fn}: документы с {attempt.last_fd + 1} по {drive.last_fd} просмотрены, нашего нет",
    )


async def _compared(device: Device, fd_number: int, fn: str) -> DriveDocument | None:
    """A document as far as comparing needs it: of what is no receipt the head says enough."""
    found = await head(device, fd_number)
    if found is None or found.document not in answers.REPORTS:
        return await read(device, fd_number, fn)
    return drive_document(fn, found, None)


class StillOpen(Exception):
    """An unfinished document that does not go away."""


async def cancel_unfinished(device: Device) -> DriveStatus:
    """Throw away whatever was begun and not signed; gives the drive's state after that.

    A half-open receipt has no number and no sign yet. While it is open a late command could still close it, so
    nothing is said about an attempt, and nothing new is begun, before it is gone. Raises StillOpen.
    """
    now = await mode(device)
    if now.submode == 3:
        await _try(device, commands.continue_print(device.access))
        now = await mode(device)
    drive = await status(device)
    if now.receipt_open:
        await _try(device, commands.cancel_receipt(device.access))
        now, drive = await mode(device), await status(device)
    if drive.document:
        await _try(device, commands.cancel_drive_document(device.access))
        now, drive = await mode(device), await status(device)
    if now.receipt_open or drive.document:
        raise StillOpen(
            f"открытый документ не отменяется (режим {now.mode}, документ ФН {drive.document:02X}h)"
        )
    return drive


async def _try(device: Device, command: commands.Command) -> None:
    """Do it if it can be done: the state that is read afterwards decides, and the exchange keeps the refusal."""
    with suppress(Refused):
        await device.run(command)


async def wait_idle(device: Device) -> Mode:
    """10h until it prints no more. Raises RegisterBlocked(BUSY) after ``busy_timeout``."""
    deadline = device.clock.monotonic() + device.config.busy_timeout
    while True:
        now = await mode(device)
        if now.submode == 3:
            await _try(device, commands.continue_print(device.access))
        elif now.submode not in {4, 5}:
            return now
        if device.clock.monotonic() >= deadline:
            raise RegisterBlocked(BlockReason.BUSY, "ККТ всё ещё печатает предыдущий документ")
        await device.clock.sleep(device.config.busy_pause)
