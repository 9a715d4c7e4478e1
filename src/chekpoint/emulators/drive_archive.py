"""The archive of an emulated fiscal drive: every document it signed, in SQLite. This is the ground truth.

One transaction holds the document and the drive's new state, so a killed process leaves neither half.
"""

import fcntl
import os
import sqlite3
import weakref
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from chekpoint.emulators.drive_totals import Totals
from chekpoint.fiscal import tlv
from chekpoint.fiscal.receipt import Receipt
from chekpoint.fiscal.tlv import Node


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """What the register was registered with (document 1)."""

    seller_inn: str = "7700000016"  # 1018
    seller_name: str = "ТЕСТОВЫЙ ПРОДАВЕЦ"  # 1048
    registration_number: str = "0000000001002292"  # 1037, 16 digits
    serial: str = "00106900000001"  # 1013
    address: str = "г. Москва, ул. Тестовая, 1"  # 1009
    place: str = "shop.example"  # 1187
    ffd: str = "1.2"  # 1209
    taxations: int = 0b111111  # 1062
    ofd_name: str = "ТЕСТОВЫЙ ОФД"  # 1046
    ofd_inn: str = "7800000010"  # 1017
    ofd_host: str = "127.0.0.1"
    ofd_port: int = 7777
    fns_site: str = "www.nalog.gov.ru"  # 1060
    sender_email: str = "kassa@shop.example"  # 1117
    internet: bool = True  # 1108
    automatic: bool = False  # 1001


