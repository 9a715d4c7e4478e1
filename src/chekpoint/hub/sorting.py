"""Which registers take which receipts: a person's verbs over pools and routes, each with an audit row.

A change is seen by every node at its next reload; then the receipts that wait are sorted anew. What a lane
has taken already is finished where it is.
"""

from functools import partial
from typing import Final

import msgspec

from chekpoint.core.errors import Unfit
from chekpoint.hub.names import Keys
from chekpoint.hub.post import Post
from chekpoint.store import people, pools
from chekpoint.store.journal import Tx

BATCH: Final = 1000
NAME_MOST: Final = 64
LEAD_MOST: Final = 86_400  # seconds


async def sort_again(post: Post) -> None:
    """Put every waiting receipt into the pool that the routes say now. Raises StoreError."""
    after, moved = "", set[str]()
    while True:
        after, got = await post.store.write(partial(pools.sort_again, after=after, most=BATCH))
        moved |= got
        if not after:
            break
    for word in sorted(moved):
        post.bell.ring(word)


class Sorting:
    """The verbs. ``who`` and ``reason`` go into the audit; each raises Unfit where it cannot be."""

    def __init__(self, keys: Keys, *, who: str, reason: str) -> None:
        self._keys, self._who, self._reason = keys, who, reason

    def add_pool(self, tx: Tx, seller_id: str, name: str) -> str:
        """A new pool; its id."""
        _word(name, "название пула", "the pool's name")
        if any(one.name == name for one in pools.pools(tx) if one.seller_id == seller_id):
            raise Unfit(f"пул «{name}» уже есть / there is a pool {name}")
        key = self._keys.new()
        pools.add_pool(tx, key, seller_id, name)
        self._note(tx, "pool_add", key, {"name": name})
        return key

    def drop_pool(self, tx: Tx, one: pools.Pool) -> None:
        """Remove a pool that nothing leads to."""
        pools.drop_pool(tx, one)
        self._note(tx, "pool_drop", one.id, {"name": one.name})

    def put(self, tx: Tx, pool_id: str, register_id: str, *, lead: int | None) -> None:
        """Let a register serve a pool; ``lead`` (seconds before the deadline) makes it a reserve there."""
        if lead is not None and not 0 < lead <= LEAD_MOST:
            raise Unfit(
                f"резерв вступает за 1–{LEAD_MOST} секунд до срока / a reserve's lead is 1 to {LEAD_MOST} s"
            )
        pools.join(tx, pool_id, register_id, lead_ms=None if lead is None else lead * 1000)
        self._note(tx, "pool_put", pool_id, {"register": register_id, "lead": lead})

    def take(self, tx: Tx, pool_id: str, register_id: str) -> None:
        """The register serves the pool no more."""
        if not pools.leave(tx, pool_id, register_id):
            raise Unfit("этой кассы в пуле нет / the register is not in this pool")
        self._note(tx, "pool_take", pool_id, {"register": register_id})

    def add_route(self, tx: Tx, made: pools.Route) -> str:
        """A new route, under an id of ours; refused without any condition, it would swallow all after it."""
        conditions = (made.shop_id, made.section, made.pay_system, made.place, made.taxations)
        if all(one is None for one in conditions):
            raise Unfit("правилу нужно хотя бы одно условие / a route needs a condition")
        if not any(one.id == made.pool_id and one.seller_id == made.seller_id for one in pools.pools(tx)):
            raise Unfit("у продавца нет такого пула / the seller has no such pool")
        made = made._replace(id=self._keys.new())
        pools.add_route(tx, made)
        self._note(tx, "route_add", made.seller_id, made._asdict())
        return made.id

    def drop_route(self, tx: Tx, one: pools.Route) -> None:
        """Remove a route."""
        pools.drop_route(tx, one)
        self._note(tx, "route_drop", one.seller_id, one._asdict())

    def _note(self, tx: Tx, verb: str, subject: str, body: object) -> None:
        people.note_deed(
            tx, self._keys.new(), who=self._who, verb=verb, subject=subject, reason=self._reason,
            body=msgspec.json.encode(body),
        )  # fmt: skip


def _word(text: str, ru: str, en: str) -> None:
    if not (0 < len(text) <= NAME_MOST and text.isprintable() and text == text.strip()):
        raise Unfit(
            f"{ru}: от 1 до {NAME_MOST} печатных знаков / {en}: 1 to {NAME_MOST} printable characters"
        )
