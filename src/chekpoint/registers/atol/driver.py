"""``Register`` over the web server of the ATOL driver v10, both generations of it.

The id of a task is the id of the attempt, and the server takes each id once: that is half of the proof that
no receipt is registered twice. The other half is the fiscal drive itself, which is read whenever the
server's word proves nothing.

Where an id is not known to the server after a lost answer, our POST may still be on its way (a server that
hung reads it later). So the id is *burnt*: a harmless task is put under it, and from then on a late POST is
answered with 409. Only after that can "there is no document" be said.
"""

import random
import secrets
from typing import Final
from uuid import UUID, uuid5

import httpx2

from chekpoint.core.clock import Clock
from chekpoint.core.errors import (
    BlockReason,
    NotSent,
    OutcomeUnknown,
    RegisterBlocked,
    RegisterError,
    Rejected,
)
from chekpoint.core.ports import (
    Absent,
    Attempt,
    Deed,
    Errand,
    ExchangeReading,
    FiscalDocument,
    Registered,
    RegisterStatus,
    Ticket,
)
from chekpoint.core.witness import Note, unheard
from chekpoint.fiscal.ffd import Ffd
from chekpoint.registers.atol import answers, archive
from chekpoint.registers.atol.answers import Malformed, TaskResult, TaskStatus
from chekpoint.registers.atol.errors import refusal
from chekpoint.registers.atol.match import Match, match
from chekpoint.registers.atol.session import Posted, Session
from chekpoint.registers.atol.state import Identity, Snapshot, identity, register_status
from chekpoint.registers.atol.tasks import Task, money, receipt_task
from chekpoint.registers.atol.web import AtolConfig, open_client

_SHIFT_IDS: Final = UUID("5d1b0f5e-6f0b-4d55-9a54-0f5f8d1c7a10")
_SHIFT_TRIES: Final = 16
_IDENTITY_KEPT: Final = 900.0  # seconds


class _Untouched(Exception):
    """The task was cancelled before it began."""


