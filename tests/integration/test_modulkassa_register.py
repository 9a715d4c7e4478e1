"""ModulKassa as a register of a hub, and what its test double does as the vendor's page says."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest

from chekpoint.core.clock import SystemClock
from chekpoint.core.errors import BlockReason, OutcomeUnknown, RegisterBlocked, Rejected
from chekpoint.core.ports import Absent, Registered
from chekpoint.emulators.drive_archive import Registration
from chekpoint.emulators.faults import Fault, FaultKind, Point
from chekpoint.emulators.fiscal_drive import FiscalDrive
from chekpoint.emulators.modulkassa_cloud.service import ModulKassa, PointSetup, PointState, SecondPost
from chekpoint.emulators.register import EmulatedRegister
from chekpoint.registers.modulkassa import ModulKassaConfig, ModulKassaRegister
from tests.contract.modulkassa_bench import ModulKassaBench, modulkassa_bench
from tests.contract.register_bench import attempt_of, truth
from tests.doubles.hubs import running, sale
from tests.emulated_world import receipt
from tests.unit.hub_bench import offer, settled, sqlite
from tests.waiting import until

pytestmark = pytest.mark.anyio
WORST = PointSetup(second=SecondPost.NEW, callback_pause=0.02)


class AheadClock(SystemClock):
    """The machine's clock, set forward by hand."""

    ahead = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead


@pytest.fixture
async def cloud() -> AsyncIterator[ModulKassaBench]:
    async with modulkassa_bench() as made:
        yield made


@pytest.fixture
async def worst() -> AsyncIterator[ModulKassaBench]:
    """A service that makes another document of a second POST, which must be quiet for a minute."""
    async with modulkassa_bench(setup=WORST, quiet=60.0) as made:
        yield made


def driver(cloud: ModulKassaBench, **changes: Any) -> ModulKassaRegister:
    """Another driver of the same point: as after a restart of the hub."""
    config = msgspec.structs.replace(cloud.config, **changes)
    return ModulKassaRegister(config, SystemClock(), http=cloud.http)


async def test_a_hub_registers_through_the_cloud_and_says_no_more_than_signed(tmp_path: Path) -> None:
    async with modulkassa_bench(inn="7707083893") as cloud:
        async with running(sqlite(tmp_path), {"c1": cloud.register}) as hub:
            cloud.lose_answer()
            await offer(hub, sale(1), sale(2))
            receipts = await settled(hub, 2)
        assert {row["proof"] for row in receipts} == {10}
        assert sorted(row["fd_number"] for row in receipts) == [d.fd_number for d in truth(cloud)]


# ------------------------------------------------------------------ one document, whatever a second POST does


async def test_a_lost_answer_is_found_by_its_state_and_nothing_is_sent_again(worst: ModulKassaBench) -> None:
    attempt = attempt_of(worst, receipt())
    worst.lose_answer()
    with pytest.raises(OutcomeUnknown):
        await worst.register.submit(attempt)
    await until(lambda: len(truth(worst)) == 1)
    for register in (worst.register, driver(worst)):  # the same hub, and one that was started anew
        assert isinstance(await register.locate(attempt), Registered)
    assert worst.wire.posts == [attempt.id]
    assert len(truth(worst)) == 1


async def test_a_document_on_its_way_is_waited_for_and_not_sent_again(worst: ModulKassaBench) -> None:
    attempt = attempt_of(worst, receipt())
    worst.lose_command()
    with pytest.raises(OutcomeUnknown):
        await worst.register.submit(attempt)
    for register in (worst.register, driver(worst)):
        for _ in range(3):
            with pytest.raises(OutcomeUnknown) as unsure:
                await register.locate(attempt)
            assert "не знает" in unsure.value.message
    await worst.deliver_late()
    assert isinstance(await worst.register.locate(attempt), Registered)
    assert worst.wire.posts == [attempt.id]
    assert len(truth(worst)) == 1


