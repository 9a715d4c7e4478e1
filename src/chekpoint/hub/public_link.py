"""Where anybody who has a receipt can look it up at its operator. The composition root knows the operators."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from chekpoint.store.public import Public, public
from chekpoint.store.store import Store


class PublicLink(NamedTuple):
    """``url`` shows the receipt itself; None where the operator has no such address, or a fact for it is missing."""

    operator: str
    url: str | None
    page: str  # where it can be looked for by hand


PublicLinks = Callable[[Sequence[str], Public], PublicLink | None]
"""(words for the operator: INN or name of an account, facts of the document) -> its link; None: not known."""


def no_links(_words: Sequence[str], _facts: Public) -> PublicLink | None:
    """Where no operator is known."""
    return None


async def public_link(store: Store, links: PublicLinks, receipt_id: str) -> PublicLink | None:
    """The link of one receipt; None while it has no document, or its operator is not known. Raises StoreError."""
    found = await store.read(lambda tx: public(tx, receipt_id))
    return None if found is None else links(*found)
