"""The service: signed documents, each id once, a queue in front of a group's registers, results and callbacks.

Undocumented, and so taken as it is likely: a document that a register refuses for its content is 422 with the
register's words; a callback is the result as it would be asked for, and is repeated.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import httpx2
import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from chekpoint.core.clock import Clock
from chekpoint.emulators.cloud_content import Wrong
from chekpoint.emulators.cloud_queue import Calls, CloudQueue, Order
from chekpoint.emulators.drive_errors import DeviceCode
from chekpoint.emulators.orange_data.content import Offered, offered
from chekpoint.emulators.register import EmulatedRegister
from chekpoint.fiscal.receipt import Receipt

QUEUE_MOST: Final = 1000
RETRY_AFTER: Final = 10  # seconds
_DEVICE: Final = frozenset(DeviceCode)


class ClientSetup(msgspec.Struct, frozen=True, kw_only=True):
    """One client with one group. Times are seconds."""

    inn: str = "7700000016"
    group: str = "Main"
    key_name: str = "7700000016"
    queue_seconds: float | None = 300.0  # after which a document that no register could take is 524
    queue_most: int = QUEUE_MOST  # documents that may wait; the next one is 503
    callback_tries: int = 3
    callback_pause: float = 1.0


class Answered(Exception):
    """An answer that is no success: HTTP status, the words of ``errors`` (none: an empty body), headers."""

    def __init__(self, status: int, *errors: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, *errors)
        self.status, self.errors, self.headers = status, errors, dict(headers or {})


class OrangeData:
    """The state of the service; ``registers`` are the group's, ``key`` is the client's registered public key."""

    def __init__(
        self,
        setup: ClientSetup,
        registers: Sequence[EmulatedRegister],
        *,
        key: rsa.RSAPublicKey,
        clock: Clock,
        path: Path | None = None,
    ) -> None:
        self.setup, self.registers, self.clock, self._key = setup, registers, clock, key
        self.marks_refused = False
        self.queue = CloudQueue(
            registers, clock=clock, read=self._receipt_of, path=path, patience=setup.queue_seconds
        )
        self.queue.on_over = self._tell
        self.calls = Calls()

    # -- what clients ask ----------------------------------------------------------------------------------------------

    def admit(self, signature: str | None, body: bytes) -> None:
        """Raises Answered(401) unless the registered key signed these very bytes."""
        try:
            given = base64.b64decode(signature or "", validate=True)
            self._key.verify(given, body, padding.PKCS1v15(), hashes.SHA256())
        except (InvalidSignature, binascii.Error, ValueError) as error:
            raise Answered(401, "Подпись не соответствует содержимому") from error

    def take(self, section: str, body: bytes) -> None:
        """Put a document into the queue. Raises Answered: 400, 401, 409 (an id that was taken before), 503."""
        try:
            asked = offered(body, section)
        except Wrong as wrong:
            raise Answered(400, str(wrong)) from wrong
        self._check(asked)
        if self.queue.by_id(asked.id):
            raise Answered(409)
        if self.queue.counts().get("waiting", 0) >= self.setup.queue_most:
            raise Answered(503, headers={"Retry-After": str(RETRY_AFTER)})
        self.queue.take(asked.id, section.encode() + b"\n" + body)

    def _check(self, asked: Offered) -> None:
        if asked.key != self.setup.key_name:
            raise Answered(401, f"Ключ {asked.key} не найден")
        self._check_client(asked.inn, asked.group)
        ffd = self.registers[0].drive.ffd
        if asked.ffd != ffd:
            raise Answered(400, f"content.ffdVersion: кассы группы работают по ФФД {ffd}")

    def _check_client(self, inn: str, group: str | None = None) -> None:
        if inn != self.setup.inn:
            raise Answered(400, f"ИНН {inn} не найден")
        if group not in {None, self.setup.group}:
            raise Answered(400, f"Группа {group} не найдена")

    def result(self, section: str, inn: str, own_id: str) -> dict[str, Any]:
        """A document that is made. Raises Answered: 202 while it waits, 400 unknown, 422 refused, 524 expired."""
        self._check_client(inn)
        orders = [
            order for order in self.queue.by_id(own_id) if order.body.startswith(section.encode() + b"\n")
        ]
        if not orders:
            raise Answered(400, f"Документ {own_id} не найден")
        (order,) = orders
        if order.state == "waiting":
            raise Answered(202)
        if order.state == "failed":
            code, text = order.failure
            raise Answered(524) if code in _DEVICE else Answered(422, text)
        return self.shown(order)

    def shown(self, order: Order) -> dict[str, Any]:
        """The result of an order that is done."""
        document = self.queue.document(order)
        asked = _of(order)
        paid = sum(payment.sum for payment in asked.receipt.payments)
        return {
            "id": order.own_id, "deviceSN": _serial(document.fn), "fsNumber": document.fn,
            "deviceRN": str(document.node.text(1037) or "").strip(), "ofdName": "Тестовый двойник ОФД",
            "ofdWebsite": "ofd.example", "ofdinn": "7709364346", "fnsWebsite": "www.nalog.gov.ru",
            "companyINN": self.setup.inn, "companyName": "Тестовый двойник", "documentNumber": document.fd_number,
            "shiftNumber": document.shift_number, "documentIndex": document.receipt_number,
            "processedAt": document.made_at.isoformat(), "content": asked.content,
            "change": (paid - document.total) / 100, "fp": str(document.fiscal_sign),
        }  # fmt: skip

    def devices(self, inn: str, group: str) -> dict[str, Any]:
        """The group's registers. Raises Answered(400)."""
        self._check_client(inn, group)
        return {"devices": [_device(register) for register in self.registers]}

    # -- the queue -----------------------------------------------------------------------------------------------------

    def _receipt_of(self, order: Order) -> Receipt:
        receipt = _of(order).receipt
        if self.marks_refused and any(item.mark_code for item in receipt.items):
            raise ValueError("Код маркировки не прошёл проверку")
        return receipt

    async def _tell(self, order: Order) -> None:
        url = _of(order).callback_url
        if url:
            self.calls.begin(self._call_back(url, self._news(order)))

    def _news(self, order: Order) -> dict[str, Any]:
        if order.state == "done":
            return self.shown(order)
        return {"id": order.own_id, "errors": [order.failure[1]]}

    async def _call_back(self, url: str, told: Mapping[str, Any]) -> None:
        async with httpx2.AsyncClient(timeout=5.0, trust_env=False) as http:
            for turn in range(self.setup.callback_tries):
                if turn:
                    await self.clock.sleep(self.setup.callback_pause)
                try:
                    answer = await http.post(url, json=told)
                except (httpx2.HTTPError, httpx2.InvalidURL):
                    continue
                if answer.status_code == 200:
                    return

    def close(self) -> None:
        """Let go of the file."""
        self.queue.close()


def _of(order: Order) -> Offered:
    section, _, body = order.body.partition(b"\n")
    return offered(body, section.decode())


def _serial(fn: str) -> str:
    return fn[-8:].zfill(16)


def _device(register: EmulatedRegister) -> dict[str, Any]:
    drive, unsent = register.drive, register.drive.unsent()
    return {
        "deviceSN": _serial(drive.number), "fsNumber": drive.number, "ofdName": "Тестовый двойник ОФД",
        "ofdAddress": "127.0.0.1:7777", "unsentDocumentsCount": unsent.count,
        "firstUnsentDocumentDate": _moment(unsent.first_made_at), "fsDocumentsCount": drive.last_fd,
        "fsExpirationDate": _moment(drive.valid_until),
    }  # fmt: skip


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
