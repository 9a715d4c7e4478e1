"""Many rows in one statement: ``INSERT ... VALUES (...), (...)``.

``executemany`` takes a step of the database for each row, and gives the interpreter away around each: a
journal that shares it with a busy event loop then waits for it row by row. One statement of 64 rows waits
once. The sizes are powers of two, so that the drivers' caches of prepared statements hold all of them.
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from typing import Any, Final, NamedTuple

from chekpoint.store.sql import Query

MOST: Final = 64  # rows; times the widest table stays far below both engines' limits of parameters
_INSERT: Final = re.compile(r"(?P<head>INSERT INTO .* VALUES )(?P<row>\((?:[^()]|%\(\w+\)s)*\))", re.DOTALL)
_NAMED: Final = {"sqlite": (re.compile(r":(\w+)"), "?"), "postgresql": (re.compile(r"%\((\w+)\)s"), "%s")}


class _Shape(NamedTuple):
    """A statement cut up: what goes before the rows, one row, and what takes its values out of a dict."""

    head: str
    row: str
    values: Callable[[dict[str, Any]], tuple[Any, ...]]


def insert_rows(cursor: Any, engine: str, query: Query, rows: Sequence[dict[str, Any]]) -> None:
    """Insert the rows, in their order; they get the query's own literals. Not a plain INSERT: row by row."""
    sql, fixed = query.text(engine)
    if fixed:
        for row in rows:
            row.update(fixed)
    shape = _shape(sql, engine)
    if shape is None or len(rows) == 1:
        cursor.executemany(sql, rows)
        return
    at = 0
    while at < len(rows):
        size = min(1 << (len(rows) - at).bit_length() - 1, MOST)
        part = chain.from_iterable(map(shape.values, rows[at : at + size]))
        cursor.execute(_statement(shape, size), list(part))
        at += size


@lru_cache(maxsize=256)
def _shape(sql: str, engine: str) -> _Shape | None:
    found = _INSERT.fullmatch(sql)
    if found is None:
        return None
    pattern, mark = _NAMED[engine]
    names = tuple(pattern.findall(found["row"]))
    if len(names) < 2:
        return None  # itemgetter would give a bare value
    return _Shape(found["head"], pattern.sub(mark, found["row"]), itemgetter(*names))


@lru_cache(maxsize=1024)
def _statement(shape: _Shape, size: int) -> str:
    return shape.head + ", ".join([shape.row] * size)
