"""The service: the association of a retail point, its documents, their states and callbacks.

Undocumented, and so selectable: what a second POST of one id does (``second``), how an unknown id is answered
(``unknown``), whether a 400 has a body, and the method of a callback.
"""

import hmac
import json
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import httpx2
import msgspec

from chekpoint.core.clock import Clock
from chekpoint.emulators.cloud_content import Wrong
from chekpoint.emulators.cloud_queue import Calls, CloudQueue, Order
from chekpoint.emulators.modulkassa_cloud.content import offered
from chekpoint.emulators.register import EmulatedRegister
from chekpoint.fiscal.money import roubles
from chekpoint.fiscal.receipt import Receipt

CHECK_TYPES: Final = {1: "SALE", 2: "RETURN", 3: "PURCHASE", 4: "RETURN_PURCHASE"}
_FAILURES: Final = {
    "archive_full": "FN_MEMORY_OVERFLOW", "keys_expired": "FN_EXPIRED", "fault": "FN_GENERIC_FAILURE",
    "ofd_overdue": "FN_GENERIC_FAILURE", "clock_went_back": "FN_GENERIC_FAILURE",
}  # fmt: skip
REQUEUED: Final = "requeued"
CONFIRMED: Final = "confirmed"


class SecondPost(StrEnum):
    """What a second POST of one id does."""

    SAME = "same"  # the state of the first document
    ERROR = "error"  # HTTP 400
    NEW = "new"  # another document: the worst that could be


class PointState(StrEnum):
    """The retail point, as ``GET /v1/status`` says it."""

    READY = "READY"
    ASSOCIATED = "ASSOCIATED"
    DISABLED = "DISABLED"
    FAILED = "FAILED"


class PointSetup(msgspec.Struct, frozen=True, kw_only=True):
    """One account with one retail point. Times are seconds."""

    login: str = "account"
    password: str = "password"  # noqa: S105 - of a test double
    retail_point: str = "point"
    pair: tuple[str, str] = ("user", "secret")  # until somebody associates
    second: SecondPost = SecondPost.SAME
    unknown: int = 404  # or 400
    bodies: bool = True  # of HTTP 400
    callback_method: str = "GET"
    callback_tries: int = 5
    callback_pause: float = 1.0
    queue_seconds: float | None = None  # after which a document that no register could take fails


