"""One web server, one register behind it: which generation it is, and how tasks go through its queue.

What is known of a task after each answer is decided here; what that means for a receipt, in ``driver``.
"""

import random
from collections.abc import AsyncIterator
from enum import Enum, auto
from typing import Any, Final

import httpx2
import stamina

from chekpoint.core.clock import Clock, epoch_ms, uuid7
from chekpoint.core.errors import BlockReason, OutcomeUnknown, RegisterBlocked, RegisterError, Rejected
from chekpoint.core.witness import Note, unheard
from chekpoint.registers.atol import answers
from chekpoint.registers.atol.answers import Json, Malformed, TaskResult, TaskStatus
from chekpoint.registers.atol.errors import FAULTS, Generation, Verdict, block_of
from chekpoint.registers.atol.tasks import Task
from chekpoint.registers.atol.web import (
    SERVER_INFO,
    V1_STATE,
    AnswerLost,
    AtolConfig,
    Call,
    Reply,
    Routes,
    Unreachable,
    send,
)

_GROWTH = 1.6
_STANDSTILL = {"paperError": "нет бумаги", "connectionError": "нет связи с ККТ", "fnError": "ошибка ФН"}


class Posted(Enum):
    """Answer to a POST: the id is new, or the server knows it."""

    ACCEPTED = auto()
    KNOWN = auto()


class _Middleman(Exception):
    """A gateway answered instead of the server: the question was not heard."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(f"HTTP {reply.status}")
        self.reply = reply


def _from_server(reply: Reply) -> Reply:
    if reply.status in {502, 503, 504}:
        raise _Middleman(reply)
    return reply


class TaskFailed(Exception):
    """A harmless task ended with an error of the driver."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code} {text}")
        self.code = code
        self.text = text


# For reads alone: a fiscal command is never sent twice.
_READS: Final[dict[str, Any]] = {
    "on": (Unreachable, AnswerLost, _Middleman), "attempts": 3, "timeout": None, "wait_initial": 0.05, "wait_max": 0.2,
    "wait_jitter": 0.0,
}  # fmt: skip


