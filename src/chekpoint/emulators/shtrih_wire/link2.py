"""Link protocol 2, without a socket: numbered frames with a CRC and byte stuffing.

``8F | LEN16 | NUM16 | payload | CRC16``, little-endian; LEN16 counts number and payload. After the start byte 8F is
sent as ``9F 81`` and 9F as ``9F 83``. LEN16 = 0 is a ping without a number, LEN16 = 2 an empty numbered frame.
"""

from typing import Final

import msgspec

START: Final = 0x8F
ESCAPE: Final = 0x9F
_ESCAPED: Final = {0x81: START, 0x83: ESCAPE}
MAX_LENGTH: Final = 0x1000  # no command is as long; garbage in LEN16 must not block the line


class Frame(msgspec.Struct, frozen=True):
    """``number`` is None for a ping."""

    number: int | None
    payload: bytes = b""


def crc(octets: bytes) -> int:
    """CRC-16/CCITT with start value FFFF; ``00 00`` gives 1D0F."""
    value = 0xFFFF
    for octet in octets:
        value ^= octet << 8
        for _ in range(8):
            value = (value << 1 ^ 0x1021 if value & 0x8000 else value << 1) & 0xFFFF
    return value


def encode(frame: Frame) -> bytes:
    """A frame as it goes over the line."""
    body = b"" if frame.number is None else frame.number.to_bytes(2, "little") + frame.payload
    body = len(body).to_bytes(2, "little") + body
    body += crc(body).to_bytes(2, "little")
    return bytes((START,)) + body.replace(b"\x9f", b"\x9f\x83").replace(b"\x8f", b"\x9f\x81")


class Receiver:
    """Splits what arrives; a frame with a wrong CRC or an impossible length vanishes, as on a noisy line."""

    def __init__(self) -> None:
        self._buffer = bytearray()  # unstuffed, without the start byte
        self._inside = False
        self._escaped = False

    @property
    def amid_frame(self) -> bool:
        """Has a frame begun that has not ended?"""
        return self._inside

    def reset(self) -> None:
        """Forget the beginning of a frame."""
        self._buffer.clear()
        self._inside = self._escaped = False

    def receive(self, octets: bytes) -> list[Frame]:
        """The whole frames that these bytes complete."""
        frames: list[Frame] = []
        for octet in octets:
            if octet == START:
                self.reset()
                self._inside = True
            elif self._inside and self._take(octet):
                frames += self._whole()
        return frames

    def _take(self, octet: int) -> bool:
        """Put one byte into the frame; True when the frame is complete."""
        if octet == ESCAPE and not self._escaped:
            self._escaped = True
            return False
        self._buffer.append(_ESCAPED.get(octet, octet) if self._escaped else octet)
        self._escaped = False
        if len(self._buffer) < 2:
            return False
        length = int.from_bytes(self._buffer[:2], "little")
        if length > MAX_LENGTH or length == 1:
            self.reset()
            return False
        return len(self._buffer) == length + 4

    def _whole(self) -> list[Frame]:
        body, check = bytes(self._buffer[:-2]), int.from_bytes(self._buffer[-2:], "little")
        self.reset()
        if crc(body) != check:
            return []
        if len(body) == 2:
            return [Frame(None)]
        return [Frame(int.from_bytes(body[2:4], "little"), body[4:])]
