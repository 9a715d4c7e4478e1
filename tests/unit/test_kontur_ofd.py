"""Kontur.OFD's documents and its cursor, as its documentation has them."""

from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from hypothesis import given

from chekpoint.core.errors import BlockReason, RegisterBlocked
from chekpoint.core.ports import OfdRecord
from chekpoint.fiscal.vat import VatRate
from chekpoint.ofd.fields import Malformed
from chekpoint.ofd.kontur import Kontur, KonturConfig
from chekpoint.ofd.kontur.records import following, record, register
from tests.unit.test_atol_driver_doubt import PatientClock
from tests.unit.test_ofd_fields import JSON

FN, RNM, INN = "9999078900000961", "0000000001002292", "7700000016"
SINCE, UNTIL = datetime(2026, 11, 24, tzinfo=UTC), datetime(2026, 11, 24, 20, tzinfo=UTC)


def content(**fields: Any) -> dict[str, Any]:
    return {
        "receiptCode": 3,
        "userInn": INN,
        "requestNumber": 45,
        "dateTime": "2026-11-24T12:00:00",
        "receiveDateTimeUtc": "2026-11-24T09:00:03",
        "shiftNumber": 8,
        "operationType": 2,
        "kktRegId": RNM + "    ",
        "fiscalDriveNumber": FN + " ",
        "items": [
            {
                "name": "Горошек",
                "price": 9845,
                "quantity": 1,
                "sum": 9845,
                "paymentMode": 3,
                "ndsType": "nds22",
            }
        ],
        "nds22": 1775,
        "totalSum": 9845,
        "fiscalDocumentNumber": 544,
        "fiscalSign": 3423453811,
        **fields,
    }


def test_receipt_as_the_service_shows_it() -> None:
    found = record({"receipt": content()}, "raw")
    assert (found.fn, found.fd_number, found.fiscal_sign, found.total) == (FN, 544, "3423453811", 9845)
    assert (found.made_at, found.kind, found.document, found.answer) == ("2026-11-24T12:00:00", 2, 3, 0)
    assert (found.shift_number, found.registration_number) == (8, RNM)
    assert (found.received_at, found.fns) == ("2026-11-24T09:00:03+00:00", None)
    assert found.vat == ((VatRate.VAT22, 1775),)
    assert found.items is not None
    assert (found.items[0].vat, found.items[0].method) == (VatRate.VAT22, 4)  # paymentMode counts from zero


@pytest.mark.parametrize(
    ("fields", "rate"),
    [
        ({"ndsType": "ndsCalculated10"}, VatRate.VAT110),
        ({"ndsType": "ndsNo"}, VatRate.NONE),
        ({"nds18": 5}, VatRate.VAT20),
        ({"nds10": 5, "nds20": None}, VatRate.VAT10),
        ({"nds10": 5, "nds20": 7}, None),
        ({"ndsType": "nds30"}, None),
        ({}, None),
    ],
)
def test_rate_by_its_name_or_by_its_sum(fields: dict[str, Any], rate: VatRate | None) -> None:
    shown = {"name": "Чай", "sum": 100, **fields}
    found = record({"receipt": content(items=[shown])}, "")
    assert found.items is not None
    assert found.items[0].vat is rate


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("bso", 4),
        ("receiptCorrection", 31),
        ("bsoCorrection", 41),
        ("openShift", 2),
        ("closeShift", 5),
        ("fiscalReport", 1),
        ("fiscalReportCorrection", 11),
        ("currentStateReport", 21),
        ("closeArchive", 6),
        ("somethingNew", 0),
    ],
)
def test_documents_of_every_type(name: str, code: int) -> None:
    found = record({name: content()}, "")
    assert found.document == code
    assert found.total == (9845 if code in {4, 31, 41} else 0)


@pytest.mark.parametrize(
    "shown",
    [
        {},
        {"receipt": 5},
        {"receipt": content(), "bso": content()},
        {"receipt": content(totalSum=None)},
        {"receipt": content(fiscalSign=-1)},
        {"receipt": content(items=["Чай"])},
    ],
)
def test_unreadable_document_is_named(shown: dict[str, Any]) -> None:
    with pytest.raises(Malformed, match=r"\w"):
        record(shown, "")


@given(JSON)
def test_no_entry_breaks_the_readers(entry: Any) -> None:
    for read in (lambda: record(entry, ""), lambda: register(entry, ""), lambda: following(entry)):
        with pytest.raises(Malformed):
            read()


