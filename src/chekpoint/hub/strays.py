"""A document that is no receipt of ours: a lost answer, a double, or simply made by somebody else?"""

from datetime import datetime, timedelta
from typing import Final, NamedTuple

import msgspec

from chekpoint.fiscal.receipt import Kind, Receipt
from chekpoint.hub import digests
from chekpoint.store import doubles
from chekpoint.store.doubles import Candidate, Stray
from chekpoint.store.journal import Tx

KINDS: Final = {kind.code: kind for kind in Kind}
SOON: Final = timedelta(
    minutes=15
)  # without items only a document made so soon after is taken for a repetition
_RECEIPT: Final = msgspec.json.Decoder(Receipt)


class Belonging(NamedTuple):
    """What a stray document is: ``lost_answer`` or ``duplicate`` of a receipt, or neither."""

    kind: str | None
    receipt: Candidate | None = None


NOBODYS: Final = Belonging(None)


def belonging(tx: Tx, stray: Stray) -> Belonging:
    """The order mark decides where it can be read; else the content, where exactly one receipt fits."""
    marked = doubles.marked(tx, stray.mark) if stray.mark else None
    if marked is not None:
        return Belonging("duplicate" if marked[1] == "fiscalised" else "lost_answer", marked[0])
    kind = KINDS.get(stray.kind)
    if kind is None:
        return NOBODYS
    lost = [one for one in doubles.in_doubt(tx, stray, kind.value) if _fits(one, stray)]
    if len(lost) == 1:
        return Belonging("lost_answer", lost[0])
    like = [one for one in doubles.like(tx, stray) if _repeats(one, stray)]
    return Belonging("duplicate", like[0]) if like else NOBODYS


def _fits(one: Candidate, stray: Stray) -> bool:
    """A receipt of unknown outcome has no document yet: its content tells."""
    if stray.items_digest is None:
        return True  # sum, kind, drive and number agree, and there is one such receipt
    return digests.equal(digests.of_receipt(_RECEIPT.decode(one.content)).items, stray.items_digest)


def _repeats(one: Candidate, stray: Stray) -> bool:
    if stray.items_digest is None:
        return one.made_at is not None and _soon(one.made_at, stray.made_at)
    ours = one.items_digest or digests.of_receipt(_RECEIPT.decode(one.content)).items
    return ours is not None and digests.equal(ours, stray.items_digest)


def _soon(ours: str, theirs: str) -> bool:
    try:
        return abs(datetime.fromisoformat(ours) - datetime.fromisoformat(theirs)) <= SOON
    except (ValueError, TypeError):
        return False
