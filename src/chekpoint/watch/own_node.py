"""What a node asks of itself: room on its disk, the age of the newest backup, the size of the database.

The answers are probes as any other, so that the checks judge stored rows alone.
"""

import asyncio
import shutil
from pathlib import Path
from typing import Final

import msgspec
import structlog

from chekpoint.core.errors import StoreError
from chekpoint.hub.hub import Companion, Hub
from chekpoint.store import probes
from chekpoint.store.journal import Tx
from chekpoint.store.weight import database_bytes

log = structlog.get_logger()
DISK: Final = "disk"
BACKUP: Final = "backup"
DATABASE: Final = "database"
EVERY: Final = 60.0  # seconds
_DAY_MS: Final = 86_400_000


class Disk(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes of the disk that holds the data."""

    free: int
    total: int


class Backup(msgspec.Struct, frozen=True, kw_only=True):
    """When the newest file of the folder of backups was written, milliseconds UTC."""

    newest_at: int | None


class Database(msgspec.Struct, frozen=True, kw_only=True):
    """Its size now, and at the beginning of the day of comparison (milliseconds UTC); ``per_day`` once a day is over."""

    bytes: int
    began_at: int
    began_bytes: int
    per_day: int | None = None


def own_node(folder: Path, backups: Path | None) -> Companion:
    """What the hub runs. ``folder`` holds the data; ``backups`` is None where copies are made elsewhere."""

    async def run(hub: Hub) -> None:
        while True:
            try:
                await look(hub, folder, backups)
            except (StoreError, OSError):
                log.exception("own_node_not_seen")
            await hub.post.clock.sleep(EVERY)

    return run


async def look(hub: Hub, folder: Path, backups: Path | None) -> None:
    """One look. Raises StoreError, OSError."""
    room = await asyncio.to_thread(shutil.disk_usage, folder)
    newest = None if backups is None else await asyncio.to_thread(newest_at, backups)
    node = hub.post.node

    def unit(tx: Tx) -> None:
        probes.note(tx, DISK, node, ok=True, body=msgspec.json.encode(Disk(free=room.free, total=room.total)))
        if backups is None:
            probes.forget(tx, BACKUP, node)
        else:
            probes.note(tx, BACKUP, node, ok=True, body=msgspec.json.encode(Backup(newest_at=newest)))
        _weigh(tx, node)

    await hub.store.write(unit)


def newest_at(folder: Path) -> int | None:
    """When the newest file of a folder was written, milliseconds UTC; None when there is none (or no folder)."""
    if not folder.is_dir():
        return None
    times = [path.stat().st_mtime_ns // 1_000_000 for path in folder.iterdir() if path.is_file()]
    return max(times, default=None)


def _weigh(tx: Tx, node: str) -> None:
    size, before = database_bytes(tx), probes.one(tx, DATABASE, node)
    seen = Database(bytes=size, began_at=tx.now, began_bytes=size)
    if before is not None:
        seen = grown(msgspec.json.decode(before.body, type=Database), size, tx.now)
    probes.note(tx, DATABASE, node, ok=True, body=msgspec.json.encode(seen))


def grown(before: Database, size: int, now: int) -> Database:
    """The next reading: after each whole day the comparison begins anew."""
    passed = now - before.began_at
    if passed < _DAY_MS:
        return Database(
            bytes=size, began_at=before.began_at, began_bytes=before.began_bytes, per_day=before.per_day
        )
    per_day = (size - before.began_bytes) * _DAY_MS // passed
    return Database(bytes=size, began_at=now, began_bytes=size, per_day=per_day)
