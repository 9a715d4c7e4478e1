"""The trial receipt: a shop of the same kind and rules, on emulated registers, apart from everything real.

Who can build emulated parties gives a ``Trial`` to the screens; the hub itself knows none of them.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import Final

import structlog

from chekpoint.hub.kinds import Step
from chekpoint.store import people

Trial = Callable[[people.Shop], AsyncGenerator[Step, None]]
"""Plays one receipt for a copy of a shop; each step is told when it is over."""

log = structlog.get_logger()
WITHIN: Final = 60.0  # seconds for each step
_BUSY: Final = (
    "Сейчас идёт другая проба: повторите через минуту.",
    "Another trial is running: try again in a minute.",
)
_LATE: Final = (
    f"Следующий шаг не закончился за {WITHIN:g} секунд.",
    f"The next step did not end within {WITHIN:g} seconds.",
)
_FAILED: Final = (
    "Проба прервана ошибкой хаба; подробности в журнале сервера. На настоящие чеки это не влияет.",
    "The trial broke on an error of the hub, see the server's log. Real receipts are not concerned.",
)


class Trials:
    """One trial at a time. Whoever stops listening stops the trial."""

    def __init__(self, trial: Trial) -> None:
        self._trial, self._busy = trial, asyncio.Lock()

    async def play(self, shop: people.Shop) -> AsyncGenerator[Step, None]:
        """The steps as they end; the last one says so when something went wrong."""
        if self._busy.locked():
            yield Step(ok=False, words=_BUSY)
            return
        async with self._busy, aclosing(watched(self._trial(shop), shop.name)) as steps:
            async for step in steps:
                yield step


async def watched(steps: AsyncIterator[Step], name: str) -> AsyncGenerator[Step, None]:
    """Steps of which none may take for ever, and whose failure is a step too."""
    try:
        while True:
            try:
                yield await asyncio.wait_for(anext(steps), WITHIN)
            except StopAsyncIteration:
                return
    except TimeoutError:
        yield Step(ok=False, words=_LATE)
    except Exception:
        log.exception("steps_failed", shop=name)
        yield Step(ok=False, words=_FAILED)
    finally:
        if (close := getattr(steps, "aclose", None)) is not None:
            await close()
