"""A world with an event loop of its own, in a thread beside a test that drives a browser."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")
Main = Callable[[Callable[[T], None], Callable[[], Coroutine[Any, Any, None]]], Coroutine[Any, Any, None]]
"""Brings a world up, tells ``ready`` of it, awaits ``over`` and takes the world down."""
PATIENCE = 60.0  # seconds for the world to come up; it goes down in less


@contextmanager
def beside(main: Main[T], name: str) -> Iterator[T]:
    """Run it while the block runs. What it raises is raised here."""
    up, stop = threading.Event(), threading.Event()
    found: list[T] = []
    failed: list[BaseException] = []

    def ready(world: T) -> None:
        found.append(world)
        up.set()

    async def over() -> None:
        await asyncio.to_thread(stop.wait)

    def work() -> None:
        try:
            asyncio.run(main(ready, over))
        except BaseException as error:  # noqa: BLE001 - raised again in the test's own thread
            failed.append(error)
        finally:
            up.set()

    thread = threading.Thread(target=work, name=name)
    thread.start()
    up.wait(PATIENCE)
    try:
        if not failed:
            yield found[0]
    finally:
        stop.set()
        thread.join(PATIENCE)
    if failed:
        raise RuntimeError(f"the {name} fell") from failed[0]
