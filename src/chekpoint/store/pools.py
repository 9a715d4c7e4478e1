"""Pools: which registers may take which receipts.

A pool is a set of registers of one seller; a receipt waits in one pool. Each seller has a default pool (its id
is the seller's), in which every register is put when it is added. Routes, tried in their order, send receipts
of a shop, a section, a payment system, a place of settlement or a taxation system to another pool.

A register may serve several pools. With ``lead_ms`` it is a reserve there: it takes a receipt only when no
more than that time is left until its deadline.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from sqlalchemy import bindparam, delete, func, insert, literal_column, select, update

from chekpoint.core.errors import Unfit
from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query
from chekpoint.store.tables import pool, pool_register, receipt, register, route

DEFAULT_NAME: Final = "Все кассы"


class Place(NamedTuple):
    """A pool that a register serves."""

    pool_id: str
    lead_ms: int | None  # None: always; else as a reserve, when at most this is left until a deadline


class Pool(NamedTuple):
    """A set of registers of one seller."""

    id: str
    seller_id: str
    name: str


class Route(NamedTuple):
    """Receipts that fit every condition that is set go to ``pool_id``; the lowest ``rank`` wins."""

    id: str
    seller_id: str
    rank: int
    pool_id: str
    shop_id: str | None
    section: str | None
    pay_system: str | None
    place: str | None
    taxations: int | None  # mask of 1062


class Sorted(NamedTuple):
    """What of a receipt decides where it goes."""

    shop_id: str
    section: str | None
    pay_system: str | None
    place: str | None
    taxation: int  # one bit of 1062


def fits(one: Route, receipt_: Sorted) -> bool:
    """Does every condition of a route hold?"""
    return (
        one.shop_id in {None, receipt_.shop_id}
        and one.section in {None, receipt_.section}
        and one.pay_system in {None, receipt_.pay_system}
        and one.place in {None, receipt_.place}
        and (one.taxations is None or bool(one.taxations & receipt_.taxation))
    )


def pool_of(routes: Sequence[Route], seller_id: str, receipt_: Sorted) -> str:
    """The pool of a receipt: that of the first route that fits, else the seller's default one."""
    return next((one.pool_id for one in routes if fits(one, receipt_)), seller_id)


_POOL: Final = Query(
    insert(pool).values({n: bindparam(n) for n in ("id", "seller_id", "name", "created_at")})
)
_POOLS: Final = Query(select(pool.c.id, pool.c.seller_id, pool.c.name).order_by(pool.c.seller_id, pool.c.id))
_PLACES: Final = Query(
    select(pool_register.c.register_id, pool_register.c.pool_id, pool_register.c.lead_ms).order_by(
        pool_register.c.register_id, pool_register.c.pool_id
    )
)
_LEAVE: Final = Query(
    delete(pool_register).where(
        pool_register.c.pool_id == bindparam("pool"), pool_register.c.register_id == bindparam("register")
    )
)
_JOIN: Final = Query(
    insert(pool_register).values({n: bindparam(n) for n in ("pool_id", "register_id", "lead_ms")})
)
_ROUTE: Final = Query(insert(route).values({name: bindparam(name) for name in Route._fields}))
_ROUTES: Final = Query(
    select(*(route.c[name] for name in Route._fields)).order_by(route.c.seller_id, route.c.rank, route.c.id)
)
_DROP_ROUTE: Final = Query(delete(route).where(route.c.id == bindparam("route")))
_SELLER_OF_REGISTER: Final = Query(select(register.c.seller_id).where(register.c.id == bindparam("register")))
_DROP: Final = Query(delete(pool).where(pool.c.id == bindparam("pool")))
_WAITS: Final = Query(
    select(receipt.c.id).where(receipt.c.state == literal_column("'queued'"), receipt.c.pool_id == bindparam("pool"))
    .limit(1)
)  # fmt: skip
_QUEUE: Final = Query(
    select(
        receipt.c.id, receipt.c.pool_id, receipt.c.seller_id, receipt.c.shop_id, receipt.c.section,
        receipt.c.pay_system, receipt.c.place, receipt.c.taxation,
    )
    .where(receipt.c.state == literal_column("'queued'"), receipt.c.id > bindparam("after"))
    .order_by(receipt.c.id)
    .limit(bindparam("most"))
)  # fmt: skip
_MOVE: Final = Query(
    update(receipt)
    .where(receipt.c.id == bindparam("which"), receipt.c.state == "queued")
    .values(pool_id=bindparam("new_pool"))
)
_DUE: Final = Query(
    select(func.min(receipt.c.deadline_at)).where(
        receipt.c.state == literal_column("'queued'"), receipt.c.pool_id == bindparam("pool")
    )
)