async def test_a_document_that_never_arrived_is_sent_again_under_its_own_id_after_the_quiet_time(
    worst: ModulKassaBench,
) -> None:
    clock = AheadClock()
    register = ModulKassaRegister(worst.config, clock, http=worst.http)
    attempt = attempt_of(worst, receipt())
    worst.lose_command()
    with pytest.raises(OutcomeUnknown):
        await register.submit(attempt)
    clock.ahead = 59.0
    with pytest.raises(OutcomeUnknown):
        await register.locate(attempt)
    assert worst.wire.posts == [attempt.id]
    clock.ahead = 61.0
    worst.lose_command()  # the second one is lost as well: the quiet time begins anew
    with pytest.raises(OutcomeUnknown):
        await register.locate(attempt)
    with pytest.raises(OutcomeUnknown):
        await register.locate(attempt)
    assert worst.wire.posts == [attempt.id] * 2
    clock.ahead = 122.0
    assert isinstance(await register.locate(attempt), Registered)
    assert worst.wire.posts == [attempt.id] * 3
    assert len(truth(worst)) == 1


async def test_the_same_attempt_submitted_after_a_restore_makes_no_second_document(
    worst: ModulKassaBench,
) -> None:
    attempt = attempt_of(worst, receipt())
    made = await worst.register.submit(attempt)
    again = await driver(worst).submit(attempt)
    assert again.document == made.document
    assert worst.wire.posts == [attempt.id]


async def test_a_question_that_was_lost_before_anything_was_sent_costs_no_quiet_time(
    worst: ModulKassaBench,
) -> None:
    attempt = attempt_of(worst, receipt())
    worst.faults.order(Point.REQUEST, Fault(kind=FaultKind.DROP))
    with pytest.raises(OutcomeUnknown):
        await worst.register.submit(attempt)
    assert worst.wire.posts == []
    assert isinstance(await worst.register.locate(attempt), Registered)
    assert len(truth(worst)) == 1


async def test_a_link_that_breaks_after_the_document_was_taken_is_no_proof_of_nothing(
    cloud: ModulKassaBench,
) -> None:
    cloud.service.queue.held = True
    attempt = attempt_of(cloud, receipt())
    async with asyncio.TaskGroup() as group:
        sent = group.create_task(refused(cloud.register.submit(attempt)))
        await until(lambda: len(cloud.service.queue.all()) == 1)
        await cloud.stop()
    assert isinstance(sent.result(), OutcomeUnknown)
    cloud.service.queue.held = False
    await cloud.mend_link()
    await until(lambda: len(truth(cloud)) == 1)
    assert isinstance(await cloud.register.locate(attempt), Registered)


async def refused(asked: Any) -> Exception:
    with pytest.raises(Exception) as caught:
        await asked
    return caught.value


async def test_a_document_that_waits_too_long_is_in_doubt_and_found_when_it_is_done(
    cloud: ModulKassaBench,
) -> None:
    cloud.service.queue.held = True
    attempt = attempt_of(cloud, receipt())
    register = driver(cloud, patience=0.05)
    with pytest.raises(OutcomeUnknown):
        await register.submit(attempt)
    cloud.service.queue.held = False
    await until(lambda: len(truth(cloud)) == 1)
    assert isinstance(await register.locate(attempt), Registered)


@pytest.mark.parametrize("step", [Point.BEFORE_SIGN, Point.AFTER_SIGN, Point.PRINTING])
async def test_power_lost_at_a_register_of_the_point_makes_one_document(
    cloud: ModulKassaBench, step: Point
) -> None:
    cloud.faults.order(step, Fault(kind=FaultKind.POWER_LOSS, seconds=0.1))
    made = await cloud.register.submit(attempt_of(cloud, receipt()))
    assert [made.document.fd_number] == [d.fd_number for d in truth(cloud)]


# ------------------------------------------------------------------ refusals and states


@pytest.mark.parametrize(
    ("cause", "kind"),
    [
        ("archive_full", "FN_MEMORY_OVERFLOW"), ("keys_expired", "FN_EXPIRED"), ("fault", "FN_GENERIC_FAILURE"),
        ("wrong_content", "NON_FN_FAILURE"),
    ],
)  # fmt: skip
async def test_a_document_that_failed_leads_to_one_decision(
    cloud: ModulKassaBench, cause: str, kind: str
) -> None:
    cloud.faults.order(Point.BEFORE_SIGN, Fault(kind=FaultKind.REFUSE, detail=cause))
    attempt = attempt_of(cloud, receipt())
    told = await refused(cloud.register.submit(attempt))
    assert isinstance(told, RegisterBlocked | Rejected)
    assert told.code == kind
    if kind in {"FN_MEMORY_OVERFLOW", "FN_EXPIRED"}:  # of the drive alone: others may take the receipt
        assert isinstance(told, RegisterBlocked)
        assert isinstance(await cloud.register.locate(attempt), Absent)
    else:
        assert isinstance(await refused(cloud.register.locate(attempt)), Rejected)
    assert truth(cloud) == []


