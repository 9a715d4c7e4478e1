"""Time and chance are injected, so that the whole hub runs inside a seeded simulation.

``Clock.now`` is aware UTC; ``monotonic`` is seconds and never goes back; ``sleep`` waits in that time.
"""

import asyncio
import random
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol
from uuid import UUID

__all__ = ["Clock", "SystemClock", "epoch_ms", "from_epoch_ms", "uuid7", "uuid7_hex"]


class Clock(Protocol):
    """Where now comes from, and how long a wait is."""

    def now(self) -> datetime:
        """Aware UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary start; never goes back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait in this clock's time."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> datetime:
        """Aware UTC from the machine's wall clock."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds of the machine's monotonic clock."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait on the running event loop."""
        await asyncio.sleep(seconds)


def epoch_ms(moment: datetime) -> int:
    """Aware datetime -> milliseconds since 1970 UTC, the form the tables keep."""
    return (moment - _EPOCH) // _MS


def from_epoch_ms(ms: int) -> datetime:
    """Milliseconds since 1970 UTC -> aware UTC datetime."""
    return _EPOCH + timedelta(milliseconds=ms)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


def uuid7(moment_ms: int, chance: random.Random) -> UUID:
    """A UUIDv7 (RFC 9562) of a moment and 74 random bits: ordered keys insert three times as fast."""
    return UUID(int=_uuid7(moment_ms, chance))


def uuid7_hex(moment_ms: int, chance: random.Random) -> str:
    """The same as 32 hex digits, as the tables keep it."""
    return f"{_uuid7(moment_ms, chance):032x}"


def _uuid7(moment_ms: int, chance: random.Random) -> int:
    drawn = chance.getrandbits(74)  # once: a system's source of chance is asked by a system call
    moment = (moment_ms & (1 << 48) - 1) << 80
    return moment | 0x7 << 76 | drawn >> 62 << 64 | 0b10 << 62 | drawn & (1 << 62) - 1
