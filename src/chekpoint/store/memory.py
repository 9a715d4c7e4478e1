"""What a shop's door must not forget: cursors, ids of the other side, tokens. Small values under names."""

from typing import Any, Final

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query
from chekpoint.store.tables import shop_memory

_VALUES: Final[dict[str, Any]] = {c.name: bindparam(c.name) for c in shop_memory.columns}


def _upsert(dialect: Any) -> Any:
    made = dialect.insert(shop_memory).values(_VALUES)
    return made.on_conflict_do_update(
        index_elements=["shop_id", "name"],
        set_={"value": made.excluded.value, "updated_at": made.excluded.updated_at},
    )


_KEEP: Final = Query(_upsert(sqlite), postgresql=_upsert(postgresql))
_RECALL: Final = Query(
    select(shop_memory.c.value).where(
        shop_memory.c.shop_id == bindparam("shop"), shop_memory.c.name == bindparam("which")
    )
)
_ALL: Final = Query(
    select(shop_memory.c.name, shop_memory.c.value, shop_memory.c.updated_at)
    .where(
        shop_memory.c.shop_id == bindparam("shop"),
        shop_memory.c.name >= bindparam("low"),
        shop_memory.c.name < bindparam("high"),
    )
    .order_by(shop_memory.c.name)
    .limit(bindparam("most"))
)
_FORGET: Final = Query(
    delete(shop_memory).where(
        shop_memory.c.shop_id == bindparam("shop"), shop_memory.c.name == bindparam("which")
    )
)


def keep(tx: Tx, shop_id: str, name: str, value: bytes) -> None:
    """Remember a value under a name, in place of an older one."""
    tx.run(_KEEP, shop_id=shop_id, name=name, value=value, updated_at=tx.now)


def recall(tx: Tx, shop_id: str, name: str) -> bytes | None:
    """The value under a name."""
    row = tx.one(_RECALL, shop=shop_id, which=name)
    return None if row is None else bytes(row[0])


def recall_all(tx: Tx, shop_id: str, prefix: str, *, most: int = 1000) -> list[tuple[str, bytes, int]]:
    """(name, value, updated_at) of every name with a prefix, in the order of names."""
    rows = tx.all(_ALL, shop=shop_id, low=prefix, high=prefix + "\U0010ffff", most=most)
    return [(row[0], bytes(row[1]), row[2]) for row in rows]


def forget(tx: Tx, shop_id: str, name: str) -> None:
    """Drop the value under a name."""
    tx.run(_FORGET, shop=shop_id, which=name)
