"""Which agents are connected to this node. One live connection for each name: a newer one replaces the old."""

from typing import Final

import msgspec

from chekpoint.core.clock import Clock
from chekpoint.registers.agent.line import GRACE, Line
from chekpoint.registers.agent.wire import FoundRegister


class AgentLimits(msgspec.Struct, frozen=True, kw_only=True):
    """All in seconds."""

    answer: float = 50.0  # the hardest wait for one answer: under the hub's own
    fresh: float = 5.0  # a question that was on its way for longer is not begun by the agent
    slack: float = 5.0  # the longest way round of a beat; a slower line is cut
    beat_every: float = 5.0  # with the slack: a computer that hangs is noticed within ten seconds

    @classmethod
    def under(cls, io_timeout: float) -> "AgentLimits":
        """Limits for a hub whose own hardest wait is this: the agent's late word must come before it."""
        return cls(answer=max(io_timeout * 0.9 - GRACE, io_timeout / 2))

    @property
    def silence(self) -> float:
        """How long an agent waits for the next word of the hub: a beat comes more often."""
        return self.beat_every + self.slack

    @property
    def danger(self) -> float:
        """How long after a question has left another program may still begin it."""
        return self.fresh + self.slack


LIMITS: Final = AgentLimits()


class Switchboard:
    """The lines of one node."""

    def __init__(self, clock: Clock, limits: AgentLimits = LIMITS) -> None:
        self.clock, self.limits = clock, limits
        self.born = clock.monotonic()
        self._lines: dict[str, Line] = {}
        self._last: dict[str, Line] = {}
        self._lost: dict[str, dict[str, float]] = {}  # agent -> program -> when a signing question was lost

    def plug(self, line: Line) -> None:
        """A new connection; the old one of that name is cut."""
        old = self._lines.get(line.agent)
        self._lines[line.agent] = self._last[line.agent] = line
        if old is not None:
            old.cut(REPLACED_BY)

    def unplug(self, line: Line, why: str) -> None:
        """The connection is over."""
        if self._lines.get(line.agent) is line:
            del self._lines[line.agent]
        line.cut(why)

    def line(self, agent: str) -> Line | None:
        """The live connection of an agent."""
        return self._lines.get(agent)

    def connected(self) -> tuple[Line, ...]:
        """Every live connection, by name."""
        return tuple(self._lines[name] for name in sorted(self._lines))

    def found(self, agent: str) -> tuple[FoundRegister, ...]:
        """What the agent has found beside itself, last time it told."""
        line = self._last.get(agent)
        return () if line is None else line.found

    def lost(self, line: Line) -> None:
        """The answer to a question that may sign was lost on this line."""
        self._lost.setdefault(line.agent, {})[line.instance] = self.clock.monotonic()

    def danger(self, line: Line, *, born: bool) -> float:
        """Seconds in which a program other than this one may still begin what it was sent; 0 when none can.

        The same program has dropped what it had not begun, and ends first what it had. ``born``: consider also
        what the last run of this hub may have sent.
        """
        now = self.clock.monotonic()
        others = [at for who, at in self._lost.get(line.agent, {}).items() if who != line.instance]
        if born and line.agent not in self._lost:
            others.append(self.born)
        return max((at + self.limits.danger - now for at in others), default=0.0)


REPLACED_BY: Final = "этим ключом подключился другой агент"
