"""1C-Bitrix's own cloud cashboxes, as the emulated site has them, against the door: the site must be told the truth."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from chekpoint.core.clock import SystemClock
from chekpoint.core.errors import BlockReason, Rejected
from chekpoint.emulators.bitrix_site.cashboxes import CashboxSettings, Handler
from chekpoint.emulators.bitrix_site.checks import Check, Status
from chekpoint.emulators.bitrix_site.face import Sites
from chekpoint.emulators.bitrix_site.orders import Line
from chekpoint.emulators.bitrix_site.site import Site
from chekpoint.fiscal.receipt import Taxation
from chekpoint.hub.passwords import hashed
from chekpoint.shops.atol_online import KIND, AtolOnlineSettings, connect, routes
from tests.cloud_doors import INN, CloudDoor, cloud_door, serving, shop_of
from tests.waiting import until

pytestmark = pytest.mark.anyio
VERSIONS = pytest.mark.parametrize(
    ("version", "handler"), [("v4", Handler.ATOL_V4), ("v5", Handler.ATOL_V5)], ids=["v4", "v5"]
)
SETTINGS = AtolOnlineSettings(
    login="shop", password_hash=hashed("secret"), group_code="group-1", taxation=Taxation.OSN
)


class Stage(NamedTuple):
    """A site with one cloud cashbox that is the door."""

    site: Site
    door: CloudDoor

    async def pay(self) -> Check:
        order = self.site.create_order(
            [Line(name="Кружка", price=49900, vat="vat10"), Line(name="Ручка", price=5050, vat="vat10")],
            email="c@ex.ru", phone="+79000000000",
        )  # fmt: skip
        made = await self.site.pay(order.id)
        assert made is not None
        return self.site.check(made.id)


@asynccontextmanager
async def stage(folder: Path, version: str, handler: Handler) -> AsyncIterator[Stage]:
    sites = Sites(clock=SystemClock())
    shops = [shop_of(KIND, SETTINGS)]
    async with (
        serving(sites.app) as site_url,
        cloud_door(f"sqlite:///{folder}/hub.db", routes, {KIND: connect}, shops) as door,
    ):
        site = sites.add("shop.ru", public_url=f"{site_url}/s/shop.ru")
        settings = CashboxSettings(
            service_url=f"{door.url}/possystem/{version}", login="shop", password="secret", inn=INN,
            payment_address="https://shop.ru", vat={"none": "none", "vat10": "vat10"},
            payment_types={"cash": "0", "cashless": "1"}, client_info="EMAIL",
        )  # fmt: skip
        site.add_cashbox(handler, number="group-1", settings=settings)
        yield Stage(site, door)
    sites.close()


@VERSIONS
async def test_a_paid_order_is_printed_and_the_site_gets_the_fiscal_facts(
    tmp_path: Path, version: str, handler: Handler
) -> None:
    async with stage(tmp_path, version, handler) as on:
        check = await on.pay()
        await until(lambda: on.site.check(check.id).status is Status.PRINTED)
        [line] = await on.door.lines()
        link = on.site.check(check.id).link
        assert (link["fn_number"], link["fiscal_doc_number"]) == (line.fn, str(line.fd_number))
        assert link["fiscal_doc_attribute"] == line.fiscal_sign
        assert link["doc_sum"] == "549.5"


@VERSIONS
async def test_a_register_without_paper_never_makes_the_check_an_error(
    tmp_path: Path, version: str, handler: Handler
) -> None:
    async with stage(tmp_path, version, handler) as on:
        on.door.register.blocked = BlockReason.PAPER_OUT
        check = await on.pay()
        await on.site.printers.run_agent()
        assert on.site.check(check.id).status is Status.PENDING
        on.door.register.blocked = None
        await until(lambda: on.site.check(check.id).status is Status.PRINTED)


@VERSIONS
async def test_a_refused_check_becomes_an_error_and_never_printed(
    tmp_path: Path, version: str, handler: Handler
) -> None:
    async with stage(tmp_path, version, handler) as on:
        on.door.register.script.append(Rejected("Неверный ИНН", code="66"))
        check = await on.pay()
        await until(lambda: on.site.check(check.id).status is Status.ERROR)
        assert on.site.check(check.id).error == "Неверный ИНН"
