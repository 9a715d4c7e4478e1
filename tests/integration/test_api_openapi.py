"""The description must say what the server does: schemathesis asks it everything that the description allows, and more."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from chekpoint.shops.api_v1.examples import EXAMPLES
from chekpoint.shops.api_v1.openapi import document
from chekpoint.shops.api_v1.problems import CODES
from tests.api_server import KEY, ApiServer, serving
from tests.doubles.bare_register import BareRegister


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    register = BareRegister("9999078900000001")
    with serving(f"sqlite:///{tmp_path_factory.mktemp('api')}/a.db", {"1" * 32: register}) as running:
        yield running


SCHEMA = schemathesis.openapi.from_dict(document())
OPERATIONS = {one.ok().label: one.ok() for one in SCHEMA.get_all_operations() if isinstance(one, Ok)}
FRAMING = {
    "content-length",
    "transfer-encoding",
    "connection",
    "upgrade",
    "expect",
    "host",
}  # HTTP's own, not ours
MODES = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.value)
@pytest.mark.parametrize("label", OPERATIONS)
def test_every_answer_is_one_that_the_description_names(
    server: ApiServer, label: str, mode: schemathesis.GenerationMode
) -> None:
    """Two checks are left out, where they ask for what cannot be.

    A receipt of the right form may still break the law (422). A spoilt header, or an unknown parameter that is
    empty, never reaches the server, which then rightly answers.
    """
    left_out: list[Any] = [positive_data_acceptance]
    if label.startswith("GET"):
        left_out.append(negative_data_rejection)

    @settings(
        max_examples=40,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        derandomize=True,
    )
    @given(case=OPERATIONS[label].as_strategy(generation_mode=mode))
    def ask(case: schemathesis.Case[Any]) -> None:
        for name in [name for name in case.headers if name.lower() in FRAMING]:
            del case.headers[name]
        case.call_and_validate(
            base_url=server.url,
            headers={"Authorization": f"Bearer {KEY}"},
            excluded_checks=left_out,
        )

    ask()


def test_the_examples_of_the_description_are_accepted(server: ApiServer) -> None:
    with server.client() as client:
        assert client.post("/api/v1/receipts", json=EXAMPLES["one"]).status_code in {200, 201}
        assert client.post("/api/v1/receipts", json=EXAMPLES["batch"]).json()["refused"] == 0
        assert client.post("/api/v1/payments", json=EXAMPLES["payments"]).json()["refused"] == 0


def test_the_description_names_every_address(server: ApiServer) -> None:
    with server.client(None) as client:
        given = client.get("/api/v1/openapi.json")
    assert given.status_code == 200
    assert given.json() == json.loads(json.dumps(document()))
    assert set(given.json()["paths"]) == {
        "/api/v1/receipts", "/api/v1/receipts/{receipt_id}", "/api/v1/receipts/{receipt_id}/events",
        "/api/v1/receipts/{receipt_id}/cancel", "/api/v1/registers", "/api/v1/payments",
    }  # fmt: skip
    assert "receipt_refused" in CODES
