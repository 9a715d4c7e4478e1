"""The service: accounts, tokens, a queue in front of a group's registers, reports and callbacks."""

import asyncio
import json
import secrets
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import httpx2
import msgspec

from chekpoint.core.clock import Clock
from chekpoint.emulators.atol_cloud.content import Taken, taken
from chekpoint.emulators.atol_cloud.ledger import Entry, Ledger
from chekpoint.emulators.cloud_content import Wrong
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

TOKEN_SECONDS: Final = 24 * 3600
REPORT_SECONDS: Final = 32 * 86400
QUEUE_SECONDS: Final = 300.0
WRONG_INN: Final = "ИНН, указанный в чеке {0}, не соответствует ИНН группы касс {1}. Попыток регистрировать чек не производилось."
CONTENT: Final = 148  # of the driver: the content cannot be registered (which code it is matters to nobody)
EXPIRED: Final = 68
_DRIVER_CODES: Final = {DriveCode.SHIFT_EXPIRED: 68, DriveCode.OFD_OVERDUE: 237, DriveCode.ARCHIVE_FULL: 212}


class CloudSetup(msgspec.Struct, frozen=True, kw_only=True):
    """One account with one group."""

    login: str = "chekpoint"
    password: str = "password"  # noqa: S105 - of a test double
    group_code: str = "group"
    inn: str = "7700000016"
    queue_seconds: float = QUEUE_SECONDS  # after which a receipt that no register could take fails


