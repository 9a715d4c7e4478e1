"""From which value on a thing is wrong: one Struct, settable as ``[watch]``, documented in docs/watch.md.

The values are those that products in use start from; where none is known, the general practice (docs/watch.md
says which).
"""

from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from chekpoint.watch.thresholds_outside import Outside

_PAIRS: Final = (
    ("unsent_warning", "unsent_critical", 1),
    ("drive_days_warning", "drive_days_critical", -1),
    ("drive_days_critical", "drive_days_last", -1),
    ("documents_warning", "documents_critical", -1),
    ("tax_warning", "tax_critical", 1),
    ("disk_warning", "disk_critical", -1),
)
"""(warning, critical, sign): with 1 the critical value is the greater one, with -1 the lesser."""
_ZERO_IS_OFF: Final = frozenset({"registrations_left"})


class Thresholds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Seconds where nothing else is said."""

    outside: Outside = Outside()  # of what is asked outside
    zone: str = ""  # of the sellers; empty: the node's own setting ``zone``
    register_silent: float = 30.0  # no answer of a register whose lane is not blocked
    agent_silent: float = 12.0  # an agent is stamped every 5 s while it is connected
    shops_silent: dict[
        str, float
    ] = {}  # shop's name -> longest pause between two receipts; others: not watched
    exchange_error: float = 60.0  # the register's own word for why nothing leaves
    unsent_count: float = 900.0  # something is unsent for so long
    unsent_warning: float = 4 * 3600.0  # age of the first unsent document
    unsent_critical: float = 2 * 86400.0
    clock_drift: float = 300.0  # 5 minutes: the tolerance that courts went by
    shift_near: float = 240.0  # before the 24 hours; the hub closes the shift 300 s before
    shift_schedule: float = 900.0  # after the set time
    drive_days_warning: int = 30
    drive_days_critical: int = 10
    drive_days_last: int = 3
    documents_warning: int = 100_000  # that the drive can still sign, while no pace is known
    documents_critical: int = 50_000
    registration_window: float = 3 * 86400.0  # how far back a register is compared with itself
    tax_warning: float = 86400.0  # the operator has not passed a document on to the tax service
    tax_critical: float = 3 * 86400.0
    payment_grace: float = 300.0  # a payment without a receipt
    payment_window: float = 90 * 86400.0  # older payments without one are left to reconciliation
    queue_depth: int = 200  # receipts that wait for a register
    queue_oldest: float = 120.0
    deadline_near: float = 60.0
    registrations_left: int = 1
    receipts_window: float = 3600.0  # receipts of so long ago are looked at by rules
    told_window: float = 7 * 86400.0  # notices that were given up
    marks_window: float = 86400.0
    worker_hung: float = 10.0  # beyond the longest lawful wait of a worker
    node_silent: float = 10.0
    disk_warning: int = 10  # per cent free
    disk_critical: int = 3
    backup_age: float = 26 * 3600.0
    database_growth: int = 5 * 1024  # MiB a day

    def __post_init__(self) -> None:
        """Raise ValueError where a value cannot be meant."""
        for name in self.__struct_fields__:
            _positive(name, getattr(self, name))
        for milder, graver, sign in _PAIRS:
            if sign * getattr(self, milder) > sign * getattr(self, graver):
                raise ValueError(
                    f"[watch] {milder} и {graver} противоречат друг другу / contradict each other"
                )
        try:
            ZoneInfo(self.zone or "UTC")
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"[watch] zone: нет такого пояса / no such time zone: {self.zone}") from error


def _positive(name: str, value: object) -> None:
    numbers = value.values() if isinstance(value, dict) else (value,)
    for number in numbers:
        if isinstance(number, int | float) and not (number > 0 or (number == 0 and name in _ZERO_IS_OFF)):
            raise ValueError(f"[watch] {name} = {number}: нужно число больше нуля / must be above zero")
