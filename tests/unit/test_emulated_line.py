"""The null modem carries bytes as a line does, and breaks as a line does."""

from contextlib import suppress

import anyio
import pytest

from chekpoint.core.clock import SystemClock
from chekpoint.emulators.faults import Fault, FaultKind, FaultPlan, Point
from chekpoint.emulators.null_modem import GARBAGE, NullModemEnd, null_modem

pytestmark = pytest.mark.anyio


async def test_bytes_come_out_in_order_and_in_pieces() -> None:
    left, right = null_modem(SystemClock())
    await left.send(b"hello ")
    await left.send(b"world")
    assert await right.receive(4) == b"hell"
    assert await right.receive() == b"o world"


async def test_a_reader_waits_for_bytes() -> None:
    left, right = null_modem(SystemClock())
    got: list[bytes] = []

    async def read() -> None:
        got.append(await right.receive())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(read)
        await anyio.lowlevel.checkpoint()
        assert got == []
        await left.send(b"x")
    assert got == [b"x"]


async def test_a_closed_line_is_told_to_both_sides() -> None:
    left, right = null_modem(SystemClock())
    await left.send(b"last")
    await left.aclose()
    assert await right.receive() == b"last"
    with pytest.raises(anyio.EndOfStream):
        await right.receive()
    with pytest.raises(anyio.BrokenResourceError):
        await right.send(b"?")
    with pytest.raises(anyio.ClosedResourceError):
        await left.send(b"?")
    with pytest.raises(anyio.ClosedResourceError):
        await left.receive()


async def everything(end: NullModemEnd) -> bytes:
    received = b""
    with suppress(anyio.EndOfStream):
        while True:
            received += await end.receive()
    return received


@pytest.mark.parametrize(
    ("kind", "arrives"),
    [
        (FaultKind.DROP, b""),
        (FaultKind.CUT, b"ab"),
        (FaultKind.DUPLICATE, b"abcabc"),
        (FaultKind.GARBAGE, GARBAGE),
        (FaultKind.DELAY, b"abc"),
    ],
)
async def test_a_fault_strikes_the_line(kind: FaultKind, arrives: bytes) -> None:
    plan = FaultPlan()
    plan.order(Point.LINE, Fault(kind=kind, after_bytes=2))
    left, right = null_modem(SystemClock(), plan)
    await left.send(b"abc")
    await left.aclose()
    assert await everything(right) == arrives
