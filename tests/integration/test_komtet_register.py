"""Komtet Kassa as a register of a hub, and the vendor's own SDK against its test double."""

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import anyio.to_thread
import httpx2
import msgspec
import pytest

from chekpoint.core.clock import SystemClock
from chekpoint.core.errors import BlockReason, OutcomeUnknown, RegisterBlocked, Rejected
from chekpoint.core.ports import Registered
from chekpoint.emulators.drive_archive import Registration
from chekpoint.emulators.faults import Fault, FaultKind, Point
from chekpoint.emulators.fiscal_drive import FiscalDrive
from chekpoint.emulators.komtet.service import Komtet, ShopSetup
from chekpoint.emulators.register import EmulatedRegister
from chekpoint.registers.komtet import KomtetRegister
from tests.contract.komtet_bench import KomtetBench, komtet_bench
from tests.contract.register_bench import attempt_of, truth
from tests.doubles.hubs import running, sale
from tests.emulated_world import item, receipt
from tests.unit.hub_bench import offer, settled, sqlite
from tests.waiting import until

pytestmark = pytest.mark.anyio
T = TypeVar("T")
QUIET = ShopSetup(callback_names_task=False, callback_tries=1)


@pytest.fixture
async def cloud() -> AsyncIterator[KomtetBench]:
    async with komtet_bench() as made:
        yield made


async def test_a_hub_registers_through_the_cloud_and_says_no_more_than_signed(tmp_path: Path) -> None:
    setup = ShopSetup(inn="7707083893", callback_pause=0.02)
    async with komtet_bench(setup=setup) as cloud:
        async with running(sqlite(tmp_path), {"c1": cloud.register}) as hub:
            cloud.lose_answer()
            await offer(hub, sale(1), sale(2))
            receipts = await settled(hub, 2)
        assert {row["proof"] for row in receipts} == {10}
        assert sorted(row["fd_number"] for row in receipts) == [d.fd_number for d in truth(cloud)]
        notes = {d.receipt.note for d in truth(cloud) if d.receipt is not None}
        assert notes == {row["mark"] for row in receipts}  # each document names its order


async def test_a_passive_queue_blocks_the_lane_in_words(cloud: KomtetBench) -> None:
    cloud.service.queue.held = True
    status = await cloud.register.status()
    assert (status.ready, status.block) == (False, BlockReason.NO_LINK)
    assert "очередь" in status.message


async def test_a_task_that_waits_too_long_is_in_doubt_and_found_when_it_is_done(cloud: KomtetBench) -> None:
    cloud.service.queue.held = True
    config = msgspec.structs.replace(cloud.config, patience=0.05)
    register = KomtetRegister(config, SystemClock(), http=cloud.http)
    attempt = attempt_of(cloud, receipt())
    with pytest.raises(OutcomeUnknown):
        await register.submit(attempt)
    with pytest.raises(OutcomeUnknown):
        await register.locate(attempt)
    cloud.service.queue.held = False
    await until(lambda: len(truth(cloud)) == 1)
    assert isinstance(await register.locate(attempt), Registered)


async def test_a_link_that_breaks_after_the_task_was_taken_is_no_proof_of_nothing(cloud: KomtetBench) -> None:
    """The receipt must not go back to the queue: another attempt would register it again."""
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


async def test_a_service_that_names_no_task_leaves_the_receipt_to_a_person_and_makes_no_second_one() -> None:
    async with komtet_bench(setup=QUIET) as cloud:
        attempt = attempt_of(cloud, receipt())
        config = msgspec.structs.replace(cloud.config, callback_url=None)
        register = KomtetRegister(config, SystemClock(), http=cloud.http)
        cloud.lose_answer()
        with pytest.raises(OutcomeUnknown):
            await register.submit(attempt)
        for _ in range(3):
            with pytest.raises(OutcomeUnknown) as unsure:
                await register.locate(attempt)
            assert "кабинет" in unsure.value.message
        await until(lambda: len(truth(cloud)) == 1)
        assert len(cloud.service.queue.all()) == 1


async def test_a_short_callback_tells_that_it_is_done_but_proves_no_document() -> None:
    async with komtet_bench(setup=QUIET) as cloud:
        attempt = attempt_of(cloud, receipt())
        cloud.lose_answer()
        with pytest.raises(OutcomeUnknown):
            await cloud.register.submit(attempt)
        await until(lambda: cloud.heard == [attempt.id])
        with pytest.raises(OutcomeUnknown):
            await cloud.register.locate(attempt)


