"""The face under uvicorn on a real port, driven by an independent client and over torn connections."""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any, Self

import anyio
import httpx2
import pytest
from atol import client as independent
from atol import errors

from chekpoint.core.clock import SystemClock
from chekpoint.emulators.atol_web.face import AtolWeb
from chekpoint.emulators.atol_web.serve import server
from chekpoint.emulators.faults import Fault, FaultKind, FaultPlan, Point
from chekpoint.emulators.fiscal_drive import FiscalDrive, Registration
from chekpoint.emulators.register import EmulatedRegister
from tests.atol_web_rig import position, sell

PAYMENT = [{"type": "electronically", "sum": 100}]


class RealFace:
    """A server in a thread of its own, as it would run in a process of its own."""

    def __init__(self) -> None:
        self.plan = FaultPlan()
        self.register: EmulatedRegister
        self.port = 0
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    async def _serve(self) -> None:
        clock = SystemClock()
        drive = FiscalDrive()
        self.register = EmulatedRegister(drive, clock=clock, faults=self.plan)
        drive.register(Registration(ffd="1.05"), self.register.local_now())
        web = AtolWeb({"1": self.register}, clock=clock, faults=self.plan)
        self._server = server(web.app, port=0)
        listening = socket.create_server(("127.0.0.1", 0))
        self.port = listening.getsockname()[1]
        self._started.set()
        await self._server.serve(sockets=[listening])
        web.close()
        drive.close()

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._started.wait(20)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(20)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def finished(self, uuid: str) -> list[dict[str, Any]]:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            answer = httpx2.get(f"{self.url}/api/v2/requests/{uuid}")
            results: list[dict[str, Any]] = answer.json()["results"]
            if results[0]["status"] not in {"wait", "inProgress", "blocked"}:
                return results
        raise AssertionError(uuid)


@pytest.fixture
def face() -> Iterator[RealFace]:
    with RealFace() as running:
        yield running


@pytest.fixture
def client(face: RealFace) -> Any:
    return independent.WebClient(f"{face.url}/requests", 0.01, 20.0, log_fn=lambda *_a, **_k: None)


def test_an_independent_client_works_through_a_whole_day(face: RealFace, client: Any) -> None:
    assert client.get_shift_status()[0]["result"]["shiftStatus"]["state"] == "closed"
    assert (
        client.open_shift(operator={"name": "Иванов"})[0]["result"]["fiscalParams"]["fiscalDocumentNumber"]
        == 2
    )
    (sold,) = client.sell(items=[position()], payments=PAYMENT, taxationType="osn", electronically=True)
    assert sold["result"]["fiscalParams"]["total"] == 100.0
    cash = [{"type": "cash", "sum": 100}]
    assert client.cash_in(500)[0]["result"]["counters"]["cashSum"] == 500.0
    assert client.sell_return(items=[position()], payments=cash, taxationType="osn")[0]["status"] == "ready"
    assert client.buy(items=[position()], payments=cash, taxationType="osn")[0]["status"] == "ready"
    assert client.buy_return(items=[position()], payments=cash, taxationType="osn")[0]["status"] == "ready"
    assert client.cash_out(400)[0]["result"]["counters"]["cashSum"] == 0.0
    correction = {"correctionType": "self", "correctionBaseDate": "2026.01.02", "correctionBaseNumber": "1"}
    taxes = [{"type": "vat20", "sum": 16.67}]
    (corrected,) = client.sell_correction(payments=PAYMENT, taxes=taxes, taxationType="osn", **correction)
    assert corrected["result"]["fiscalParams"]["total"] == 100.0
    assert client.report_x()[0]["status"] == "ready"
    assert client.non_fiscal(items=[{"type": "text", "text": "Привет"}])[0]["status"] == "ready"
    assert client.get_registration_info()[0]["result"]["organization"]["vatin"]
    assert client.get_device_info()[0]["result"]["deviceInfo"]["ffdVersion"] == "1.05"
    assert client.get_device_status()[0]["result"]["deviceStatus"]["shift"] == "opened"
    assert client.get_fn_info()[0]["result"]["fnInfo"]["livePhase"] == "fiscalMode"
    assert client.ofd_exchange_status()[0]["result"]["status"]["notSentCount"] == 7
    assert client.report_ofd_exchange_status()[0]["result"]["fiscalParams"]["fiscalDocumentNumber"] == 8
    assert client.continue_print()[0]["status"] == "ready"
    assert client.close_shift()[0]["result"]["fiscalParams"]["receiptsCount"] == 5
    assert face.register.drive.last_fd == 9


