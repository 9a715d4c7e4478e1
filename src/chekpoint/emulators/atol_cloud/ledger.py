"""What the service remembers of its receipts: on disk, so that a restart forgets none."""

import sqlite3
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_SCHEMA = """
CREATE TABLE IF NOT EXISTS registration (
  uuid TEXT PRIMARY KEY, group_code TEXT NOT NULL, external_id TEXT NOT NULL, version TEXT NOT NULL,
  operation TEXT NOT NULL, body BLOB NOT NULL, status TEXT NOT NULL, answer TEXT, taken_at REAL NOT NULL,
  UNIQUE (group_code, external_id))
"""
_ALL = "SELECT * FROM registration ORDER BY taken_at, rowid"
_WAITING = "SELECT * FROM registration WHERE status = 'wait' ORDER BY taken_at, rowid"
_BY_UUID = "SELECT * FROM registration WHERE group_code = ? AND uuid = ?"
_BY_ID = "SELECT * FROM registration WHERE group_code = ? AND external_id = ?"


class Entry(NamedTuple):
    """One registration. ``answer`` is the JSON of ``payload`` or of ``error``, once it is over."""

    uuid: str
    group_code: str
    external_id: str
    version: str
    operation: str
    body: bytes
    status: str  # wait | done | fail
    answer: str | None
    taken_at: float  # seconds since 1970 UTC


class Ledger:
    """``path=None`` keeps it in RAM."""

    def __init__(self, path: Path | None) -> None:
        self._db = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        weakref.finalize(self, self._db.close)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute(_SCHEMA)

    def add(self, entry: Entry) -> None:
        """A new registration that waits."""
        self._db.execute("INSERT INTO registration VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", entry)

    def close_entry(self, uuid: str, status: str, answer: str) -> None:
        """It is over: ``done`` with its payload, or ``fail`` with its error."""
        self._db.execute(
            "UPDATE registration SET status = ?, answer = ? WHERE uuid = ?", (status, answer, uuid)
        )

    def by_uuid(self, group: str, uuid: str) -> Entry | None:
        """One registration of a group."""
        return next(self._found(_BY_UUID, group, uuid), None)

    def by_id(self, group: str, external_id: str) -> Entry | None:
        """The registration under a client's id."""
        return next(self._found(_BY_ID, group, external_id), None)

    def waiting(self) -> list[Entry]:
        """The queue, oldest first."""
        return list(self._found(_WAITING))

    def all(self) -> list[Entry]:
        """Everything, oldest first."""
        return list(self._found(_ALL))

    def _found(self, query: str, *values: str) -> Iterator[Entry]:
        return (Entry(*row) for row in self._db.execute(query, values).fetchall())

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()
