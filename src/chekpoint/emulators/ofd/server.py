"""The operator's side of one byte stream, and the TCP listener around it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, NamedTuple

import anyio
import msgspec
from anyio.abc import SocketAttribute

from chekpoint.emulators.faults import Fault, FaultKind, Point
from chekpoint.emulators.null_modem import GARBAGE, ByteStream, struck
from chekpoint.emulators.ofd.conduct import ANSWERS, Spoil
from chekpoint.emulators.ofd.operator import EmulatedOfd
from chekpoint.fiscal.ofd_wire import WANTS_ANSWER, Message, Receiver, WireError, encode_message

CHUNK: Final = 65536


async def serve(ofd: EmulatedOfd, stream: ByteStream) -> None:
    """Answer the messages of one connection until it ends. Garbage ends it, as a real operator does."""
    receiver = Receiver()
    try:
        while not ofd.conduct.down:
            receiver.receive(await stream.receive(CHUNK))
            if not await _answer_all(ofd, receiver, stream):
                return
    except WireError as error:
        ofd.refused[error.fault] += 1
    except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
        return  # the register has gone: nothing is owed to it
    finally:
        await stream.aclose()


async def _answer_all(ofd: EmulatedOfd, receiver: Receiver, stream: ByteStream) -> bool:
    """Answer every whole message at hand; False when the connection shall end."""
    while (message := receiver.next_message()) is not None:
        if ofd.conduct.down or not await _answer(ofd, message, stream):
            return False
    return True


async def _answer(ofd: EmulatedOfd, message: Message, stream: ByteStream) -> bool:
    fault = ofd.faults.draw(Point.OFD_ANSWER)
    ticket = _ticket(ofd, message, fault)
    delay = ofd.conduct.delay_seconds + (fault.seconds if fault and fault.kind is FaultKind.DELAY else 0.0)
    if delay:
        await ofd.clock.sleep(delay)
    if ofd.conduct.silent or not message.flags & WANTS_ANSWER:
        return True
    if ofd.conduct.spoil is Spoil.GARBAGE:
        answer = GARBAGE
    else:
        reply = Message(fn=message.fn, body=ofd.sent(ticket), flags=0x0004, p_protocol=message.p_protocol)
        answer = encode_message(reply)
    answer = struck(answer, fault)
    if answer:
        await stream.send(answer)
    return fault is None or fault.kind not in {FaultKind.DROP, FaultKind.CUT, FaultKind.GARBAGE}


def _ticket(ofd: EmulatedOfd, message: Message, fault: Fault | None) -> bytes:
    """The right ticket; a refusal drawn for this document is kept with it like any other answer."""
    if fault is None or fault.kind is not FaultKind.REFUSE:
        return ofd.take(message.body)
    answer, _, flags = fault.detail.partition(":")
    honest = ofd.conduct
    ofd.conduct = msgspec.structs.replace(
        honest,
        answer=int(answer) if answer in {str(a) for a in ANSWERS} else 14,
        flags=int(flags or 0) & 0xFF,
    )
    try:
        return ofd.take(message.body)
    finally:
        ofd.conduct = honest


class OfdListener(NamedTuple):
    """A running TCP listener. ``port`` is the real one, also when 0 was asked for."""

    ofd: EmulatedOfd
    host: str
    port: int


@asynccontextmanager
async def listen(ofd: EmulatedOfd, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[OfdListener]:
    """Serve on TCP while the block runs; raises OSError when the address is taken."""
    multi = await anyio.create_tcp_listener(local_host=host, local_port=port)

    async def connection(stream: ByteStream) -> None:
        await serve(ofd, stream)

    async with multi, anyio.create_task_group() as tasks:
        tasks.start_soon(multi.serve, connection)
        real_port: int = multi.listeners[0].extra(SocketAttribute.local_port)  # noqa: S610 - no database here
        yield OfdListener(ofd, host, real_port)
        tasks.cancel_scope.cancel()
