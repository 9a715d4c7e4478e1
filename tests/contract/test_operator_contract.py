"""The contract of ``core.ports.Operator``: every account client on its real API against the emulated operator.

A client joins by adding its bench to ``BENCHES``. The drive's own archive is the truth.
"""

import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chekpoint.core.clock import SystemClock
from chekpoint.core.errors import BlockReason, RegisterBlocked
from chekpoint.core.ports import FnsState
from chekpoint.emulators.faults import Fault, FaultKind, Point
from chekpoint.emulators.fiscal_drive import FiscalDrive
from chekpoint.emulators.ofd.cabinet import API_KEY, LOGIN, PASSWORD
from chekpoint.emulators.ofd.conduct import Flc
from chekpoint.ofd.first_ofd import FirstOfd, FirstOfdConfig
from chekpoint.ofd.kontur import Kontur, KonturConfig
from chekpoint.ofd.ofd_ru import OfdRu, OfdRuConfig
from chekpoint.ofd.taxcom import Taxcom, TaxcomConfig
from tests.contract.operator_bench import (
    INN,
    RECEIPTS,
    SHIFTS,
    SINCE,
    UNTIL,
    OperatorBench,
    World,
    plain,
    true_items,
    true_vat,
    truth,
    world_of,
)
from tests.emulated_world import NOON, drive_in_shift, receipt

pytestmark = pytest.mark.anyio

BENCHES: dict[str, OperatorBench] = {
    "ofd_ru": OperatorBench(
        config=OfdRuConfig, client=OfdRu, prefix="", settings={"token": API_KEY}, wrong_key={"token": "wrong"},
        renewed={"token": "", "login": LOGIN, "password": PASSWORD},
        codes=RECEIPTS, shows_tax_service=frozenset({"ERROR"}), shows_vat_sums=False,
    ),
    "first_ofd": OperatorBench(
        config=FirstOfdConfig, client=FirstOfd, prefix="/first-ofd", settings={"api_key": API_KEY},
        wrong_key={"api_key": "wrong"}, renewed={},
        shows_tax_service=frozenset({"OK", "WARNING", "ERROR", "WAITING"}), shows_received=False,
    ),
    "kontur": OperatorBench(
        config=KonturConfig, client=Kontur, prefix="/kontur",
        settings={"login": LOGIN, "password": PASSWORD, "api_key": API_KEY}, wrong_key={"api_key": "wrong"},
        renewed={}, addresses={"auth_url": "/auth/authenticate-by-pass"},
        shows_contract=False, shows_received=False,
    ),
    "taxcom": OperatorBench(
        config=TaxcomConfig, client=Taxcom, prefix="/taxcom",
        settings={"login": INN, "password": PASSWORD, "integrator_id": API_KEY}, wrong_key={"password": "wrong"},
        renewed={}, codes=SHIFTS | RECEIPTS, shows_received=False, shows_taken_at=False,
    ),
}  # fmt: skip
STATES = {
    Flc.OK: FnsState.ACCEPTED,
    Flc.WARNING: FnsState.WARNING,
    Flc.ERROR: FnsState.REFUSED,
    Flc.WAITING: FnsState.WAITING,
}


@pytest.fixture(params=BENCHES)
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    async with world_of(BENCHES[request.param]) as made:
        yield made


async def test_every_document_of_the_drive_is_seen_with_every_field_equal(world: World) -> None:
    found = await world.seen()
    assert [plain(one) for one in found] == [truth(made) for made in world.listed]
    assert {one.answer for one in found} == {0}
    assert all(one.evidence.startswith("{") for one in found)


async def test_goods_and_taxes_are_those_of_the_signed_document(world: World) -> None:
    found = {one.fd_number: one for one in await world.seen()}
    for made in world.receipts:
        one = found[made.fd_number]
        assert one.items == true_items(made)
        assert (dict(one.vat) if one.vat is not None else None) == (
            true_vat(made) if world.bench.shows_vat_sums else None
        )
    assert len({item.vat for one in found.values() for item in one.items or ()}) == 6


async def test_it_is_said_when_the_operator_took_a_document(world: World) -> None:
    for one in await world.seen():
        kept = world.ofd.archive.find(one.fn, one.fd_number)
        assert kept is not None
        if not world.bench.shows_taken_at:
            assert one.received_at is None
            continue
        assert one.received_at == kept.received_at.replace(microsecond=0).isoformat()


