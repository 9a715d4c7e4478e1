"""``Register`` over Komtet Kassa.

Our id is ``external_id``; the service takes each one once and answers 422 to a second POST under it. So a POST whose
answer was lost may be asked again: it makes no second receipt. But the 422 does not name the task, and a task can be
asked for by its number alone. The number is known from the answer to the POST, or from a signed callback (``hear``);
without either the attempt stays in doubt, until a callback comes or a person has looked into the service's cabinet.

``done`` means signed by a fiscal drive of the queue; that the operator took it must be proven elsewhere.
"""

from collections.abc import Mapping
from typing import Any, Final

import httpx2

from chekpoint.core.clock import Clock
from chekpoint.core.errors import BlockReason, OutcomeUnknown, RegisterBlocked, Rejected
from chekpoint.core.ports import Absent, Attempt, Registered, RegisterStatus
from chekpoint.core.witness import Note, unheard
from chekpoint.registers import cloud
from chekpoint.registers.cloud import Cloud, Malformed
from chekpoint.registers.cloud_body import encode
from chekpoint.registers.komtet import answers, errors
from chekpoint.registers.komtet.answers import Task
from chekpoint.registers.komtet.body import body_of
from chekpoint.registers.komtet.config import KomtetConfig
from chekpoint.registers.komtet.signing import HEADER, Told, recognised, signature

_REMEMBERED: Final = 4096
_PASSIVE: Final = "очередь не работает: касса или её приложение выключены / the queue is passive"
_NAMELESS: Final = (
    "сервис уже принял чек {0}, но не называет номер задачи: ждём обратный вызов или сверьте кабинет /"
    " the service has taken this receipt before and does not name its task"
)


