"""All commands of the emulated device, by code."""

from typing import Final

from chekpoint.emulators.shtrih_wire import (
    correction_commands,
    marking_commands,
    queries,
    receipt_commands,
    shift_commands,
)
from chekpoint.emulators.shtrih_wire.device import Command

COMMANDS: Final[dict[int, Command]] = {
    **queries.COMMANDS,
    **shift_commands.COMMANDS,
    **receipt_commands.COMMANDS,
    **correction_commands.COMMANDS,
    **marking_commands.COMMANDS,
}
