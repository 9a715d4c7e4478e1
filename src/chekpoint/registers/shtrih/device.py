"""One register behind one wire: connecting, which protocol, what to do while it prints, and what is told of it.

Not for two at once: the driver holds its lock for a whole operation, because a receipt is many commands.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

import anyio

from chekpoint.core.clock import Clock
from chekpoint.core.witness import Note, unheard
from chekpoint.registers.shtrih import commands
from chekpoint.registers.shtrih.commands import Access, Command
from chekpoint.registers.shtrih.config import ShtrihConfig
from chekpoint.registers.shtrih.errors import BUSY_PRINTING, WAITS_FOR_PRINT, Refused, words
from chekpoint.registers.shtrih.line import AnswerLost, Line, LineV1, LineV2, Unheard
from chekpoint.registers.shtrih.streams import ByteStream, LinkLost, open_serial, open_tcp
from chekpoint.registers.shtrih.words import tlv_text

_TAGS: Final = frozenset({"FF3B", "FF60"})  # their answers are tags, which may name the buyer
_QUESTIONS: Final = 3
_LINES: Final[dict[str, type[LineV1] | type[LineV2]]] = {"v1": LineV1, "v2": LineV2}

Open = Callable[[], Awaitable[ByteStream]]


class Device:
    """``run`` is the whole interface. ``connections`` grows with each new wire: a receipt must not span two."""

    def __init__(
        self, config: ShtrihConfig, clock: Clock, note: Note = unheard, opener: Open | None = None
    ) -> None:
        self.config = config
        self.access = Access(config.password)
        self.clock = clock
        self.connections = 0
        self._note = note
        self._open = opener or self._wire
        self._stream: ByteStream | None = None
        self._line: Line | None = None
        self._protocol: str | None = None

    async def run(self, command: Command) -> bytes:
        """What follows the error byte. Raises Refused, Unheard or AnswerLost.

        "Still printing" (50h) is waited out and a print that waits (58h) is continued: the register has not done
        the command then. Only a repeatable command survives a broken wire.
        """
        deadline = self.clock.monotonic() + self.config.busy_timeout
        while True:
            try:
                return await self._repeatably(command)
            except Refused as refused:
                if refused.code not in {BUSY_PRINTING, WAITS_FOR_PRINT} or self.clock.monotonic() >= deadline:
                    raise
                if refused.code == WAITS_FOR_PRINT and command.code != b"\xb0":
                    await self._repeatably(commands.continue_print(self.access))
            await self.clock.sleep(self.config.busy_pause)

    async def run_once(self, command: Command) -> bytes:
        """For what signs: one try over the wire that is there, whatever comes."""
        if self._line is None:
            raise Unheard("связь прервалась до закрытия чека")
        return await self._spoken(self._line, command)

    async def _repeatably(self, command: Command) -> bytes:
        """A question whose answer was lost is asked again over a new wire; no other command ever is."""
        for _ in range(_QUESTIONS - 1 if command.repeatable else 0):
            line = await self._connected()
            with suppress(Unheard, AnswerLost):
                return await self._spoken(line, command)
        return await self._spoken(await self._connected(), command)

    async def _spoken(self, line: Line, command: Command) -> bytes:
        try:
            payload = await line.say(command)
        except (Unheard, AnswerLost) as fault:
            await self.drop()
            self._note(_told(command), f"нет ответа: {fault}")
            raise
        except BaseException:  # a cancelled command leaves the wire in the middle of a sentence
            await self.drop()
            raise
        finally:
            self._tell_orphans(line)
        return self._checked(command, payload)

    def _checked(self, command: Command, payload: bytes) -> bytes:
        size = len(command.code)
        code, answer = payload[size], payload[size + 1 :]
        if code:
            self._note(_told(command), words(code))
            raise Refused(command.name, code)
        self._note(_told(command), tlv_text(answer) if command.name in _TAGS else f"ok {answer.hex()}")
        return answer

    def _tell_orphans(self, line: Line) -> None:
        for payload in line.orphans:
            tagged = payload[:2].hex().upper() in _TAGS
            self._note("(ответ на прежнюю команду)", f"<{len(payload)} байт>" if tagged else payload.hex())
        line.orphans.clear()

    async def _connected(self) -> Line:
        if self._line is None:
            await self._connect()
        if self._line is None:
            raise Unheard("ККТ не отвечает ни по одному протоколу")
        return self._line

    async def _connect(self) -> None:
        try:
            with anyio.fail_after(self.config.connect_timeout):
                self._stream = await self._open()
        except (LinkLost, TimeoutError) as fault:
            raise Unheard(str(fault) or "соединение не установлено") from fault
        try:
            self._line = await self._agreed(self._stream)
        finally:
            if self._line is None:
                await self.drop()
        self.connections += 1
        self._protocol = self._line.name

    async def _agreed(self, stream: ByteStream) -> Line:
        """The protocol that answers, the one known to work first; v2 before v1, for it can repeat an answer."""
        names = ["v2", "v1"] if self.config.protocol == "auto" else [self.config.protocol]
        names.sort(key=lambda name: name != self._protocol)
        fault = Unheard("ККТ не отвечает")
        for name in names:
            line: Line = _LINES[name](stream, self.config)
            try:
                await line.begin()
            except Unheard as silence:
                fault = silence
            else:
                return line
        raise fault

    async def _wire(self) -> ByteStream:
        if self.config.serial_port is not None:
            return await open_serial(self.config.serial_port, self.config.baudrate)
        return await open_tcp(self.config.host, self.config.port)

    async def drop(self) -> None:
        """Let go of the wire; the next command opens another."""
        stream, self._stream, self._line = self._stream, None, None
        if stream is not None:
            with anyio.CancelScope(shield=True):
                await stream.aclose()


def _told(command: Command) -> str:
    return f"{command.name} {command.told}".strip()
