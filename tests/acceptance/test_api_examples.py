"""Whoever copies an example from docs/api.md must get what the page says: here every one of them is run."""

import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chekpoint.core.lifecycle import Proof, State
from chekpoint.shops.api_v1.problems import CODES
from chekpoint.shops.webhook import sign
from tests.api_server import KEY, ApiServer, serving

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
COMMANDS = [text for language, text in BLOCKS if language == "sh"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """No register: the receipt of the example can still be cancelled at the end of the page."""
    with serving(f"sqlite:///{tmp_path_factory.mktemp('api')}/a.db") as running:
        yield running


def run(server: ApiServer, command: str, receipt_id: str) -> Any:
    if shutil.which("curl") is None:
        pytest.skip("this test needs curl")
    known = {"HUB": server.url, "KEY": KEY, "ID": receipt_id, "PATH": "/usr/bin:/bin", "no_proxy": "*"}
    done = subprocess.run(["sh", "-c", command], env=known, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_the_commands_of_the_page_work_from_top_to_bottom(server: ApiServer) -> None:
    answers = [run(server, COMMANDS[0], "")]
    answers += [run(server, command, answers[0]["id"]) for command in COMMANDS[1:]]
    taken, returned, batch, one, events, by_id, by_state, cancelled, registers, told, ready = answers
    assert taken["external_id"] == "order-1001"
    assert returned["state"] == "queued"
    assert [one["status"] for one in batch["results"]] == [201, 422]
    assert batch["results"][1]["problem"]["errors"][0]["pointer"] == "/receipts/1/receipt/items/0/sum"
    assert one["total"] == 129_800
    assert [e["kind"] for e in events["events"]] == ["accepted"]
    assert [r["id"] for r in by_id["receipts"]] == [taken["id"]]
    assert by_state == {"receipts": [], "next": None}
    assert cancelled["state"] == "cancelled"
    assert registers == {"registers": []}
    assert (told["accepted"], told["results"][0]["payment"]["receipt_id"]) == (1, None)
    assert ready["ready"] is True


def test_answers_have_the_fields_that_the_page_shows(server: ApiServer) -> None:
    shown = [json.loads(text) for language, text in BLOCKS if language == "json"]
    with server.client() as client:
        made = client.post("/api/v1/receipts", json=_order("fields")).json()
        found = client.get(made["links"]["self"]).json()
        problem = client.post("/api/v1/receipts", json=_order("bad") | {"receipt": {}}).json()
    assert shown[0].keys() == made.keys()
    assert shown[2].keys() == found.keys()
    assert shown[3].keys() == problem.keys()


def _order(external_id: str) -> dict[str, Any]:
    found = re.search(r"-d '(\{.*?\n  \})'", COMMANDS[0], re.DOTALL)
    assert found is not None
    made: dict[str, Any] = json.loads(found[1])
    return made | {"external_id": external_id}


def test_the_sample_accepts_a_real_signature_and_no_other() -> None:
    sample = next(text for language, text in BLOCKS if language == "python")
    names: dict[str, Any] = {}
    exec(sample, names)  # noqa: S102 - the page's own text
    check, now = names["is_from_chekpoint"], int(time.time())
    assert check("secret", b"{}", sign("secret", b"{}", now))
    assert not check("secret", b"{ }", sign("secret", b"{}", now))
    assert not check("secret", b"{}", sign("another", b"{}", now))
    assert not check("secret", b"{}", sign("secret", b"{}", now - 600))


@pytest.mark.parametrize("code", sorted(CODES))
def test_the_page_explains_every_code(code: str) -> None:
    assert f"`{code}`" in PAGE


@pytest.mark.parametrize("word", [*State, *(rung.name.lower() for rung in Proof)])
def test_the_page_explains_every_state_and_rung(word: str) -> None:
    assert f"`{word}`" in PAGE
