"""A PostgreSQL that keeps its promises: the tests' throw-away cluster, with fsync on."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests import postgres

SETTINGS = ("fsync=on", "full_page_writes=on", "synchronous_commit=on", "shared_buffers=128MB")


@contextmanager
def durable_postgres() -> Iterator[str]:
    """The DSN of an empty database."""
    kept, postgres.SETTINGS = postgres.SETTINGS, SETTINGS  # type: ignore[assignment]
    try:
        cluster = postgres._new_cluster()  # noqa: SLF001
        dsn = cluster.start()
    finally:
        postgres.SETTINGS = kept
    try:
        with postgres.fresh_database(dsn) as fresh:
            yield fresh
    finally:
        cluster.end()
