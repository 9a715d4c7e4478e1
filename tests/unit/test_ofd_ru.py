"""OFD.ru's account: what its answers mean, and what its bad days must not do to us."""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chekpoint.core.errors import BlockReason, RegisterBlocked
from chekpoint.core.ports import FnsState, OfdItem, OfdRecord
from chekpoint.fiscal.vat import VatRate
from chekpoint.ofd.fields import Malformed
from chekpoint.ofd.ofd_ru import OfdRu, OfdRuConfig
from chekpoint.ofd.ofd_ru.records import record, register_numbers
from chekpoint.ofd.reading import days
from tests.unit.test_atol_driver_doubt import PatientClock

FN = "9999078900000961"
MSK = timezone(timedelta(hours=3))
SINCE, UNTIL = datetime(2026, 11, 24, 1, tzinfo=MSK), datetime(2026, 11, 24, 20, tzinfo=MSK)


def row(**fields: Any) -> dict[str, Any]:
    return {
        "DocNumber": 71,
        "DocDateTime": "2026-11-24T12:00:00",
        "FnNumber": FN,
        "DecimalFiscalSign": "0824629212",
        "OperationType": "Income",
        "IsCorrection": False,
        "TotalSumm": 1400,
        **fields,
    }


def test_receipt_as_the_service_shows_it() -> None:
    found = record(row(), "raw")
    assert (found.fn, found.fd_number, found.fiscal_sign, found.total) == (FN, 71, "0824629212", 1400)
    assert (found.made_at, found.kind, found.document, found.answer) == ("2026-11-24T12:00:00", 1, 3, 0)


@pytest.mark.parametrize("sign", [824629212, "824629212", "0824629212", "MQQxJtfc", " 0824629212 "])
def test_fiscal_sign_in_each_form_met(sign: Any) -> None:
    assert record(row(DecimalFiscalSign=sign), "").fiscal_sign == "0824629212"


def test_numbers_as_strings_and_padded_ids() -> None:
    found = record(row(DocNumber="71", TotalSumm="1400.0", FnNumber=FN + "   "), "")
    assert (found.fd_number, found.total, found.fn) == (71, 1400, FN)


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("Income", 1),
        ("ReturnIncome", 2),
        ("RefundIncome", 2),
        ("IncomeReturn", 2),
        ("Expense", 3),
        ("Outcome", 3),
        ("RefundExpense", 4),
        (3, 3),
        ("Новое", 0),
        (None, 0),
    ],
)
def test_kind_whatever_the_client_calls_it(word: Any, kind: int) -> None:
    assert record(row(OperationType=word), "").kind == kind


def test_correction_and_bso() -> None:
    assert record(row(IsCorrection=True), "").document == 31
    assert record(row(IsBso=True), "").document == 4


def test_receipt_refused_by_control_is_not_called_accepted() -> None:
    assert record(row(FnsStatus="Error"), "").answer == 14


@pytest.mark.parametrize(
    "fields",
    [
        {"DocNumber": None},
        {"TotalSumm": "14.50"},
        {"TotalSumm": -1},
        {"DecimalFiscalSign": "x"},
        {"DocNumber": "1e3"},
    ],
)
def test_unreadable_field_is_named(fields: dict[str, Any]) -> None:
    with pytest.raises(Malformed, match=r"поле|признак"):
        record(row(**fields), "")


@given(
    st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda c: st.dictionaries(st.text(), c))
)
def test_no_entry_breaks_the_reader(entry: Any) -> None:
    with pytest.raises(Malformed):
        record(entry, "")


def test_drive_that_was_replaced_is_looked_for_in_every_register() -> None:
    rows = [{"KktRegId": "1  ", "FnNumber": "a"}, {"KktRegId": "2", "FnNumber": "b"}, 7]
    assert register_numbers(rows, "a") == ["1"]
    assert register_numbers(rows, "old") == ["1", "2"]


def test_days_leave_no_second_out_and_none_twice() -> None:
    parts = list(days(datetime(2026, 11, 22, 13, tzinfo=MSK), datetime(2026, 11, 24, 9, tzinfo=MSK)))
    assert [f"{a:%d %H:%M:%S}-{b:%d %H:%M:%S}" for a, b in parts] == [
        "22 13:00:00-22 23:59:59",
        "23 00:00:00-23 23:59:59",
        "24 00:00:00-24 09:00:00",
    ]