def test_the_independent_client_hears_of_a_refused_receipt(face: RealFace, client: Any) -> None:
    with pytest.raises(errors.TaskError) as caught:
        client.sell(items=[position()], payments=[{"type": "cash", "sum": 1}], taxationType="osn")
    assert caught.value.args[0][0]["errorCode"] == 66
    with pytest.raises(errors.TaskError):
        client.registration("fnChange")
    assert [d.code for d in face.register.drive.documents()] == [1, 2]


def test_the_independent_client_survives_a_blocked_queue(face: RealFace, client: Any) -> None:
    client.open_shift()
    face.plan.order(Point.AFTER_SIGN, Fault(kind=FaultKind.DROP, seconds=0.3))
    (sold,) = client.sell(items=[position()], payments=PAYMENT, taxationType="osn", electronically=True)
    assert sold["result"]["fiscalParams"]["fiscalDocumentNumber"] == face.register.drive.last_fd == 3


@pytest.mark.parametrize("fault", [Fault(kind=FaultKind.DROP), Fault(kind=FaultKind.CUT, after_bytes=9)])
def test_a_torn_answer_leaves_the_request_in_the_queue(face: RealFace, fault: Fault) -> None:
    face.plan.order(Point.ANSWER, fault)
    with pytest.raises((httpx2.RemoteProtocolError, httpx2.ReadError)) as torn:
        httpx2.post(f"{face.url}/api/v2/requests", json={"uuid": "a", "request": [sell()]})
    assert ("9 bytes" in str(torn.value)) is (fault.kind is FaultKind.CUT)
    assert face.finished("a")[0]["status"] == "ready"
    assert face.register.drive.last_fd == 3


def test_a_torn_request_is_not_in_the_queue(face: RealFace) -> None:
    face.plan.order(Point.REQUEST, Fault(kind=FaultKind.DROP))
    with pytest.raises((httpx2.RemoteProtocolError, httpx2.ReadError)):
        httpx2.post(f"{face.url}/requests", json={"uuid": "a", "request": [sell()]})
    assert httpx2.get(f"{face.url}/requests/a").status_code == 404


def test_a_request_delayed_past_the_clients_patience_is_carried_out_later(face: RealFace) -> None:
    face.plan.order(Point.REQUEST, Fault(kind=FaultKind.DELAY, seconds=0.3))
    with pytest.raises(httpx2.ReadTimeout):
        httpx2.post(f"{face.url}/requests", json={"uuid": "a", "request": [sell()]}, timeout=0.05)
    assert httpx2.get(f"{face.url}/requests/a").status_code == 404
    deadline = time.monotonic() + 20
    while httpx2.get(f"{face.url}/requests/a").status_code == 404:
        assert time.monotonic() < deadline
    assert face.finished("a")[0]["status"] == "ready"


async def _raw(port: int, request: bytes) -> bytes:
    stream = await anyio.connect_tcp("127.0.0.1", port)
    async with stream:
        await stream.send(request)
        answer = b""
        with contextlib.suppress(anyio.EndOfStream):
            while True:
                answer += await stream.receive()
    return answer


@pytest.mark.anyio
@pytest.mark.parametrize("path", [b"stat/requests", b"/stat/requests/", b"//stat//requests"])
async def test_a_request_line_without_its_slash_or_with_too_many_is_understood(
    face: RealFace, path: bytes
) -> None:
    answer = await _raw(face.port, b"GET " + path + b" HTTP/1.1\r\nHost: k\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"not_ready_count" in answer


def test_people_see_that_it_is_a_test_double(face: RealFace) -> None:
    page = httpx2.get(f"{face.url}/")
    assert page.status_code == 200
    assert "ТЕСТОВЫЙ ДВОЙНИК" in page.text
    state = httpx2.get(f"{face.url}/control/state").json()
    assert state["queues"][0]["device"] == "1"
