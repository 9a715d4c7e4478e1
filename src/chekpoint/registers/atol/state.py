"""What the register says of itself -> ``RegisterStatus``. Pure but for the identity, which is read rarely."""

from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from chekpoint.core.errors import BlockReason
from chekpoint.core.ports import RegisterStatus
from chekpoint.registers.atol import answers, words
from chekpoint.registers.atol.answers import Json

_OVERDUE: Final = timedelta(days=30)  # the fiscal drive makes no more signs after that
_BITS: Final = {word: taxation.bit for taxation, word in words.TAXATION.items()}


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """What does not change while the same fiscal drive is in the register."""

    fn: str
    ffd: str | None = None
    serial: str | None = None
    model: str | None = None
    seller_inn: str | None = None
    registration_number: str | None = None
    taxations: int | None = None
    ofd_inn: str | None = None
    firmware: str | None = None


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The answers of one look, unwrapped."""

    device: Json
    shift: Json
    fn_info: Json
    fn_status: Json
    exchange: Json


def identity(fn: str, device_info: Json, registration: Json) -> Identity:
    """From getDeviceInfo and getRegistrationInfo."""
    organization = answers.part(registration, "organization")
    taxations = organization.get("taxationTypes")
    return Identity(
        fn=fn,
        ffd=_text(device_info.get("ffdVersion")),
        serial=_text(device_info.get("serial")),
        model=_text(device_info.get("modelName")),
        seller_inn=_text(organization.get("vatin")),
        registration_number=_text(answers.part(registration, "device").get("registrationNumber")),
        taxations=sum(_BITS.get(word, 0) for word in taxations) if isinstance(taxations, list) else None,
        ofd_inn=_text(answers.part(registration, "ofd").get("vatin")),
        firmware=_text(device_info.get("firmwareVersion")),
    )


def register_status(seen: Snapshot, known: Identity) -> RegisterStatus:
    """Everything together; ``ready`` exactly when nothing stands against the next receipt."""
    reading = answers.exchange_reading(seen.exchange, known.fn, "")
    clock = answers.local_time(seen.device.get("currentDateTime"))
    shift = _text(seen.shift.get("state") or seen.device.get("shift"))
    shift = {"opened": "open"}.get(shift or "", shift)
    block, message = _standing_against(seen, shift, _overdue(reading.unsent_since, clock))
    return RegisterStatus(
        ready=block is None,
        block=block,
        message=message or _warnings(seen),
        fn=known.fn,
        last_fd=_number(seen.fn_status.get("fiscalDocumentNumber")),
        shift=shift,
        shift_number=_number(seen.shift.get("number")),
        shift_expires_at=answers.local_time(seen.shift.get("expiredTime") or seen.shift.get("expiredAt")),
        serial=known.serial,
        model=known.model,
        ffd=known.ffd,
        seller_inn=known.seller_inn,
        registration_number=known.registration_number,
        taxations=known.taxations,
        unsent_count=reading.unsent_count,
        unsent_first_fd=reading.unsent_first_fd,
        unsent_since=reading.unsent_since,
        ofd_error=answers.exchange_error(seen.exchange),
        clock=clock,
        paper=_flag(seen.device.get("paperPresent")),
        cover_open=_flag(seen.device.get("coverOpened")),
        fn_valid_until=answers.local_time(seen.fn_info.get("validityDate")),
        fn_phase=_PHASES.get(str(seen.fn_info.get("livePhase"))),
        fn_flags=_flags(seen),
        ofd_inn=known.ofd_inn,
        firmware=known.firmware,
        registrations_left=_number(seen.fn_info.get("registrationsRemaining")),
    )


def _standing_against(seen: Snapshot, shift: str | None, overdue: bool) -> tuple[BlockReason | None, str]:
    """The first thing that forbids the next receipt, the gravest first."""
    device, warnings = seen.device, answers.part(seen.fn_info, "warnings")
    phase = seen.fn_info.get("livePhase", "fiscalMode")
    causes = (
        (device.get("fnPresent") is False, BlockReason.FISCAL_DRIVE, "В ККТ нет ФН"),
        (phase != "fiscalMode", BlockReason.FISCAL_DRIVE, f"ФН не в фискальном режиме ({phase})"),
        (warnings.get("criticalError") is True, BlockReason.FISCAL_DRIVE, "Критическая ошибка ФН"),
        (overdue, BlockReason.OFD_OVERDUE, "Документы не переданы в ОФД дольше 30 дней"),
        (device.get("blocked") is True, BlockReason.UNKNOWN, "ККТ заблокирована"),
        (device.get("coverOpened") is True, BlockReason.COVER_OPEN, "Открыта крышка"),
        (device.get("paperPresent") is False, BlockReason.PAPER_OUT, "Нет бумаги"),
        (shift == "expired", BlockReason.SHIFT_EXPIRED, "Смена открыта дольше 24 часов"),
    )
    return next(((reason, text) for holds, reason, text in causes if holds), (None, ""))


_PHASES: Final = {
    "init": "setup", "configured": "setup", "fiscalMode": "fiscal", "postFiscalMode": "closed",
    "accessArchive": "archive",
}  # fmt: skip
_FLAGS: Final = {
    "needReplacement": "replace_urgently", "resourceExhausted": "exhausted", "memoryOverflow": "overflow",
    "ofdTimeout": "operator_silent", "criticalError": "broken",
}  # fmt: skip
_FN_WARNINGS: Final = {
    "needReplacement": "срочная замена ФН",
    "resourceExhausted": "ресурс ФН на исходе",
    "memoryOverflow": "память ФН на исходе",
    "ofdTimeout": "превышено время ожидания ответа ОФД",
}


def _warnings(seen: Snapshot) -> str:
    """Flags of the drive that do not stop it yet."""
    flags = _said_of_drive(seen)
    return "; ".join(text for name, text in _FN_WARNINGS.items() if flags.get(name) is True)


def _flags(seen: Snapshot) -> tuple[str, ...] | None:
    """The same in the words of the port; None where neither answer tells them (old servers do not)."""
    said = _said_of_drive(seen)
    return tuple(flag for name, flag in _FLAGS.items() if said.get(name) is True) if said else None


def _said_of_drive(seen: Snapshot) -> Json:
    """Two answers carry the flags; one that is up in either is up."""
    first, second = answers.part(seen.fn_info, "warnings"), answers.part(seen.fn_status, "warnings")
    return {name: first.get(name) is True or second.get(name) is True for name in {**first, **second}}


def _overdue(since: str | None, clock: str | None) -> bool:
    """Both are wall clocks of the register, so their difference is a true time."""
    try:
        return (
            bool(since and clock)
            and datetime.fromisoformat(clock or "") - datetime.fromisoformat(since or "") > _OVERDUE
        )
    except (ValueError, TypeError):
        return False


def _text(value: Any) -> str | None:
    return str(value).strip() or None if value is not None else None


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None