class Service:
    """The account API with a script of bad answers in front of the good ones."""

    def __init__(self, *bad: httpx2.Response | Exception) -> None:
        self.bad = list(bad)
        self.rows: list[dict[str, Any]] = [row()]
        self.kkts = [{"KktRegId": "0000000001002292    ", "FnNumber": FN}]
        self.errors: list[Any] = []
        self.asked: list[httpx2.URL] = []
        self.logins = 0
        self.token = "key"

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request.url)
        if self.bad:
            bad = self.bad.pop(0)
            if isinstance(bad, Exception):
                raise bad
            return bad
        if request.url.path.endswith("CreateAuthToken"):
            self.logins += 1
            self.token = f"token-{self.logins}"
            return httpx2.Response(
                200, json={"AuthToken": self.token, "ExpirationDateUtc": "2026-11-25T00:00:00"}
            )
        if request.url.params["AuthToken"] != self.token:
            return httpx2.Response(200, json={"Message": "Authorization has been denied"})
        lists = {"kkts": self.kkts, "errors": self.errors, "receipts-info": self.rows}
        data = lists[request.url.path.rpartition("/")[2]]
        return httpx2.Response(200, json={"Status": "Success", "Data": data})


async def everything(service: Callable[[httpx2.Request], httpx2.Response], **config: Any) -> list[OfdRecord]:
    settings = {"inn": "7700000016", "token": "key", **config}
    http = httpx2.AsyncClient(transport=httpx2.MockTransport(service))
    operator = OfdRu(OfdRuConfig(**settings), PatientClock(), http)
    return [found async for found in operator.documents(FN, SINCE, UNTIL)]


@pytest.mark.anyio
async def test_asks_by_the_registers_own_clock() -> None:
    service = Service()
    assert [found.fd_number for found in await everything(service)] == [71]
    assert service.asked[-1].path.endswith("/kkt/0000000001002292/receipts-info")
    assert service.asked[-1].params["dateFrom"] == "2026-11-24T01:00:00"
    assert service.asked[-1].params["dateTo"] == "2026-11-24T20:00:00"


@pytest.mark.anyio
async def test_other_zone_of_the_registers_moves_the_question_with_it() -> None:
    service = Service()
    await everything(service, zone="Asia/Vladivostok")
    assert service.asked[-2].params["dateFrom"] == "2026-11-24T08:00:00"
    assert service.asked[-1].params["dateTo"] == "2026-11-25T03:00:00"


@pytest.mark.anyio
async def test_document_shown_twice_is_one_and_another_drives_is_none() -> None:
    service = Service()
    service.rows = [row(), row(), row(FnNumber="9999078900000999")]
    assert len(await everything(service)) == 1


@pytest.mark.anyio
@pytest.mark.parametrize(
    "bad",
    [
        httpx2.Response(429, headers={"Retry-After": "3"}),
        httpx2.Response(503, text="<html>"),
        httpx2.Response(200, text="<html>Технические работы</html>"),
        httpx2.Response(200, content=b""),
        httpx2.ConnectError("refused"),
        httpx2.ReadTimeout("slow"),
    ],
)
async def test_a_bad_moment_is_waited_out(bad: Any) -> None:
    assert len(await everything(Service(bad))) == 1


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (httpx2.Response(429), BlockReason.BUSY),
        (httpx2.Response(503), BlockReason.NO_LINK),
        (httpx2.ConnectError("https://ofd.ru/?AuthToken=key"), BlockReason.NO_LINK),
    ],
)
async def test_a_bad_day_is_told_and_not_taken_for_missing_receipts(bad: Any, reason: BlockReason) -> None:
    with pytest.raises(RegisterBlocked) as caught:
        await everything(Service(*[bad] * 20))
    assert caught.value.reason is reason
    assert "key" not in caught.value.message


@pytest.mark.anyio
@pytest.mark.parametrize("status", [401, 403])
async def test_bad_key_is_said_to_be_a_bad_key(status: int) -> None:
    with pytest.raises(RegisterBlocked) as caught:
        await everything(Service(httpx2.Response(status, json={"Message": "denied"})))
    assert caught.value.reason is BlockReason.ACCESS


