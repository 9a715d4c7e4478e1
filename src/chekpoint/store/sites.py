"""Sites: pages that are looked at as a buyer would."""

from typing import Any, Final, NamedTuple

from sqlalchemy import bindparam, delete, insert, select, update

from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query
from chekpoint.store.tables_watch import site


class Site(NamedTuple):
    """One site. ``journey`` is JSON (hub/journeys.py), None: the page alone is looked at."""

    id: str
    shop_id: str | None
    name: str
    url: str
    expected: str | None  # a text that the page must hold
    journey: bytes | None
    every_seconds: int  # between two looks at the page; a journey is made less often (watch/probes)
    enabled: int


_COLUMNS: Final = tuple(site.c[name] for name in Site._fields)
_ADD: Final = Query(insert(site).values({n: bindparam(n) for n in (*Site._fields, "created_at")}))
_ALL: Final = Query(select(*_COLUMNS).order_by(site.c.name, site.c.id))
_ONE: Final = Query(select(*_COLUMNS).where(site.c.id == bindparam("which")))
_SET: Final = Query(
    update(site)
    .where(site.c.id == bindparam("which"))
    .values({name: bindparam(f"new_{name}") for name in Site._fields if name != "id"})
)
_DROP: Final = Query(delete(site).where(site.c.id == bindparam("which")))


def add(tx: Tx, made: Site) -> None:
    """A new site; StoreError when its name is taken."""
    tx.run(_ADD, **made._asdict(), created_at=tx.now)
    tx.event("site_added", made.id, name=made.name)


def change(tx: Tx, changed: Site) -> bool:
    """Everything but the id; False when it is gone."""
    new: dict[str, Any] = {f"new_{name}": value for name, value in changed._asdict().items() if name != "id"}
    done = tx.run(_SET, which=changed.id, **new) == 1
    if done:
        tx.event("site_changed", changed.id, name=changed.name)
    return done


def remove(tx: Tx, site_id: str) -> bool:
    """It is not looked at any more; False when it is gone."""
    done = tx.run(_DROP, which=site_id) == 1
    if done:
        tx.event("site_removed", site_id)
    return done


def every(tx: Tx) -> list[Site]:
    """All sites, by name."""
    return [_site(row) for row in tx.all(_ALL)]


def one(tx: Tx, site_id: str) -> Site | None:
    """One site; None when there is none of that id."""
    row = tx.one(_ONE, which=site_id)
    return None if row is None else _site(row)


def _site(row: Any) -> Site:
    found = Site(*row)
    return found._replace(journey=None if found.journey is None else bytes(found.journey))
