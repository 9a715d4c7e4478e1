"""Agents: programs beside registers that may connect. Their keys are kept as shops' keys are, hashed."""

from typing import Final, NamedTuple

import msgspec
from sqlalchemy import bindparam, insert, select, update

from chekpoint.core.errors import Unfit
from chekpoint.store import probes
from chekpoint.store.journal import Tx
from chekpoint.store.people import key_hash
from chekpoint.store.sql import Query
from chekpoint.store.tables import agent

PROBE: Final = "agent"  # kind of the probe: is it connected?


class Agent(NamedTuple):
    """An agent without its key. Times are milliseconds UTC."""

    id: str
    name: str
    hint: str
    created_at: int
    revoked_at: int | None
    last_seen_at: int | None
    version: str | None  # of the program, when it was last seen


_COLUMNS: Final = tuple(getattr(agent.c, name) for name in Agent._fields)
_ADD: Final = Query(
    insert(agent).values({n: bindparam(n) for n in ("id", "name", "hash", "hint", "created_at")})
)
_ALL: Final = Query(select(*_COLUMNS).order_by(agent.c.id))
_NAMED: Final = Query(
    select(*_COLUMNS).where(agent.c.name == bindparam("wanted"), agent.c.revoked_at.is_(None))
)
_BY_KEY: Final = Query(
    select(*_COLUMNS).where(agent.c.hash == bindparam("hash"), agent.c.revoked_at.is_(None))
)
_REVOKE: Final = Query(
    update(agent)
    .where(agent.c.id == bindparam("which"), agent.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("at"))
)
_SEEN: Final = Query(
    update(agent)
    .where(agent.c.id == bindparam("which"), agent.c.revoked_at.is_(None))
    .values(last_seen_at=bindparam("at"), version=bindparam("program"))
)


def add_agent(tx: Tx, key: str, name: str, secret: str) -> None:
    """A new agent; only its key's hash is kept. Raises Unfit while a living agent has that name."""
    if tx.one(_NAMED, wanted=name) is not None:
        raise Unfit(f"агент «{name}» уже есть / there is an agent named {name}")
    tx.run(_ADD, id=key, name=name, hash=key_hash(secret), hint=secret[:8], created_at=tx.now)
    tx.event("agent_added", key, name=name)


def agents(tx: Tx) -> list[Agent]:
    """All agents, revoked ones too."""
    return [Agent(*row) for row in tx.all(_ALL)]


def agent_named(tx: Tx, name: str) -> Agent | None:
    """The living agent of that name."""
    row = tx.one(_NAMED, wanted=name)
    return None if row is None else Agent(*row)


def agent_of_key(tx: Tx, secret: str) -> Agent | None:
    """The agent that a key belongs to, unless it is revoked."""
    row = tx.one(_BY_KEY, hash=key_hash(secret))
    return None if row is None else Agent(*row)


def revoke_agent(tx: Tx, key: str) -> bool:
    """Its key opens nothing any more, a live connection is cut; False when it is unknown or revoked."""
    done = tx.run(_REVOKE, which=key, at=tx.now) == 1
    if done:
        tx.event("agent_revoked", key)
    return done


def seen(tx: Tx, key: str, version: str, node: str = "") -> bool:
    """The agent is there now, connected to a node; False when it has been revoked."""
    living = tx.run(_SEEN, which=key, at=tx.now, program=version) == 1
    if living:
        probes.note(tx, PROBE, key, ok=True, body=_there(node))
    else:
        probes.forget(tx, PROBE, key)
    return living


def gone(tx: Tx, key: str, node: str) -> None:
    """Its connection to a node is over, and it was connected there: the watch need not wait for its silence."""
    last = probes.one(tx, PROBE, key)
    if last is not None and last.ok and last.body == _there(node):
        probes.note(tx, PROBE, key, ok=False, body=last.body)


def _there(node: str) -> bytes:
    return msgspec.json.encode({"node": node})
