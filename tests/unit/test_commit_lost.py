"""A commit whose answer is lost may have happened: nothing is run a second time, and nobody is told a lie."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from chekpoint.core.clock import SystemClock
from chekpoint.store import people
from chekpoint.store.engines import Sqlite
from chekpoint.store.journal import Journal, Tx, Unsure, Writer
from chekpoint.store.migrate import migrate

pytestmark = pytest.mark.anyio


class LostAnswer:
    """A cursor of a server that commits, and dies before it says so."""

    def __init__(self, cursor: sqlite3.Cursor, engine: "Dying") -> None:
        self._cursor, self._engine = cursor, engine

    def execute(self, sql: str, *args: Any) -> Any:
        done = self._cursor.execute(sql, *args)
        if sql == "COMMIT" and self._engine.dying:
            self._engine.dying = False
            raise sqlite3.OperationalError("server closed the connection unexpectedly")
        return done

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)


class Connection:
    def __init__(self, con: sqlite3.Connection, engine: "Dying") -> None:
        self._con, self._engine = con, engine

    def cursor(self) -> LostAnswer:
        return LostAnswer(self._con.cursor(), self._engine)

    def close(self) -> None:
        self._con.close()


class Dying(Sqlite):
    """SQLite that behaves like a server whose connection breaks at the next commit."""

    dying = False

    def connect(self, *, readonly: bool = False) -> Any:
        return Connection(super().connect(readonly=readonly), self)

    def broken(self, _error: Exception) -> bool:
        return True


async def test_a_unit_whose_commit_was_not_answered_is_not_run_again(tmp_path: Path) -> None:
    path = str(tmp_path / "a.db")
    migrate(Sqlite(path))
    engine = Dying(path)
    journal = Journal(Writer(engine, "a", SystemClock()))
    await journal.start()
    runs = 0

    def unit(tx: Tx) -> None:
        nonlocal runs
        runs += 1
        people.add_seller(tx, "1", "7707083893", "ООО")

    engine.dying = True
    with pytest.raises(Unsure):
        await journal.write(unit)
    assert runs == 1
    await journal.write(lambda tx: people.set_setting(tx, "after", "1"))  # and the chain goes on
    await journal.stop()
    with closing(sqlite3.connect(path)) as con:
        assert con.execute("SELECT count(*) FROM seller").fetchone() == (1,)  # it had happened
        assert con.execute("SELECT max(seq), count(*) FROM event").fetchone() == (2, 2)  # with its pool
