"""A receipt as the journal keeps it: the content without the buyer, and the buyer apart.

The digest covers both; of the buyer it takes a keyed hash, so that nobody can try phone numbers against
a digest or an event, and the chain verifies after the buyer was purged (152-FZ).
"""

import hashlib
from functools import lru_cache
from typing import Any, Final

import msgspec

from chekpoint.fiscal.receipt import Buyer, Receipt

_ENCODER = msgspec.json.Encoder(order="deterministic")
_RECEIPT = msgspec.json.Decoder(Receipt)
_BUYER = msgspec.json.Decoder(Buyer)
_NOBODY = Buyer()
_BLOCK: Final = 64  # bytes, of SHA-256


def split(receipt: Receipt, secret: bytes) -> tuple[bytes, bytes, str]:
    """(content without the buyer, the buyer, digest of both)."""
    buyer = _ENCODER.encode(receipt.buyer)
    content = _ENCODER.encode(msgspec.structs.replace(receipt, buyer=_NOBODY))
    who = keyed_hash(secret, buyer)
    return content, buyer, hashlib.sha256(content + who).hexdigest()


def keyed_hash(secret: bytes, message: bytes) -> bytes:
    """HMAC-SHA256. ``hmac.digest`` gives the interpreter away and waits for the journal to give it back."""
    inner, outer = (pad.copy() for pad in _pads(secret))
    inner.update(message)
    outer.update(inner.digest())
    digest: bytes = outer.digest()
    return digest


@lru_cache(maxsize=8)
def _pads(secret: bytes) -> tuple[Any, Any]:
    """The inner and the outer hash of RFC 2104, fed with the key already."""
    key = (secret if len(secret) <= _BLOCK else hashlib.sha256(secret).digest()).ljust(_BLOCK, b"\0")
    return hashlib.sha256(bytes(b ^ 0x36 for b in key)), hashlib.sha256(bytes(b ^ 0x5C for b in key))


def page_token(receipt_id: str, secret: bytes) -> str:
    """The secret word in the address of a buyer's page: 32 hex digits, 80 bits of a keyed hash.

    The moment comes first, as in the receipt's own key, so that the index grows at one end.
    """
    return receipt_id[:12] + keyed_hash(secret, b"page:" + receipt_id.encode()).hex()[:20]


def restore(content: bytes, buyer: bytes | None) -> Receipt:
    """The receipt whole again; without a buyer once that was purged."""
    receipt = _RECEIPT.decode(content)
    return msgspec.structs.replace(receipt, buyer=_BUYER.decode(buyer)) if buyer else receipt
