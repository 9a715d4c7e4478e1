"""How old is a message of the hub? A machine that slept wakes up with commands that others have taken over since.

The offset between both clocks is measured by what came in time: the hub cuts a line whose answers come late, so the
first measure is no more wrong than the hub's ``slack``. Each beat renews it, but never by more than clocks drift.
"""

from typing import Final

from chekpoint.core.clock import Clock, epoch_ms

DRIFT_MS: Final = 500
JUMP: Final = 2.0  # seconds between the wall clock and the monotonic one: the machine slept, or was set


class Stale(Exception):
    """The message is too old, or the clocks cannot tell: connect anew, then both are measured again."""


class Freshness:
    """Of one connection."""

    def __init__(self, clock: Clock, fresh: float, at: int) -> None:
        self._clock, self._fresh = clock, fresh
        self._wall, self._monotonic = epoch_ms(clock.now()), clock.monotonic()
        self._offset = self._wall - at

    def check(self, at: int) -> None:
        """Raises Stale unless a message of that moment has come in time."""
        wall = epoch_ms(self._clock.now())
        passed = self._clock.monotonic() - self._monotonic
        if abs((wall - self._wall) / 1000 - passed) > JUMP:
            raise Stale("часы компьютера перескочили, или он спал")
        age = (wall - at - self._offset) / 1000
        if age > self._fresh:
            raise Stale(f"сообщение хаба шло {age:.1f} с")

    def beat(self, at: int) -> None:
        """The hub's moment, just now. Raises Stale."""
        self.check(at)
        self._wall, self._monotonic = epoch_ms(self._clock.now()), self._clock.monotonic()
        self._offset = min(self._wall - at, self._offset + DRIFT_MS)
