"""What the page of a shop shows beside its settings."""

from typing import Final, NamedTuple

from sqlalchemy import bindparam, func, literal_column, select

from chekpoint.store import incidents, listing
from chekpoint.store.journal import Tx
from chekpoint.store.pools import DEFAULT_NAME, Route, pools, routes
from chekpoint.store.sql import Query
from chekpoint.store.tables import audit, receipt
from chekpoint.store.views_receipt import Deed

DEEDS: Final = 20
_WAITING: Final = Query(
    select(receipt.c.shop_id, func.count())
    .where(receipt.c.state == literal_column("'queued'"))
    .group_by(receipt.c.shop_id)
)
_SINCE: Final = Query(
    select(receipt.c.shop_id, func.count())
    .where(receipt.c.id >= bindparam("floor"), receipt.c.accepted_at >= bindparam("since"))
    .group_by(receipt.c.shop_id)
)
_DEEDS: Final = Query(
    select(*(audit.c[name] for name in Deed._fields))
    .where(audit.c.subject == bindparam("about"))
    .order_by(audit.c.id.desc())
    .limit(bindparam("most"))
)


def waiting(tx: Tx) -> dict[str, int]:
    """Shop -> receipts in the queue."""
    return {row[0]: row[1] for row in tx.all(_WAITING)}


def since(tx: Tx, moment: int) -> dict[str, int]:
    """Shop -> receipts accepted since a moment (milliseconds UTC); reads those receipts' rows, not all."""
    return {
        row[0]: row[1]
        for row in tx.all(_SINCE, since=moment, floor=listing.id_at(moment - listing.ID_SLACK_MS))
    }


def newest(tx: Tx, shop_id: str, most: int) -> list[listing.Line]:
    """The last receipts of a shop."""
    return listing.page(tx, listing.Filter(shop_id=shop_id, limit=most))


def deeds(tx: Tx, subject: str) -> list[Deed]:
    """What people did to it, newest first."""
    return [Deed(*row) for row in tx.all(_DEEDS, about=subject, most=DEEDS)]


def troubles(tx: Tx) -> list[incidents.Open]:
    """Open incidents; those of a shop have a subject that begins with its id."""
    return incidents.open_now(tx)


class Way(NamedTuple):
    """A pool to which receipts of a shop may go, and the route that leads there (None: the default pool)."""

    name: str
    route: Route | None


def ways(tx: Tx, shop_id: str, seller_id: str) -> list[Way]:
    """Where a shop's receipts go: its seller's routes that name it or no shop, then the default pool."""
    names = {one.id: one.name for one in pools(tx)}
    led = [
        Way(names[r.pool_id], r)
        for r in routes(tx)
        if r.seller_id == seller_id and r.shop_id in {None, shop_id}
    ]
    return [*led, Way(names.get(seller_id, DEFAULT_NAME), None)]
