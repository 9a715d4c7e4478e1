"""Real bytes and real processes: live vectors at the operator's door, and a drive whose process is killed."""

import json
import os
import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import anyio
import pytest

from chekpoint.core.clock import SystemClock
from chekpoint.emulators.drive_errors import PowerLost
from chekpoint.emulators.faults import Fault, FaultKind, Point
from chekpoint.emulators.fiscal_drive import FiscalDrive, Registration
from chekpoint.emulators.ofd import EmulatedOfd, listen
from chekpoint.emulators.ofd.operator import mock_ticket, sealed
from chekpoint.emulators.register import EmulatedRegister
from chekpoint.emulators.signing import TEST_KEY
from chekpoint.fiscal import container as containers
from chekpoint.fiscal import ticket as tickets
from chekpoint.fiscal.ofd_wire import Message, Receiver, encode_message
from chekpoint.fiscal.receipt import Payment, PaymentForm
from chekpoint.fiscal.ticket import Ticket
from tests.emulated_world import NOON, ManualClock, drive_in_shift, receipt

VECTORS = json.loads((Path(__file__).parents[1] / "data" / "ofd_messages.json").read_text("utf-8"))


def vector(name: str) -> bytes:
    found: list[dict[str, Any]] = [v for v in VECTORS if v["name"].startswith(name)]
    return bytes.fromhex(found[0]["hex"])


async def talk(ofd: EmulatedOfd, octets: bytes) -> Message:
    """Send bytes over TCP and read one message back."""
    async with listen(ofd) as listener, await anyio.connect_tcp(listener.host, listener.port) as stream:
        await stream.send(octets)
        receiver = Receiver(strict=True)
        while (message := receiver.next_message()) is None:
            receiver.receive(await stream.receive())
        return message


@pytest.mark.anyio
async def test_a_live_document_of_a_test_drive_is_kept_and_answered() -> None:
    ofd = EmulatedOfd(clock=SystemClock())
    answer = await talk(ofd, vector("V2"))
    ticket = tickets.read(answer.body, strict=True)
    assert (ticket.fn, ticket.fd_number) == ("9999078902013267", 1)
    assert ticket.answer == 14  # its sign was not made with the test key
    kept = ofd.archive.find("9999078902013267", 1)
    assert kept is not None
    assert (kept.code, kept.answer, kept.seller_inn) == (11, 14, kept.node.text(1018))
    found = containers.decode(answer.body, strict=True)
    assert (found.kind, found.data_type, found.version, found.service_1) == (0x5A, 7, 1, b"\x10\x09")
    tags = [node.tag for node in tickets.to_node(ticket)]
    assert tags == [1017, 1078, 1041, 1040, 1012, 1068]


@pytest.mark.anyio
async def test_a_live_message_of_old_firmware_is_understood() -> None:
    octets = vector("V1")
    assert octets[6:8] == b"\x00\x01"
    answer = await talk(EmulatedOfd(clock=SystemClock()), octets)
    assert tickets.read(answer.body).fd_number == containers.decode(octets[30:]).fd_number


@pytest.mark.anyio
@pytest.mark.parametrize("flags", [0x0014, 0x0016, 0x0015])
@pytest.mark.parametrize("p_protocol", [b"\0\1", b"\0\2", b"\1\0", b"\1\5", b"\1\x10", b"\1\x20"])
async def test_every_known_header_is_accepted(flags: int, p_protocol: bytes) -> None:
    drive = drive_in_shift()
    _, outgoing = drive.outgoing()
    message = Message(fn=drive.number, body=outgoing, flags=flags, p_protocol=p_protocol)
    answer = await talk(EmulatedOfd(clock=SystemClock()), encode_message(message))
    assert answer.p_protocol == p_protocol
    assert drive.load_ticket(answer.body, NOON).accepted