class AtolRegister:
    """One register behind the driver's web server. ``http`` is closed here only if it was opened here."""

    gives_tickets = False
    keeps_archive = True
    """See ``ticket``."""

    def __init__(
        self,
        config: AtolConfig,
        clock: Clock,
        http: httpx2.AsyncClient | None = None,
        chance: random.Random | None = None,
        note: Note = unheard,
    ) -> None:
        self._config = config
        self._own = http is None
        self._http = open_client(config) if http is None else http
        self._session = Session(config, clock, self._http, chance or secrets.SystemRandom(), note)
        self._clock = clock
        self._known: Identity | None = None
        self._known_until = 0.0  # monotonic seconds

    async def status(self) -> RegisterStatus:
        """What it says of itself. Raises RegisterBlocked when the server or the device does not answer."""
        why = await self._session.standstill()
        if why is not None:
            return RegisterStatus(ready=False, block=BlockReason.QUEUE_BLOCKED, message=_standstill(why))
        look = self._session.look
        fn_info = answers.part(await look("getFnInfo", "queryFnInfo"), "fnInfo")
        seen = Snapshot(
            device=answers.part(await look("getDeviceStatus", "queryDeviceStatus"), "deviceStatus"),
            shift=answers.part(await look("getShiftStatus", "queryShiftStatus"), "shiftStatus"),
            fn_info=fn_info,
            fn_status=answers.part(await look("getFnStatus", "queryFnStatus"), "fnStatus"),
            exchange=await look("ofdExchangeStatus", "queryOfdExchangeStatus"),
        )
        try:
            return register_status(seen, await self._identity(str(fn_info.get("serial") or "").strip()))
        except Malformed as fault:
            raise RegisterBlocked(BlockReason.CONFIGURATION, f"Непонятный ответ ККТ: {fault}") from fault

    async def _identity(self, fn: str) -> Identity:
        """Model, seller, operator and format version: read for each fiscal drive, and again from time to time.

        A register may be registered anew, or get another firmware, under our hands. When it is too busy to say
        that, what is known stays.
        """
        known = self._known if self._known is not None and self._known.fn == fn else None
        if known is not None and self._clock.monotonic() < self._known_until:
            return known
        try:
            self._known = known = await self._read_identity(fn)
        except (RegisterError, Malformed):
            if known is None:
                raise
        self._known_until = self._clock.monotonic() + _IDENTITY_KEPT
        return known

    async def _read_identity(self, fn: str) -> Identity:
        look = self._session.look
        device = answers.part(await look("getDeviceInfo", "queryDeviceInfo"), "deviceInfo")
        registration, _ = await archive.asked(self._session, {"type": "getRegistrationInfo"})
        return identity(fn, device, registration)

    async def _format(self) -> Ffd:
        known = self._known or await self._identity(await archive.drive_serial(self._session))
        try:
            return Ffd(known.ffd or "")
        except ValueError as fault:
            raise RegisterBlocked(
                BlockReason.CONFIGURATION, f"ККТ назвала неизвестную версию ФФД: {known.ffd}"
            ) from fault

    async def submit(self, attempt: Attempt) -> Registered:
        """Register the receipt. Raises Rejected, RegisterBlocked, NotSent or OutcomeUnknown.

        ``RegisterBlocked(NO_LINK)`` when no connection could be made, ``OutcomeUnknown`` for anything after
        the first byte that is not a clear answer.
        """
        task = receipt_task(attempt, await self._format())
        await self._refuse_standstill(attempt.id)
        posted = await self._session.post(attempt.id, task)
        try:
            found = await self._session.follow(attempt.id, self._config.poll_timeout)
            if found is not None and found.status is TaskStatus.WAIT:
                found = await self._withdrawn(attempt.id)
        except _Untouched:
            raise RegisterBlocked(BlockReason.BUSY, "Очередь ККТ не дошла до чека, он забран назад") from None
        except (RegisterBlocked, Malformed) as fault:
            raise OutcomeUnknown(f"Задание у веб-сервера, исход не прочитан: {fault}") from fault
        if found is None:
            raise _forgotten(posted)
        try:
            return self._submitted(attempt, found)
        except (RegisterBlocked, NotSent):
            if found.status is TaskStatus.ERROR:
                await archive.refuse_swapped(self._session, attempt)
            raise

    async def _refuse_standstill(self, uuid: str) -> None:
        """A queue that stands still would only hold the receipt. Unless it is already in there."""
        why = await self._session.standstill()
        if why is not None and await self._fetch(uuid) is None:
            raise RegisterBlocked(BlockReason.QUEUE_BLOCKED, _standstill(why))

    async def _withdrawn(self, uuid: str) -> TaskResult | None:
        """A task that has not begun in all that time is taken back: another register can have the receipt."""
        found = await self._session.withdraw(uuid)
        if found is not None and found.status is TaskStatus.CANCELED:
            raise _Untouched
        return found

    def _submitted(self, attempt: Attempt, found: TaskResult) -> Registered:
        match found.status:
            case TaskStatus.READY if found.fiscal is None:
                raise OutcomeUnknown("Под этим номером задания выполнен не чек, а проверка")
            case TaskStatus.READY:
                return self._by_word(attempt, found)
            case TaskStatus.ERROR:
                raise refusal(found.code, found.text, self._session.generation)
            case TaskStatus.CANCELED | TaskStatus.INTERRUPTED:
                raise NotSent(found.text or "Задание отменено до начала", code=str(found.code))
            case _:
                raise OutcomeUnknown(f"Задание ещё не закончено: {found.status}")

    def _by_word(self, attempt: Attempt, found: TaskResult) -> Registered:
        """The server's own word. ``recovered`` rests on "the number grew", which an outsider can make wrong."""
        warnings = answers.warnings_of(found)
        if "recovered" in warnings:
            raise OutcomeUnknown("Веб-сервер восстановил исход по номеру ФД: нужно сверить содержание")
        try:
            document = _document(attempt, found)
        except Malformed as fault:
            raise OutcomeUnknown(f"Чек выполнен, но ответ неполон: {fault}") from fault
        if not _plausible(attempt, document):
            raise OutcomeUnknown(f"Веб-сервер назвал чужой документ: ФД {document.fd_number}")
        return Registered(document=document, evidence=found.raw, warnings=warnings)

    async def locate(self, attempt: Attempt) -> Registered | Absent:
        """What became of an attempt. Any number of times; it never registers anything.

        Raises Rejected, OutcomeUnknown (cannot tell yet) or RegisterBlocked.
        """
        found = await self._fetch(attempt.id)
        if found is None:
            found = await self._burn(attempt.id)
        if found is not None and found.status is TaskStatus.WAIT:
            found = await self._taken_back(attempt.id)
        if found is not None and found.status.pending:
            raise OutcomeUnknown(f"Задание ещё не закончено: {found.status}")
        if found is not None and found.fiscal is not None:
            return await self._verified(attempt, found)
        return await self._by_drive(attempt, found)

    async def _fetch(self, uuid: str) -> TaskResult | None:
        try:
            return await self._session.fetch(uuid)
        except Malformed as fault:
            raise OutcomeUnknown(f"Непонятный ответ веб-сервера ККТ: {fault}") from fault

    async def _burn(self, uuid: str) -> TaskResult | None:
        """Make the id unusable for a POST that is still on its way; None once it is."""
        try:
            posted = await self._session.post(uuid, archive.FN_STATUS)
        except Rejected as fault:
            raise OutcomeUnknown(f"Веб-сервер не принял проверку: {fault}") from fault
        if posted is Posted.ACCEPTED:
            return None
        found = await self._fetch(uuid)  # the original arrived after all
        if found is None:
            raise _forgotten(posted)
        return found

    async def _taken_back(self, uuid: str) -> TaskResult | None:
        try:
            return await self._withdrawn(uuid)
        except _Untouched:
            return None
        except Malformed as fault:
            raise OutcomeUnknown(f"Непонятный ответ веб-сервера ККТ: {fault}") from fault

    async def _verified(self, attempt: Attempt, found: TaskResult) -> Registered | Absent:
        """The server says it is registered: the drive may contradict, and then the whole drive is read."""
        try:
            document = _document(attempt, found)
        except Malformed:
            return await self._by_drive(attempt, found)
        if not _plausible(attempt, document):
            return await self._by_drive(attempt, found)
        if await archive.drive_serial(self._session) == document.fn:
            read = await archive.read(self._session, document.fd_number, document.fn)
            if read is not None and match(attempt, read[0]) is Match.OTHER:
                return await self._by_drive(attempt, found)
        return Registered(document=document, evidence=found.raw, warnings=answers.warnings_of(found))

    async def _by_drive(self, attempt: Attempt, found: TaskResult | None) -> Registered | Absent:
        """Read every document since the attempt; only then is absence a fact."""
        document, evidence = await archive.find(self._session, attempt)
        if document is not None:
            return Registered(document=document, evidence=evidence)
        if found is not None and found.status is TaskStatus.ERROR:
            fault = refusal(found.code, found.text, self._session.generation)
            if isinstance(fault, Rejected):
                raise fault
            evidence = f"{evidence}. Веб-сервер: {found.code} {found.text}"
        return Absent(evidence=evidence)

    async def document(self, fd_number: int) -> FiscalDocument | None:
        """Read one document back; None when the drive has it no more or not yet. Raises RegisterBlocked."""
        found = await archive.read(self._session, fd_number, await archive.drive_serial(self._session))
        return found[0].document if found else None

    async def open_shift(self) -> FiscalDocument | None:
        """Open a shift; None when one was open. Raises OutcomeUnknown when the answer was lost."""
        return None if await self._shift() != "closed" else await self._turn("openShift", 2, already=83)

    async def close_shift(self) -> FiscalDocument | None:
        """Close the shift; None when it was closed. Raises OutcomeUnknown when the answer was lost."""
        return None if await self._shift() == "closed" else await self._turn("closeShift", 5, already=73)

    async def _shift(self) -> str:
        answer = await self._session.look("getShiftStatus", "queryShiftStatus")
        return str(answers.part(answer, "shiftStatus").get("state"))

    async def _turn(self, kind: str, document: int, *, already: int) -> FiscalDocument | None:
        """Run a shift task under an id made of the drive and its last document: asked twice, done once.

        A failure stays under its id for 30 days, so each stored failure moves on to the next id.
        """
        fn, last = await archive.drive_serial(self._session), await archive.last_number(self._session)
        for turn in range(_SHIFT_TRIES):
            uuid = str(uuid5(_SHIFT_IDS, f"{kind}:{fn}:{last}:{turn}"))
            posted = await self._session.post(uuid, self._shift_task(kind))
            found = await self._outcome(uuid)
            if found.status is TaskStatus.READY:
                return _shift_document(found, document)
            if found.code == already and posted is Posted.ACCEPTED:
                return None
            if posted is Posted.ACCEPTED:
                raise refusal(found.code, found.text, self._session.generation)
        raise RegisterBlocked(BlockReason.BUSY, "Смену не удалось перевести: все попытки отклонены")

    async def _outcome(self, uuid: str) -> TaskResult:
        """The final state of a shift task; anything else leaves it open and the status will tell."""
        try:
            found = await self._session.follow(uuid, self._config.poll_timeout)
        except (RegisterBlocked, Malformed) as fault:
            raise OutcomeUnknown(f"Исход операции со сменой не прочитан: {fault}") from fault
        if found is None or found.status.pending or (found.status is TaskStatus.READY and not found.fiscal):
            raise OutcomeUnknown("Исход операции со сменой ещё неизвестен")
        return found

    def _shift_task(self, kind: str) -> Task:
        name, inn = self._config.operator_name, self._config.operator_inn
        task: Task = {"type": kind, "electronically": True}
        if name:
            task["operator"] = {"name": name, "vatin": inn} if inn else {"name": name}
        return task

    async def run(self, errand: Errand) -> str:
        """An X report, or money into the drawer or out of it: a task under the errand's own id, so done once."""
        cash = errand.deed is Deed.CASH
        kind = "reportX" if not cash else "cashIn" if errand.kopecks > 0 else "cashOut"
        task = self._shift_task(kind) | ({"cashSum": money(abs(errand.kopecks))} if cash else {})
        await self._session.post(errand.id, task)
        try:
            found = await self._session.follow(errand.id, self._config.poll_timeout)
        except (RegisterBlocked, Malformed) as fault:
            raise OutcomeUnknown(f"Исход не прочитан: {fault}") from fault
        if found is None or found.status.pending:
            raise OutcomeUnknown("Исход ещё неизвестен")
        if found.status is not TaskStatus.READY:
            raise refusal(found.code, found.text, self._session.generation)
        return found.raw

    async def exchange(self) -> ExchangeReading:
        """The exchange counter: what is below ``unsent_first_fd`` (everything, when none waits) has left.

        That the queue goes in the order of document numbers is inferred from how a drive works, not stated
        by the maker. Raises RegisterBlocked.
        """
        fn = await archive.drive_serial(self._session)
        answer = await self._session.look("ofdExchangeStatus", "queryOfdExchangeStatus")
        try:
            return answers.exchange_reading(answer, fn, archive.verbatim(answer))
        except Malformed as fault:
            raise RegisterBlocked(BlockReason.CONFIGURATION, f"Непонятный ответ ККТ: {fault}") from fault

    async def ticket(self, fd_number: int) -> Ticket | None:
        """Always None: no JSON task reads a ticket; only the native driver can.

        Its constant is LIBFPTR_FNDT_TICKET_BY_DOC_NUMBER. So the proof of these registers climbs on from
        ``sent_to_ofd`` by the operator's own account API.
        """
        del fd_number
        return None

    async def aclose(self) -> None:
        """Close the connection that was opened here."""
        if self._own:
            await self._http.aclose()


