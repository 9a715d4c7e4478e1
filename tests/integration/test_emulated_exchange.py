"""A register, its exchange and the operator, over a null modem and over TCP: nothing is lost on the way."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio
import pytest

from chekpoint.core.clock import SystemClock
from chekpoint.emulators.drive_errors import (
    DeviceCode,
    DeviceError,
    DriveCode,
    DriveError,
    LinkLost,
    PowerLost,
)
from chekpoint.emulators.exchange import NO_NETWORK
from chekpoint.emulators.faults import Fault, FaultKind, FaultPlan, Point
from chekpoint.emulators.fiscal_drive import ArchivedDocument, FiscalDrive, Registration
from chekpoint.emulators.null_modem import ByteStream, null_modem
from chekpoint.emulators.ofd import Conduct, EmulatedOfd, OfdArchive, Spoil, listen
from chekpoint.emulators.ofd.server import serve
from chekpoint.emulators.register import EmulatedRegister
from chekpoint.fiscal.ofd_wire import Message, encode_message
from chekpoint.fiscal.receipt import Kind, Payment, PaymentForm
from tests.emulated_world import ManualClock, receipt

pytestmark = pytest.mark.anyio


class World:
    """One register and one operator, joined by null modems; time stands still until told."""

    def __init__(self, *, faults: str = "", conduct: Conduct | None = None, period: float = 10.0) -> None:
        self.clock = ManualClock()
        self.plan = FaultPlan.from_spec(faults)
        self.ofd = EmulatedOfd(clock=self.clock, conduct=conduct, faults=self.plan)
        self.register = EmulatedRegister(
            FiscalDrive(), clock=self.clock, faults=self.plan, connect=self.dial, exchange_period=period
        )
        self.register.ensure_registered(Registration())
        self.tasks: set[asyncio.Task[None]] = set()

    async def dial(self) -> ByteStream:
        """A fresh line to the operator."""
        left, right = null_modem(self.clock)
        task = asyncio.create_task(serve(self.ofd, right))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return left

    def order(self, point: Point, kind: FaultKind, *, seconds: float = 0.0, after: int = 0) -> None:
        self.plan.order(point, Fault(kind=kind, seconds=seconds, after_bytes=after))

    def at_operator(self) -> list[int]:
        return [d.fd_number for d in self.ofd.archive.of_drive(self.register.drive.number)]


async def test_every_document_reaches_the_operator_in_order() -> None:
    world = World()
    for _ in range(3):
        await world.register.register_receipt(receipt())
    assert await world.register.exchange.drain() == 5
    assert world.at_operator() == [1, 2, 3, 4, 5]
    assert world.register.exchange_status().unsent_count == 0
    kept = world.ofd.archive.of_drive(world.register.drive.number)
    assert [(d.tlv, d.fiscal_sign, d.total) for d in kept] == [
        (d.tlv, d.fiscal_sign, d.total) for d in world.register.drive.documents()
    ]
    assert [d.answer for d in world.register.drive.documents()] == [0] * 5


@pytest.mark.parametrize("ffd", ["1.05", "1.2"])
async def test_it_works_over_tcp_and_survives_restarts(tmp_path: Path, ffd: str) -> None:
    ofd = EmulatedOfd(OfdArchive(tmp_path / "ofd.sqlite"), clock=SystemClock())
    async with listen(ofd) as listener:

        async def connect() -> ByteStream:
            return await anyio.connect_tcp(listener.host, listener.port)

        register = EmulatedRegister(
            FiscalDrive(path=tmp_path / "drive"), clock=SystemClock(), connect=connect
        )
        register.ensure_registered(Registration(ffd=ffd))
        await register.register_receipt(receipt())
        assert await register.exchange.drain() == 3
    number = register.drive.number
    register.drive.close()
    ofd.close()
    again = FiscalDrive(number, tmp_path / "drive")
    assert again.unsent().count == 0
    kept = OfdArchive(tmp_path / "ofd.sqlite")
    assert [d.fd_number for d in kept.of_drive(number)] == [1, 2, 3]
    kept.close()
    again.close()


async def test_the_own_task_sends_as_soon_as_something_is_signed() -> None:
    world = World()
    task = asyncio.create_task(world.register.exchange.run())
    await world.clock.settle()
    assert world.at_operator() == [1]
    await world.register.register_receipt(receipt())
    await world.clock.settle()
    assert world.at_operator() == [1, 2, 3]
    task.cancel()


async def test_without_a_network_the_queue_grows_and_leaves_later() -> None:
    world = World()
    world.plan.order(Point.OFD_CONNECT, Fault(kind=FaultKind.DROP), times=-1)
    task = asyncio.create_task(world.register.exchange.run())
    await world.register.register_receipt(receipt())
    await world.clock.advance(25)
    status = world.register.exchange_status()
    assert (status.unsent_count, status.first_fd, status.network_code) == (3, 1, NO_NETWORK[0])
    world.plan.clear()
    await world.clock.advance(10)
    assert world.register.exchange_status().unsent_count == 0
    assert world.register.exchange_status().network_code == 0
    task.cancel()


async def test_no_operator_at_the_address_is_an_error_not_a_crash() -> None:
    async def nobody() -> ByteStream:
        raise ConnectionRefusedError

    register = EmulatedRegister(FiscalDrive(), clock=ManualClock(), connect=nobody)
    register.ensure_registered(Registration())
    assert await register.exchange.drain() == 0
    assert register.exchange_status().network_code == NO_NETWORK[0]


@pytest.mark.parametrize(
    ("point", "kind"),
    [
        (Point.OFD_CONNECT, FaultKind.DROP),
        (Point.OFD_REQUEST, FaultKind.DROP),
        (Point.OFD_REQUEST, FaultKind.CUT),
        (Point.OFD_REQUEST, FaultKind.GARBAGE),
        (Point.OFD_ANSWER, FaultKind.DROP),
        (Point.OFD_ANSWER, FaultKind.CUT),
        (Point.OFD_ANSWER, FaultKind.GARBAGE),
    ],
)
async def test_a_broken_exchange_stops_at_the_head_and_is_repeated(point: Point, kind: FaultKind) -> None:
    world = World()
    world.order(point, kind, after=40)
    assert await world.register.exchange.drain() == 0
    assert world.register.exchange_status().first_fd == 1
    assert await world.register.exchange.drain() == 1
    assert world.at_operator() == [1]


async def test_a_document_sent_twice_is_kept_once_with_the_same_ticket() -> None:
    world = World()
    world.order(Point.OFD_ANSWER, FaultKind.DROP)
    await world.register.exchange.drain()
    assert world.at_operator() == [1]
    first = world.ofd.archive.find(world.register.drive.number, 1)
    await world.register.exchange.drain()
    second = world.ofd.archive.find(world.register.drive.number, 1)
    assert first is not None
    assert second is not None
    assert second.times_received == 2
    assert world.register.drive.document(1).ticket == first.ticket == second.ticket


async def test_a_doubled_request_or_answer_does_no_harm() -> None:
    world = World()
    world.order(Point.OFD_REQUEST, FaultKind.DUPLICATE)
    await world.register.register_receipt(receipt())
    assert await world.register.exchange.drain() >= 1
    while world.register.exchange_status().unsent_count:
        await world.register.exchange.drain()
    world.order(Point.OFD_ANSWER, FaultKind.DUPLICATE)
    await world.register.register_receipt(receipt())
    while world.register.exchange_status().unsent_count:
        await world.register.exchange.drain()
    assert world.at_operator() == [1, 2, 3, 4]


async def test_a_slow_operator_is_waited_for_and_a_silent_one_given_up() -> None:
    world = World(conduct=Conduct(delay_seconds=299))
    task = asyncio.create_task(world.register.exchange.drain())
    await world.clock.advance(299)
    assert await task == 1
    world.ofd.conduct = Conduct(silent=True)
    await world.register.report_exchange()
    task = asyncio.create_task(world.register.exchange.drain())
    await world.clock.advance(299)
    assert world.register.exchange_status().waiting
    await world.clock.advance(2)
    assert await task == 0
    assert world.register.exchange_status().network_code != 0
    assert world.at_operator() == [1, 2]  # the operator has it: the register does not know


async def test_an_operator_that_is_down_answers_nothing() -> None:
    world = World(conduct=Conduct(down=True))
    assert await world.register.exchange.drain() == 0
    assert world.at_operator() == []


@pytest.mark.parametrize("spoil", [s for s in Spoil if s is not Spoil.NOTHING])
async def test_a_wrong_ticket_leaves_the_document_in_the_queue(spoil: Spoil) -> None:
    world = World(conduct=Conduct(spoil=spoil))
    assert await world.register.exchange.drain() == 0
    status = world.register.exchange_status()
    assert status.unsent_count == 1
    assert (status.drive_code or status.ofd_code) != 0
    world.ofd.conduct = Conduct()
    assert await world.register.exchange.drain() == 1


@pytest.mark.parametrize("answer", [11, 14])
async def test_a_rejected_document_is_delivered_and_shows_its_rejection(answer: int) -> None:
    world = World(conduct=Conduct(answer=answer, flags=0b10))
    assert await world.register.exchange.drain() == 1
    assert world.register.drive.document(1).answer == answer
    assert world.register.exchange_status().ofd_code == answer
    assert world.register.exchange_status().unsent_count == 0


async def test_a_refusal_can_be_ordered_for_one_document() -> None:
    world = World()
    world.plan.order(Point.OFD_ANSWER, Fault(kind=FaultKind.REFUSE, detail="14:4"))
    await world.register.register_receipt(receipt())
    await world.register.exchange.drain()
    assert [(d.answer, d.flags) for d in world.register.drive.documents()] == [(14, 4), (0, 0), (0, 0)]


async def test_garbage_at_the_operator_s_door_ends_that_connection_only() -> None:
    ofd = EmulatedOfd(clock=SystemClock())
    async with listen(ofd) as listener:
        for octets in (b"GET / HTTP/1.1\r\n\r\n", bytes(64), encode_message(Message(fn="1", body=bytes(64)))):
            async with await anyio.connect_tcp(listener.host, listener.port) as stream:
                await stream.send(octets)
                with pytest.raises((anyio.EndOfStream, anyio.BrokenResourceError)):
                    await stream.receive()
    assert ofd.refused.total() == 3


async def test_without_power_nothing_is_sent() -> None:
    world = World()
    world.register.power_off()
    assert await world.register.exchange.drain() == 0
    with pytest.raises(DeviceError):
        world.register.exchange_status()
    world.register.power_on()
    assert await world.register.exchange.drain() == 1


async def test_under_a_storm_of_faults_every_document_arrives_once_and_in_order() -> None:
    storm = ",".join(
        f"{kind}@{point}=0.1:{parameter}"
        for point in ("ofd.request", "ofd.answer")
        for kind, parameter in (("drop", "0"), ("cut", "50"), ("garbage", "0"), ("duplicate", "0"))
    )
    world = World(faults=f"{storm},drop@ofd.connect=0.2,seed=11")
    for _ in range(40):
        await world.register.register_receipt(receipt())
        await world.register.exchange.drain()
    world.plan.clear()
    await world.register.exchange.drain()
    assert world.at_operator() == list(range(1, 43))
    assert world.register.exchange_status().unsent_count == 0
    assert world.plan.drawn > 10


async def test_an_address_that_swallows_connections_is_given_up() -> None:
    async def nowhere() -> ByteStream:
        await asyncio.Event().wait()
        raise AssertionError

    clock = ManualClock()
    register = EmulatedRegister(FiscalDrive(), clock=clock, connect=nowhere)
    register.ensure_registered(Registration())
    task = asyncio.create_task(register.exchange.drain())
    await clock.advance(31)
    assert await task == 0
    assert register.exchange_status().network_code == NO_NETWORK[0]


@pytest.mark.parametrize("seed", range(8))
async def test_whatever_breaks_the_archive_has_no_gap_and_the_operator_has_its_beginning(seed: int) -> None:
    storm = "power_loss=0.08:3s,drop=0.08,delay=0.05:1s,refuse=0.05,cut=0.05:40,garbage=0.05,duplicate=0.05"
    world, chance = World(faults=f"{storm},seed={seed}", period=3600.0), random.Random(seed)
    told: set[int] = set()
    exchange = asyncio.create_task(world.register.exchange.run())
    for _ in range(120):
        deed = chance.choice(("receipt", "receipt", "receipt", "close", "report", "wait", "long wait", "bad"))
        task = asyncio.create_task(act(world.register, deed))
        await world.clock.advance(30_000.0 if deed == "long wait" else 5.0)
        told |= {n for n in [await task] if n is not None}
    world.plan.clear()
    world.register.power_on()
    await world.clock.advance(7200)
    exchange.cancel()
    numbers = [d.fd_number for d in world.register.drive.documents()]
    assert numbers == list(range(1, world.register.drive.last_fd + 1))
    assert told <= set(numbers)
    assert world.at_operator() == numbers
    moments = [d.made_at for d in world.register.drive.documents()]
    assert moments == sorted(moments)
    assert world.plan.drawn > 20


async def act(register: EmulatedRegister, deed: str) -> int | None:
    """One deed at the register; the number of the document that the host was told of, if any."""
    deeds: dict[str, Callable[[], Awaitable[ArchivedDocument | None]]] = {
        "receipt": lambda: register.register_receipt(receipt()),
        "bad": lambda: register.register_receipt(receipt(payments=())),
        "close": register.close_shift,
        "report": register.report_exchange,
    }
    if deed not in deeds:
        return None
    try:
        document = await deeds[deed]()
    except DriveError:
        return None
    except DeviceError as error:
        return error.signed
    return document.fd_number if document else None


# -- power, paper and cable at each step -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("point", "signed"), [(Point.BEFORE_SIGN, False), (Point.AFTER_SIGN, True), (Point.PRINTING, True)]
)
@pytest.mark.parametrize(("kind", "error"), [(FaultKind.POWER_LOSS, PowerLost), (FaultKind.DROP, LinkLost)])
async def test_a_loss_at_each_step_leaves_the_archive_as_the_step_says(
    point: Point, signed: bool, kind: FaultKind, error: type[DeviceError]
) -> None:
    world = World()
    await world.register.open_shift()
    world.order(point, kind, seconds=5)
    with pytest.raises(error) as caught:
        await world.register.register_receipt(receipt(paper=True))
    assert (caught.value.signed is not None) is signed
    assert world.register.drive.last_fd == (3 if signed else 2)
    with pytest.raises(DeviceError):
        world.register.state()
    await world.clock.advance(5)
    assert world.register.state().last_fd == world.register.drive.last_fd


async def test_paper_that_ends_while_printing_leaves_a_signed_document_to_be_printed() -> None:
    world = World()
    world.register.seconds_per_receipt = 3.0
    task = asyncio.create_task(world.register.register_receipt(receipt(paper=True)))
    await world.clock.advance(1)
    world.register.paper = False
    await world.clock.advance(3)
    with pytest.raises(DeviceError) as caught:
        await task
    assert (caught.value.code, caught.value.signed) == (DeviceCode.PAPER_OUT, 3)
    assert world.register.state().unprinted_fd == 3
    world.register.paper = True
    again = asyncio.create_task(world.register.continue_print())
    await world.clock.advance(3)
    document = await again
    assert document is not None
    assert document.fd_number == 3
    assert world.register.printed == [3]
    assert world.register.drive.last_fd == 3


async def test_an_electronic_receipt_needs_no_paper() -> None:
    world = World()
    world.register.paper = False
    assert (await world.register.register_receipt(receipt())).fd_number == 3
    with pytest.raises(DeviceError) as caught:
        await world.register.register_receipt(receipt(paper=True))
    assert caught.value.code is DeviceCode.PAPER_OUT
    assert caught.value.signed is None


@pytest.mark.parametrize(
    ("break_it", "code"),
    [
        (lambda r: r.power_off(), DeviceCode.NO_POWER),
        (lambda r: r.link_off(), DeviceCode.NO_LINK),
        (lambda r: setattr(r, "cover_open", True), DeviceCode.COVER_OPEN),
    ],
)
async def test_a_register_that_cannot_says_why(
    break_it: Callable[[EmulatedRegister], None], code: DeviceCode
) -> None:
    world = World()
    break_it(world.register)
    with pytest.raises(DeviceError) as caught:
        await world.register.register_receipt(receipt(paper=True))
    assert caught.value.code is code
    assert world.register.drive.last_fd == 1


async def test_cash_is_paid_back_only_out_of_the_drawer() -> None:
    world, cash = World(), (Payment(form=PaymentForm.CASH, sum=10_000),)
    with pytest.raises(DeviceError) as caught:
        await world.register.register_receipt(receipt(kind=Kind.SALE_RETURN, payments=cash))
    assert caught.value.code is DeviceCode.NO_CASH
    assert await world.register.cash_in(4_000) == 4_000
    await world.register.register_receipt(receipt(payments=cash))
    await world.register.register_receipt(receipt(kind=Kind.SALE_RETURN, payments=cash))
    assert world.register.state().cash == 4_000
    with pytest.raises(DeviceError):
        await world.register.cash_out(4_001)


async def test_a_named_refusal_can_be_ordered() -> None:
    world = World()
    for name, code in (("archive_full", DriveCode.ARCHIVE_FULL), ("nonsense", DriveCode.FAULT)):
        world.plan.order(Point.BEFORE_SIGN, Fault(kind=FaultKind.REFUSE, detail=name))
        with pytest.raises(DriveError) as caught:
            await world.register.register_receipt(receipt())
        assert caught.value.code is code


async def test_a_wrong_clock_stops_the_drive_until_it_is_right_again() -> None:
    world = World()
    await world.register.register_receipt(receipt())
    world.plan.order(Point.BEFORE_SIGN, Fault(kind=FaultKind.WRONG_CLOCK, seconds=-3600))
    with pytest.raises(DriveError) as caught:
        await world.register.register_receipt(receipt())
    assert caught.value.code is DriveCode.CLOCK_WENT_BACK
    world.register.set_clock(world.register.local_now().replace(hour=12, minute=0))
    assert (await world.register.register_receipt(receipt())).fd_number == 4


async def test_receipts_at_the_same_moment_are_signed_one_after_another() -> None:
    world = World()
    world.register.seconds_per_receipt = 1.0
    tasks = [asyncio.create_task(world.register.register_receipt(receipt(paper=True))) for _ in range(5)]
    await world.clock.advance(5)
    documents = await asyncio.gather(*tasks)
    assert [d.fd_number for d in documents] == [3, 4, 5, 6, 7]
    assert [d.made_at.second for d in documents] == [0, 1, 2, 3, 4]
