"""One command and its answer over a wire, in either protocol; what a lost byte proves is decided here.

``Unheard``: the register has not taken the command, provably: the frame never left, for ENQ had no answer.
``AnswerLost``: it may have been executed. After either the wire is not to be used again: the next one begins with
ENQ or a ping, and takes up what was left unsaid.

A command that was taken is never sent again here, with one exception by the protocol itself: v2 repeats the answer
to a repeated NUMBER and executes nothing. That holds while the register keeps its count, so within one connection.
"""

from typing import Final, Protocol

import anyio

from chekpoint.registers.shtrih import frames
from chekpoint.registers.shtrih.commands import DEVICE_TYPE, Command, Wait
from chekpoint.registers.shtrih.config import ShtrihConfig
from chekpoint.registers.shtrih.frames import Acknowledged, Answer, Damaged, Declined, Empty, Event
from chekpoint.registers.shtrih.streams import ByteStream, LinkLost

_REPEATS: Final = 3
_EVENTS: Final = 6  # frames of others, damaged ones and questions that one answer may cost


class Unheard(Exception):
    """Not taken: provably nothing was executed."""


class AnswerLost(Exception):
    """Taken or on its way: it may have been executed."""


class Line(Protocol):
    """A conversation in one protocol."""

    name: str
    orphans: list[bytes]
    """Answers to commands before ours: taken from the wire, told, never used."""

    async def begin(self) -> None:
        """Find the register and agree where we are. Raises Unheard."""
        ...

    async def say(self, command: Command) -> bytes:
        """Answer's payload, code and error byte included. Raises Unheard or AnswerLost."""
        ...


class Reader(Protocol):
    """What both readers of ``frames`` are."""

    @property
    def begun(self) -> bool: ...

    def receive(self, octets: bytes) -> None: ...

    def next_event(self) -> Event | None: ...


async def _next(stream: ByteStream, reader: Reader, seconds: float, byte_seconds: float) -> Event | None:
    """The next event; None when there was silence. Half a frame and then silence is ``Damaged``."""
    with anyio.move_on_after(seconds):
        while True:
            event = reader.next_event()
            if event is not None:
                return event
            if not reader.begun:
                reader.receive(await stream.receive())
                continue
            with anyio.move_on_after(byte_seconds) as silence:
                reader.receive(await stream.receive())
            if silence.cancelled_caught:
                return Damaged("half a frame")
    return Damaged("half a frame") if reader.begun else None


def wait_of(config: ShtrihConfig, wait: Wait) -> float:
    """Seconds that an answer of this kind may take."""
    return {
        Wait.SHORT: config.answer_timeout,
        Wait.CLOSE: config.close_timeout,
        Wait.SHIFT: config.shift_timeout,
        Wait.MARK: config.mark_timeout,
    }[wait]


def answers(command: Command, payload: bytes) -> bool:
    """Does the payload begin with the command's code and an error byte? Stale answers do not."""
    return len(payload) > len(command.code) and payload.startswith(command.code)