class Answered(Exception):
    """An answer that is no success: HTTP status and JSON."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        super().__init__(str(body))
        self.status, self.body = status, body


class AtolCloud:
    """The state of the service; ``registers`` are the group's."""

    def __init__(
        self,
        setup: CloudSetup,
        registers: Sequence[EmulatedRegister],
        *,
        clock: Clock,
        path: Path | None = None,
    ) -> None:
        self.setup, self.registers, self.clock = setup, registers, clock
        self.ledger = Ledger(path)
        self.tokens: dict[str, float] = {}  # token -> monotonic moment of its end
        self._news = asyncio.Event()
        self._fresh: set[str] = set()  # registrations that no register was given yet
        self._next = 0

    # -- what clients ask ----------------------------------------------------------------------------------------------

    def sign_in(self, login: Any, password: Any) -> dict[str, Any]:
        """``getToken``; raises Answered (401, code 12)."""
        if (login, password) != (self.setup.login, self.setup.password):
            raise Answered(
                401,
                {"error": _error(12, "Неверный логин или пароль"), "token": "", "timestamp": self.stamp()},
            )
        token = secrets.token_urlsafe(48)
        self.tokens[token] = self.clock.monotonic() + TOKEN_SECONDS
        return {"error": None, "token": token, "timestamp": self.stamp()}

    def admit(self, token: str | None, group: str) -> None:
        """Raises Answered: 10 without a token, 11 for a stale one, 20 for another group."""
        if not token:
            raise Answered(401, self.refused(10, "Не передан токен"))
        if self.tokens.get(token, 0.0) <= self.clock.monotonic():
            raise Answered(401, self.refused(11, "Переданный токен не активен"))
        if group != self.setup.group_code:
            raise Answered(401, self.refused(20, "Код группы не соответствует токену"))

    def register(self, version: str, operation: str, body: bytes) -> dict[str, Any]:
        """Put a receipt into the queue. The same external_id again: error 33, with the first uuid and ``wait``."""
        try:
            offered = taken(body, version, operation)
        except Wrong as wrong:
            code = 31 if str(wrong).startswith("IncomingOperation") else 32
            text = str(wrong) if code == 31 else f"Ошибка валидации входного чека. Ошибочные поля : {wrong}"
            raise Answered(400, self.refused(code, text)) from wrong
        group = self.setup.group_code
        known = self.ledger.by_id(group, offered.external_id)
        if known is not None:
            text = f"Документ с внешним идентификатором {offered.external_id} уже зарегистрирован в системе"
            raise Answered(
                400,
                {"uuid": known.uuid, "timestamp": self.stamp(), "error": _error(33, text), "status": "wait"},
            )
        key = _uuid()
        now = self.clock.now().timestamp()
        self.ledger.add(Entry(key, group, offered.external_id, version, operation, body, "wait", None, now))
        self._fresh.add(key)
        self._news.set()
        return {"uuid": key, "timestamp": self.stamp(), "error": None, "status": "wait"}

    def report(self, key: str) -> dict[str, Any]:
        """What became of a receipt; only of the last 32 days."""
        entry = self.ledger.by_uuid(self.setup.group_code, key)
        now = self.clock.now().timestamp()
        if entry is None or now - entry.taken_at > REPORT_SECONDS:
            raise Answered(400, self.refused(30, f"Документ {key} не найден"))
        return self.packet(entry)

    def packet(self, entry: Entry) -> dict[str, Any]:
        """The report of one registration, as it is polled and called back."""
        common = {
            "uuid": entry.uuid, "timestamp": self.stamp(), "group_code": entry.group_code, "daemon_code": "test-double",
            "device_code": "TEST-DOUBLE", "external_id": entry.external_id, "callback_url": "", "status": entry.status,
        }  # fmt: skip
        if entry.status == "wait":
            return common | {
                "error": _error(34, "Состояние чека не найдено. Попробуйте позднее"),
                "payload": None,
            }
        answer = json.loads(entry.answer or "{}")
        return common | (
            {"error": None, "payload": answer}
            if entry.status == "done"
            else {"error": answer, "payload": None}
        )

    def refused(self, code: int, text: str) -> dict[str, Any]:
        """The body of a refusal."""
        return {"uuid": "", "timestamp": self.stamp(), "status": "fail", "error": _error(code, text)}

    def stamp(self) -> str:
        """The service's clock (Moscow)."""
        return self.registers[0].local_now().strftime("%d.%m.%Y %H:%M:%S")

    # -- the queue -----------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Work the queue until cancelled: one receipt at a time on the next register that can."""
        while True:
            moved = False
            for entry in self.ledger.waiting():
                moved |= await self._try(entry)
            if not moved:
                self._news.clear()
                try:
                    async with asyncio.timeout(0.05):
                        await self._news.wait()
                except TimeoutError:
                    continue

    async def _try(self, entry: Entry) -> bool:
        offered = taken(entry.body, entry.version, entry.operation)
        if offered.inn != self.setup.inn:
            return await self._over(
                entry, offered, "fail", _error(2009, WRONG_INN.format(offered.inn, self.setup.inn), "agent")
            )
        document = self._signed(entry)
        if document is None:
            try:
                document = await self._sign(offered)
            except DriveError as error:
                code = _DRIVER_CODES.get(error.code, CONTENT)
                if code == EXPIRED:
                    return await self._close_shift()
                return await self._over(entry, offered, "fail", _error(code, str(error), "driver"))
            except DeviceError as error:
                return await self._stuck(entry, offered, error)
        return await self._over(entry, offered, "done", _payload(document))

    async def _close_shift(self) -> bool:
        for register in self.registers:
            try:
                await register.close_shift()
            except EmulatedError:
                continue
        return True

    def _signed(self, entry: Entry) -> ArchivedDocument | None:
        """A register that lost its power after signing: its own archive tells. The service looks by 1192 or 1084."""
        wanted = taken(entry.body, entry.version, entry.operation).receipt
        own = [wanted.note, wanted.user_property.value if wanted.user_property else None]
        if entry.uuid in self._fresh or own == [None, None]:
            self._fresh.discard(entry.uuid)
            return None
        for register in self.registers:
            for document in register.drive.documents():
                held = document.receipt
                if (
                    held is not None
                    and [held.note, held.user_property.value if held.user_property else None] == own
                ):
                    return document
        return None

    async def _sign(self, offered: Taken) -> ArchivedDocument:
        count = len(self.registers)
        trouble: DeviceError | None = None
        for step in range(count):
            register = self.registers[(self._next + step) % count]
            try:
                document = await register.register_receipt(offered.receipt)
            except (PowerLost, LinkLost):
                raise  # it may have signed: another one must not be asked before its archive has told
            except DeviceError as error:
                if error.signed is not None:
                    raise
                trouble = error
                continue
            self._next = (self._next + step + 1) % count
            return document
        raise trouble or DeviceError(DeviceCode.NO_LINK)

    async def _stuck(self, entry: Entry, offered: Taken, error: DeviceError) -> bool:
        """No register can: the receipt waits, up to the queue's time."""
        if self.clock.now().timestamp() - entry.taken_at < self.setup.queue_seconds:
            return False
        text = f"Время ожидания в очереди истекло: {error}"
        return await self._over(entry, offered, "fail", _error(1, text, "timeout"))

    async def _over(self, entry: Entry, offered: Taken, status: str, answer: Mapping[str, Any]) -> bool:
        self.ledger.close_entry(entry.uuid, status, json.dumps(answer, ensure_ascii=False))
        if offered.callback_url:
            await self._call_back(entry, offered.callback_url)
        return True

    async def _call_back(self, entry: Entry, url: str) -> None:
        """Once; whoever missed it asks for a report after 300 s."""
        done = self.ledger.by_uuid(entry.group_code, entry.uuid)
        if done is None:
            return
        try:
            async with httpx2.AsyncClient(timeout=5.0, trust_env=False) as http:
                await http.post(url, json=self.packet(done))
        except (httpx2.HTTPError, httpx2.InvalidURL):
            return

    def close(self) -> None:
        """Let go of the file."""
        self.ledger.close()


def _uuid() -> str:
    return str(uuid.UUID(bytes=secrets.token_bytes(16), version=4))


def _error(code: int, text: str, kind: str = "system") -> dict[str, Any]:
    return {"error_id": _uuid(), "code": code, "text": text, "type": kind}


def _payload(document: ArchivedDocument) -> dict[str, Any]:
    """Of a signed document; the sign is an integer here, unlike in the driver."""
    registration = document.node
    return {
        "total": document.total / 100, "fns_site": "www.nalog.gov.ru", "fn_number": document.fn,
        "shift_number": document.shift_number, "receipt_datetime": _told(document.made_at),
        "fiscal_receipt_number": document.receipt_number, "fiscal_document_number": document.fd_number,
        "ecr_registration_number": str(registration.text(1037) or "").strip(),
        "fiscal_document_attribute": document.fiscal_sign, "ofd_inn": "7709364346", "ofd_receipt_url": None,
    }  # fmt: skip


def _told(at: datetime) -> str:
    return at.strftime("%d.%m.%Y %H:%M:%S")
