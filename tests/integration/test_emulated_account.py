"""The operator's account shows what came in, in its own dialect, and lies only when told to."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from chekpoint.emulators.faults import Fault, FaultKind, FaultPlan, Point
from chekpoint.emulators.fiscal_drive import FiscalDrive
from chekpoint.emulators.ofd import EmulatedOfd
from chekpoint.emulators.ofd.account import API_KEY, Account, account_app
from chekpoint.fiscal.receipt import Kind
from tests.emulated_world import NOON, ManualClock, drive_in_shift, item, receipt

pytestmark = pytest.mark.anyio


class Cabinet:
    """An operator that has a shift of three receipts, and a client of its account."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.plan = FaultPlan()
        self.ofd = EmulatedOfd(clock=self.clock)
        self.drive = drive_in_shift()
        self.drive.register_receipt(receipt(), NOON)
        self.drive.register_receipt(receipt(item(5_000, "2"), item(700)), NOON)
        self.drive.register_receipt(receipt(kind=Kind.SALE_RETURN), NOON)
        self.send(self.drive)
        registration = self.drive.registration
        self.inn, self.rnm = registration.seller_inn, registration.registration_number
        account = Account(
            self.ofd.archive, clock=self.clock, conduct=self.ofd.account_conduct, faults=self.plan
        )
        transport = httpx2.ASGITransport(app=account_app(account))
        self.http = httpx2.AsyncClient(transport=transport, base_url="http://ofd.test")

    def send(self, drive: FiscalDrive) -> None:
        while drive.unsent().count:
            drive.load_ticket(self.ofd.take(drive.outgoing()[1]), NOON)

    async def get(self, path: str, **query: str | int) -> httpx2.Response:
        params = {"AuthToken": API_KEY, **query}
        return await self.http.get(f"/api/integration/v2{path}", params=params)

    async def receipts(self, form: str = "receipts-info", **query: str | int) -> Any:
        period = query or {"dateFrom": "2026-11-24T00:00:00", "dateTo": "2026-11-24T23:59:59"}
        answer = await self.get(f"/inn/{self.inn}/kkt/{self.rnm}/{form}", **period)
        assert answer.status_code == 200
        return answer.json()


@pytest.fixture
async def cabinet() -> AsyncIterator[Cabinet]:
    made = Cabinet()
    yield made
    await made.http.aclose()


async def test_the_receipts_of_a_day_are_those_of_the_drive(cabinet: Cabinet) -> None:
    found = await cabinet.receipts()
    assert found["Status"] == "Success"
    truth = [d for d in cabinet.drive.documents() if d.code == 3]
    assert [
        (r["FnNumber"], r["DocNumber"], r["DecimalFiscalSign"], r["TotalSumm"]) for r in found["Data"]
    ] == [(d.fn, d.fd_number, d.sign_text, d.total) for d in truth]
    second = found["Data"][1]
    assert second["OperationType"] == "Income"
    assert (second["ECashSumm"], second["CashSumm"], second["Depth"]) == (10_700, 0, 2)
    assert second["DocDateTime"] == "2026-11-24T12:00:00"
    assert second["Items"][0] == {
        "Name": "Бананы",
        "Price": 5_000,
        "Quantity": 2.0,
        "Total": 10_000,
        "SubjectType": 1,
        "CalculationMethod": 4,
        "ProductUnitOfMeasure": 0,
        "NDS_Rate": 11,
    }
    assert "Items" not in (await cabinet.receipts("receipts"))["Data"][0]


async def test_a_login_gives_a_token_that_ends(cabinet: Cabinet) -> None:
    body = {"Login": "test", "Password": "test"}
    login = await cabinet.http.post("/api/Authorization/CreateAuthToken", json=body)
    token = login.json()["AuthToken"]
    assert login.json()["ExpirationDateUtc"] == "2026-11-25T09:00:00"
    assert (await cabinet.get(f"/inn/{cabinet.inn}/kkts", AuthToken=token)).status_code == 200
    await cabinet.clock.advance(86_400)
    assert (await cabinet.get(f"/inn/{cabinet.inn}/kkts", AuthToken=token)).status_code == 401


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"Login":"test","Password":"x"}', 401),
        (b"{", 400),
        (b'{"Login":1}', 400),
        (b"[]", 400),
        (b"{}", 401),
    ],
)
async def test_a_bad_login_is_refused(cabinet: Cabinet, body: bytes, status: int) -> None:
    answer = await cabinet.http.post("/api/Authorization/CreateAuthToken", content=body)
    assert (answer.status_code, answer.json()["Status"]) == (status, "Failed")


