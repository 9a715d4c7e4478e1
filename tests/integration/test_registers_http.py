"""Registers and pools over HTTP: what is added is the seller's, what is asked is done once, what does not fit is told."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from chekpoint.app.register_kinds import KINDS, asker, config_of
from chekpoint.core.clock import SystemClock
from chekpoint.hub.hub import Hub
from chekpoint.store import errands, lanes, people, pools, registers
from chekpoint.web.screens import Joinery, first_password, screens
from tests.contract.atol_bench import AtolBench, atol_bench
from tests.doubles.bare_register import BareRegister
from tests.doubles.hubs import SELLER, running, sale
from tests.unit.hub_bench import offer, settled, sqlite

pytestmark = pytest.mark.anyio
FNS = ("9999078900001111", "9999078900002222")
OWN = "0" * 31 + "a"
INN = "7700000016"  # of the emulated register


class Visitor:
    """Somebody who has signed in, without scripts."""

    def __init__(self, hub: Hub, client: httpx2.AsyncClient) -> None:
        self.hub, self.client = hub, client

    async def post(self, path: str, page: str, **fields: str) -> httpx2.Response:
        found = re.search(r'name="csrf" value="([^"]+)"', (await self.client.get(page)).text)
        assert found is not None
        return await self.client.post(path, data={"csrf": found[1], **fields})

    async def told(self, answer: httpx2.Response) -> str:
        assert answer.status_code == 303
        return (await self.client.get(answer.headers["location"])).text


@pytest.fixture
async def visitor(tmp_path: Path) -> AsyncIterator[Visitor]:
    tills = {"k1": BareRegister(FNS[0]), "k2": BareRegister(FNS[1])}
    async with running(sqlite(tmp_path), tills) as hub:
        await hub.store.write(lambda tx: people.add_seller(tx, OWN, INN, "ООО «Эмулятор»"))
        password = await first_password(hub.store, hub.post.keys)
        joinery = Joinery((), "", None, None, KINDS, config_of, asker(SystemClock()))
        app = Starlette(routes=[Mount("/", screens(hub, secret_key="test", joinery=joinery))])
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="http://hub.example") as client:
            made = Visitor(hub, client)
            await made.post("/sign-in", "/sign-in", login="admin", password=str(password))
            yield made


@pytest.fixture
async def real() -> AsyncIterator[AtolBench]:
    async with atol_bench("v2") as bench:
        yield bench


async def add(visitor: Visitor, real: AtolBench, seller: str = OWN, **more: str) -> str:
    fields = {
        "name": "Новая", "seller": seller, "base_url": real.config.base_url, "user": "admin",
        "password": "Passw0rd-Passw0rd", **more,
    }  # fmt: skip
    return (await visitor.post("/registers/new/atol", "/registers/new/atol", **fields)).text


async def names(visitor: Visitor) -> set[str]:
    return {row.name for row in await visitor.hub.store.read(lanes.registers)}


async def test_a_register_that_answers_is_added_step_by_step(visitor: Visitor, real: AtolBench) -> None:
    told = await add(visitor, real)
    assert "Касса ответила" in told
    assert "9999078900000001" in told
    assert f"ИНН совпадает: {INN}" in told
    assert "Все шаги пройдены" in told
    assert "Новая" in await names(visitor)


async def test_a_register_of_another_seller_is_not_added(visitor: Visitor, real: AtolBench) -> None:
    told = await add(visitor, real, seller=SELLER)
    assert f"Касса зарегистрирована на ИНН {INN}" in told
    assert "Касса не добавлена" in told
    assert "Новая" not in await names(visitor)


async def test_a_silent_register_is_added_only_when_told_so(visitor: Visitor, real: AtolBench) -> None:
    nowhere = {"base_url": "http://127.0.0.1:9"}
    assert "Касса не ответила" in await add(visitor, real, **nowhere)
    assert "Новая" not in await names(visitor)
    await add(visitor, real, **nowhere, unseen="on")
    assert "Новая" in await names(visitor)


@pytest.mark.parametrize(
    ("way", "fields", "said"),
    [
        ("atol", {"base_url": ""}, "Заполните"),
        ("atol", {"name": "касса k1"}, "уже есть"),
        ("shtrih", {"host": "127.0.0.1", "port": "x"}, "не подходит"),
        ("atol_online", {"login": "a", "password": "b", "group_code": "g", "inn": "1", "email": "e", "payment_address": "p"},
         "не подходит"),
        ("atol_online", {"version": "v9"}, "Выберите из списка"),
    ],
)  # fmt: skip
async def test_settings_that_do_not_fit_are_told_beside_their_field(
    visitor: Visitor, way: str, fields: dict[str, str], said: str
) -> None:
    given = {"name": "Новая", "seller": OWN, **fields}
    answer = await visitor.post(f"/registers/new/{way}", f"/registers/new/{way}", **given)
    assert answer.status_code == 422
    assert said in answer.text
    assert len(await names(visitor)) == 2


async def test_a_pool_is_made_filled_ruled_and_emptied_on_its_page(visitor: Visitor) -> None:
    async def do(verb: str, **fields: str) -> str:
        return await visitor.told(await visitor.post(f"/pools/{verb}", "/pools", **fields))

    assert "Записано" in await do("add", name="Доставка", seller=SELLER)
    pool = next(one.id for one in await visitor.hub.store.read(pools.pools) if one.name == "Доставка")
    assert "резерв, за 60 с" in await do("put", pool=pool, register="k2", lead="60")
    assert "отдел доставка" in await do("route", pool=pool, section="доставка", taxation="osn", rank="5")
    assert "ведут правила" in await do("drop", pool=pool)
    assert "разным продавцам" in await do("put", pool=OWN, register="k1")
    assert "условие" in await do("route", pool=pool)
    assert "число" in await do("put", pool=pool, register="k1", lead="0")
    route = (await visitor.hub.store.read(pools.routes))[0]
    assert (route.rank, route.taxations) == (5, 1)
    await do("unroute", route=route.id)
    await do("take", pool=pool, register="k2")
    assert "Доставка" not in await do("drop", pool=pool)


async def test_the_load_of_registers_is_shown(visitor: Visitor) -> None:
    await offer(visitor.hub, *(sale(number) for number in range(4)))
    await settled(visitor.hub, 4)
    shown = (await visitor.client.get("/pools")).text
    assert shown.count("чеков ") >= 1
    assert "очередь пуста" in shown


async def test_an_errand_is_asked_for_and_done(visitor: Visitor) -> None:
    page = "/registers/k1/day"
    for fields in ({"verb": "cash_in", "sum": "1 500,50"}, {"verb": "x_report"}, {"verb": "close_shift"}):
        assert "Поручено" in await visitor.told(await visitor.post("/registers/k1/errand", page, **fields))
    rows = await visitor.hub.store.read(lambda tx: errands.last(tx, "k1"))
    assert [(one.verb, one.kopecks) for one in rows] == [
        ("close_shift", 0),
        ("x_report", 0),
        ("cash", 150_050),
    ]


@pytest.mark.parametrize("sum_", ["", "0", "x", "1e9", "-", "99999999999", "1.234"])
async def test_a_sum_that_is_none_asks_for_nothing(visitor: Visitor, sum_: str) -> None:
    answer = await visitor.post("/registers/k1/errand", "/registers/k1/day", verb="cash_out", sum=sum_)
    assert answer.status_code == 422
    assert "Сумма в рублях" in answer.text
    assert await visitor.hub.store.read(lambda tx: errands.last(tx, "k1")) == []


async def test_the_day_is_set_up_and_what_does_not_fit_changes_nothing(visitor: Visitor) -> None:
    page = "/registers/k1/day"
    good = {"close_at": "23:00", "open_at": "08:00", "opening_cash": "500", "printing": "never"}
    wrong = await visitor.post(page, page, **{**good, "close_at": "25:00"})
    assert wrong.status_code == 422
    assert await visitor.hub.store.read(lambda tx: registers.day_of(tx, "k1")) == registers.Day()
    await visitor.told(await visitor.post(page, page, **good))
    assert await visitor.hub.store.read(lambda tx: registers.day_of(tx, "k1")) == registers.Day(
        "23:00", "08:00", 50_000, "never"
    )
    assert visitor.hub.lanes["k1"].row.close_at == "23:00"


@pytest.mark.parametrize("path", ["/registers/nobody/day", "/registers/new/nobody", "/registers/%00/day"])
async def test_what_is_not_there_is_not_found(visitor: Visitor, path: str) -> None:
    assert (await visitor.client.get(path)).status_code == 404
