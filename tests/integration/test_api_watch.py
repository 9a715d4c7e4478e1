"""Who runs the hub must not be told that all is well when it is not."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from prometheus_client.parser import text_string_to_metric_families

from chekpoint.core.errors import BlockReason, StoreError
from chekpoint.shops.api_v1.examples import order
from tests.api_server import ApiServer, serving
from tests.doubles.bare_register import BareRegister

REGISTER = "1" * 32
RECEIPTS = "/api/v1/receipts"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ApiServer]:
    with serving(f"sqlite:///{tmp_path}/a.db", {REGISTER: BareRegister("9999078900000001")}) as running:
        yield running


def metrics(server: ApiServer) -> dict[tuple[str, str], float]:
    """(name, the value of any of its labels, or "") -> value."""
    with server.client(None) as client:
        text = client.get("/metrics").text
    return {
        (sample.name, label): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        for label in (*sample.labels.values(), "")
    }


def test_a_healthy_hub_says_so(server: ApiServer) -> None:
    with server.client(None) as client:
        assert client.get("/healthz").json() == {"alive": True, "dead_workers": []}
        ready = client.get("/readyz")
    assert ready.status_code == 200
    assert (ready.json()["ready"], ready.json()["journal"], ready.json()["lanes"]) == (True, "ok", 1)


def test_a_dead_worker_is_seen(server: ApiServer) -> None:
    server.loop.call_soon_threadsafe(server.hub._tasks["sweep"].cancel)
    with server.client(None) as client:
        while (answer := client.get("/healthz")).status_code == 200:
            pass
    assert answer.status_code == 503
    assert answer.json() == {"alive": False, "dead_workers": ["sweep"]}


def test_a_journal_that_does_not_write_is_not_ready_and_takes_no_receipt(
    server: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> Any:
        raise StoreError("the disk is full")

    monkeypatch.setattr(server.hub.store, "write", broken)
    monkeypatch.setattr(server.hub.store, "write_bulk", broken)
    with server.client() as client:
        ready, answer = client.get("/readyz"), client.post(RECEIPTS, json=order("1"))
        batch = client.post(RECEIPTS, json={"receipts": [order("1")]})
    assert (ready.status_code, ready.json()["journal"]) == (503, "the disk is full")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer.headers["retry-after"]
    assert batch.json()["results"][0]["status"] == 503


def test_an_unforeseen_error_is_a_problem_without_particulars(
    server: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> Any:
        raise RuntimeError("a secret of ours")

    monkeypatch.setattr(server.hub.store, "read", broken)
    with server.client() as client:
        answer = client.get("/api/v1/registers")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "secret" not in answer.text


def test_metrics_count_what_there_is(server: ApiServer) -> None:
    with server.client() as client:
        made = [client.post(RECEIPTS, json=order(f"m{n}")).json() for n in range(3)]
        for one in made:
            while client.get(one["links"]["self"]).json()["proof"] != "ticketed":
                pass
    while (seen := metrics(server))["chekpoint_receipts", "fiscalised"] != 3:
        pass
    assert seen["chekpoint_receipts_proof", "ticketed"] == 3
    assert seen["chekpoint_receipts", "queued"] == 0
    assert seen["chekpoint_http_requests_total", "201"] == 3
    assert seen["chekpoint_http_request_seconds_count", RECEIPTS] == 3
    assert seen["chekpoint_journal_units_total", ""] >= 3
    assert seen["chekpoint_outbox_waiting", ""] == 0


def test_metrics_show_a_blocked_register_and_the_age_of_the_queue(server: ApiServer) -> None:
    server.registers[REGISTER].blocked = BlockReason.PAPER_OUT
    with server.client() as client:
        client.post(RECEIPTS, json=order("waits"))
        while client.get("/api/v1/registers").json()["registers"][0]["block"] is None:
            pass
        block = client.get("/api/v1/registers").json()["registers"][0]["block"]
    assert block["reason"] == "paper_out"
    assert block["ru"]
    assert block["en"]
    while (seen := metrics(server)).get(("chekpoint_lane_blocked", "paper_out")) != 1:
        pass
    assert seen["chekpoint_queue_oldest_seconds", ""] > 0


CONTRIB = Path(__file__).parents[2] / "contrib"
METRIC = re.compile(r"\bchekpoint_[a-z_]+\b")


def exposed(server: ApiServer) -> dict[str, set[str]]:
    """Metric -> the names of its labels, from a real answer."""
    with server.client(None) as client:
        families = list(text_string_to_metric_families(client.get("/metrics").text))
    found: dict[str, set[str]] = {family.name: set() for family in families}
    for sample in (sample for family in families for sample in family.samples):
        found.setdefault(sample.name, set()).update(sample.labels)
    return found


def test_rules_and_dashboard_speak_of_metrics_that_there_are(server: ApiServer) -> None:
    rules = yaml.safe_load((CONTRIB / "prometheus" / "rules.yml").read_text("utf-8"))
    board = json.loads((CONTRIB / "grafana" / "dashboard.json").read_text("utf-8"))
    asked = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    asked += [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    named = {name for text in asked for name in METRIC.findall(text)}
    assert len(named) > 15
    with server.client() as client:
        client.post(RECEIPTS, json=order("one"))
    until_metrics(server, named)


def until_metrics(server: ApiServer, named: set[str]) -> None:
    """The register must have answered once before it has series."""
    while named - exposed(server).keys():
        pass


def test_every_rule_says_how_grave_it_is_and_what_to_do() -> None:
    rules = yaml.safe_load((CONTRIB / "prometheus" / "rules.yml").read_text("utf-8"))
    alerts = [rule for group in rules["groups"] for rule in group["rules"]]
    assert len({rule["alert"] for rule in alerts}) == len(alerts)
    for rule in alerts:
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["description"]
