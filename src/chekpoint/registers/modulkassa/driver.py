"""``Register`` over ModulKassa.

Our id is the document's ``id``. What the service does on a second POST of one id nobody has written down: it may answer
the first document's state, refuse, or make another document. So none is sent lightly. The state is asked for first,
always; after a lost answer the document is sent again, under the same id, only when the service has said for
``quiet`` seconds that it does not know it: by then a request that was on its way has arrived or is gone. A refusal of a
document is believed only after its state was asked for once more.

PRINTED, WAIT_FOR_CALLBACK and COMPLETED all mean signed by a fiscal drive of the point; that the operator took it must
be proven elsewhere.
"""

from datetime import timedelta
from math import inf
from typing import Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

import httpx2

from chekpoint.core.clock import Clock
from chekpoint.core.errors import (
    BlockReason,
    OutcomeUnknown,
    RegisterBlocked,
    RegisterError,
    Rejected,
)
from chekpoint.core.ports import Absent, Attempt, Registered, RegisterStatus
from chekpoint.core.witness import Note, unheard
from chekpoint.registers import cloud
from chekpoint.registers.cloud import Cloud, Malformed
from chekpoint.registers.cloud_body import encode
from chekpoint.registers.modulkassa import answers
from chekpoint.registers.modulkassa.answers import DocumentStatus
from chekpoint.registers.modulkassa.body import body_of
from chekpoint.registers.modulkassa.config import ModulKassaConfig
from chekpoint.registers.modulkassa.words import DRIVE_IS_OVER, FISCALISED

_BLOCKED: Final = {
    401: BlockReason.ACCESS, 402: BlockReason.ACCESS, 403: BlockReason.ACCESS, 405: BlockReason.CONFIGURATION,
    429: BlockReason.BUSY,
}  # fmt: skip
_UNKNOWN: Final = frozenset(
    {400, 404}
)  # the page gives 400 for a question that has no answer; 404 is its like
_REMEMBERED: Final = 4096
_WAITS: Final = "документ {0} ещё в очереди сервиса / still waits at the service"
_QUIET: Final = (
    "сервис не знает документа {0}; он будет отправлен ещё раз под тем же номером через {1:.0f} с /"
    " the service does not know this document yet; it is sent again later"
)


