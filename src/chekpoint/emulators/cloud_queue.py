"""The queue of a cloud service in front of its registers, on disk, so that a restart forgets no order.

One order at a time goes to the next register that can. Before it does, the place in that drive's archive is written
down: after a lost power the service reads the documents from there on, and never signs a second one.
"""

import asyncio
import json
import sqlite3
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, NamedTuple

from chekpoint.core.clock import Clock
from chekpoint.emulators.drive_archive import ArchivedDocument
from chekpoint.emulators.drive_errors import (
    DeviceCode,
    DeviceError,
    DriveCode,
    DriveError,
    EmulatedError,
    LinkLost,
    PowerLost,
)
from chekpoint.emulators.register import EmulatedRegister
from chekpoint.fiscal.receipt import Receipt

_SCHEMA = """
CREATE TABLE IF NOT EXISTS service_order (
  number INTEGER PRIMARY KEY AUTOINCREMENT, own_id TEXT NOT NULL, body BLOB NOT NULL, state TEXT NOT NULL,
  answer TEXT, taken_at REAL NOT NULL, tried_fn TEXT, tried_fd INTEGER, word TEXT);
CREATE INDEX IF NOT EXISTS order_own_id ON service_order (own_id);
"""
_ALL: Final = "SELECT * FROM service_order"
RECEIPTS: Final = frozenset({3, 31})


class Order(NamedTuple):
    """One receipt that the service took. ``answer`` is JSON: the document's place, or why it failed."""

    number: int
    own_id: str  # the client's
    body: bytes
    state: str  # waiting | done | failed
    answer: str | None
    taken_at: float  # seconds since 1970 UTC
    tried_fn: str | None
    tried_fd: int | None
    word: str | None  # the face's own

    @property
    def failure(self) -> tuple[str, str]:
        """Code and words of a failed order."""
        told = json.loads(self.answer or "{}")
        return told.get("code", ""), told.get("text", "")