async def test_a_forged_callback_is_not_believed(cloud: KomtetBench) -> None:
    async with httpx2.AsyncClient() as client:
        answer = await client.post(cloud.callback_url, json={"external_id": "a", "state": "done", "id": 1})
    assert answer.status_code == 403
    assert cloud.heard == []


async def test_a_wrong_secret_blocks_the_lane_and_no_receipt(cloud: KomtetBench) -> None:
    config = msgspec.structs.replace(cloud.config, secret="wrong")
    register = KomtetRegister(config, SystemClock())
    for asked in (register.submit(attempt_of(cloud, receipt())), register.status()):
        with pytest.raises(RegisterBlocked) as blocked:
            await asked
        assert blocked.value.reason is BlockReason.ACCESS
    await register.aclose()
    assert cloud.service.queue.all() == []


async def test_another_queue_blocks_the_lane(cloud: KomtetBench) -> None:
    register = KomtetRegister(msgspec.structs.replace(cloud.config, queue_id=77), SystemClock())
    with pytest.raises(RegisterBlocked) as blocked:
        await register.submit(attempt_of(cloud, receipt()))
    await register.aclose()
    assert blocked.value.reason is BlockReason.CONFIGURATION


async def test_a_register_that_refuses_a_receipt_gives_the_services_words(cloud: KomtetBench) -> None:
    cloud.faults.order(Point.BEFORE_SIGN, Fault(kind=FaultKind.REFUSE, detail="archive_full"))
    attempt = attempt_of(cloud, receipt())
    with pytest.raises(Rejected) as refused_:
        await cloud.register.submit(attempt)
    assert "Архив ФН" in refused_.value.message
    with pytest.raises(Rejected):
        await cloud.register.locate(attempt)
    assert truth(cloud) == []


@pytest.mark.parametrize("step", [Point.BEFORE_SIGN, Point.AFTER_SIGN, Point.PRINTING])
@pytest.mark.parametrize("kind", [FaultKind.POWER_LOSS, FaultKind.DROP])
async def test_power_lost_at_a_register_of_the_service_makes_one_document(
    cloud: KomtetBench, step: Point, kind: FaultKind
) -> None:
    cloud.faults.order(step, Fault(kind=kind, seconds=0.1))
    made = await cloud.register.submit(attempt_of(cloud, receipt()))
    assert [made.document.fd_number] == [d.fd_number for d in truth(cloud)]


async def test_a_restart_of_the_double_forgets_no_task_and_signs_none_twice(tmp_path: Path) -> None:
    clock = SystemClock()
    register = EmulatedRegister(FiscalDrive(), clock=clock)
    register.ensure_registered(Registration())
    first = Komtet(ShopSetup(), [register], clock=clock, path=tmp_path / "k.sqlite")
    body = b"""{"external_id":"o1","intent":"sell","client":{"email":"a@b.ru"},"company":{"payment_address":"s.ru","sno":0},
      "payments":[{"sum":100,"type":"card"}],"positions":[{"name":"T","measure":0,"price":100,"quantity":1,"total":100,
      "payment_object":"product","payment_method":"full_payment","vat":"22"}]}"""
    assert first.take(body)["state"] == "new"
    await _work(first)
    first.close()
    second = Komtet(ShopSetup(), [register], clock=clock, path=tmp_path / "k.sqlite")
    assert second.task(1)["state"] == "done"
    await _work(second)
    second.close()
    assert sum(document.code == 3 for document in register.drive.documents()) == 1
    register.close()


async def _work(service: Komtet) -> None:
    task = asyncio.create_task(service.queue.run())
    await until(lambda: set(service.queue.counts()) == {"done"})
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


# ------------------------------------------------------------------ the vendor's SDK


async def threaded(work: Callable[[], T]) -> T:
    return await anyio.to_thread.run_sync(work)


@pytest.fixture
def sdk(cloud: KomtetBench) -> Any:
    from komtet_kassa_sdk.v2 import Client

    return Client("shop", "secret").set_host(cloud.config.base_url).set_default_queue(1)


def check(name: str, *, intent: str = "sell", correction: bool = False) -> Any:
    from komtet_kassa_sdk.v2 import Check, CorrectionCheck, Position

    made = CorrectionCheck(name, intent) if correction else Check(name, intent)
    made.set_client(email="buyer@example.com")
    made.set_company(payment_address="shop.ru", tax_system=0)
    made.add_position(Position(
        name="Товар", price=49.95, quantity=2, measure=0, payment_object="product", payment_method="full_payment",
        total=99.9, vat="22",
    ))  # fmt: skip
    made.add_payment(99.9)
    return made


