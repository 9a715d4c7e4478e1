"""Names that are the same after a crash, on another node, and after a restore from backup."""

import base64
import hashlib
from random import Random
from threading import Lock
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
    """Makes ordered keys (UUIDv7 as 32 hex digits) from an injected clock and chance.

    They grow in the order of asking, also within a millisecond and when the clock is put back: what is done in the
    order of its keys (notices to a shop, errands of a register) is done in the order in which it was asked for. Units
    ask on the journal's thread, everybody else on the event loop's.
    """

    def __init__(self, clock: Clock, chance: Random) -> None:
        self._clock, self._chance = clock, chance
        self._last, self._turn = "", Lock()

    def new(self) -> str:
        """A fresh key."""
        with self._turn:
            drawn = uuid7_hex(epoch_ms(self._clock.now()), self._chance)
            self._last = drawn if drawn > self._last else f"{int(self._last, 16) + 1:032x}"
            return self._last
