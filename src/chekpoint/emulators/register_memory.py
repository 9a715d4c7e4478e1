"""The register's own memory beside the fiscal drive: cash in the drawer, what is signed but not printed.

It survives a restart as a real register's does. ``path=None`` keeps it in RAM.
"""

import sqlite3
import weakref
from pathlib import Path

import msgspec


class RegisterMemory(msgspec.Struct, frozen=True, kw_only=True):
    """``cash`` is kopecks in the drawer; ``unprinted_fd`` the document whose paper did not come out whole."""

    cash: int = 0
    unprinted_fd: int | None = None


class MemoryCell:
    """Keeps one RegisterMemory; every change is on disk when ``keep`` returns."""

    def __init__(self, path: Path | None = None) -> None:
        self._db = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        weakref.finalize(self, self._db.close)  # also when it is dropped without close()
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("CREATE TABLE IF NOT EXISTS memory (id INTEGER PRIMARY KEY, body BLOB NOT NULL)")
        row = self._db.execute("SELECT body FROM memory WHERE id = 1").fetchone()
        self.now = msgspec.json.decode(row[0], type=RegisterMemory) if row else RegisterMemory()

    def keep(self, *, cash: int, unprinted_fd: int | None) -> None:
        """Remember; nothing is written when nothing has changed."""
        fresh = RegisterMemory(cash=cash, unprinted_fd=unprinted_fd)
        if fresh != self.now:
            self._db.execute("INSERT OR REPLACE INTO memory VALUES (1, ?)", (msgspec.json.encode(fresh),))
            self.now = fresh

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()
