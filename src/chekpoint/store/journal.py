"""The journal: every write of a node goes through one writer, in groups.

1. Callers hand in a *unit* (a function of the transaction) and wait.
2. The writer takes all units that wait at that moment and runs them in one transaction.
3. Their events are chained (SHA-256 over the previous hash and the event) and written in the same transaction.
4. After the commit each caller gets its unit's result. So hundreds of lanes share one fsync.

A unit that meets a value it did not expect raises Conflict; it fails alone. If it had written something
before, or the database itself refused, the group is rolled back and its units run one by one. A unit must
therefore be a function of the transaction and its arguments alone: it may run twice.
"""

import asyncio
import queue
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Final, TypeVar

import msgspec

from chekpoint.core.clock import Clock, epoch_ms
from chekpoint.core.errors import Conflict, StoreError
from chekpoint.store import events
from chekpoint.store.engines import Postgres, Sqlite
from chekpoint.store.rows import insert_rows
from chekpoint.store.sql import Query

T = TypeVar("T")
GROUP: Final = 512  # units in one transaction at the most
_STOP: Final = object()
_ENCODE: Final = msgspec.json.Encoder().encode


class Tx:
    """One transaction, as a unit sees it. Times inside it are ``now`` (milliseconds UTC)."""

    __slots__ = ("_asked", "_cursor", "_later", "engine", "events", "now", "wrote")

    def __init__(self, cursor: Any, engine: str, now: int) -> None:
        self._cursor, self.engine, self.now = cursor, engine, now
        self.wrote = False
        self.events: list[events.Draft] = []
        self._later: dict[Query, list[dict[str, Any]]] = defaultdict(list)
        self._asked: dict[Query, frozenset[Any]] = {}

    def run(self, query: Query, **params: Any) -> int:
        """Execute a statement that writes; returns the number of rows it touched."""
        sql, fixed = query.text(self.engine)
        self.wrote = True
        self._cursor.execute(sql, {**fixed, **params} if fixed else params)
        return int(self._cursor.rowcount)

    def one(self, query: Query, **params: Any) -> Any:
        """The first row, or None. Also for ``UPDATE ... RETURNING``."""
        sql, fixed = query.text(self.engine)
        self._cursor.execute(sql, {**fixed, **params} if fixed else params)
        return self._cursor.fetchone()

    def all(self, query: Query, **params: Any) -> Sequence[Any]:
        """All rows."""
        sql, fixed = query.text(self.engine)
        self._cursor.execute(sql, {**fixed, **params} if fixed else params)
        rows: Sequence[Any] = self._cursor.fetchall()
        return rows

    def once(self, query: Query) -> frozenset[Any]:
        """All rows, asked once for the whole group: for settings, which units read and do not write."""
        found = self._asked.get(query)
        if found is None:
            found = self._asked[query] = frozenset(self.all(query))
        return found

    def each(self, query: Query, **params: Any) -> Iterator[Any]:
        """Row by row, for what does not fit into memory (SQLite; psycopg keeps the answer)."""
        sql, fixed = query.text(self.engine)
        self._cursor.execute(sql, {**fixed, **params})
        yield from self._cursor

    def exactly(self, query: Query, what: str, **params: Any) -> None:
        """A compare-and-set: raises Conflict unless one row changed."""
        before = self.wrote
        if self.run(query, **params) != 1:
            self.wrote = before
            raise Conflict(f"{what}: another worker got there first")

    def later(self, query: Query, **row: Any) -> None:
        """Insert a row at the end of the group, together with all other rows of that statement."""
        self.wrote = True
        self._later[query].append(row)

    def event(self, kind: str, subject: str, **body: Any) -> None:
        """Append an event to the chain. No personal data in ``body``."""
        self.events.append(events.Draft(self.now, kind, subject, _ENCODE(body)))

    def take_later(self) -> dict[Query, list[dict[str, Any]]]:
        """The rows put off so far (the journal's own business)."""
        rows, self._later = self._later, defaultdict(list)
        return rows


Unit = Callable[[Tx], T]
Bulk = Callable[[Tx, Sequence[Any]], Sequence[Any]]


class Entry:
    """A unit (or one item of a bulk) that waits, with the future of its caller."""

    __slots__ = ("bulk", "future", "item", "unit")

    def __init__(
        self, future: asyncio.Future[Any], unit: Unit[Any] | None, bulk: Bulk | None, item: Any
    ) -> None:
        self.future, self.unit, self.bulk, self.item = future, unit, bulk, item


