"""The task queue's memory: requests, their tasks and results, in one SQLite file (or in memory).

It survives a restart of the emulator, and a uuid stays taken until its request is purged.
"""

import sqlite3
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import msgspec

from chekpoint.emulators.atol_web.codes import TEXTS, Code


class Status(StrEnum):
    """Where one task of a request is. ``wait``, ``inProgress`` and ``blocked`` are pending, the rest final."""

    WAIT = "wait"
    IN_PROGRESS = "inProgress"
    READY = "ready"
    ERROR = "error"
    INTERRUPTED = "interrupted"
    BLOCKED = "blocked"
    CANCELED = "canceled"


class Posted(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it was accepted. ``generation`` is v1 or v2: the rules differ."""

    uuid: str
    device: str
    generation: str
    tasks: tuple[dict[str, Any], ...]
    callback: str | None = None
    lock: str | None = None


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One task. ``last_fd`` is the last document number before it was started; None until then."""

    place: int
    body: dict[str, Any]
    status: Status = Status.WAIT
    code: int = 0
    text: str = TEXTS[Code.OK]
    result: dict[str, Any] | None = None
    last_fd: int | None = None

    @property
    def type(self) -> str:
        """The task's type; empty when it has none."""
        kind = self.body.get("type")
        return kind if isinstance(kind, str) else ""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A stored request. ``number`` is its place in the device's queue."""

    number: int
    posted: Posted
    tasks: tuple[Task, ...]
    closed: bool
    canceled: bool
    told: bool


class UuidTaken(Exception):
    """The device's queue has this uuid already."""


_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS request(
    number INTEGER PRIMARY KEY AUTOINCREMENT, device TEXT NOT NULL, uuid TEXT NOT NULL, posted BLOB NOT NULL,
    closed INTEGER NOT NULL DEFAULT 0, canceled INTEGER NOT NULL DEFAULT 0, told INTEGER NOT NULL DEFAULT 0,
    accepted_at REAL NOT NULL, UNIQUE(device, uuid));
CREATE INDEX IF NOT EXISTS request_open ON request(device, number) WHERE closed = 0;
CREATE INDEX IF NOT EXISTS request_state ON request(device, closed, canceled);
CREATE INDEX IF NOT EXISTS request_age ON request(accepted_at);
CREATE TABLE IF NOT EXISTS task(
    number INTEGER NOT NULL, place INTEGER NOT NULL, status TEXT NOT NULL, code INTEGER NOT NULL, text TEXT NOT NULL,
    result BLOB, last_fd INTEGER, PRIMARY KEY(number, place)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS setting(name TEXT PRIMARY KEY, value BLOB NOT NULL);
"""


class QueueStore:
    """The queue of all devices of one server. Every write is committed before the method returns."""

    def __init__(self, path: Path | None = None) -> None:
        self._base = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        weakref.finalize(self, self._base.close)  # also when it is dropped without close()
        self._base.execute("PRAGMA journal_mode=WAL")
        self._base.execute("PRAGMA synchronous=NORMAL")
        self._base.executescript(_SCHEMA)

    def close(self) -> None:
        """Let go of the file."""
        self._base.close()

    def add(self, posted: Posted, accepted_at: float) -> Request:
        """Put a request at the end of its device's queue; raises UuidTaken."""
        with self._transaction():
            try:
                cursor = self._base.execute(
                    "INSERT INTO request(device, uuid, posted, accepted_at) VALUES (?, ?, ?, ?)",
                    (posted.device, posted.uuid, msgspec.json.encode(posted), accepted_at),
                )
            except sqlite3.IntegrityError as error:
                raise UuidTaken(posted.uuid) from error
            number = cursor.lastrowid or 0
            tasks = tuple(Task(place=place, body=body) for place, body in enumerate(posted.tasks))
            for task in tasks:
                self._write(number, task)
        return Request(number=number, posted=posted, tasks=tasks, closed=False, canceled=False, told=False)

    def find(self, device: str, uuid: str) -> Request | None:
        """The request with this uuid; None when it never was or has been purged."""
        return self._one("device = ? AND uuid = ?", (device, uuid))

    def next_open(self, device: str) -> Request | None:
        """The oldest request of a device that is not finished."""
        return self._one("device = ? AND closed = 0 ORDER BY number LIMIT 1", (device,))

    def untold(self, device: str) -> list[Request]:
        """Finished requests whose callback has not been answered yet, oldest first."""
        rows = self._base.execute(
            "SELECT number FROM request WHERE device = ? AND closed = 1 AND told = 0 ORDER BY number",
            (device,),
        ).fetchall()
        found = (self._one("number = ?", row) for row in rows)
        return [request for request in found if request is not None and request.posted.callback]

    def put(self, request: Request, task: Task) -> None:
        """Store the new state of one task."""
        with self._transaction():
            self._write(request.number, task)

    def close_request(self, request: Request, *, canceled: bool = False) -> None:
        """Mark a request as finished: its uuid stays taken, its results stay readable."""
        told = 0 if request.posted.callback else 1
        self._base.execute(
            "UPDATE request SET closed = 1, canceled = ?, told = ? WHERE number = ?",
            (int(canceled), told, request.number),
        )

    def tell(self, request: Request) -> None:
        """Remember that the callback was answered (or given up)."""
        self._base.execute("UPDATE request SET told = 1 WHERE number = ?", (request.number,))

    def purge(self, before: float) -> None:
        """Forget finished requests accepted before ``before`` (seconds since 1970): their uuids are free again."""
        with self._transaction():
            old = "SELECT number FROM request WHERE accepted_at < ? AND closed = 1"
            self._base.execute(f"DELETE FROM task WHERE number IN ({old})", (before,))  # noqa: S608 -- constant text
            self._base.execute("DELETE FROM request WHERE accepted_at < ? AND closed = 1", (before,))

    def pending(self, device: str) -> int:
        """How many requests of a device are not finished: the partial index alone answers this."""
        row = self._base.execute(
            "SELECT COUNT(*) FROM request WHERE device = ? AND closed = 0", (device,)
        ).fetchone()
        return int(row[0])

    def counts(self, device: str) -> tuple[int, int, int]:
        """How many requests of a device are finished, pending and canceled."""
        row = self._base.execute(
            "SELECT COALESCE(SUM(closed = 1 AND canceled = 0), 0), COALESCE(SUM(closed = 0), 0),"
            " COALESCE(SUM(canceled), 0) FROM request WHERE device = ?",
            (device,),
        ).fetchone()
        return int(row[0]), int(row[1]), int(row[2])

    def setting(self, name: str) -> Any:
        """A stored JSON value; None when there is none."""
        row = self._base.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
        return msgspec.json.decode(row[0]) if row else None

    def set_setting(self, name: str, value: Any) -> None:
        """Store a JSON value."""
        self._base.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (name, msgspec.json.encode(value)))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._base.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._base.execute("ROLLBACK")
            raise
        self._base.execute("COMMIT")

    def _write(self, number: int, task: Task) -> None:
        result = None if task.result is None else msgspec.json.encode(task.result)
        self._base.execute(
            "INSERT OR REPLACE INTO task VALUES (?, ?, ?, ?, ?, ?, ?)",
            (number, task.place, task.status, task.code, task.text, result, task.last_fd),
        )

    def _one(self, where: str, values: tuple[Any, ...]) -> Request | None:
        row = self._base.execute(
            f"SELECT number, posted, closed, canceled, told FROM request WHERE {where}",  # noqa: S608 -- constants
            values,
        ).fetchone()
        if row is None:
            return None
        posted = msgspec.json.decode(row[1], type=Posted)
        tasks = self._base.execute(
            "SELECT place, status, code, text, result, last_fd FROM task WHERE number = ? ORDER BY place",
            (row[0],),
        ).fetchall()
        return Request(
            number=row[0],
            posted=posted,
            tasks=tuple(_task(posted, line) for line in tasks),
            closed=bool(row[2]),
            canceled=bool(row[3]),
            told=bool(row[4]),
        )


def _task(posted: Posted, line: tuple[Any, ...]) -> Task:
    place, status, code, text, result, last_fd = line
    return Task(
        place=place,
        body=posted.tasks[place],
        status=Status(status),
        code=code,
        text=text,
        result=None if result is None else msgspec.json.decode(result),
        last_fd=last_fd,
    )
