"""Orders to a register's body and its fiscal drive: what the checks of a hub are to notice."""

from collections.abc import Sequence
from datetime import timedelta

import msgspec

from chekpoint.emulators.control_orders import DriveOrder, Hardware
from chekpoint.emulators.drive_flags import FLAGS
from chekpoint.emulators.faults import FaultSpecError
from chekpoint.emulators.register import HARDWARE, EmulatedRegister


def break_hardware(register: EmulatedRegister, order: Hardware) -> None:
    """Raises FaultSpecError for a name that there is not."""
    register.hardware = _named(order.broken, HARDWARE)
    if order.firmware is not None:
        register.firmware = order.firmware


async def order_drive(register: EmulatedRegister, order: DriveOrder) -> None:
    """Raises FaultSpecError, or what the drive says to a report that it does not sign."""
    drive, now = register.drive, register.local_now()
    if order.flags is not None:
        drive.raised = _named(order.flags, FLAGS)
    if order.keys_days is not None:
        drive.end_keys(now + timedelta(days=order.keys_days))
    if order.documents_left is not None:
        drive.capacity = drive.last_fd + order.documents_left
    if order.registrations_left is not None:
        drive.registrations_left = order.registrations_left
    if order.ofd_inn is not None:
        await register.register_kkt(msgspec.structs.replace(drive.registration, ofd_inn=order.ofd_inn))
    if order.close:
        await register.close_archive()


def _named(text: str, known: Sequence[str]) -> frozenset[str]:
    names = frozenset(name.strip() for name in text.split(",") if name.strip())
    if unknown := names.difference(known):
        raise FaultSpecError(
            f"{', '.join(sorted(unknown))}: нет такого / there is no such thing; {', '.join(known)}"
        )
    return names
