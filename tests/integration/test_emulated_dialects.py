"""The emulated operator in the dialects of First OFD and Kontur.OFD: errors as documented, pages, filters."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from chekpoint.emulators.fiscal_drive import FiscalDrive
from chekpoint.emulators.ofd import EmulatedOfd
from chekpoint.emulators.ofd.cabinet import API_KEY
from chekpoint.emulators.ofd.conduct import Flc
from chekpoint.emulators.stand import ofd_app
from tests.emulated_world import NOON, ManualClock, drive_in_shift, receipt

pytestmark = pytest.mark.anyio
FIRST = "/first-ofd/api/rent/v2/organisations/7700000016.770001001"
KONTUR = "/kontur/v2/organizations/00000000-0000-4000-8000-007700000016/cashboxes"
DAY = {"fromDate": "2026-11-24T00:00:00", "toDate": "2026-11-24T23:59:59"}


class Cabinets:
    """An operator that has a shift of three receipts, and a client that is signed in at both cabinets."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.ofd = EmulatedOfd(clock=self.clock)
        self.drive = drive_in_shift()
        for _ in range(3):
            self.drive.register_receipt(receipt(), NOON)
        self.send(self.drive)
        self.rnm = self.drive.registration.registration_number
        transport = httpx2.ASGITransport(app=ofd_app(self.ofd))
        self.http = httpx2.AsyncClient(transport=transport, base_url="http://ofd.test")
        self.first: dict[str, str] = {}
        self.kontur: dict[str, str] = {}

    def send(self, drive: FiscalDrive) -> None:
        while drive.unsent().count:
            drive.load_ticket(self.ofd.take(drive.outgoing()[1]), NOON)

    async def sign_in(self) -> None:
        token = (await self.http.post("/first-ofd/api/auth", json={"apiKey": API_KEY})).json()["token"]
        self.first = {"Authorization": f"Bearer {token}"}
        login = await self.http.post("/kontur/auth/authenticate-by-pass?login=test", content=b"test")
        sid = login.json()["Sid"]
        self.kontur = {"Authorization": f"auth.sid {sid}", "X-Kontur-Ofd-ApiKey": API_KEY}

    async def documents(self, **query: Any) -> httpx2.Response:
        params = {"kkmRegId": self.rnm, **DAY, **query}
        return await self.http.get(FIRST + "/documents", params=params, headers=self.first)

    async def by_period(self, **query: Any) -> httpx2.Response:
        params = {"dateFrom": DAY["fromDate"], "dateTo": DAY["toDate"], **query}
        path = f"{KONTUR}/{self.rnm}/documents/by-period"
        return await self.http.get(path, params=params, headers=self.kontur)


@pytest.fixture
async def cabinets() -> AsyncIterator[Cabinets]:
    made = Cabinets()
    await made.sign_in()
    yield made
    await made.http.aclose()
    made.ofd.close()
    made.drive.close()


async def test_all_dialects_and_the_panel_share_one_port(cabinets: Cabinets) -> None:
    state = (await cabinets.http.get("/control/state")).json()
    assert state["test_double"] is True
    kkts = await cabinets.http.get("/api/integration/v2/inn/7700000016/kkts", params={"AuthToken": API_KEY})
    assert len(kkts.json()["Data"]) == 1
    assert len((await cabinets.documents()).json()["documents"]) == 5
    assert len((await cabinets.by_period()).json()["documents"]) == 5


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"apiKey":5}', b'{"apiKey":"x"}', b"{}", b"\xff"])
async def test_bad_key_gives_no_token(cabinets: Cabinets, body: bytes) -> None:
    for path in ("/first-ofd/api/auth", "/first-ofd/api/rent/v2/auth"):
        answer = await cabinets.http.post(path, content=body)
        assert answer.status_code in {400, 401}
        assert answer.json()["message"]


@pytest.mark.parametrize("body", [b"", b"wrong", b"\xff\xfe"])
async def test_bad_password_gives_no_session(cabinets: Cabinets, body: bytes) -> None:
    answer = await cabinets.http.post("/kontur/auth/authenticate-by-pass?login=test", content=body)
    assert (answer.status_code, answer.json()["errorCode"]) == (403, 403000)


async def test_session_and_key_are_two_errors(cabinets: Cabinets) -> None:
    cabinets.kontur["X-Kontur-Ofd-ApiKey"] = "wrong"
    assert (await cabinets.by_period()).json()["errorCode"] == 401003
    cabinets.kontur["Authorization"] = "auth.sid wrong"
    assert (await cabinets.by_period()).json()["errorCode"] == 401002
    cabinets.first["Authorization"] = API_KEY
    assert (await cabinets.documents()).status_code == 401


async def test_token_of_two_hours_ends(cabinets: Cabinets) -> None:
    cabinets.ofd.account_conduct.token_seconds = 7200
    await cabinets.sign_in()
    assert (await cabinets.documents()).status_code == 200
    await cabinets.clock.advance(7200)
    assert (await cabinets.documents()).status_code == 401


async def test_nothing_is_said_by_a_code_of_its_own(cabinets: Cabinets) -> None:
    empty = await cabinets.documents(fromDate="2026-11-20T00:00:00", toDate="2026-11-20T23:59:59")
    assert (empty.status_code, empty.content) == (204, b"")
    nothing = await cabinets.by_period(dateFrom="2026-11-20T00:00:00", dateTo="2026-11-20T23:59:59")
    assert nothing.json() == {"documents": [], "paging": {}}


