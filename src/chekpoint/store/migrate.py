"""Bring a database up to date with Alembic. A database that is up to date costs one query, not an import."""

from pathlib import Path
from typing import Any, Final

from chekpoint.core.errors import StoreError
from chekpoint.store.engines import Postgres, Sqlite

HEAD: Final = "0005"
_SCRIPTS: Final = Path(__file__).parent / "migrations"


def migrate(engine: Sqlite | Postgres) -> None:
    """Upgrade to HEAD; raises StoreError when the database is newer than this program."""
    at = revision(engine)
    if at == HEAD:
        return
    if at is not None and at > HEAD:
        raise StoreError(f"the database is at version {at}, this program knows {HEAD}: install a newer one")
    _upgrade(engine)


def revision(engine: Sqlite | Postgres) -> str | None:
    """The version that the database is at; None when it is empty."""
    con = engine.connect()
    try:
        row = con.execute("SELECT version_num FROM alembic_version").fetchone()
    except engine.errors:  # no such table: an empty database
        return None
    finally:
        con.close()
    return None if row is None else str(row[0])


def _upgrade(engine: Sqlite | Postgres) -> None:
    # Imported here: a database that is up to date must not cost Alembic's import at each start.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from sqlalchemy import create_engine, pool  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    address = "sqlite://" if engine.name == "sqlite" else "postgresql+psycopg://"
    alchemy = create_engine(address, creator=lambda: _plain(engine), poolclass=pool.StaticPool)
    try:
        with alchemy.begin() as connection:
            _lock(connection, engine.name)
            config.attributes["connection"] = connection
            command.upgrade(config, HEAD)
    except engine.errors as error:
        raise StoreError(f"the database could not be upgraded: {error}") from error
    finally:
        alchemy.dispose()


def _plain(engine: Sqlite | Postgres) -> Any:
    """A connection in which SQLAlchemy opens the transactions itself."""
    con: Any = engine.connect()
    if engine.name == "postgresql":
        con.autocommit = False
    return con


def _lock(connection: Any, name: str) -> None:
    """Two nodes that start together must not both upgrade."""
    if name == "postgresql":
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(54)")