async def test_komtet_sdk_registers_and_reads_its_document(cloud: KomtetBench, sdk: Any) -> None:
    assert await threaded(sdk.is_queue_active)
    task = await threaded(partial(sdk.create_task, check("o1")))
    assert (task.external_id, task.print_queue_id, task.state) == ("o1", 1, "new")
    await until(lambda: len(truth(cloud)) == 1)
    told = await threaded(partial(sdk.get_task_info, task.id))
    (document,) = truth(cloud)
    assert (told.state, told.error_description) == ("done", None)
    assert (told.fiscal_data["i"], told.fiscal_data["fn"]) == (str(document.fd_number), document.fn)
    assert (told.fiscal_data["fp"], told.fiscal_data["s"]) == (str(document.fiscal_sign), "99.90")


async def test_komtet_sdk_is_refused_a_second_task_under_one_id(cloud: KomtetBench, sdk: Any) -> None:
    from requests.exceptions import HTTPError

    await threaded(partial(sdk.create_task, check("o1")))
    with pytest.raises(HTTPError) as refused_:
        await threaded(partial(sdk.create_task, check("o1")))
    answer = refused_.value.response
    assert answer is not None
    assert answer.status_code == 422
    assert answer.json()["description"].endswith("Чек с внешним идентификатором o1 уже существует")
    await until(lambda: len(truth(cloud)) == 1)


async def test_komtet_sdk_returns_corrects_and_sends_many(cloud: KomtetBench, sdk: Any) -> None:
    back = check("o2", intent="sellReturn")
    fix = check("o3", intent="sellCorrection", correction=True)
    fix.set_correction_info("self", "01.11.2026", "K11")
    tasks = await threaded(partial(sdk.create_tasks, [check("o1"), back, fix]))
    assert [task.external_id for task in tasks] == ["o1", "o2", "o3"]
    await until(lambda: len(truth(cloud)) == 3)
    assert [(d.code, d.kind) for d in truth(cloud)] == [(3, 1), (3, 2), (31, 1)]


async def test_komtet_sdk_with_agents_marks_and_properties(cloud: KomtetBench, sdk: Any) -> None:
    from komtet_kassa_sdk.v2 import Agent, Position

    made = check("o1")
    position = Position(
        name="Сигареты", price=100, quantity=1, measure=0, payment_object="tm", payment_method="full_payment", vat="5",
    )  # fmt: skip
    position.set_mark_code("gs1m", "010460043993125621JgXJ5.T")
    position.set_agent(Agent("commissionaire", phone="+79998887766", name="Поставщик", inn="7709364346"))
    made.add_position(position)
    made.add_payment(100, "cash")
    made.set_additional_check_props("445334544")
    made.set_additional_user_props("Курьер", "Пётр")
    made.set_cashier("Иванов И. И.", "770936434600")
    await threaded(partial(sdk.create_task, made))
    await until(lambda: len(truth(cloud)) == 1)
    signed = truth(cloud)[0].receipt
    assert signed is not None
    assert signed.items[1].mark_code == "010460043993125621JgXJ5.T"
    assert signed.items[1].agent is not None
    assert signed.note == "445334544"


async def test_komtet_sdk_sees_a_passive_queue_and_a_wrong_secret(cloud: KomtetBench, sdk: Any) -> None:
    from komtet_kassa_sdk.v2 import Client
    from requests.exceptions import HTTPError

    async with httpx2.AsyncClient() as client:
        url = f"{cloud.config.base_url}/control/queue"
        assert (await client.post(url, json={"active": False})).json()["state"] == "passive"
        assert (await client.post(url, content=b"{")).status_code == 400
        page = await client.get(cloud.config.base_url + "/")
        assert "ТЕСТОВЫЙ ДВОЙНИК" in page.text
    assert not await threaded(sdk.is_queue_active)
    stranger = Client("shop", "guess").set_host(cloud.config.base_url)
    with pytest.raises(HTTPError) as refused_:
        await threaded(partial(stranger.is_queue_active, 1))
    assert refused_.value.response is not None
    assert refused_.value.response.status_code == 403


async def test_one_item_of_many_kopecks_is_what_the_hub_said(cloud: KomtetBench) -> None:
    made = await cloud.register.submit(attempt_of(cloud, receipt(item(9_999_999_99))))
    assert made.document.total == 9_999_999_99