class Answered(Exception):
    """An answer that is no success: HTTP status, and JSON or nothing."""

    def __init__(self, status: int, error: str = "", message: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": error, "message": message} if error else None


class ModulKassa:
    """The state of the service; ``registers`` are those of the point. ``path`` None keeps all in RAM."""

    def __init__(
        self,
        setup: PointSetup,
        registers: Sequence[EmulatedRegister],
        *,
        clock: Clock,
        path: Path | None = None,
    ) -> None:
        self.setup, self.registers, self.clock = setup, registers, clock
        self.state = PointState.READY
        self.silent_for = timedelta()  # since when the service has not heard of the register
        self.queue = CloudQueue(
            registers, clock=clock, read=_receipt_of, path=path, patience=setup.queue_seconds
        )
        self.queue.on_over = self._tell
        self._pair_path = path.with_suffix(".pair.json") if path else None
        self._pair: tuple[str, str] | None = self._kept_pair()
        self.calls = Calls()

    # -- access --------------------------------------------------------------------------------------------------------

    def _kept_pair(self) -> tuple[str, str] | None:
        if self._pair_path is None or not self._pair_path.exists():
            return self.setup.pair
        kept: tuple[str, str] | None = msgspec.json.decode(
            self._pair_path.read_bytes(), type=tuple[str, str] | None
        )
        return kept

    def _keep_pair(self, pair: tuple[str, str] | None) -> None:
        self._pair = pair
        if self._pair_path is not None:
            self._pair_path.write_bytes(msgspec.json.encode(pair))

    def associate(self, login: str, password: str, point: str) -> dict[str, str]:
        """A new pair; the old one dies. Raises Answered: 401 for the account, 404 without a body for the point."""
        if not _equal((login, password), (self.setup.login, self.setup.password)):
            raise Answered(401, "UNAUTHORIZED", "Неверный логин или пароль учётной записи")
        if point != self.setup.retail_point:
            raise Answered(404)
        pair = (secrets.token_hex(16), secrets.token_urlsafe(18))
        self._keep_pair(pair)
        return {"userName": pair[0], "password": pair[1], "name": "ТЕСТОВЫЙ ДВОЙНИК", "address": "г. Москва"}

    def dissociate(self) -> None:
        """The pair dies."""
        self._keep_pair(None)

    def admit(self, login: str, password: str) -> None:
        """Raises Answered(401) for anything but the living pair."""
        if self._pair is None or not _equal((login, password), self._pair):
            raise Answered(401, "UNAUTHORIZED", "Неверный логин или пароль")

    # -- documents -----------------------------------------------------------------------------------------------------

    def point(self) -> dict[str, str]:
        """The point's state, and when its register was heard of."""
        heard = self.clock.now() - self.silent_for
        return {"status": self.state, "dateTime": _told(heard)}

    def take(self, body: bytes) -> dict[str, Any]:
        """Put a document into the queue. Raises Answered(400)."""
        if self.state is PointState.DISABLED:
            raise Answered(403, "DISABLED", "Торговая точка отключена")
        try:
            document = offered(body)
        except Wrong as wrong:
            raise self._bad("VALIDATION", str(wrong)) from wrong
        known = self.queue.by_id(document.id)
        if known and self.setup.second is SecondPost.SAME:
            return self.shown(known[-1])
        if known and self.setup.second is SecondPost.ERROR:
            raise self._bad("DUPLICATE", f"Документ {document.id} уже есть")
        return self.shown(self.queue.take(document.id, body))

    def status(self, name: str) -> dict[str, Any]:
        """The state of the last document under an id."""
        return self.shown(self._last(name))

    def again(self, name: str) -> dict[str, Any]:
        """Re-queue a FAILED document; another one is left as it is."""
        order = self._last(name)
        if order.state == "failed":
            self.queue.keep_word(order.number, REQUEUED)
            order = self.queue.again(order.number)
        return self.shown(order)

    def _last(self, name: str) -> Order:
        known = self.queue.by_id(name)
        if not known:
            raise (
                self._bad("NOT_FOUND", f"Нет документа {name}")
                if self.setup.unknown == 400
                else Answered(404)
            )
        return known[-1]

    def _bad(self, error: str, message: str) -> Answered:
        return Answered(400, error, message) if self.setup.bodies else Answered(400)

    def shown(self, order: Order) -> dict[str, Any]:
        """DocumentStatus."""
        code, text = order.failure if order.state == "failed" else ("", "")
        return {
            "status": self._word(order), "fnState": self.state, "message": text or "Document queued for printing",
            "fiscalInfo": self._fiscal(order) if order.state == "done" else None,
            "failureInfo": {"type": _FAILURES.get(code, "NON_FN_FAILURE"), "message": text} if text else None,
            "timeStatusChanged": _told(self.clock.now()),
        }  # fmt: skip

    def _word(self, order: Order) -> str:
        if order.state == "failed":
            return "FAILED"
        if order.state == "waiting":
            waits = "REQUEUED" if order.word == REQUEUED else "QUEUED"
            return "PENDING" if order.tried_fn and order.word != REQUEUED else waits
        called = json.loads(order.body).get("responseURL")
        return "WAIT_FOR_CALLBACK" if called and order.word != CONFIRMED else "COMPLETED"

    def _fiscal(self, order: Order) -> dict[str, Any]:
        document = self.queue.document(order)
        at = document.made_at
        code = (
            f"t={at:%Y%m%dT%H%M%S}&s={roubles(document.total)}&fn={document.fn}&i={document.fd_number:010d}"
            f"&fp={document.fiscal_sign}&n={document.kind}"
        )
        moment = at.replace(tzinfo=self.registers[0].zone).astimezone(UTC)
        return {
            "shiftNumber": document.shift_number, "checkNumber": document.receipt_number, "kktNumber": "TEST-DOUBLE",
            "ecrRegistrationNumber": str(document.node.text(1037) or "").strip(), "fnNumber": document.fn,
            "fnDocNumber": document.fd_number, "fnDocMark": document.fiscal_sign, "sum": roubles(document.total),
            "date": f"{moment:%Y-%m-%dT%H:%M:%S}.000+0000", "checkType": CHECK_TYPES[document.kind], "qr": code,
        }  # fmt: skip

    # -- callbacks -----------------------------------------------------------------------------------------------------

    def resume_calls(self) -> None:
        """After a restart: call for the documents that nobody has confirmed."""
        for order in self.queue.all():
            if order.state == "done" and order.word != CONFIRMED:
                self._start_call(order)

    async def _tell(self, order: Order) -> None:
        self._start_call(order)

    def _start_call(self, order: Order) -> None:
        url = json.loads(order.body).get("responseURL")
        if url and order.state == "done":
            self.calls.begin(self._call_back(url, order))

    async def _call_back(self, url: str, order: Order) -> None:
        told = {"status": "SUCCESS", "qr": self._fiscal(order)["qr"]}
        whole = f"{url}{'&' if '?' in url else '?'}{urlencode(told)}"
        async with httpx2.AsyncClient(timeout=5.0, trust_env=False) as http:
            for turn in range(self.setup.callback_tries):
                if turn:
                    await self.clock.sleep(self.setup.callback_pause)
                try:
                    answer = await http.request(self.setup.callback_method, whole)
                except (httpx2.HTTPError, httpx2.InvalidURL):
                    continue
                if answer.status_code == 200:
                    self.queue.keep_word(order.number, CONFIRMED)
                    return

    def close(self) -> None:
        """Let go of the file."""
        self.queue.close()


def _receipt_of(order: Order) -> Receipt:
    return offered(order.body).receipt


def _equal(given: tuple[str, str], wanted: tuple[str, str]) -> bool:
    return all(hmac.compare_digest(a.encode(), b.encode()) for a, b in zip(given, wanted, strict=True))


def _told(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(microsecond=0).isoformat()
