"""Lost answers, late POSTs and lying queues: the ATOL driver must never lose a receipt nor register one twice."""

import random
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx2
import msgspec
import pytest

from chekpoint.core.errors import BlockReason, NotSent, OutcomeUnknown, RegisterBlocked, Rejected
from chekpoint.core.ports import Absent, Attempt, Registered
from chekpoint.registers.atol import AtolConfig, AtolRegister
from chekpoint.registers.atol.tasks import encode
from tests.unit.test_atol_driver_tasks import attempt, item, receipt

pytestmark = pytest.mark.anyio
FN = "9999078900000961"
OK = {"code": 0, "description": "Ошибок нет"}
SELL = {"sell", "openShift", "closeShift"}


class PatientClock:
    """Time passes only while somebody waits for it."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return datetime(2026, 11, 24, tzinfo=UTC)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += max(seconds, 0.001)


class Server:
    """A web server of the driver with one drive: just enough of the protocol, and every way to misbehave."""

    def __init__(self, generation: str) -> None:
        self.v1 = generation == "v1"
        self.root = "/requests" if self.v1 else "/api/v2/requests"
        self.tasks: dict[str, dict[str, Any]] = {}
        self.documents: dict[int, dict[str, Any]] = {70: {"fiscalDocumentType": "openShift"}}
        self.fn = FN
        self.shift = "opened"
        self.blocked = False
        self.outcome: Callable[[dict[str, Any]], dict[str, Any]] = self.sign
        self.on_post: Callable[[httpx2.Request], httpx2.Response | None] = lambda _: None
        self.posts: list[str] = []

    async def __call__(self, request: httpx2.Request) -> httpx2.Response:
        path, method = request.url.path, request.method
        if path == ("/stat/requests" if self.v1 else "/api/v2/getRequestsQueueStatus"):
            return httpx2.Response(200, json={"is_blocked" if self.v1 else "isBlocked": self.blocked})
        if path == "/api/v2/serverInfo" and not self.v1:
            return httpx2.Response(200, json={"serverVersion": "1.0.4.0"})
        if path == self.root and method == "POST":
            return self.on_post(request) or self.accept(request.content)
        if path.startswith(self.root + "/"):
            return self.stored(path.rsplit("/", 1)[1], method)
        return self.fault(404, 0, "Not Found")

    def fault(self, status: int, code: int, text: str) -> httpx2.Response:
        if self.v1:
            return httpx2.Response(status, text=f"<html><h2>HTTP ERROR {status}</h2>{text}</html>")
        return httpx2.Response(status, json={"error": {"code": code, "description": text}})

    def accept(self, content: bytes) -> httpx2.Response:
        body = msgspec.json.Decoder(float_hook=Decimal).decode(content)
        uuid, task = body["uuid"], body["request"][0]
        self.posts.append(task["type"])
        if uuid in self.tasks:
            return self.fault(409, 505, "задание с таким UUID уже есть")
        self.tasks[uuid] = self.run(task)
        return httpx2.Response(201, content=b"" if self.v1 else encode({"uuid": uuid, "isBlocked": False}))

    def run(self, task: dict[str, Any]) -> dict[str, Any]:
        kind = task["type"]
        if kind in SELL:
            return self.outcome(task)
        if kind == "getFnDocument":
            return self.read(task["fiscalDocumentNumber"])
        answers: dict[str, dict[str, Any]] = {
            "getFnStatus": {"fnStatus": {"fiscalDocumentNumber": max(self.documents)}},
            "getFnInfo": {"fnInfo": {"serial": self.fn, "livePhase": "fiscalMode"}},
            "getShiftStatus": {"shiftStatus": {"state": self.shift}},
            "getDeviceInfo": {"deviceInfo": {"ffdVersion": "1.2"}},
            "getRegistrationInfo": {"organization": {"vatin": "7709364346"}, "device": {}},
        }
        return ready(answers[kind])

    def read(self, number: int) -> dict[str, Any]:
        found = self.documents.get(number)
        if found is None:
            return error(123, "В ФН нет запрошенных данных")
        return ready({"documentTLV": {"1040": number, "1077": "3104000000AA", **found}})

    def sign(self, task: dict[str, Any], **extra: Any) -> dict[str, Any]:
        number = max(self.documents) + 1
        self.documents[number] = archived(task)
        params = {
            "fiscalDocumentNumber": number,
            "fiscalDocumentSign": "0000000170",
            "fnNumber": self.fn,
            "fiscalDocumentDateTime": "2026-11-24T12:00:00+03:00",
            "total": task.get("total", 0),
        }
        return ready({"fiscalParams": params, **extra})

    def stored(self, uuid: str, method: str) -> httpx2.Response:
        found = self.tasks.get(uuid)
        if found is None:
            return self.fault(404, 505, f"Задание с UUID [{uuid}] для устройства [1] не найдено")
        if method == "DELETE" and found["status"] == "wait":
            self.tasks[uuid] = found = {**error(503, "Задание отменено"), "status": "canceled"}
        if self.v1:
            fault = found["error"]
            found = {
                **found,
                "errorCode": fault["code"],
                "errorDescription": fault["description"],
                "error": None,
            }
        return httpx2.Response(200, content=encode({"results": [found]}))


def ready(result: dict[str, Any]) -> dict[str, Any]:
    return {"status": "ready", "error": OK, "result": result}


def error(code: int, text: str) -> dict[str, Any]:
    return {"status": "error", "error": {"code": code, "description": text}, "result": None}


def archived(task: dict[str, Any]) -> dict[str, Any]:
    if task["type"] != "sell":
        return {"fiscalDocumentType": task["type"]}
    goods = [part for part in task["items"] if part["type"] == "position"]
    mark = next(part["value"] for part in task["items"] if part["type"] == "additionalAttribute")
    return {
        "fiscalDocumentType": "receipt",
        "1054": 1,
        "1020": task["total"],
        "1059": [{"1030": g["name"], "1043": g["amount"], "1023": g["quantity"]} for g in goods],
        "1192": mark,
    }


@pytest.fixture(params=["v1", "v2"])
def server(request: pytest.FixtureRequest) -> Server:
    return Server(request.param)


@pytest.fixture
def register(server: Server) -> AtolRegister:
    http = httpx2.AsyncClient(transport=httpx2.MockTransport(server))
    return AtolRegister(AtolConfig(base_url="http://kkt"), PatientClock(), http, random.Random(1))


ATTEMPT = attempt(receipt())


def other(**fields: Any) -> Attempt:
    return msgspec.structs.replace(ATTEMPT, **fields)


def receipts(server: Server) -> list[int]:
    return [n for n, document in server.documents.items() if document["fiscalDocumentType"] == "receipt"]


def lose_before(server: Server) -> list[bytes]:
    """The POST stays in the network; the list holds it for later."""
    late: list[bytes] = []

    def swallow(request: httpx2.Request) -> None:
        late.append(request.content)
        server.on_post = lambda _: None
        raise httpx2.ReadTimeout("no answer")

    def only_receipts(request: httpx2.Request) -> None:
        if b'"sell"' in request.content:
            swallow(request)

    server.on_post = only_receipts
    return late


def lose_after(server: Server) -> None:
    """The server does its work and the answer is lost."""

    def cut(request: httpx2.Request) -> None:
        if b'"sell"' in request.content:
            server.accept(request.content)
            server.on_post = lambda _: None
            raise httpx2.RemoteProtocolError("cut")

    server.on_post = cut


def end(server: Server, outcome: dict[str, Any], *, sign: bool = False) -> None:
    """Receipts end like that; with ``sign`` the drive has the document all the same."""

    def ended(task: dict[str, Any]) -> dict[str, Any]:
        if sign:
            server.sign(task)
        return outcome

    server.outcome = ended


async def test_receipt_is_registered_and_read_back_equal(server: Server, register: AtolRegister) -> None:
    made = await register.submit(ATTEMPT)
    assert (made.document.fn, made.document.fd_number, made.document.total) == (FN, 71, 7315)
    assert '"fiscalParams"' in made.evidence
    read = await register.document(71)
    assert read is not None
    assert (read.total, read.mark, read.items) == (7315, ATTEMPT.mark, (("Бананы", 7315, "1"),))
    assert await register.document(99) is None


async def test_same_attempt_twice_makes_one_document(server: Server, register: AtolRegister) -> None:
    assert await register.submit(ATTEMPT) == await register.submit(ATTEMPT)
    assert receipts(server) == [71]


async def test_lost_answer_is_found_and_nothing_is_sent_again(server: Server, register: AtolRegister) -> None:
    lose_after(server)
    with pytest.raises(OutcomeUnknown):
        await register.submit(ATTEMPT)
    for _ in range(10):
        found = await register.locate(ATTEMPT)
        assert isinstance(found, Registered)
        assert found.document.fd_number == 71
    assert receipts(server) == [71]


async def test_post_that_arrives_after_locate_registers_nothing(
    server: Server, register: AtolRegister
) -> None:
    late = lose_before(server)
    with pytest.raises(OutcomeUnknown):
        await register.submit(ATTEMPT)
    assert isinstance(await register.locate(ATTEMPT), Absent)
    assert server.accept(late[0]).status_code == 409
    assert receipts(server) == []
    assert isinstance(await register.locate(ATTEMPT), Absent)
    with pytest.raises(OutcomeUnknown):  # the burnt id is never taken for a receipt
        await register.submit(ATTEMPT)


async def test_post_that_arrives_between_the_question_and_the_burning_is_found(
    server: Server, register: AtolRegister
) -> None:
    late = lose_before(server)
    with pytest.raises(OutcomeUnknown):
        await register.submit(ATTEMPT)

    def race(request: httpx2.Request) -> None:
        server.on_post = lambda _: None
        server.accept(late[0])

    server.on_post = race
    assert isinstance(await register.locate(ATTEMPT), Registered)
    assert receipts(server) == [71]


async def test_absence_is_not_said_while_the_burning_is_not_answered(
    server: Server, register: AtolRegister
) -> None:
    def cut(_: httpx2.Request) -> None:
        raise httpx2.ReadError("cut")

    server.on_post = cut
    with pytest.raises(OutcomeUnknown):
        await register.locate(ATTEMPT)
    server.on_post = lambda _: None
    assert isinstance(await register.locate(ATTEMPT), Absent)


async def test_results_purged_after_thirty_days_are_still_on_the_drive(
    server: Server, register: AtolRegister
) -> None:
    await register.submit(ATTEMPT)
    server.tasks.clear()
    found = await register.locate(ATTEMPT)
    assert isinstance(found, Registered)
    assert found.document.fd_number == 71


async def test_error_that_proves_nothing_is_settled_by_the_drive(
    server: Server, register: AtolRegister
) -> None:
    end(server, error(262, "Таймаут выполнения команды истек"), sign=True)
    with pytest.raises(OutcomeUnknown):
        await register.submit(ATTEMPT)
    assert isinstance(await register.locate(ATTEMPT), Registered)


async def test_error_that_proves_nothing_and_an_empty_drive_is_absence(
    server: Server, register: AtolRegister
) -> None:
    end(server, error(262, "Таймаут выполнения команды истек"))
    with pytest.raises(OutcomeUnknown):
        await register.submit(ATTEMPT)
    found = await register.locate(ATTEMPT)
    assert isinstance(found, Absent)
    assert "262" in found.evidence


async def test_refused_content_stays_refused_when_asked_later(server: Server, register: AtolRegister) -> None:
    end(server, error(66, "Чек оплачен не полностью"))
    for ask in (register.submit, register.locate):
        with pytest.raises(Rejected) as caught:
            await ask(ATTEMPT)
        assert (caught.value.code, caught.value.message) == ("66", "Чек оплачен не полностью")


async def test_equal_receipt_of_another_order_is_not_taken_for_ours(
    server: Server, register: AtolRegister
) -> None:
    await register.submit(other(id="a-2", mark="fedcba9876543210"))
    assert isinstance(await register.locate(ATTEMPT), Absent)


async def test_recovered_result_is_compared_with_the_drive(server: Server, register: AtolRegister) -> None:
    server.outcome = lambda task: server.sign(task, warnings={"recovered": True})
    with pytest.raises(OutcomeUnknown):
        await register.submit(ATTEMPT)
    assert isinstance(await register.locate(ATTEMPT), Registered)


async def test_number_that_grew_by_a_foreign_hand_is_not_our_document(
    server: Server, register: AtolRegister
) -> None:
    def foreign(task: dict[str, Any]) -> dict[str, Any]:
        goods = [
            {**part, "name": "Чужое"} if part["type"] == "position" else {**part, "value": "foreign"}
            for part in task["items"]
        ]
        return server.sign({**task, "items": goods}, warnings={"recovered": True})

    server.outcome = foreign
    with pytest.raises(OutcomeUnknown):
        await register.submit(ATTEMPT)
    assert isinstance(await register.locate(ATTEMPT), Absent)


async def test_shift_that_opened_by_itself_is_not_taken_for_our_receipt(
    server: Server, register: AtolRegister
) -> None:
    before = await register.submit(other(id="a-0", mark="fedcba9876543210"))
    late = other(last_fd=71)

    def opened_only(
        _: dict[str, Any],
    ) -> dict[str, Any]:  # the number grew, and the last receipt is the old one
        server.documents[72] = {"fiscalDocumentType": "openShift"}
        return server.tasks["a-0"]

    server.outcome = opened_only
    with pytest.raises(OutcomeUnknown):
        await register.submit(late)
    assert isinstance(await register.locate(late), Absent)
    assert before.document.fd_number == 71


async def test_other_drive_in_the_register_leaves_the_question_open(
    server: Server, register: AtolRegister
) -> None:
    server.fn = "9999078900000999"
    with pytest.raises(OutcomeUnknown, match="другой ФН"):
        await register.locate(ATTEMPT)


async def test_unreadable_document_leaves_the_question_open(server: Server, register: AtolRegister) -> None:
    server.documents[72] = {"fiscalDocumentType": "openShift"}
    with pytest.raises(OutcomeUnknown, match="71"):
        await register.locate(ATTEMPT)


@pytest.mark.parametrize("status", ["inProgress", "blocked"])
async def test_pending_task_is_waited_for_and_never_sent_again(
    server: Server, register: AtolRegister, status: str
) -> None:
    end(server, {"status": status, "error": OK, "result": None})
    with pytest.raises(OutcomeUnknown):
        await register.submit(ATTEMPT)
    with pytest.raises(OutcomeUnknown):
        await register.locate(ATTEMPT)
    assert server.posts.count("sell") == 1


async def test_queue_that_stands_still_is_not_given_a_receipt(server: Server, register: AtolRegister) -> None:
    await register.submit(ATTEMPT)
    server.blocked = True
    with pytest.raises(RegisterBlocked) as caught:
        await register.submit(other(id="a-2"))
    assert caught.value.reason is BlockReason.QUEUE_BLOCKED
    assert server.posts.count("sell") == 1
    assert (await register.status()).block is BlockReason.QUEUE_BLOCKED


async def test_receipt_that_the_queue_never_reached_is_taken_back_for_others(
    server: Server, register: AtolRegister
) -> None:
    end(server, {"status": "wait", "error": OK, "result": None})
    with pytest.raises(RegisterBlocked) as caught:
        await register.submit(ATTEMPT)
    assert caught.value.reason is BlockReason.BUSY
    assert isinstance(await register.locate(ATTEMPT), Absent)


async def test_receipt_found_waiting_after_a_restart_is_taken_back_too(
    server: Server, register: AtolRegister
) -> None:
    server.tasks[ATTEMPT.id] = {"status": "wait", "error": OK, "result": None}
    assert isinstance(await register.locate(ATTEMPT), Absent)
    assert server.tasks[ATTEMPT.id]["status"] == "canceled"


async def test_receipt_that_begins_while_it_is_taken_back_is_left_alone(
    server: Server, register: AtolRegister
) -> None:
    server.tasks[ATTEMPT.id] = {"status": "wait", "error": OK, "result": None}
    answer = server.stored

    def begin(uuid: str, method: str) -> httpx2.Response:
        if method == "DELETE":
            server.tasks[uuid] = {**server.tasks[uuid], "status": "inProgress"}
            return server.fault(409, 505, "нельзя отменить")
        return answer(uuid, method)

    server.stored = begin  # type: ignore[method-assign]
    with pytest.raises(OutcomeUnknown):
        await register.locate(ATTEMPT)


async def test_task_cancelled_by_somebody_else_is_not_sent(server: Server, register: AtolRegister) -> None:
    end(
        server,
        {"status": "canceled", "error": {"code": 503, "description": "Задание отменено"}, "result": None},
    )
    with pytest.raises(NotSent):
        await register.submit(ATTEMPT)


@pytest.mark.parametrize(
    ("status", "error_type", "reason"),
    [
        (400, Rejected, None),
        (420, Rejected, None),
        (401, RegisterBlocked, BlockReason.ACCESS),
        (403, RegisterBlocked, BlockReason.ACCESS),
        (404, RegisterBlocked, BlockReason.CONFIGURATION),
        (408, OutcomeUnknown, None),
        (500, OutcomeUnknown, None),
        (502, OutcomeUnknown, None),
        (302, OutcomeUnknown, None),
    ],
)
async def test_http_errors_of_a_post_prove_what_they_prove(
    server: Server,
    register: AtolRegister,
    status: int,
    error_type: type[Exception],
    reason: BlockReason | None,
) -> None:
    await register.open_shift()
    await register._format()
    server.on_post = lambda _: server.fault(status, 0, "нет")
    with pytest.raises(error_type) as caught:
        await register.submit(ATTEMPT)
    assert getattr(caught.value, "reason", None) is reason


async def test_409_for_a_device_that_is_not_activated_blocks_the_lane(
    server: Server, register: AtolRegister
) -> None:
    await register._format()
    server.on_post = lambda _: server.fault(409, 505, "Устройство не активировано")
    for ask in (register.submit, register.locate):
        with pytest.raises(RegisterBlocked) as caught:
            await ask(ATTEMPT)
        assert caught.value.reason is BlockReason.CONFIGURATION


async def test_refused_connection_blocks_the_lane_and_loses_nothing() -> None:
    def refuse(_: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused")

    http = httpx2.AsyncClient(transport=httpx2.MockTransport(refuse))
    register = AtolRegister(AtolConfig(), PatientClock(), http)
    for ask in (register.submit, register.locate):
        with pytest.raises(RegisterBlocked) as caught:
            await ask(ATTEMPT)
        assert caught.value.reason is BlockReason.NO_LINK
    with pytest.raises(RegisterBlocked):
        await register.status()


@pytest.mark.parametrize("body", [b"<html>nginx</html>", b"[]", b"\xff\xfe", b""])
async def test_something_else_at_the_address_is_a_wrong_setting(body: bytes) -> None:
    http = httpx2.AsyncClient(transport=httpx2.MockTransport(lambda _: httpx2.Response(200, content=body)))
    with pytest.raises(RegisterBlocked) as caught:
        await AtolRegister(AtolConfig(), PatientClock(), http).status()
    assert caught.value.reason is BlockReason.CONFIGURATION


async def test_server_replaced_by_the_other_generation_is_found_again_after_link_loss(server: Server) -> None:
    current = server
    down = False

    async def answer(request: httpx2.Request) -> httpx2.Response:
        if down:
            raise httpx2.ConnectError("down")
        return await current(request)

    register = AtolRegister(
        AtolConfig(), PatientClock(), httpx2.AsyncClient(transport=httpx2.MockTransport(answer))
    )
    await register.submit(ATTEMPT)
    down = True
    with pytest.raises(RegisterBlocked):
        await register.submit(other(id="a-2"))
    down, current = False, Server("v2" if server.v1 else "v1")
    assert (await register.submit(other(id="a-2"))).document.fd_number == 71


async def test_marked_goods_are_refused_before_a_byte_is_sent(server: Server, register: AtolRegister) -> None:
    server.run = lambda task: (  # type: ignore[method-assign]
        ready({"deviceInfo": {"ffdVersion": "1.05"}})
        if task["type"] == "getDeviceInfo"
        else Server.run(server, task)
    )
    with pytest.raises(Rejected):
        await register.submit(attempt(receipt(items=(item(mark_code="x"),))))
    assert "sell" not in server.posts


async def test_shift_is_opened_once_however_often_it_is_asked(server: Server, register: AtolRegister) -> None:
    server.shift = "closed"
    made = await register.open_shift()
    assert made is not None
    assert (made.document, made.fd_number) == (2, 71)
    server.shift = "opened"
    assert await register.open_shift() is None
    closed = await register.close_shift()
    assert closed is not None
    assert closed.document == 5


async def test_failure_to_open_a_shift_does_not_stick_for_thirty_days(
    server: Server, register: AtolRegister
) -> None:
    server.shift = "closed"
    end(server, error(44, "Нет бумаги"))
    for _ in range(3):
        with pytest.raises(RegisterBlocked) as caught:
            await register.open_shift()
        assert caught.value.reason is BlockReason.PAPER_OUT
    server.outcome = server.sign
    assert await register.open_shift() is not None


async def test_tickets_cannot_be_read_here(register: AtolRegister) -> None:
    assert await register.ticket(71) is None
