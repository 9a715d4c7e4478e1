"""The emulated Shtrih-M device over real lines: TCP, and an independent client over a pseudo-terminal."""

import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pyshtrih
import pytest
from anyio import to_thread

from chekpoint.core.clock import SystemClock
from chekpoint.emulators.faults import Fault, FaultKind, FaultPlan, Point
from chekpoint.emulators.ofd import listen
from chekpoint.emulators.shtrih_wire import link1, link2
from chekpoint.emulators.shtrih_wire.face import ShtrihWire
from chekpoint.emulators.stand import build_ofd, tcp
from tests.shtrih_wire_rig import ACK, ENQ, NAK, PASSWORD, STX, closing, five, host, item, make_register

pytestmark = pytest.mark.anyio
FRAMES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "data" / "shtrih_frames.json").read_text()
)
PAIRS = {f["name"]: f for f in FRAMES if len(f.get("request_hex", "")) > 2}
FORMS = {"v1_10h_mode8": 1, "v2_11h_status": -2}  # these answers have several lengths; ours differ by so much
RECEIPT = (("8D", b"\0"), ("FF46", item(price=5000)))
BEFORE = {
    "v1_10h_mode8": RECEIPT,
    "v1_ff46_item": RECEIPT[:1],
    "v1_88h_cancel": RECEIPT,
    "v1_ff45_close": RECEIPT,
    "v2_ff4d_tag_1222": RECEIPT,
    "v1_ff4a_correction": (("FF35", b""),),
}
REFUSED = {
    "v1_ff0a_request": 0x08,  # FD 425 is not on this drive
    "v1_ff3c_request": 0x08,
    "v1_25h_busy": 0x00,  # nothing is printing here; the busy answer has a test of its own
    "v1_ff4a_correction": 0x5E,  # a return: some firmware took it, others refuse
}
FFD_1_05 = {"v1_ff4a_correction", "v2_ff35_correction_begin"}


def payload(octets: bytes, protocol: str) -> bytes:
    if protocol == "v1":
        [event] = link1.Receiver().receive(octets)
        assert isinstance(event, link1.Payload)
        return event.octets
    return link2.Receiver().receive(octets)[0].payload


@pytest.mark.parametrize("name", PAIRS)
async def test_a_recorded_request_is_answered_as_its_notes_say(name: str) -> None:
    frame = PAIRS[name]
    asked = payload(bytes.fromhex(frame["request_hex"]), frame["protocol"])
    size = 2 if asked[0] == 0xFF else 1
    async with host(ffd="1.05" if name in FFD_1_05 else "1.2") as h:
        await h.ask("E0")
        for command, parameters in BEFORE.get(name, ()):
            await h.ask(command, parameters)
        answer = await h.one(asked)
        assert answer[:size] == asked[:size]
        assert answer[size] == REFUSED.get(name, 0)
        if "response_hex" in frame and name not in REFUSED:
            recorded = payload(bytes.fromhex(frame["response_hex"]), frame["protocol"])
            if recorded[0] == asked[0]:  # one answer on record belongs to another command
                assert len(answer) == len(recorded) + FORMS.get(name, 0)


@asynccontextmanager
async def over_tcp(**options: Any) -> AsyncIterator[tuple[ShtrihWire, int]]:
    face = ShtrihWire(make_register(SystemClock(), **options))
    async with face.listen() as port:
        yield face, port


async def take(stream: Any, size: int) -> bytes:
    octets = b""
    while len(octets) < size:
        octets += await stream.receive(size - len(octets))
    return octets


async def answer_of(stream: Any) -> bytes:
    """ACK, then a frame, then our ACK; a stray FF of the answer before is skipped."""
    first = await take(stream, 1)
    if first == b"\xff":
        first = await take(stream, 1)
    assert first == ACK
    head = await take(stream, 2)
    assert head[:1] == STX
    rest = await take(stream, head[1] + 1)
    await stream.send(ACK)
    return rest[:-1]


