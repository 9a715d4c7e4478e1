"""``Register`` over OrangeData.

Our id is ``id``. The service takes each one once: another POST under it answers 409 and makes nothing. So what is
asked for and not found may be sent again under the same id: if the first request was only late, one of the two gets
409. An id whose time in the queue is over (524) makes nothing any more.

HTTP 200 means signed by a fiscal drive of the group; that the operator took it must be proven elsewhere.
"""

from typing import Final

import httpx2

from chekpoint.core.clock import Clock
from chekpoint.core.errors import BlockReason, NotSent, OutcomeUnknown, RegisterBlocked, Rejected
from chekpoint.core.ports import Absent, Attempt, Registered, RegisterStatus
from chekpoint.core.witness import Note, unheard
from chekpoint.registers import cloud
from chekpoint.registers.cloud import Cloud, Malformed
from chekpoint.registers.cloud_body import encode
from chekpoint.registers.orange_data import answers, errors
from chekpoint.registers.orange_data.answers import Devices
from chekpoint.registers.orange_data.body import body_of, section
from chekpoint.registers.orange_data.config import OrangeDataConfig
from chekpoint.registers.orange_data.keys import KeyFault, Signer, signer, tls_context

_FIRST_PAUSE: Final = 0.5  # most receipts are made within seconds; then each pause is twice as long
_SILENT: Final = (
    "сервис не отвечает; так бывает и тогда, когда он не принял сертификат клиента /"
    " the service does not answer, or does not take the client certificate"
)