@pytest.mark.parametrize("form", ["text", "number", "base64"])
async def test_each_form_of_the_fiscal_sign_is_the_same_sign(world: World, form: str) -> None:
    world.ofd.account_conduct.sign_form = form
    assert [plain(one) for one in await world.seen()] == [truth(made) for made in world.listed]


async def test_padded_numbers_hide_neither_register_nor_document(world: World) -> None:
    world.ofd.account_conduct.padded = True
    assert [plain(one) for one in await world.seen()] == [truth(made) for made in world.listed]


async def test_hidden_doubled_and_changed_documents_are_shown_as_the_operator_has_them(world: World) -> None:
    hidden, doubled, dearer, forged, moved = ((d.fn, d.fd_number) for d in world.receipts[:5])
    conduct = world.ofd.account_conduct
    conduct.hidden.add(hidden)
    conduct.doubled.add(doubled)
    conduct.sum_delta[dearer] = 100
    conduct.sign_delta[forged] = 1
    conduct.fn_instead[moved] = "9999078900000077"
    found = {one.fd_number: one for one in await world.seen()}
    made = {d.fd_number: d for d in world.listed}
    assert set(found) == set(made) - {hidden[1], moved[1]}
    assert found[dearer[1]].total == made[dearer[1]].total + 100
    assert int(found[forged[1]].fiscal_sign) == made[forged[1]].fiscal_sign + 1
    assert len(await world.seen()) == len(made) - 2  # the doubled one came once


async def test_late_document_appears_when_the_operator_shows_it(world: World) -> None:
    world.ofd.account_conduct.delay_seconds = 3600
    assert await world.seen() == []
    world.ofd.account_conduct.delay_seconds = 0
    assert len(await world.seen()) == len(world.listed)


async def test_zone_of_the_cabinet_moves_what_is_shown_and_hides_nothing(world: World) -> None:
    world.ofd.account_conduct.zone_hours = -2
    shown = {one.fd_number: one.made_at for one in await world.seen()}
    assert shown == {d.fd_number: (d.made_at - timedelta(hours=2)).isoformat() for d in world.listed}


async def test_only_the_period_that_was_asked_for_is_shown(world: World) -> None:
    half_past = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)  # 12:30 by the register's clock
    before = await world.seen(until=half_past)
    after = await world.seen(since=half_past)
    assert [one.fd_number for one in before + after] == [d.fd_number for d in world.listed]
    assert {one.document for one in after} & RECEIPTS == {31}


async def test_drive_that_was_replaced_is_still_found(world: World) -> None:
    new = drive_in_shift(FiscalDrive("9999078900000002"))
    new.register_receipt(receipt(), NOON)
    world.send(new)
    assert [plain(one) for one in await world.seen()] == [truth(made) for made in world.listed]
    fresh = await world.seen(new.number)
    assert [one.document for one in fresh if one.document in RECEIPTS] == [3]


async def test_other_seller_at_the_same_operator_is_none_of_ours(world: World) -> None:
    other = world.other_seller()
    assert await world.seen(other.number) == []
    assert [one.fn for one in await world.registers()] == [world.drive.number]


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        ("401", BlockReason.ACCESS),
        ("403", BlockReason.ACCESS),
        ("429", BlockReason.BUSY),
        ("503", BlockReason.NO_LINK),
        ("html", BlockReason.NO_LINK),
        ("empty", BlockReason.NO_LINK),
    ],
)
async def test_failing_service_is_never_taken_for_an_empty_one(
    world: World, failure: str, reason: BlockReason
) -> None:
    world.ofd.account_conduct.failure = failure
    with pytest.raises(RegisterBlocked) as caught:
        await world.seen()
    assert caught.value.reason is reason
    with pytest.raises(RegisterBlocked) as caught:
        await world.registers()
    assert caught.value.reason is reason


@pytest.mark.parametrize("failure", ["429", "503", "html", "empty"])
async def test_a_bad_moment_in_the_middle_is_waited_out(world: World, failure: str) -> None:
    operator = world.client()
    found: list[tuple[Any, ...]] = []
    async for one in operator.documents(world.drive.number, SINCE, UNTIL):
        if not found:
            world.plan.order(Point.ACCOUNT_ANSWER, Fault(kind=FaultKind.REFUSE, detail=failure))
        found.append(plain(one))
    await operator.aclose()
    assert found == [truth(made) for made in world.listed]


