"""Does the register answer at all, and the program that stands beside it? (numbers 1 and 7)"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from chekpoint.core.clock import from_epoch_ms
from chekpoint.hub.causes import About, Link, Trait
from chekpoint.hub.hosts import agent_of
from chekpoint.store import agents, probes, watched
from chekpoint.store.incidents import Words
from chekpoint.store.journal import Tx
from chekpoint.watch.check import Check, Finding
from chekpoint.watch.thresholds import Thresholds
from chekpoint.watch.walls import ago, local, said

_HOUR: Final = timedelta(hours=1)
_ZONES: Final = range(2, 13)  # hours before UTC: Kaliningrad to Kamchatka


def silent(tx: Tx, limits: Thresholds) -> Iterator[Finding]:
    """A lane that is not blocked, and no answer. A blocked one has the hub's own incident."""
    for one in watched.registers(tx):
        heard = one.status_at or one.created_at
        if one.block is None and tx.now - heard > limits.register_silent * 1000:
            yield Finding(one.id, _silent(one, tx.now, heard, limits))


def _silent(one: watched.Watched, now: int, heard: int, limits: Thresholds) -> Words:
    ru, en = ago(now, heard)
    since = said(heard, limits)
    return Words(
        "critical",
        f"Касса «{one.name}» молчит с {since} ({ru}): что с ней, неизвестно, и новые чеки она не берёт. "
        "Проверьте питание и связь кассы, затем журнал хаба.",
        f"Register “{one.name}” has said nothing since {since} ({en}): how it is nobody knows, and it takes no "
        "receipts. Check its power and link, then the hub's log.",
    )


def agents_lost(tx: Tx, limits: Thresholds) -> Iterator[Finding]:
    """An agent that was here, has registers, and is gone. The door tells at once; a dead hub's door does not."""
    beside = _beside(tx)
    gone = {one.subject: one for one in probes.every(tx, agents.PROBE) if not one.ok}
    for agent in agents.agents(tx):
        names = beside.get(agent.name)
        if agent.revoked_at is not None or agent.last_seen_at is None or not names:
            continue
        left = gone.get(agent.id)
        if left is not None and left.at >= agent.last_seen_at:
            yield Finding(agent.id, _lost(agent.name, names, left.since, limits))
        elif tx.now - agent.last_seen_at > limits.agent_silent * 1000:
            yield Finding(agent.id, _lost(agent.name, names, agent.last_seen_at, limits))


def _beside(tx: Tx) -> dict[str, list[str]]:
    """Agent's name -> the names of the registers beside it."""
    found: dict[str, list[str]] = {}
    for one in watched.registers(tx):
        agent = agent_of(one)
        if agent is not None:
            found.setdefault(agent, []).append(one.name)
    return found


def _lost(agent: str, names: list[str], at: int, limits: Thresholds) -> Words:
    listed, since = ", ".join(names), said(at, limits)
    return Words(
        "critical",
        f"Агент «{agent}» не на связи с {since}: недоступны кассы {listed}. Проверьте компьютер рядом с кассой, "
        "его питание и интернет, и службу chekpoint-agent.",
        f"Agent “{agent}” is gone since {since}: registers {listed} cannot be reached. Check the computer beside "
        "them, its power and internet, and the service chekpoint-agent.",
    )


def drifting(tx: Tx, limits: Thresholds) -> Iterator[Finding]:
    """Registers stand in many zones: a drift is what is left beyond whole hours, a wrong zone is no zone of the country."""
    for one in watched.registers(tx):
        told = local(one.status.clock)
        if told is None or one.status_at is None:
            continue
        ahead = told - from_epoch_ms(one.status_at).replace(tzinfo=None)
        hours = round(ahead / _HOUR)
        drift = ahead - hours * _HOUR
        if abs(drift.total_seconds()) > limits.clock_drift:
            yield Finding(one.id, _drifts(one.name, drift))
        elif hours not in _ZONES:
            yield Finding(one.id, _zone(one.name, hours))


def _drifts(name: str, drift: timedelta) -> Words:
    minutes = abs(drift.total_seconds()) / 60
    ru, en = ("спешат", "are fast") if drift > timedelta() else ("отстают", "are slow")
    return Words(
        "warning",
        f"Часы кассы «{name}» {ru} на {minutes:.0f} мин. Расхождение больше 5 минут суды считали нарушением: "
        "закройте смену и установите время.",
        f"The clock of register “{name}” is {en.removeprefix('are ')} by {minutes:.0f} min. Courts have taken more "
        "than 5 minutes for a violation: close the shift and set the time.",
    )


def _zone(name: str, hours: int) -> Words:
    return Words(
        "warning",
        f"Часы кассы «{name}» стоят в поясе UTC{hours:+d}: такого пояса в России нет. Проверьте дату, время и "
        "часовой пояс кассы.",
        f"The clock of register “{name}” stands at UTC{hours:+d}, which is no zone of Russia. Check its date, time "
        "and zone.",
    )


_REGISTER: Final = Trait(Link.REGISTER, About.REGISTER)
CHECKS: Final = (
    Check(
        1, "register_silent", ("Касса не отвечает", "A register says nothing"),
        _REGISTER._replace(causes=("agent_lost", "worker_hung", "node_silent", "restored")), silent,
        grace=5.0,  # a hub that starts finds old answers, and asks
    ),
    Check(
        1, "agent_lost", ("Агент не на связи", "An agent is gone"),
        Trait(Link.REGISTER, About.OTHER, causes=("node_silent",)), agents_lost, grace=5.0,
        every=2.0,
    ),
    Check(
        7, "clock_drift", ("Часы кассы", "A register's clock"),
        _REGISTER._replace(causes=("register_silent", "register_blocked", "agent_lost")), drifting,
        grace=60.0, recovery=60.0,
    ),
)  # fmt: skip
