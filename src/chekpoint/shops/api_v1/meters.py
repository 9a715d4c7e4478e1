"""What the API and the hub tell Prometheus. Each hub has a registry of its own."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from chekpoint.core.errors import BlockReason
from chekpoint.core.lifecycle import Proof
from chekpoint.hub.hub import Hub
from chekpoint.shops.api_v1.meters_chain import Chain, chain_families
from chekpoint.store.stands import Counts, Stand

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Requests:
    """Requests by method, address and code, and how long they took."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._count = Counter(
            "chekpoint_http_requests", "API requests by code", ("method", "route", "code"), registry=registry
        )
        self._seconds = Histogram(
            "chekpoint_http_request_seconds", "Time to the answer", ("method", "route"), registry=registry,
            buckets=_BUCKETS,
        )  # fmt: skip
        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def note(self, method: str, route: str, code: int, seconds: float) -> None:
        """One request was answered."""
        key = (method, route, code)
        found = self._children.get(key)
        if found is None:
            found = self._count.labels(method, route, str(code)), self._seconds.labels(method, route)
            self._children[key] = found
        found[0].inc()
        found[1].observe(seconds)


class Snapshot:
    """The hub at one moment; made by readers, shown by ``Gauges``."""

    def __init__(
        self, hub: Hub, counts: Counts, registers: list[Stand], now: int, chain: Chain | None = None
    ) -> None:
        self.counts, self.registers, self.now = counts, registers, now
        self.chain, self.zone = chain, hub.zone
        self.standing = {key: lane.standing for key, lane in hub.lanes.items()}
        self.dead = len(hub.dead_workers())
        self.barrier = len(hub.post.barrier.missing)
        journal = hub.store.journal
        self.groups, self.units = getattr(journal, "groups", 0), getattr(journal, "units", 0)

    def families(self) -> Iterator[Metric]:
        """Every metric of the snapshot."""
        yield from self._receipts()
        yield from self._waiting()
        yield from self._lanes()
        if self.chain is not None:
            yield from chain_families(self.chain, self.now, self.zone)
        yield _gauge("chekpoint_dead_workers", "Workers that ended though the hub runs", self.dead)
        yield _gauge(
            "chekpoint_barrier_registers", "Registers to be read before anything is sent", self.barrier
        )
        yield CounterMetricFamily("chekpoint_journal_groups", "Committed groups", value=self.groups)
        yield CounterMetricFamily("chekpoint_journal_units", "Writes in them", value=self.units)

    def _receipts(self) -> Iterator[Metric]:
        states = GaugeMetricFamily("chekpoint_receipts", "Receipts by state", labels=["state"])
        for state, count in self.counts.states.items():
            states.add_metric([state.value], count)
        yield states
        rungs = GaugeMetricFamily(
            "chekpoint_receipts_proof", "Receipts by proof; ticketed counts that rung and all above",
            labels=["rung"],
        )  # fmt: skip
        for rung, count in self.counts.rungs.items():
            rungs.add_metric([Proof(rung).name.lower()], count)
        yield rungs

    def _waiting(self) -> Iterator[Metric]:
        counts = self.counts
        yield _gauge(
            "chekpoint_queue_oldest_seconds",
            "Age of the oldest queued receipt",
            self._age(counts.oldest_queued_at),
        )
        yield _gauge("chekpoint_outbox_waiting", "Notices that wait for a shop", counts.notices_waiting)
        yield _gauge(
            "chekpoint_outbox_oldest_seconds", "Age of the oldest of them", self._age(counts.oldest_notice_at)
        )

    def _age(self, since: int | None) -> float:
        return 0.0 if since is None else max(self.now - since, 0) / 1000

    def _lanes(self) -> Iterator[Metric]:
        standing = GaugeMetricFamily(
            "chekpoint_lane_standing", "1 while the lane may register receipts", labels=["register", "name"]
        )
        blocked = GaugeMetricFamily(
            "chekpoint_lane_blocked",
            "1 while the lane waits, with the reason",
            labels=["register", "name", "reason"],
        )
        for one in self.registers:
            standing.add_metric([one.id, one.name], float(self.standing.get(one.id, False)))
            if one.block:
                blocked.add_metric([one.id, one.name, BlockReason(one.block).value], 1.0)
        yield standing
        yield blocked


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=value)


class Gauges(Collector):
    """Shows the last snapshot; the metrics page makes a new one first, off the event loop."""

    def __init__(self) -> None:
        self.snapshot: Snapshot | None = None

    def collect(self) -> Iterator[Metric]:
        """Called by prometheus-client."""
        if self.snapshot is not None:
            yield from self.snapshot.families()