class DriveState(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a drive remembers beside its documents. Times are the register's local wall clock."""

    phase: str = "ready"
    last_fd: int = 0
    ticketed_fd: int = 0  # tickets come in FD order: all up to this one are confirmed
    last_made_at: datetime | None = None
    shift_number: int = 0
    shift_open: bool = False
    shift_opened_at: datetime | None = None
    receipt_number: int = 0  # of the last receipt in the shift (1042)
    first_made_at: datetime | None = None  # of document 1: keys live from here
    registration: Registration | None = None
    shift_totals: Totals = Totals()
    totals: Totals = Totals()


class ArchivedDocument(msgspec.Struct, frozen=True, kw_only=True):
    """One signed document. ``made_at`` is local, ``total`` kopecks, ``tlv`` the bytes the drive keeps."""

    fn: str
    fd_number: int
    code: int
    made_at: datetime
    fiscal_sign: int
    shift_number: int
    tlv: bytes
    receipt_number: int = 0
    kind: int = 0
    total: int = 0
    receipt: Receipt | None = None
    ticket: bytes | None = None
    answer: int | None = None
    flags: int = 0
    ticketed_at: datetime | None = None

    @property
    def node(self) -> Node:
        """The document decoded."""
        return tlv.decode(self.tlv)

    @property
    def sign_text(self) -> str:
        """ФПД as it is printed: ten digits with leading zeros."""
        return f"{self.fiscal_sign:010d}"


_SCHEMA = """
CREATE TABLE IF NOT EXISTS state (id INTEGER PRIMARY KEY CHECK (id = 1), fn TEXT NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS document (fd INTEGER PRIMARY KEY, body BLOB NOT NULL, tlv BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS ticket (fd INTEGER PRIMARY KEY REFERENCES document (fd), message BLOB NOT NULL,
    answer INTEGER NOT NULL, flags INTEGER NOT NULL, loaded_at TEXT NOT NULL);
"""
_READ = (
    "SELECT d.body, d.tlv, t.message, t.answer, t.flags, t.loaded_at"
    " FROM document d LEFT JOIN ticket t ON t.fd = d.fd"
)


class _Kept(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The part of a document that is kept as JSON beside its TLV."""

    fd_number: int
    code: int
    made_at: datetime
    fiscal_sign: int
    shift_number: int
    receipt_number: int = 0
    kind: int = 0
    total: int = 0
    receipt: Receipt | None = None


_encode = msgspec.json.Encoder().encode
_decode_kept = msgspec.json.Decoder(_Kept).decode
_decode_state = msgspec.json.Decoder(DriveState).decode


class WrongDrive(Exception):
    """The file cannot be used as the archive of this drive: another drive's, in use, or no archive at all."""


class DriveArchive:
    """Storage of one drive; ``path=None`` keeps it in memory. Writes are synchronous and durable.

    A file has one writer at a time (two would give one number twice); anybody may read it meanwhile.
    """

    def __init__(self, fn: str, path: Path | None = None) -> None:
        self.fn = fn
        self._lock = _alone(path) if path else None
        try:
            self._db = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
            weakref.finalize(self, self._db.close)  # also when it is dropped without close()
            self.state = self._opened()
        except (WrongDrive, sqlite3.Error) as error:
            self.close()
            raise WrongDrive(f"{path or fn}: {error}") from error

    def _opened(self) -> DriveState:
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.executescript(_SCHEMA)
        row = self._db.execute("SELECT fn, body FROM state").fetchone()
        if row is None:
            return DriveState()
        if row[0] != self.fn:
            raise WrongDrive(f"ФН {row[0]}, ожидался / expected {self.fn}")
        return _decode_state(row[1])

    def append(self, document: ArchivedDocument, state: DriveState) -> None:
        """Keep a new document and the state after it, in one transaction."""
        kept = _Kept(**{name: getattr(document, name) for name in _Kept.__struct_fields__})
        with self._transaction():
            self._db.execute(
                "INSERT INTO document VALUES (?, ?, ?)", (document.fd_number, _encode(kept), document.tlv)
            )
            self._write(state)
        self.state = state

    def load_ticket(
        self, fd_number: int, message: bytes, *, answer: int, flags: int, at: datetime, state: DriveState
    ) -> None:
        """Keep document 7 of one document and the state after it."""
        with self._transaction():
            self._db.execute(
                "INSERT INTO ticket VALUES (?, ?, ?, ?, ?)",
                (fd_number, message, answer, flags, at.isoformat()),
            )
            self._write(state)
        self.state = state

    def document(self, fd_number: int) -> ArchivedDocument | None:
        """One document, or None."""
        row = self._db.execute(f"{_READ} WHERE d.fd = ?", (fd_number,)).fetchone()
        return self._document(row) if row else None

    def documents(self, first: int, last: int) -> Iterator[ArchivedDocument]:
        """Documents ``first``..``last`` in FD order."""
        rows = self._db.execute(f"{_READ} WHERE d.fd BETWEEN ? AND ? ORDER BY d.fd", (first, last))
        return (self._document(row) for row in rows.fetchall())

    def close(self) -> None:
        """Let go of the file."""
        if hasattr(self, "_db"):
            self._db.close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _document(
        self, row: tuple[bytes, bytes, bytes | None, int | None, int | None, str | None]
    ) -> ArchivedDocument:
        body, raw, message, answer, flags, loaded_at = row
        kept = _decode_kept(body)
        return ArchivedDocument(
            fn=self.fn,
            tlv=raw,
            ticket=message,
            answer=answer,
            flags=flags or 0,
            ticketed_at=datetime.fromisoformat(loaded_at) if loaded_at else None,
            **{name: getattr(kept, name) for name in _Kept.__struct_fields__},
        )

    def _write(self, state: DriveState) -> None:
        self._db.execute(
            "INSERT INTO state VALUES (1, ?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            (self.fn, _encode(state)),
        )

    def _transaction(self) -> "_Transaction":
        return _Transaction(self._db)


def _alone(path: Path) -> int:
    """Hold the file against other writers until the descriptor is closed; WrongDrive when it is in use."""
    descriptor = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise WrongDrive(f"{path}: занят другим процессом / in use by another process") from error
    return descriptor


class _Transaction:
    """BEGIN IMMEDIATE .. COMMIT, or ROLLBACK when the body raises."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._db.execute("COMMIT" if kind is None else "ROLLBACK")
