"""Which register an incident is at, read from the store; and which incident explains which, just now."""

from collections.abc import Iterable, Sequence
from typing import Final, Protocol

from sqlalchemy import select

from chekpoint.hub.causes import About, Places, Seen, explained, trait_of
from chekpoint.hub.hosts import hosts
from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query
from chekpoint.store.tables import lane, receipt, register
from chekpoint.store.views_scan import by_keys, keys_of

AFTER_CAUSE: Final = 10_000  # ms: what follows from a cause needs a moment to right itself after it
_SELLERS: Final = Query(select(register.c.id, register.c.seller_id))
_DRIVES: Final = Query(select(lane.c.fn, lane.c.register_id).where(lane.c.fn.is_not(None)))
_RECEIPTS: Final = by_keys(select(receipt.c.id, receipt.c.register_id), receipt.c.id)


class Incident(Protocol):
    """What of an incident matters here."""

    @property
    def id(self) -> str:
        """Its key."""
        ...

    @property
    def kind(self) -> str:
        """Its kind."""
        ...

    @property
    def subject(self) -> str:
        """What it speaks of."""
        ...

    @property
    def closed_at(self) -> int | None:
        """Milliseconds UTC; None while it is open."""
        ...


def places(tx: Tx, incidents: Sequence[Incident]) -> Places:
    """Who belongs to whom, as far as these incidents speak of it."""
    register_of = {row[0]: row[1] for row in tx.all(_DRIVES)}
    receipts = [one.subject for one in incidents if trait_of(one.kind).about is About.RECEIPT]
    if receipts:
        register_of |= {row[0]: row[1] for row in tx.all(_RECEIPTS, keys=keys_of(tx, receipts)) if row[1]}
    return Places({row[0]: row[1] for row in tx.all(_SELLERS)}, register_of, hosts(tx))


def reasons_of(
    opened: Iterable[Incident], closed: Iterable[Incident], known: Places, now: int
) -> dict[str, str]:
    """Incident id -> id of the one that explains it; one that ended a moment ago still does."""
    lately = [one for one in closed if one.closed_at is not None and now - one.closed_at < AFTER_CAUSE]
    return explained([Seen(one.id, one.kind, one.subject) for one in (*opened, *lately)], known)