@pytest.mark.parametrize(
    ("since", "until"),
    [
        ("2026-11-01", "2026-12-15"),
        ("2026-11-24", "2026-11-23"),
        ("yesterday", "2026-11-23"),
        ("", ""),
    ],
)
async def test_a_bad_period_is_an_error_in_the_envelope(cabinet: Cabinet, since: str, until: str) -> None:
    found = await cabinet.receipts(dateFrom=since, dateTo=until)
    assert found["Status"] == "Failed"
    assert found["Errors"]


async def test_the_list_of_registers_tells_drive_and_last_document(cabinet: Cabinet) -> None:
    rows = (await cabinet.get(f"/inn/{cabinet.inn}/kkts")).json()["Data"]
    assert [(r["KktRegId"], r["FnNumber"], r["LastDocOnKktDateTime"]) for r in rows] == [
        (cabinet.rnm, cabinet.drive.number, "2026-11-24T12:00:00")
    ]
    none = await cabinet.get(f"/inn/{cabinet.inn}/kkts", FNSerialNumber="9999078900000009")
    assert none.json()["Data"] == []


async def test_a_shift_is_listed_when_it_is_closed(cabinet: Cabinet) -> None:
    open_shift = await cabinet.receipts("receipts", ShiftNumber=1, FnNumber=cabinet.drive.number)
    assert open_shift["Data"] == []
    report = (await cabinet.receipts("zreports"))["Data"][0]
    assert (report["ShiftDocsCount"], report["Open_DocNumber"]) == (4, 2)
    assert "Close_DocNumber" not in report
    cabinet.drive.close_shift(NOON)
    cabinet.send(cabinet.drive)
    closed = await cabinet.receipts("receipts", ShiftNumber=1, FnNumber=cabinet.drive.number)
    assert [r["DocNumber"] for r in closed["Data"]] == [3, 4, 5]
    assert (await cabinet.receipts("zreports"))["Data"][0]["Close_DocNumber"] == 6


async def test_one_receipt_is_found_by_its_ids(cabinet: Cabinet) -> None:
    base = f"/inn/{cabinet.inn}/kkt/{cabinet.rnm}"
    raw_id = (await cabinet.receipts())["Data"][1]["DocRawId"]
    one = (await cabinet.get(f"{base}/receipt/{raw_id}")).json()["Data"]
    other = (await cabinet.get(f"{base}/zreport/1/receipt/2")).json()["Data"]
    assert one == other
    for path in ("/receipt/nothing", "/receipt/9999078900000001-99", "/zreport/1/receipt/99"):
        assert (await cabinet.get(base + path)).json()["Status"] == "Failed"


@pytest.mark.parametrize("odd", ["9" * 40, "-1", "1e3", "٣", "%00", "x" * 5000, "null", " "])
async def test_odd_numbers_are_errors_never_crashes(cabinet: Cabinet, odd: str) -> None:
    base = f"/inn/{cabinet.inn}/kkt/{cabinet.rnm}"
    asked = [
        await cabinet.get(f"{base}/receipts", ShiftNumber=odd, FnNumber=odd),
        await cabinet.get(f"{base}/receipt/{cabinet.drive.number}-{odd}"),
        await cabinet.get(f"{base}/zreport/{odd}/receipt/{odd}"),
        await cabinet.get(f"{base}/receipts-info", dateFrom=odd, dateTo=odd),
        await cabinet.http.get("/api/rawdoc/RecipeInfo", params={"Num": odd, "Fn": odd}),
    ]
    assert all(answer.status_code in {200, 404} for answer in asked)
    assert all(answer.json()["Status"] == "Failed" for answer in asked if answer.text.startswith("{"))


