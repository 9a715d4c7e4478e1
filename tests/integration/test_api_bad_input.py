"""Whatever a shop sends, it is told what is wrong with it; nothing is stored, and no error is the server's."""

import json
import socket
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from chekpoint.shops.api_v1.examples import order
from chekpoint.store import listing
from tests.api_server import KEY, ApiServer, serving

RECEIPTS = "/api/v1/receipts"
JSON = {"Content-Type": "application/json"}
PROBLEM = "application/problem+json"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    with serving(f"sqlite:///{tmp_path_factory.mktemp('api')}/a.db") as running:
        yield running


@pytest.fixture(scope="module")
def shop(server: ApiServer) -> Iterator[httpx2.Client]:
    with server.client() as client:
        yield client


def stored(server: ApiServer) -> int:
    return len(server.read(lambda tx: listing.page(tx, listing.Filter(limit=500))))


def text_of(**changes: Any) -> bytes:
    return json.dumps(order("order-1") | changes).encode()


def with_item(**changes: Any) -> bytes:
    made = order("order-1")
    made["receipt"]["items"][0] |= changes
    return json.dumps(made).encode()


SPOILED = {
    "nothing": (b"", 400, "not_json"),
    "not JSON": (b"{", 400, "not_json"),
    "two documents": (b"{}{}", 400, "not_json"),
    "not UTF-8": (b'{"external_id":"\xff\xfe"}', 400, "not_utf8"),
    "not UTF-8 in a batch": (b'{"receipts":[{"external_id":"\xff"}]}', 400, "not_utf8"),
    "a lone surrogate": (b'{"external_id":"\\ud800"}', 400, "not_json"),
    "UTF-16": ('{"external_id":"1"}'.encode("utf-16"), 400, "not_json"),
    "depth": (b'{"receipts":' + b"[" * 500_000, 400, "too_deep"),
    "an array": (b"[]", 422, "wrong_form"),
    "null": (b"null", 422, "wrong_form"),
    "an empty object": (b"{}", 422, "wrong_form"),
    "an empty batch": (b'{"receipts":[]}', 422, "wrong_form"),
    "both forms": (text_of(receipts=[order("order-2")]), 422, "wrong_form"),
    "an unknown field": (text_of(externalid="1"), 422, "wrong_form"),
    "a NUL in the id": (text_of(external_id="a\0b"), 422, "receipt_refused"),
    "an empty id": (text_of(external_id=""), 422, "receipt_refused"),
    "a long id": (text_of(external_id="1" * 129), 422, "receipt_refused"),
    "a time without zone": (text_of(deadline="2026-01-01T00:00:00"), 422, "wrong_form"),
    "a time before all others": (text_of(deadline="0001-01-01T00:00:00+14:00"), 422, "receipt_refused"),
    "a time after all others": (text_of(deadline="9999-12-31T23:59:59-14:00"), 422, "receipt_refused"),
    "a time that is none": (text_of(deadline="tomorrow"), 422, "wrong_form"),
    "money with a point": (with_item(price=499.0), 422, "wrong_form"),
    "money as text": (with_item(price="49900"), 422, "wrong_form"),
    "money beyond 64 bits": (with_item(price=10**30, sum=2 * 10**30), 422, "receipt_refused"),
    "money beyond reason": (with_item(price=-(10**400)), 422, "receipt_refused"),
    "VAT beyond 64 bits": (with_item(vat_sum=2**64), 422, "receipt_refused"),
    "excise beyond 64 bits": (with_item(excise=2**80), 422, "receipt_refused"),
    "a unit beyond 64 bits": (with_item(unit=2**80), 422, "receipt_refused"),
    "a quantity of no number": (with_item(quantity="NaN"), 422, "receipt_refused"),
    "an endless quantity": (with_item(quantity="Infinity"), 422, "receipt_refused"),
    "a quantity with a huge exponent": (with_item(quantity="1e999999"), 422, "receipt_refused"),
    "a quantity with a tiny exponent": (with_item(quantity="1e-999999"), 422, "receipt_refused"),
    "a negative quantity": (with_item(quantity="-1"), 422, "receipt_refused"),
    "a rate that is none": (with_item(vat="vat99"), 422, "wrong_form"),
}