class LineV1:
    """The standard protocol: ENQ before each command, ACK after each answer."""

    name = "v1"

    def __init__(self, stream: ByteStream, config: ShtrihConfig) -> None:
        self._stream, self._config = stream, config
        self._reader = frames.ReaderV1()
        self.orphans: list[bytes] = []

    async def begin(self) -> None:
        await self._quiet()

    async def say(self, command: Command) -> bytes:
        if len(command.payload) > frames.MAX_PAYLOAD_V1:
            raise Unheard(f"{command.name}: команда длиннее 255 байт")
        await self._quiet()
        await self._hand_over(command)
        return await self._answer(command)

    async def _quiet(self) -> None:
        """ENQ until the register says NAK: idle. What it still holds is taken and put aside."""
        for _ in range(self._config.enq_tries):
            event = await self._ask()
            if isinstance(event, Declined):
                return
            if isinstance(event, Acknowledged):
                await self._take_orphan()
        raise Unheard("ККТ не отвечает на запрос связи")

    async def _ask(self) -> Event | None:
        self._reader.clear()
        try:
            await self._stream.send(frames.ENQ)
            return await self._event(self._config.enq_timeout)
        except LinkLost as fault:
            raise Unheard(str(fault)) from fault

    async def _take_orphan(self) -> None:
        try:
            event = await self._event(self._config.answer_timeout)
            if isinstance(event, Answer):
                self.orphans.append(event.payload)
                await self._stream.send(frames.ACK)
            elif isinstance(event, Damaged):
                await self._stream.send(frames.NAK)
        except LinkLost as fault:
            raise Unheard(str(fault)) from fault

    async def _hand_over(self, command: Command) -> None:
        """The frame, until it is acknowledged. NAK means that it was not read: a question then goes again.

        Anything else does not: the NAK may be a late answer to an ENQ of ours, from a register that was deaf for
        a while, and then the frame was read all the same.
        """
        for _ in range(_REPEATS if command.repeatable else 1):
            try:
                await self._stream.send(frames.pack_v1(command.payload))
                event = await self._event(self._config.enq_timeout)
            except LinkLost as fault:
                raise AnswerLost(f"{command.name}: {fault}") from fault
            if isinstance(event, Acknowledged):
                return
            if not isinstance(event, Declined):
                break
        raise AnswerLost(f"{command.name}: приём не подтверждён")

    async def _answer(self, command: Command) -> bytes:
        """The frame that answers. A damaged or unheard one is asked for with ENQ: nothing is executed by that."""
        seconds = wait_of(self._config, command.wait)
        try:
            for _ in range(_EVENTS):
                event = await self._event(seconds)
                if isinstance(event, Answer):
                    await self._stream.send(frames.ACK)
                    if answers(command, event.payload):
                        return event.payload
                    self.orphans.append(event.payload)
                elif isinstance(event, Declined):
                    break  # idle: it holds no answer for us
                elif not isinstance(event, Acknowledged):
                    seconds = self._config.enq_timeout  # what is held comes at once
                    await self._once_more(damaged=event is not None)
        except LinkLost as fault:
            raise AnswerLost(f"{command.name}: {fault}") from fault
        raise AnswerLost(f"{command.name}: ответ не прочитан")

    async def _once_more(self, *, damaged: bool) -> None:
        self._reader.clear()
        await self._stream.send((frames.NAK if damaged else b"") + frames.ENQ)

    async def _event(self, seconds: float) -> Event | None:
        return await _next(self._stream, self._reader, seconds, self._config.byte_timeout)


class LineV2:
    """The alternative protocol: numbered requests, an answer is repeated and not executed again."""

    name = "v2"

    def __init__(self, stream: ByteStream, config: ShtrihConfig) -> None:
        self._stream, self._config = stream, config
        self._reader = frames.ReaderV2()
        self._number = 1
        self.orphans: list[bytes] = []

    async def begin(self) -> None:
        """A ping, then a question that does no harm under any number: its answer names the register's count."""
        event = await self._ping()
        if event is None and self._config.protocol == "auto":
            raise Unheard("ККТ не отвечает по второму протоколу")
        if isinstance(event, Empty | Answer) and event.number is not None:
            self._number = _after(event.number)
        for _ in range(_REPEATS):
            answer = await self._try_number()
            if answer is None:
                break
            fits = answer.number == self._number and answers(DEVICE_TYPE, answer.payload)
            self._number = _after(answer.number or 0)
            if fits:
                return
        raise Unheard("ККТ не назвала номер последнего запроса")

    async def _ping(self) -> Event | None:
        try:
            await self._stream.send(frames.ping_v2())
            return await self._event(self._config.probe_timeout)
        except LinkLost as fault:
            raise Unheard(str(fault)) from fault

    async def _try_number(self) -> Answer | None:
        """The answer to the harmless question, or the last answer repeated: whichever comes."""
        try:
            await self._stream.send(frames.pack_v2(DEVICE_TYPE.payload, self._number))
            while True:
                event = await self._event(self._config.probe_timeout)
                if event is None or isinstance(event, Answer):
                    return event
        except LinkLost as fault:
            raise Unheard(str(fault)) from fault

    async def say(self, command: Command) -> bytes:
        number, seconds = self._number, wait_of(self._config, command.wait)
        try:
            for _ in range(_REPEATS):
                await self._stream.send(frames.pack_v2(command.payload, number))
                payload = await self._answer(command, number, seconds)
                if payload is not None:
                    self._number = _after(number)
                    return payload
                seconds = self._config.enq_timeout  # a repeated answer comes at once
        except LinkLost as fault:
            raise AnswerLost(f"{command.name}: {fault}") from fault
        raise AnswerLost(f"{command.name}: ответа нет")

    async def _answer(self, command: Command, number: int, seconds: float) -> bytes | None:
        """Number AND code must be ours; None when the request has to be repeated."""
        with anyio.move_on_after(seconds):
            while True:
                event = await self._event(seconds)
                if isinstance(event, Answer):
                    if event.number == number and answers(command, event.payload):
                        return event.payload
                    self.orphans.append(event.payload)
                elif isinstance(event, Damaged):
                    return None
        return None

    async def _event(self, seconds: float) -> Event | None:
        return await _next(self._stream, self._reader, seconds, self._config.byte_timeout)


def _after(number: int) -> int:
    return (number + 1) & 0xFFFF
