"""A handle: the UUID under which another party knows a receipt, when its protocol wants the UUID to be ours.

It is made of the order mark and the database's own key alone. So the same order has the same handle on every
node, after a restart and after a restore; nothing is stored; and nobody without the key can guess one, which
matters where a handle is all that a notice proves itself with.
"""

import base64
import binascii
import hmac
from typing import Final
from uuid import UUID

_MARK_BITS: Final = 80
_TAG_BITS: Final = 42  # with the mark they fill the 122 free bits of a version 4 UUID
_LABEL: Final = b"chekpoint handles v1"


class Handles:
    """Order mark <-> handle under one database's key."""

    def __init__(self, secret: bytes) -> None:
        self._key = hmac.digest(secret, _LABEL, "sha256")

    def of(self, mark: str) -> str:
        """The handle of an order mark (16 characters), as a version 4 UUID in lower case."""
        plain = int.from_bytes(base64.b32decode(mark.upper()), "big")
        tag = self._tag(plain)
        return str(_uuid(tag << _MARK_BITS | plain ^ self._mask(tag)))

    def mark(self, handle: str) -> str | None:
        """The order mark of a handle; None when we have never made it."""
        try:
            value = _value(UUID(handle))
        except (ValueError, binascii.Error):
            return None
        tag = value >> _MARK_BITS
        plain = value & (1 << _MARK_BITS) - 1 ^ self._mask(tag)
        if tag != self._tag(plain):
            return None
        return base64.b32encode(plain.to_bytes(_MARK_BITS // 8, "big")).decode().lower()

    def _tag(self, plain: int) -> int:
        return self._bits(b"tag" + plain.to_bytes(_MARK_BITS // 8, "big"), _TAG_BITS)

    def _mask(self, tag: int) -> int:
        return self._bits(b"mask" + tag.to_bytes(6, "big"), _MARK_BITS)

    def _bits(self, message: bytes, count: int) -> int:
        return int.from_bytes(hmac.digest(self._key, message, "sha256"), "big") >> (256 - count)


def _uuid(value: int) -> UUID:
    """122 bits around the version (4) and the variant (binary 10) of RFC 9562."""
    high, middle, low = value >> 74, value >> 62 & 0xFFF, value & (1 << 62) - 1
    return UUID(int=high << 80 | 0x4 << 76 | middle << 64 | 0b10 << 62 | low)


def _value(handle: UUID) -> int:
    number = handle.int
    if number >> 76 & 0xF != 0x4 or number >> 62 & 0b11 != 0b10:
        raise ValueError("not a version 4 UUID")
    return number >> 80 << 74 | (number >> 64 & 0xFFF) << 62 | number & (1 << 62) - 1
