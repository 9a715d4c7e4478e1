"""ATOL Online as a register of a hub, and somebody else's client against its test double."""

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import anyio.to_thread
import httpx2
import pytest
from starlette.applications import Starlette

from chekpoint.app.callbacks import callback_routes
from chekpoint.core.clock import SystemClock
from chekpoint.core.errors import BlockReason, NotSent, OutcomeUnknown, RegisterBlocked, Rejected
from chekpoint.core.ports import Attempt, Registered
from chekpoint.emulators.atol_cloud.service import AtolCloud, CloudSetup
from chekpoint.emulators.drive_archive import Registration
from chekpoint.emulators.faults import Fault, FaultKind, FaultPlan, Point
from chekpoint.emulators.fiscal_drive import FiscalDrive
from chekpoint.emulators.register import EmulatedRegister
from chekpoint.fiscal.receipt import Buyer
from chekpoint.registers.atol_online import AtolOnlineConfig, AtolOnlineRegister
from chekpoint.registers.atol_online.body import body_of
from chekpoint.registers.atol_online.errors import of_fail, of_post
from chekpoint.registers.cloud_body import encode
from tests.contract.atol_online_bench import AtolOnlineBench, Wire, atol_online_bench
from tests.contract.register_bench import attempt_of, truth
from tests.doubles.hubs import running, sale
from tests.emulated_world import item, receipt
from tests.unit.hub_bench import offer, settled, sqlite
from tests.waiting import until

pytestmark = pytest.mark.anyio
FNS = ("9999078900000001", "9999078900000002")
T = TypeVar("T")


@pytest.fixture
async def cloud() -> AsyncIterator[AtolOnlineBench]:
    async with atol_online_bench("v5") as made:
        yield made


async def test_a_hub_registers_through_the_cloud_and_says_no_more_than_signed(
    cloud: AtolOnlineBench, tmp_path: Path
) -> None:
    async with running(sqlite(tmp_path), {"c1": cloud.register}) as hub:
        await _same_inn(hub.store)
        await hub.reload()
        cloud.lose_answer()
        await offer(hub, sale(1), sale(2))
        receipts = await settled(hub, 2)
    assert {row["proof"] for row in receipts} == {10}
    assert sorted(row["fd_number"] for row in receipts) == [d.fd_number for d in truth(cloud)]
    notes = {d.receipt.note for d in truth(cloud) if d.receipt is not None}
    assert notes == {row["mark"] for row in receipts}  # each document names its order


async def _same_inn(store: Any) -> None:
    """The bench's group is of another INN than the seller of other tests."""
    from sqlalchemy import update

    from chekpoint.store.sql import Query
    from chekpoint.store.tables import seller

    await store.write(lambda tx: tx.run(Query(update(seller).values(inn="7700000016"))))


async def test_a_callback_wakes_the_lane_and_nothing_else(cloud: AtolOnlineBench, tmp_path: Path) -> None:
    async with running(sqlite(tmp_path), {"c1": cloud.register}) as hub:
        transport = httpx2.ASGITransport(app=Starlette(routes=callback_routes(hub)))
        async with httpx2.AsyncClient(transport=transport, base_url="http://hub.example") as client:
            assert (await client.post("/callbacks/registers/c1", content=b"{")).status_code == 200
            assert (await client.post("/callbacks/registers/nobody", json={"uuid": "x"})).status_code == 200
            hub.lanes["c1"].row = hub.lanes["c1"].row._replace(
                draining=1
            )  # it works no more, and may be rung all the same
            assert (await client.get("/callbacks/registers/c1")).status_code == 200


async def test_a_receipt_without_contact_is_refused_before_the_first_byte(cloud: AtolOnlineBench) -> None:
    with pytest.raises(Rejected) as refused:
        await cloud.register.submit(attempt_of(cloud, receipt(item(), buyer=Buyer())))
    assert refused.value.code == "unsupported"
    assert cloud.cloud.ledger.all() == []


async def test_a_wrong_password_blocks_the_lane_and_no_receipt(cloud: AtolOnlineBench) -> None:
    config = AtolOnlineConfig(
        login="chekpoint", password="wrong", group_code="group", inn="7700000016", email="a@b.ru",
        payment_address="https://shop.example", base_url=cloud.config.base_url,
    )  # fmt: skip
    register = AtolOnlineRegister(config, SystemClock())
    with pytest.raises(RegisterBlocked) as blocked:
        await register.submit(attempt_of(cloud, receipt(item())))
    await register.aclose()
    assert blocked.value.reason is BlockReason.ACCESS


async def test_another_inn_than_the_groups_blocks_the_lane(cloud: AtolOnlineBench) -> None:
    config = AtolOnlineConfig(
        login="chekpoint", password="password", group_code="group", inn="7707083893", email="a@b.ru",
        payment_address="https://shop.example", base_url=cloud.config.base_url, poll_every=0.02,
    )  # fmt: skip
    register = AtolOnlineRegister(config, SystemClock())
    with pytest.raises(RegisterBlocked) as blocked:
        await register.submit(attempt_of(cloud, receipt(item())))
    await register.aclose()
    assert (blocked.value.reason, blocked.value.code) == (BlockReason.CONFIGURATION, "2009")


async def test_an_expired_token_is_renewed_and_the_receipt_is_registered_once(cloud: AtolOnlineBench) -> None:
    await cloud.register.status()
    cloud.cloud.tokens.clear()
    await cloud.register.submit(attempt_of(cloud, receipt(item())))
    assert len(truth(cloud)) == 1


