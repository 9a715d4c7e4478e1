"""The hub's own process hangs: it can tell nobody, so the watch that runs alone does."""

import asyncio
import os
import random
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from chekpoint.app.watching import channel_kinds
from chekpoint.core.clock import SystemClock
from chekpoint.hub import pulse
from chekpoint.hub.names import Keys
from chekpoint.hub.reach import Reach, plan_of
from chekpoint.store import incidents
from chekpoint.store.store import Store, open_store
from tests.notices_rig import CHAT, Chat, chatting
from tests.waiting import until

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(120)]
PATIENCE = 60.0


@asynccontextmanager
async def program(folder: Path, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """One of our own commands over the data in a folder; ended at the end."""
    config = folder / "chekpoint.toml"
    config.write_text("node = 'shop'\n[watch]\nnode_silent = 4\n", "utf-8")
    settings = {"CHEKPOINT_DATA": str(folder), "CHEKPOINT_CONFIG": str(config)}
    kept = {key: value for key, value in os.environ.items() if not key.startswith("CHEKPOINT_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "chekpoint", *arguments, env=kept | settings, stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        await process.wait()


async def _channel(store: Store, chat: Chat) -> None:
    made = next(one for one in channel_kinds() if one.kind == "telegram")
    given = {"name": "Владелец", "token": chat.service.token, "chat_id": str(CHAT), "base_url": chat.url}
    clock = SystemClock()
    verbs = Reach(Keys(clock, random.Random(1)), who="test")
    await store.write(lambda tx: verbs.add(tx, made, plan_of(made, given, [])))


async def test_hung_hub(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'chekpoint.db'}", node="setup", clock=SystemClock())
    await store.start()

    async def kinds() -> set[str]:
        return {one.kind for one in await store.read(incidents.open_now)}

    try:
        async with chatting() as chat:
            await _channel(store, chat)
            async with program(tmp_path, "serve", "--port", "0") as hub, program(tmp_path, "watch"):
                await until(lambda: _beats(store), PATIENCE)
                await _freeze(hub, tmp_path / "chekpoint.db")

                async def seen() -> bool:
                    return "node_silent" in await kinds()

                await until(seen, PATIENCE)
                await until(lambda: any("🔴" in text and "shop" in text for text in chat.texts()), PATIENCE)
                hub.send_signal(signal.SIGCONT)
                await until(lambda: any("🟢" in text for text in chat.texts()), PATIENCE)
                assert await kinds() == set()
    finally:
        await store.stop()


async def _freeze(hub: asyncio.subprocess.Process, database: Path) -> None:
    """Stop it between two writes: frozen in the middle of one it would hold the lock of SQLite, and nobody could write."""
    with closing(sqlite3.connect(database, isolation_level=None, timeout=30.0)) as held:
        held.execute("BEGIN IMMEDIATE")
        hub.send_signal(signal.SIGSTOP)
        state = Path(f"/proc/{hub.pid}/stat")
        await until(lambda: state.read_text("ascii").rpartition(")")[2].split()[0] == "T")
        held.execute("ROLLBACK")


async def _beats(store: Store) -> bool:
    return "shop" in await store.read(pulse.nodes)
