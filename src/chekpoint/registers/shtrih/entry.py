"""Entering a receipt into the register, up to the command that signs. Nothing here can sign anything."""

from typing import Final

from chekpoint.core.errors import BlockReason, RegisterBlocked, Rejected
from chekpoint.registers.shtrih import answers, commands
from chekpoint.registers.shtrih.content import MarkCode, Plan, Step
from chekpoint.registers.shtrih.device import Device
from chekpoint.registers.shtrih.errors import TAG_REFUSED, UNSUPPORTED, Refused
from chekpoint.registers.shtrih.line import Unheard

_PRINT_TABLE, _PRINT_FIELD = 17, 7
_ALWAYS, _NEVER = 0, 2
_RATE_TABLE, _RATE_FIELD = 17, 71
_SWAPS, _AS_GIVEN = 1, 2
_SWAPPED: Final = "ККТ сама заменяет ставку 20 % на 22 %, таблица 17 поле 71 должно быть 2"
MARK_REFUSED: Final = (
    "ККТ не принимает ни тег 1192, ни тег 1084: без метки заказа два одинаковых чека не различить. "
    "Обновите прошивку или разрешите эти теги (таблица 1 поле 41)."
)


async def set_printing(device: Device, *, paper: bool) -> str | None:
    """Table 17 field 7: 0 prints documents, 2 never does. Gives a warning where the model has no such field."""
    wanted = _ALWAYS if paper else _NEVER
    access = device.access
    try:
        found = await device.run(commands.read_table(access, _PRINT_TABLE, _PRINT_FIELD))
        if int.from_bytes(found, "little") != wanted:
            value = bytes((wanted,)) + bytes(max(0, len(found) - 1))
            await device.run(commands.write_table(access, _PRINT_TABLE, _PRINT_FIELD, value))
    except Refused as refused:
        return f"Печать не переключена: {refused}"
    return None


async def keep_rates(device: Device) -> None:
    """Table 17 field 71: 2 signs the rate that the host gives; 1 makes 22 % of every 20 % since 2026.

    A return or a correction of a sale of 2025 must keep its 20 %. Raises RegisterBlocked when it cannot be set.
    """
    access = device.access
    try:
        found = await device.run(commands.read_table(access, _RATE_TABLE, _RATE_FIELD))
        if int.from_bytes(found, "little") == _SWAPS:
            value = bytes((_AS_GIVEN,)) + bytes(max(0, len(found) - 1))
            await device.run(commands.write_table(access, _RATE_TABLE, _RATE_FIELD, value))
    except Refused as refused:
        if refused.command == "1F":
            return  # an older firmware has no such field and swaps nothing
        raise RegisterBlocked(BlockReason.CONFIGURATION, f"{_SWAPPED}: {refused}") from refused


async def check_marks(device: Device, marks: tuple[MarkCode, ...]) -> list[str]:
    """FF61 and FF69 for each code. Raises Rejected for a code that the drive or the marking server denies.

    A check that was not made (no network, no key for the code) is no denial: its result says so in the receipt,
    and in the warnings given here.
    """
    warnings: list[str] = []
    if not marks:
        return warnings
    await device.run(commands.clear_marks(device.access))
    for mark in marks:
        checked = answers.mark_check(await device.run(mark.check))
        taken = not _denied(checked.result or 0)
        decided = await device.run(commands.decide_mark(device.access, accept=taken))
        result = decided[0] if decided else checked.result or 0
        if not taken or _denied(result):
            await device.run(commands.clear_marks(device.access))
            raise Rejected(
                f"Код маркировки не прошёл проверку (2106 = {result:05b}): «{mark.name}»", code="2106"
            )
        if result & _CHECKED != _CHECKED:
            warnings.append(f"2106 = {result:05b}: «{mark.name}»")
    return warnings


_CHECKED = 0b1111  # checked by the drive and by the server, both well


def _denied(result: int) -> bool:
    """2106: bits 0 and 1 - checked by the drive, and right; 2 and 3 - the server answered, and the status is right."""
    return (result & 0b0011) == 0b0001 or (result & 0b1100) == 0b0100


async def enter(device: Device, plan: Plan) -> list[str]:
    """Everything before the signing command; gives warnings. Raises Refused, or Unheard when the wire changed.

    A receipt must not span two wires: a register that lost power in between has forgotten its beginning, and some
    open a receipt of their own at the next item.
    """
    wire = device.connections
    warnings: list[str] = []
    for step in plan.steps:
        warnings += await _taken(device, step)
        if device.connections != wire:
            raise Unheard("связь прервалась, пока вводился чек")
    return warnings


async def _taken(device: Device, step: Step) -> list[str]:
    try:
        await device.run(step.command)
    except Refused as refused:
        if refused.code not in TAG_REFUSED:
            raise
        if step.instead is not None:
            return await _other_place(device, step.instead)
        if not step.optional:
            raise
        return [f"ККТ не приняла {step.command.told.partition('=')[0]}: {refused}"]
    return []


async def _other_place(device: Device, command: commands.Command) -> list[str]:
    try:
        await device.run(command)
    except Refused as refused:
        if refused.code in TAG_REFUSED:
            raise RegisterBlocked(
                BlockReason.CONFIGURATION, MARK_REFUSED, code=f"{refused.code:02X}h"
            ) from refused
        raise
    return ["Метка заказа записана в 1084: тег 1192 ККТ не приняла"]


async def name_cashier(device: Device, begin: commands.Command, tags: tuple[commands.Command, ...]) -> None:
    """FF41 or FF42 and the tags of the person; a model without them makes the shift document under its own."""
    if not tags:
        return
    try:
        await device.run(begin)
    except Refused as refused:
        if refused.code in UNSUPPORTED:
            return
        raise
    for tag in tags:
        await device.run(tag)