class KomtetRegister(Cloud):
    """One queue of one shop. ``http`` is closed here only if it was opened here."""

    def __init__(
        self,
        config: KomtetConfig,
        clock: Clock,
        note: Note = unheard,
        http: httpx2.AsyncClient | None = None,
    ) -> None:
        self._config, self._clock, self._note = config, clock, note
        self._own = http is None
        self._http = http or cloud.client(config.timeout, config.ca_file)
        self._numbers: dict[str, int] = {}  # attempt id -> number of the service's task
        self._told: dict[str, Told] = {}  # callbacks that name no number

    async def status(self) -> RegisterStatus:
        """The state of the queue; nothing is known of the registers behind it."""
        path = f"/api/shop/v2/queues/{self._config.queue_id}"
        try:
            status, raw = await self._sent("GET", path)
            if status != 200:
                raise errors.of_question(status, answers.read_refusal(raw))
            active = answers.read_queue(raw).state == "active"
        except (OutcomeUnknown, Malformed) as error:
            raise RegisterBlocked(BlockReason.NO_LINK, f"очередь не отвечает: {error}") from error
        return RegisterStatus(
            ready=active, block=None if active else BlockReason.NO_LINK, message="" if active else _PASSIVE,
            seller_inn=self._config.inn, ffd=self._config.ffd, model="Комтет Касса",
        )  # fmt: skip

    async def submit(self, attempt: Attempt) -> Registered:
        """Register the receipt, or raise what became of it (core/errors.py)."""
        number = await self._number(attempt)
        try:
            return await self._followed(attempt, number, self._config.patience)
        except (
            RegisterBlocked
        ) as error:  # the task is taken: that it cannot be asked for is no proof of anything
            raise OutcomeUnknown(error.message, code=error.code) from error

    async def locate(self, attempt: Attempt) -> Registered | Absent:
        """The same question under the same id; never ``Absent``: what is unknown there is registered now, once."""
        try:
            number = await self._number(attempt)
        except OutcomeUnknown:
            told = self._told.get(attempt.id)
            if told is None:
                raise
            return _settled(attempt, told.task, told.text)
        return await self._followed(attempt, number, self._config.poll_every)

    def heard(self, headers: Mapping[str, str], body: bytes) -> None:
        """A callback at the address that the service was given; passed over unless the service has signed it."""
        url = self._config.callback_url
        told = recognised(self._config.secret, url, headers, body) if url else None
        if told is not None:
            self.hear(told)

    def hear(self, told: Told) -> None:
        """Learn a task's number from a callback that ``recognised`` has found to be the service's."""
        if told.task.id is not None:
            _keep(self._numbers, told.attempt_id, told.task.id)
        elif told.task.state in {"done", "error"}:
            _keep(self._told, told.attempt_id, told)

    async def _number(self, attempt: Attempt) -> int:
        """The number of the attempt's task; made by a POST where we do not know it."""
        if attempt.id not in self._numbers:
            _keep(self._numbers, attempt.id, await self._post(attempt))
        return self._numbers[attempt.id]

    async def _post(self, attempt: Attempt) -> int:
        path = f"/api/shop/v2/queues/{self._config.queue_id}/task"
        status, raw = await self._sent("POST", path, encode(body_of(attempt, self._config)))
        if 200 <= status < 300:
            return _number_of(attempt, raw)
        refusal = answers.read_refusal(raw)
        if not errors.taken_before(status, refusal, attempt.id):
            raise errors.of_post(status, refusal)
        if attempt.id in self._numbers:  # a callback was quicker
            return self._numbers[attempt.id]
        raise OutcomeUnknown(_NAMELESS.format(attempt.id), code="external_id")

    async def _followed(self, attempt: Attempt, number: int, patience: float) -> Registered:
        until = self._clock.monotonic() + patience
        while True:
            status, raw = await self._sent("GET", f"/api/shop/v2/tasks/{number}")
            if status != 200:
                said = answers.read_refusal(raw).text
                raise OutcomeUnknown(f"задача {number} не читается: HTTP {status} {said}")
            task = _task(raw)
            if task.state in {"done", "error"}:
                return _settled(attempt, task, raw.decode("utf-8", "replace"))
            if self._clock.monotonic() >= until:
                raise OutcomeUnknown(f"задача {number} ещё в очереди сервиса / still waits at the service")
            await self._clock.sleep(self._config.poll_every)

    async def _sent(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        """Raises RegisterBlocked(NO_LINK) before the first byte, OutcomeUnknown after it."""
        url = self._config.base_url + path
        shown = f"{method} {url} {body.decode()}".rstrip()
        try:
            status, raw = await cloud.exchange(
                self._http, method, url, body, self._headers(method, url, body)
            )
        except cloud.LINE_FAULTS as fault:
            told = cloud.fault_of(fault)
            self._note(shown, told.message)
            raise told from fault
        self._note(shown, f"HTTP {status} {raw.decode('utf-8', 'replace')}")
        return status, raw

    def _headers(self, method: str, url: str, body: bytes) -> dict[str, str]:
        return {
            "Authorization": self._config.shop_id, "Accept": "application/json",
            HEADER: signature(self._config.secret, method, url, body),
        } | ({"Content-Type": "application/json"} if body else {})  # fmt: skip

    async def aclose(self) -> None:
        """Close the connections that were opened here."""
        if self._own:
            await self._http.aclose()


def _keep(shelf: dict[str, Any], key: str, value: Any) -> None:
    shelf[key] = value
    while len(shelf) > _REMEMBERED:
        del shelf[next(iter(shelf))]


def _task(raw: bytes) -> Task:
    try:
        return answers.read_task(raw)
    except Malformed as fault:
        raise OutcomeUnknown(f"непонятный ответ сервиса: {fault}") from fault


def _number_of(attempt: Attempt, raw: bytes) -> int:
    task = _task(raw)
    if task.id is None or task.external_id != attempt.id:
        raise OutcomeUnknown("сервис принял чек, но ответил не о нём / the answer is of another receipt")
    return task.id


def _settled(attempt: Attempt, task: Task, text: str) -> Registered:
    """What a task that is over came to; ``text`` is the service's answer, verbatim."""
    if task.external_id != attempt.id:
        raise OutcomeUnknown(f"ответ о чужом чеке {task.external_id} / of another receipt")
    if task.state == "error":
        raise Rejected(task.error_description or "ошибка без описания / an error without words", code="error")
    if task.fiscal_data is None:
        raise OutcomeUnknown("чек выполнен, но фискальных данных нет / done, and there is no document in it")
    try:
        return Registered(document=answers.document_of(attempt, task.fiscal_data), evidence=text)
    except (Malformed, ValueError) as fault:
        raise OutcomeUnknown(f"чек выполнен, но документ не читается: {fault}") from fault
