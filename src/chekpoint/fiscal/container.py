"""The container: 32 bytes of header, then the document and the message sign, as a fiscal drive hands them out.

    0  u16 LE  length of the WHOLE container     9  8 bytes  drive number, BCD, padded with nibbles F
    2  u16 LE  CRC                              17  u24 BE   document number
    4  byte    A5 from a register, 5A to it     20  12 bytes service data 2
    5  byte    document code                    32  document, then 8106/8206 + 6 bytes, then 0000
    6  byte    format version 01
    7  2 bytes service data 1 (10 09)

CRC is CRC-16/CCITT-FALSE over everything but its own two bytes: all seven dumps of live containers agree. A working
drive encrypts what follows the header; a test drive (9999078...) does not.
"""

from binascii import crc_hqx
from struct import Struct
from typing import Final

import msgspec

from chekpoint.fiscal.wire_error import WireError, WireFault

HEADER_SIZE: Final = 32
MAX_BODY: Final = 32 * 1024 + 64
"""The specification allows 32 KB of container data."""
FROM_REGISTER: Final = 0xA5
TO_REGISTER: Final = 0x5A
TRAILER_SIZES: Final = (10, 8)
"""8106 + MAC6 + 0000; the dumps of 2020 lack the last two bytes."""
REGISTER_MAC: Final = b"\x81\x06"
OPERATOR_MAC: Final = b"\x82\x06"

_HEADER: Final = Struct("<HHBBB2s8s3s12s")
_START: Final = 0xFFFF


class Container(msgspec.Struct, frozen=True, kw_only=True):
    """A container. ``body`` is everything after the header.

    ``length_field`` and ``crc_field`` are None when they are what they should be; a tolerant decoder keeps here
    what it met instead, so that encoding gives the same bytes again. An empty ``service_2`` is filled when encoding:
    eight zero bytes, 0002, then the length of the plain document (big-endian).
    """

    data_type: int
    fn: str
    fd_number: int
    body: bytes
    kind: int = FROM_REGISTER
    version: int = 1
    service_1: bytes = b"\x10\x09"
    service_2: bytes = b""
    length_field: int | None = None
    crc_field: int | None = None

    @property
    def document(self) -> bytes:
        """The plain document with its header; WireError when the body is encrypted or cut."""
        size = _document_size(self.body)
        if size is None or self.body[:2] != self.data_type.to_bytes(2, "little"):
            raise WireError(WireFault.CONTAINER_SHORT, "no plain document inside", offset=HEADER_SIZE)
        return self.body[:size]

    @property
    def trailer(self) -> bytes:
        """What follows the plain document: message sign and padding; empty when there is none."""
        return self.body[len(self.document) :]


def _document_size(body: bytes) -> int | None:
    size = 4 + int.from_bytes(body[2:4], "little")
    return size if len(body) >= 4 and size <= len(body) else None


def trailer(mac: bytes, prefix: bytes = REGISTER_MAC) -> bytes:
    """The ten bytes after a document: 8106 (register) or 8206 (operator), six bytes of MAC, 0000."""
    return prefix + mac[:6].ljust(6, b"\0") + b"\0\0"


def crc_of(octets: bytes | bytearray) -> int:
    """CRC of a container's bytes: its own field at 2..3 is left out, not zeroed."""
    return crc_hqx(octets[4:], crc_hqx(octets[:2], _START))


def encode(container: Container) -> bytes:
    """The container's bytes; WireError when a field does not fit."""
    octets = bytearray(HEADER_SIZE + len(container.body))
    length = container.length_field if container.length_field is not None else len(octets)
    fields = (length, 0, container.kind, container.data_type, container.version, container.service_1)
    if (
        not 0 <= container.fd_number < 1 << 24
        or not all(0 <= f < 256 for f in fields[2:5])
        or length > _START
    ):
        raise WireError(WireFault.FIELD, f"FD {container.fd_number}, {length} bytes")
    number = container.fd_number.to_bytes(3, "big")
    _HEADER.pack_into(octets, 0, *fields, pack_fn(container.fn), number, _service_2(container))
    octets[HEADER_SIZE:] = container.body
    crc = container.crc_field if container.crc_field is not None else crc_of(octets)
    octets[2:4] = crc.to_bytes(2, "little")
    return bytes(octets)


def _service_2(container: Container) -> bytes:
    if container.service_2:
        return container.service_2
    return bytes(8) + b"\x00\x02" + (_document_size(container.body) or 0).to_bytes(2, "big")


def decode(octets: bytes, *, strict: bool = True) -> Container:
    """One container. Strict: length, CRC, kind, version and the trailer of a plain document must be right.

    A length that counts the data only is taken either way. Tolerant: also placeholders for length and CRC, any kind
    (mock operators answer with A5), any version, any trailer or none. WireError names the wrong field.
    """
    if len(octets) < HEADER_SIZE:
        raise WireError(WireFault.CONTAINER_SHORT, f"{len(octets)} bytes, the header has {HEADER_SIZE}")
    octets = bytes(octets)
    length, crc, kind, data_type, version, service_1, fn, number, service_2 = _HEADER.unpack_from(octets)
    found = Container(
        data_type=data_type,
        fn=unpack_fn(fn),
        fd_number=int.from_bytes(number, "big"),
        body=octets[HEADER_SIZE:],
        kind=kind,
        version=version,
        service_1=service_1,
        service_2=service_2,
        length_field=length if length != len(octets) else None,
        crc_field=crc if crc != crc_of(octets) else None,
    )
    if strict:
        _demand(found)
    return found


def _demand(container: Container) -> None:
    """Everything a strict reader wants right, outermost field first."""
    size = len(container.body) + HEADER_SIZE
    if container.length_field not in {None, size - HEADER_SIZE}:
        raise WireError(WireFault.CONTAINER_LENGTH, f"{container.length_field} for {size} bytes", offset=0)
    if container.crc_field is not None:
        raise WireError(WireFault.CONTAINER_CRC, f"{container.crc_field:04X}", offset=2)
    expected = TO_REGISTER if container.data_type == 7 else FROM_REGISTER
    if container.kind != expected:
        raise WireError(WireFault.CONTAINER_KIND, f"{container.kind:02X}, expected {expected:02X}", offset=4)
    if container.version != 1:
        raise WireError(WireFault.CONTAINER_VERSION, f"{container.version:02X}", offset=6)
    _demand_trailer(container)


def _demand_trailer(container: Container) -> None:
    """A body that does not begin with its document is encrypted: nobody but the operator can check it."""
    size = _document_size(container.body)
    if size is None or container.body[:2] != container.data_type.to_bytes(2, "little"):
        return
    tail, prefix = container.body[size:], OPERATOR_MAC if container.data_type == 7 else REGISTER_MAC
    if len(tail) not in TRAILER_SIZES or tail[:2] != prefix or tail[8:].strip(b"\0"):
        raise WireError(WireFault.TRAILER, tail.hex(), offset=HEADER_SIZE + size)


def pack_fn(fn: str) -> bytes:
    """A drive's number as eight bytes of BCD; a 15-digit number gets a nibble F on the right."""
    if not (fn.isascii() and fn.isdigit() and len(fn) <= 16):
        raise WireError(WireFault.CONTAINER_FN, fn)
    return bytes.fromhex(fn.ljust(16, "f"))


def unpack_fn(octets: bytes) -> str:
    """Eight bytes of BCD -> the drive's number."""
    digits = octets.hex().rstrip("f")
    if not digits.isdigit():
        raise WireError(WireFault.CONTAINER_FN, octets.hex(), offset=9)
    return digits
