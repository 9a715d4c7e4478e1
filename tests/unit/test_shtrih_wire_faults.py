"""Trouble on the line of the emulated Shtrih-M device: what a driver will have to survive with real ones."""

import asyncio

import pytest

from chekpoint.emulators.faults import Fault, FaultKind, Point
from chekpoint.emulators.fiscal_drive import FiscalDrive, Registration
from chekpoint.emulators.shtrih_wire import link1
from tests.shtrih_wire_rig import (
    ACK,
    ENQ,
    NAK,
    PASSWORD,
    STX,
    Host,
    NoAnswer,
    closing,
    five,
    four,
    host,
    item,
    make_register,
)

pytestmark = pytest.mark.anyio
CLOSE = bytes.fromhex("FF45") + PASSWORD + closing(electronic=10_000)


async def entered(h: Host) -> None:
    """Shift open, one operation in the receipt; the drive's last document is 2."""
    await h.ask("E0")
    await h.ask("8D", b"\0")
    await h.ask("FF46", item())


async def test_a_lost_answer_is_fetched_by_enq_and_is_the_receipts() -> None:
    async with host() as h:
        await entered(h)
        h.plan.order(Point.ANSWER, Fault(kind=FaultKind.DROP))
        assert await h.say(link1.frame(CLOSE)) == ACK
        assert h.register.drive.last_fd == 3
        answer = await h.say(ENQ)
        assert answer[:2] == ACK + STX
        assert answer[3:8] == bytes.fromhex("FF4500") + five(0)[:2]


async def test_a_command_lost_on_its_way_was_not_carried_out() -> None:
    async with host() as h:
        await entered(h)
        h.plan.order(Point.REQUEST, Fault(kind=FaultKind.DROP))
        assert await h.say(link1.frame(CLOSE)) == b""
        assert await h.say(ENQ) == NAK  # which does not tell the two apart: only the drive does
        assert h.register.drive.last_fd == 2
        h.plan.order(Point.REQUEST, Fault(kind=FaultKind.GARBAGE))
        assert await h.say(link1.frame(CLOSE)) == NAK


async def test_a_host_that_resends_after_a_lost_ack_does_it_twice() -> None:
    async with host() as h:
        await h.ask("E0")
        money = link1.frame(b"\x50" + PASSWORD + five(5000))
        h.plan.order(Point.ANSWER, Fault(kind=FaultKind.DROP, detail="ack"))
        assert (await h.say(money))[:1] == STX
        await h.say(money)
        assert h.register.cash == 10_000


async def test_the_answer_of_the_command_before_is_told_by_its_code_alone() -> None:
    async with host() as h:
        await h.ask("E0")
        h.plan.order(Point.ANSWER, Fault(kind=FaultKind.GARBAGE, detail="previous"))
        assert (await h.one(b"\x10" + PASSWORD))[:2] == b"\xe0\0"
    async with host() as h:
        await h.two(b"\xe0" + PASSWORD)
        h.plan.order(Point.ANSWER, Fault(kind=FaultKind.GARBAGE, detail="previous"))
        assert (await h.two(b"\x10" + PASSWORD))[:1] == b"\xe0"  # under the right number


async def test_a_lost_answer_of_protocol_2_is_repeated_and_never_carried_out_again() -> None:
    async with host() as h:
        await h.two(b"\xe0" + PASSWORD)
        await h.two(b"\x8d" + PASSWORD + b"\0")
        await h.two(bytes.fromhex("FF46") + PASSWORD + item())
        h.plan.order(Point.ANSWER, Fault(kind=FaultKind.DROP))
        with pytest.raises(NoAnswer):
            await h.two(CLOSE)
        answer = await h.two(CLOSE, number=h.number)
        assert answer[:3] == bytes.fromhex("FF4500")
        assert answer[8:12] == four(3)
        assert h.register.drive.last_fd == 3


@pytest.mark.parametrize(("point", "last"), [
    (Point.BEFORE_SIGN, 2), (Point.AFTER_SIGN, 3), (Point.PRINTING, 3),
])  # fmt: skip
async def test_power_that_goes_takes_the_answer_and_the_open_receipt_with_it(point: Point, last: int) -> None:
    register = make_register()
    async with host(register=register) as h:
        await entered(h)
        h.plan.order(point, Fault(kind=FaultKind.POWER_LOSS, seconds=0))
        assert await h.say(link1.frame(CLOSE)) == ACK
        with pytest.raises(Exception):  # noqa: B017  the line is dead, whatever the transport calls it
            await h.one(b"\xfc")
    register.power_on()
    async with host(register=register) as h:
        assert await h.say(ENQ) == NAK
        assert register.drive.last_fd == last
        assert (await h.mode())[0] == 2
        assert (await h.ask("FF01"))[1] == 0
        assert (await h.code("FF0A", four(3))) == (0 if last == 3 else 8)


async def test_a_serial_line_only_falls_silent_while_there_is_no_power() -> None:
    async with host(tcp=False) as h:
        await entered(h)
        h.register.power_off()
        assert await h.say(ENQ) == b""
        h.register.power_on()
        assert await h.say(ENQ) == NAK
        assert await h.code("FF45", closing(electronic=10_000)) == 0x55


async def test_a_pulled_cable_hides_a_receipt_that_was_made() -> None:
    async with host() as h:
        await entered(h)
        h.plan.order(Point.AFTER_SIGN, Fault(kind=FaultKind.DROP, seconds=10))
        assert await h.say(link1.frame(CLOSE)) == ACK
        assert await h.say(ENQ) == b""
        h.clock.wind(11)
        assert await h.say(ENQ) == NAK
        assert (await h.ask("FF0A", four(3)))[15:] == b"\x01" + five(10_000)
        assert (await h.mode())[0] == 2


async def test_a_command_that_arrives_twice_is_carried_out_twice() -> None:
    async with host() as h:
        await h.ask("E0")
        h.plan.order(Point.REQUEST, Fault(kind=FaultKind.DUPLICATE))
        await h.ask("50", five(100))
        assert h.register.cash == 200


async def test_a_reboot_is_not_answered_and_empties_the_memory() -> None:
    async with host(tcp=False) as h:
        await entered(h)
        assert await h.say(link1.frame(bytes.fromhex("FEF300000000"))) == ACK
        assert await h.say(ENQ) == NAK
        assert (await h.mode())[0] == 2


async def test_a_device_that_is_busy_says_so_or_is_silent() -> None:
    async with host() as h:
        gate, original = asyncio.Event(), h.clock.sleep

        async def keys(seconds: float) -> None:
            await gate.wait()
            h.clock.wind(seconds)

        h.clock.sleep = keys  # type: ignore[method-assign]
        h.device.conduct.shift_seconds = 30
        assert await h.say(link1.frame(b"\xe0" + PASSWORD)) == ACK
        assert await h.say(ENQ) == ACK
        h.device.conduct.silent_while_busy = True
        assert await h.say(ENQ) == b""
        assert await h.say(link1.frame(b"\xfc")) == b""
        gate.set()
        h.clock.sleep = original  # type: ignore[method-assign]
        assert (await h.heard())[2:4] == b"\xe0\0"
        assert h.register.drive.last_fd == 2


async def test_another_drive_in_the_same_register_is_told_by_its_number() -> None:
    async with host() as h:
        await h.ask("E0")
        fresh = FiscalDrive("9999078900000002")
        fresh.register(Registration(), h.register.local_now())
        h.register.drive = fresh
        assert (await h.ask("FF02")).decode() == "9999078900000002"
        assert (await h.ask("FF01"))[-4:] == four(1)
        assert (await h.mode())[0] == 4