async def test_a_group_without_a_working_register_gives_the_receipt_back(cloud: AtolOnlineBench) -> None:
    cloud.emulated.power_off()
    cloud.cloud.setup = cloud.cloud.setup.__class__(queue_seconds=0.0)
    with pytest.raises(NotSent):
        await cloud.register.submit(attempt_of(cloud, receipt(item())))
    assert truth(cloud) == []


async def test_a_link_that_breaks_after_the_service_took_the_receipt_leaves_it_in_doubt(
    cloud: AtolOnlineBench,
) -> None:
    class Breaking(Wire):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            if "/report/" in request.url.path:
                raise httpx2.ConnectError("no link")
            return await super().handle_async_request(request)

    async with httpx2.AsyncClient(transport=Breaking()) as http:
        register = AtolOnlineRegister(cloud.config, SystemClock(), http=http)
        attempt = attempt_of(cloud, receipt(item()))
        with pytest.raises(OutcomeUnknown):
            await register.submit(attempt)
    assert isinstance(await cloud.register.locate(attempt), Registered)
    assert len(truth(cloud)) == 1


async def test_a_register_that_died_after_signing_is_not_doubled_by_another_one_of_the_group() -> None:
    plan = FaultPlan()
    group = [EmulatedRegister(FiscalDrive(fn), clock=SystemClock(), faults=plan) for fn in FNS]
    for one in group:
        one.ensure_registered(Registration())
    service = AtolCloud(CloudSetup(), group, clock=SystemClock())
    plan.order(Point.AFTER_SIGN, Fault(kind=FaultKind.POWER_LOSS, seconds=0.2))
    content = receipt(item(), note="order-mark-00001")
    config = AtolOnlineConfig(
        login="a", password="b", group_code="group", inn="7700000016", email="a@b.ru", payment_address="https://s.example"
    )  # fmt: skip
    attempt = Attempt(
        id="1", receipt_id="1", receipt=content, mark="m" * 16, digest="d", fn="", last_fd=0, fence=1
    )
    uuid = service.register("v5", "sell", encode(body_of(attempt, config, SystemClock().now())))["uuid"]
    work = asyncio.create_task(service.run())
    await until(lambda: service.report(uuid)["status"] != "wait")
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    signed = [d for one in group for d in one.drive.documents() if d.code == 3]
    assert len(signed) == 1
    service.close()
    for one in group:
        one.close()


@pytest.mark.parametrize("code", [0, 1, 10, 12, 13, 14, 20, 21, 30, 31, 32, 40, 41, 50, 999])
def test_no_refusal_of_the_service_is_left_undecided(code: int) -> None:
    assert of_post(code, "text", 500 if code == 50 else 400).message


@pytest.mark.parametrize("kind", ["none", "unknown", "system", "driver", "timeout", "agent"])
@pytest.mark.parametrize("code", [-3822, 0, 1, 44, 68, 139, 2003, 2009])
def test_no_final_answer_of_the_service_is_left_undecided(kind: str, code: int) -> None:
    assert of_fail(kind, code, "text").message


@pytest.fixture
async def api() -> AsyncIterator[tuple[Any, AtolOnlineBench]]:
    """The PyPI client `django-atol`, told the double's address in the place of the service's."""
    from django.conf import settings

    if not settings.configured:
        settings.configure(
            CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}, USE_TZ=True
        )
    async with atol_online_bench("v4") as made:
        for name, value in {
            "BASE_URL": f"{made.config.base_url}/v4/", "LOGIN": "chekpoint", "PASSWORD": "password", "GROUP_CODE": "group",
            "TAX_NAME": "vat22", "TAX_SYSTEM": "osn", "INN": "7700000016", "PAYMENT_METHOD": "full_payment",
            "PAYMENT_OBJECT": "service", "CALLBACK_URL": None, "PAYMENT_ADDRESS": "https://shop.example",
            "COMPANY_EMAIL": "shop@example.ru",
        }.items():  # fmt: skip
            setattr(settings, f"RECEIPTS_ATOL_{name}", value)
        from atol.core import AtolAPI
        from django.core.cache import cache

        cache.clear()
        yield AtolAPI(), made


async def threaded(work: Callable[[], T]) -> T:
    return await anyio.to_thread.run_sync(work)


async def test_django_atol_sells_refunds_and_reads_its_reports_from_the_double(
    api: tuple[Any, AtolOnlineBench],
) -> None:
    client, made = api
    order = {
        "timestamp": "2026-11-24T12:00:00", "purchase_name": "Подписка", "purchase_price": 299.9, "user_email": "b@example.ru",
    }  # fmt: skip
    sold = await threaded(lambda: client.sell(transaction_uuid="1", **order))
    again = await threaded(lambda: client.sell(transaction_uuid="1", **order))
    assert again.uuid == sold.uuid
    back = await threaded(lambda: client.sell_refund(transaction_uuid="2", **order))
    await until(lambda: len(truth(made)) >= 2)
    told = [await threaded(partial(client.report, one.uuid)) for one in (sold, back)]
    numbers = [one.data["payload"]["fiscal_document_number"] for one in told]
    assert numbers == [d.fd_number for d in truth(made)]
    assert [d.kind for d in truth(made)] == [1, 2]
