"""An event loop whose time is virtual: where a real loop would wait, this one moves its clock.

Everything that runs on it runs in one thread and in one order, so a seed gives the same run each time.
"""

import asyncio
import selectors
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2026, 11, 24, 9, tzinfo=UTC)


class NothingLeft(Exception):
    """Nobody is ready and nobody waits for a time: the simulated world stands still for ever."""


class _JumpingSelector(selectors.SelectSelector):
    """No socket is ever ready; a wait is over at once."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise NothingLeft
        self.now += max(timeout, 0.0)
        return []


class _Inline(ThreadPoolExecutor):
    """Work for a thread is done at once, in this one."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - it belongs to whoever waits for the future
            done.set_exception(error)
        return done


class VirtualLoop(asyncio.SelectorEventLoop):
    """``steps`` counts its turns; ``at_step`` plans something between two awaits of whoever runs then."""

    def __init__(self) -> None:
        self.jumping = _JumpingSelector()
        super().__init__(self.jumping)
        self.set_default_executor(_Inline(1))
        self.steps = 0
        self._planned: dict[int, list[Callable[[], None]]] = {}

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self.jumping.now

    def at_step(self, step: int, act: Callable[[], None]) -> None:
        """Act once that many turns from now are over."""
        self._planned.setdefault(self.steps + step, []).append(act)

    def _run_once(self) -> None:
        self.steps += 1
        super()._run_once()  # type: ignore[misc] # the turn of asyncio's own loop, which has no public name
        for act in self._planned.pop(self.steps, ()):
            act()

    def _write_to_self(self) -> None:
        """There is no other thread to be woken by."""


class SimClock:
    """The loop's time as one machine's clock shows it; ``skew`` is how wrong it is."""

    def __init__(self, loop: VirtualLoop, skew: timedelta = timedelta()) -> None:
        self._loop = loop
        self.skew = skew

    def now(self) -> datetime:
        return START + timedelta(seconds=self._loop.time()) + self.skew

    def monotonic(self) -> float:
        return self._loop.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(seconds, 0.0))
