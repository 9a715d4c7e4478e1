"""Tokens of 24 hours. Nothing is stored: a token is signed, and dies with the shop's password.

Shape: ``<shop id, 32 hex>.<unix seconds>.<HMAC-SHA256, base64url>``; every node that shares the database
accepts it, also after a restart.
"""

import base64
import hmac
from typing import Final

LIFE: Final = 24 * 3600  # seconds
_LABEL: Final = b"chekpoint atol_online tokens v1"


class Tokens:
    """Issues and reads tokens under one database's key."""

    def __init__(self, secret: bytes) -> None:
        self._key = hmac.digest(secret, _LABEL, "sha256")

    def issue(self, shop_id: str, password_hash: str, now: int) -> str:
        """A token for a shop; ``now`` is unix seconds."""
        return f"{shop_id}.{now}.{self._sign(shop_id, password_hash, now)}"

    def active(self, token: str, password_hash: str, now: int) -> bool:
        """Did we issue it under this password, not longer than 24 hours ago?"""
        shop_id, issued, signature = _parts(token)
        if not (issued.isascii() and issued.isdigit() and len(issued) <= 12):
            return False
        fresh = 0 <= now - int(issued) < LIFE
        expected = self._sign(shop_id, password_hash, int(issued))
        return hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace")) and fresh

    def _sign(self, shop_id: str, password_hash: str, moment: int) -> str:
        message = f"{shop_id}\0{moment}\0{password_hash}".encode("utf-8", "replace")
        return base64.urlsafe_b64encode(hmac.digest(self._key, message, "sha256")).decode().rstrip("=")


def _parts(token: str) -> tuple[str, str, str]:
    shop_id, _, rest = token.partition(".")
    issued, _, signature = rest.partition(".")
    return shop_id, issued, signature


def shop_of(token: str) -> str:
    """The shop that a token speaks for, as it says itself."""
    return _parts(token)[0]
