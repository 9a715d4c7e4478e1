"""The life of one process: everything it writes or sends passes here, and nothing does once it is dead."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from chekpoint.store.store import Store


class Gone(Exception):
    """Raised where a dead process would have gone on; it ends in the loop and nowhere else."""


class Gate:
    """Open, shut for a while (the process hangs: a page fault, a stopped machine), or shut for ever."""

    def __init__(self) -> None:
        self.dead = False
        self._open = asyncio.Event()
        self._open.set()
        self.on_commit: Callable[[str], None] = lambda _: None  # told before and after each commit

    def hang(self) -> None:
        self._open.clear()

    def wake(self) -> None:
        self._open.set()

    async def passing(self) -> None:
        """Wait while the process hangs; a dead one never comes back."""
        await self._open.wait()
        if self.dead:
            await asyncio.get_running_loop().create_future()

    def before(self, _units: int) -> None:
        """A commit begins."""
        self.on_commit("before")
        if self.dead:
            raise Gone

    def after(self, _units: int) -> None:
        """A commit is durable; nobody was told yet."""
        self.on_commit("after")
        if self.dead:
            raise Gone

    def guard(self, store: Store) -> Store:
        """The store as this process sees it: it may hang on either side of a commit."""
        store.write = self._guarded(store.write)
        store.write_bulk = self._guarded(store.write_bulk)
        return store

    def _guarded(self, write: Callable[..., Awaitable[Any]]) -> Any:
        async def guarded(*args: Any) -> Any:
            await self.passing()
            result = await write(*args)
            await self.passing()
            return result

        return guarded