async def test_filters_of_first_ofd(cabinets: Cabinets) -> None:
    cabinets.ofd.account_conduct.flc[cabinets.drive.number, 3] = Flc.WARNING

    async def numbers(**query: Any) -> list[int]:
        answer = await cabinets.documents(**query)
        return [d["fiscalDocumentNumber"] for d in answer.json()["documents"]]

    assert await numbers(transactionTypes=["OPEN_SHIFT", "TICKET"]) == [2, 3, 4, 5]
    assert await numbers(irkktStatus=["WARNING", "WAITING"]) == [3]
    assert await numbers(irkktStatus="OK", transactionTypes="TICKET", shiftNum=1) == [4, 5]
    assert await numbers(fromInsDate="2026-11-24T08:00:00", toInsDate="2026-11-24T10:00:00") == [
        1,
        2,
        3,
        4,
        5,
    ]
    assert (await cabinets.documents(fromInsDate="2026-11-25T00:00:00")).status_code == 204
    assert (await cabinets.documents(fsFactoryNumber="9999078900000077")).status_code == 204
    query = {"kkmRegId": cabinets.rnm, "dateFrom": DAY["fromDate"], "dateTo": DAY["toDate"]}
    other = await cabinets.http.get(FIRST + "/documents", params=query, headers=cabinets.first)
    assert len(other.json()["documents"]) == 5


async def test_documents_wait_for_the_tax_service_and_then_are_sent(cabinets: Cabinets) -> None:
    cabinets.ofd.account_conduct.flc_seconds = 600

    async def states() -> set[str]:
        return {d["fnsFlcStatus"] for d in (await cabinets.documents()).json()["documents"]}

    assert await states() == {"WAITING"}
    await cabinets.clock.advance(600)
    assert await states() == {"OK"}


async def test_cursor_goes_on_where_it_stopped_when_documents_appear(cabinets: Cabinets) -> None:
    first = (await cabinets.by_period(limit=3)).json()
    assert [next(iter(d)) for d in first["documents"]] == ["fiscalReport", "openShift", "receipt"]
    second = (await cabinets.by_period(offset=first["paging"]["nextOffset"])).json()
    assert len(second["documents"]) == 2
    end = second["paging"]["nextOffset"]
    assert (await cabinets.by_period(offset=end)).json() == {"documents": [], "paging": {"nextOffset": end}}
    cabinets.drive.register_receipt(receipt(), NOON)
    cabinets.send(cabinets.drive)
    later = (await cabinets.by_period(offset=end)).json()
    assert [d["receipt"]["fiscalDocumentNumber"] for d in later["documents"]] == [6]
    assert later["paging"]["nextOffset"] != end


async def test_page_is_cut_before_the_filter(cabinets: Cabinets) -> None:
    page = (await cabinets.by_period(limit=2, types="receipt,bso")).json()
    assert page["documents"] == []
    assert page["paging"]["nextOffset"]


async def test_numbers_are_as_the_documentation_has_them(cabinets: Cabinets) -> None:
    shown = (await cabinets.by_period(types="receipt")).json()["documents"][0]["receipt"]
    made = cabinets.drive.document(3)
    assert made is not None
    assert shown["fiscalSign"] == made.fiscal_sign
    assert shown["kktRegId"] == cabinets.rnm + "    "
    assert shown["items"][0]["paymentMode"] == 3  # a full payment: 1214 is 4
    assert (shown["items"][0]["ndsType"], shown["nds22"]) == ("nds22", 1803)


@pytest.mark.parametrize(
    "odd", ["9" * 40, "-1", "1e3", "٣", "%00", "x" * 5000, "null", " ", "", "==", "AAAA"]
)
async def test_odd_values_are_errors_never_crashes(cabinets: Cabinets, odd: str) -> None:
    first, kontur = {"headers": cabinets.first}, {"headers": cabinets.kontur}
    asked = [
        await cabinets.documents(fromDate=odd),
        await cabinets.documents(transactionTypes=odd or "x"),
        await cabinets.documents(irkktStatus=odd),
        await cabinets.documents(fromInsDate=odd),
        await cabinets.documents(kkmRegId=odd),
        await cabinets.http.get(FIRST + "/kkms", params={"retailPlaceId": odd}, **first),  # type: ignore[arg-type]
        await cabinets.http.get("/first-ofd/api/rent/v3/organisations", params={"page": odd}, **first),  # type: ignore[arg-type]
        await cabinets.http.get("/first-ofd/api/rent/v2/organisations/x/kkms", **first),  # type: ignore[arg-type]
        await cabinets.by_period(dateFrom=odd),
        await cabinets.by_period(offset=odd or "x"),
        await cabinets.by_period(limit=odd),
        await cabinets.by_period(types=odd or "x"),
        await cabinets.http.get(KONTUR + "/x/documents/by-period", **kontur),  # type: ignore[arg-type]
        await cabinets.http.get("/kontur/v2/organizations/x/cashboxes", **kontur),  # type: ignore[arg-type]
    ]
    assert {answer.status_code for answer in asked} <= {400, 403, 404}
    assert all(answer.json() for answer in asked)


async def test_organisations_come_in_pages(cabinets: Cabinets) -> None:
    cabinets.ofd.account_conduct.page_limit = 1
    path = "/first-ofd/api/rent/v3/organisations"
    pages = [
        (await cabinets.http.get(path, params={"page": n, "pageSize": 100}, headers=cabinets.first)).json()
        for n in (1, 2)
    ]
    assert [(len(p["page"]), p["totalCount"]) for p in pages] == [(1, 1), (0, 1)]