class Service:
    """The API whose pages are given: offset -> (documents, next offset)."""

    def __init__(self, pages: dict[str, tuple[list[Any], str | None]]) -> None:
        self.pages = pages
        self.asked: list[httpx2.URL] = []
        self.logins = 0
        self.refusal: httpx2.Response | None = None
        self.ends_at: str | None = None  # the session ends before the page of this offset

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        path, params = request.url.path, request.url.params
        if path.endswith("/authenticate-by-pass"):
            assert (params["login"], request.content) == ("user@example.com", "слово".encode())
            self.logins += 1
            return httpx2.Response(200, json={"Sid": f"sid-{self.logins}"})
        assert request.headers["X-Kontur-Ofd-ApiKey"] == "key"
        if self.refusal is not None:
            return self.refusal
        if request.headers["Authorization"] == "auth.sid sid-1" and self.ends_at == params.get("offset", ""):
            return httpx2.Response(401, json={"errorCode": 401002, "userMessage": {"ru": "сессия"}})
        self.asked.append(request.url)
        return httpx2.Response(200, json=self._answer(path, params))

    def _answer(self, path: str, params: httpx2.QueryParams) -> Any:
        if path.endswith("/organizations"):
            return [{"id": "o1", "inn": "7707083893"}, {"id": "o2", "inn": INN + "  "}]
        if path.endswith("/o2/cashboxes"):
            old = {"fiscalDriverNumber": FN}
            return [{"regNumber": RNM, "fiscalDrive": {"fiscalDriverNumber": "1"}, "fiscalDrives": [old]}]
        documents, after = self.pages[params.get("offset", "")]
        return {"documents": documents, "paging": {} if after is None else {"nextOffset": after}}


def shown(number: int, **fields: Any) -> dict[str, Any]:
    return {"receipt": content(fiscalDocumentNumber=number, **fields)}


async def everything(service: Service, **config: Any) -> list[OfdRecord]:
    http = httpx2.AsyncClient(transport=httpx2.MockTransport(service))
    settings = {"inn": INN, "login": "user@example.com", "password": "слово", "api_key": "key", **config}
    operator = Kontur(KonturConfig(**settings), PatientClock(), http)
    return [found async for found in operator.documents(FN, SINCE, UNTIL)]


@pytest.mark.anyio
async def test_empty_page_is_not_the_end_and_a_cursor_that_stays_is() -> None:
    pages: dict[str, Any] = {
        "": ([shown(1)], "a=="), "a==": ([], "b"), "b": ([shown(2), shown(3)], "c"), "c": ([], "c"),
    }  # fmt: skip
    service = Service(pages)
    assert [one.fd_number for one in await everything(service)] == [1, 2, 3]
    assert [url.params.get("offset") for url in service.asked[2:]] == [None, "a==", "b", "c"]


@pytest.mark.anyio
@pytest.mark.parametrize("pages", [{"": ([], None)}, {"": ([], "a"), "a": ([], "a")}])
async def test_period_without_documents_is_empty(pages: dict[str, Any]) -> None:
    assert await everything(Service(pages)) == []


@pytest.mark.anyio
async def test_session_that_ends_between_pages_goes_on_at_the_same_page() -> None:
    service = Service({"": ([shown(1)], "a"), "a": ([shown(2)], "b"), "b": ([], "b")})
    service.ends_at = "a"
    assert [one.fd_number for one in await everything(service)] == [1, 2]
    assert service.logins == 2


@pytest.mark.anyio
async def test_cursor_in_a_circle_is_told() -> None:
    with pytest.raises(RegisterBlocked, match="по кругу"):
        await everything(Service({"": ([], "a"), "a": ([], "b"), "b": ([], "a")}))


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            httpx2.Response(401, json={"errorCode": 401003, "userMessage": {"ru": "Неверный ключ"}}),
            "Неверный ключ",
        ),
        (httpx2.Response(403, json={"errorCode": "403002", "moreInfo": "no access to KKT"}), "no access"),
        (httpx2.Response(403, json={"errorCode": 403003, "userMessage": "период закрыт"}), "период закрыт"),
    ],
)
async def test_door_that_stays_shut_is_told_in_its_own_words(answer: httpx2.Response, said: str) -> None:
    service = Service({})
    service.refusal = answer
    with pytest.raises(RegisterBlocked, match=said) as caught:
        await everything(service)
    assert (caught.value.reason, service.logins) == (BlockReason.ACCESS, 1)


@pytest.mark.anyio
async def test_documents_that_came_late_are_asked_for_and_others_days_left_out() -> None:
    rows = [
        shown(1, dateTime="2026-11-24T22:59:00"),
        shown(2, dateTime="2026-11-25T10:00:00"),
        shown(3, dateTime="2026-11-23T10:00:00"),
    ]
    service = Service({"": (rows, "a"), "a": ([], "a")})
    assert [one.fd_number for one in await everything(service)] == [1]
    asked = service.asked[2].params
    assert (asked["dateFrom"], asked["dateTo"]) == ("2026-11-24T03:00:00", "2026-11-25T23:00:00")
    await everything(service, late_hours=0)
    assert service.asked[-1].params["dateTo"] == "2026-11-24T23:00:00"
