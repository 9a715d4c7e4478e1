"""The database of all sites of one process: rows as JSON in one SQLite file, or nothing but memory."""

import sqlite3
import weakref
from pathlib import Path
from typing import Final, TypeVar

import msgspec

Row = TypeVar("Row", bound=msgspec.Struct)
_SCHEMA: Final = (
    "CREATE TABLE IF NOT EXISTS row(site TEXT, kind TEXT, id TEXT, body BLOB NOT NULL,"
    " PRIMARY KEY(site, kind, id)) WITHOUT ROWID"
)


class ShelfError(Exception):
    """The file cannot be used as a sites' database; the text says why."""


class Shelf:
    """Keeps what the sites remember; ``path=None`` keeps nothing, the sites then live in memory only."""

    def __init__(self, path: Path | None = None) -> None:
        self._base: sqlite3.Connection | None = None
        if path is None:
            return
        try:
            self._base = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            weakref.finalize(self, self._base.close)  # also when it is dropped without close()
            self._base.execute("PRAGMA journal_mode=WAL")
            self._base.execute("PRAGMA synchronous=NORMAL")
            self._base.execute(_SCHEMA)
        except sqlite3.Error as error:
            self.close()
            raise ShelfError(f"{path}: {error}") from error

    def put(self, site: str, kind: str, row_id: int | str, row: msgspec.Struct) -> None:
        """Insert or replace one row."""
        if self._base is not None:
            body = msgspec.json.encode(row)
            self._base.execute(
                "INSERT OR REPLACE INTO row VALUES (?, ?, ?, ?)", (site, kind, str(row_id), body)
            )

    def drop(self, site: str, kind: str, row_id: int | str) -> None:
        """Delete one row."""
        if self._base is not None:
            self._base.execute(
                "DELETE FROM row WHERE site = ? AND kind = ? AND id = ?", (site, kind, str(row_id))
            )

    def rows(self, site: str, kind: str, shape: type[Row]) -> list[Row]:
        """Every row of a kind; raises ShelfError for one that cannot be read."""
        if self._base is None:
            return []
        found = self._base.execute("SELECT body FROM row WHERE site = ? AND kind = ?", (site, kind))
        try:
            return [msgspec.json.decode(body, type=shape) for (body,) in found.fetchall()]
        except msgspec.MsgspecError as error:
            raise ShelfError(f"{site}, {kind}: {error}") from error

    def sites(self) -> list[str]:
        """Names of the sites in the file."""
        if self._base is None:
            return []
        return [name for (name,) in self._base.execute("SELECT DISTINCT site FROM row ORDER BY site")]

    def close(self) -> None:
        """Let go of the file."""
        if self._base is not None:
            self._base.close()
            self._base = None
