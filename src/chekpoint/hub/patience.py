"""Waiting out a trouble of ours inside a request, for protocols whose clients take any error for final."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from chekpoint.core.clock import Clock
from chekpoint.core.errors import StoreError

T = TypeVar("T")
HOLD: Final = 20.0  # seconds; the clients' own timeouts are 30 and 60
PAUSE: Final = 0.5


async def patiently(
    clock: Clock, work: Callable[[], Awaitable[T]], *, hold: float = HOLD, pause: float = PAUSE
) -> T:
    """Do idempotent ``work`` again for a while when the journal takes no writes; raises StoreError in the end."""
    until = clock.monotonic() + hold
    while True:
        try:
            return await work()
        except StoreError:
            if clock.monotonic() + pause > until:
                raise
            await clock.sleep(pause)
