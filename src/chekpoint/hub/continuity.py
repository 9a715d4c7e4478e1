"""Is this the journal that we left? Detects a database that was restored from an older backup.

Beside the database lies a small file with the end of this node's event chain. When the file is ahead of
the database, the database is older than what we have done: then the barrier goes up (barrier.py).
"""

import asyncio
import secrets
from pathlib import Path
from typing import Any

import structlog

from chekpoint.hub import troubles
from chekpoint.hub.post import Post
from chekpoint.store import events, incidents, people
from chekpoint.store.journal import Tx

log = structlog.get_logger()
RESTORED = "restored"  # set by ``chekpoint restore``: the same barrier, asked for


async def secret(post: Post) -> bytes:
    """The database's own key for hashes of personal data; made once."""

    def unit(tx: Tx) -> str:
        value = people.setting(tx, "secret")
        if value is None:
            value = secrets.token_hex(32)
            people.set_setting(tx, "secret", value)
        return value

    return bytes.fromhex(await post.store.write(unit))


async def check(post: Post, head: Path | None, registers: dict[str, str]) -> None:
    """Raise the barrier when the journal is older than the file beside it, or a person restored it."""
    said = await asyncio.to_thread(_read, head) if head is not None else 0
    at: int = await post.store.read(lambda tx: events.last_seq(tx, post.node))
    asked = await post.store.read(lambda tx: people.setting(tx, RESTORED))
    if said <= at and not asked:
        return
    log.error("journal_restored", file=said, journal=at)
    post.barrier.raise_for(set(registers))
    words = troubles.restored(", ".join(registers.values()))
    await post.store.write(
        lambda tx: incidents.open_incident(tx, "restored", post.node, words, key=post.keys.new())
    )


def _read(head: Path) -> int:
    try:
        return int(head.read_text("ascii").split()[0])
    except (FileNotFoundError, ValueError, IndexError):
        return 0


async def remember(post: Post, head: Path) -> None:
    """Write the end of the chain beside the database, every second; take the barrier's incident down."""
    before = -1
    while True:
        at: int = await post.store.read(lambda tx: events.last_seq(tx, post.node))
        if at != before and not post.barrier.missing:
            await asyncio.to_thread(_write, head, at)
            await _over(post)
            before = at
        await post.clock.sleep(post.limits.sweep_every)


def _write(head: Path, at: int) -> None:
    new = head.with_suffix(".new")
    new.write_text(f"{at}\n", "ascii")
    new.replace(head)


async def _over(post: Post) -> None:
    def unit(tx: Tx) -> Any:
        if people.setting(tx, RESTORED):
            people.set_setting(tx, RESTORED, "")
        return incidents.close(tx, "restored", post.node)

    await post.store.write(unit)
