"""A group's rows must all be there, each with its own values, however many they are."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import bindparam, insert
from sqlalchemy.dialects import sqlite

from chekpoint.store.receipts import _NEW, Offer
from chekpoint.store.rows import MOST, insert_rows
from chekpoint.store.sql import Query
from chekpoint.store.tables import meta, ticket

_NAMES = ("fn", "fd_number", "answer", "flags", "seen_at")
PLAIN = Query(insert(ticket).values({n: bindparam(n) for n in _NAMES} | {"operator_inn": "7704211201"}))
ONCE = Query(
    sqlite.insert(meta).values(name=bindparam("name"), value=bindparam("value")).on_conflict_do_nothing()
)


@pytest.fixture
def cursor() -> Iterator[Any]:
    with closing(sqlite3.connect(":memory:")) as con:
        con.execute("CREATE TABLE ticket (fn, fd_number PRIMARY KEY, answer, flags, operator_inn, seen_at)")
        con.execute("CREATE TABLE meta (name PRIMARY KEY, value)")
        yield con.cursor()


@pytest.mark.parametrize("count", [0, 1, 2, 3, 63, 64, 65, 127, 3 * MOST + 7])
def test_no_row_of_a_group_is_lost_or_mixed_up(cursor: Any, count: int) -> None:
    rows = [
        {"fn": f"f{n}", "fd_number": n, "answer": n % 3, "flags": -n, "seen_at": 10 * n} for n in range(count)
    ]
    insert_rows(cursor, "sqlite", PLAIN, rows)
    cursor.execute("SELECT fn, fd_number, answer, flags, operator_inn, seen_at FROM ticket ORDER BY rowid")
    assert cursor.fetchall() == [(f"f{n}", n, n % 3, -n, "7704211201", 10 * n) for n in range(count)]


def test_rows_that_may_be_there_already_are_still_allowed_to_be(cursor: Any) -> None:
    insert_rows(cursor, "sqlite", ONCE, [{"name": "a", "value": str(n)} for n in range(5)])
    assert cursor.execute("SELECT * FROM meta").fetchall() == [("a", "0")]


def test_an_offer_begins_with_the_columns_of_its_row() -> None:
    assert Offer._fields[: len(_NEW)] == _NEW
