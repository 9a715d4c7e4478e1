"""Running seeds: one loop and one folder in memory for each."""

import asyncio
import shutil
import tempfile
import traceback
from pathlib import Path
from typing import Any, NamedTuple, Self

import structlog

from chekpoint.store.engines import Sqlite
from chekpoint.store.migrate import migrate
from tests.simulation.loop import VirtualLoop
from tests.simulation.oracle import Broken
from tests.simulation.world import World


class Result(NamedTuple):
    """``why`` is None when every invariant held."""

    seed: int
    why: str | None
    trace: list[str]
    seconds: float  # virtual


def memory() -> str | None:
    """A folder in memory, where there is one."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - only for speed


class Runner:
    """Runs seeds one after another. The schema is made once and copied."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="chekpoint-sim-", dir=memory()))
        self._empty = self._folder / "empty.db"
        migrate(Sqlite(str(self._empty), durable=False))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._folder)
        structlog.reset_defaults()

    def run(self, seed: int) -> Result:
        folder = self._folder / str(seed)
        folder.mkdir()
        for part in self._folder.glob("empty.db*"):
            shutil.copy(part, folder / part.name.replace("empty", "chekpoint"))
        loop = VirtualLoop()
        world = World(seed, folder, loop)
        loop.set_exception_handler(world.unforeseen)
        structlog.configure(processors=[_into(world)], cache_logger_on_first_use=False)
        why: str | None = None
        try:
            loop.run_until_complete(world.run())
        except Broken as broken:
            why = str(broken)
        except Exception as error:  # noqa: BLE001 - a seed that breaks the simulation itself is a failure too
            why = f"{type(error).__name__}: {error}"
            world.trace.append(traceback.format_exc())
        seconds = loop.time()
        if why is not None:
            world.trace += _events(world.database)
        _end(loop, world)
        shutil.rmtree(folder)
        return Result(seed, why, world.trace, seconds)


def _into(world: World) -> Any:
    def sink(_logger: Any, _method: str, event: dict[str, Any]) -> str:
        what = " ".join(f"{k}={v}" for k, v in sorted(event.items()) if k != "exc_info")
        world.note(f"log {what}")
        raise structlog.DropEvent

    return sink


def _events(database: Path) -> list[str]:
    import sqlite3

    con = sqlite3.connect(database)
    try:
        found = con.execute(
            "SELECT at, journal, seq, kind, subject, body FROM event ORDER BY at, journal, seq"
        )
        return [f"   {at} {journal}/{seq} {kind} {subject} {bytes(body).decode()}" for at, journal, seq, kind, subject, body in found]  # fmt: skip
    finally:
        con.close()


def _end(loop: VirtualLoop, world: World) -> None:
    """Leave nothing behind: a thousand seeds run in one process."""
    for node in world.nodes:
        node.kill()
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.set_exception_handler(lambda *_: None)
    for _ in range(20):
        loop.run_until_complete(asyncio.sleep(0))
    for till in world.tills.values():
        till.close()
    world.ofd.archive.close()
    loop.close()
