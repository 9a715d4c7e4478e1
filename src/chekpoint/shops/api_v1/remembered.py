"""A value that is asked for often and may be a little old; made once however many ask at that moment."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from chekpoint.core.clock import Clock

T = TypeVar("T")


class Remembered(Generic[T]):
    """At most ``seconds`` old, counted from the moment at which its making began."""

    def __init__(self, make: Callable[[], Awaitable[T]], clock: Clock, seconds: float) -> None:
        self._make, self._clock, self._seconds = make, clock, seconds
        self._value: tuple[float, T] | None = None
        self._making: asyncio.Task[T] | None = None

    async def get(self) -> T:
        """The value; raises what its making raises, which is not remembered."""
        if self._value is not None and self._clock.monotonic() < self._value[0]:
            return self._value[1]
        if self._making is None or self._making.done():
            self._making = asyncio.ensure_future(self._fresh())
        return await asyncio.shield(self._making)

    async def _fresh(self) -> T:
        until = self._clock.monotonic() + self._seconds
        value = await self._make()
        self._value = (until, value)
        return value
