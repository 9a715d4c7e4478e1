"""The task engine: one queue per device, and the driver's own protection against a lost outcome.

Before a fiscal task the number of the last document is read and stored. When the task then fails in a way
that leaves the outcome open, the queue stops (``blocked``) until the drive answers again, and one question
decides: has that number grown? This assumes a single writer, as the real server does; whatever else made a
document in between is taken for the task's own. A client has to compare the document's content.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol, TypeVar

import msgspec

from chekpoint.core.clock import Clock
from chekpoint.emulators.atol_web.codes import (
    BLOCKING_V1,
    CONNECTION_ERRORS,
    FISCAL_TASKS,
    PAPER_ERRORS,
    RECEIPT_TASKS,
    TEXTS,
    Code,
    DriverError,
    block_reason,
)
from chekpoint.emulators.atol_web.queue_store import QueueStore, Request, Status, Task

log = logging.getLogger(__name__)
R = TypeVar("R")
RETRY_SECONDS: Final = 1.0
"""How often a blocked queue asks the drive again."""


class Driver(Protocol):
    """What the engine needs of a device's driver. Every method may raise DriverError."""

    async def last_fd(self) -> int:
        """The number of the last document on the fiscal drive."""
        ...

    async def run(self, task: dict[str, Any]) -> dict[str, Any] | None:
        """Carry out one task and return its result."""
        ...

    async def continue_print(self, *, ask_printer: bool = False) -> None:
        """Print what is left of the last document; ``ask_printer`` complains of paper and cover in any case."""
        ...

    async def last_fiscal_params(self, *, for_receipt: bool) -> dict[str, Any]:
        """The result of the last receipt (or of the last document of any kind)."""
        ...


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """Why a queue stands still, and at whose task."""

    uuid: str
    reason: str


class _CanceledMeanwhile(Exception):
    """The request that was to be started is not wanted any more."""


