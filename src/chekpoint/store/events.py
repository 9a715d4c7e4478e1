"""The event chain: append-only, one chain per writing node, each link hashing the one before.

``hash = SHA-256(previous hash | journal | seq | at | kind | subject | body)``; the first link follows 32
zero bytes. Whoever changes, drops or reorders a row breaks every link after it.
"""

import hashlib
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import bindparam, insert, select

from chekpoint.store.rows import insert_rows
from chekpoint.store.sql import Query
from chekpoint.store.tables import event

ZERO: Final = bytes(32)


class Draft(NamedTuple):
    """An event before it has its place in the chain."""

    at: int
    kind: str
    subject: str
    body: bytes


class Break(NamedTuple):
    """Where a chain does not hold."""

    journal: str
    seq: int
    why: str


_INSERT: Final = Query(insert(event).values({c.name: bindparam(c.name) for c in event.columns}))
_LAST: Final = Query(
    select(event.c.seq, event.c.hash)
    .where(event.c.journal == bindparam("journal"))
    .order_by(event.c.seq.desc())
    .limit(1)
)
_ALL: Final = Query(
    select(event.c.journal, event.c.seq, event.c.at, event.c.kind, event.c.subject, event.c.body, event.c.hash)
    .order_by(event.c.journal, event.c.seq)
)  # fmt: skip


def link(previous: bytes, journal: str, seq: int, draft: Draft) -> bytes:
    """The hash of one event."""
    head = f"{journal}\n{seq}\n{draft.at}\n{draft.kind}\n{draft.subject}\n".encode()
    return hashlib.sha256(previous + head + draft.body).digest()


class Chain:
    """The end of one node's chain, kept in memory by its only writer."""

    def __init__(self, journal: str) -> None:
        self.journal, self.seq, self.hash = journal, 0, ZERO

    def restore(self, cursor: Any, engine: str) -> None:
        """Read where the chain ends."""
        sql, fixed = _LAST.text(engine)
        cursor.execute(sql, {**fixed, "journal": self.journal})
        row = cursor.fetchone()
        self.seq, self.hash = (int(row[0]), bytes(row[1])) if row else (0, ZERO)

    def mark(self) -> tuple[int, bytes]:
        """To return to when the group is rolled back."""
        return self.seq, self.hash

    def back_to(self, mark: tuple[int, bytes]) -> None:
        """The group was rolled back."""
        self.seq, self.hash = mark

    def write(self, cursor: Any, engine: str, drafts: Sequence[Draft]) -> None:
        """Chain the drafts and insert them; part of the group's transaction."""
        if drafts:
            insert_rows(cursor, engine, _INSERT, [self._append(draft) for draft in drafts])

    def _append(self, draft: Draft) -> dict[str, Any]:
        self.seq += 1
        self.hash = link(self.hash, self.journal, self.seq, draft)
        return {
            "journal": self.journal, "seq": self.seq, "at": draft.at, "kind": draft.kind, "subject": draft.subject,
            "body": draft.body, "hash": self.hash,
        }  # fmt: skip


def verified(tx: Any) -> list[Break | int]:
    """Walk every chain: each Break, and at last the number of events read."""
    found: list[Break | int] = []
    count, journal, seq, before = 0, None, 0, ZERO
    for row in tx.each(_ALL):
        count += 1
        if row[0] != journal:
            journal, seq, before = row[0], 0, ZERO
        if row[1] != seq + 1:
            found.append(Break(row[0], row[1], f"event {seq + 1} is missing"))
        seq = row[1]
        if link(before, row[0], seq, Draft(row[2], row[3], row[4], _octets(row[5]))) != _octets(row[6]):
            found.append(Break(row[0], seq, "the event was changed after it was written"))
        before = _octets(row[6])
    return [*found, count]


def _octets(value: Any) -> bytes:
    """SQLite keeps whatever a forger put there, also text in a column of bytes."""
    return value.encode() if isinstance(value, str) else bytes(value)


def last_seq(tx: Any, journal: str) -> int:
    """The number of a node's last event; 0 before its first."""
    row = tx.one(_LAST, journal=journal)
    return int(row[0]) if row else 0
