"""After a restore from backup no lane sends before *every* lane has been read.

A receipt that the restored journal believes to be queued may have been registered, on any register. Only
when each drive has been compared with the journal is that known (invariant 10, across lanes). Which ones
are still to be read stands in the database (continuity.py): a crash does not lower the barrier.
"""

from collections.abc import Iterable


class Barrier:
    """Down (the normal case) unless ``stand`` was told of registers that are still to be read."""

    def __init__(self) -> None:
        self._missing: frozenset[str] = frozenset()

    def stand(self, missing: Iterable[str]) -> None:
        """Hold every lane until none of these is left."""
        self._missing = frozenset(missing)

    @property
    def holds(self) -> bool:
        """Must every lane wait, and every queued receipt stay as it is?"""
        return bool(self._missing)

    @property
    def missing(self) -> frozenset[str]:
        """The registers that are still to be read; a person may write one off."""
        return self._missing
