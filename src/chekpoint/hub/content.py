"""A receipt as the journal keeps it: the content without the buyer, and the buyer apart.

The digest covers both; of the buyer it takes a keyed hash, so that nobody can try phone numbers against
a digest or an event, and the chain verifies after the buyer was purged (152-FZ).
"""

import hashlib
import hmac

import msgspec

from chekpoint.fiscal.receipt import Buyer, Receipt

_ENCODER = msgspec.json.Encoder(order="deterministic")
_RECEIPT = msgspec.json.Decoder(Receipt)
_BUYER = msgspec.json.Decoder(Buyer)
_NOBODY = Buyer()


def split(receipt: Receipt, secret: bytes) -> tuple[bytes, bytes, str]:
    """(content without the buyer, the buyer, digest of both)."""
    buyer = _ENCODER.encode(receipt.buyer)
    content = _ENCODER.encode(msgspec.structs.replace(receipt, buyer=_NOBODY))
    who = hmac.digest(secret, buyer, "sha256")
    return content, buyer, hashlib.sha256(content + who).hexdigest()


def page_token(receipt_id: str, secret: bytes) -> str:
    """The secret word in the address of a buyer's page: 32 hex digits, 80 bits of a keyed hash.

    The moment comes first, as in the receipt's own key, so that the index grows at one end.
    """
    return receipt_id[:12] + hmac.digest(secret, b"page:" + receipt_id.encode(), "sha256").hex()[:20]


def restore(content: bytes, buyer: bytes | None) -> Receipt:
    """The receipt whole again; without a buyer once that was purged."""
    receipt = _RECEIPT.decode(content)
    return msgspec.structs.replace(receipt, buyer=_BUYER.decode(buyer)) if buyer else receipt
