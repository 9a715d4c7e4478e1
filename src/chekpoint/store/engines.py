"""The two engines, bare: how to connect durably, and how a group of writes begins.

SQLite: WAL, ``synchronous=FULL`` (a 2xx answer means that the receipt is on disk), BEGIN IMMEDIATE.
PostgreSQL: ``synchronous_commit=on``.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from chekpoint.core.errors import StoreError

if TYPE_CHECKING:
    import psycopg

PAGE_BYTES = 8192  # with a checkpoint each 5000 pages: the fastest durable setting measured
CHECKPOINT_PAGES = 5000
READER_CACHE_KIB = (
    8192  # there are a few of them, and they walk long ranges: the system's own cache serves them
)
CACHE_KIB = 16384  # the default of 2 MiB spills pages to the disk in the middle of a large group
BUSY_MS = 30_000


class Cursor(Protocol):
    """What both drivers' cursors have in common."""

    rowcount: int

    def execute(self, query: Any, params: Any = ..., /) -> Any:
        """Run one statement."""
        ...

    def executemany(self, query: Any, params: Any, /) -> Any:
        """Run one statement for many rows."""
        ...

    def fetchone(self) -> Any:
        """The next row, or None."""
        ...

    def fetchall(self) -> Sequence[Any]:
        """All rows left."""
        ...


class Engine(Protocol):
    """One database: makes connections and knows their dialect."""

    name: str

    def connect(self, *, readonly: bool = False) -> Any:
        """A new connection in autocommit mode; raises StoreError when the database is not there."""
        ...

    def broken(self, _error: Exception) -> bool:
        """Did the error spoil the connection itself (and not only the statement)?"""
        ...


class Sqlite:
    """The embedded default."""

    name = "sqlite"
    errors = sqlite3.Error

    def __init__(self, path: str, *, durable: bool = True) -> None:
        self.path = path
        self._synchronous = "FULL" if durable else "OFF"  # OFF is for simulations alone
        if path != ":memory:":
            Path(path).parent.mkdir(parents=True, exist_ok=True)

    def connect(self, *, readonly: bool = False) -> sqlite3.Connection:
        """A connection; the first one sets the page size, which an existing file keeps."""
        try:
            con = sqlite3.connect(
                self.path, isolation_level=None, check_same_thread=False, timeout=BUSY_MS / 1000
            )
            self._prepare(con, readonly=readonly)
        except sqlite3.Error as error:
            raise StoreError(f"cannot open the database {self.path}: {error}") from error
        return con

    def _prepare(self, con: sqlite3.Connection, *, readonly: bool) -> None:
        con.execute(f"PRAGMA page_size={PAGE_BYTES}")
        con.execute("PRAGMA journal_mode=WAL")
        con.execute(f"PRAGMA synchronous={self._synchronous}")
        con.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
        con.execute(f"PRAGMA cache_size=-{READER_CACHE_KIB if readonly else CACHE_KIB}")
        con.execute("PRAGMA temp_store=MEMORY")  # what a statement needs to undo itself: no file for that
        con.execute("PRAGMA foreign_keys=ON")
        con.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        if readonly:
            con.execute("PRAGMA query_only=ON")

    def broken(self, _error: Exception) -> bool:
        """SQLite has no connection that could be lost."""
        return False


class Postgres:
    """For several nodes, or more than one machine can carry."""

    name = "postgresql"

    def __init__(self, dsn: str) -> None:
        import psycopg  # noqa: PLC0415 - a node on SQLite starts without it

        self.dsn, self._driver, self.errors = dsn, psycopg, psycopg.Error

    def connect(self, *, readonly: bool = False) -> "psycopg.Connection[Any]":
        """A connection with durable commits."""
        try:
            con = self._driver.connect(self.dsn, autocommit=True, prepare_threshold=1)
            con.execute("SET synchronous_commit = on")
            if readonly:
                con.execute("SET default_transaction_read_only = on")
        except self.errors as error:
            raise StoreError(f"cannot reach PostgreSQL: {error}") from error
        return con

    def broken(self, _error: Exception) -> bool:
        """A lost server shows as OperationalError or InterfaceError."""
        return isinstance(_error, self._driver.OperationalError | self._driver.InterfaceError)


def engine_of(url: str, *, durable: bool = True) -> Sqlite | Postgres:
    """``sqlite:///path``, ``sqlite://`` (memory) or ``postgresql://...`` -> an engine."""
    scheme = urlsplit(url).scheme.split("+")[0]
    if scheme == "sqlite":
        return Sqlite(url.partition(":///")[2] or ":memory:", durable=durable)
    if scheme in {"postgresql", "postgres"}:
        return Postgres(url.replace("postgresql+psycopg://", "postgresql://", 1))
    raise StoreError(f"database address not understood: {url!r}; use sqlite:///file or postgresql://...")