class Writer:
    """Runs groups of entries on one connection. Synchronous: a thread or a simulation drives it."""

    def __init__(self, engine: Sqlite | Postgres, name: str, clock: Clock) -> None:
        self._engine, self._name, self._clock = engine, name, clock
        self._con: Any = None
        self._chain = events.Chain(name)

    def connect(self) -> None:
        """Connect, and read where the chain of this node ends."""
        self._con = self._engine.connect()
        self._chain.restore(self._con.cursor(), self._engine.name)

    def close(self) -> None:
        """Let go of the connection."""
        if self._con is not None:
            self._con.close()
            self._con = None

    def group(self, entries: Sequence[Entry]) -> list[Any]:
        """Results in the order of the entries; an exception object stands for a unit that failed."""
        try:
            return self._together(entries)
        except _Alone:
            return [self._single(entry) for entry in entries]
        except Unsure as unsure:
            return [unsure] * len(entries)

    def _single(self, entry: Entry) -> Any:
        try:
            return self._together([entry])[0]
        except _Alone as alone:
            return alone.cause
        except Unsure as unsure:
            return unsure

    def _together(self, entries: Sequence[Entry]) -> list[Any]:
        if self._con is None:
            self.connect()
        cursor = self._con.cursor()
        mark = self._chain.mark()
        try:
            cursor.execute("BEGIN IMMEDIATE" if self._engine.name == "sqlite" else "BEGIN")
            tx = Tx(cursor, self._engine.name, epoch_ms(self._clock.now()))
            results = _run(tx, entries)
            self._flush(tx, cursor)
        except BaseException as error:
            self._chain.back_to(mark)
            self._undo(cursor, error)
            if isinstance(error, Exception):
                raise _Alone(_store_error(error)) from error
            raise
        self._commit(cursor, mark)
        return results

    def _commit(self, cursor: Any, mark: tuple[int, bytes]) -> None:
        """A commit whose answer is lost may have happened: the units must not run again, nobody may assume."""
        try:
            cursor.execute("COMMIT")
        except self._engine.errors as error:
            self._chain.back_to(mark)
            self._undo(cursor, error)
            raise Unsure(f"the answer to a commit was lost: {error}") from error

    def _flush(self, tx: Tx, cursor: Any) -> None:
        for query, rows in tx.take_later().items():
            insert_rows(cursor, self._engine.name, query, rows)
        self._chain.write(cursor, self._engine.name, tx.events)

    def _undo(self, cursor: Any, error: BaseException) -> None:
        try:
            cursor.execute("ROLLBACK")
        except self._engine.errors:
            self.close()  # the connection is gone; the next group makes a new one
        else:
            if isinstance(error, Exception) and self._engine.broken(error):
                self.close()


class Unsure(StoreError):
    """The commit may have happened or not. Whoever waits must look before doing anything again."""