@pytest.mark.anyio
async def test_bad_key_without_a_status_in_the_answer() -> None:
    with pytest.raises(RegisterBlocked) as caught:
        await everything(Service(), token="wrong")
    assert caught.value.reason is BlockReason.ACCESS


@pytest.mark.anyio
async def test_token_that_ran_out_in_the_middle_is_renewed_once() -> None:
    service = Service()

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("/receipts-info") and service.logins == 1:
            service.token = "another"
        return service(request)

    assert len(await everything(answer, token="", login="user", password="word")) == 1
    assert service.logins == 2


@pytest.mark.anyio
async def test_refusal_comes_with_the_services_own_words() -> None:
    refused = httpx2.Response(
        200, json={"Status": "Failed", "Data": None, "Errors": ["Период больше 30 дней"]}
    )
    with pytest.raises(RegisterBlocked, match="Период больше 30 дней"):
        await everything(Service(refused))


@pytest.mark.anyio
async def test_receipt_that_only_the_list_of_errors_knows_is_shown_as_refused() -> None:
    service = Service()
    service.errors = [row(FnsDescription="тег 1059"), row(DocNumber=72), {"DocNumber": "?"}]
    found = {one.fd_number: one for one in await everything(service)}
    assert set(found) == {71, 72}
    assert {(one.fns, one.answer) for one in found.values()} == {(FnsState.REFUSED, 14)}
    assert found[71].fns_message == "тег 1059"


@pytest.mark.anyio
@pytest.mark.parametrize(
    "refusal",
    [httpx2.Response(404, text="<html>"), httpx2.Response(200, json={"Status": "Failed", "Errors": ["нет"]})],
)
async def test_service_without_a_list_of_errors_is_not_asked_twice(refusal: httpx2.Response) -> None:
    service = Service()
    asked = 0

    def answer(request: httpx2.Request) -> httpx2.Response:
        nonlocal asked
        if request.url.path.endswith("/errors"):
            asked += 1
            return httpx2.Response(refusal.status_code, content=refusal.content)
        return service(request)

    http = httpx2.AsyncClient(transport=httpx2.MockTransport(answer))
    operator = OfdRu(OfdRuConfig(inn="7700000016", token="key"), PatientClock(), http)
    for _ in range(2):
        assert [one.fd_number async for one in operator.documents(FN, SINCE, UNTIL)] == [71]
    assert asked == 1


def test_items_and_a_word_of_the_tax_service_never_met() -> None:
    items = [
        {"Name": "Чай", "Price": 700, "Quantity": 2.0, "Total": 1400, "NDS_Rate": 6, "CalculationMethod": 4}
    ]
    found = record(row(Items=items, FnsStatus="Accepted", CDateUtc="2026-11-24T09:00:01"), "")
    assert found.items == (
        OfdItem(name="Чай", sum=1400, price=700, quantity="2", vat=VatRate.NONE, method=4),
    )
    assert (found.fns, found.fns_message, found.answer) == (None, "Accepted", 0)
    assert found.received_at == "2026-11-24T09:00:01+00:00"
    assert record(row(), "").items is None


@pytest.mark.anyio
async def test_unreadable_receipt_is_told_and_not_left_out() -> None:
    service = Service()
    service.rows = [row(), row(TotalSumm="?")]
    with pytest.raises(RegisterBlocked, match="TotalSumm"):
        await everything(service)


@pytest.mark.anyio
async def test_requests_keep_their_distance() -> None:
    clock, moments = PatientClock(), list[float]()
    service = Service()

    def answer(request: httpx2.Request) -> httpx2.Response:
        moments.append(clock.monotonic())
        return service(request)

    http = httpx2.AsyncClient(transport=httpx2.MockTransport(answer))
    operator = OfdRu(OfdRuConfig(inn="7700000016", token="key"), clock, http)
    since = datetime(2026, 11, 20, tzinfo=UTC)
    assert [found async for found in operator.documents(FN, since, UNTIL)]
    assert len(moments) == 7  # the registers, the errors of the whole period, five days
    assert all(later - earlier >= 1 for earlier, later in itertools.pairwise(moments))


def test_unknown_zone_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="пояса"):
        OfdRuConfig(inn="7700000016", token="key", zone="Mars/Olympus")
