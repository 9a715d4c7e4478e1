"""A shop tells of payments: each is kept once, what is wrong is said where, and nobody's own list is spoilt."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from chekpoint.store import views_payments
from tests.api_server import OTHER_KEY, ApiServer, serving

PAYMENTS = "/api/v1/payments"


@pytest.fixture(params=["sqlite", "postgresql"], scope="module")
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    from tests.postgres import fresh_database

    if request.param == "sqlite":
        with serving(f"sqlite:///{tmp_path_factory.mktemp('payments')}/a.db") as running:
            yield running
        return
    with fresh_database(request.getfixturevalue("pg_dsn")) as dsn, serving(dsn) as running:
        yield running


@pytest.fixture
def shop(server: ApiServer) -> Iterator[httpx2.Client]:
    with server.client() as client:
        yield client


def payment(number: str, **words: Any) -> dict[str, Any]:
    return {
        "external_id": number, "order_id": f"o-{number}", "sum": 79_800, "paid_at": "2026-11-24T08:00:00+03:00",
    } | words  # fmt: skip


def tell(shop: httpx2.Client, *told: Any) -> Any:
    answer = shop.post(PAYMENTS, json={"payments": list(told)})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_payment_told_twice_is_one_payment(server: ApiServer, shop: httpx2.Client) -> None:
    first, second = tell(shop, payment("a1")), tell(shop, payment("a1"))
    assert (first["accepted"], second["known"]) == (1, 1)
    assert [one["results"][0]["status"] for one in (first, second)] == [201, 200]
    assert first["results"][0]["payment"] == second["results"][0]["payment"]
    assert first["results"][0]["payment"]["paid_at"] == "2026-11-24T05:00:00.000Z"
    found = [gap for gap in server.read(views_payments.gaps) if gap.external_id == "a1"]
    assert [(gap.kopecks, gap.refund) for gap in found] == [(79_800, 0)]


def test_other_facts_under_a_known_id_change_nothing(shop: httpx2.Client) -> None:
    tell(shop, payment("b1"))
    answer = tell(shop, payment("b1", sum=1), payment("b2"))
    assert [one["status"] for one in answer["results"]] == [409, 201]
    assert answer["results"][0]["problem"]["code"] == "other_payment"
    assert tell(shop, payment("b1"))["known"] == 1


def test_two_shops_do_not_share_their_numbers(server: ApiServer, shop: httpx2.Client) -> None:
    tell(shop, payment("c1"))
    with server.client(OTHER_KEY) as other:
        assert tell(other, payment("c1", sum=5))["accepted"] == 1


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"sum": 0}, "/payments/1/sum"),
        ({"sum": "798"}, "/payments/1/sum"),
        ({"sum": 10**15}, "/payments/1/sum"),
        ({"paid_at": "2026-11-24T08:00:00"}, "/payments/1/paid_at"),
        ({"paid_at": "1999-11-24T08:00:00Z"}, "/payments/1/paid_at"),
        ({"paid_at": "2999-11-24T08:00:00Z"}, "/payments/1/paid_at"),
        ({"order_id": " 7"}, "/payments/1/order_id"),
        ({"order_id": "7\n8"}, "/payments/1/order_id"),
        ({"external_id": ""}, "/payments/1/external_id"),
        ({"colour": "red"}, "/payments/1/colour"),
    ],
)
def test_a_wrong_payment_is_refused_alone_and_the_place_is_named(
    shop: httpx2.Client, wrong: dict[str, Any], pointer: str
) -> None:
    answer = tell(shop, payment(f"d-{pointer}-{wrong}"[:60]), payment("wrong") | wrong)
    assert [one["status"] for one in answer["results"]][1] == 422
    fault = answer["results"][1]["problem"]["errors"][0]
    assert fault["pointer"] == pointer
    assert fault["ru"] != fault["en"]


@pytest.mark.parametrize("body", [{}, {"payments": []}, {"payments": [{}] * 501}, {"payments": {}}, []])
def test_a_list_that_is_none_is_refused(shop: httpx2.Client, body: Any) -> None:
    answer = shop.post(PAYMENTS, json=body)
    assert answer.status_code == 422
    assert answer.json()["code"] == "wrong_form"