class _Alone(Exception):
    """The group cannot be kept together: run its units one by one."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


def _store_error(error: Exception) -> StoreError:
    """Whoever waits is told in one form: nothing was written. Also of a bug in a unit."""
    return error if isinstance(error, StoreError) else StoreError(f"{type(error).__name__}: {error}")


def _run(tx: Tx, entries: Sequence[Entry]) -> list[Any]:
    results: list[Any] = [None] * len(entries)
    bulks: dict[Bulk, list[int]] = defaultdict(list)
    for place, entry in enumerate(entries):
        if entry.bulk is not None:
            bulks[entry.bulk].append(place)
    for bulk, places in bulks.items():
        for place, result in zip(places, bulk(tx, [entries[p].item for p in places]), strict=True):
            results[place] = result
    for place, entry in enumerate(entries):
        if entry.unit is not None:
            results[place] = _unit(tx, entry.unit)
    return results


def _unit(tx: Tx, unit: Unit[Any]) -> Any:
    tx.wrote, told = False, len(tx.events)
    try:
        return unit(tx)
    except Conflict as conflict:
        if tx.wrote:
            raise
        del tx.events[told:]
        return conflict


class Journal:
    """The asynchronous face: ``await journal.write(unit)``. One per node and database."""

    def __init__(self, writer: Writer, *, group: int = GROUP) -> None:
        self._writer, self._group = writer, group
        self._queue: queue.SimpleQueue[list[Any]] = queue.SimpleQueue()
        self._waiting: list[Entry] = []  # of this turn of the event loop: one wake-up for all of them
        self._taken: deque[Any] = deque()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._dead = False
        self.groups, self.units = 0, 0  # written so far; their ratio is the mean size of a group

    async def start(self) -> None:
        """Connect (raises StoreError) and start the writer thread."""
        self._loop = asyncio.get_running_loop()
        await self._loop.run_in_executor(None, self._writer.connect)
        self._thread = threading.Thread(target=self._work, name="journal", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        """Write what waits, then stop."""
        if self._thread is not None and self._loop is not None:
            self._hand_over()
            self._queue.put([_STOP])
            await self._loop.run_in_executor(None, self._thread.join)
            self._thread = None

    async def write(self, unit: Unit[T]) -> T:
        """Run a unit; returns after its commit. Raises Conflict or StoreError: then nothing was written."""
        result: T = await self._put(unit, None, None)
        return result

    async def write_bulk(self, bulk: Bulk, item: Any) -> Any:
        """Run one item of a bulk: items of one bulk that wait together are given to it in one call."""
        return await self._put(None, bulk, item)

    async def _put(self, unit: Unit[Any] | None, bulk: Bulk | None, item: Any) -> Any:
        if self._loop is None or self._thread is None or self._dead:
            raise StoreError("the journal is not running")
        if not self._waiting:
            self._loop.call_soon(self._hand_over)
        future: asyncio.Future[Any] = self._loop.create_future()
        self._waiting.append(Entry(future, unit, bulk, item))
        return await future

    def _hand_over(self) -> None:
        waiting, self._waiting = self._waiting, []
        if waiting:
            self._queue.put(waiting)

    def _work(self) -> None:
        try:
            self._groups()
        finally:
            self._dead = True
            self._writer.close()

    def _groups(self) -> None:
        stopping = False
        while not stopping:
            entries, stopping = self._take()
            if entries:
                self.groups, self.units = self.groups + 1, self.units + len(entries)
                self._answer(entries, _guarded(self._writer, entries))

    def _take(self) -> tuple[list[Entry], bool]:
        if not self._taken:
            self._taken.extend(self._queue.get())
        with suppress(queue.Empty):
            while len(self._taken) < self._group:
                self._taken.extend(self._queue.get_nowait())
        got = [self._taken.popleft() for _ in range(min(self._group, len(self._taken)))]
        return [e for e in got if e is not _STOP], _STOP in got

    def _answer(self, entries: list[Entry], results: list[Any]) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(resolve, entries, results)


def _guarded(writer: Writer, entries: list[Entry]) -> list[Any]:
    try:
        return writer.group(entries)
    except Exception as error:  # noqa: BLE001 - a fault in a unit must reach its caller, not kill the writer
        return [StoreError(f"{type(error).__name__}: {error}")] * len(entries)


def resolve(entries: Sequence[Entry], results: Sequence[Any]) -> None:
    """Give each caller its result or exception."""
    for entry, result in zip(entries, results, strict=True):
        if entry.future.done():
            continue
        if isinstance(result, Exception):
            entry.future.set_exception(result)
        else:
            entry.future.set_result(result)


class InlineJournal:
    """The same journal without a thread, for a simulation: groups form by turns of the event loop.

    ``before`` and ``after`` are called around each commit with the number of units; a simulation crashes
    the node there.
    """

    def __init__(
        self,
        writer: Writer,
        *,
        before: Callable[[int], None] | None = None,
        after: Callable[[int], None] | None = None,
    ) -> None:
        self._writer, self._before, self._after = writer, before, after
        self._waiting: list[Entry] = []

    async def start(self) -> None:
        """Connect."""
        self._writer.connect()

    async def stop(self) -> None:
        """Close the connection."""
        self._writer.close()

    async def write(self, unit: Unit[T]) -> T:
        """As Journal.write."""
        result: T = await self._put(unit, None, None)
        return result

    async def write_bulk(self, bulk: Bulk, item: Any) -> Any:
        """As Journal.write_bulk."""
        return await self._put(None, bulk, item)

    async def _put(self, unit: Unit[Any] | None, bulk: Bulk | None, item: Any) -> Any:
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._commit)
        future: asyncio.Future[Any] = loop.create_future()
        self._waiting.append(Entry(future, unit, bulk, item))
        return await future

    def _commit(self) -> None:
        entries, self._waiting = self._waiting, []
        if self._before:
            self._before(len(entries))
        results = self._writer.group(entries)
        if self._after:
            self._after(len(entries))
        resolve(entries, results)
