"""What the commands share: settings, an open journal, and errors told in words."""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chekpoint.app.settings import Settings
    from chekpoint.hub.names import Keys
    from chekpoint.store.store import Store

T = TypeVar("T")
Config = Annotated[
    Path | None, typer.Option("--config", help="Файл настроек / settings file", envvar="CHEKPOINT_CONFIG")
]
BEHIND_AGENT = "agent"  # maker of registers that only the running hub can ask
USAGE = 2  # the exit code of a call that cannot be carried out as it stands


@contextmanager
def told() -> "Iterator[None]":
    """An error that a person can mend ends the command with one line, never with a traceback."""
    from chekpoint.app.settings import SettingsError  # noqa: PLC0415 - commands start in an instant
    from chekpoint.core.errors import RegisterError, StoreError  # noqa: PLC0415

    try:
        yield
    except (SettingsError, StoreError, RegisterError) as error:
        fail(str(error))


def fail(text: str, code: int = USAGE) -> NoReturn:
    """Say what is wrong and end."""
    typer.echo(text, err=True)
    raise typer.Exit(code)


def settings_of(config: Path | None) -> "Settings":
    """Read the settings; raises SettingsError."""
    from chekpoint.app.settings import load  # noqa: PLC0415

    settings = load(config)
    settings.data.mkdir(parents=True, exist_ok=True)
    return settings


class Desk:
    """An open journal for one command, under a chain of its own (``<node>-cli``)."""

    def __init__(self, settings: "Settings", store: "Store", keys: "Keys") -> None:
        self.settings, self.store, self.keys = settings, store, keys


@asynccontextmanager
async def desk(config: Path | None) -> AsyncIterator[Desk]:
    """Open the database for a command that reads or sets up; a running hub is not disturbed."""
    import os  # noqa: PLC0415
    import random  # noqa: PLC0415
    import secrets  # noqa: PLC0415

    from chekpoint.core.clock import SystemClock  # noqa: PLC0415
    from chekpoint.hub.names import Keys  # noqa: PLC0415
    from chekpoint.store.store import open_store  # noqa: PLC0415

    settings, clock = settings_of(config), SystemClock()
    store = open_store(settings.url, node=f"{settings.node}-cli-{os.getpid()}", clock=clock)
    await store.start()
    try:
        chance = random.Random(secrets.randbits(128))  # noqa: S311 - names rows
        yield Desk(settings, store, Keys(clock, chance))
    finally:
        await store.stop()


def run(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run an asynchronous command with its errors told."""
    import asyncio  # noqa: PLC0415

    with told():
        return asyncio.run(work())
