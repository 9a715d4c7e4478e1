"""Statements are written once in SQLAlchemy Core and compiled once for each engine.

The journal runs the compiled text on the bare driver: SQLAlchemy's own execution costs more than SQLite's.
"""

from typing import Any, Final, cast

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement

SQLITE: Final = sqlite.dialect(paramstyle="named")
POSTGRESQL: Final = postgresql.dialect(paramstyle="pyformat")  # type: ignore[no-untyped-call]


class Query:
    """One statement, compiled for both engines when first used. Parameters are named.

    ``postgresql`` is given where the two engines need different words.
    """

    __slots__ = ("_compiled", "_statements")

    def __init__(self, statement: ClauseElement, *, postgresql: ClauseElement | None = None) -> None:
        self._statements = {
            "sqlite": statement,
            "postgresql": statement if postgresql is None else postgresql,
        }
        self._compiled: dict[str, tuple[str, dict[str, Any]]] = {}

    def text(self, engine: str) -> tuple[str, dict[str, Any]]:
        """The SQL for ``sqlite`` or ``postgresql``, and the values of literals inside it."""
        if engine not in self._compiled:
            dialect = SQLITE if engine == "sqlite" else POSTGRESQL
            made = cast("SQLCompiler", self._statements[engine].compile(dialect=dialect))
            fixed = {name: bound.effective_value for name, bound in made.binds.items() if not bound.required}
            self._compiled[engine] = (str(made), fixed)
        return self._compiled[engine]
