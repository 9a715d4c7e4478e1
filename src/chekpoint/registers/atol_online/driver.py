"""``Register`` over ATOL Online.

Our id is ``external_id``. The service takes each one once: a second POST under it answers error 33 with the
uuid of the first, which is success. So after a lost answer the very same request is asked again: if the first
one had arrived, it is found; if not, this one registers the receipt, once. A refusal is final, its id is used
up, and the next attempt has another one.

``done`` means signed by a fiscal drive of the group; that the operator took it must be proven elsewhere.
"""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import httpx2

from chekpoint.core.clock import Clock
from chekpoint.core.errors import BlockReason, OutcomeUnknown, RegisterBlocked
from chekpoint.core.ports import Absent, Attempt, Registered, RegisterStatus
from chekpoint.core.witness import Note, unheard
from chekpoint.registers import cloud
from chekpoint.registers.atol_online import answers, errors
from chekpoint.registers.atol_online.answers import Answer
from chekpoint.registers.atol_online.body import body_of, operation
from chekpoint.registers.atol_online.config import AtolOnlineConfig
from chekpoint.registers.cloud import Cloud, Malformed
from chekpoint.registers.cloud_body import encode

_NOBODY: Final = "00000000-0000-4000-8000-000000000000"


class AtolOnlineRegister(Cloud):
    """One group of registers of one account. ``http`` is closed here only if it was opened here."""

    def __init__(
        self,
        config: AtolOnlineConfig,
        clock: Clock,
        note: Note = unheard,
        http: httpx2.AsyncClient | None = None,
    ) -> None:
        self._config, self._clock, self._note = config, clock, note
        self._own = http is None
        self._http = http or cloud.client(config.timeout, config.ca_file)
        self._base = f"{config.base_url.rstrip('/')}/{config.version}"
        self._token: str | None = None

    async def status(self) -> RegisterStatus:
        """Does the account open? Nothing is known of the group's registers, which the service chooses itself."""
        await self._asked("GET", f"/{self._config.group_code}/report/{_NOBODY}")  # "no such receipt" is well
        ffd = "1.05" if self._config.version == "v4" else "1.2"
        return RegisterStatus(ready=True, seller_inn=self._config.inn, ffd=ffd, model="АТОЛ Онлайн")

    async def submit(self, attempt: Attempt) -> Registered:
        """Register the receipt, or raise what became of it (core/errors.py)."""
        return await self._registered(attempt, self._config.patience)

    async def locate(self, attempt: Attempt) -> Registered | Absent:
        """The same question under the same id; never ``Absent``: what is unknown there is registered now, once."""
        return await self._registered(attempt, self._config.poll_every)

    async def _registered(self, attempt: Attempt, patience: float) -> Registered:
        now = self._clock.now().astimezone(ZoneInfo(self._config.zone))
        uuid = await self._post(attempt, now)
        try:
            return await self._followed(attempt, uuid, patience)
        except RegisterBlocked as blocked:
            if blocked.code == errors.WRONG_GROUP:  # a final answer: nothing was tried
                raise
            # The service has the receipt: nothing that stands in the way of asking may give it to another register.
            raise OutcomeUnknown(f"чек принят сервисом, исход не прочитан: {blocked.message}") from blocked

    async def _followed(self, attempt: Attempt, uuid: str, patience: float) -> Registered:
        until = self._clock.monotonic() + patience
        while True:
            found, text = await self._report(uuid)
            if found.status == "done":
                return _done(attempt, found, text)
            if found.status == "fail":
                fault = found.error or answers.Fault(text="fail")
                raise errors.of_fail(fault.type, fault.code, fault.text)
            if self._clock.monotonic() >= until:
                raise OutcomeUnknown(f"Чек {uuid} ещё в очереди сервиса / still waits at the service")
            await self._clock.sleep(self._config.poll_every)

    async def _post(self, attempt: Attempt, now: datetime) -> str:
        """Under our id; the service's uuid of it, of this request or of the first one."""
        body = encode(body_of(attempt, self._config, now))
        path = f"/{self._config.group_code}/{operation(attempt.receipt)}"
        answer, _text, status = await self._asked("POST", path, body)
        fault = answer.error
        if answer.uuid and (status < 300 or (fault is not None and fault.code == errors.EXISTS)):
            return answer.uuid
        if fault is None:
            raise OutcomeUnknown(f"непонятный ответ / cannot be understood: HTTP {status}")
        raise errors.of_post(fault.code, fault.text, status)

    async def _report(self, uuid: str) -> tuple[Answer, str]:
        answer, text, status = await self._asked("GET", f"/{self._config.group_code}/report/{uuid}")
        if answer.status not in {"done", "fail", "wait"} or status >= 500:
            fault = answer.error
            raise OutcomeUnknown(f"отчёт не читается: HTTP {status} {fault.text if fault else ''}")
        return answer, text

    async def _asked(self, method: str, path: str, body: bytes | None = None) -> tuple[Answer, str, int]:
        """One question under a token; with a new one, once, where the old one is not taken any more.

        A request that was refused for its token was not looked at, so that asking again sends it once.
        """
        token = await self._sign_in(fresh=False)
        answer, text, status = await self._sent(method, path, body, token)
        if status == 401 and answer.error is not None and answer.error.code in errors.TOKEN:
            token = await self._sign_in(fresh=True)
            answer, text, status = await self._sent(method, path, body, token)
        return answer, text, status

    async def _sign_in(self, *, fresh: bool) -> str:
        """The token (24 h). Raises RegisterBlocked: nothing was sent of any receipt."""
        if self._token is not None and not fresh:
            return self._token
        login = {"login": self._config.login, "pass": self._config.password}
        try:
            answer, _text, status = await self._sent("POST", "/getToken", encode(login), None)
        except OutcomeUnknown as error:
            raise RegisterBlocked(BlockReason.NO_LINK, error.message) from error
        if not answer.token:
            text = answer.error.text if answer.error else f"HTTP {status}"
            reason = BlockReason.ACCESS if status in {400, 401, 403} else BlockReason.NO_LINK
            raise RegisterBlocked(reason, f"сервис не дал токен: {text}")
        self._token = answer.token
        return self._token

    async def _sent(
        self, method: str, path: str, body: bytes | None, token: str | None
    ) -> tuple[Answer, str, int]:
        """Raises RegisterBlocked(NO_LINK) before the first byte, OutcomeUnknown after it."""
        shown = f"{method} {self._base}{path} " + (body.decode() if body and token else "")
        headers = {"Content-Type": "application/json; charset=utf-8"} | ({"Token": token} if token else {})
        try:
            status, raw = await cloud.exchange(self._http, method, self._base + path, body or b"", headers)
        except cloud.LINE_FAULTS as fault:
            told = cloud.fault_of(fault)
            self._note(shown, told.message)
            raise told from fault
        text = raw.decode("utf-8", "replace")
        self._note(shown, f"HTTP {status} {answers.masked(text)}")
        try:
            return answers.read(raw), text, status
        except Malformed as fault:
            raise OutcomeUnknown(f"непонятный ответ сервиса (HTTP {status}): {fault}") from fault

    async def aclose(self) -> None:
        """Close the connections that were opened here."""
        if self._own:
            await self._http.aclose()


def _done(attempt: Attempt, found: Answer, text: str) -> Registered:
    if found.payload is None:
        raise OutcomeUnknown("чек выполнен, но отчёт пуст / done, and the report is empty")
    if found.external_id not in {None, attempt.id}:
        raise OutcomeUnknown(f"отчёт о чужом чеке {found.external_id} / of another receipt")
    try:
        return Registered(document=answers.document_of(attempt, found.payload), evidence=text)
    except (Malformed, ValueError) as fault:
        raise OutcomeUnknown(f"чек выполнен, но отчёт не читается: {fault}") from fault
