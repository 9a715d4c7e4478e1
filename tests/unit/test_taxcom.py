"""Такском's account: its JSON read, its error codes, its pages, and numbers of contracts as people type them."""

from typing import Any
from zoneinfo import ZoneInfo

import httpx2
import msgspec
import pytest

from chekpoint.core.errors import BlockReason, RegisterBlocked
from chekpoint.fiscal.vat import VatRate
from chekpoint.ofd.fields import Malformed
from chekpoint.ofd.taxcom import TaxcomConfig, records
from chekpoint.ofd.taxcom.account import Absent, TaxcomAccount
from chekpoint.ofd.taxcom.agreement import is_same_number
from tests.doubles.hand_clock import HandClock

pytestmark = pytest.mark.anyio
MOSCOW, YEKATERINBURG = ZoneInfo("Europe/Moscow"), ZoneInfo("Asia/Yekaterinburg")
ROW: dict[str, Any] = {
    "fnFactoryNumber": "8710000100186516", "shiftNumber": 83, "documentType": "3", "dateTime": "2018-08-23T11:04:00",
    "fdNumber": 16214, "numberInShift": 4, "fpd": "824629212", "cashier": "", "taxationSystem": "OSN",
    "accountingType": "Income", "sum": 1400, "cash": 1400, "electronic": 0,
}  # fmt: skip
INFO: dict[str, Any] = {
    "documentType": "3", "documentFormatVersion": "1.05",
    "document": {
        "1040": 16214, "1077": "MQQxJtfc", "1020": 1400, "1037": "0000000001012345    ", "1105": 1400,
        "1059": [{"1023": "1.000000", "1079": 1400, "1043": 1400, "1030": "Хлеб", "1199": 6}],
    },
}  # fmt: skip


def test_a_document_of_the_list() -> None:
    found = records.document(ROW, MOSCOW, "row")
    assert (found.fn, found.fd_number, found.fiscal_sign) == ("8710000100186516", 16214, "0824629212")
    assert (found.total, found.kind, found.document, found.shift_number) == (1400, 1, 3, 83)
    assert found.made_at == "2018-08-23T14:04:00"
    assert (found.answer, found.fns, found.items) == (0, None, None)


def test_the_zone_of_the_cabinet_turns_the_hours_back() -> None:
    assert records.document(ROW, YEKATERINBURG, "").made_at == "2018-08-23T16:04:00"
    assert (
        records.document(ROW | {"dateTime": "2018-08-23T11:04:00Z"}, MOSCOW, "").made_at
        == "2018-08-23T14:04:00"
    )


@pytest.mark.parametrize(
    ("word", "kind"),
    [("Income", 1), ("IncomeReturn", 2), ("Expenditure", 3), ("ExpenditureReturn", 4), ("Other", 0)],
)
def test_kinds(word: str, kind: int) -> None:
    assert records.document(ROW | {"accountingType": word}, MOSCOW, "").kind == kind


def test_a_shift_document_has_no_sum_and_no_kind() -> None:
    row = {k: v for k, v in ROW.items() if k not in {"sum", "accountingType"}} | {"documentType": 5}
    found = records.document(row, MOSCOW, "")
    assert (found.document, found.total, found.kind) == (5, 0, 0)


