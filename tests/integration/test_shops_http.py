"""The shops' pages over HTTP: nothing half-filled is stored, no secret is shown twice, a trial touches nothing real."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx2
import msgspec
import pytest
import uvicorn
from starlette.applications import Starlette

from chekpoint.app.compose import doors, shop_kinds
from chekpoint.cli.demo_stand import free_port, serving
from chekpoint.cli.trial import trial
from chekpoint.hub.hub import Hub
from chekpoint.hub.kinds import ShopKind
from chekpoint.hub.mounting import WholeMount
from chekpoint.hub.shop_rules import rules_of
from chekpoint.shops.atol_online import AtolOnlineSettings
from chekpoint.store import people, views_incidents
from chekpoint.web.screens import Joinery, first_password, screens
from tests.doubles.bare_register import BareRegister
from tests.doubles.hubs import SHOP, running
from tests.unit.hub_bench import rows, sqlite
from tests.waiting import until

pytestmark = pytest.mark.anyio
LINK = "http://127.0.0.1:9/bitrix/tools/sale_check_print.php?hash=" + "a" * 32
Asked = dict[str, str]


class Visitor:
    """Somebody who has signed in, without scripts."""

    def __init__(self, hub: Hub, client: httpx2.AsyncClient) -> None:
        self.hub, self.client = hub, client

    async def post(self, path: str, page: str, **fields: str) -> httpx2.Response:
        found = re.search(r'name="csrf" value="([^"]+)"', (await self.client.get(page)).text)
        assert found is not None
        return await self.client.post(path, data={"csrf": found[1], **fields})

    async def connect(self, way: str, **fields: str) -> httpx2.Response:
        given = {"name": f"магазин {way}", "site": "https://shop.example", "seller": SHOP.seller_id, **fields}
        return await self.post(f"/connect/{way}", f"/connect/{way}", **given)

    async def shop(self, way: str) -> people.Shop:
        return next(one for one in await self.hub.store.read(people.shops) if one.name == f"магазин {way}")

    async def shops(self) -> int:
        return len(await self.hub.store.read(people.shops))


@asynccontextmanager
async def visiting(folder: Path) -> AsyncIterator[Visitor]:
    async with running(sqlite(folder), {"k1": BareRegister("9999078900001111")}) as hub:
        password = await first_password(hub.store, hub.post.keys)
        port = free_port(0)
        address = f"http://127.0.0.1:{port}"
        own = httpx2.AsyncClient(trust_env=False)
        pages = screens(hub, secret_key="test", joinery=Joinery(shop_kinds(), address, own, trial))
        app = Starlette(routes=[*doors(hub, "Europe/Moscow"), WholeMount("/", pages)])
        async with AsyncExitStack() as stack:
            await serving(stack, uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning")))
            await stack.enter_async_context(own)
            client = httpx2.AsyncClient(base_url=address, trust_env=False, timeout=60)
            await stack.enter_async_context(client)
            visitor = Visitor(hub, client)
            signed = await visitor.post("/sign-in", "/sign-in", login="admin", password=str(password))
            assert signed.status_code == 303
            yield visitor


@pytest.fixture
async def visitor(tmp_path: Path) -> AsyncIterator[Visitor]:
    async with visiting(tmp_path) as made:
        yield made


ANSWERS: dict[str, Asked] = {
    "bitrix": {"link": LINK, "taxation": "osn", "vat_none": "none", "email": ""},
    "bitrix-rest": {
        "webhook": "http://127.0.0.1:9/rest/1/abc/",
        "taxation": "osn",
        "vat_none": "none",
        "email": "",
    },
    "atol_online": {"taxation": "usn_income", "without_contact": "refuse"},
    "modulkassa": {"taxation": "patent", "own_email": "shop@example.com"},
    "api": {},
}


@pytest.mark.parametrize("kind", shop_kinds(), ids=lambda kind: kind.way)
async def test_each_kind_is_connected_by_its_form(visitor: Visitor, kind: ShopKind) -> None:
    asked = await visitor.client.get(f"/connect/{kind.way}")
    assert all(f'name="{ask.name}"' in asked.text for ask in kind.asks)
    told = await visitor.connect(kind.way, **ANSWERS[kind.way])
    assert told.status_code == 200
    shop = await visitor.shop(kind.way)
    assert (shop.kind, shop.site) == (kind.kind, "https://shop.example")
    page = await visitor.client.get(f"/shops/{shop.id}")
    assert page.status_code == 200
    assert kind.title[0] in page.text
    assert "a" * 32 not in page.text


async def test_the_password_that_is_shown_once_opens_the_door_and_is_kept_as_a_hash(visitor: Visitor) -> None:
    told = await visitor.connect("atol_online", **ANSWERS["atol_online"])
    password = re.search(r'class="mono break once">([^ <]+)', told.text)
    assert password is not None
    assert "Вход под этим логином работает" in told.text
    shop = await visitor.shop("atol_online")
    assert password[1] not in shop.settings.decode()
    assert password[1] not in (await visitor.client.get(f"/shops/{shop.id}")).text
    login = msgspec.json.decode(shop.settings, type=AtolOnlineSettings).login
    opened = await visitor.client.post("/possystem/v4/getToken", json={"login": login, "pass": password[1]})
    assert opened.json()["token"]


@pytest.mark.parametrize(
    ("way", "fields", "said"),
    [
        ("bitrix", {"link": "zzz"}, "Адрес не годится"),
        ("bitrix", {"link": "https://shop.example/?hash="}, "Адрес не годится"),
        ("bitrix", {"link": ""}, "Заполните это поле"),
        ("bitrix", {"vat_none": "vat99"}, "Выберите из списка"),
        ("bitrix", {"email": "not mail"}, "не адрес почты"),
        ("bitrix", {"seller": "nobody"}, "Выберите из списка"),
        ("bitrix", {"name": ""}, "Название"),
        ("bitrix", {"name": SHOP.name}, "уже есть"),
        ("bitrix", {"site": "shop.example"}, "https://"),
        ("bitrix", {"link": "x" * 600}, "Не длиннее"),
        ("bitrix-rest", {"webhook": "ftp://x"}, "Адрес не годится"),
        ("modulkassa", {"own_email": "x"}, "не адрес почты"),
        ("atol_online", {"taxation": "envd"}, "Выберите из списка"),
    ],
)
async def test_an_answer_that_does_not_fit_is_told_beside_it_and_nothing_is_stored(
    visitor: Visitor, way: str, fields: Asked, said: str
) -> None:
    told = await visitor.connect(way, **{**ANSWERS[way], **fields})
    assert told.status_code == 422
    assert said in told.text
    assert await visitor.shops() == 1


async def test_one_site_is_not_connected_twice(visitor: Visitor) -> None:
    await visitor.connect("bitrix", **ANSWERS["bitrix"])
    told = await visitor.connect("bitrix", **{**ANSWERS["bitrix"], "name": "другой"})
    assert told.status_code == 422
    assert "уже подключён" in told.text


RULES: Asked = {
    "taxation": "usn_income", "method": "full_prepayment", "object": "service", "agent": "attorney", "vat_rows": "3",
    "vat-0-received": "none", "vat-0-rate": "vat5", "vat-0-name_has": "услуга", "vat-0-object": "service",
    "vat-1-received": "vat18", "vat-1-rate": "refuse", "vat-2-received": "", "vat-2-rate": "",
    "pay_systems": "card\r\n sbp \r\n\r\ncard", "skip_types": "advance", "skip_form-cash": "on", "own_contact": "shop@example.com",
    "section": "доставка", "fit_rounding": "on", "most_rounding": "50", "reason": "переход на УСН",
}  # fmt: skip


async def test_rules_are_saved_as_filled_in_and_the_change_is_kept(visitor: Visitor) -> None:
    await visitor.connect("bitrix", **ANSWERS["bitrix"])
    shop = await visitor.shop("bitrix")
    page = f"/shops/{shop.id}"
    assert (await visitor.post(f"{page}/rules", page, **RULES)).status_code == 303
    rules = rules_of((await visitor.shop("bitrix")).settings)
    assert msgspec.json.decode(msgspec.json.encode(rules)) == {
        "taxation": "usn_income", "taxation_always": False, "method": "full_prepayment", "object": "service",
        "vat": [{"received": "none", "rate": "vat5", "name_has": "услуга", "object": "service"},
                {"received": "vat18", "rate": None, "name_has": None, "object": None}],
        "pay_systems": ["card", "sbp"], "skip_types": ["advance"], "skip_forms": ["cash"], "own_contact": "shop@example.com",
        "agent": "attorney", "section": "доставка", "seller_inn": None, "fit_rounding": True, "most_rounding": 50,
    }  # fmt: skip
    shown = (await visitor.client.get(page)).text
    assert "переход на УСН" in shown
    assert visitor.hub.shops[shop.id].settings == (await visitor.shop("bitrix")).settings  # in force at once
    deeds = await visitor.hub.store.read(lambda tx: views_incidents.deeds(tx, views_incidents.LAST))
    assert [deed.verb for deed in deeds[0]][:1] == ["shop_rules"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"reason": ""}, "почему меняете"),
        ({"taxation": "", "taxation_always": "on"}, "всегда одна"),
        ({"taxation": "zzz"}, "Выберите из списка"),
        ({"vat-0-rate": ""}, "Выберите ставку"),
        ({"vat-0-rate": "vat99"}, "Выберите из списка"),
        ({"vat-2-name_has": "x"}, "называет сайт"),
        ({"vat-0-received": "x" * 65}, "Не длиннее"),
        ({"pay_systems": "x" * 65}, "строк"),
        ({"own_contact": "@"}, "не адрес почты"),
        ({"seller_inn": "123"}, "не ИНН"),
        ({"most_rounding": "-1"}, "Копейки"),
        ({"most_rounding": "١٢"}, "Копейки"),
    ],
)
async def test_rules_that_do_not_fit_change_nothing(visitor: Visitor, fields: Asked, said: str) -> None:
    await visitor.connect("bitrix", **ANSWERS["bitrix"])
    shop = await visitor.shop("bitrix")
    told = await visitor.post(f"/shops/{shop.id}/rules", f"/shops/{shop.id}", **{**RULES, **fields})
    assert told.status_code == 422
    assert said in told.text
    assert (await visitor.shop("bitrix")).settings == shop.settings


async def test_a_key_is_shown_once_opens_the_api_and_can_be_revoked(visitor: Visitor) -> None:
    page = f"/shops/{SHOP.id}"
    told = await visitor.post(f"{page}/keys", page)
    key = re.search(r"ck_[\w-]{40,}", told.text)
    assert key is not None
    head = {"authorization": f"Bearer {key[0]}"}
    assert (await visitor.client.get("/api/v1/registers", headers=head)).status_code == 200
    shown = (await visitor.client.get(page)).text
    assert key[0] not in shown
    revoke = re.search(rf'action="({page}/keys/[0-9a-f]+/revoke)"', shown)
    assert revoke is not None
    assert (await visitor.post(revoke[1], page)).status_code == 303
    await until(lambda: _closed(visitor, head))
    assert (
        "уже отозван"
        in (await visitor.client.get((await visitor.post(revoke[1], page)).headers["location"])).text
    )


async def _closed(visitor: Visitor, head: Asked) -> bool:
    return (await visitor.client.get("/api/v1/registers", headers=head)).status_code == 401


@pytest.mark.parametrize("way", ANSWERS)
async def test_a_trial_goes_the_whole_way_and_touches_nothing_real(visitor: Visitor, way: str) -> None:
    await visitor.connect(way, **ANSWERS[way])
    shop = await visitor.shop(way)
    told = await visitor.post(f"/shops/{shop.id}/trial", f"/shops/{shop.id}")
    assert "таким его сделали модуль и правила магазина" in told.text
    assert "Попытка 1 на «Эмулятор кассы»" in told.text
    assert "Чек зарегистрирован: ФД" in told.text
    assert "подписал подтверждение" in told.text
    assert "Все шаги пройдены" in told.text, told.text[-2000:]
    assert await rows(visitor.hub.store, "receipt") == []
    assert (await visitor.shop(way)) == shop


async def test_a_trial_shows_the_rule_that_would_refuse_every_check(visitor: Visitor) -> None:
    await visitor.connect("bitrix", **ANSWERS["bitrix"])
    shop = await visitor.shop("bitrix")
    without = {**RULES, "vat-0-received": "vat10", "vat-0-rate": "vat10", "vat_rows": "1"}
    await visitor.post(f"/shops/{shop.id}/rules", f"/shops/{shop.id}", **without)
    told = await visitor.post(f"/shops/{shop.id}/trial", f"/shops/{shop.id}")
    assert "правила магазина его не приняли" in told.text
    assert "«none»" in told.text
    assert "Есть шаги с ошибкой" in told.text


@pytest.mark.parametrize("path", ["/shops/nothing", "/connect/nothing", "/shops/%00", f"/shops/{'x' * 200}"])
async def test_what_is_not_there_is_not_found(visitor: Visitor, path: str) -> None:
    assert (await visitor.client.get(path)).status_code == 404


async def test_a_check_of_a_site_that_is_silent_says_so(visitor: Visitor) -> None:
    await visitor.connect("bitrix", **ANSWERS["bitrix"])
    shop = await visitor.shop("bitrix")
    told = await visitor.post(f"/shops/{shop.id}/check", f"/shops/{shop.id}")
    assert "Есть шаги с ошибкой" in told.text


@pytest.mark.parametrize(("way", "door"), [("atol_online", "getToken"), ("modulkassa", "associate")])
async def test_a_lost_password_is_replaced_and_the_former_one_opens_nothing(
    visitor: Visitor, way: str, door: str
) -> None:
    first = re.search(r'class="mono break once">([^ <]+)', (await visitor.connect(way, **ANSWERS[way])).text)
    shop = await visitor.shop(way)
    page = f"/shops/{shop.id}/renew"
    second = re.search(r'class="mono break once">([^ <]+)', (await visitor.post(page, page)).text)
    assert first is not None
    assert second is not None
    for password, good in ((first[1], False), (second[1], True)):
        shop = await visitor.shop(way)
        settings = msgspec.json.decode(shop.settings)
        if door == "getToken":
            body = {"login": settings["login"], "pass": password}
            answer = await visitor.client.post("/possystem/v4/getToken", json=body)
        else:
            url = f"/api/fn/v1/associate/{settings['retail_point']}?clientId=x"
            answer = await visitor.client.post(url, auth=(settings["login"], password))
        assert (answer.status_code == 200) is good


async def test_a_site_with_another_link_keeps_its_rules(visitor: Visitor) -> None:
    await visitor.connect("bitrix", **ANSWERS["bitrix"])
    shop = await visitor.shop("bitrix")
    page = f"/shops/{shop.id}"
    await visitor.post(f"{page}/rules", page, **RULES)
    before = rules_of((await visitor.shop("bitrix")).settings)
    other = LINK.replace("a" * 32, "b" * 32)
    told = await visitor.post(f"{page}/renew", f"{page}/renew", link=other, version="3")
    assert told.status_code == 200
    after = await visitor.shop("bitrix")
    assert rules_of(after.settings) == before
    assert (
        msgspec.json.decode(after.settings)["exchange"] | {"link": other, "version": "3"}
        == (msgspec.json.decode(after.settings)["exchange"])
    )
    assert "подключить магазин заново" in (await visitor.client.get(page)).text


async def test_a_link_that_does_not_fit_leaves_the_former_one(visitor: Visitor) -> None:
    await visitor.connect("bitrix", **ANSWERS["bitrix"])
    shop = await visitor.shop("bitrix")
    page = f"/shops/{shop.id}/renew"
    told = await visitor.post(page, page, link="https://shop.example/", version="")
    assert told.status_code == 422
    assert "Адрес не годится" in told.text
    assert (await visitor.shop("bitrix")).settings == shop.settings


async def test_a_shop_with_keys_has_no_password_to_renew(visitor: Visitor) -> None:
    await visitor.connect("api")
    shop = await visitor.shop("api")
    assert (await visitor.client.get(f"/shops/{shop.id}/renew")).status_code == 404


async def test_notices_get_an_address_and_a_secret_that_is_shown_once(visitor: Visitor) -> None:
    await visitor.connect("api")
    shop = await visitor.shop("api")
    page, card = f"/shops/{shop.id}", {"site": "https://new.example", "deadline": "60"}
    told = await visitor.post(f"{page}/card", page, webhook="https://new.example/hook", **card)
    after = await visitor.shop("api")
    assert (after.site, after.deadline_seconds, after.webhook_url) == (
        "https://new.example", 60, "https://new.example/hook",
    )  # fmt: skip
    assert after.webhook_secret is not None
    assert after.webhook_secret in told.text
    assert after.webhook_secret not in (await visitor.client.get(page)).text
    again = await visitor.post(f"{page}/card", page, webhook="https://new.example/other", **card)
    assert again.status_code == 303
    assert (await visitor.shop("api")).webhook_secret == after.webhook_secret
    await visitor.post(f"{page}/card", page, webhook="https://new.example/other", new_secret="on", **card)
    assert (await visitor.shop("api")).webhook_secret != after.webhook_secret
    await visitor.post(f"{page}/card", page, webhook="", **card)
    silent = await visitor.shop("api")
    assert (silent.webhook_url, silent.webhook_secret) == (None, None)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"site": "new.example"}, "Адрес сайта"),
        ({"webhook": "ftp://x"}, "Адрес начинается"),
        ({"webhook": "https://[x"}, "Адрес начинается"),
        ({"deadline": "0"}, "Секунды"),
        ({"deadline": "٣"}, "Секунды"),
        ({"deadline": "100000"}, "Секунды"),
        ({}, "Секунды"),
    ],
)
async def test_settings_that_do_not_fit_change_nothing(visitor: Visitor, fields: Asked, said: str) -> None:
    page = f"/shops/{SHOP.id}"
    before = await visitor.hub.store.read(people.shops)
    told = await visitor.post(f"{page}/card", page, **fields)
    assert told.status_code == 422
    assert said in told.text
    assert await visitor.hub.store.read(people.shops) == before


async def test_steps_are_seen_as_they_end_and_two_trials_at_once_are_refused(visitor: Visitor) -> None:
    await visitor.connect("modulkassa", **ANSWERS["modulkassa"])
    page = f"/shops/{(await visitor.shop('modulkassa')).id}"
    token = re.search(r'name="csrf" value="([^"]+)"', (await visitor.client.get(page)).text)
    assert token is not None
    async with visitor.client.stream("POST", f"{page}/trial", data={"csrf": token[1]}) as told:
        seen, parts = "", told.aiter_text()
        while "Эмуляторы кассы и ОФД запущены" not in seen:
            seen += await anext(parts)
        assert "step-end" not in seen
        assert "Сейчас идёт другая проба" in (await visitor.post(f"{page}/trial", page)).text
        whole = seen + "".join([part async for part in parts])
    assert "Все шаги пройдены" in whole


async def test_leaving_the_page_ends_the_trial(visitor: Visitor) -> None:
    await visitor.connect("modulkassa", **ANSWERS["modulkassa"])
    page = f"/shops/{(await visitor.shop('modulkassa')).id}"
    token = re.search(r'name="csrf" value="([^"]+)"', (await visitor.client.get(page)).text)
    assert token is not None
    async with visitor.client.stream("POST", f"{page}/trial", data={"csrf": token[1]}) as told:
        async for part in told.aiter_text():
            if "Эмуляторы кассы и ОФД запущены" in part:
                break

    async def free() -> bool:
        return "Все шаги пройдены" in (await visitor.post(f"{page}/trial", page)).text

    await until(free)
