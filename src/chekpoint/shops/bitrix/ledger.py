"""The checks that a site still waits for, kept in the shop's memory so that a restart forgets none.

An entry is written when a check is taken and dropped when the site has acknowledged its result. An error
that was told is kept: should the receipt be registered after all, the site is told that too (it takes a
late success of a check that it shows as failed).
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from chekpoint.store import memory
from chekpoint.store.journal import Tx

PREFIX: Final = "check:"
MOST: Final = 100_000


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One check of the site.

    ``code`` and ``message`` are the error of a check that no receipt was made of. ``told`` is true once the
    site has acknowledged an error; ``unheard`` counts answers that did not acknowledge a result; ``gone``
    means that the site does not know the order any more.
    """

    number: int
    uuid: str  # as the site wrote it last: this is what it wants to read in the result
    at: int  # milliseconds UTC
    receipt_id: str | None = None
    code: int = 0
    message: str = ""
    told: bool = False
    unheard: int = 0
    gone: bool = False


_ENTRY: Final = msgspec.json.Decoder(Entry)


def load(tx: Tx, shop_id: str) -> dict[int, Entry]:
    """Every entry of a site, by the check's number."""
    rows = memory.recall_all(tx, shop_id, PREFIX, most=MOST)
    return {entry.number: entry for entry in (_ENTRY.decode(row[1]) for row in rows)}


def keep(tx: Tx, shop_id: str, entries: Iterable[Entry]) -> None:
    """Write entries in place of the older ones."""
    for entry in entries:
        memory.keep(tx, shop_id, f"{PREFIX}{entry.number}", msgspec.json.encode(entry))


def drop(tx: Tx, shop_id: str, numbers: Iterable[int]) -> None:
    """Forget checks that are done with."""
    for number in numbers:
        memory.forget(tx, shop_id, f"{PREFIX}{number}")
