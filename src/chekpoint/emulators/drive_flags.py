"""The warning flags of an emulated fiscal drive: by its own state, and those that a person has raised by command."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from chekpoint.emulators.fiscal_drive import FiscalDrive

FLAGS: Final = ("replace_urgently", "exhausted", "overflow", "operator_silent", "broken")


def flags_of(drive: "FiscalDrive", at: datetime, *, full: float, patience: timedelta) -> frozenset[str]:
    """Flags at a local moment. ``full``: the filled part that is nearly all; ``patience``: with the operator.

    Makers put the last two differently.
    """
    until, first = drive.valid_until, drive.unsent().first_made_at
    left = until - at if until is not None else timedelta.max
    own = {
        "replace_urgently": left <= timedelta(days=3),
        "exhausted": left <= timedelta(days=30),
        "overflow": drive.documents_left <= drive.size * (1 - full),
        "operator_silent": first is not None and at - first > patience,
    }
    return frozenset(name for name, up in own.items() if up) | drive.raised
