"""Messages between a register (or the program that carries its documents) and the operator, over plain TCP.

A message is 30 bytes of header and a container; the answer has the same shape. No I/O here: bytes go into a
``Receiver``, messages come out; ``encode_message`` makes the bytes of one.

    0  4 bytes  signature 2A 08 41 0A          24  u16 LE  length of the body
    4  2 bytes  S-protocol 81 A2               26  u16 LE  flags
    6  2 bytes  P-protocol, the FFD version    28  u16 LE  CRC, 0 when the flags ask for none
    8  16 bytes drive number, ASCII, padded with spaces

Flags: bits 0-1 CRC none/header/header and body/forbidden; 2: the body is a container; 4-5: an answer is expected;
6-7 priority; all others zero. The receiver must survive: fragments of any size, several messages in one read,
garbage from the first byte on, a peer that stops in the middle, a length beyond the limit, a lying CRC.
"""

from binascii import crc_hqx
from struct import Struct
from typing import Final

import msgspec

from chekpoint.fiscal.container import HEADER_SIZE as CONTAINER_HEADER
from chekpoint.fiscal.container import MAX_BODY
from chekpoint.fiscal.ffd import Ffd
from chekpoint.fiscal.wire_error import WireError, WireFault

__all__ = ["Message", "MessageHeader", "Receiver", "WireError", "WireFault", "encode_message"]

HEADER_SIZE: Final = 30
SIGNATURE: Final = b"\x2a\x08\x41\x0a"
S_PROTOCOL: Final = b"\x81\xa2"
CRC_NONE: Final = 0b00
CRC_HEADER: Final = 0b01
CRC_ALL: Final = 0b10
CRC_MASK: Final = 0b11
HAS_CONTAINER: Final = 0x0004
WANTS_ANSWER: Final = 0x0010
FLAGS: Final = WANTS_ANSWER | HAS_CONTAINER
_ALLOWED_FLAGS: Final = 0x00F7

P_PROTOCOLS: Final = {
    Ffd.V1_0: b"\x01\x00",
    Ffd.V1_05: b"\x01\x05",
    Ffd.V1_1: b"\x01\x10",
    Ffd.V1_2: b"\x01\x20",
}
_KNOWN_P: Final = frozenset({*P_PROTOCOLS.values(), b"\x00\x01", b"\x00\x02"})  # the last two: old firmware

_HEADER: Final = Struct("<4s2s2s16sHHH")
_START: Final = 0xFFFF


