"""What the register says of itself -> ``RegisterStatus``."""

from datetime import timedelta
from typing import Final

import msgspec

from chekpoint.core.errors import BlockReason
from chekpoint.core.ports import ExchangeReading, RegisterStatus
from chekpoint.fiscal.ffd import Ffd
from chekpoint.registers.shtrih import answers, codes, commands, drive
from chekpoint.registers.shtrih.answers import FISCAL_MODE, DriveStatus, Exchange, FullStatus, Malformed
from chekpoint.registers.shtrih.device import Device
from chekpoint.registers.shtrih.errors import Refused

_MODES: Final = {
    1: (BlockReason.BUSY, "ККТ выдаёт данные"),
    3: (BlockReason.SHIFT_EXPIRED, "Смена открыта дольше 24 часов"),
    5: (BlockReason.ACCESS, "ККТ заблокирована неверным паролем налогового инспектора"),
    6: (BlockReason.CLOCK, "ККТ ждёт подтверждения даты"),
    7: (BlockReason.CONFIGURATION, "ККТ ждёт положения десятичной точки"),
    9: (BlockReason.CONFIGURATION, "ККТ ждёт технологического обнуления"),
    10: (BlockReason.BUSY, "ККТ выполняет тестовый прогон"),
    11: (BlockReason.BUSY, "ККТ печатает полный отчёт"),
    12: (BlockReason.BUSY, "ККТ печатает отчёт"),
}
_TAX_TABLE, _TAX_FIELD = 1, 14  # 0: the register computes VAT
_OFD_TABLE, _OFD_FIELD = 21, 2  # 1: the register sends documents itself; 0: a driver must
_TIMEOUT_TABLE, _TIMEOUT_FIELD = 19, 3  # seconds that the register waits for the operator
_UNKNOWN_FFD: Final = "ККТ не назвала версию ФФД: укажите её в настройках (ffd)"


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """What does not change while the same fiscal drive is in the register. ``ffd`` is None when not told."""

    fn: str
    model: str
    family: str
    ffd: Ffd | None = None
    registration_number: str | None = None
    taxations: int | None = None
    valid_until: str | None = None
    registrations_left: int | None = None
    ofd_inn: str | None = None


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Three cells of its tables; None where the model has none."""

    host_computes_tax: bool | None
    sends_itself: bool | None
    ofd_timeout: int | None


async def read_identity(device: Device, fn: str) -> Identity:
    """Model, format version, registration: several questions, asked once for each drive."""
    model = answers.device_name(await device.run(commands.DEVICE_TYPE))
    config = device.config
    registration = await _registration(device)
    term = await _term(device)
    return Identity(
        fn=fn,
        model=model,
        family=codes.family_of(model) if config.vat22 == "auto" else config.vat22,
        ffd=Ffd(config.ffd) if config.ffd else await _format(device, term),
        registration_number=registration.registration_number if registration else None,
        taxations=registration.taxations if registration else None,
        valid_until=term.valid_until if term else None,
        registrations_left=term.registrations_left if term else None,
        ofd_inn=await _operator_inn(device, term),
    )


async def _registration(device: Device) -> answers.RegistrationHead | None:
    """From the head of document 1. A later re-registration keeps the number; its tax systems may differ."""
    found = await drive.head(device, 1)
    if found is None:
        return None
    try:
        return answers.registration(found)
    except Malformed:
        return None


async def _format(device: Device, term: answers.Term | None) -> Ffd | None:
    """1209 of the registration by FF60, else of document 1 whole."""
    number = await _registered_tag(device, 1209, term)
    if number is None:
        given = await drive.tags(device, 1) or ()
        number = next((node.value for node in given if node.tag == 1209), None)
    return next((ffd for ffd in Ffd if ffd.code == number), None)


async def _term(device: Device) -> answers.Term | None:
    try:
        return answers.drive_term(await device.run(commands.drive_expiry(device.access)))
    except (Refused, Malformed):
        return None


async def _operator_inn(device: Device, term: answers.Term | None) -> str | None:
    """1017 of the registration by FF60; None where the model does not know the command."""
    said = await _registered_tag(device, 1017, term)
    return said.strip() or None if isinstance(said, str) else None


async def _registered_tag(device: Device, tag: int, term: answers.Term | None) -> object:
    """A requisite of the last registration report. Whether FF03 counts the first one is not known: both are tried."""
    made = term.reports_made if term and term.reports_made else 0
    for report in dict.fromkeys((made + 1, made or 1, 1)):
        try:
            given = answers.nodes(await device.run(commands.registration_tag(device.access, tag, report)))
        except (Refused, Malformed):
            continue
        found = next((node.value for node in given if node.tag == tag), None)
        if found is not None:
            return found
    return None


async def body_of(device: Device) -> answers.Body | None:
    """10h: battery, supply, the last print; None where the model answers in another way."""
    try:
        return answers.body(await device.run(commands.short_status(device.access)))
    except (Refused, Malformed):
        return None


async def documents_left(device: Device) -> int | None:
    """FF63; None where the model does not know it."""
    try:
        return answers.documents_left(await device.run(commands.free_resource(device.access)))
    except (Refused, Malformed):
        return None


async def read_settings(device: Device) -> Settings:
    """The cells that decide whether receipts come out right and leave at all."""
    tax = await _cell(device, _TAX_TABLE, _TAX_FIELD)
    sends = await _cell(device, _OFD_TABLE, _OFD_FIELD)
    return Settings(
        host_computes_tax=None if tax is None else tax != 0,
        sends_itself=None if sends is None else sends != 0,
        ofd_timeout=await _cell(device, _TIMEOUT_TABLE, _TIMEOUT_FIELD),
    )


async def _cell(device: Device, table: int, field: int) -> int | None:
    try:
        found = await device.run(commands.read_table(device.access, table, field))
    except Refused:
        return None
    return int.from_bytes(found, "little") if found else None


async def read_exchange(device: Device, fn: str) -> tuple[ExchangeReading, Exchange]:
    """FF39. Documents go in the order of their numbers, so all below ``unsent_first_fd`` have left."""
    raw = await device.run(commands.exchange_status(device.access))
    seen = answers.exchange(raw)
    reading = ExchangeReading(
        fn=fn,
        unsent_count=seen.unsent,
        unsent_first_fd=seen.first_fd,
        unsent_since=seen.since.isoformat() if seen.since else None,
        evidence=f"FF39: {raw.hex()}",
    )
    return reading, seen


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The answers of one look."""

    full: FullStatus
    drive: DriveStatus
    reading: ExchangeReading
    exchange: Exchange
    shift_number: int | None
    identity: Identity
    settings: Settings
    paperless: bool
    mark_timeout: float
    documents_left: int | None = None
    body: answers.Body | None = None