class ModulKassaRegister(Cloud):
    """One retail point. ``http`` is closed here only if it was opened here."""

    def __init__(
        self,
        config: ModulKassaConfig,
        clock: Clock,
        note: Note = unheard,
        http: httpx2.AsyncClient | None = None,
    ) -> None:
        self._config, self._clock, self._note = config, clock, note
        self._own = http is None
        self._http = http or cloud.client(config.timeout, config.ca_file)
        self._access = httpx2.BasicAuth(config.user_name, config.password)
        self._base = config.base_url.rstrip("/")
        self._missing: dict[str, float] = {}  # attempt id -> since when (monotonic) it is sent and not known

    async def status(self) -> RegisterStatus:
        """What the service says of the point, and how long ago it heard of its register."""
        try:
            status, raw = await self._sent("GET", "/v1/status")
            if status != 200:
                raise _refused(status, raw)
            point = answers.read_point(raw)
            block, message = self._trouble(point)
        except (OutcomeUnknown, Malformed) as error:
            raise RegisterBlocked(BlockReason.NO_LINK, f"сервис не отвечает: {error}") from error
        return RegisterStatus(
            ready=block is None, block=block, message=message, seller_inn=self._config.inn, ffd=self._config.ffd,
            model="МодульКасса",
        )  # fmt: skip

    def _trouble(self, point: answers.PointStatus) -> tuple[BlockReason | None, str]:
        if point.status == "DISABLED":
            return BlockReason.CONFIGURATION, "торговая точка отключена / the retail point is disabled"
        if point.status == "ASSOCIATED" and not self._config.test_point:
            return (
                BlockReason.NO_LINK,
                "касса точки ещё не выходила на связь / its register was never heard of",
            )
        if point.dateTime and not self._config.test_point:
            silent = self._clock.now() - answers.moment(point.dateTime)
            if silent > timedelta(seconds=self._config.stale_after):
                return (
                    BlockReason.NO_LINK,
                    f"касса точки молчит с {point.dateTime} / its register is out of contact",
                )
        # FAILED does not keep the service from queueing, and only a next document can clear it.
        return (
            None,
            "последний документ не пробит / the last document failed" if point.status == "FAILED" else "",
        )

    async def submit(self, attempt: Attempt) -> Registered:
        """Register the receipt, or raise what became of it (core/errors.py)."""
        try:
            state = await self._state(attempt)
        except OutcomeUnknown:  # nothing was sent: locate need not wait for anything to arrive
            self._missing.setdefault(attempt.id, -inf)
            raise
        if state is None:
            state = await self._post(attempt)
        try:
            return await self._followed(attempt, state, self._config.patience)
        except RegisterBlocked as error:
            if error.reason is BlockReason.FISCAL_DRIVE_FULL:
                raise
            # The document is taken: that it cannot be asked for is no proof of anything.
            raise OutcomeUnknown(error.message, code=error.code) from error

    async def locate(self, attempt: Attempt) -> Registered | Absent:
        """Its state under our id. Unknown for ``quiet`` seconds: it is sent again, under the same id."""
        state = await self._state(attempt)
        if state is None:
            self._wait_quietly(attempt)
            state = await self._post(attempt)
        try:
            return await self._followed(attempt, state, self._config.poll_every)
        except RegisterBlocked as error:
            if error.reason is BlockReason.FISCAL_DRIVE_FULL:
                return Absent(evidence=error.message)
            raise

    def _wait_quietly(self, attempt: Attempt) -> None:
        """Raises OutcomeUnknown while a request that was sent before may still be on its way."""
        now = self._clock.monotonic()
        left = self._missing.setdefault(attempt.id, now) + self._config.quiet - now
        if left > 0:
            raise OutcomeUnknown(_QUIET.format(attempt.id, left))

    async def _state(self, attempt: Attempt) -> tuple[DocumentStatus, str] | None:
        """What the service has under our id, and its text; None: it has nothing."""
        status, raw = await self._sent("GET", f"/v1/doc/{quote(attempt.id, safe='')}/status")
        if status in _UNKNOWN:
            return None
        if status != 200:
            raise _refused(status, raw)
        self._missing.pop(attempt.id, None)
        return _document(raw)

    async def _post(self, attempt: Attempt) -> tuple[DocumentStatus, str]:
        """Send the document. From the first byte on it counts as sent, until its state is seen."""
        now = self._clock.now().astimezone(ZoneInfo(self._config.zone))
        body = encode(body_of(attempt, self._config, now))
        before = self._missing.get(attempt.id)
        self._sends(attempt)
        try:
            status, raw = await self._sent("POST", "/v2/doc", body)
        except RegisterBlocked:
            self._restore(attempt, before)
            raise
        if status == 200:
            self._missing.pop(attempt.id, None)
            return _document(raw)
        if status in _BLOCKED:
            self._restore(attempt, before)
            raise _refused(status, raw)
        if status not in _UNKNOWN:
            raise OutcomeUnknown(f"{_words(status, raw)} (HTTP {status})")
        return await self._doubted(attempt, status, raw)

    async def _doubted(self, attempt: Attempt, status: int, raw: bytes) -> tuple[DocumentStatus, str]:
        """Refused: for its content, or because the id is there by now? The state tells."""
        try:
            known = await self._state(attempt)
        except RegisterBlocked as error:
            raise OutcomeUnknown(f"{_words(status, raw)}; {error.message}") from error
        if known is not None:
            return known
        if status == 404:
            raise RegisterBlocked(BlockReason.CONFIGURATION, _words(status, raw), code="404")
        raise Rejected(_words(status, raw), code=answers.read_refusal(raw).error or "400")

    def _sends(self, attempt: Attempt) -> None:
        self._missing[attempt.id] = self._clock.monotonic()
        while len(self._missing) > _REMEMBERED:
            del self._missing[next(iter(self._missing))]

    def _restore(self, attempt: Attempt, since: float | None) -> None:
        """Nothing left this time: what was before stands."""
        if since is None:
            self._missing.pop(attempt.id, None)
        else:
            self._missing[attempt.id] = since

    async def _followed(
        self, attempt: Attempt, state: tuple[DocumentStatus, str], patience: float
    ) -> Registered:
        until = self._clock.monotonic() + patience
        found, text = state
        while True:
            if found.status in FISCALISED:
                return _done(attempt, found, text, self._config.zone)
            if found.status == "FAILED":
                raise _failure(found)
            if self._clock.monotonic() >= until:
                raise OutcomeUnknown(_WAITS.format(attempt.id))
            await self._clock.sleep(self._config.poll_every)
            again = await self._state(attempt)
            if again is None:
                raise OutcomeUnknown(f"сервис потерял документ {attempt.id} / it has forgotten the document")
            found, text = again

    async def _sent(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        """Raises RegisterBlocked(NO_LINK) before the first byte, OutcomeUnknown after it."""
        shown = f"{method} {self._base}{path} {body.decode()}".rstrip()
        headers = {"Accept": "application/json"} | ({"Content-Type": "application/json"} if body else {})
        try:
            status, raw = await cloud.exchange(
                self._http, method, self._base + path, body, headers, auth=self._access
            )
        except cloud.LINE_FAULTS as fault:
            told = cloud.fault_of(fault)
            self._note(shown, told.message)
            raise told from fault
        self._note(shown, f"HTTP {status} {raw.decode('utf-8', 'replace')}")
        return status, raw

    async def aclose(self) -> None:
        """Close the connections that were opened here."""
        if self._own:
            await self._http.aclose()


def _words(status: int, raw: bytes) -> str:
    refusal = answers.read_refusal(raw)
    return (
        refusal.message
        or refusal.error
        or f"сервис отказал без объяснения / refused without words (HTTP {status})"
    )


def _refused(status: int, raw: bytes) -> RegisterBlocked | OutcomeUnknown:
    """A question, or a document that was not looked at."""
    if status in _BLOCKED:
        return RegisterBlocked(_BLOCKED[status], _words(status, raw), code=str(status))
    return OutcomeUnknown(f"{_words(status, raw)} (HTTP {status})", code=str(status))


def _document(raw: bytes) -> tuple[DocumentStatus, str]:
    try:
        return answers.read_document(raw), raw.decode("utf-8", "replace")
    except Malformed as fault:
        raise OutcomeUnknown(f"непонятный ответ сервиса: {fault}") from fault


def _failure(found: DocumentStatus) -> RegisterError:
    """FAILED is final unless somebody re-queues the document: a person does, knowing it."""
    failure = found.failureInfo or answers.FailureInfo()
    text = failure.message or found.message or failure.type
    if failure.type in DRIVE_IS_OVER:
        return RegisterBlocked(BlockReason.FISCAL_DRIVE_FULL, text, code=failure.type)
    return Rejected(text, code=failure.type)


def _done(attempt: Attempt, found: DocumentStatus, text: str, zone: str) -> Registered:
    if found.fiscalInfo is None:
        raise OutcomeUnknown(
            "документ пробит, но фискальных данных нет / done, and there is no document in it"
        )
    try:
        return Registered(document=answers.document_of(attempt, found.fiscalInfo, zone), evidence=text)
    except (Malformed, ValueError) as fault:
        raise OutcomeUnknown(f"документ пробит, но не читается: {fault}") from fault
