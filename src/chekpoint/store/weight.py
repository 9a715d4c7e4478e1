"""How much the database weighs."""

from typing import Final

from sqlalchemy import text

from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query

_BYTES: Final = Query(
    text("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"),
    postgresql=text("SELECT pg_database_size(current_database())"),
)


def database_bytes(tx: Tx) -> int:
    """Bytes of the whole database, without the log of what is not yet merged."""
    return int(tx.one(_BYTES)[0])
