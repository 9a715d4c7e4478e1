"""The one command that signs, sent once; and what each way of its ending proves."""

from contextlib import suppress
from typing import Final

import msgspec

from chekpoint.core.errors import NotSent, OutcomeUnknown, RegisterError, Rejected
from chekpoint.core.ports import Attempt, FiscalDocument, Registered
from chekpoint.fiscal.ffd import Ffd
from chekpoint.registers.shtrih import answers, commands, drive
from chekpoint.registers.shtrih.answers import DriveStatus, Malformed, Signed
from chekpoint.registers.shtrih.content import Plan
from chekpoint.registers.shtrih.device import Device
from chekpoint.registers.shtrih.drive_document import DriveDocument
from chekpoint.registers.shtrih.errors import Refused, refusal
from chekpoint.registers.shtrih.line import AnswerLost, Unheard
from chekpoint.registers.shtrih.match import same_head, same_items, same_rates

_OTHER: Final = "В открытом чеке ККТ {0} коп., а введено {1}: связь исказила чек, он начнётся заново ({2})"
_FAULTS = (Refused, Unheard, AnswerLost, Malformed)


async def sign(
    device: Device, attempt: Attempt, plan: Plan, before: DriveStatus, ffd: Ffd, *, warnings: tuple[str, ...]
) -> Registered:
    """Send FF45 (FF4A). Raises OutcomeUnknown, the refusal's error, or Unheard when it provably did not arrive."""
    try:
        raw = await device.run_once(plan.close)
    except AnswerLost as fault:
        raise OutcomeUnknown(f"Ответ на закрытие чека потерян: {fault}") from fault
    except Refused as refused:
        return await _refused(device, attempt, plan, before, ffd=ffd, refused=refused)
    try:
        signed = answers.closed_correction(raw) if plan.is_correction else answers.closed_receipt(raw)
    except Malformed as fault:
        raise OutcomeUnknown(f"Чек закрыт, но ответ неполон: {fault}") from fault
    evidence = f"{plan.close.name}: {raw.hex()}"
    return await _registered(device, attempt, before, signed, evidence=evidence, warnings=warnings)


async def _refused(
    device: Device, attempt: Attempt, plan: Plan, before: DriveStatus, *, ffd: Ffd, refused: Refused
) -> Registered:
    """An error code: with paper out or power low the drive may have signed all the same, so the drive is asked."""
    try:
        error = await _meant(device, plan, refused)
        now = await drive.cancel_unfinished(device)
        if now.fn == before.fn and now.last_fd == before.last_fd:
            raise error from refused
        found, evidence = await drive.find(device, attempt, now, ffd)
    except (*_FAULTS, drive.StillOpen) as fault:
        raise OutcomeUnknown(f"{refused}, и ФН не ответил, что стало с чеком: {fault}") from fault
    if found is None or now.fn != before.fn:
        raise OutcomeUnknown(f"{refused}, а номер последнего ФД вырос") from refused
    return Registered(document=found.document, evidence=evidence, warnings=(str(refused),))


async def _meant(device: Device, plan: Plan, refused: Refused) -> RegisterError:
    """What the code means where nothing was signed: a refusal of content is believed of our content only.

    A line that repeats a frame enters an operation twice; then the register refuses what nobody has sold.
    """
    error = refusal(refused)
    if not isinstance(error, Rejected) or plan.entered is None:
        return error
    try:
        held = answers.subtotal(await device.run(commands.subtotal(device.access)))
    except Refused:
        return error  # a model without 89h
    if held == plan.entered:
        return error
    return NotSent(_OTHER.format(held, plan.entered, refused), code=error.code)


async def give_up(device: Device) -> None:
    """Throw the half-entered receipt away. If that fails too the next operation does it first."""
    with suppress(*_FAULTS, drive.StillOpen):
        await drive.cancel_unfinished(device)


async def _registered(
    device: Device,
    attempt: Attempt,
    before: DriveStatus,
    signed: Signed,
    *,
    evidence: str,
    warnings: tuple[str, ...],
) -> Registered:
    """The answer is the proof; what the drive says of the document beside it is the better evidence."""
    if signed.fd_number <= before.last_fd:
        raise OutcomeUnknown(f"ККТ назвала ФД {signed.fd_number}, а последним был {before.last_fd}")
    if signed.fd_number != before.last_fd + 1:
        warnings += (f"ФД {signed.fd_number}, ожидался {before.last_fd + 1}: с ККТ работает ещё кто-то",)
    read = await _read_back(device, signed, before.fn)
    if read is None:
        return Registered(document=_by_word(attempt, signed, before.fn), evidence=evidence, warnings=warnings)
    if read.tags is None and attempt.receipt.correction is not None:
        return Registered(document=_by_head(attempt, read), evidence=evidence, warnings=warnings)
    if not same_head(attempt.receipt, read):
        raise OutcomeUnknown(f"ФД {signed.fd_number} подписан, но вид или итог чека на ФН другие")
    if read.tags is not None and read.document.items:
        if not same_items(attempt.receipt, read):
            warnings += ("Предметы расчёта на ФН записаны иначе, чем переданы",)
        if not same_rates(attempt.receipt, read.tags):
            warnings += ("Ставки НДС на ФН записаны иначе, чем переданы",)
    return Registered(document=read.document, evidence=f"{evidence}; {read.evidence}", warnings=warnings)


async def _read_back(device: Device, signed: Signed, fn: str) -> DriveDocument | None:
    """The signed document from the drive; None when it cannot be had now. It never takes the proof away."""
    if not device.config.read_back and signed.made_at is not None:
        return None
    with suppress(*_FAULTS):
        read = await drive.read(device, signed.fd_number, fn)
        if read is not None and int(read.document.fiscal_sign) == signed.fiscal_sign:
            return read
    return None


def _by_head(attempt: Attempt, read: DriveDocument) -> FiscalDocument:
    """The head of a correction: number, sign and time are sure there, kind and total are the receipt's."""
    receipt = attempt.receipt
    return msgspec.structs.replace(read.document, kind=receipt.kind.code, total=receipt.amount, document=31)


def _by_word(attempt: Attempt, signed: Signed, fn: str) -> FiscalDocument:
    if signed.made_at is None:
        raise OutcomeUnknown(f"ФД {signed.fd_number} подписан, время документа прочесть не удалось")
    receipt = attempt.receipt
    return FiscalDocument(
        fn=fn,
        fd_number=signed.fd_number,
        fiscal_sign=answers.sign_text(signed.fiscal_sign),
        total=receipt.amount,
        made_at=signed.made_at.isoformat(),
        kind=receipt.kind.code,
        document=31 if receipt.correction is not None else 3,
    )
