"""Users and shops for the screens."""

from typing import Final

from sqlalchemy import select

from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query
from chekpoint.store.tables import shop, user

_ANYONE: Final = Query(select(user.c.id).limit(1))
_SHOPS: Final = Query(select(shop.c.id, shop.c.name))


def has_users(tx: Tx) -> bool:
    """May anyone sign in at all?"""
    return tx.one(_ANYONE) is not None


def shop_names(tx: Tx) -> dict[str, str]:
    """Shop id -> name."""
    return {row[0]: row[1] for row in tx.all(_SHOPS)}