async def test_a_failed_document_that_a_person_has_re_queued_is_found(cloud: ModulKassaBench) -> None:
    cloud.faults.order(Point.BEFORE_SIGN, Fault(kind=FaultKind.REFUSE, detail="fault"))
    attempt = attempt_of(cloud, receipt())
    assert isinstance(await refused(cloud.register.submit(attempt)), Rejected)
    async with httpx2.AsyncClient(auth=cloud.setup.pair, base_url=cloud.config.base_url) as client:
        answer = await client.put(f"/v1/doc/{attempt.id}/re-queue")
    assert answer.json()["status"] == "REQUEUED"
    await until(lambda: len(truth(cloud)) == 1)
    assert isinstance(await cloud.register.locate(attempt), Registered)


async def test_a_wrong_pair_blocks_the_lane_and_no_receipt(cloud: ModulKassaBench) -> None:
    register = driver(cloud, password="wrong")
    for asked in (register.submit(attempt_of(cloud, receipt())), register.status()):
        told = await refused(asked)
        assert isinstance(told, RegisterBlocked)
        assert told.reason is BlockReason.ACCESS
    assert cloud.wire.posts == []


@pytest.mark.parametrize(
    ("state", "silent", "changes", "block"),
    [
        (PointState.READY, 0.0, {}, None),
        (PointState.FAILED, 0.0, {}, None),  # only a next document can clear it
        (PointState.READY, 3600.0, {}, BlockReason.NO_LINK),
        (PointState.ASSOCIATED, 0.0, {}, BlockReason.NO_LINK),
        (PointState.ASSOCIATED, 3600.0, {"test_point": True}, None),
        (PointState.DISABLED, 0.0, {}, BlockReason.CONFIGURATION),
    ],
)
async def test_the_state_of_the_point_is_told_in_words(
    cloud: ModulKassaBench,
    state: PointState,
    silent: float,
    changes: dict[str, Any],
    block: BlockReason | None,
) -> None:
    async with httpx2.AsyncClient() as client:
        url = f"http://127.0.0.1:{cloud.port}/control/point"
        answer = await client.post(url, json={"status": state, "silent_seconds": silent})
        assert answer.json()["status"] == state
        assert (await client.post(url, json={"status": "GONE"})).status_code == 400
    status = await driver(cloud, **changes).status()
    assert (status.ready, status.block) == (block is None, block)
    assert bool(status.message) == (block is not None or state is PointState.FAILED)


async def test_a_disabled_point_blocks_the_lane_and_takes_nothing(cloud: ModulKassaBench) -> None:
    cloud.service.state = PointState.DISABLED
    told = await refused(cloud.register.submit(attempt_of(cloud, receipt())))
    assert isinstance(told, RegisterBlocked)
    assert cloud.service.queue.all() == []


# ------------------------------------------------------------------ the double by the vendor's page


def vendors(name: str, **changes: Any) -> dict[str, Any]:
    """The request sample of modulkassa/backend-api, fn/index.html, with a receipt that adds up."""
    return {
        "id": name, "docNum": "SALE-12345", "docType": "SALE", "checkoutDateTime": "2020-02-26T06:41:04+07:00",
        "email": "client@myshop.ru", "cashierName": "Иванова А.А.", "cashierInn": "770936434600",
        "cashierPosition": "Кассир", "taxMode": "COMMON", "textToPrint": "Текст для печати на чеке",
        "clientName": "Заказчик", "clientInn": "7709364346",
        "inventPositions": [{
            "inventCode": "GOOD-124", "barcode": "987654321", "name": "Товар 2", "paymentObject": "commodity",
            "paymentMethod": "full_payment", "price": 100.00, "vatTag": 1102, "quantity": 2.0, "discSum": 0.5,
        }],
        "moneyPositions": [{"paymentType": "CASH", "sum": 199.5}],
    } | changes  # fmt: skip