@pytest.mark.parametrize(
    "wrong",
    [{"sum": None}, {"sum": "14,00"}, {"fpd": "?"}, {"dateTime": "yesterday"}, {"fnFactoryNumber": " "}],
)
def test_a_document_that_lacks_something_is_never_guessed(wrong: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        records.document(ROW | wrong, MOSCOW, "")


def test_tags_give_items_and_taxes() -> None:
    found = records.with_tags(records.document(ROW, MOSCOW, "row"), INFO, "tags")
    assert found.items is not None
    (item,) = found.items
    assert (item.name, item.sum, item.price, item.quantity, item.vat) == (
        "Хлеб",
        1400,
        1400,
        "1",
        VatRate.NONE,
    )
    assert found.vat == ((VatRate.NONE, 1400),)
    assert found.registration_number == "0000000001012345"
    assert found.evidence == "row\ntags"


def test_taxes_of_later_laws_and_taxes_that_are_not_shown() -> None:
    base = records.document(ROW, MOSCOW, "")

    def vat(code: int, **tags: Any) -> Any:
        item = {"1030": "x", "1043": 1400, "1199": code}
        return records.with_tags(base, {"document": {"1059": item, **tags}}, "").vat

    assert vat(11, **{"1115": {"1119": {"1199": 11, "1120": 252}}}) == ((VatRate.VAT22, 252),)
    assert vat(11) is None
    assert vat(11, **{"1103": 10}) is None  # of another rate only: incomplete, so not compared


def test_tags_of_another_document_are_refused() -> None:
    with pytest.raises(Malformed):
        records.with_tags(records.document(ROW, MOSCOW, ""), {"document": {"1040": 16215}}, "")


def test_a_register_and_its_troubles() -> None:
    shown = {
        "kktRegNumber": "0000000001012345  ", "fnFactoryNumber": "8710000100186516", "cashdeskState": "FNSRegistrationError",
        "problemIndicator": "Problem", "cashdeskEndDateTime": "2027-01-31T21:00:00", "fnState": "Expires",
        "lastDocumentState": "OK",
    }  # fmt: skip
    for body in (shown, {"reportDate": "x", "cashdesk": shown}, {"records": [shown]}):
        found = records.register(records.card(body), MOSCOW, "")
        assert found.registration_number == "0000000001012345"
        assert found.contract_until == "2027-02-01T00:00:00"
        assert found.problem == "problemIndicator: Problem, cashdeskState: FNSRegistrationError"
    with pytest.raises(Malformed):
        records.card({"records": []})


@pytest.mark.parametrize(
    ("typed", "real", "same"),
    [
        ("С-1234-5", "C-1234-5", True), ("c\u00a0–1234–5", "C-1234-5", True), ("№ А-1", "a-1", True),
        ("C-1234-5", "C-1234-6", False), ("", "", False),
    ],
)  # fmt: skip
def test_numbers_of_contracts(typed: str, real: str, same: bool) -> None:
    assert is_same_number(typed, real) is same


def settings(**more: Any) -> TaxcomConfig:
    made = {
        "inn": "7700000016",
        "integrator_id": "i",
        "login": "l",
        "password": "p",
        "base_url": "http://ofd.test",
    }
    return TaxcomConfig(**{**made, "min_interval": 0.0, **more})


@pytest.mark.parametrize(
    "wrong",
    [
        {"integrator_id": ""}, {"login": ""}, {"page_size": 0}, {"page_size": 1001}, {"zone": "Mars/North"},
        {"base_url": "ofd"}, {"inn": "1"}, {"send_agreement": True},
    ],
)  # fmt: skip
def test_settings_that_cannot_be_meant_are_refused_in_both_languages(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"page_size|/"):
        settings(**wrong)


class Wire:
    """A service in this process: ``answers`` after the login, one for each request."""

    def __init__(self, *answers: tuple[int, Any]) -> None:
        self.answers = list(answers)
        self.asked: list[httpx2.Request] = []

    async def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        if request.url.path.endswith("/Login"):
            return httpx2.Response(200, json={"sessionToken": f"s{len(self.asked)}"})
        status, body = self.answers.pop(0)
        return httpx2.Response(status, content=msgspec.json.encode(body))

    def account(self, **more: Any) -> TaxcomAccount:
        http = httpx2.AsyncClient(transport=httpx2.MockTransport(self))
        return TaxcomAccount(settings(**more), HandClock(), http)


def error(code: int, status: int = 400) -> tuple[int, Any]:
    return status, {"apiErrorCode": code, "commonDescription": "слова", "details": None}


@pytest.mark.parametrize("status", [200, 400, 401, 500])
@pytest.mark.parametrize(
    ("code", "reason"),
    [(2101, "access"), (2108, "access"), (2111, "access"), (2112, "access"), (2201, "configuration"), (9999, "configuration")],
)  # fmt: skip
async def test_the_services_own_code_decides_whatever_http_says(code: int, reason: str, status: int) -> None:
    with pytest.raises(RegisterBlocked) as caught:
        await Wire(error(code, status)).account().read("/API/v2/AccountList")
    assert caught.value.reason == reason
    assert str(code) in caught.value.message


async def test_an_ended_session_is_renewed_once() -> None:
    wire = Wire((200, {"records": []}), error(2109), (200, {"ok": 1}))
    account = wire.account()
    await account.read("/API/v2/AccountList")
    assert await account.read("/API/v2/AccountList") == {"ok": 1}
    assert [r.url.path.rpartition("/")[2] for r in wire.asked].count("Login") == 2
    assert wire.asked[-1].headers["Session-Token"] != wire.asked[1].headers["Session-Token"]


async def test_a_session_that_is_never_taken_is_told() -> None:
    wire = Wire((200, {}), error(2109), error(2109))
    account = wire.account()
    await account.read("/API/v2/AccountList")
    with pytest.raises(RegisterBlocked) as caught:
        await account.read("/API/v2/AccountList")
    assert caught.value.reason is BlockReason.ACCESS


async def test_server_errors_are_repeated_and_what_is_not_there_is_told_apart() -> None:
    assert await Wire(error(5101), error(5102), (200, {"ok": 1})).account().read("/x") == {"ok": 1}
    with pytest.raises(Absent):
        await Wire(error(3105)).account().read("/x")


async def test_the_contract_is_not_sent_unless_told_and_is_looked_for_in_the_list() -> None:
    listed = (200, {"records": [{"number": "C-7704-1"}]})
    wire = Wire(listed, (200, {}))
    await wire.account(agreement="С–7704–1").read("/x")
    assert b"agreementNumber" not in wire.asked[0].content
    wire = Wire(listed, (200, {}))
    await wire.account(agreement="C-7704-1", send_agreement=True).read("/x")
    assert b"C-7704-1" in wire.asked[0].content
    with pytest.raises(RegisterBlocked) as caught:
        await Wire(listed).account(agreement="C-1").read("/x")
    assert caught.value.reason is BlockReason.CONFIGURATION


async def test_bearer_and_integration_token_where_a_cabinet_wants_them() -> None:
    wire = Wire((200, {}))
    await wire.account(bearer=True, integration_token="t", login="", password="").read("/x")
    assert wire.asked[1].headers["Authorization"] == "Bearer s1"
    assert "Session-Token" not in wire.asked[1].headers
    assert msgspec.json.decode(wire.asked[0].content) == {"integrationToken": "t"}


async def rows(wire: Wire) -> list[Any]:
    return [row async for row in wire.account().pages("ShiftList", {})]


async def test_pages_end_by_the_services_count_not_by_a_short_page() -> None:
    def page(*numbers: int, total: int = 3) -> tuple[int, Any]:
        return 200, {"counts": {"recordFilteredCount": total}, "records": [{"n": n} for n in numbers]}

    assert [row["n"] for row in await rows(Wire(page(1), page(2), page(3)))] == [1, 2, 3]
    assert await rows(Wire(page(total=0))) == []
    with pytest.raises(RegisterBlocked, match="2 из 3"):
        await rows(Wire(page(1, 2), page()))
    with pytest.raises(RegisterBlocked):
        await rows(Wire((200, {"counts": {}})))
    uncounted = [(200, {"records": [{"n": 1}]}), (200, {"records": []})]
    assert len(await rows(Wire(*uncounted))) == 1