@pytest.mark.parametrize("name", SPOILED)
def test_a_spoiled_body_is_named_and_not_stored(server: ApiServer, shop: httpx2.Client, name: str) -> None:
    body, status, code = SPOILED[name]
    before = stored(server)
    answer = shop.post(RECEIPTS, content=body, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == PROBLEM
    assert answer.json()["ru"]
    assert stored(server) == before


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (b"{}", "/external_id"),
        (text_of(external_id=5), "/external_id"),
        (text_of(external_id=" a"), "/external_id"),
        (text_of(**{"a/b~c": 1}), "/a~1b~0c"),
        (with_item(price="1"), "/receipt/items/0/price"),
        (with_item(pric=1), "/receipt/items/0/pric"),
        (with_item(sum=5), "/receipt/items/0/sum"),
        (text_of(receipt={"kind": "sale"}), "/receipt/taxation"),
    ],
)
def test_a_fault_says_where_it_is(shop: httpx2.Client, body: bytes, pointer: str) -> None:
    errors = shop.post(RECEIPTS, content=body, headers=JSON).json()["errors"]
    assert pointer in [one["pointer"] for one in errors]
    assert all(one["ru"] and one["en"] and one["code"] for one in errors)


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"}, {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/json; charset=cp1251"}, {},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
)  # fmt: skip
def test_a_body_of_another_kind_is_not_guessed_at(shop: httpx2.Client, headers: dict[str, str]) -> None:
    answer = shop.post(RECEIPTS, content=text_of(external_id="kind"), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "wrong_content_type")


def test_a_charset_of_utf_8_may_be_said(shop: httpx2.Client) -> None:
    said = {"Content-Type": 'Application/JSON; Charset="UTF-8"'}
    assert shop.post(RECEIPTS, content=text_of(external_id="charset"), headers=said).status_code == 201


def test_one_receipt_of_over_a_megabyte_is_too_large(shop: httpx2.Client) -> None:
    made = order("large")
    made["receipt"]["items"][0]["name"] = "x" * (1 << 20)
    assert shop.post(RECEIPTS, json=made).status_code == 413


