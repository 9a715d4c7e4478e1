"""A null modem: two ends of one byte stream in memory, with faults on the line, and the shape of a stream.

An end has the methods of an anyio byte stream, so what runs over it runs unchanged over TCP.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

import anyio

from chekpoint.core.clock import Clock
from chekpoint.emulators.faults import Fault, FaultKind, FaultPlan, Point

GARBAGE = bytes.fromhex("48545450deadbeef00ff") * 4
"""What comes instead of the right bytes: no protocol's signature begins so."""


class ByteStream(Protocol):
    """What a protocol needs of its transport; ``anyio.connect_tcp`` and ``NullModemEnd`` have it."""

    async def receive(self, max_bytes: int = 65536) -> bytes:
        """At least one byte; raises anyio.EndOfStream when the peer has closed."""
        ...

    async def send(self, item: bytes) -> None:
        """All bytes; raises anyio.BrokenResourceError when the line is gone."""
        ...

    async def aclose(self) -> None:
        """Let go of the line."""
        ...


Connect = Callable[[], Awaitable[ByteStream]]
"""Opens a line to the other party; raises OSError when there is none."""


class NullModemEnd:
    """One end. Order is kept; a cut line gives EndOfStream to the reader and BrokenResourceError to the writer."""

    def __init__(self, clock: Clock, faults: FaultPlan) -> None:
        self._clock = clock
        self._faults = faults
        self._inbox = bytearray()
        self._arrived = asyncio.Event()
        self._ended = False
        self._closed = False
        self._peer: NullModemEnd = self

    async def receive(self, max_bytes: int = 65536) -> bytes:
        """At least one byte; EndOfStream when the line has ended and nothing is left to read."""
        while not self._inbox:
            if self._closed:
                raise anyio.ClosedResourceError
            if self._ended:
                raise anyio.EndOfStream
            self._arrived.clear()
            await self._arrived.wait()
        chunk = bytes(self._inbox[:max_bytes])
        del self._inbox[:max_bytes]
        return chunk

    async def send(self, item: bytes) -> None:
        """Put the bytes on the line, through whatever fault strikes there."""
        if self._closed:
            raise anyio.ClosedResourceError
        if self._ended:
            raise anyio.BrokenResourceError
        fault = self._faults.draw(Point.LINE)
        if fault is not None and fault.kind is FaultKind.DELAY:
            await self._clock.sleep(fault.seconds)
        self._peer.take(struck(item, fault))
        if fault is not None and fault.kind is FaultKind.CUT:
            self.end()
            self._peer.end()

    async def aclose(self) -> None:
        """Close this end; the peer reads what was sent, then EndOfStream."""
        self._closed = True
        self.end()
        self._peer.end()

    def take(self, chunk: bytes) -> None:
        """Bytes arrive from the peer."""
        self._inbox += chunk
        self._arrived.set()

    def end(self) -> None:
        """Nothing will arrive any more."""
        self._ended = True
        self._arrived.set()

    def join(self, peer: "NullModemEnd") -> None:
        """Plug this end into another one."""
        self._peer = peer


def null_modem(clock: Clock, faults: FaultPlan | None = None) -> tuple[NullModemEnd, NullModemEnd]:
    """Two joined ends; the faults strike in both directions."""
    plan = faults or FaultPlan()
    left, right = NullModemEnd(clock, plan), NullModemEnd(clock, plan)
    left.join(right)
    right.join(left)
    return left, right


def struck(chunk: bytes, fault: Fault | None) -> bytes:
    """The bytes that arrive when a fault strikes a chunk (delay and refusal leave it whole)."""
    match fault.kind if fault else None:
        case FaultKind.DROP:
            return b""
        case FaultKind.CUT:
            return chunk[: fault.after_bytes] if fault else chunk
        case FaultKind.DUPLICATE:
            return chunk + chunk
        case FaultKind.GARBAGE:
            return GARBAGE
    return chunk
