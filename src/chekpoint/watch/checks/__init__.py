"""The checks: one module for each subject. ``CHECKS`` is what the watch runs; docs/watch.md is its table."""

from typing import Final

from chekpoint.watch.check import Check
from chekpoint.watch.checks import exchange, registers

CHECKS: Final[tuple[Check, ...]] = (*registers.CHECKS, *exchange.CHECKS)