def register_status(seen: Snapshot) -> RegisterStatus:
    """Everything together; ``ready`` exactly when nothing stands against the next receipt."""
    block, message = standing_against(seen)
    known = seen.identity
    return RegisterStatus(
        ready=block is None,
        block=block,
        message=message or "; ".join(_remarks(seen)),
        fn=seen.drive.fn,
        last_fd=seen.drive.last_fd,
        shift=_shift(seen),
        shift_number=seen.shift_number,
        serial=seen.full.serial,
        model=known.model,
        ffd=known.ffd.value if known.ffd else None,
        seller_inn=seen.full.inn,
        registration_number=known.registration_number,
        taxations=known.taxations,
        unsent_count=seen.reading.unsent_count,
        unsent_first_fd=seen.reading.unsent_first_fd,
        unsent_since=seen.reading.unsent_since,
        ofd_error=_ofd_error(seen),
        clock=seen.full.clock.isoformat(),
        paper=not seen.full.mode.paper_out,
        cover_open=seen.full.mode.cover_open,
        fn_valid_until=known.valid_until,
        documents_left=seen.documents_left,
        fn_phase=seen.drive.life,
        fn_flags=seen.drive.flags,
        ofd_inn=known.ofd_inn,
        firmware=seen.full.firmware,
        registrations_left=known.registrations_left,
        faults=None if seen.body is None else seen.body.faults,
    )


def _shift(seen: Snapshot) -> str:
    if seen.full.mode.mode == 3:
        return "expired"
    return "open" if seen.drive.shift_open else "closed"


def standing_against(seen: Snapshot) -> tuple[BlockReason | None, str]:
    """The first thing that forbids the next receipt, the gravest first."""
    mode, phase = seen.full.mode, seen.drive.phase
    broken = not seen.paperless
    causes = (
        (phase != FISCAL_MODE, BlockReason.FISCAL_DRIVE, f"ФН не в фискальном режиме (фаза {phase:02X}h)"),
        (
            answers.overdue(seen.exchange.since, seen.full.clock),
            BlockReason.OFD_OVERDUE,
            "Документы не переданы в ОФД дольше 30 дней",
        ),
        (mode.mode in _MODES, *_MODES.get(mode.mode, (BlockReason.UNKNOWN, ""))),
        (broken and mode.cover_open, BlockReason.COVER_OPEN, "Открыта крышка"),
        (broken and mode.paper_out, BlockReason.PAPER_OUT, "Нет бумаги"),
        (
            seen.settings.host_computes_tax is True,
            BlockReason.CONFIGURATION,
            "Налоги должна считать ККТ: таблица 1 поле 14 = 0",
        ),
        (seen.identity.ffd is None, BlockReason.CONFIGURATION, _UNKNOWN_FFD),
    )
    return next(((reason, text) for holds, reason, text in causes if holds), (None, ""))


def _remarks(seen: Snapshot) -> list[str]:
    """What does not stop it yet."""
    timeout = seen.settings.ofd_timeout
    short = timeout is not None and seen.mark_timeout < timeout + 1
    return [
        text
        for text, holds in (
            (seen.drive.warned, bool(seen.drive.warnings)),
            ("есть недобитый чек, он будет отменён", seen.full.mode.receipt_open),
            (f"ожидание проверки КМ (mark_timeout) короче таймаута ОФД в ККТ ({timeout} с)", short),
        )
        if holds
    ]


def _ofd_error(seen: Snapshot) -> str | None:
    if seen.settings.sends_itself is False:
        return "ККТ не передаёт документы сама: таблица 21 поле 2 должно быть 1"
    waiting_long = seen.exchange.since is not None and seen.full.clock - seen.exchange.since > timedelta(
        days=1
    )
    if waiting_long and not seen.exchange.status & 1:
        return "Нет связи ККТ с ОФД"
    return None
