"""The service: a shop's signature, its queue, tasks and signed callbacks.

Undocumented, and so taken as it is likely: a passive queue takes tasks and lets them wait; a callback is the task as it
would be asked for (``callback_names_task=False`` leaves the number and the document out of it), and is repeated.
"""

import hmac
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import httpx2
import msgspec

from chekpoint.core.clock import Clock
from chekpoint.emulators.cloud_content import Wrong
from chekpoint.emulators.cloud_queue import Calls, CloudQueue, Order
from chekpoint.emulators.komtet.content import of_task, offered
from chekpoint.emulators.register import EmulatedRegister
from chekpoint.fiscal.money import roubles
from chekpoint.fiscal.receipt import Receipt

SIGNATURE: Final = "X-HMAC-Signature"
STATES: Final = {"waiting": "new", "done": "done", "failed": "error"}
EXISTS: Final = "external_id: Чек с внешним идентификатором {0} уже существует"


class ShopSetup(msgspec.Struct, frozen=True, kw_only=True):
    """One shop with one queue. Times are seconds."""

    shop_id: str = "shop"
    secret: str = "secret"  # noqa: S105 - of a test double
    queue_id: int = 1
    inn: str = "7700000016"
    queue_seconds: float | None = None  # after which a task that no register could take fails
    callback_names_task: bool = True
    callback_tries: int = 3
    callback_pause: float = 1.0


class Answered(Exception):
    """An answer that is no success: HTTP status and JSON."""

    def __init__(self, status: int, title: str, code: str, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.body = {"title": title, "code": code, "description": description}


class Komtet:
    """The state of the service; ``registers`` are those of the queue."""

    def __init__(
        self,
        setup: ShopSetup,
        registers: Sequence[EmulatedRegister],
        *,
        clock: Clock,
        path: Path | None = None,
    ) -> None:
        self.setup, self.registers, self.clock = setup, registers, clock
        self.queue = CloudQueue(
            registers, clock=clock, read=_receipt_of, path=path, patience=setup.queue_seconds
        )
        self.queue.on_over = self._tell
        self.calls = Calls()

    def admit(self, shop_id: str | None, signature: str | None, said: bytes) -> None:
        """``said`` is method, full URL and body. Raises Answered: 401 without a signature, 403 with a wrong one."""
        if not shop_id or not signature:
            raise Answered(401, "Unauthorized", "AUTH01", "Нет идентификатора магазина или подписи")
        wanted = self.sign(said)
        if shop_id != self.setup.shop_id or not hmac.compare_digest(signature.encode(), wanted.encode()):
            raise Answered(403, "Forbidden", "AUTH02", "Подпись не соответствует запросу")

    def sign(self, said: bytes) -> str:
        """Hex HMAC-MD5 by the shop's secret."""
        return hmac.new(self.setup.secret.encode(), said, "md5").hexdigest()

    def check_queue(self, queue_id: int) -> None:
        """Raises Answered(404) for a queue that is not the shop's."""
        if queue_id != self.setup.queue_id:
            raise Answered(404, "Not Found", "NF01", f"Очередь {queue_id} не найдена")

    def queue_state(self) -> dict[str, Any]:
        """Active while its registers' application works."""
        state = "passive" if self.queue.held else "active"
        return {"id": self.setup.queue_id, "name": "Тестовый двойник", "state": state}

    def take(self, body: bytes) -> dict[str, Any]:
        """Put a task into the queue; raises Answered(422): a wrong one, or an external_id that was taken before."""
        try:
            task = offered(body)
            self._check(task.external_id, task.inn)
        except Wrong as wrong:
            raise _unprocessable(str(wrong)) from wrong
        return self._new(task.external_id, body)

    def take_many(self, body: bytes) -> dict[str, Any]:
        """An array of tasks: all of them or none. The answer's names are their external ids."""
        try:
            tasks = [(of_task(one).external_id, one) for one in json.loads(body, parse_float=Decimal)]
            for name, one in tasks:
                self._check(name, of_task(one).inn)
        except (ValueError, TypeError, RecursionError) as wrong:
            raise _unprocessable(str(wrong)) from wrong
        if len({name for name, _ in tasks}) != len(tasks):
            raise _unprocessable("external_id: повторяется в запросе")
        return {name: self._new(name, json.dumps(one, default=str).encode()) for name, one in tasks}

    def _check(self, external_id: str, inn: str | None) -> None:
        if self.queue.by_id(external_id):
            raise Wrong(EXISTS.format(external_id))
        if inn not in {None, self.setup.inn}:
            raise Wrong(f"company.inn: касса зарегистрирована на другой ИНН, не на {inn}")

    def _new(self, external_id: str, body: bytes) -> dict[str, Any]:
        order = self.queue.take(external_id, body)
        return {
            "id": order.number,
            "external_id": external_id,
            "print_queue_id": self.setup.queue_id,
            "state": "new",
        }

    def task(self, number: int) -> dict[str, Any]:
        """What became of a task; raises Answered(404)."""
        try:
            return self.shown(self.queue.order(number))
        except LookupError as error:
            raise Answered(404, "Not Found", "NF02", f"Задача {number} не найдена") from error

    def shown(self, order: Order) -> dict[str, Any]:
        """A task as it is asked for."""
        return {
            "id": order.number, "external_id": order.own_id, "print_queue_id": self.setup.queue_id,
            "state": STATES[order.state], "error_description": order.failure[1] if order.state == "failed" else None,
            "fiscal_data": self._fiscal(order) if order.state == "done" else None,
        }  # fmt: skip

    def _fiscal(self, order: Order) -> dict[str, Any]:
        document = self.queue.document(order)
        return {
            "i": str(document.fd_number), "fn": document.fn, "t": document.made_at.strftime("%Y%m%dT%H%M%S"),
            "n": document.kind, "fp": str(document.fiscal_sign), "s": roubles(document.total),
        }  # fmt: skip

    async def _tell(self, order: Order) -> None:
        url = json.loads(order.body).get("callback_url")
        if not url:
            return
        shown = self.shown(order)
        if not self.setup.callback_names_task:
            shown = {name: shown[name] for name in ("external_id", "state", "error_description")}
        self.calls.begin(self._call_back(url, shown))

    async def _call_back(self, url: str, told: Mapping[str, Any]) -> None:
        body = json.dumps(told, ensure_ascii=False).encode()
        headers = {
            "Content-Type": "application/json",
            SIGNATURE: self.sign(b"POST" + url.encode() + body),
        }
        async with httpx2.AsyncClient(timeout=5.0, trust_env=False) as http:
            for turn in range(self.setup.callback_tries):
                if turn:
                    await self.clock.sleep(self.setup.callback_pause)
                try:
                    answer = await http.post(url, content=body, headers=headers)
                except (httpx2.HTTPError, httpx2.InvalidURL):
                    continue
                if answer.status_code == 200:
                    return

    def close(self) -> None:
        """Let go of the file."""
        self.queue.close()


def _receipt_of(order: Order) -> Receipt:
    return offered(order.body).receipt


def _unprocessable(text: str) -> Answered:
    return Answered(422, "Unprocessable Entity", "VLD01", text)