async def test_service_that_is_down_is_no_link(world: World) -> None:
    world.url = "http://127.0.0.1:9"  # the discard port: nobody listens there
    with pytest.raises(RegisterBlocked) as caught:
        await world.seen()
    assert caught.value.reason is BlockReason.NO_LINK


async def test_wrong_key_is_refused_and_said_so(world: World) -> None:
    with pytest.raises(RegisterBlocked) as caught:
        await world.seen(**world.bench.wrong_key)
    assert caught.value.reason is BlockReason.ACCESS


async def test_token_that_is_worn_out_in_the_middle_is_renewed(world: World) -> None:
    world.ofd.account_conduct.token_uses = 1
    assert [plain(one) for one in await world.seen(**world.bench.renewed)] == [
        truth(made) for made in world.listed
    ]


async def test_token_that_never_works_is_no_endless_loop(world: World) -> None:
    world.ofd.account_conduct.token_seconds = 0
    with pytest.raises(RegisterBlocked) as caught:
        await world.seen(**world.bench.renewed)
    assert caught.value.reason is BlockReason.ACCESS


@pytest.mark.parametrize("limit", [1, 2, 7])
async def test_short_page_is_not_the_last_one(world: World, limit: int) -> None:
    world.other_seller()
    world.ofd.account_conduct.page_limit = limit
    assert [plain(one) for one in await world.seen()] == [truth(made) for made in world.listed]


async def test_page_on_which_all_is_hidden_is_not_the_last_one(world: World) -> None:
    world.ofd.account_conduct.page_limit = 1
    hidden = [(d.fn, d.fd_number) for d in world.receipts[:3]]
    world.ofd.account_conduct.hidden.update(hidden)
    assert [one.fd_number for one in await world.seen()] == [
        d.fd_number for d in world.listed if (d.fn, d.fd_number) not in hidden
    ]


async def test_pace_of_the_service_is_kept(world: World) -> None:
    """By the real clock: a request that came too soon would be answered with 429, and repeated half a second later."""
    world.ofd.account_conduct.requests_per_second = 100
    assert len(await world.seen(clock=SystemClock(), min_interval=0.02)) == len(world.listed)


@pytest.mark.parametrize("state", list(Flc))
async def test_how_far_a_document_got_to_the_tax_service(world: World, state: Flc) -> None:
    made = world.receipts[0]
    world.ofd.account_conduct.flc[made.fn, made.fd_number] = state
    (found,) = [one for one in await world.seen() if one.fd_number == made.fd_number]
    told = state.value in world.bench.shows_tax_service
    assert found.fns is (STATES[state] if told else None)
    assert found.answer == (14 if told and state is Flc.ERROR else 0)


async def test_document_whose_ticket_said_no_is_not_called_accepted(world: World) -> None:
    world.ofd.conduct.answer = 14
    drive = world.drive
    drive.open_shift(NOON + timedelta(hours=3))
    refused = drive.register_receipt(receipt(), NOON + timedelta(hours=3))
    world.send(drive)
    (found,) = [one for one in await world.seen() if one.fd_number == refused.fd_number]
    assert (found.answer == 14) is bool(world.bench.shows_tax_service)


async def test_the_cabinet_tells_of_each_register_what_it_knows(world: World) -> None:
    (seen,) = await world.registers()
    last = list(world.drive.documents())[-1]
    first = world.drive.document(1)
    assert first is not None
    assert (seen.fn, seen.registration_number) == (world.drive.number, truth(last)[-1])
    assert (seen.contract_until is not None) is world.bench.shows_contract
    assert seen.last_document_at in {None, last.made_at.isoformat()}
    assert (seen.last_received_at is not None) is world.bench.shows_received
    assert seen.drive_until in {None, (first.made_at + timedelta(days=470)).isoformat()}


async def test_secrets_are_neither_logged_nor_told(world: World, caplog: Any) -> None:
    caplog.set_level(logging.INFO)
    await world.seen()
    world.ofd.account_conduct.failure = "503"
    with pytest.raises(RegisterBlocked) as caught:
        await world.seen()
    told = caplog.text + str(caught.value) + repr(caught.value.__cause__)
    assert [secret for secret in world.bench.secrets if secret in told] == []
