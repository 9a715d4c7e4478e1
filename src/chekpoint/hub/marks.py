"""What a register says of marking codes in a receipt that it has registered: kept for the watch.

A driver says it among its warnings, and begins it with ``2106``, the tag of the check's result.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from chekpoint.store import probes
from chekpoint.store.journal import Tx

PROBE: Final = "marks"  # subject: the receipt
SIGN: Final = "2106"


def note(tx: Tx, receipt_id: str, warnings: Sequence[str]) -> None:
    """Keep what speaks of codes; the other warnings stay with the attempt alone."""
    told = [one for one in warnings if one.startswith(SIGN)]
    if told:
        probes.note(tx, PROBE, receipt_id, ok=False, body=msgspec.json.encode(told))
