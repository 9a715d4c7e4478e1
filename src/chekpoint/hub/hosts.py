"""What a register hangs on beside its own cable: the agent that stands beside it, the node that holds its lane.

``Places.hosts`` is made of it, so that a lost agent or a silent node explains what follows at each of its registers.
"""

from typing import Final

import msgspec

from chekpoint.store import agents, watched
from chekpoint.store.journal import Tx

AGENT: Final = "agent"  # the maker of a register beside an agent


class _Beside(msgspec.Struct, frozen=True):
    agent: str


def agent_of(one: watched.Watched) -> str | None:
    """The name of the agent beside a register; None where there is none."""
    return msgspec.json.decode(one.config, type=_Beside).agent if one.maker == AGENT else None


def hosts(tx: Tx) -> dict[str, tuple[str, ...]]:
    """Register id -> the id of its agent, the name of the node that holds its lane."""
    ids = {agent.name: agent.id for agent in agents.agents(tx) if agent.revoked_at is None}
    found: dict[str, tuple[str, ...]] = {}
    for one in watched.registers(tx):
        agent = ids.get(agent_of(one) or "")
        found[one.id] = tuple(host for host in (agent, one.holder) if host)
    return found
