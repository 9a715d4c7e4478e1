"""What unit tests of the store and the hub are given: an empty database of either engine."""

from pathlib import Path
from typing import cast

import pytest


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database; the same suite runs over both engines."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'chekpoint.db'}"
    return cast("str", request.getfixturevalue("pg_database"))
