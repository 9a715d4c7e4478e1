"""The receipt's public page at its operator, where a person, a buyer and a shop see it."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import msgspec
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from chekpoint.core.lifecycle import Proof
from chekpoint.core.ports import RegisterStatus, Ticket
from chekpoint.hub import tax, tax_words
from chekpoint.hub.hub import Hub
from chekpoint.ofd.links import link_of
from chekpoint.shops.api_v1 import api_routes
from chekpoint.store import incidents, people, views_receipt
from chekpoint.store.tax import Question, put
from chekpoint.web.screens import Joinery, first_password, screens
from tests.doubles.bare_register import BareRegister
from tests.doubles.hubs import SHOP, running, sale
from tests.unit.hub_bench import offer, sqlite, until

pytestmark = pytest.mark.anyio
KEY = "key-of-the-shop"
NUMBER = "0001234567012345"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return sqlite(tmp_path) if request.param == "sqlite" else str(request.getfixturevalue("pg_database"))


class Ordinary(BareRegister):
    """A register whose drive is not a test one; ``told``: what its tickets say of the operator."""

    def __init__(self, told: str | None = None, ofd_inn: str | None = None) -> None:
        super().__init__("7380440902582955")
        self.told, self.ofd_inn = told, ofd_inn

    async def ticket(self, fd_number: int) -> Ticket | None:
        found = await super().ticket(fd_number)
        return found and msgspec.structs.replace(found, operator_inn=self.told)

    async def status(self) -> RegisterStatus:
        return msgspec.structs.replace(await super().status(), ofd_inn=self.ofd_inn)


class Visit:
    """One ticketed receipt, looked at by everybody who may."""

    def __init__(self, hub: Hub, http: httpx2.AsyncClient, key: str) -> None:
        self.hub, self.http, self.key = hub, http, key

    async def page(self) -> str:
        password = await first_password(self.hub.store, self.hub.post.keys)
        if password is None:  # signed in already
            return (await self.http.get(f"/receipts/{self.key}")).text
        found = re.search(r'name="csrf" value="([^"]+)"', (await self.http.get("/sign-in")).text)
        assert found is not None
        await self.http.post("/sign-in", data={"csrf": found[1], "login": "admin", "password": password})
        return (await self.http.get(f"/receipts/{self.key}")).text

    async def buyers(self) -> str:
        head = await self.hub.store.read(lambda tx: views_receipt.head(tx, self.key))
        assert head is not None
        return (await self.http.get(f"/c/{head.token}")).text

    async def shops(self) -> object:
        headers = {"Authorization": f"Bearer {KEY}"}
        answer = await self.http.get(f"/api/v1/receipts/{self.key}", headers=headers)
        return answer.json().get("at_operator")


@asynccontextmanager
async def visit(url: str, register: BareRegister) -> AsyncIterator[Visit]:
    async with running(url, {"0" * 31 + "8": register}) as hub:
        await hub.store.write(lambda tx: people.add_key(tx, "0" * 31 + "7", SHOP.id, KEY))
        (key,) = await offer(hub, sale(1))
        await until(hub.store, "receipt", lambda all_: [row["proof"] for row in all_] == [Proof.TICKETED])
        pages = screens(hub, secret_key="test", joinery=Joinery(public_links=link_of))
        app = Starlette(routes=[*api_routes(hub, public_links=link_of), Mount("/", pages)])
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://hub.example") as http:
            yield Visit(hub, http, key)


async def test_the_operator_of_the_ticket_is_linked_for_all_three(url: str) -> None:
    async with visit(url, Ordinary(told="7704211201  ", ofd_inn="7709364346")) as seen:
        link = "https://receipt.taxcom.ru/v01/show?fp=1000000002&s=100.00"
        shown = f'href="{link.replace("&", "&amp;")}"'
        assert shown in await seen.page()
        assert shown in await seen.buyers()
        page = "https://receipt.taxcom.ru"
        assert await seen.shops() == {"operator": "Такском", "url": link, "page": page}


async def test_without_a_word_in_the_ticket_the_registers_own_setting_tells(url: str) -> None:
    async with visit(url, Ordinary(ofd_inn="7802870820")) as seen:
        assert "Найти на сайте ОФД «Дримкас ОФД»" in await seen.page()
        page = "https://ofd.dreamkas.ru/check"
        assert await seen.shops() == {"operator": "Дримкас ОФД", "url": None, "page": page}


@pytest.mark.parametrize(
    "register", [Ordinary(), Ordinary(told="7800000010"), BareRegister("9999078900000077")]
)
async def test_where_no_operator_is_known_nothing_is_shown(url: str, register: BareRegister) -> None:
    async with visit(url, register) as seen:
        assert "У оператора" not in await seen.page()
        assert "на сайте ОФД" not in await seen.buyers()
        assert await seen.shops() is None


async def test_the_screen_says_what_the_tax_service_was_asked_and_no_more(url: str) -> None:
    async with visit(url, Ordinary()) as seen:
        assert "ФНС не спрашивали" in await seen.page()
        await seen.hub.store.write(lambda tx: tax.doubt(tx, seen.key, SHOP.seller_id))
        assert "Оператор сообщил о замечании ФНС" in await seen.page()
        said = Question(
            receipt_id=seen.key, seller_id=SHOP.seller_id, due=1, since=1, asked_at=1, sign_right=True, in_store=False,
            code=404, message="Чек не найден",
        )  # fmt: skip
        await seen.hub.store.write(lambda tx: put(tx, said))
        page = await seen.page()
        assert "ФНС не спрашивали" not in page
        assert "фискальный признак верен, в хранилище ещё нет (Чек не найден, 404)" in page


async def test_an_incident_at_the_tax_service_stands_in_the_timeline_in_words(url: str) -> None:
    async with visit(url, Ordinary()) as seen:
        words = tax_words.sign_wrong("7380440902582955", 2, 406, "Чек не прошёл проверку")
        new = seen.hub.post.keys.new()
        await seen.hub.store.write(
            lambda tx: incidents.open_incident(tx, tax.SIGN_WRONG, seen.key, words, key=new)
        )
        page = await seen.page()
        assert "Происшествие: ФНС не подтвердила фискальный признак" in page
        assert "Сверьте сумму, время и признак" in page