@pytest.mark.anyio
async def test_who_wants_no_answer_gets_none() -> None:
    drive, ofd = drive_in_shift(), EmulatedOfd(clock=SystemClock())
    _, outgoing = drive.outgoing()
    quiet = encode_message(Message(fn=drive.number, body=outgoing, flags=0x0004))
    loud = encode_message(Message(fn=drive.number, body=outgoing))
    answer = await talk(ofd, quiet + loud)
    assert drive.load_ticket(answer.body, NOON).fd_number == 1
    kept = ofd.archive.find(drive.number, 1)
    assert kept is not None
    assert kept.times_received == 2


@pytest.mark.anyio
async def test_an_encrypted_document_is_not_taken_for_a_readable_one() -> None:
    drive = drive_in_shift()
    found = containers.decode(drive.outgoing()[1])
    secret = bytes(octet ^ 0xA7 for octet in found.body)
    hidden = containers.encode(
        containers.Container(data_type=1, fn=drive.number, fd_number=1, body=secret, service_2=bytes(12))
    )
    ofd = EmulatedOfd(clock=SystemClock())
    answer = await talk(ofd, encode_message(Message(fn=drive.number, body=hidden)))
    assert tickets.read(answer.body).answer == 11
    assert ofd.archive.find(drive.number, 1) is None


def test_the_mock_form_is_the_one_met_in_the_field() -> None:
    ticket = Ticket(
        fn="9999078902013267",
        fd_number=1,
        made_at=datetime(2024, 9, 15, 11, 46, 28),  # noqa: DTZ001  documents keep no zone
        operator_inn="7704211201",
        operator_sign=b"\x88\x06" + bytes(6),
    )
    assert mock_ticket(sealed(ticket, TEST_KEY)) == vector("V5")


_SIGN_FOR_EVER = """
import sys
from pathlib import Path
from tests.emulated_world import NOON, drive_in_shift, receipt
from chekpoint.emulators.fiscal_drive import FiscalDrive
drive = drive_in_shift(FiscalDrive(path=Path(sys.argv[1])))
while True:
    print(drive.register_receipt(receipt(), NOON).fd_number, flush=True)
"""


def test_a_killed_process_loses_no_document_that_was_answered(tmp_path: Path) -> None:
    path = tmp_path / "drive.sqlite"
    process = subprocess.Popen(
        [sys.executable, "-c", _SIGN_FOR_EVER, str(path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert process.stdout is not None
    answered = [int(process.stdout.readline()) for _ in range(50)]
    process.send_signal(signal.SIGKILL)
    answered += [int(line) for line in process.stdout if line.endswith("\n")]
    process.stdout.close()
    process.wait()
    drive = FiscalDrive(path=path)
    numbers = [d.fd_number for d in drive.documents()]
    assert numbers == list(range(1, len(numbers) + 1))
    assert set(answered) <= set(numbers)
    assert len(numbers) - answered[-1] <= 1
    assert drive.receipt_number == len(numbers) - 2
    assert drive.register_receipt(receipt(), NOON).fd_number == len(numbers) + 1
    drive.close()


@pytest.mark.anyio
async def test_a_register_remembers_its_cash_and_what_it_did_not_print(tmp_path: Path) -> None:
    def started() -> EmulatedRegister:
        drive = FiscalDrive(path=tmp_path / "drive")
        register = EmulatedRegister(drive, clock=ManualClock(), memory=tmp_path / "register")
        register.ensure_registered(Registration())
        return register

    first = started()
    cash = (Payment(form=PaymentForm.CASH, sum=10_000),)
    first.faults.order(Point.PRINTING, Fault(kind=FaultKind.POWER_LOSS))
    with pytest.raises(PowerLost):
        await first.register_receipt(receipt(payments=cash, paper=True))
    first.close()
    second = started()
    assert (second.state().cash, second.state().unprinted_fd) == (10_000, 3)
    printed = await second.continue_print()
    assert printed is not None
    assert printed.fd_number == 3
    assert second.state().unprinted_fd is None
    second.close()
