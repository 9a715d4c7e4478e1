"""After a restore from backup no lane sends before *every* lane has been read.

A receipt that the restored journal believes to be queued may have been registered, on any register. Only
when each drive has been compared with the journal is that known (invariant 10, across lanes).
"""


class Barrier:
    """Down (the normal case) unless ``raise_for`` was called; falls when the last lane has arrived."""

    def __init__(self) -> None:
        self._missing: set[str] = set()

    def raise_for(self, registers: set[str]) -> None:
        """Hold every lane until each of these registers has been read."""
        self._missing = set(registers)

    def arrived(self, register: str) -> None:
        """This register's drive has been compared with the journal."""
        self._missing.discard(register)

    def holds(self, _register: str) -> bool:
        """Must a lane wait?"""
        return bool(self._missing)

    @property
    def missing(self) -> frozenset[str]:
        """The registers that are still to be read; a person may write one off."""
        return frozenset(self._missing)
