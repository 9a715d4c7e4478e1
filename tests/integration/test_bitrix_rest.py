"""The REST cashbox against an emulated site: real HTTP both ways, and everything that makes the site fail open."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import pytest

from chekpoint.core.errors import Rejected, StoreError
from chekpoint.emulators.bitrix_site.checks import Status
from chekpoint.emulators.bitrix_site.orders import VAT_IDS, Line
from chekpoint.emulators.bitrix_site.site import Site
from chekpoint.fiscal.receipt import Taxation
from chekpoint.fiscal.vat import VatRate
from chekpoint.hub.hub import Hub
from chekpoint.hub.shop_rules import ShopRules, VatRule
from chekpoint.shops.bitrix import BitrixSettings, Cashbox
from chekpoint.shops.bitrix.connecting import RestPlan, Step, register
from chekpoint.shops.bitrix.transport import open_client
from tests.bitrix_rig import (
    NumberedRegister,
    World,
    connected,
    door,
    marks,
    opened,
    paid,
    printed,
    shop_of,
    world,
)
from tests.unit.hub_bench import rows, settled, sqlite

pytestmark = pytest.mark.anyio
SECRET = "s" * 32
RATES = {"none": VatRate.NONE, "vat20": VatRate.VAT20, "vat22": VatRate.VAT22}
RULES = ShopRules(
    taxation=Taxation.OSN, vat=tuple(VatRule(received=f"id:{VAT_IDS[n]}", rate=r) for n, r in RATES.items())
)


class Scene(NamedTuple):
    hub: Hub
    site: Site
    place: World
    address: str
    register: NumberedRegister
    steps: list[Step]


@asynccontextmanager
async def scene(folder: Path, *, push: bool = False, **more: Any) -> AsyncIterator[Scene]:
    """A site whose REST cashbox was made by the connector itself."""
    bare = NumberedRegister("9999078900000001", "00106702123456")
    async with world() as place:
        site = place.sites.add("shop.test")
        site.make_webhook("w" * 16)
        webhook = f"{place.address}/s/shop.test/rest/1/{'w' * 16}"
        box = Cashbox(secret=SECRET, webhook=webhook if push else None)
        shop = shop_of(BitrixSettings(cashbox=box, rules=more.get("rules", RULES)))
        async with (
            connected(sqlite(folder), {"r1": bare}, shop) as hub,
            door(hub) as address,
            open_client() as http,
        ):
            plan = RestPlan(
                webhook, f"{address}/bitrix/{SECRET}", "chekpoint", "Chekpoint", "shop@shop.test", active=True
            )
            steps = [step async for step in register(http, plan)]
            yield Scene(hub, site, place, f"{address}/bitrix/{SECRET}", bare, steps)


async def test_connecting_makes_handler_and_cashbox_and_says_each_step(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        assert [step.ok for step in at.steps[:3]] == [True, True, True]
        (box,) = at.site.cashboxes()
        assert box.active
        assert at.site.state.handlers[1].supports_ffd105


async def test_a_paid_order_is_printed_once_the_site_asks(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        check = await paid(at.site)
        assert check.status is Status.PENDING
        await settled(at.hub, 1)
        await at.site.printers.run_agent()
        link = at.site.check(check.id).link
    assert at.site.check(check.id).status is Status.PRINTED
    assert link["fn_number"] == "9999078900000001"
    assert int(link["doc_time"]) > 1_700_000_000


async def test_the_site_is_told_at_once_with_a_webhook(tmp_path: Path) -> None:
    async with scene(tmp_path, push=True) as at:
        check = await paid(at.site)
        await printed(at.site, check.id)
        assert at.site.check(check.id).proven


async def test_trap_result_before_the_site_has_stored_our_uuid_is_repeated(tmp_path: Path) -> None:
    async with scene(tmp_path, push=True) as at:
        order = at.site.create_order([Line(price=10_000)], email="buyer@example.com")
        paying = asyncio.ensure_future(at.site.pay(order.id))
        check = await paying
        assert check is not None
        await printed(at.site, check.id)
    assert len(marks(at.register)) == 1


async def test_trap_check_url_says_wait_until_there_is_a_document(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        at.register.open.clear()
        check = await paid(at.site)
        await at.site.printers.run_agent()
        assert at.site.check(check.id).status is Status.PENDING
        at.register.open.set()
        await settled(at.hub, 1)
        await at.site.printers.run_agent()
        assert at.site.check(check.id).proven


@pytest.mark.parametrize(
    "body", [b"", b"uuid=", b"uuid=unknown", b"\xff\xfe", b"uuid[a]=1", b"uuid=1&uuid[x]=2"]
)
@pytest.mark.parametrize("method", ["POST", "GET", "PUT"])
async def test_trap_check_url_never_answers_what_the_site_takes_for_printed(
    tmp_path: Path, body: bytes, method: str
) -> None:
    async with scene(tmp_path) as at, httpx2.AsyncClient(trust_env=False) as http:
        for address in (f"{at.address}/check", f"{at.address}wrong/check", f"{at.address}/nothing"):
            answer = await http.request(method, address, content=body)
            assert (answer.status_code, answer.json()) == (200, {"STATUS": "WAIT"})


async def test_trap_check_url_says_wait_while_the_journal_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_look: object) -> object:
        raise StoreError("disk")

    async with scene(tmp_path) as at, httpx2.AsyncClient(trust_env=False) as http:
        check = await paid(at.site)
        with monkeypatch.context() as patch:
            patch.setattr(at.hub.store, "read", broken)
            answer = await http.post(
                f"{at.address}/check", data={"uuid": at.site.check(check.id).external_uuid}
            )
        assert answer.json() == {"STATUS": "WAIT"}


async def test_trap_print_url_answers_200_and_errors_whatever_comes(tmp_path: Path) -> None:
    bodies = [b"", b"unique_id=5", b"unique_id=-1&items[0][name]=x", b"items[[[[[[[[[[[a]=1", b"\xff", b"a=1&a[b]=2",
              b"unique_id=5&items[0][sum]=NaN&items[0][quantity]=1e999999999", b'{"unique_id": 5}', b"{" * 100_000]  # fmt: skip
    async with scene(tmp_path) as at, httpx2.AsyncClient(trust_env=False) as http:
        for body in bodies:
            answer = await http.post(f"{at.address}/print", content=body)
            assert answer.status_code == 200
            assert list(answer.json()) == ["ERRORS"], body[:50]
        wrong = await http.post(f"{at.address}wrong/print", content=b"unique_id=5")
        assert list(wrong.json()) == ["ERRORS"]
        assert await rows(at.hub.store, "receipt") == []


async def test_trap_lost_answer_of_print_url_makes_no_second_document(tmp_path: Path) -> None:
    """The site shows E though the receipt was taken; printing again brings the same UUID."""
    async with scene(tmp_path) as at, httpx2.AsyncClient(trust_env=False) as http:
        check = await paid(at.site)
        first = at.site.check(check.id).external_uuid
        form = {
            "unique_id": str(check.id), "operation": "income", "type": "sell", "total_sum": "100",
            "items[0][name]": "Товар", "items[0][price]": "100", "items[0][sum]": "100", "items[0][quantity]": "1",
            "items[0][vat]": "4", "items[0][payment_object]": "commodity", "items[0][payment_method]": "full_payment",
            "payments[0][type]": "cashless", "payments[0][sum]": "100", "client_email": "buyer@example.com",
            "uuid": f"check|www.shop.test|{check.id}|1",
        }  # fmt: skip
        again = await http.post(f"{at.address}/print", data=form)
        assert again.json() == {"UUID": first}
        await settled(at.hub, 1)
    assert len(marks(at.register)) == 1


async def test_trap_the_vat_is_an_id_and_an_unknown_one_is_refused(tmp_path: Path) -> None:
    async with scene(tmp_path, rules=ShopRules(taxation=Taxation.OSN)) as at:
        check = await paid(at.site, Line(price=10_000, vat="vat22"))
        assert check.status is Status.ERROR
        assert "id:7" in check.error
        await opened(at.hub, "bitrix_check_refused")


async def test_trap_no_taxation_system_is_sent_and_without_a_rule_nothing_is_registered(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path, rules=ShopRules(vat=RULES.vat)) as at:
        check = await paid(at.site)
        assert check.status is Status.ERROR
        assert "налогообложения" in check.error


async def test_a_register_that_refuses_makes_the_check_an_error_with_its_words(tmp_path: Path) -> None:
    async with scene(tmp_path, push=True) as at:
        at.register.script.append(Rejected("Некорректный ИНН", code="1"))
        check = await paid(at.site)
        await printed(at.site, check.id, status=Status.ERROR)
        assert "Некорректный ИНН" in at.site.check(check.id).error
