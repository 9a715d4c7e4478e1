"""The PyPI client `django-atol` is somebody else's reading of the v4 protocol: it must get through with no change."""

import uuid
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, TypeVar

import anyio.to_thread
import pytest

from chekpoint.core.errors import Rejected
from chekpoint.fiscal.receipt import Taxation
from chekpoint.hub.passwords import hashed
from chekpoint.shops.atol_online import KIND, AtolOnlineSettings, connect, routes
from tests.cloud_doors import INN, CloudDoor, cloud_door, shop_of

pytestmark = pytest.mark.anyio
T = TypeVar("T")
SETTINGS = AtolOnlineSettings(
    login="shop", password_hash=hashed("secret"), group_code="group-1", taxation=Taxation.OSN
)


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[CloudDoor]:
    shops = [shop_of(KIND, SETTINGS)]
    async with cloud_door(f"sqlite:///{tmp_path}/hub.db", routes, {KIND: connect}, shops) as made:
        yield made


@pytest.fixture
def api(door: CloudDoor) -> Any:
    """The client, told our address in the place of the service's."""
    from django.conf import settings

    if not settings.configured:
        settings.configure(
            CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}, USE_TZ=True
        )
    for name, value in {
        "BASE_URL": f"{door.url}/possystem/v4/", "LOGIN": "shop", "PASSWORD": "secret", "GROUP_CODE": "group-1",
        "TAX_NAME": "vat22", "TAX_SYSTEM": "osn", "INN": INN, "PAYMENT_METHOD": "full_payment",
        "PAYMENT_OBJECT": "service", "CALLBACK_URL": None, "PAYMENT_ADDRESS": "https://shop.example",
        "COMPANY_EMAIL": "shop@example.ru",
    }.items():  # fmt: skip
        setattr(settings, f"RECEIPTS_ATOL_{name}", value)
    from atol.core import AtolAPI
    from django.core.cache import cache

    cache.clear()
    return AtolAPI()


def order(**more: Any) -> dict[str, Any]:
    return {
        "timestamp": "2026-11-24T12:00:00", "transaction_uuid": str(uuid.uuid4()), "purchase_name": "Подписка",
        "purchase_price": 299.9, "user_email": "buyer@example.ru", **more,
    }  # fmt: skip


async def in_thread(work: Callable[[], T]) -> T:
    return await anyio.to_thread.run_sync(work)


async def reported(api: Any, handle: str) -> dict[str, Any]:
    """As its task does: a recoverable error means to ask again."""
    from atol.exceptions import AtolRecoverableError

    with anyio.fail_after(20):
        while True:
            try:
                found: dict[str, Any] = (await in_thread(lambda: api.report(handle))).data
            except AtolRecoverableError:
                await anyio.sleep(0.05)
            else:
                return found


async def test_sale_refund_and_report_go_through(door: CloudDoor, api: Any) -> None:
    sold = await in_thread(lambda: api.sell(**order()))
    done = await reported(api, sold.uuid)
    assert done["status"] == "done"
    refund = order(
        payment_type=4,
        purchase_price=done["payload"]["total"],
        original_fiscal_number=done["payload"]["fiscal_document_attribute"],
    )
    returned = await in_thread(lambda: api.sell_refund(**refund))
    assert (await reported(api, returned.uuid))["payload"]["total"] == 299.9
    assert [(line.kind, line.total) for line in await door.lines()] == [
        ("sale", 29990), ("sale_return", 29990),
    ]  # fmt: skip


async def test_a_receipt_sent_twice_is_one_receipt_with_one_uuid(door: CloudDoor, api: Any) -> None:
    once = order()
    first = await in_thread(lambda: api.sell(**once))
    second = await in_thread(lambda: api.sell(**once))
    assert second.uuid == first.uuid
    assert second.data["error"]["code"] == 33
    assert second.data["status"] == "wait"
    assert len(await door.lines()) == 1


async def test_a_token_that_died_is_asked_for_anew(door: CloudDoor, api: Any) -> None:
    await in_thread(lambda: api.sell(**order()))
    changed = AtolOnlineSettings(
        login="shop", password_hash=hashed("secret"), group_code="group-1", taxation=Taxation.OSN
    )
    await door.configure(changed)  # another hash of the password: every token before is void
    await in_thread(lambda: api.sell(**order()))
    assert len(await door.lines()) == 2


async def test_a_wrong_password_is_told_as_such(door: CloudDoor, api: Any) -> None:
    from atol.exceptions import AtolRecoverableError
    from django.conf import settings

    settings.RECEIPTS_ATOL_PASSWORD = "wrong"
    with pytest.raises(AtolRecoverableError):
        await in_thread(lambda: api.sell(**order()))
    assert await door.lines() == []


async def test_what_a_register_refuses_ends_as_a_failure(door: CloudDoor, api: Any) -> None:
    from atol.exceptions import AtolUnrecoverableError

    door.register.script.append(Rejected("Неверный ИНН", code="66"))
    sold = await in_thread(lambda: api.sell(**order()))
    with pytest.raises(AtolUnrecoverableError):
        await reported(api, sold.uuid)


async def test_a_receipt_that_breaks_the_law_is_refused(door: CloudDoor, api: Any) -> None:
    from atol.exceptions import AtolRecoverableError

    with pytest.raises(AtolRecoverableError):
        await in_thread(lambda: api.sell(**order(purchase_name=" ")))
    assert await door.lines() == []
