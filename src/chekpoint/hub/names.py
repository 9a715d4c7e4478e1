"""Names that are the same after a crash, on another node, and after a restore from backup."""

import base64
import hashlib
from random import Random
from uuid import UUID, uuid5

from chekpoint.core.clock import Clock, epoch_ms, uuid7_hex

_ATTEMPTS = UUID("54f25400-0000-4000-8000-000000000001")  # arbitrary, never to change


def order_mark(shop_id: str, external_id: str) -> str:
    """The order mark of a receipt: 16 characters (tag 1192 holds no more), 80 bits of SHA-256.

    It depends on the shop and its own id of the receipt alone. So a document found on a drive names its
    order even when the journal was restored from before the order came.
    """
    digest = hashlib.sha256(f"{shop_id}\0{external_id}".encode()).digest()
    return base64.b32encode(digest[:10]).decode().lower()


def attempt_id(mark: str, number: int) -> str:
    """The id under which a register knows the n-th attempt of a receipt."""
    return str(uuid5(_ATTEMPTS, f"{mark}/{number}"))


class Keys:
    """Makes ordered keys (UUIDv7 as 32 hex digits) from an injected clock and chance."""

    def __init__(self, clock: Clock, chance: Random) -> None:
        self._clock, self._chance = clock, chance

    def new(self) -> str:
        """A fresh key."""
        return uuid7_hex(epoch_ms(self._clock.now()), self._chance)