async def test_rejected_receipts_are_listed_apart(cabinet: Cabinet) -> None:
    cabinet.ofd.conduct.answer = 14
    cabinet.drive.register_receipt(receipt(), NOON)
    cabinet.send(cabinet.drive)
    period = {"DateFrom": "2026-11-24T00:00:00", "DateTo": "2026-11-24T23:59:59"}
    errors = (await cabinet.get(f"/kkt/{cabinet.rnm}/receipts/errors", **period)).json()["Data"]
    assert [(r["DocNumber"], r["FnsStatus"]) for r in errors] == [(6, "Error")]


async def test_anybody_with_the_paper_may_look(cabinet: Cabinet) -> None:
    made = cabinet.drive.document(4)
    query = {
        "Fn": made.fn, "Kkt": cabinet.rnm, "Inn": cabinet.inn, "Num": "4", "Sign": made.sign_text,
    }  # fmt: skip
    found = (await cabinet.http.get("/api/rawdoc/RecipeInfo", params=query)).json()["Document"]
    assert (found["Amount_Total"], found["Document_Number"]) == (10_700, 4)
    wrong = await cabinet.http.get("/api/rawdoc/RecipeInfo", params={**query, "Sign": "1"})
    assert wrong.status_code == 404


async def test_the_account_can_be_told_to_lie(cabinet: Cabinet) -> None:
    conduct, fn = cabinet.ofd.account_conduct, cabinet.drive.number
    conduct.hidden.add((fn, 3))
    conduct.doubled.add((fn, 4))
    conduct.sum_delta[fn, 4] = 100
    conduct.sign_delta[fn, 5] = 1
    conduct.fn_instead[fn, 5] = "9999078900000077"
    conduct.zone_hours = -3
    conduct.padded = True
    conduct.sign_form = "base64"
    rows = (await cabinet.receipts())["Data"]
    assert [(r["DocNumber"], r["TotalSumm"]) for r in rows] == [(4, 10_800), (4, 10_800), (5, 10_000)]
    assert rows[2]["FnNumber"] == "9999078900000077"
    assert rows[0]["DocDateTime"] == "2026-11-24T09:00:00"
    assert rows[0]["UserInn"].endswith("  ")
    assert rows[0]["DecimalFiscalSign"].startswith("IQ")


async def test_a_document_can_appear_late(cabinet: Cabinet) -> None:
    cabinet.ofd.account_conduct.delay_seconds = 60
    assert (await cabinet.receipts())["Data"] == []
    await cabinet.clock.advance(61)
    assert len((await cabinet.receipts())["Data"]) == 3


@pytest.mark.parametrize(("failure", "status"), [("401", 401), ("403", 403), ("429", 429), ("503", 503)])
async def test_it_can_fail_as_services_fail(cabinet: Cabinet, failure: str, status: int) -> None:
    cabinet.ofd.account_conduct.failure = failure
    assert (await cabinet.get(f"/inn/{cabinet.inn}/kkts")).status_code == status
    cabinet.ofd.account_conduct.failure = ""
    cabinet.plan.order(Point.ACCOUNT_ANSWER, Fault(kind=FaultKind.REFUSE, detail=failure))
    assert (await cabinet.get(f"/inn/{cabinet.inn}/kkts")).status_code == status
    assert (await cabinet.get(f"/inn/{cabinet.inn}/kkts")).status_code == 200


async def test_html_and_nothing_come_with_a_good_code(cabinet: Cabinet) -> None:
    for failure in ("html", "empty"):
        cabinet.ofd.account_conduct.failure = failure
        answer = await cabinet.get(f"/inn/{cabinet.inn}/kkts")
        assert answer.status_code == 200
        with pytest.raises(ValueError, match="Expecting value"):
            answer.json()


async def test_a_hurried_client_is_slowed_down(cabinet: Cabinet) -> None:
    cabinet.ofd.account_conduct.requests_per_second = 1
    path = f"/inn/{cabinet.inn}/kkts"
    assert [(await cabinet.get(path)).status_code for _ in range(2)] == [200, 429]
    await cabinet.clock.advance(1)
    assert (await cabinet.get(path)).status_code == 200


async def test_a_replaced_drive_is_no_longer_shown_in_its_register(cabinet: Cabinet) -> None:
    await cabinet.clock.advance(60)
    cabinet.send(drive_in_shift(FiscalDrive("9999078900000002")))
    rows = (await cabinet.get(f"/inn/{cabinet.inn}/kkts")).json()["Data"]
    assert [r["FnNumber"] for r in rows] == ["9999078900000002"]