def add_pool(tx: Tx, key: str, seller_id: str, name: str) -> None:
    """A new pool of a seller; StoreError when the seller has one of that name."""
    tx.run(_POOL, id=key, seller_id=seller_id, name=name, created_at=tx.now)
    tx.event("pool_added", key, seller=seller_id, name=name)


def pools(tx: Tx) -> list[Pool]:
    """All pools, by seller."""
    return [Pool(*row) for row in tx.all(_POOLS)]


def places(tx: Tx) -> dict[str, tuple[Place, ...]]:
    """Register -> the pools that it serves."""
    found: dict[str, list[Place]] = {}
    for register_id, *place in tx.all(_PLACES):
        found.setdefault(register_id, []).append(Place(*place))
    return {register_id: tuple(served) for register_id, served in found.items()}


def join(tx: Tx, pool_id: str, register_id: str, *, lead_ms: int | None = None) -> None:
    """Let a register serve a pool, always or as a reserve. Raises Unfit across sellers."""
    owner = next((one.seller_id for one in pools(tx) if one.id == pool_id), None)
    row = tx.one(_SELLER_OF_REGISTER, register=register_id)
    if owner is None or row is None or row[0] != owner:
        raise Unfit("касса и пул принадлежат разным продавцам / the register and the pool are of two sellers")
    tx.run(_LEAVE, pool=pool_id, register=register_id)
    tx.run(_JOIN, pool_id=pool_id, register_id=register_id, lead_ms=lead_ms)
    tx.event("pool_joined", pool_id, register=register_id, lead_ms=lead_ms)


def leave(tx: Tx, pool_id: str, register_id: str) -> bool:
    """The register serves the pool no more; False when it did not."""
    left = tx.run(_LEAVE, pool=pool_id, register=register_id) == 1
    if left:
        tx.event("pool_left", pool_id, register=register_id)
    return left


def drop_pool(tx: Tx, one: Pool) -> None:
    """Remove an empty pool. Raises Unfit for a default one, and while routes, registers or receipts are in it."""
    if one.id == one.seller_id:
        raise Unfit("общий пул продавца не удаляется / a seller's default pool stays")
    if any(there.pool_id == one.id for there in routes(tx)):
        raise Unfit("в пул ведут правила: сначала уберите их / rules lead to this pool: remove them first")
    if any(place.pool_id == one.id for served in places(tx).values() for place in served):
        raise Unfit(
            "в пуле есть кассы: сначала выведите их / registers serve this pool: let them leave first"
        )
    if tx.one(_WAITS, pool=one.id) is not None:
        raise Unfit(
            "в пуле ещё ждут чеки: повторите через минуту / receipts wait in this pool: try in a minute"
        )
    tx.run(_DROP, pool=one.id)
    tx.event("pool_dropped", one.id)


def add_route(tx: Tx, made: Route) -> None:
    """A new route; queued receipts are sorted anew by ``sort_again``."""
    tx.run(_ROUTE, **made._asdict())
    tx.event("route_added", made.seller_id, **made._asdict())


def drop_route(tx: Tx, one: Route) -> None:
    """The route leads nowhere any more."""
    tx.run(_DROP_ROUTE, route=one.id)
    tx.event("route_dropped", one.seller_id, id=one.id)


def routes(tx: Tx) -> list[Route]:
    """All routes, by seller, in their order."""
    return [Route(*row) for row in tx.all(_ROUTES)]


def by_seller(found: Sequence[Route]) -> Mapping[str, tuple[Route, ...]]:
    """Seller -> routes in their order."""
    return {
        seller: tuple(r for r in found if r.seller_id == seller) for seller in {r.seller_id for r in found}
    }


def sort_again(tx: Tx, *, after: str, most: int) -> tuple[str, frozenset[str]]:
    """Put queued receipts into the pools that the routes now say, ``most`` at a time, by id.

    Returns the last id looked at ("" at the end of the queue) and the pools that got some.
    """
    known = by_seller(routes(tx))
    seen, moved = "", set()
    for receipt_id, old, seller_id, *facts in tx.all(_QUEUE, after=after, most=most):
        new = pool_of(known.get(seller_id, ()), seller_id, Sorted(*facts))
        if new != old and tx.run(_MOVE, which=receipt_id, new_pool=new):
            tx.event("sorted", receipt_id, pool=new)
            moved.add(new)
        seen = receipt_id
    return seen, frozenset(moved)


def next_deadline(tx: Tx, pool_id: str) -> int | None:
    """The earliest deadline in a pool's queue (milliseconds UTC); None when nothing waits."""
    found: int | None = tx.one(_DUE, pool=pool_id)[0]
    return found