class MessageHeader(msgspec.Struct, frozen=True, kw_only=True):
    """The first 30 bytes. ``fn`` is without its padding; ``crc`` is what the sender wrote."""

    fn: str
    body_length: int
    flags: int = FLAGS
    p_protocol: bytes = P_PROTOCOLS[Ffd.V1_2]
    s_protocol: bytes = S_PROTOCOL
    crc: int = 0

    @property
    def wants_answer(self) -> bool:
        """Bits 4-5 are 01: the sender waits for a message in return."""
        return self.flags & 0x0030 == WANTS_ANSWER

    @property
    def ffd(self) -> Ffd | None:
        """The format version, or None for the two numbers of old firmware: it may be any."""
        return next((ffd for ffd, octets in P_PROTOCOLS.items() if octets == self.p_protocol), None)


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A whole message: ``body`` is the container, ``crc`` None means: compute what the flags ask for."""

    fn: str
    body: bytes
    flags: int = FLAGS
    p_protocol: bytes = P_PROTOCOLS[Ffd.V1_2]
    s_protocol: bytes = S_PROTOCOL
    crc: int | None = None


def encode_message(message: Message) -> bytes:
    """Header and body; WireError when a field does not fit or the flags are forbidden."""
    if len(message.body) > MAX_BODY or len(message.p_protocol) != 2 or len(message.s_protocol) != 2:
        raise WireError(WireFault.FIELD, f"body of {len(message.body)} bytes")
    if not (message.fn.isascii() and message.fn.isdigit() and len(message.fn) <= 16):
        raise WireError(WireFault.FN, message.fn)
    if message.flags & CRC_MASK == CRC_MASK or not 0 <= message.flags <= _START:
        raise WireError(WireFault.FLAGS, f"{message.flags:04X}")
    fn = message.fn.encode().ljust(16)
    fields = (SIGNATURE, message.s_protocol, message.p_protocol, fn, len(message.body), message.flags)
    head = _HEADER.pack(*fields, 0)[:28]
    crc = crc_of(head, message.body, message.flags) if message.crc is None else message.crc
    return head + crc.to_bytes(2, "little") + message.body


def crc_of(head: bytes, body: bytes, flags: int) -> int:
    """CRC-16/CCITT-FALSE over the message without the CRC field, as the flags ask; ``head`` is the first 28 bytes."""
    mode = flags & CRC_MASK
    if mode == CRC_NONE:
        return 0
    crc = crc_hqx(head[:28], _START)
    return crc if mode == CRC_HEADER else crc_hqx(body, crc)


def read_header(octets: bytes, *, strict: bool = False) -> MessageHeader:
    """The first 30 bytes of a message; WireError names the field that is wrong, and where it begins.

    Strict also refuses other S-protocols than 81 A2 and reserved flags.
    """
    if len(octets) < HEADER_SIZE:
        raise WireError(WireFault.INCOMPLETE, f"{len(octets)} bytes of {HEADER_SIZE}", offset=len(octets))
    signature, s_protocol, p_protocol, fn, length, flags, crc = _HEADER.unpack_from(octets)
    _demand_start(signature, s_protocol, p_protocol, strict=strict)
    if flags & CRC_MASK == CRC_MASK or (strict and flags & ~_ALLOWED_FLAGS):
        raise WireError(WireFault.FLAGS, f"{flags:04X}", offset=26)
    if length > MAX_BODY or (flags & HAS_CONTAINER and length < CONTAINER_HEADER):
        raise WireError(WireFault.LENGTH, str(length), offset=24)
    return MessageHeader(
        fn=_fn(fn), body_length=length, flags=flags, p_protocol=p_protocol, s_protocol=s_protocol, crc=crc
    )


def _demand_start(signature: bytes, s_protocol: bytes, p_protocol: bytes, *, strict: bool) -> None:
    if signature != SIGNATURE:
        raise WireError(WireFault.SIGNATURE, signature.hex())
    if strict and s_protocol != S_PROTOCOL:
        raise WireError(WireFault.S_PROTOCOL, s_protocol.hex(), offset=4)
    if p_protocol not in _KNOWN_P:
        raise WireError(WireFault.P_PROTOCOL, p_protocol.hex(), offset=6)


def _fn(field: bytes) -> str:
    digits = field.rstrip(b" ")
    if not digits.isdigit():
        raise WireError(WireFault.FN, field.hex(), offset=8)
    return digits.decode("ascii")


class Receiver:
    """Bytes in, messages out. After a WireError it stays broken: the stream cannot be trusted any more.

    ``receive`` takes what a read gave; ``next_message`` gives a message, or None until there are more bytes;
    ``close`` says that no more will come, which is an error in the middle of a message.
    """

    def __init__(self, *, strict: bool = False) -> None:
        self._buffer = bytearray()
        self._strict = strict
        self._error: WireError | None = None

    @property
    def buffered(self) -> int:
        """How many bytes wait for the rest of their message."""
        return len(self._buffer)

    def receive(self, octets: bytes) -> None:
        """Take what came from the peer. Garbage is found out by ``next_message``."""
        if self._error is None:
            self._buffer += octets

    def next_message(self) -> Message | None:
        """The next whole message, or None. WireError as soon as the bytes at hand cannot become a message."""
        if self._error is not None:
            raise self._error
        try:
            return self._next()
        except WireError as error:
            self._error = error
            self._buffer.clear()
            raise

    def close(self) -> None:
        """The peer is gone. WireError ``incomplete`` when it went in the middle of a message."""
        if self._error is None and self._buffer:
            raise WireError(WireFault.INCOMPLETE, f"{len(self._buffer)} bytes", offset=len(self._buffer))

    def _next(self) -> Message | None:
        buffer = self._buffer
        if len(buffer) < HEADER_SIZE:
            if not SIGNATURE.startswith(buffer[:4]):
                raise WireError(WireFault.SIGNATURE, buffer[:4].hex())
            return None
        header = read_header(bytes(buffer[:HEADER_SIZE]), strict=self._strict)
        end = HEADER_SIZE + header.body_length
        if len(buffer) < end:
            return None
        octets = bytes(buffer[:end])
        del buffer[:end]
        return self._checked(header, octets)

    def _checked(self, header: MessageHeader, octets: bytes) -> Message:
        body = octets[HEADER_SIZE:]
        expected = crc_of(octets, body, header.flags)
        # senders are known that set the flag and leave the field empty: only a strict receiver minds
        if header.crc != expected and (header.crc or self._strict):
            raise WireError(WireFault.MESSAGE_CRC, f"{header.crc:04X}, expected {expected:04X}", offset=28)
        return Message(
            fn=header.fn,
            body=body,
            flags=header.flags,
            p_protocol=header.p_protocol,
            s_protocol=header.s_protocol,
            crc=header.crc if header.crc != expected else None,
        )
