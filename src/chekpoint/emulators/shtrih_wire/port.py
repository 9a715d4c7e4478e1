"""One port of the device, TCP or serial: both link protocols, answers held and repeated, faults on the line.

What the fault plan does here, beside what it does inside the register:
``face.request``: drop, cut (the connection ends), garbage (NAK, or nothing in protocol 2), delay, duplicate (executed
twice), refuse (``detail`` is a code in hex or a name of ``drive_errors``).
``face.answer``: drop (the device believes it has answered; ENQ fetches the answer in protocol 1, the same number in
protocol 2), drop with detail ``ack`` (only the ACK of the command is lost), cut, delay, duplicate, garbage, and
garbage with detail ``previous`` (the answer of the command before).
"""

import asyncio
from typing import Final

import anyio

from chekpoint.emulators.drive_errors import DeviceError
from chekpoint.emulators.faults import Fault, FaultKind, FaultPlan, Point
from chekpoint.emulators.null_modem import ByteStream, struck
from chekpoint.emulators.register import refusal
from chekpoint.emulators.shtrih_wire import link1, link2
from chekpoint.emulators.shtrih_wire.codes import code_of
from chekpoint.emulators.shtrih_wire.device import TWO_BYTES, ShtrihDevice
from chekpoint.emulators.shtrih_wire.link1 import Control, Payload
from chekpoint.emulators.shtrih_wire.link2 import Frame

CHUNK: Final = 4096
STRAY: Final = b"\xff"
_ACK: Final = bytes((link1.ACK,))
_NAK: Final = bytes((link1.NAK,))
_FIRST: Final = {link1.STX: "1", link1.ENQ: "1", link2.START: "2"}


