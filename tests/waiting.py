"""Waiting for what must come to pass, when only looking tells."""

import asyncio
from collections.abc import Callable
from typing import Any

PATIENCE = 30.0  # seconds


async def until(met: Callable[[], Any], patience: float = PATIENCE) -> Any:
    """Ask again and again until something is there; coroutines are awaited. Raises TimeoutError."""
    async with asyncio.timeout(patience):
        while True:
            found = met()
            if asyncio.iscoroutine(found):
                found = await found
            if found:
                return found
            await asyncio.sleep(0.01)
