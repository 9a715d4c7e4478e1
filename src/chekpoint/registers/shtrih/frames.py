"""Both link protocols of the maker as bytes in, events out. No socket, no clock anywhere.

"Standard" (v1): control bytes ENQ 05, ACK 06, NAK 15 and frames ``STX | LEN | payload | LRC`` with LRC the XOR of
LEN and payload, so a payload has 1..255 bytes. "Alternative" (v2): ``8F | LEN16 | NUM16 | data | CRC16``, little
endian, LEN16 counting NUM and data, CRC-16/CCITT (FFFF) over everything between, and byte stuffing behind the 8F.

What a reader here must survive:

- half a frame, a frame in pieces, several in one piece;
- the stray FF that a register behind TCP or RNDIS sends after the host's ACK of an answer;
- junk before STX or 8F (zero bytes, the tail of somebody's answer);
- a frame with a wrong checksum, of length 0 or cut short: ``Damaged``, never an answer;
- an answer to the command BEFORE: a reader cannot know, so ``Answer`` gives number and payload to be compared;
- v2: an illegal stuffing pair, LEN16 = 0 (ping), LEN16 = 2 (numbered, but nothing was executed), LEN16 = 1 (illegal),
  a new 8F in the middle of a frame (the first one was cut).

Sources: the maker's protocol 1.17 and recorded exchanges; see docs/shtrih.md.
"""

from binascii import crc_hqx
from typing import Final, NamedTuple

ENQ: Final = b"\x05"
ACK: Final = b"\x06"
NAK: Final = b"\x15"
_STX: Final = 0x02
_START: Final = 0x8F
_ESCAPE: Final = 0x9F
_STUFFED: Final = {0x81: _START, 0x83: _ESCAPE}
_LARGEST_V2: Final = 4096  # a command of the longest known models is under 2 KiB; more is a damaged length
MAX_PAYLOAD_V1: Final = 255


class Acknowledged(NamedTuple):
    """ACK. To ENQ: an answer waits and follows. To a frame: it was read and is being executed."""


class Declined(NamedTuple):
    """NAK. To ENQ: idle. To a frame: it was not read; NAK never means a bad command."""


class Answer(NamedTuple):
    """A whole frame. ``number`` is v2's; v1 has none. The code in front says which command it answers."""

    payload: bytes
    number: int | None = None


class Empty(NamedTuple):
    """v2 without data: ``number`` is the last one answered, None when the register named none (a ping)."""

    number: int | None


class Damaged(NamedTuple):
    """A frame came, and its checksum or length says that it is not what was sent."""

    why: str


Event = Acknowledged | Declined | Answer | Empty | Damaged


def lrc(octets: bytes) -> int:
    """XOR of every byte.

    >>> lrc(bytes.fromhex("01fc")) == 0xFD
    True
    """
    total = 0
    for octet in octets:
        total ^= octet
    return total


def pack_v1(payload: bytes) -> bytes:
    """A frame of the standard protocol. ValueError when the payload is empty or over 255 bytes."""
    if not 1 <= len(payload) <= MAX_PAYLOAD_V1:
        raise ValueError(f"a frame takes 1..{MAX_PAYLOAD_V1} bytes, not {len(payload)}")
    body = bytes((len(payload),)) + payload
    return bytes((_STX,)) + body + bytes((lrc(body),))


def pack_v2(payload: bytes, number: int) -> bytes:
    """A frame of the alternative protocol. ``number`` 0..65535; an empty payload is LEN16 = 2."""
    size = len(payload) + 2
    return _start(size.to_bytes(2, "little") + number.to_bytes(2, "little") + payload)


def ping_v2() -> bytes:
    """LEN16 = 0: asks for a sign of life and executes nothing."""
    return _start(bytes(2))


def _start(body: bytes) -> bytes:
    checked = body + crc_hqx(body, 0xFFFF).to_bytes(2, "little")
    return bytes((_START,)) + checked.replace(b"\x9f", b"\x9f\x83").replace(b"\x8f", b"\x9f\x81")


class ReaderV1:
    """Bytes from the register -> events of the standard protocol."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def receive(self, octets: bytes) -> None:
        """Take what came."""
        self._waiting += octets

    def clear(self) -> None:
        """Forget what came: used before ENQ and after a damaged frame."""
        self._waiting.clear()

    @property
    def begun(self) -> bool:
        """Is there half a frame?"""
        return bool(self._waiting)

    def next_event(self) -> Event | None:
        """The next whole event; None when more bytes are needed. What is neither is skipped."""
        while self._waiting:
            match self._waiting[0]:
                case 0x06:
                    del self._waiting[0]
                    return Acknowledged()
                case 0x15:
                    del self._waiting[0]
                    return Declined()
                case 0x02:
                    return self._frame()
                case _:  # the stray FF, zero bytes, tails
                    del self._waiting[0]
        return None

    def _frame(self) -> Event | None:
        if len(self._waiting) < 2:
            return None
        size = self._waiting[1]
        if len(self._waiting) < size + 3:
            return None
        body, given = bytes(self._waiting[1 : size + 2]), self._waiting[size + 2]
        if not size or lrc(body) != given:
            self._waiting.clear()  # nothing behind a wrong length can be trusted
            return Damaged("empty frame" if not size else "LRC")
        del self._waiting[: size + 3]
        return Answer(body[1:])


class ReaderV2:
    """Bytes from the register -> events of the alternative protocol."""

    def __init__(self) -> None:
        self._waiting = bytearray()  # unstuffed, without the 8F
        self._inside = False
        self._escaped = False
        self._ready: list[Event] = []

    def receive(self, octets: bytes) -> None:
        """Take what came."""
        for octet in octets:
            self._take(octet)

    def clear(self) -> None:
        """Forget what came."""
        self._waiting.clear()
        self._ready.clear()
        self._inside = self._escaped = False

    @property
    def begun(self) -> bool:
        """Is there half a frame?"""
        return self._inside

    def next_event(self) -> Event | None:
        """The next whole event; None when more bytes are needed."""
        return self._ready.pop(0) if self._ready else None

    def _take(self, octet: int) -> None:
        if octet == _START:
            if self._inside:
                self._end(Damaged("frame cut by another"))
            self._inside = True
        elif not self._inside:
            return
        elif self._escaped:
            self._unstuff(octet)
        elif octet == _ESCAPE:
            self._escaped = True
        else:
            self._add(octet)

    def _unstuff(self, octet: int) -> None:
        self._escaped = False
        if octet in _STUFFED:
            self._add(_STUFFED[octet])
        else:
            self._end(Damaged("illegal stuffing"))

    def _add(self, octet: int) -> None:
        self._waiting.append(octet)
        if len(self._waiting) < 2:
            return
        size = int.from_bytes(self._waiting[:2], "little")
        if size == 1 or size > _LARGEST_V2:
            self._end(Damaged("illegal length"))
        elif len(self._waiting) == size + 4:
            self._end(_parse_v2(bytes(self._waiting)))

    def _end(self, event: Event) -> None:
        self._ready.append(event)
        self._waiting.clear()
        self._inside = self._escaped = False


def _parse_v2(frame: bytes) -> Event:
    body, given = frame[:-2], int.from_bytes(frame[-2:], "little")
    if crc_hqx(body, 0xFFFF) != given:
        return Damaged("CRC")
    if len(body) == 2:
        return Empty(None)
    number = int.from_bytes(body[2:4], "little")
    return Answer(body[4:], number) if len(body) > 4 else Empty(number)