async def test_a_receipt_goes_over_tcp_with_the_stray_byte_between() -> None:
    async with over_tcp() as (face, port), await anyio.connect_tcp("127.0.0.1", port) as stream:
        await stream.send(ENQ)
        assert await take(stream, 1) == NAK
        commands = ("E0", "", "8D", "00", "FF46", item().hex(), "FF45", closing(electronic=10_000).hex())
        for code, parameters in zip(commands[::2], commands[1::2], strict=True):
            octets = bytes.fromhex(code) + PASSWORD + bytes.fromhex(parameters)
            await stream.send(link1.frame(octets))
            assert (await answer_of(stream))[len(code) // 2] == 0
        assert await take(stream, 1) == b"\xff"
        assert face.register.drive.last_fd == 3


async def test_a_second_host_is_hung_up_on_and_may_come_when_the_first_has_gone() -> None:
    async with over_tcp() as (_, port):
        async with await anyio.connect_tcp("127.0.0.1", port) as first:
            await first.send(ENQ)
            assert await take(first, 1) == NAK
            async with await anyio.connect_tcp("127.0.0.1", port) as second:
                with pytest.raises((anyio.EndOfStream, anyio.BrokenResourceError)):
                    await second.receive()
        with anyio.fail_after(10):
            assert await first_word(port) == NAK


async def first_word(port: int) -> bytes:
    """What a new host gets for ENQ: the device notices that the last one has gone a moment later than we do."""
    while True:
        async with await anyio.connect_tcp("127.0.0.1", port) as stream:
            try:
                await stream.send(ENQ)
                first = await take(stream, 1)
                return first if first == NAK else first + await take(stream, 10)
            except (anyio.EndOfStream, anyio.BrokenResourceError):
                continue


@pytest.mark.parametrize("keeps", [True, False])
async def test_a_connection_cut_in_an_answer_leaves_the_receipt_made(keeps: bool) -> None:
    """Whether the next connection may still fetch the answer differs, so no driver may count on it."""
    async with over_tcp() as (face, port):
        face.device.conduct.keeps_answer = keeps
        await face.device.execute(b"\xe0" + PASSWORD)
        await face.device.execute(b"\x8d" + PASSWORD + b"\0")
        await face.device.execute(bytes.fromhex("FF46") + PASSWORD + item())
        face.faults.order(Point.ANSWER, Fault(kind=FaultKind.CUT, after_bytes=5))
        async with await anyio.connect_tcp("127.0.0.1", port) as stream:
            await stream.send(link1.frame(bytes.fromhex("FF45") + PASSWORD + closing(electronic=10_000)))
            assert len(await take(stream, 6)) == 6
            with pytest.raises((anyio.EndOfStream, anyio.BrokenResourceError)):
                await stream.receive()
        assert face.register.drive.last_fd == 3
        with anyio.fail_after(10):
            assert (await first_word(port))[3:6] == (bytes.fromhex("FF4500") if keeps else b"")


async def test_power_ends_the_connection_and_the_device_comes_back() -> None:
    async with over_tcp() as (face, port):
        async with await anyio.connect_tcp("127.0.0.1", port) as stream:
            await stream.send(ENQ)
            await take(stream, 1)
            face.register.power_off()
            await stream.send(ENQ)
            with pytest.raises((anyio.EndOfStream, anyio.BrokenResourceError)):
                await stream.receive()
        face.register.power_on()
        with anyio.fail_after(10):
            assert await first_word(port) == NAK


async def test_the_ticket_of_a_document_is_read_from_the_device() -> None:
    clock = SystemClock()
    operator = build_ofd(None, clock, FaultPlan())
    async with listen(operator) as ofd:
        register = make_register(clock, connect=tcp("127.0.0.1", ofd.port))
        assert await register.exchange.drain() == 1
        async with host(register=register) as h:
            answer = await h.ask("FF3C", (1).to_bytes(4, "little"))
            assert len(answer) == 27
            assert answer[5:7] == b"\x88\x06"
            assert answer[23:] == (1).to_bytes(4, "little")
            assert (await h.ask("FF0A", (1).to_bytes(4, "little")))[1] == 1
            assert await h.ask("FF39") == bytes(13)
    operator.close()


async def test_the_panel_shows_the_device_and_changes_its_conduct() -> None:
    face = ShtrihWire(make_register())
    transport = httpx2.ASGITransport(face.control())
    async with httpx2.AsyncClient(transport=transport, base_url="http://panel") as http:
        assert "TEST DOUBLE" in (await http.get("/")).text
        answer = await http.post("/control/shtrih", json={"shift_seconds": 30, "marking": "offline"})
        assert answer.json()["shtrih"]["conduct"]["shift_seconds"] == 30
        assert (await http.get("/control/state")).json()["shtrih"]["mode"] == 4
        for wrong in ({"shift_seconds": -1}, {"shift": 1}, [1]):
            assert (await http.post("/control/shtrih", json=wrong)).status_code == 400
        assert (await http.post("/control/shift", json={"open": True})).status_code == 200
        assert face.device.mode == 2


# -- pyshtrih, an independent client -----------------------------------------------------------------------------------


class FullDevice(pyshtrih.ShtrihFR01F):  # type: ignore[misc]
    """The package's device with a fiscal drive, and the two of its commands that it leaves out there."""

    SUPPORTED_COMMANDS = (*pyshtrih.ShtrihFR01F.SUPPORTED_COMMANDS, 0xFF0B, 0xFF43)


@asynccontextmanager
async def pyshtrih_client(face: ShtrihWire) -> AsyncIterator[Callable[..., Awaitable[Any]]]:
    """Calls a method of the connected device by name, in a thread; the device runs in this one."""
    async with face.pty() as path:
        device = FullDevice(port=path, baudrate=115200, timeout=5)

        async def call(name: str, *values: Any, **named: Any) -> Any:
            return await to_thread.run_sync(lambda: getattr(device, name)(*values, **named))

        await call("connect")
        try:
            yield call
        finally:
            await call("disconnect")


async def test_pyshtrih_sells_and_reads_what_it_sold() -> None:
    face = ShtrihWire(make_register(SystemClock()))
    async with pyshtrih_client(face) as call:
        assert (await call("model"))["Название устройства"] == face.register.model
        assert (await call("state"))["Режим ФР"].num == 4
        await call("open_shift")
        await call("open_check", 0)
        await call("sale", ("Бананы", 2000, 5025), tax1=1)
        closed = await call("close_check", cash=20_000)
        assert closed["Сдача"] == 9950
        status = await call("fs_state")
        assert bytes(status["Номер ФН"]).decode() == face.register.drive.number
        assert status["Номер последнего ФД"] == 3
        assert status["Состояние смены"] == "смена открыта"
        found = await call("fs_find_document_by_num", 3)
        assert found["Тип фискального документа"] == 3
        assert bytes(found["Данные фискального документа"])[-5:] == five(10_050)
        receipt = face.register.drive.document(3).receipt
        assert receipt is not None
        assert receipt.items[0].name == "Бананы"
        assert (receipt.items[0].quantity, receipt.amount) == (Decimal(2), 10_050)


async def test_pyshtrih_runs_the_day_and_reads_the_drive() -> None:
    face = ShtrihWire(make_register(SystemClock()))
    async with pyshtrih_client(face) as call:
        await call("fs_begin_open_shift")
        assert (await call("fs_open_shift"))["Номер ФД"] == 2
        await call("income", 50_000)
        await call("outcome", 20_000)
        assert face.register.cash == 30_000
        await call("x_report")
        full = await call("full_state")
        assert full["Заводской номер"] == int(face.register.state().serial[-9:])
        assert full["Дата"] == face.register.local_now().date()
        assert (await call("fs_shift_params"))["Номер смены"] == 1
        assert (await call("fs_unconfirmed_document_count"))["Количество неподтверждённых ФД"] == 2
        until = face.register.drive.valid_until
        assert until is not None
        exchange = await call("fs_info_exchange")
        assert exchange["Номер документа для ОФД первого в очереди"] == 1
        assert (await call("fs_expiration_time"))["Срок действия"] == until.date()
        assert (await call("fs_calculation_state_report"))["Номер ФД"] == 3
        await call("write_table", 17, 1, 7, 2, int)
        assert (await call("read_table", 17, 1, 7, int))["Значение"] == 2
        await call("z_report")
        assert face.register.drive.document(4).code == 5


async def test_pyshtrih_is_told_errors_and_doubles_a_command_whose_ack_was_lost() -> None:
    """The danger that the protocol has by itself: fact 2 of every description of it."""
    face = ShtrihWire(make_register(SystemClock()))
    async with pyshtrih_client(face) as call:
        with pytest.raises(pyshtrih.Error) as refused:
            await call("z_report")
        assert refused.value.code == 0x3D
        await call("open_shift")
        await call("__setattr__", "wait_printing", lambda: None)  # so that the fault meets the payment itself
        face.faults.order(Point.ANSWER, Fault(kind=FaultKind.DROP, detail="ack"))
        with contextlib.suppress(pyshtrih.ProtocolError):  # it takes the rest of the first answer for its own
            await call("income", 5000)
        assert face.register.cash > 5000