class CloudQueue:
    """``read`` makes the receipt of an order's body (ValueError fails it); ``patience`` None waits for ever."""

    def __init__(
        self,
        registers: Sequence[EmulatedRegister],
        *,
        clock: Clock,
        read: Callable[[Order], Receipt],
        path: Path | None = None,
        patience: float | None = None,
    ) -> None:
        self.registers, self.clock, self.patience = registers, clock, patience
        self.held = False  # nobody takes orders from the queue: its registers' application is off
        self.on_over: Callable[[Order], Awaitable[None]] | None = None
        self._read, self._next, self._news = read, 0, asyncio.Event()
        self._db = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        weakref.finalize(self, self._db.close)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.executescript(_SCHEMA)

    # -- orders --------------------------------------------------------------------------------------------------------

    def take(self, own_id: str, body: bytes) -> Order:
        """A new order that waits; the same id may be taken twice, if the face lets it."""
        row = (own_id, body, "waiting", self.clock.now().timestamp())
        made = self._db.execute(
            "INSERT INTO service_order (own_id, body, state, taken_at) VALUES (?, ?, ?, ?)", row
        )
        self._news.set()
        return self.order(made.lastrowid or 0)

    def order(self, number: int) -> Order:
        """One order; raises LookupError."""
        for found in self._found(f"{_ALL} WHERE number = ?", number):
            return found
        raise LookupError(number)

    def by_id(self, own_id: str) -> list[Order]:
        """The orders under a client's id, oldest first."""
        return list(self._found(f"{_ALL} WHERE own_id = ? ORDER BY number", own_id))

    def all(self) -> list[Order]:
        """Everything, oldest first."""
        return list(self._found(f"{_ALL} ORDER BY number"))

    def document(self, order: Order) -> ArchivedDocument:
        """The document of an order that is done; raises LookupError where its drive is no more here."""
        place = json.loads(order.answer or "{}")
        for register in self.registers:
            if register.drive.number == place.get("fn"):
                return register.drive.document(place["fd"])
        raise LookupError(place)

    def again(self, number: int) -> Order:
        """Put a failed order back into the queue."""
        self._db.execute(
            "UPDATE service_order SET state = 'waiting', answer = NULL WHERE number = ? AND state = 'failed'",
            (number,),
        )
        self._news.set()
        return self.order(number)

    def keep_word(self, number: int, word: str) -> Order:
        """Remember something of the face's own with an order."""
        self._db.execute("UPDATE service_order SET word = ? WHERE number = ?", (word, number))
        return self.order(number)

    def counts(self) -> dict[str, int]:
        """State -> how many orders."""
        return dict(self._db.execute("SELECT state, count(*) FROM service_order GROUP BY state").fetchall())

    def _found(self, query: str, *values: str | int) -> Iterator[Order]:
        return (Order(*row) for row in self._db.execute(query, values).fetchall())

    # -- the work ------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Work the queue until cancelled."""
        while True:
            moved = False
            for order in self._waiting():
                moved |= await self._try(order)
            if not moved:
                await self._wait()

    def _waiting(self) -> list[Order]:
        return [] if self.held else list(self._found(f"{_ALL} WHERE state = 'waiting' ORDER BY number"))

    async def _wait(self) -> None:
        self._news.clear()
        try:
            async with asyncio.timeout(0.05):
                await self._news.wait()
        except TimeoutError:
            return

    async def _try(self, order: Order) -> bool:
        try:
            receipt = self._read(order)
        except ValueError as error:
            return await self._fail(order, "content", str(error))
        try:
            document = self._made(order, receipt) or await self._sign(order, receipt)
        except DriveError as error:
            if error.code is DriveCode.SHIFT_EXPIRED:
                return await self._close_shifts()
            return await self._fail(order, error.code, str(error))
        except DeviceError as error:
            return await self._stuck(order, error)
        place = {"fn": document.fn, "fd": document.fd_number}
        return await self._over(order, "done", json.dumps(place))

    def _made(self, order: Order, receipt: Receipt) -> ArchivedDocument | None:
        """What an earlier try left in the drive; raises DeviceError while that register cannot be asked."""
        for register in self.registers:
            if register.drive.number == order.tried_fn:
                register.check_reachable()
                taken = self._claimed()
                for document in register.drive.documents((order.tried_fd or 0) + 1):
                    ours = document.code in RECEIPTS and (document.fn, document.fd_number) not in taken
                    if ours and _same(document, receipt):
                        return document
        return None

    def _claimed(self) -> set[tuple[str, int]]:
        rows = self._db.execute("SELECT answer FROM service_order WHERE state = 'done'").fetchall()
        return {(place["fn"], place["fd"]) for place in (json.loads(row[0]) for row in rows)}

    async def _sign(self, order: Order, receipt: Receipt) -> ArchivedDocument:
        count = len(self.registers)
        trouble = DeviceError(DeviceCode.NO_LINK)
        for step in range(count):
            register = self.registers[(self._next + step) % count]
            self._note_try(order, register)
            try:
                document = await register.register_receipt(receipt)
            except (PowerLost, LinkLost):
                raise  # it may be signed: this register is asked first when it is back
            except DeviceError as error:
                if error.signed is not None:
                    return register.drive.document(error.signed)
                trouble = error
                continue
            self._next = (self._next + step + 1) % count
            return document
        raise trouble

    def _note_try(self, order: Order, register: EmulatedRegister) -> None:
        self._db.execute(
            "UPDATE service_order SET tried_fn = ?, tried_fd = ? WHERE number = ?",
            (register.drive.number, register.drive.last_fd, order.number),
        )

    async def _close_shifts(self) -> bool:
        for register in self.registers:
            try:
                await register.close_shift()
            except EmulatedError:
                continue
        return True

    async def _stuck(self, order: Order, error: DeviceError) -> bool:
        """No register can: the order waits, up to the queue's time; never given up while it may be signed."""
        waited = self.clock.now().timestamp() - order.taken_at
        if self.patience is None or waited < self.patience or isinstance(error, PowerLost | LinkLost):
            return False
        return await self._fail(order, error.code, str(error))

    async def _fail(self, order: Order, code: str, text: str) -> bool:
        return await self._over(order, "failed", json.dumps({"code": code, "text": text}, ensure_ascii=False))

    async def _over(self, order: Order, state: str, answer: str) -> bool:
        self._db.execute(
            "UPDATE service_order SET state = ?, answer = ? WHERE number = ?", (state, answer, order.number)
        )
        if self.on_over is not None:
            await self.on_over(self.order(order.number))
        return True

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()


class Calls:
    """Callbacks under way."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, call: Coroutine[None, None, None]) -> None:
        """Call, and go on meanwhile."""
        task = asyncio.create_task(call)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def hang_up(self) -> None:
        """Give them up."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def at_work(queue: CloudQueue, calls: Calls) -> AsyncIterator[None]:
    """The queue is worked, and its registers talk to their operator, while the block runs."""
    tasks = [asyncio.create_task(queue.run())]
    tasks += [asyncio.create_task(register.exchange.run()) for register in queue.registers]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await calls.hang_up()


def _same(document: ArchivedDocument, receipt: Receipt) -> bool:
    held = document.receipt
    return held is not None and (
        (held.kind, held.amount, held.note, held.user_property)
        == (receipt.kind, receipt.amount, receipt.note, receipt.user_property)
    )