class Session:
    """The server's queue as our code sees it. Not for two tasks at once: a register has one lane."""

    def __init__(
        self,
        config: AtolConfig,
        clock: Clock,
        http: httpx2.AsyncClient,
        chance: random.Random,
        note: Note = unheard,
    ) -> None:
        self.config = config
        self._clock = clock
        self._http = http
        self._chance = chance
        self._note = note
        self._routes: Routes | None = None

    @property
    def generation(self) -> Generation:
        """The generation found last; the second when none was found yet."""
        return self._routes.generation if self._routes else Generation.V2

    async def routes(self) -> Routes:
        """Paths of the server's generation; found out once, and again after the link was lost."""
        if self._routes is None:
            self._routes = Routes(await self._detect(), self.config.device_id)
        return self._routes

    async def _detect(self) -> Generation:
        if self.config.generation != "auto":
            return Generation(self.config.generation)
        for call, generation in ((SERVER_INFO, Generation.V2), (V1_STATE, Generation.V1)):
            reply = await self._harmless(call)
            if reply.took and _is_object(reply.body):
                return generation
            if reply.status in {401, 403}:  # somebody is there and wants another password
                raise _denied(reply.status, *answers.error_text(reply.body))
        raise RegisterBlocked(
            BlockReason.CONFIGURATION, f"По адресу {self.config.base_url} отвечает не веб-сервер ККТ АТОЛ"
        )

    async def _carry(self, call: Call) -> Reply:
        """One request, told to whoever keeps the exchange."""
        request = f"{call.method} {call.path}\n{(call.body or b'').decode()}"
        try:
            reply = await send(self._http, self.config, call)
        except (Unreachable, AnswerLost) as fault:
            self._note(request, f"({type(fault).__name__}: {fault})")
            raise
        self._note(request, f"{reply.status}\n{reply.body.decode('utf-8', 'replace')}")
        return reply

    async def _harmless(self, call: Call) -> Reply:
        """A request that changes nothing: it is asked again at once, and a lasting loss is just no link."""
        try:
            async for attempt in stamina.retry_context(**_READS):
                with attempt:
                    return _from_server(await self._carry(call))
        except _Middleman as fault:
            return fault.reply
        except (Unreachable, AnswerLost) as fault:
            self._routes = None
            raise _no_link(fault) from fault
        raise AssertionError("unreachable: the last failure is raised")

    async def post(self, uuid: str, task: Task) -> Posted:
        """Put a task into the queue under ``uuid``.

        Raises RegisterBlocked (nothing was taken), Rejected (the shape was refused) or OutcomeUnknown.
        """
        call = (await self.routes()).post(uuid, task)
        try:
            reply = await self._carry(call)
        except Unreachable as fault:
            self._routes = None
            raise _no_link(fault) from fault
        except AnswerLost as fault:
            self._routes = None
            raise OutcomeUnknown(f"Ответ на задание потерян: {fault}") from fault
        if reply.took:
            return Posted.ACCEPTED
        if reply.status == 409:
            return Posted.KNOWN
        raise _refused(reply)

    async def fetch(self, uuid: str) -> TaskResult | None:
        """State of a task; None when the server does not know the id. Raises RegisterBlocked, Malformed."""
        reply = await self._harmless((await self.routes()).result(uuid))
        if reply.took:
            return answers.task_result(reply.body)
        code, text = answers.error_text(reply.body)
        if reply.status == 404 and not _device_unknown(text):
            return None
        raise _denied(reply.status, code, text)

    async def withdraw(self, uuid: str) -> TaskResult | None:
        """Take back a task that has not begun, and read what became of it.

        The answer to DELETE differs between versions, so only the task's state afterwards counts.
        """
        await self._harmless((await self.routes()).withdraw(uuid))
        return await self.fetch(uuid)

    async def standstill(self) -> str | None:
        """Why the queue stands still ("" when it does not say), or None when it runs. Raises RegisterBlocked."""
        reply = await self._harmless((await self.routes()).queue())
        if not reply.took:
            raise _denied(reply.status, *answers.error_text(reply.body))
        try:
            state = answers.parse(reply.body)
        except Malformed as fault:
            raise _as_block(fault) from fault
        if not isinstance(state, dict) or not (state.get("isBlocked") or state.get("is_blocked")):
            return None
        return _STANDSTILL.get(str(state.get("blockReason") or ""), "")

    async def follow(self, uuid: str, seconds: float) -> TaskResult | None:
        """Look with growing pauses until the task is final or the time is over.

        Returns the last state seen; None when the server does not know the id. A link that comes back in
        time does not count. Raises RegisterBlocked when there never was an answer.
        """
        last: TaskResult | None = None
        fault: Exception | None = None
        async for _ in self._looks(seconds):
            try:
                last, fault = await self.fetch(uuid), None
            except (RegisterBlocked, Malformed) as error:
                fault = error
                continue
            if last is None or not last.status.pending:
                return last
        if fault is not None:
            raise _as_block(fault) from fault
        return last

    async def _looks(self, seconds: float) -> AsyncIterator[None]:
        """Moments to look: at once, then after pauses that grow, the last one exactly at the end."""
        pause, end = self.config.poll_first, self._clock.monotonic() + seconds
        while True:
            yield
            left = end - self._clock.monotonic()
            if left <= 0:
                return
            await self._clock.sleep(min(pause, left))
            pause = min(pause * _GROWTH, self.config.poll_longest)

    async def ask(self, task: Task) -> tuple[Json, str]:
        """Run a harmless task under an id of its own; its result and the answer verbatim.

        Raises RegisterBlocked, or TaskFailed with the driver's code.
        """
        uuid = str(uuid7(epoch_ms(self._clock.now()), self._chance))
        try:
            await self.post(uuid, task)
            found = await self.follow(uuid, self.config.query_timeout)
        except (OutcomeUnknown, Rejected) as fault:
            raise _as_block(fault) from fault
        if found is None or found.status.pending:
            await self._drop(uuid, found)
            raise RegisterBlocked(BlockReason.BUSY, "ККТ не выполнила запрос за отведённое время")
        if found.status is not TaskStatus.READY:
            raise TaskFailed(found.code, found.text)
        return found.result, found.raw

    async def _drop(self, uuid: str, found: TaskResult | None) -> None:
        """Do not leave dead questions in a queue that stands still."""
        if found is None or found.status is not TaskStatus.WAIT:
            return
        try:
            await self.withdraw(uuid)
        except (RegisterBlocked, Malformed) as fault:
            raise RegisterBlocked(BlockReason.BUSY, "Очередь ККТ не отвечает") from fault

    async def look(self, task: str, query: str) -> Json:
        """A state by the synchronous query where there is one (it passes by the queue), else by a task.

        Raises RegisterBlocked, also for an error of the driver.
        """
        try:
            found = await self._query(query) if (await self.routes()).generation is Generation.V2 else None
            return (await self.ask({"type": task}))[0] if found is None else found
        except TaskFailed as fault:
            raise block_of(fault.code, fault.text) from fault

    async def _query(self, name: str) -> Json | None:
        """A synchronous query of the second generation; None where the server has no such path."""
        reply = await self._harmless((await self.routes()).query(name))
        code, text = answers.error_text(reply.body)
        if reply.status == 420 or (not reply.took and code in FAULTS):
            raise TaskFailed(code, text)
        if reply.status in {404, 405} and not _device_unknown(text):
            return None
        if not reply.took:
            raise _denied(reply.status, code, text)
        try:
            answer = answers.parse(reply.body)
        except Malformed as fault:
            raise _as_block(fault) from fault
        return answer if isinstance(answer, dict) else {}


