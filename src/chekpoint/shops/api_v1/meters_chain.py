"""The chain behind a register for Prometheus: what is unsent, what is left of the drive, what is open.

A register that did not say a thing has no series of it: a zero would be a claim.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Final, NamedTuple

from prometheus_client.core import GaugeMetricFamily, Metric

from chekpoint.hub.walls import local, wall
from chekpoint.store import troubles_count, views_registers, watched
from chekpoint.store.journal import Tx
from chekpoint.store.watched import Watched


class Chain(NamedTuple):
    """What is stored of it at one moment."""

    registers: list[Watched]
    ticketed: dict[str, int]  # register -> when its drive's last accepting ticket was seen, milliseconds UTC
    incidents: dict[str, int]
    mismatches: dict[str, int]


def look_at_chain(tx: Tx) -> Chain:
    """Read it."""
    lanes = views_registers.lanes(tx)
    return Chain(
        watched.registers(tx),
        {one.id: one.ticketed_at for one in lanes if one.ticketed_at is not None},
        troubles_count.incidents_open(tx),
        troubles_count.mismatches_open(tx),
    )


Read = Callable[[Watched, int, str], float | None]


def _unsent(one: Watched, _now: int, _zone: str) -> float | None:
    return one.status.unsent_count


def _unsent_age(one: Watched, now: int, zone: str) -> float | None:
    first = local(one.status.unsent_since)
    if not one.status.unsent_count or first is None:
        return 0.0 if one.status.unsent_count == 0 else None
    return max((wall(one, now, zone) - first).total_seconds(), 0.0)


def _days_left(one: Watched, now: int, zone: str) -> float | None:
    until = local(one.status.fn_valid_until)
    return None if until is None else (until - wall(one, now, zone)) / timedelta(days=1)


def _documents_left(one: Watched, _now: int, _zone: str) -> float | None:
    return one.status.documents_left


def _answered(one: Watched, now: int, _zone: str) -> float | None:
    return None if one.status_at is None else max(now - one.status_at, 0) / 1000


READS: Final[dict[str, tuple[str, Read]]] = {
    "chekpoint_register_unsent": ("Documents on the drive that have not left", _unsent),
    "chekpoint_register_unsent_oldest_seconds": ("Age of the first of them", _unsent_age),
    "chekpoint_register_answer_seconds": ("Time since the register's last answer", _answered),
    "chekpoint_drive_days_left": ("Days until the drive's keys run out", _days_left),
    "chekpoint_drive_documents_left": ("Documents that the drive can still sign", _documents_left),
}


def chain_families(chain: Chain, now: int, zone: str) -> Iterator[Metric]:
    """Every metric of the chain."""
    for name, (text, read) in READS.items():
        family = GaugeMetricFamily(name, text, labels=["register", "name"])
        for one in chain.registers:
            value = read(one, now, zone)
            if value is not None:
                family.add_metric([one.id, one.name], float(value))
        yield family
    ticketed = GaugeMetricFamily(
        "chekpoint_ticket_last_seconds",
        "Time since the operator's last ticket was seen",
        labels=["register", "name"],
    )
    for one in chain.registers:
        if one.id in chain.ticketed:
            ticketed.add_metric([one.id, one.name], max(now - chain.ticketed[one.id], 0) / 1000)
    yield ticketed
    yield _by_severity("chekpoint_incidents_open", "Open incidents", chain.incidents)
    yield _by_severity("chekpoint_mismatches_open", "Open differences of reconciliation", chain.mismatches)


def _by_severity(name: str, text: str, counted: dict[str, int]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=["severity"])
    for severity, number in counted.items():
        family.add_metric([severity], number)
    return family