class OrangeDataRegister(Cloud):
    """One group of registers of one client. ``http`` is closed here only if it was opened here.

    Keys are read once, here; where one cannot be read, every question is answered RegisterBlocked(CONFIGURATION).
    """

    def __init__(
        self,
        config: OrangeDataConfig,
        clock: Clock,
        note: Note = unheard,
        http: httpx2.AsyncClient | None = None,
    ) -> None:
        self._config, self._clock, self._note = config, clock, note
        self._own = http is None
        self._http, self._signer, self._fault = http, None, ""
        try:
            self._signer = signer(config)
            self._http = http or cloud.client(config.timeout, tls_context(config))
        except KeyFault as fault:
            self._fault = str(fault)

    async def status(self) -> RegisterStatus:
        """The registers of the group, and how far they have told their operator."""
        path = f"/api/v2/devices/status/{self._config.inn}/{self._config.group}"
        try:
            status, raw = await self._sent("GET", path)
            if status != 200:
                raise errors.of_question(status, answers.read_refusal(raw))
            found = answers.read_devices(raw)
        except (OutcomeUnknown, Malformed) as error:
            raise RegisterBlocked(BlockReason.NO_LINK, f"{_SILENT}: {error}") from error
        return self._told(found)

    def _told(self, found: Devices) -> RegisterStatus:
        ready = bool(found.devices)
        return RegisterStatus(
            ready=ready, block=None if ready else BlockReason.CONFIGURATION,
            message="" if ready else "В группе нет касс / the group has no registers",
            seller_inn=self._config.inn, ffd=self._config.ffd, model="OrangeData", unsent_count=found.unsent,
            unsent_since=found.unsent_since, fn_valid_until=found.valid_until,
            serial=found.devices[0].device_sn if len(found.devices) == 1 else None,
        )  # fmt: skip

    async def submit(self, attempt: Attempt) -> Registered:
        """Register the receipt, or raise what became of it (core/errors.py)."""
        await self._post(attempt)
        try:
            found = await self._followed(attempt, self._config.patience)
        except RegisterBlocked as error:  # it is taken: that it cannot be asked for is no proof of anything
            raise OutcomeUnknown(error.message, code=error.code) from error
        if isinstance(found, Absent):
            raise NotSent(found.evidence, code=str(errors.EXPIRED))
        return found

    async def locate(self, attempt: Attempt) -> Registered | Absent:
        """Ask by our id; what is unknown there is sent again under it, once made. ``Absent`` is 524 alone."""
        found = await self._asked(attempt)
        if found is not None:
            return found
        await self._post(attempt)
        return await self._followed(attempt, _FIRST_PAUSE)

    async def _post(self, attempt: Attempt) -> None:
        """The document is the service's when this returns."""
        path = f"/api/v2/{section(attempt.receipt, self._config)}/"
        status, raw = await self._sent("POST", path, encode(body_of(attempt, self._config)))
        if status not in errors.TAKEN:
            raise errors.of_post(status, answers.read_refusal(raw))

    async def _followed(self, attempt: Attempt, patience: float) -> Registered | Absent:
        until, pause = self._clock.monotonic() + patience, min(_FIRST_PAUSE, self._config.poll_every)
        while True:
            try:
                found = await self._asked(attempt)
            except _StillWaiting:
                if self._clock.monotonic() >= until:
                    raise
                found = None
            if found is not None:
                return found
            if self._clock.monotonic() >= until:
                raise OutcomeUnknown("сервис принял чек и не находит его / it is taken, and is not found")
            await self._clock.sleep(pause)
            pause = min(pause * 2, self._config.poll_every)

    async def _asked(self, attempt: Attempt) -> Registered | Absent | None:
        """One question; None: the service knows nothing under our id. Raises as ``locate``."""
        path = f"/api/v2/{section(attempt.receipt, self._config)}/{self._config.inn}/status/{attempt.id}"
        status, raw = await self._sent("GET", path)
        text = raw.decode("utf-8", "replace")
        match status:
            case 200:
                return self._made(attempt, raw, text)
            case errors.WAITING:
                raise _StillWaiting("чек ещё в очереди сервиса / the receipt still waits at the service")
            case errors.NOT_FOUND:
                return None
            case errors.EXPIRED:
                return Absent(
                    evidence=f"HTTP 524: срок в очереди истёк / its time in the queue is over. {text}"
                )
            case errors.MARK_REFUSED:
                said = answers.read_refusal(raw)
                raise Rejected(said or "код маркировки не прошёл проверку / the mark is refused", code="422")
            case 401 | 403 | 429 | 503:
                raise errors.of_question(status, answers.read_refusal(raw))
        raise OutcomeUnknown(f"непонятный ответ: HTTP {status} {text[:500]}", code=str(status))

    def _made(self, attempt: Attempt, raw: bytes, text: str) -> Registered:
        try:
            document = answers.document_of(attempt, self._config.inn, answers.read_result(raw))
        except (Malformed, ValueError) as fault:
            raise OutcomeUnknown(f"чек выполнен, но документ не читается: {fault}") from fault
        return Registered(document=document, evidence=text)

    async def _sent(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        """Raises RegisterBlocked where nothing was looked at, OutcomeUnknown elsewhere."""
        if self._http is None or self._signer is None:
            raise RegisterBlocked(BlockReason.CONFIGURATION, self._fault, code="keys")
        url = self._config.base_url + path
        shown = f"{method} {url} {body.decode()}".rstrip()
        headers = {"Accept": "application/json"} | (_signed(self._signer, body) if body else {})
        try:
            status, raw = await cloud.exchange(self._http, method, url, body, headers)
        except cloud.LINE_FAULTS as fault:
            told = errors.of_line(fault)
            self._note(shown, told.message)
            raise told from fault
        self._note(shown, f"HTTP {status} {raw.decode('utf-8', 'replace')}".rstrip())
        if raw.lstrip().startswith(
            b"<"
        ):  # a page of something between us; its 400 or 524 says nothing of the receipt
            raise OutcomeUnknown(f"ответил не сервис / not the service has answered: HTTP {status}")
        return status, raw

    async def aclose(self) -> None:
        """Close the connections that were opened here."""
        if self._own and self._http is not None:
            await self._http.aclose()


class _StillWaiting(OutcomeUnknown):
    """The service has the receipt and is not through with it."""


def _signed(by: Signer, body: bytes) -> dict[str, str]:
    return {"Content-Type": "application/json; charset=utf-8", "X-Signature": by.sign(body)}
