"""What the emulated operator keeps: every document it received, with the ticket it answered."""

import sqlite3
import weakref
from datetime import datetime
from pathlib import Path

import msgspec

from chekpoint.fiscal import tlv
from chekpoint.fiscal.tlv import Node


class OfdDocument(msgspec.Struct, frozen=True, kw_only=True):
    """One received document. ``made_at`` is the register's local wall clock, ``received_at`` aware UTC."""

    fn: str
    fd_number: int
    code: int
    received_at: datetime
    container: bytes
    tlv: bytes
    ticket: bytes  # the container that was answered
    answer: int
    flags: int
    made_at: datetime
    fiscal_sign: int = 0
    registration_number: str = ""
    seller_inn: str = ""
    shift_number: int = 0
    receipt_number: int = 0
    kind: int = 0
    total: int = 0
    times_received: int = 1

    @property
    def node(self) -> Node:
        """The document decoded."""
        return tlv.decode(self.tlv, strict=False)

    @property
    def raw_id(self) -> str:
        """The id under which the account API shows it."""
        return f"{self.fn}-{self.fd_number}"


_SCHEMA = """
CREATE TABLE IF NOT EXISTS document (
    fn TEXT NOT NULL, fd INTEGER NOT NULL, code INTEGER NOT NULL, received_at TEXT NOT NULL,
    container BLOB NOT NULL, tlv BLOB NOT NULL, ticket BLOB NOT NULL, answer INTEGER NOT NULL,
    flags INTEGER NOT NULL, made_at TEXT NOT NULL, fiscal_sign INTEGER NOT NULL, rnm TEXT NOT NULL,
    inn TEXT NOT NULL, shift INTEGER NOT NULL, receipt INTEGER NOT NULL, kind INTEGER NOT NULL,
    total INTEGER NOT NULL, times INTEGER NOT NULL, PRIMARY KEY (fn, fd)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS document_by_register ON document (rnm, made_at);
"""
_COLUMNS = (
    "fn, fd, code, received_at, container, tlv, ticket, answer, flags, made_at, fiscal_sign, rnm, inn, shift,"
    " receipt, kind, total, times"
)
_INSERT = "INSERT INTO document VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
_Row = tuple[str, int, int, str, bytes, bytes, bytes, int, int, str, int, str, str, int, int, int, int, int]


class OfdArchive:
    """Storage; ``path=None`` keeps it in memory. Writes are synchronous and durable."""

    def __init__(self, path: Path | None = None) -> None:
        self._db = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        weakref.finalize(self, self._db.close)  # also when it is dropped without close()
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.executescript(_SCHEMA)

    def keep(self, document: OfdDocument) -> None:
        """Keep a document that was not there before."""
        values = (getattr(document, name) for name in _FIELDS)
        row = tuple(v.isoformat() if isinstance(v, datetime) else v for v in values)
        self._db.execute(_INSERT, row)

    def seen_again(self, fn: str, fd_number: int) -> None:
        """Count a repeated document."""
        self._db.execute("UPDATE document SET times = times + 1 WHERE fn = ? AND fd = ?", (fn, fd_number))

    def find(self, fn: str, fd_number: int) -> OfdDocument | None:
        """One document by its key."""
        rows = self._select("fn = ? AND fd = ?", fn, fd_number)
        return rows[0] if rows else None

    def of_drive(self, fn: str) -> list[OfdDocument]:
        """All documents of one fiscal drive in FD order."""
        return self._select("fn = ?", fn)

    def of_register(
        self, inn: str, registration_number: str, since: datetime, until: datetime
    ) -> list[OfdDocument]:
        """Documents of one register between two local moments, both included."""
        condition = "inn = ? AND rnm = ? AND made_at BETWEEN ? AND ?"
        return self._select(condition, inn, registration_number, since.isoformat(), until.isoformat())

    def of_shift(self, registration_number: str, shift: int, fn: str | None = None) -> list[OfdDocument]:
        """Documents of one shift of a register."""
        return self._select("rnm = ? AND shift = ? AND fn = coalesce(?, fn)", registration_number, shift, fn)

    def of_number(self, registration_number: str, since: datetime, until: datetime) -> list[OfdDocument]:
        """The same for a service that is not told the seller."""
        condition = "rnm = ? AND made_at BETWEEN ? AND ?"
        return self._select(condition, registration_number, since.isoformat(), until.isoformat())

    def first_of_drives(self, registration_number: str) -> list[OfdDocument]:
        """The first document of each drive that was ever in a register, the oldest drive first."""
        first = "rnm = ? AND (fn, fd) IN (SELECT fn, min(fd) FROM document GROUP BY rnm, fn)"
        return sorted(self._select(first, registration_number), key=lambda d: (d.received_at, d.fn))

    def sellers(self) -> list[str]:
        """INNs of everybody whose documents are here."""
        rows = self._db.execute("SELECT DISTINCT inn FROM document WHERE inn <> '' ORDER BY inn")
        return [inn for (inn,) in rows.fetchall()]

    def registers(self, inn: str) -> list[OfdDocument]:
        """The last document of each register of a seller: of the drive that is in it now."""
        last = "(fn, fd) IN (SELECT fn, max(fd) FROM document WHERE inn = ? GROUP BY rnm, fn)"
        newest: dict[str, OfdDocument] = {}
        for document in self._select(last, inn):
            other = newest.get(document.registration_number)
            if other is None or other.received_at < document.received_at:
                newest[document.registration_number] = document
        return list(newest.values())

    def drives(self) -> list[tuple[str, int, int, int]]:
        """(fn, number of documents, last FD, rejected ones) of every drive."""
        return self._db.execute(
            "SELECT fn, count(*), max(fd), sum(answer <> 0) FROM document GROUP BY fn ORDER BY fn"
        ).fetchall()

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def _select(self, condition: str, *values: object) -> list[OfdDocument]:
        rows = self._db.execute(f"SELECT {_COLUMNS} FROM document WHERE {condition} ORDER BY fn, fd", values)  # noqa: S608 - conditions are the constants above
        return [_document(row) for row in rows.fetchall()]


_FIELDS = (
    "fn", "fd_number", "code", "received_at", "container", "tlv", "ticket", "answer", "flags", "made_at",
    "fiscal_sign", "registration_number", "seller_inn", "shift_number", "receipt_number", "kind", "total",
    "times_received",
)  # fmt: skip


def _document(row: _Row) -> OfdDocument:
    values = dict(zip(_FIELDS, row, strict=True))
    values["received_at"] = datetime.fromisoformat(row[3])
    values["made_at"] = datetime.fromisoformat(row[9])
    return msgspec.convert(values, OfdDocument)
