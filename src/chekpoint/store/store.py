"""One database, open: the journal to write, readers to look, the schema brought up to date."""

import queue
import threading
from collections.abc import Callable
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import anyio.to_thread

from chekpoint.core.clock import Clock, epoch_ms
from chekpoint.core.errors import StoreError
from chekpoint.store.engines import Postgres, Sqlite, engine_of
from chekpoint.store.journal import InlineJournal, Journal, Tx, Writer
from chekpoint.store.migrate import migrate

T = TypeVar("T")
READERS = 4


class Reader:
    """Read-only connections, a few of them, taken in turn by threads."""

    def __init__(self, engine: Sqlite | Postgres, clock: Clock) -> None:
        self._engine, self._clock = engine, clock
        self._idle: queue.LifoQueue[Any] = queue.LifoQueue()
        self._closed = threading.Event()

    def now(self, look: Callable[[Tx], T]) -> T:
        """Run a look in this thread."""
        with self._connection() as con:
            return look(Tx(con.cursor(), self._engine.name, epoch_ms(self._clock.now())))

    @contextmanager
    def _connection(self) -> Any:
        try:
            con = self._idle.get_nowait()
        except queue.Empty:
            con = self._engine.connect(readonly=True)
        try:
            yield con
        except self._engine.errors as error:
            con.close()
            raise StoreError(f"{type(error).__name__}: {error}") from error
        except BaseException:
            con.close()
            raise
        self._idle.put(con)
        if self._closed.is_set():  # a look that was given up while its thread ran on
            self._empty()

    def close(self) -> None:
        """Close the idle connections, and those in use as soon as they come back."""
        self._closed.set()
        self._empty()

    def _empty(self) -> None:
        with suppress(queue.Empty):
            while True:
                self._idle.get_nowait().close()


class Store:
    """What the hub is given. ``write`` and ``write_bulk`` end durably; ``read`` sees the last commit."""

    def __init__(
        self, engine: Sqlite | Postgres, journal: Journal | InlineJournal, reader: Reader, *, inline: bool
    ) -> None:
        self.engine, self.journal, self.reader = engine, journal, reader
        self.write = journal.write
        self.write_bulk = journal.write_bulk
        self._inline = inline
        self._limit: anyio.CapacityLimiter | None = None

    async def start(self) -> None:
        """Start the journal's writer; raises StoreError."""
        if not self._inline:
            self._limit = anyio.CapacityLimiter(READERS)
        await self.journal.start()

    async def stop(self) -> None:
        """Write what waits and close everything."""
        await self.journal.stop()
        self.reader.close()

    async def read(self, look: Callable[[Tx], T]) -> T:
        """Run a look on a read-only connection, beside the event loop."""
        if self._inline:
            return self.reader.now(look)
        return await anyio.to_thread.run_sync(self.reader.now, look, limiter=self._limit)


def open_store(
    url: str, *, node: str, clock: Clock, group: int = 512, inline: bool = False, durable: bool = True,
    before: Callable[[int], None] | None = None, after: Callable[[int], None] | None = None,
) -> Store:  # fmt: skip
    """Open (and create or upgrade) the database at ``url``; raises StoreError with what to do.

    ``node`` names this writer's event chain: two processes must not share it. ``inline`` runs without
    threads, for simulations; ``before`` and ``after`` are then called around each commit.
    """
    engine = engine_of(url, durable=durable)
    migrate(engine)
    writer = Writer(engine, node, clock)
    journal = InlineJournal(writer, before=before, after=after) if inline else Journal(writer, group=group)
    return Store(engine, journal, Reader(engine, clock), inline=inline)


def sqlite_url(path: Path) -> str:
    """The address of an SQLite file."""
    return f"sqlite:///{path}"
