"""Is this the journal that we left? Detects a database that was restored from an older backup.

Beside the database lies a small file with the end of this node's event chain and the last document of each
lane. When the file is ahead of the database (or gone, though the node has written before), the database may
be older than what we have done: then every register is compared with the journal first (barrier.py). The
registers that are still to be read are rows of the database, so that a crash in between changes nothing.
"""

import asyncio
import secrets
from pathlib import Path
from typing import NamedTuple

import structlog

from chekpoint.core.errors import StoreError
from chekpoint.hub import troubles
from chekpoint.hub.post import Post
from chekpoint.store import events, incidents, lanes, people
from chekpoint.store.journal import Tx

log = structlog.get_logger()
RESTORED = "restored"  # set by ``chekpoint restored``: the same barrier, asked for
UNREAD = (
    "unread:"  # + register: after a restore it is still to be compared; the value is its last known drive
)

WRITTEN_OFF = "-"  # the value when a person has told what the drive that is gone had registered


class Head(NamedTuple):
    """The end of what a node has written or seen: its last event, and each lane's (drive, last document)."""

    seq: int
    lanes: dict[str, tuple[str, int]]

    def ahead_of(self, journal: "Head") -> bool:
        """Was more done than the journal knows?"""
        return self.seq > journal.seq or any(
            register not in journal.lanes or (fn == journal.lanes[register][0] and fd > journal.lanes[register][1])
            for register, (fn, fd) in self.lanes.items()
        )  # fmt: skip


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
    """Raise the barrier when the journal is older than the file beside it, or a person restored it.

    ``registers`` is id -> name of all that have a lane. Raises StoreError, OSError.
    """
    said = await asyncio.to_thread(_read, head) if head is not None else Head(0, {})

    def unit(tx: Tx) -> list[str]:
        at = _head(tx, post.node)
        older = _lost(tx, at, post.node) if said is None else said.ahead_of(at)
        if older or people.setting(tx, RESTORED):
            log.error("journal_restored", file=said and said.seq, journal=at.seq)
            people.set_setting(tx, RESTORED, "")
            for register in sorted({*registers, *(said.lanes if said else ())}):  # also one added since
                people.set_setting(
                    tx, UNREAD + register, said.lanes.get(register, ("", 0))[0] if said else ""
                )
        missing = unread(tx)
        if missing:
            words = troubles.restored(", ".join(registers.get(r, r) for r in missing))
            incidents.open_incident(tx, "restored", post.node, words, key=post.keys.new())
        return missing

    post.barrier.stand(await post.store.write(unit))
    if head is not None and not post.barrier.holds:
        await _keep(post, head)


def _lost(tx: Tx, at: Head, node: str) -> bool:
    """There is no file: was there a journal before us? A node that joins others that work asks nothing of them."""
    return at.seq > 0 or (lanes.ever_held(tx) and not lanes.held_elsewhere(tx, node))


def unread(tx: Tx) -> list[str]:
    """The registers that are still to be compared since a restore."""
    return [name.removeprefix(UNREAD) for name in people.settings(tx, UNREAD)]


async def arrived(post: Post, register: str) -> None:
    """This register has been compared (or written off); when it was the last one, all lanes may send."""

    def unit(tx: Tx) -> list[str]:
        people.drop_setting(tx, UNREAD + register)
        return unread(tx)

    post.barrier.stand(await post.store.write(unit))


async def remember(post: Post, head: Path | None) -> None:
    """Write the end of the chain beside the database, every second; see what other nodes have compared."""
    before: Head | None = None
    raised = True  # an earlier life may have left the incident
    while True:
        post.pulse.beat("continuity", post.limits.io_timeout)
        try:
            post.barrier.stand(await post.store.read(unread))
            if post.barrier.holds:
                raised = True
            elif raised:
                await post.store.write(lambda tx: incidents.close(tx, "restored", post.node))
                raised = False
            elif head is not None:
                before = await _keep(post, head, before)
        except (StoreError, OSError):
            log.exception("head_not_kept")
        await post.clock.sleep(post.limits.sweep_every)


async def _keep(post: Post, head: Path, before: Head | None = None) -> Head:
    at = await post.store.read(lambda tx: _head(tx, post.node))
    if at != before:
        await asyncio.to_thread(_write, head, at)
    return at


def _head(tx: Tx, node: str) -> Head:
    return Head(events.last_seq(tx, node), lanes.positions(tx))


def _read(head: Path) -> Head | None:
    """What the file says; None when there is none, or it is not whole."""
    try:
        first, *rest = head.read_text("ascii").splitlines()
        pairs = (line.split() for line in rest)
        return Head(int(first), {register: (fn, int(fd)) for register, fn, fd in pairs})
    except (FileNotFoundError, ValueError):
        return None


def _write(head: Path, at: Head) -> None:
    new = head.with_suffix(".new")
    lines = [str(at.seq), *(f"{register} {fn} {fd}" for register, (fn, fd) in sorted(at.lanes.items()))]
    new.write_text("\n".join(lines) + "\n", "ascii")
    new.replace(head)
