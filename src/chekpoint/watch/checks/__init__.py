"""The checks: one module for each subject. ``CHECKS`` is what the watch runs; docs/watch.md is its table."""

from typing import Final

from chekpoint.watch.check import Check
from chekpoint.watch.checks import (
    addresses,
    cabinets,
    drives,
    exchange,
    hardware,
    nodes,
    operators,
    receipts,
    registers,
    shifts,
    shops,
    sites,
)

CHECKS: Final[tuple[Check, ...]] = (
    *registers.CHECKS, *shops.CHECKS, *exchange.CHECKS, *shifts.CHECKS, *drives.CHECKS, *hardware.CHECKS,
    *operators.CHECKS, *receipts.CHECKS, *nodes.CHECKS, *sites.CHECKS, *cabinets.CHECKS, *addresses.CHECKS,
)  # fmt: skip