async def test_associating_again_takes_the_old_pair_away(cloud: ModulKassaBench) -> None:
    async with httpx2.AsyncClient(base_url=cloud.config.base_url) as client:
        account = ("account", "password")
        assert (await client.post("/v1/associate/point", auth=("account", "guess"))).status_code == 401
        missing = await client.post("/v1/associate/nowhere?clientId=crm", auth=account)
        assert (missing.status_code, missing.content) == (404, b"")
        told = (await client.post("/v1/associate/point?clientId=crm", auth=account)).json()
        pair = (told["userName"], told["password"])
        assert (await client.get("/v1/status", auth=cloud.setup.pair)).status_code == 401
        assert (await client.get("/v1/status", auth=pair)).json()["status"] == "READY"
        assert (await client.get("/v1/status")).status_code == 401
        assert (await client.delete("/v1/associate", auth=pair)).status_code == 200
        assert (await client.get("/v1/status", auth=pair)).status_code == 401
        page = await client.get(f"http://127.0.0.1:{cloud.port}/")
        assert "ТЕСТОВЫЙ ДВОЙНИК" in page.text


async def test_the_vendors_sample_climbs_the_ladder_and_is_called_back() -> None:
    async with modulkassa_bench(setup=PointSetup(callback_pause=0.02)) as cloud:
        heard: list[str] = []
        refusals = [503]

        async def ear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            line = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")[0].decode()
            code = refusals.pop() if refusals else 200
            heard.append(line)
            writer.write(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % code)
            await writer.drain()
            writer.close()

        listener = await asyncio.start_server(ear, "127.0.0.1", 0)
        port = listener.sockets[0].getsockname()[1]
        cloud.service.queue.held = True
        async with httpx2.AsyncClient(auth=cloud.setup.pair, base_url=cloud.config.base_url) as client:
            url = f"http://127.0.0.1:{port}/complete-doc?id=1"
            answer = await client.post("/v2/doc", json=vendors("a", responseURL=url))
            assert (answer.json()["status"], answer.json()["fiscalInfo"]) == ("QUEUED", None)
            cloud.service.queue.held = False
            await until(lambda: len(heard) == 2)

            async def completed() -> Any:
                told = (await client.get("/v1/doc/a/status")).json()
                return told if told["status"] == "COMPLETED" else None

            told = await until(completed)
        listener.close()
        await listener.wait_closed()
    assert heard[0].startswith("GET /complete-doc?id=1&status=SUCCESS&qr=t%3D2")
    assert told["fiscalInfo"]["sum"] == "199.50"
    assert told["fiscalInfo"]["date"].endswith(".000+0000")
    assert datetime.fromisoformat(told["timeStatusChanged"]).tzinfo is not None


@pytest.mark.parametrize(
    ("second", "status", "documents"),
    [(SecondPost.SAME, 200, 1), (SecondPost.ERROR, 400, 1), (SecondPost.NEW, 200, 2)],
)
@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_a_second_post_does_what_was_selected(
    second: SecondPost, status: int, documents: int, version: str
) -> None:
    async with modulkassa_bench(setup=PointSetup(second=second)) as cloud:
        async with httpx2.AsyncClient(auth=cloud.setup.pair, base_url=cloud.config.base_url) as client:
            assert (await client.post(f"/{version}/doc", json=vendors("a"))).status_code == 200
            assert (await client.post(f"/{version}/doc", json=vendors("a"))).status_code == status
        await until(lambda: set(cloud.service.queue.counts()) == {"done"})
        assert len(truth(cloud)) == documents


async def test_a_restart_of_the_double_forgets_no_document_and_signs_none_twice(tmp_path: Path) -> None:
    clock = SystemClock()
    register = EmulatedRegister(FiscalDrive(), clock=clock)
    register.ensure_registered(Registration())
    first = ModulKassa(PointSetup(), [register], clock=clock, path=tmp_path / "m.sqlite")
    pair = first.associate("account", "password", "point")
    first.take(msgspec.json.encode(vendors("a")))
    await _work(first)
    first.close()
    second = ModulKassa(PointSetup(), [register], clock=clock, path=tmp_path / "m.sqlite")
    second.admit(pair["userName"], pair["password"])
    assert second.status("a")["status"] == "COMPLETED"
    await _work(second)
    second.close()
    assert sum(document.code == 3 for document in register.drive.documents()) == 1
    register.close()


async def _work(service: ModulKassa) -> None:
    task = asyncio.create_task(service.queue.run())
    await until(lambda: set(service.queue.counts()) == {"done"})
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_the_form_of_the_settings_is_the_registers_own() -> None:
    from chekpoint.app.compose import CONFIGS, register_makers

    assert CONFIGS["modulkassa"] is ModulKassaConfig
    assert "modulkassa" in register_makers(SystemClock())
