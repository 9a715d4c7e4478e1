"""Files that people have given us: each is remembered by what is in it, so that the same one counts once."""

from typing import Any, Final, NamedTuple

from sqlalchemy import bindparam, insert, select

from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query
from chekpoint.store.tables_watch import imported


class Imported(NamedTuple):
    """One file. ``at`` is milliseconds UTC, ``rows`` what was taken of it."""

    id: str
    kind: str
    name: str
    digest: str
    rows: int
    who: str
    at: int


_COLUMNS: Final = tuple(imported.c[name] for name in Imported._fields)
_ADD: Final = Query(insert(imported).values({name: bindparam(name) for name in Imported._fields}))
_SAME: Final = Query(
    select(*_COLUMNS)
    .where(imported.c.kind == bindparam("which"), imported.c.digest == bindparam("content"))
    .order_by(imported.c.id.desc())
    .limit(1)
)
_LAST: Final = Query(select(*_COLUMNS).order_by(imported.c.id.desc()).limit(bindparam("most")))


def add(tx: Tx, one: Imported) -> None:
    """The file is in; its event names its digest."""
    fields: dict[str, Any] = one._asdict()
    tx.run(_ADD, **fields)
    tx.event("file_imported", one.id, of=one.kind, digest=one.digest, rows=one.rows)


def same(tx: Tx, kind: str, digest: str) -> Imported | None:
    """The last time that this very file came; None when it did not."""
    row = tx.one(_SAME, which=kind, content=digest)
    return None if row is None else Imported(*row)


def last(tx: Tx, most: int = 20) -> list[Imported]:
    """The newest ones."""
    return [Imported(*row) for row in tx.all(_LAST, most=most)]