class Port:
    """Serves one host at a time. The first byte decides on the protocol until the power goes."""

    def __init__(self, device: ShtrihDevice, faults: FaultPlan, *, tcp: bool) -> None:
        self.device = device
        self.faults = faults
        self.tcp = tcp
        self._stream: ByteStream | None = None
        self._sending = asyncio.Lock()
        self._work: asyncio.Task[None] | None = None
        self._one = link1.Receiver()
        self._two = link2.Receiver()
        self._heard = 0.0
        self._start()

    def _start(self) -> None:
        """As after switching on: nothing is held, protocol 2 counts from 0."""
        self._power_losses = self.device.register.power_losses
        self.protocol = ""
        self._held: bytes | None = None  # an answer of protocol 1 that the host has not acknowledged
        self._number = 0
        self._answer = b""  # the last answer of protocol 2
        self._previous = b""  # the last answer's payload, whatever the protocol
        self._one.reset()
        self._two.reset()

    # -- the line ------------------------------------------------------------------------------------------------------

    async def serve(self, stream: ByteStream) -> None:
        """Talk to a host until it goes; a second one is hung up on at once."""
        if self._stream is not None or not self.device.register.powered:
            await stream.aclose()
            return
        self._stream = stream
        self._connected()
        try:
            while await self._heed(stream, await stream.receive(CHUNK)):
                continue
        except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError, OSError):
            return  # the host has gone; what it asked for is carried out all the same
        finally:
            self._stream = None
            await stream.aclose()

    async def close(self) -> None:
        """Stop what is being carried out."""
        if self._work is not None and not self._work.done():
            self._work.cancel()
            await asyncio.wait({self._work})

    def _connected(self) -> None:
        self._one.reset()
        self._two.reset()
        if not self.device.conduct.keeps_answer:
            self._held = None

    async def _heed(self, stream: ByteStream, chunk: bytes) -> bool:
        """What arrives; False when the line dies with the power."""
        register = self.device.register
        if self._power_went() and self.tcp:
            return False
        if not register.powered or not register.linked:
            return register.powered or not self.tcp
        self._raise_what_broke()
        now = register.clock.monotonic()
        if now - self._heard > self.device.conduct.byte_timeout:
            self._one.reset()
            self._two.reset()
        self._heard = now
        if self._protocol_of(chunk) == "2":
            for frame in self._two.receive(chunk):
                await self._numbered(stream, frame)
        elif self.protocol == "1":
            for event in self._one.receive(chunk):
                await self._plain(stream, event)
        return True

    def _power_went(self) -> bool:
        """Has the power gone since we last looked? Then everything in the memory has."""
        if self._power_losses == self.device.register.power_losses:
            return False
        self.device.notice_power()
        self._start()
        return True

    def _protocol_of(self, chunk: bytes) -> str:
        wanted = self.device.conduct.protocol
        if wanted != "auto":
            self.protocol = wanted
        elif not self.protocol:
            self.protocol = next((_FIRST[octet] for octet in chunk if octet in _FIRST), "")
        return self.protocol

    @property
    def busy(self) -> bool:
        """Is a command being carried out?"""
        return self._work is not None and not self._work.done()

    def _raise_what_broke(self) -> None:
        if self._work is not None and self._work.done():
            self._work.result()

    async def _send(self, stream: ByteStream, octets: bytes) -> None:
        async with self._sending:
            await stream.send(octets)

    # -- protocol 1 ----------------------------------------------------------------------------------------------------

    async def _plain(self, stream: ByteStream, event: Control | Payload) -> None:
        if self.busy:
            if event is Control.ENQ and not self.device.conduct.silent_while_busy:
                await self._send(stream, _ACK)  # "preparing an answer"; the frame follows when it is ready
            return
        match event:
            case Payload():
                await self._begin(stream, event.octets, None)
            case Control.SPOILT:
                await self._send(stream, _NAK)
            case Control.ENQ:
                await self._send(stream, _NAK if self._held is None else _ACK + self._held)
            case Control.ACK if self._held is not None:
                self._held = None
                if self.tcp and self.device.conduct.stray_ff:
                    await self._send(stream, STRAY)
            case _:
                return  # a NAK: the host will ask again by ENQ

    # -- protocol 2 ----------------------------------------------------------------------------------------------------

    async def _numbered(self, stream: ByteStream, frame: Frame) -> None:
        """Only the number after the last one is executed; any other gets the last answer again."""
        if self.busy:
            return
        if frame.number == (self._number + 1) & 0xFFFF and frame.payload:
            await self._begin(stream, frame.payload, frame.number)
        else:
            await self._send(stream, link2.encode(Frame(self._number, self._answer)))

    # -- carrying out --------------------------------------------------------------------------------------------------

    async def _begin(self, stream: ByteStream, payload: bytes, number: int | None) -> None:
        fault = self.faults.draw(Point.REQUEST)
        kind = fault.kind if fault is not None else None
        if kind is FaultKind.DROP:
            return
        if kind is FaultKind.CUT:
            await self._hang_up(stream)
            return
        if kind is FaultKind.GARBAGE:
            if number is None:
                await self._send(stream, _NAK)
            return
        self._held = None
        work = self._carry_out(stream, payload, number, fault)
        self._work = asyncio.create_task(work)

    async def _carry_out(
        self, stream: ByteStream, payload: bytes, number: int | None, fault: Fault | None
    ) -> None:
        """Acknowledge, execute, answer. The host may have gone meanwhile: then the answer is held."""
        clock, spoils = self.device.register.clock, self.faults.draw(Point.ANSWER)
        if fault is not None and fault.kind is FaultKind.DELAY:
            await clock.sleep(fault.seconds)
        if number is None and not _loses_ack(spoils):
            await self._try_to_send(stream, _ACK)
        answer = await self._executed(payload, fault)
        if answer is None:
            return
        if spoils is not None and spoils.kind is FaultKind.DELAY:
            await clock.sleep(spoils.seconds)
        await self._give(stream, answer, number, spoils)

    async def _executed(self, payload: bytes, fault: Fault | None) -> bytes | None:
        """The answer's payload; None when power or cable went and nothing goes back."""
        losses = self.device.register.power_losses
        try:
            if fault is not None and fault.kind is FaultKind.REFUSE:
                return _refused(payload, fault.detail)
            answer = await self.device.execute(payload, tcp=self.tcp)
            if fault is not None and fault.kind is FaultKind.DUPLICATE:
                answer = await self.device.execute(payload, tcp=self.tcp)
        except DeviceError:
            answer = None
        if losses != self.device.register.power_losses:
            self._power_went()
            if self.tcp and self._stream is not None:
                await self._hang_up(self._stream)
            return None
        return answer

    async def _give(
        self, stream: ByteStream, answer: bytes, number: int | None, spoils: Fault | None
    ) -> None:
        sent = self._previous if _stale(spoils) and self._previous else answer
        self._previous = answer
        if number is None:
            self._held, octets = link1.frame(answer), link1.frame(sent)
        else:
            self._number, self._answer = number, answer
            octets = link2.encode(Frame(number, sent))
        if not self.device.register.linked or self._stream is not stream:
            return
        if spoils is not None and not _stale(spoils) and not _loses_ack(spoils):
            octets = struck(octets, spoils)
        if octets:
            await self._try_to_send(stream, octets)
        if spoils is not None and spoils.kind is FaultKind.CUT:
            await self._hang_up(stream)

    async def _try_to_send(self, stream: ByteStream, octets: bytes) -> None:
        try:
            await self._send(stream, octets)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError, OSError):
            return  # the host has gone: protocol 1 holds the answer, protocol 2 repeats it

    async def _hang_up(self, stream: ByteStream) -> None:
        """A serial line cannot be hung up."""
        if self.tcp:
            await stream.aclose()


def _refused(payload: bytes, detail: str) -> bytes:
    """The answer of a command that a fault refuses: code and error."""
    return payload[: 2 if payload[0] == TWO_BYTES else 1] + bytes((code_of(refusal(detail)),))


def _loses_ack(fault: Fault | None) -> bool:
    return fault is not None and fault.kind is FaultKind.DROP and fault.detail == "ack"


def _stale(fault: Fault | None) -> bool:
    return fault is not None and fault.kind is FaultKind.GARBAGE and fault.detail == "previous"
