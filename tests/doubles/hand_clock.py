"""A clock that a test winds by hand."""

import asyncio
from datetime import UTC, datetime, timedelta


class HandClock:
    """Stands still until it is wound; a sleep winds it by itself."""

    def __init__(self) -> None:
        self._now = datetime(2026, 11, 24, 9, tzinfo=UTC)
        self._passed = 0.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._passed

    async def sleep(self, seconds: float) -> None:
        self.wind(seconds)
        await asyncio.sleep(0)

    def wind(self, seconds: float) -> None:
        """Let time pass."""
        self._now += timedelta(seconds=seconds)
        self._passed += seconds
