"""First OFD's documents: what they mean, in each way that two clients read them."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx2
import pytest
from hypothesis import given

from chekpoint.core.errors import BlockReason, RegisterBlocked
from chekpoint.core.ports import FnsState, OfdRecord
from chekpoint.fiscal.vat import VatRate
from chekpoint.ofd.fields import Malformed
from chekpoint.ofd.first_ofd import FirstOfd, FirstOfdConfig
from chekpoint.ofd.first_ofd.records import Reader, rate_of, register
from tests.unit.test_atol_driver_doubt import PatientClock
from tests.unit.test_ofd_fields import JSON

FN, RNM, INN = "9999078900000961", "0000000001002292", "7700000016"
SINCE, UNTIL = datetime(2026, 11, 24, tzinfo=UTC), datetime(2026, 11, 24, 20, tzinfo=UTC)


def ticket(**fields: Any) -> dict[str, Any]:
    return {
        "operationType": 1,
        "totalSum": 1400,
        "items": [{"name": "Чай", "price": 700, "quantity": 2.0, "sum": 1400, "ndsRate": 11, "ndsSum": 252}],
        **fields,
    }


def row(**fields: Any) -> dict[str, Any]:
    return {
        "transactionDate": "2026-11-24T12:00:00",
        "insertedAt": "2026-11-24T09:00:05.123Z",
        "transactionType": "TICKET",
        "kkmRegId": RNM + "    ",
        "fiscalDriveNumber": FN,
        "fiscalDocumentNumber": 71,
        "fiscalSign": "824629212",
        "shiftNum": 3,
        "fnsFlcStatus": "OK",
        "fnsStatus": 1,
        "fnsDescription": "",
        "ticket": ticket(),
        **fields,
    }


def test_receipt_as_the_service_shows_it() -> None:
    found = Reader().record(row(), "raw")
    assert (found.fn, found.fd_number, found.fiscal_sign, found.total) == (FN, 71, "0824629212", 1400)
    assert (found.made_at, found.kind, found.document, found.answer) == ("2026-11-24T12:00:00", 1, 3, 0)
    assert (found.shift_number, found.registration_number) == (3, RNM)
    assert (found.received_at, found.fns) == ("2026-11-24T09:00:05+00:00", FnsState.ACCEPTED)
    assert found.items is not None
    assert (found.items[0].quantity, found.items[0].vat) == ("2", VatRate.VAT22)
    assert found.vat is None


@pytest.mark.parametrize(
    ("state", "fns", "answer"),
    [
        ("OK", FnsState.ACCEPTED, 0),
        ("WAITING", FnsState.WAITING, 0),
        ("warning", FnsState.WARNING, 0),
        ("ERROR", FnsState.REFUSED, 14),
        ("QUARANTINE", None, 0),
        (None, None, 0),
    ],
)
def test_state_of_format_logic_control(state: Any, fns: FnsState | None, answer: int) -> None:
    found = Reader().record(row(fnsFlcStatus=state, fnsDescription="тег 1059"), "")
    assert (found.fns, found.answer) == (fns, answer)
    assert "тег 1059" in found.fns_message
    assert ("QUARANTINE" in found.fns_message) is (state == "QUARANTINE")


@pytest.mark.parametrize(
    ("name", "kind", "code"),
    [
        ("ticket", "Кассовый чек", 3),
        ("receiptCorrection", "", 31),
        ("bso", "BSO", 4),
        ("bsoCorrection", None, 41),
        ("openShift", "OPEN_SHIFT", 2),
        ("closeShift", "CLOSE_SHIFT", 5),
        ("fiscalReport", "", 1),
        ("fiscalReportCorrection", "", 11),
        ("closeArchive", "CLOSE_ARCHIVE", 6),
        ("somethingNew", "SOMETHING_NEW", 0),
    ],
)
def test_nested_object_says_what_it_is(name: str, kind: Any, code: int) -> None:
    shown = {key: value for key, value in row(transactionType=kind).items() if key != "ticket"}
    found = Reader().record({**shown, name: ticket()}, "")
    assert found.document == code
    assert found.total == (1400 if code in {3, 31, 4, 41} else 0)


def test_without_the_right_to_goods_and_taxes_they_are_not_shown_rather_than_empty() -> None:
    found = Reader().record(row(ticket={"operationType": 1, "totalSum": 1400}), "")
    assert (found.items, found.vat) == (None, None)


def test_sums_in_roubles_are_kopecks_when_that_is_declared() -> None:
    shown = ticket(
        totalSum=14.0, nds22=2.52, items=[{"name": "Чай", "price": 7.0, "quantity": 2, "sum": "14.00"}]
    )
    found = Reader(sums="roubles").record(row(ticket=shown), "")
    assert (found.total, found.vat) == (1400, ((VatRate.VAT22, 252),))
    assert found.items is not None
    assert (found.items[0].price, found.items[0].sum) == (700, 1400)
    with pytest.raises(Malformed, match="totalSum"):
        Reader().record(row(ticket=ticket(totalSum=14.5)), "")


@pytest.mark.parametrize(
    ("code", "total", "tax", "rate"),
    [
        (1, 12000, 2000, VatRate.VAT20),
        (1, 12000, 0, VatRate.VAT0),
        (1, 12000, None, None),
        (2, 11000, 1000, VatRate.VAT10),
        (3, 12000, 2000, VatRate.VAT120),
        (3, 11000, 1000, VatRate.VAT110),
        (6, 12000, 0, VatRate.NONE),
        (6, 12000, 2000, VatRate.VAT20),
        (6, 1, 0, None),
        (0, 12000, 0, VatRate.NONE),
        (11, 12200, 2200, VatRate.VAT22),
        (11, 12200, 999, None),
        (77, 12200, 2200, None),
        (None, 12200, 2200, None),
    ],
)
def test_rate_is_what_code_and_sum_agree_on(
    code: Any, total: int, tax: int | None, rate: VatRate | None
) -> None:
    assert rate_of({"ndsRate": code}, total, tax) is rate


def test_moment_without_zone_is_shown_only_when_its_zone_is_known() -> None:
    shown = row(insertedAt="2026-11-24T12:00:05")
    assert Reader().record(shown, "").received_at is None
    assert Reader(zone=ZoneInfo("Europe/Moscow")).record(shown, "").received_at == "2026-11-24T09:00:05+00:00"


@pytest.mark.parametrize(
    "fields",
    [
        {"fiscalDocumentNumber": None},
        {"fiscalSign": "x"},
        {"transactionDate": "24.11.2026"},
        {"ticket": {"items": []}},
        {"ticket": ticket(items=[7])},
        {"ticket": ticket(items=[{"name": "Чай"}])},
    ],
)
def test_unreadable_field_is_named(fields: dict[str, Any]) -> None:
    with pytest.raises(Malformed, match=r"\w"):
        Reader().record(row(**fields), "")


@given(JSON)
def test_no_entry_breaks_the_reader(entry: Any) -> None:
    with pytest.raises(Malformed):
        Reader().record(entry, "")
    with pytest.raises(Malformed):
        register(entry, None, "")


def test_register_with_the_end_of_its_drive() -> None:
    drives = [
        {"fsFactoryNumber": "9999078900000001", "expireDate": "2025-01-01T00:00:00"},
        {"fsFactoryNumber": FN, "expireDate": "2027-12-01T00:00:00"},
    ]
    shown = {"kkmRegId": RNM, "fsFactoryNumber": FN, "fiscalDrives": drives, "online": False}
    found = register(shown, "2027-01-01", "raw")
    assert (found.fn, found.drive_until, found.contract_until) == (FN, "2027-12-01T00:00:00", "2027-01-01")
    assert found.problem


class Service:
    """The API with what a test wants of it."""

    def __init__(self) -> None:
        self.rows: Any = [row()]
        self.asked: list[httpx2.URL] = []
        self.logins: list[str] = []
        self.old_login = False
        self.kkms = [{"kkmRegId": RNM, "fsFactoryNumber": FN}]
        self.by_place_only = False

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path
        if path.endswith("/auth"):
            self.logins.append(path)
            missing = self.old_login and path == "/api/auth"
            return httpx2.Response(404) if missing else httpx2.Response(200, json={"token": "Bearer jwt"})
        assert request.headers["Authorization"] == "Bearer jwt"
        self.asked.append(request.url)
        return httpx2.Response(200, json=self._answer(path, request.url.params))

    def _answer(self, path: str, params: httpx2.QueryParams) -> Any:
        if path.endswith("/organisations"):
            page = [
                {"organisationKey": "7707083893.1", "inn": "7707083893"},
                {"organisationKey": f"{INN}.770001001"},
            ]
            number = int(params["page"])
            return {"page": page[number - 1 : number], "totalCount": 2}
        if path.endswith("/retailPlaces"):
            return {"retailPlaces": [{"retailPlaceId": 5}]}
        if path.endswith("/kkms"):
            hidden = self.by_place_only and params.get("retailPlaceId") != "5"
            return {"kkms": [] if hidden else self.kkms}
        return {"documents": self.rows}


async def everything(service: Callable[[httpx2.Request], httpx2.Response], **config: Any) -> list[OfdRecord]:
    http = httpx2.AsyncClient(transport=httpx2.MockTransport(service))
    operator = FirstOfd(FirstOfdConfig(**{"inn": INN, "api_key": "key", **config}), PatientClock(), http)
    return [found async for found in operator.documents(FN, SINCE, UNTIL)]


@pytest.mark.anyio
async def test_login_at_either_address() -> None:
    service = Service()
    service.old_login = True
    assert len(await everything(service)) == 1
    assert service.logins == ["/api/auth", "/api/rent/v2/auth"]
    with pytest.raises(RegisterBlocked, match="404"):
        await everything(service, auth_path="/api/auth")


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("names", "sent"),
    [
        ("both", {"fromDate", "toDate", "dateFrom", "dateTo"}),
        ("fromDate", {"fromDate", "toDate"}),
        ("dateFrom", {"dateFrom", "dateTo"}),
    ],
)
async def test_period_under_either_name(names: Any, sent: set[str]) -> None:
    service = Service()
    await everything(service, period_names=names)
    asked = service.asked[-1]
    assert set(asked.params) - {"kkmRegId", "fsFactoryNumber"} == sent
    assert {asked.params[name] for name in sent} == {"2026-11-24T03:00:00", "2026-11-24T23:00:00"}
    assert asked.path == f"/api/rent/v2/organisations/{INN}.770001001/documents"


@pytest.mark.anyio
async def test_service_that_passes_over_the_period_is_found_out() -> None:
    service = Service()
    service.rows = [row(transactionDate="2026-11-20T12:00:00")]
    with pytest.raises(RegisterBlocked, match="period_names") as caught:
        await everything(service)
    assert caught.value.reason is BlockReason.CONFIGURATION


@pytest.mark.anyio
async def test_registers_that_are_listed_only_by_place_are_found() -> None:
    service = Service()
    service.by_place_only = True
    assert len(await everything(service)) == 1


@pytest.mark.anyio
async def test_seller_the_key_does_not_see_is_told() -> None:
    with pytest.raises(RegisterBlocked, match="организация"):
        await everything(Service(), inn="7800000010")


@pytest.mark.anyio
@pytest.mark.parametrize("rows", [None, {}, "no"])
async def test_list_that_is_not_where_it_should_be_is_no_empty_list(rows: Any) -> None:
    service = Service()
    service.rows = rows
    with pytest.raises(RegisterBlocked, match="documents") as caught:
        await everything(service)
    assert caught.value.reason is BlockReason.UNKNOWN
