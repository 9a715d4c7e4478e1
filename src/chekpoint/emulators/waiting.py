"""Waiting in the injected clock's time, never in the event loop's own."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from chekpoint.core.clock import Clock

T = TypeVar("T")


class AnswerTimeout(Exception):
    """Nothing came in the time that was given."""


async def within(clock: Clock, seconds: float, coroutine: Coroutine[Any, Any, T]) -> T:
    """The coroutine's result, or AnswerTimeout after ``seconds`` of the clock."""
    work = asyncio.ensure_future(coroutine)
    alarm = asyncio.ensure_future(clock.sleep(seconds))
    try:
        await asyncio.wait({work, alarm}, return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            return work.result()
        raise AnswerTimeout
    finally:
        await _stop(work)
        await _stop(alarm)


async def either(clock: Clock, seconds: float, event: asyncio.Event) -> None:
    """Wait until the event is set, ``seconds`` at most."""
    if event.is_set():
        return
    try:
        await within(clock, seconds, _until(event))
    except AnswerTimeout:
        return


async def _until(event: asyncio.Event) -> None:
    await event.wait()


async def _stop(task: "asyncio.Future[Any]") -> None:
    """Cancel a task and see it end, so that nothing runs on behind our back."""
    if task.done():
        return
    task.cancel()
    await asyncio.wait({task})