def _is_object(body: bytes) -> bool:
    try:
        return isinstance(answers.parse(body), dict)
    except Malformed:
        return False


def _device_unknown(text: str) -> bool:
    """404 is said of a device as well as of a task; only the text tells."""
    return text.startswith("Устройство")


def _no_link(fault: Exception) -> RegisterBlocked:
    return RegisterBlocked(BlockReason.NO_LINK, f"Нет связи с веб-сервером ККТ: {fault}")


def _as_block(fault: Exception) -> RegisterBlocked:
    """Any trouble with a harmless read, seen as the lane's."""
    if isinstance(fault, RegisterBlocked):
        return fault
    if isinstance(fault, Malformed):
        return RegisterBlocked(BlockReason.CONFIGURATION, f"Непонятный ответ веб-сервера ККТ: {fault}")
    code = fault.code if isinstance(fault, RegisterError) else None
    reason = BlockReason.CONFIGURATION if isinstance(fault, Rejected) else BlockReason.NO_LINK
    return RegisterBlocked(reason, str(fault), code=code)


_DENIALS = {
    401: BlockReason.ACCESS,
    403: BlockReason.ACCESS,
    404: BlockReason.CONFIGURATION,
    405: BlockReason.CONFIGURATION,
    408: BlockReason.BUSY,
    409: BlockReason.CONFIGURATION,  # a newer server says so of a device that is not activated
}


def _denied(status: int, code: int, text: str) -> RegisterBlocked:
    reason = _DENIALS.get(status, BlockReason.NO_LINK if status >= 500 else BlockReason.UNKNOWN)
    return RegisterBlocked(reason, text or f"Веб-сервер ККТ ответил HTTP {status}", code=str(code or status))


def _refused(reply: Reply) -> RegisterError:
    """A POST that was answered with an error: what it proves."""
    code, text = answers.error_text(reply.body)
    message = text or f"Веб-сервер ККТ ответил HTTP {reply.status}"
    if reply.status in {401, 403, 404, 405}:
        return _denied(reply.status, code, text)
    if reply.status == 420 and code in FAULTS and FAULTS[code].verdict is Verdict.BLOCKED:
        return block_of(code, text)
    if reply.status in {400, 413, 415, 420, 422}:
        return Rejected(message, code=str(code or reply.status))
    return OutcomeUnknown(message, code=str(code or reply.status))