def _document(attempt: Attempt, found: TaskResult) -> FiscalDocument:
    receipt = attempt.receipt
    code = 31 if receipt.correction is not None else 3
    return answers.registered(found, kind=receipt.kind.code, document=code)


def _plausible(attempt: Attempt, document: FiscalDocument) -> bool:
    """The first generation recovers without saying so, and takes a shift that opened by itself for our receipt.

    It then answers with the last receipt there is, which is somebody else's.
    """
    is_new = document.fn != attempt.fn or document.fd_number > attempt.last_fd
    return is_new and document.total == attempt.receipt.amount


def _shift_document(found: TaskResult, code: int) -> FiscalDocument:
    try:
        return answers.registered(found, kind=0, document=code)
    except Malformed as fault:
        raise OutcomeUnknown(f"Операция со сменой выполнена, но ответ неполон: {fault}") from fault


def _standstill(why: str) -> str:
    return "Очередь веб-сервера ККТ остановлена" + (f": {why}" if why else "")


def _forgotten(posted: Posted) -> RegisterBlocked | OutcomeUnknown:
    """409 for an id that the server does not know: newer ones say so of a device that is not activated."""
    if posted is Posted.KNOWN:
        return RegisterBlocked(BlockReason.CONFIGURATION, "ККТ не активирована на веб-сервере (HTTP 409)")
    return OutcomeUnknown("Веб-сервер принял задание и забыл его")
