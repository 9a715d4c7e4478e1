"""The signature of a notice to a shop or a person: ``t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body">`` under the secret of its address.

The moment is signed as well, so that a recorded notice cannot be played again later. It is the moment of
the delivery: a repeated notice has the same id and body, and a fresh signature.
"""

import hmac
from typing import Final

SIGNATURE: Final = "X-Chekpoint-Signature"
NOTICE: Final = "X-Chekpoint-Notice"
TOLERANCE: Final = 300  # seconds between the signature and its check


def sign(secret: str, body: bytes, moment: int) -> str:
    """The header's value for a body at a moment (unix seconds)."""
    return f"t={moment},v1={_mac(secret, body, moment)}"


def verify(secret: str, body: bytes, signature: str, now: int, *, tolerance: int = TOLERANCE) -> bool:
    """Did who knows the secret sign this body, not longer than ``tolerance`` seconds ago?"""
    parts = dict(part.partition("=")[::2] for part in signature.split(","))
    moment = parts.get("t", "")
    if not (moment.isascii() and moment.isdigit()) or abs(now - int(moment[:12])) > tolerance:
        return False
    expected = _mac(secret, body, int(moment[:12]))
    return hmac.compare_digest(expected.encode(), parts.get("v1", "").encode())


def _mac(secret: str, body: bytes, moment: int) -> str:
    return hmac.digest(secret.encode(), f"{moment}.".encode() + body, "sha256").hex()
