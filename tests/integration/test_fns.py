"""The tax service's client against its double on a real port: each refusal, each code, and the answer's minute."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import msgspec
import pytest

from chekpoint.core.errors import BlockReason, RegisterBlocked
from chekpoint.core.ports import TaxAnswer, TaxQuestion
from chekpoint.emulators.ofd.conduct import Flc
from tests.fns_rig import TaxOffice, open_office

pytestmark = pytest.mark.anyio


@pytest.fixture
async def office() -> AsyncIterator[TaxOffice]:
    async with open_office() as made:
        yield made


async def ask(office: TaxOffice, question: TaxQuestion | None = None, **config: Any) -> TaxAnswer:
    client = office.client(**config)
    try:
        return await client.ask(question or office.questions[0])
    finally:
        await client.aclose()


async def refused(office: TaxOffice, **config: Any) -> RegisterBlocked:
    with pytest.raises(RegisterBlocked) as caught:
        await ask(office, **config)
    return caught.value


async def test_a_document_in_the_store_is_proven_by_both_answers_and_the_buyer_is_not_kept(
    office: TaxOffice,
) -> None:
    for question in office.questions:
        answer = await ask(office, question)
        assert (answer.sign_right, answer.in_store, answer.code) == (True, True, 200)
        told = json.loads(answer.evidence)
        assert told["CheckTicket"]["code"] == 200
        assert told["GetTicket"]["ticket"]["fiscalDocumentNumber"] == question.fd_number
        assert told["GetTicket"]["ticket"]["totalSum"] == question.total
        assert told["GetTicket"]["ticket"]["items"] == 1
        assert "buyer@example.com" not in answer.evidence


async def test_a_right_sign_is_no_proof_of_the_store(office: TaxOffice) -> None:
    office.conduct.lag_seconds = 3600
    early = await ask(office)
    assert (early.sign_right, early.in_store, early.code) == (True, False, 404)
    office.clock.slept += 3601
    assert (await ask(office)).in_store is True


@pytest.mark.parametrize("state", [Flc.WAITING, Flc.ERROR])
async def test_what_the_operator_holds_back_is_not_in_the_store(office: TaxOffice, state: Flc) -> None:
    question = office.questions[0]
    office.ofd.account_conduct.flc[question.fn, question.fd_number] = state
    assert (await ask(office)).in_store is False
    office.ofd.account_conduct.flc.clear()
    assert (await ask(office)).in_store is True


async def test_another_sum_is_another_document(office: TaxOffice) -> None:
    question = office.questions[0]
    wrong = await ask(office, msgspec.structs.replace(question, total=question.total + 1))
    assert (wrong.sign_right, wrong.in_store, wrong.code) == (False, None, 406)


async def test_without_the_store_only_the_sign_is_asked_about(office: TaxOffice) -> None:
    answer = await ask(office, ask_store=False)
    assert (answer.sign_right, answer.in_store) == (True, None)
    assert sum(office.service.asked.values()) == 1


@pytest.mark.parametrize("code", [400, 452, 454, 528, 531])
async def test_codes_of_the_check_that_say_nothing_of_the_sign_prove_nothing(
    office: TaxOffice, code: int
) -> None:
    question = office.questions[0]
    office.conduct.answer((question.fn, question.fd_number), code, 0)
    answer = await ask(office)
    assert (answer.sign_right, answer.in_store, answer.code) == (None, None, code)
    assert answer.message


@pytest.mark.parametrize(
    ("code", "in_store"), [(404, False), (455, False), (400, None), (406, None), (453, None), (531, None)]
)
async def test_codes_of_the_store(office: TaxOffice, code: int, in_store: bool | None) -> None:
    question = office.questions[0]
    office.conduct.answer((question.fn, question.fd_number), 0, code)
    answer = await ask(office)
    assert (answer.sign_right, answer.in_store, answer.code) == (True, in_store, code)


async def test_unavailable_is_asked_later(office: TaxOffice) -> None:
    question = office.questions[0]
    office.conduct.answer((question.fn, question.fd_number), 503, 0)
    assert (await refused(office)).reason is BlockReason.BUSY


async def test_it_waits_for_an_answer_that_takes_several_looks(office: TaxOffice) -> None:
    office.conduct.polls = 12
    assert (await ask(office)).in_store is True


async def test_an_answer_that_does_not_come_within_its_minute_is_asked_for_anew_and_then_left(
    office: TaxOffice,
) -> None:
    office.conduct.polls = 1000
    assert (await refused(office)).reason is BlockReason.BUSY
    assert sum(office.service.asked.values()) == 2


async def test_an_answer_that_is_gone_is_asked_for_anew(office: TaxOffice) -> None:
    office.conduct.readable_seconds = 1  # the client looks after two seconds: always too late
    fault = await refused(office)
    assert fault.reason is BlockReason.BUSY
    assert sum(office.service.asked.values()) == 2


async def test_a_token_that_is_suddenly_not_taken_is_got_again_once(office: TaxOffice) -> None:
    client = office.client()
    try:
        await client.ask(office.questions[0])
        office.service._tokens.clear()  # the service has restarted
        assert (await client.ask(office.questions[1])).in_store is True
    finally:
        await client.aclose()


async def test_a_token_is_used_until_it_expires(office: TaxOffice) -> None:
    client = office.client()
    try:
        await client.ask(office.questions[0])
        token = client._token
        await client.ask(office.questions[1])
        assert client._token == token
        office.clock.slept += 3600
        await client.ask(office.questions[1])
        assert client._token != token
    finally:
        await client.aclose()


@pytest.mark.parametrize("zone", [True, False])
async def test_the_expiry_is_read_with_and_without_its_zone(office: TaxOffice, *, zone: bool) -> None:
    office.conduct.zone_in_expiry = zone
    client = office.client()
    try:
        await client.ask(office.questions[0])
        assert client._good_until is not None
        assert 3000 < (client._good_until - office.clock.now()).total_seconds() <= 3600
    finally:
        await client.aclose()


@pytest.mark.parametrize("bare", [False, True])
@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        ("ip", BlockReason.ACCESS),
        ("token", BlockReason.ACCESS),
        ("headers", BlockReason.CONFIGURATION),
        ("quota", BlockReason.BUSY),
        ("unmarshalling", BlockReason.CONFIGURATION),
        ("429", BlockReason.BUSY),
        ("503", BlockReason.NO_LINK),
        ("html", BlockReason.NO_LINK),
        ("empty", BlockReason.NO_LINK),
    ],
)
async def test_each_refusal_has_its_reason_whether_it_comes_as_soap_or_as_bare_text(
    office: TaxOffice, failure: str, reason: BlockReason, *, bare: bool
) -> None:
    office.conduct.failure, office.conduct.bare_faults = failure, bare
    fault = await refused(office)
    assert fault.reason is reason
    assert "налоговая" in fault.message


async def test_wrong_master_token(office: TaxOffice) -> None:
    assert (await refused(office, master_token="wrong")).reason is BlockReason.ACCESS


@pytest.mark.parametrize("quota_as", ["fault", "429"])
async def test_the_quota_is_told_from_a_broken_service(office: TaxOffice, quota_as: str) -> None:
    office.conduct.quota, office.conduct.quota_as = 2, quota_as
    assert (await ask(office)).in_store is True
    assert (await refused(office)).reason is BlockReason.BUSY


async def test_the_user_is_named_where_the_service_wants_it(office: TaxOffice) -> None:
    office.conduct.wants_user = True
    assert (await refused(office)).reason is BlockReason.CONFIGURATION
    assert (await ask(office, user_id="shop-1")).in_store is True


async def test_nobody_there(office: TaxOffice) -> None:
    assert (await refused(office, base_url="http://127.0.0.1:9")).reason is BlockReason.NO_LINK


async def test_the_double_says_what_it_is_and_takes_orders_and_refuses_nonsense(office: TaxOffice) -> None:
    question = office.questions[0]
    async with httpx2.AsyncClient(base_url=office.url) as http:
        assert "ТЕСТОВЫЙ ДВОЙНИК" in (await http.get("/")).text
        order = {"fn": question.fn, "fd": question.fd_number, "store": 455, "polls": 0}
        shown = await http.post("/control/fns", json=order)
        assert shown.json()["conduct"]["store_codes"] == {f"{question.fn}/{question.fd_number}": 455}
        for nonsense in ({"failure": "no such"}, {"store": 999}, {"polls": -1}, {"unknown": 1}, "text"):
            assert (await http.post("/control/fns", json=nonsense)).status_code == 400
        answer = await http.post("/open-api/ais3/KktService/0.1", content=b"<a/>")
        assert answer.status_code == 500
        assert "заголовки" in answer.text
    assert (await ask(office)).code == 455


async def test_the_double_expands_no_entities(office: TaxOffice) -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;&b;&b;">]><a>&c;</a>'
    async with httpx2.AsyncClient(base_url=office.url) as http:
        answer = await http.post("/open-api/AuthService/0.1", content=bomb)
    assert (answer.status_code, "DOCTYPE" in answer.text) == (500, True)
