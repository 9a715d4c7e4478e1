"""What a shop relies on: accepted is stored, repeated is not doubled, another's is not seen."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from chekpoint.shops.api_v1.examples import order
from chekpoint.store import listing, people
from tests.api_server import KEY_ID, OTHER_KEY, ApiServer, serving
from tests.doubles.bare_register import BareRegister

REGISTER = "1" * 32
RECEIPTS = "/api/v1/receipts"


@pytest.fixture(params=["sqlite", "postgresql"], scope="module")
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('api')}/a.db"
        return
    from tests.postgres import fresh_database

    with fresh_database(request.getfixturevalue("pg_dsn")) as dsn:
        yield dsn


@pytest.fixture(scope="module")
def server(database: str) -> Iterator[ApiServer]:
    """No register: what is accepted stays queued."""
    with serving(database) as running:
        yield running


@pytest.fixture
def shop(server: ApiServer) -> Iterator[httpx2.Client]:
    with server.client() as client:
        yield client


@pytest.fixture(scope="module")
def numbers() -> Callable[[], str]:
    count = iter(range(10**9))
    return lambda: f"заказ {next(count)}"


def test_an_accepted_receipt_is_there_when_asked_for(shop: httpx2.Client, numbers: Callable[[], str]) -> None:
    sent = order(numbers())
    answer = shop.post(RECEIPTS, json=sent)
    assert answer.status_code == 201
    found = shop.get(answer.headers["location"]).json()
    assert found["external_id"] == sent["external_id"]
    assert (found["state"], found["proof"], found["total"]) == ("queued", "none", 129_800)
    assert found["fiscal_document"] is None
    assert found["evidence"] == []
    assert found["accepted_at"].endswith("Z")


def test_a_repeated_request_is_answered_as_the_first(shop: httpx2.Client, numbers: Callable[[], str]) -> None:
    sent = order(numbers())
    first, second = shop.post(RECEIPTS, json=sent), shop.post(RECEIPTS, json=sent)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()


def test_requests_at_the_same_moment_make_one_receipt(server: ApiServer, numbers: Callable[[], str]) -> None:
    sent, answers = order(numbers()), []

    def send() -> None:
        with server.client() as client:
            answers.append(client.post(RECEIPTS, json=sent))

    threads = [threading.Thread(target=send) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(a.status_code for a in answers) == [200] * 7 + [201]
    assert len({a.json()["id"] for a in answers}) == 1


def test_other_content_under_the_same_id_is_a_conflict(
    shop: httpx2.Client, numbers: Callable[[], str]
) -> None:
    sent = order(numbers())
    first = shop.post(RECEIPTS, json=sent).json()
    sent["receipt"]["buyer"] = {"contact": "+79160000000"}
    answer = shop.post(RECEIPTS, json=sent)
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["receipt_id"] == first["id"]
    assert answer.json()["code"] == "other_content"


def test_a_shop_does_not_see_another_shops_receipts(
    server: ApiServer, shop: httpx2.Client, numbers: Callable[[], str]
) -> None:
    sent = order(numbers())
    mine = shop.post(RECEIPTS, json=sent).json()
    with server.client(OTHER_KEY) as other:
        assert other.get(f"{RECEIPTS}/{mine['id']}").status_code == 404
        assert other.get(f"{RECEIPTS}/{mine['id']}/events").status_code == 404
        assert other.post(f"{RECEIPTS}/{mine['id']}/cancel").status_code == 404
        assert other.get(RECEIPTS, params={"external_id": sent["external_id"]}).json()["receipts"] == []
        assert other.get("/api/v1/registers").json() == {"registers": []}
        assert other.post(RECEIPTS, json=sent).status_code == 201


def test_a_batch_answers_each_receipt_by_itself(shop: httpx2.Client, numbers: Callable[[], str]) -> None:
    good, known, bad = order(numbers()), order(numbers()), order(numbers())
    shop.post(RECEIPTS, json=known)
    bad["receipt"]["items"][1]["sum"] = 1
    answer = shop.post(RECEIPTS, json={"receipts": [good, known, bad, {"external_id": 5}, good]})
    assert answer.status_code == 200
    body = answer.json()
    assert [one["status"] for one in body["results"]] == [201, 200, 422, 422, 200]
    assert (body["accepted"], body["known"], body["refused"]) == (1, 2, 2)
    pointers = {e["pointer"] for e in body["results"][2]["problem"]["errors"]}
    assert "/receipts/2/receipt/items/1/sum" in pointers
    assert body["results"][3]["problem"]["errors"][0]["pointer"] == "/receipts/3/external_id"
    assert shop.get(body["results"][0]["receipt"]["links"]["self"]).status_code == 200


def test_a_full_batch_is_taken_and_a_larger_one_is_not(
    shop: httpx2.Client, numbers: Callable[[], str]
) -> None:
    batch = [order(numbers()) for _ in range(501)]
    assert shop.post(RECEIPTS, json={"receipts": batch}).status_code == 422
    assert shop.get(RECEIPTS, params={"external_id": batch[0]["external_id"]}).json()["receipts"] == []
    assert shop.post(RECEIPTS, json={"receipts": batch[:500]}).json()["accepted"] == 500


def test_pages_lose_and_repeat_nothing_while_receipts_come_in(
    shop: httpx2.Client, numbers: Callable[[], str]
) -> None:
    first = [shop.post(RECEIPTS, json=order(numbers())).json()["id"] for _ in range(7)]
    began = shop.get(f"{RECEIPTS}/{first[0]}").json()["accepted_at"]
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 3, "from": began}
    while True:
        page = shop.get(RECEIPTS, params=query).json()
        seen += [one["id"] for one in page["receipts"]]
        shop.post(RECEIPTS, json=order(numbers()))
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert seen == first[::-1]


def test_a_list_shows_what_was_asked_for(shop: httpx2.Client, numbers: Callable[[], str]) -> None:
    sent = order(numbers())
    made = shop.post(RECEIPTS, json=sent).json()
    found = shop.get(f"{RECEIPTS}/{made['id']}").json()

    def ids(**query: str) -> list[str]:
        return [one["id"] for one in shop.get(RECEIPTS, params=query).json()["receipts"]]

    mine = {"external_id": sent["external_id"]}
    assert ids(**mine) == [made["id"]]
    assert ids(**mine, state="queued", proof="none") == [made["id"]]
    assert ids(**mine, state="fiscalised") == []
    assert ids(**mine, proof="signed") == []
    assert ids(**mine, state="fiscalised", proof="ticketed") == []
    assert ids(**mine, **{"from": found["accepted_at"]}) == [made["id"]]
    assert ids(**mine, to=found["accepted_at"]) == []
    assert ids(state="queued", limit="1") == [made["id"]]


def test_a_queued_receipt_can_be_taken_back(shop: httpx2.Client, numbers: Callable[[], str]) -> None:
    made = shop.post(RECEIPTS, json=order(numbers())).json()
    for _ in range(2):
        answer = shop.post(made["links"]["cancel"], json={"reason": "передумали"})
        assert answer.status_code == 200
        assert answer.json()["state"] == "cancelled"
        assert "cancel" not in answer.json()["links"]
    events = shop.get(made["links"]["events"]).json()["events"]
    assert [(e["kind"], e.get("new")) for e in events] == [
        ("accepted", None), ("state", "cancelled"), ("deed", None),
    ]  # fmt: skip


def test_a_cancel_needs_no_body(shop: httpx2.Client, numbers: Callable[[], str]) -> None:
    made = shop.post(RECEIPTS, json=order(numbers())).json()
    assert shop.post(made["links"]["cancel"]).json()["state"] == "cancelled"


def test_a_receipt_on_a_register_cannot_be_taken_back(server: ApiServer, numbers: Callable[[], str]) -> None:
    from chekpoint.core.lifecycle import Cause, State
    from chekpoint.store.transitions import move

    with server.client() as shop:
        made = shop.post(RECEIPTS, json=order(numbers())).json()
        server.write(lambda tx: move(tx, made["id"], State.QUEUED, Cause.CLAIMED).value)
        answer = shop.post(made["links"]["self"] + "/cancel")
    assert answer.status_code == 409
    assert (answer.json()["code"], answer.json()["state"]) == ("not_cancellable", "registering")


def test_a_registered_receipt_shows_its_document_and_proof(tmp_path: Path) -> None:
    register = BareRegister("9999078900000001")
    with serving(f"sqlite:///{tmp_path}/a.db", {REGISTER: register}) as server, server.client() as shop:
        made = shop.post(RECEIPTS, json=order("order-1")).json()
        found = _proven(shop, made["links"]["self"])
        listed = shop.get(RECEIPTS, params={"proof": "ticketed"}).json()["receipts"][0]
        kassa = shop.get("/api/v1/registers").json()["registers"][0]
    doc = found["fiscal_document"]
    assert (doc["fn"], doc["fd_number"], doc["fiscal_sign"]) == ("9999078900000001", 2, "1000000002")
    assert doc["qr"] == "t=20261124T1000&s=1298.00&fn=9999078900000001&i=2&fp=1000000002&n=1"
    assert [e["rung"] for e in found["evidence"]] == ["signed", "sent_to_ofd", "ticketed"]
    assert found["attempts"] == 1
    assert listed["fiscal_document"] == {k: doc[k] for k in ("fn", "fd_number", "fiscal_sign")}
    assert (kassa["works"], kassa["block"], kassa["fn"]) == (True, None, "9999078900000001")
    assert "config" not in kassa


def _proven(shop: httpx2.Client, address: str) -> dict[str, Any]:
    """Ask until the operator's ticket is there; the test's own time limit ends it."""
    while True:
        found: dict[str, Any] = shop.get(address).json()
        if found["proof"] == "ticketed":
            return found


@pytest.mark.parametrize("key", [None, "", "wrong", "ключ"])
def test_without_a_good_key_nothing_is_said_or_stored(server: ApiServer, key: str | None) -> None:
    with server.client(key) as client:
        answer = client.post(RECEIPTS, json=order("stranger"))
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert client.get("/api/v1/registers").status_code == 401
    assert server.read(lambda tx: listing.page(tx, listing.Filter(external_id="stranger"))) == []


def test_a_revoked_key_is_refused_within_a_second(server: ApiServer, shop: httpx2.Client) -> None:
    def renew(tx: Any) -> None:
        people.add_key(tx, "7" * 32, people.shop_of_key(tx, "key-of-the-shop") or "", "short-lived")

    server.write(renew)
    with server.client("short-lived") as client:
        assert client.get("/api/v1/registers").status_code == 200
        server.write(lambda tx: people.revoke_key(tx, "7" * 32))
        clock = server.hub.post.clock
        revoked = clock.monotonic()
        while client.get("/api/v1/registers").status_code != 401:
            assert clock.monotonic() - revoked < 1
    assert shop.get("/api/v1/registers").status_code == 200
    assert KEY_ID
