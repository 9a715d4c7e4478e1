"""Registers behind agents in the wizard: each maker's form with the agent's name before it, and what agents have found.

A register that an agent has found is a card of its own: its form is filled in already.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from chekpoint.app.compose import BESIDE
from chekpoint.app.register_kinds import KINDS, config_of
from chekpoint.hub.hub import Hub
from chekpoint.hub.kinds import Ask, RegisterKind
from chekpoint.registers.agent import AgentConfig, Switchboard
from chekpoint.registers.agent.wire import FoundRegister

AGENT: Final = Ask(
    "agent", ("Имя агента", "The agent's name"), ("Под каким он заведён: chekpoint agents list", "See: chekpoint agents list"),
    required=True,
)  # fmt: skip
_PLAIN: Final = {kind.way: kind for kind in KINDS}


def _behind(kind: RegisterKind) -> RegisterKind:
    name = kind.title[0].removesuffix(" по сети"), kind.title[1].removesuffix(" over the network")
    return RegisterKind(
        f"agent-{kind.way}", "agent", (f"{name[0]}, за агентом", f"{name[1]}, behind an agent"),
        ("Касса в другой сети или по USB: рядом с ней работает агент и сам звонит хабу.",
         "In another network or on USB: an agent beside it dials out to this hub."),
        (AGENT, *kind.asks),
    )  # fmt: skip


AGENT_KINDS: Final = tuple(_behind(kind) for kind in KINDS if kind.maker in BESIDE)


class Kinds(Iterable[RegisterKind]):
    """What can be added, as it is at the moment of asking: what agents have found comes first."""

    def __init__(self, hub: Hub, board: Switchboard | None) -> None:
        self._hub, self._board = hub, board

    def __iter__(self) -> Iterator[RegisterKind]:
        yield from self._found()
        yield from KINDS
        if self._board is not None:
            yield from AGENT_KINDS

    def _found(self) -> Iterator[RegisterKind]:
        known = {lane.fn for lane in self._hub.lanes.values()}
        for line in self._board.connected() if self._board is not None else ():
            for one in line.found:
                plain = _form_of(one)
                if plain is not None and one.status is not None and one.status.fn not in known:
                    yield _card(line.agent, one, plain)


def _form_of(found: FoundRegister) -> RegisterKind | None:
    """The maker's form that can be filled with what was found; None for what a newer agent may know."""
    for kind in KINDS:
        if kind.maker == found.maker and set(found.config) <= {ask.name for ask in kind.asks}:
            return kind if kind.maker in BESIDE else None
    return None


def _card(agent: str, found: FoundRegister, plain: RegisterKind) -> RegisterKind:
    """The form of the maker, filled with what reaches the register."""
    filled = tuple(ask._replace(default=str(found.config.get(ask.name, ask.default))) for ask in plain.asks)
    status = found.status
    who = f"№ {status.serial or '?'}, ФН {status.fn or '?'}" if status is not None else found.where
    mark = hashlib.sha256(f"{agent}\0{found.where}".encode()).hexdigest()[:12]
    return RegisterKind(
        f"found-{plain.way}-{mark}", "agent", (f"{plain.title[0]}: {who}", f"{plain.title[1]}: {who}"),
        (f"Найдена агентом «{agent}»: {found.where}.", f"Found by the agent {agent}: {found.where}."),
        (AGENT._replace(default=agent), *filled),
    )  # fmt: skip


def kinds_config(kind: RegisterKind, given: Mapping[str, str]) -> bytes:
    """The settings of any kind as they are stored; raises Unfilled. Behind an agent they are checked as without one."""
    if kind.maker != "agent":
        return config_of(kind, given)
    plain = _plain(kind.way)
    inside = msgspec.json.decode(config_of(plain, given), type=dict[str, object])
    return msgspec.json.encode(AgentConfig(agent=given["agent"], maker=plain.maker, config=inside))


def _plain(way: str) -> RegisterKind:
    """The kind without its agent: ``agent-<way>`` or ``found-<way>-<mark>``."""
    if way.startswith("agent-"):
        return _PLAIN[way.removeprefix("agent-")]
    return _PLAIN[way.removeprefix("found-").rpartition("-")[0]]
