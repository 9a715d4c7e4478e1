"""The raw exchange with a register, kept for a set time: what an attempt said and heard.

Buyers' data never gets here: each text is masked with what the lane knows of the buyer before it is kept
(personal data lives in ``contact`` alone).
"""

from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from chekpoint.store import retention
from chekpoint.store.journal import Tx

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chekpoint.core.ports import Attempt
    from chekpoint.fiscal.receipt import Buyer
    from chekpoint.hub.names import Keys

LONGEST: Final = 8000  # characters of one side; a receipt of many items is cut, and says so
MOST_WAITING: Final = 200
HIDDEN: Final = "•••"


class Exchanges:
    """One lane's notes; they are written with the lane's next unit."""

    def __init__(self, register_id: str, keys: "Keys") -> None:
        self._register, self._keys = register_id, keys
        self._attempt: str | None = None
        self._secrets: tuple[str, ...] = ()
        self._waiting: deque[retention.Row] = deque(maxlen=MOST_WAITING)

    @contextmanager
    def of(self, attempt: "Attempt") -> "Iterator[None]":
        """Everything noted inside belongs to an attempt."""
        self._attempt, self._secrets = attempt.id, personal(attempt.receipt.buyer)
        try:
            yield
        finally:
            self._attempt, self._secrets = None, ()

    def note(self, request: str, answer: str) -> None:
        """A driver's exchange; outside an attempt it is not kept (statuses would drown the rest)."""
        if self._attempt is not None:
            row = retention.Row(
                self._keys.new(), self._register, self._attempt, self.masked(request), self.masked(answer)
            )
            self._waiting.append(row)

    def masked(self, text: str) -> str:
        """The text without what would name the buyer, and not longer than we keep."""
        text = mask(text, self._secrets)
        return text if len(text) <= LONGEST else f"{text[:LONGEST]}… (+{len(text) - LONGEST})"

    def write(self, tx: Tx) -> None:
        """Put what waits into the lane's unit. A unit may run twice, so nothing is taken away here."""
        retention.keep(tx, tuple(self._waiting))

    def written(self) -> None:
        """The unit is committed."""
        self._waiting.clear()


def personal(buyer: "Buyer") -> tuple[str, ...]:
    """What names a buyer: contact, name, INN; the longest first, so that no part survives."""
    return tuple(sorted((t for t in (buyer.contact, buyer.name, buyer.inn) if t), key=len, reverse=True))


def mask(text: str, secrets: tuple[str, ...]) -> str:
    """Hide each of the given texts."""
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    return text
