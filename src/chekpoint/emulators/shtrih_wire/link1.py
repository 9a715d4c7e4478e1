"""Link protocol 1, the device's side, without a socket: bytes in, events out.

``STX | LEN | payload | LRC``; LRC is the XOR of everything but STX. What stands before STX or a control byte is
junk and skipped: a known driver sends four zero bytes first, and a device over TCP sends a stray FF itself.
"""

from enum import Enum
from functools import reduce
from operator import xor
from typing import Final

import msgspec

STX: Final = 0x02
ENQ: Final = 0x05
ACK: Final = 0x06
NAK: Final = 0x15
MAX_PAYLOAD: Final = 255


class Control(Enum):
    """A single byte from the host, and a frame whose LRC is wrong."""

    ENQ = ENQ
    ACK = ACK
    NAK = NAK
    SPOILT = STX


class Payload(msgspec.Struct, frozen=True):
    """A whole frame: command code (one byte, or two when the first is FF) and parameters."""

    octets: bytes


_CONTROLS: Final = {ENQ: Control.ENQ, ACK: Control.ACK, NAK: Control.NAK}


def lrc(octets: bytes) -> int:
    """XOR of all bytes; LEN is among them, STX is not."""
    return reduce(xor, octets, 0)


def frame(payload: bytes) -> bytes:
    """A payload of 1..255 bytes as a frame; raises ValueError for another length."""
    if not 1 <= len(payload) <= MAX_PAYLOAD:
        raise ValueError(f"payload of {len(payload)} bytes, 1..{MAX_PAYLOAD} expected")
    body = bytes((len(payload),)) + payload
    return bytes((STX,)) + body + bytes((lrc(body),))


class Receiver:
    """Splits what arrives. A frame in the making is dropped by ``reset``: a pause between bytes ends it."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def amid_frame(self) -> bool:
        """Has a frame begun that has not ended?"""
        return bool(self._buffer)

    def reset(self) -> None:
        """Forget the beginning of a frame."""
        self._buffer.clear()

    def receive(self, octets: bytes) -> list[Control | Payload]:
        """What these bytes complete, in order."""
        self._buffer += octets
        events: list[Control | Payload] = []
        while self._buffer and (event := self._next()) is not None:
            events.append(event)
        return events

    def _next(self) -> Control | Payload | None:
        while self._buffer and self._buffer[0] != STX:
            control = _CONTROLS.get(self._buffer.pop(0))
            if control is not None:
                return control
        if len(self._buffer) < 2 or len(self._buffer) < self._buffer[1] + 3:
            return None
        size = self._buffer[1] + 3
        octets = bytes(self._buffer[:size])
        del self._buffer[:size]
        right = size > 3 and lrc(octets[1:-1]) == octets[-1]
        return Payload(octets[2:-1]) if right else Control.SPOILT