class Engine:
    """Runs the queue of one device. ``on_finished`` is told of every finished request."""

    def __init__(
        self,
        device: str,
        driver: Driver,
        store: QueueStore,
        clock: Clock,
        on_finished: Callable[[Request], None] = lambda _: None,
    ) -> None:
        self.device = device
        self.driver = driver
        self.block: Block | None = None
        self.block_on_print_errors = True
        self._store = store
        self._clock = clock
        self._on_finished = on_finished
        self._work = asyncio.Event()
        self._free = asyncio.Event()
        self._free.set()
        self._line = asyncio.Lock()

    @property
    def held(self) -> bool:
        """Is the queue told to stand still, so that tasks stay in ``wait``?"""
        return not self._free.is_set()

    def hold(self, on: bool) -> None:
        """Make tasks stay in ``wait`` (or let them go on)."""
        if on:
            self._free.clear()
        else:
            self._free.set()

    def wake(self) -> None:
        """A request was added."""
        self._work.set()

    async def run(self) -> None:
        """Serve the queue for ever. What was left by a crash is settled first: it is at the queue's head."""
        while True:
            await self._free.wait()
            request = self._store.next_open(self.device)
            if request is None:
                self._work.clear()
                await self._work.wait()
            else:
                await self.serve(request)

    async def directly(self, call: Callable[[], Awaitable[R]]) -> R:
        """Carry out a synchronous query: it bypasses the queue but waits for the driver."""
        async with self._line:
            return await call()

    async def serve(self, request: Request) -> None:
        """Bring every task of a request to its final state."""
        failed = False
        try:
            for task in request.tasks:
                failed = await self._step(request, task, failed=failed) or failed
        except _CanceledMeanwhile:
            return
        self._store.close_request(request)
        self._on_finished(request)

    async def _step(self, request: Request, task: Task, *, failed: bool) -> bool:
        """One task to its end; True when it failed, so that the rest is interrupted."""
        match task.status:
            case Status.WAIT if failed:
                self._put(request, task, Status.INTERRUPTED, code=Code.INTERRUPTED)
            case Status.WAIT:
                return await self._start(request, task)
            case Status.IN_PROGRESS:
                return await self._resume(request, task)
            case Status.BLOCKED:
                return await self._recover(request, task)
            case Status.ERROR | Status.INTERRUPTED:
                return True
        return False

    async def _start(self, request: Request, task: Task) -> bool:
        fiscal = task.type in FISCAL_TASKS
        try:
            async with self._line:
                self._check_wanted(request)
                last_fd = await self.driver.last_fd() if fiscal else None
                task = self._put(request, task, Status.IN_PROGRESS, last_fd=last_fd)
                result = await self._run(task)
        except DriverError as error:
            return await self._failed(request, task, error)
        self._put(request, task, Status.READY, result=result)
        return False

    async def _run(self, task: Task) -> dict[str, Any] | None:
        """Carry out a task; a fault of ours is code 15, so that one request cannot stop the server for good."""
        try:
            return await self.driver.run(task.body)
        except DriverError:
            raise
        except Exception as error:
            log.exception("task %s failed unforeseen", task.type)
            raise DriverError(Code.UNKNOWN) from error

    def _check_wanted(self, request: Request) -> None:
        """It may have been canceled while the driver was busy with a query."""
        fresh = self._store.find(self.device, request.posted.uuid)
        if fresh is None or fresh.canceled:
            raise _CanceledMeanwhile

    async def _failed(self, request: Request, task: Task, error: DriverError) -> bool:
        """Final at once, unless a fiscal task was started and its outcome is open."""
        reason = self._reason(request, error.code) if task.last_fd is not None else None
        if reason is None:
            self._put(request, task, Status.ERROR, code=error.code, text=error.text)
            return True
        task = self._put(request, task, Status.BLOCKED, code=error.code, text=error.text)
        return await self._recover(request, task)

    def _reason(self, request: Request, code: int) -> str | None:
        if request.posted.generation == "v1":
            return _v1_reason(code) if code in BLOCKING_V1 else None
        return block_reason(code, paper=self.block_on_print_errors)

    async def _resume(self, request: Request, task: Task) -> bool:
        """The server died over this task. Without a stored number nothing fiscal had been started."""
        if task.type not in FISCAL_TASKS:
            self._put(request, task, Status.ERROR, code=Code.INTERRUPTED)
            return True
        task = self._put(request, task, Status.BLOCKED, code=Code.CONNECTION_LOST)
        return await self._recover(request, task)

    async def _recover(self, request: Request, task: Task) -> bool:
        """Wait until the drive answers, then decide by the number of the last document."""
        self.block = Block(uuid=request.posted.uuid, reason=_v2_reason(task.code))
        result = await self._until_settled(request, task)
        self.block = None
        if result is None:
            self._put(request, task, Status.ERROR, code=task.code, text=task.text)
            return True
        self._put(request, task, Status.READY, result=result)
        return False

    async def _until_settled(self, request: Request, task: Task) -> dict[str, Any] | None:
        while True:
            try:
                async with self._line:
                    return await self._settled(request, task)
            except DriverError:
                await self._clock.sleep(RETRY_SECONDS)

    async def _settled(self, request: Request, task: Task) -> dict[str, Any] | None:
        """The result of the task if a document appeared, None if not; DriverError while nobody can tell."""
        grown = await self.driver.last_fd() > (task.last_fd or 0)
        await self._finish_printing(request, task)
        if not grown:
            return None
        try:
            result = await self.driver.last_fiscal_params(for_receipt=task.type in RECEIPT_TASKS)
        except DriverError as error:
            if error.code != Code.FN_NO_DATA:
                raise
            return None  # it was only the shift that opened, and this drive has no receipt yet
        if request.posted.generation == "v1":
            return result
        return {**result, "warnings": {**result.get("warnings", {}), "recovered": True}}

    async def _finish_printing(self, request: Request, task: Task) -> None:
        """Stay blocked without a link, and in the second generation without paper where it is set so."""
        try:
            await self.driver.continue_print(ask_printer=task.code in PAPER_ERRORS)
        except DriverError as error:
            paper = request.posted.generation != "v1" and self.block_on_print_errors
            if error.code in CONNECTION_ERRORS or (paper and error.code in PAPER_ERRORS):
                raise

    def _put(
        self,
        request: Request,
        task: Task,
        status: Status,
        *,
        code: int = Code.OK,
        text: str | None = None,
        result: dict[str, Any] | None = None,
        last_fd: int | None = None,
    ) -> Task:
        changed = msgspec.structs.replace(
            task,
            status=status,
            code=int(code),
            text=TEXTS[code] if text is None else text,
            result=result,
            last_fd=task.last_fd if last_fd is None else last_fd,
        )
        self._store.put(request, changed)
        return changed


def _v1_reason(code: int) -> str:
    return "connectionError" if code in CONNECTION_ERRORS else "fnError"


def _v2_reason(code: int) -> str:
    return block_reason(code, paper=True) or "fnError"