@pytest.mark.parametrize("head", [b"Content-Length: 16777217", b"Transfer-Encoding: chunked"])
def test_an_endless_body_is_cut_off(server: ApiServer, head: bytes) -> None:
    """Over a bare socket: with and without its length said, and with the answer read while it is sent."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as line:
        line.sendall(
            b"POST /api/v1/receipts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + KEY.encode()
            + b"\r\nContent-Type: application/json\r\n" + head + b"\r\n\r\n"
        )  # fmt: skip
        if head.startswith(b"Transfer"):
            chunk = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
            for _ in range(17):
                line.sendall(chunk)
        assert line.recv(100).startswith(b"HTTP/1.1 413")


def test_a_client_that_hangs_up_leaves_no_trace(server: ApiServer) -> None:
    before = stored(server)
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as line:
        line.sendall(
            b"POST /api/v1/receipts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + KEY.encode()
            + b"\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"
        )  # fmt: skip
    assert stored(server) == before


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=501", "limit=x", "limit=²", "limit=1&limit=2", "state=foo", "proof=10", "cursor=1",
        "cursor=" + "g" * 32, "from=2026-01-01", "to=x", "from=0000-00-00T00:00:00Z", "external_id=", "external_id=%00",
        "external_id=%ff", "what=1", "external_id=" + "1" * 129, "&".join(f"a{n}=1" for n in range(30)), "%ed%a0%80=1",
    ],
)  # fmt: skip
def test_a_wrong_question_is_answered_with_what_is_wrong(shop: httpx2.Client, query: str) -> None:
    answer = shop.get(f"{RECEIPTS}?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "wrong_query")


@pytest.mark.parametrize(
    "moment",
    [
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "1970-01-01T00:00:00Z",
        "2026-01-01T00:00:00 03:00",
    ],
)
def test_the_ends_of_time_are_moments(shop: httpx2.Client, moment: str) -> None:
    answer = shop.get(RECEIPTS, params={"from": moment, "to": moment})
    assert answer.status_code in {200, 400}


@pytest.mark.parametrize("key", ["x", "0" * 31, "0" * 33, "A" * 32, "%00" * 32, "0" * 32, "..", "%ff"])
def test_an_id_that_is_none_is_not_found(shop: httpx2.Client, key: str) -> None:
    assert shop.get(f"{RECEIPTS}/{key}/events").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("DELETE", RECEIPTS, 405), ("OPTIONS", RECEIPTS, 405), ("PUT", f"{RECEIPTS}/{'0' * 32}", 405),
        ("TRACE", "/api/v1/registers", 405), ("GET", "/api/v1/", 404), ("GET", "/api/v1/receipts/", 404),
        ("POST", "/healthz", 405), ("HEAD", RECEIPTS, 200),
    ],
)  # fmt: skip
def test_an_address_says_what_it_understands(
    shop: httpx2.Client, method: str, path: str, status: int
) -> None:
    answer = shop.request(method, path)
    assert answer.status_code == status
    assert status != 405 or answer.headers["allow"]


@pytest.mark.parametrize("tail", ["receipts/%0A/", "receipts/a%0Ab/events", "%0A"])
def test_an_address_with_a_line_break_is_a_problem_like_any_other(shop: httpx2.Client, tail: str) -> None:
    answer = shop.get(f"/api/v1/{tail}")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


@pytest.mark.parametrize("reason", ["\0", "a\nb", "x" * 201, 5])
def test_a_cancel_with_an_impossible_reason_cancels_nothing(shop: httpx2.Client, reason: Any) -> None:
    made = shop.post(RECEIPTS, json=order(f"cancel-{reason!r}"[:40])).json()
    assert shop.post(made["links"]["cancel"], json={"reason": reason}).status_code == 422
    assert shop.get(made["links"]["self"]).json()["state"] == "queued"


LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
    | st.sampled_from(["sale", "osn", "vat22", "NaN", "\0", "1e99", "7707083893", 2**63, -1, 10**25])
)  # fmt: skip
ANYTHING = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)


@st.composite
def spoilt_orders(draw: st.DrawFn) -> dict[str, Any]:
    """A good order of which a few places are something else."""
    made = order(f"fuzz-{draw(st.integers(0, 10**9))}")
    receipt = made["receipt"]
    places = [
        made,
        receipt,
        receipt["items"][0],
        receipt["items"][1],
        receipt["payments"][0],
        receipt["buyer"],
    ]
    names = st.sampled_from([
        "name", "price", "quantity", "sum", "vat", "vat_sum", "method", "object", "unit", "mark_code", "mark_check", "fraction",
        "note", "agent", "supplier", "industry", "product_codes", "excise", "country", "contact", "inn", "total", "place",
        "correction", "seller_inn", "deadline", "user_property", "cashier", "nomenclature", "form", "internet", "kind",
    ])  # fmt: skip
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.sampled_from(places))
        name = draw(st.sampled_from(sorted(place)) | names)
        place[name] = draw(ANYTHING)
    return made


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(sent=spoilt_orders())
@example(sent=order("e1") | {"deadline": "9999-12-31T23:59:59-14:00"})
@example(sent=order("e2") | {"deadline": "0001-01-01T00:00:00+14:00"})
def test_no_order_however_odd_is_the_servers_fault(shop: httpx2.Client, sent: dict[str, Any]) -> None:
    content = json.dumps(sent, ensure_ascii=True).encode()
    answer = shop.post(RECEIPTS, content=content, headers=JSON)
    assert answer.status_code in {200, 201, 400, 409, 422}, answer.text
    if answer.status_code == 201:
        assert shop.get(answer.headers["location"]).status_code == 200
        assert shop.post(RECEIPTS, content=content, headers=JSON).status_code == 200
