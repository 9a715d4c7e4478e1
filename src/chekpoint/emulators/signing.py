"""Test signatures: HMAC instead of the state's cryptography, so that wrong signs can be told from right ones.

A real fiscal drive and a real operator share secrets nobody else has; here both sides share ``TEST_KEY``.
"""

import hmac
from hashlib import sha256
from typing import Final

TEST_KEY: Final = b"Chekpoint test double: these signatures have no legal force"


def document_sign(key: bytes, document: bytes) -> int:
    """ФПД of a document whose own 1077 is still zero: unsigned 32 bits."""
    return int.from_bytes(hmac.new(key, b"1077" + document, sha256).digest()[:4], "big")


def mac(key: bytes, purpose: bytes, content: bytes) -> bytes:
    """Six bytes for 1078 and for the trailers of messages; ``purpose`` keeps them apart."""
    return hmac.new(key, purpose + b"\0" + content, sha256).digest()[:6]


def operator_sign(key: bytes, fn: str, fd_number: int, answer: int, flags: int) -> bytes:
    """ФПО (1078): 88 06 and six bytes over what the ticket says."""
    said = f"{fn}:{fd_number}:{answer}:{flags}".encode("ascii")
    return b"\x88\x06" + mac(key, b"1078", said)


def trailer(key: bytes, lead: int, body: bytes) -> bytes:
    """The ten bytes behind a document on the wire: ``lead`` is 0x81 from a register, 0x82 from an operator."""
    return bytes((lead, 6)) + mac(key, bytes((lead,)), body) + b"\0\0"
