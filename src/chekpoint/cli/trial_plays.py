"""What a shop of each kind sends: the very requests that its module or site would make, over HTTP."""

import secrets
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Final
from zoneinfo import ZoneInfo

import httpx2
import msgspec

from chekpoint.cli.demo_stand import serving
from chekpoint.cli.trial_stand import INN, TrialStand, copied
from chekpoint.core.clock import SystemClock
from chekpoint.emulators.bitrix_site.checks import Status
from chekpoint.emulators.bitrix_site.face import Sites
from chekpoint.emulators.bitrix_site.orders import Line
from chekpoint.emulators.bitrix_site.serve import server as site_server
from chekpoint.emulators.bitrix_site.site import Site
from chekpoint.hub.joining import Joining
from chekpoint.hub.kinds import Step, cut
from chekpoint.hub.passwords import hashed
from chekpoint.shops import atol_online, bitrix, modulkassa
from chekpoint.shops.bitrix import connecting
from chekpoint.shops.bitrix.kind import plan_of
from chekpoint.shops.bitrix.settings import BitrixSettings
from chekpoint.store import people

PATIENCE: Final = 30.0  # seconds for the other side to see the result
WORD: Final = "trial"
MSK: Final = ZoneInfo("Europe/Moscow")
PRICE: Final = 12_300  # kopecks
_SENT = ("Магазин отправил чек, хаб его принял.", "The shop sent the receipt, the hub took it.")
_NOT_SENT = ("Хаб не принял чек магазина.", "The hub did not take the shop's receipt.")
_TOLD = ("Магазин узнал о результате.", "The shop knows the result.")
_UNFILTERED = (
    "Отбор чеков (платёжные системы, виды, оплаты) и ИНН продавца из правил в пробе не действуют.",
    "The trial does not use the rules that choose receipts, nor the seller's INN of the rules.",
)
_NOT_TOLD = ("Магазин не узнал о результате.", "The shop does not know the result.")

Told = Callable[[], Awaitable[str | None]]
"""What the shop knows of the result, verbatim; None while it knows nothing."""


class Play(ABC):
    """One kind's way. ``send`` tells the steps up to the hub's answer; ``told`` asks what the shop knows then."""

    def __init__(self, at: TrialStand, shop: people.Shop) -> None:
        self.at, self.shop = at, shop
        self.asked: Told = _nothing

    @abstractmethod
    def send(self) -> AsyncIterator[Step]:
        """Send the receipt as the shop would."""

    async def told(self) -> Step:
        """Wait until the shop has heard."""
        clock = SystemClock()
        until = clock.monotonic() + PATIENCE
        while clock.monotonic() < until:
            if (said := await self.asked()) is not None:
                return Step(ok=True, words=_TOLD, detail=cut(said, 600))
            await clock.sleep(0.1)
        return Step(ok=False, words=_NOT_TOLD)


async def _nothing() -> str | None:
    return None


def _evidence(method: str, url: str, body: Any, answer: httpx2.Response) -> str:
    return f"{method} {url}\n{msgspec.json.encode(body).decode()}\n→ HTTP {answer.status_code}\n{cut(answer.text, 600)}"


def _answered(method: str, url: str, body: Any, answer: httpx2.Response) -> Step:
    good = answer.status_code < 300
    return Step(ok=good, words=_SENT if good else _NOT_SENT, detail=_evidence(method, url, body, answer))


class ApiPlay(Play):
    """Our own API."""

    async def send(self) -> AsyncIterator[Step]:
        """One POST with a key."""
        key = f"ck_{secrets.token_urlsafe(16)}"
        await self.at.add(copied(self.shop, b"{}"), key)
        head, url = {"authorization": f"Bearer {key}"}, f"{self.at.url}/api/v1/receipts"
        body = {
            "external_id": WORD,
            "receipt": {
                "kind": "sale", "taxation": "osn", "buyer": {"contact": "buyer@example.com"},
                "items": [{"name": "Пробный товар", "price": PRICE, "quantity": "1", "sum": PRICE, "vat": "vat22"}],
                "payments": [{"form": "electronic", "sum": PRICE}],
            },
        }  # fmt: skip
        answer = await self.at.http.post(url, json=body, headers=head)
        yield _answered("POST", url, body, answer)
        there = f"{self.at.url}{answer.json()['links']['self']}" if answer.status_code < 300 else url

        async def asked() -> str | None:
            found = await self.at.http.get(there, headers=head)
            return found.text if '"fiscalised"' in found.text else None

        self.asked = asked


class AtolOnlinePlay(Play):
    """A module for ATOL Online."""

    async def send(self) -> AsyncIterator[Step]:
        """getToken, then sell."""
        settings = msgspec.json.decode(self.shop.settings, type=atol_online.AtolOnlineSettings)
        password = secrets.token_urlsafe(12)
        own = msgspec.structs.replace(settings, password_hash=hashed(password), blocked=False)
        await self.at.add(copied(self.shop, msgspec.json.encode(own)))
        base = f"{self.at.url}/possystem/v4"
        got = await self.at.http.post(f"{base}/getToken", json={"login": own.login, "pass": password})
        token = got.json().get("token") or ""
        words = ("Модуль вошёл: токен получен.", "The module signed in and has a token.")
        yield Step(ok=bool(token), words=words, detail=f"POST {base}/getToken → HTTP {got.status_code}")
        body, url = _atol_body(own.taxation.value), f"{base}/{own.group_code}/sell"
        answer = await self.at.http.post(url, json=body, headers={"Token": token})
        yield _answered("POST", url, body, answer)
        uuid = answer.json().get("uuid")

        async def asked() -> str | None:
            report = f"{base}/{own.group_code}/report/{uuid}"
            found = await self.at.http.get(report, headers={"Token": token})
            return f"GET {report}\n{found.text}" if found.json().get("status") == "done" else None

        self.asked = asked


def _atol_body(taxation: str) -> dict[str, Any]:
    rubles = PRICE / 100
    item = {
        "name": "Пробный товар", "price": rubles, "quantity": 1, "sum": rubles, "payment_method": "full_payment",
        "payment_object": "commodity", "vat": {"type": "none"},
    }  # fmt: skip
    company = {
        "email": "shop@example.com",
        "inn": INN,
        "sno": taxation,
        "payment_address": "https://shop.example",
    }
    return {
        "external_id": WORD, "timestamp": f"{SystemClock().now().astimezone(MSK):%d.%m.%Y %H:%M:%S}",
        "receipt": {
            "client": {"email": "buyer@example.com"}, "company": company, "items": [item],
            "payments": [{"type": 1, "sum": rubles}], "total": rubles,
        },
    }  # fmt: skip


class ModulKassaPlay(Play):
    """A module for ModulKassa."""

    async def send(self) -> AsyncIterator[Step]:
        """associate, then doc."""
        settings = msgspec.json.decode(self.shop.settings, type=modulkassa.ModulKassaSettings)
        password = secrets.token_urlsafe(12)
        own = msgspec.structs.replace(settings, password_hash=hashed(password), blocked=False)
        await self.at.add(copied(self.shop, msgspec.json.encode(own)))
        base = f"{self.at.url}/api/fn"
        url = f"{base}/v1/associate/{own.retail_point}?clientId=trial"
        got = await self.at.http.post(url, auth=(own.login, password))
        pair = got.json() if got.status_code == 200 else {}
        words = ("Модуль привязал торговую точку.", "The module associated the retail point.")
        yield Step(ok=bool(pair), words=words, detail=f"POST {url} → HTTP {got.status_code}")
        auth, body = (str(pair.get("userName")), str(pair.get("password"))), _modul_body()
        answer = await self.at.http.post(f"{base}/v2/doc", json=body, auth=auth)
        yield _answered("POST", f"{base}/v2/doc", body, answer)

        async def asked() -> str | None:
            status = f"{base}/v1/doc/{WORD}/status"
            found = await self.at.http.get(status, auth=auth)
            return (
                f"GET {status}\n{found.text}"
                if found.json().get("status") in {"PRINTED", "COMPLETED"}
                else None
            )

        self.asked = asked


def _modul_body() -> dict[str, Any]:
    rubles = PRICE / 100
    position = {
        "name": "Пробный товар", "price": rubles, "quantity": 1.0, "vatTag": 1105, "paymentObject": "commodity",
        "paymentMethod": "full_payment",
    }  # fmt: skip
    return {
        "id": WORD, "docNum": WORD, "docType": "SALE", "checkoutDateTime": SystemClock().now().astimezone(MSK).isoformat(timespec="seconds"),
        "email": "buyer@example.com", "inventPositions": [position],
        "moneyPositions": [{"paymentType": "CARD", "sum": rubles}],
    }  # fmt: skip


class BitrixPlay(Play):
    """A 1C-Bitrix site of its own, emulated: an order is paid there."""

    async def send(self) -> AsyncIterator[Step]:
        """The site makes a check for a paid order; the hub asks for it, or is called."""
        sites = Sites(clock=SystemClock())
        self.at.stack.callback(sites.close)
        port = await serving(self.at.stack, site_server(sites, port=0))
        url = f"http://127.0.0.1:{port}/s/shop.test"
        site = sites.add("shop.test", public_url=url)
        site.change_settings(core="new", timed_uuid=True)
        settings = bitrix.settings_of(self.shop.settings)
        rules = msgspec.structs.replace(
            settings.rules, seller_inn=None, pay_systems=None, skip_types=(), skip_forms=()
        )
        if rules != settings.rules:
            yield Step(ok=None, words=_UNFILTERED)
        settings = msgspec.structs.replace(settings, rules=rules)
        words = ("Эмулированный сайт 1С-Битрикс запущен.", "An emulated 1C-Bitrix site is running.")
        yield Step(ok=True, words=words, detail=url)
        way = self._exchange if settings.exchange is not None else self._rest
        async for step in way(sites, site, url, settings):
            yield step
        async for step in self._order(site):
            yield step

    async def _exchange(
        self, sites: Sites, site: Site, url: str, settings: BitrixSettings
    ) -> AsyncIterator[Step]:
        link = f"{url}/bitrix/tools/sale_check_print.php?hash={site.generate_link()}"
        version = (settings.exchange.version if settings.exchange else None) or "2"
        exchange = bitrix.Exchange(link=link, version="3" if version == "3" else "2")
        own = msgspec.structs.replace(settings, exchange=exchange, cashbox=None)
        await self.at.add(copied(self.shop, msgspec.json.encode(own)))
        good = await _until(lambda: bool(site.cashboxes())) and await _switched_on(sites, site)
        words = (
            "Касса появилась на сайте и включена.",
            "The register came up on the site and is switched on.",
        )
        yield Step(
            ok=good,
            words=words,
            detail="\n".join(f"{box.name}: ЗН {box.number_kkm}" for box in site.cashboxes()),
        )

    async def _rest(
        self, _sites: Sites, site: Site, url: str, settings: BitrixSettings
    ) -> AsyncIterator[Step]:
        site.make_webhook("w" * 16)
        secret = secrets.token_urlsafe(32)
        cashbox = bitrix.Cashbox(secret=secret, webhook=f"{url}/rest/1/{'w' * 16}/")
        own = msgspec.structs.replace(settings, exchange=None, cashbox=cashbox)
        made = copied(self.shop, msgspec.json.encode(own))
        await self.at.add(made)
        async for step in connecting.register(
            self.at.http, plan_of(made, own, self.at.url)._replace(active=True)
        ):
            ru, _, en = step.text.partition(" / ")
            yield Step(ok=step.ok, words=(ru, en or ru))
            if step.rates:
                verbs = Joining(self.at.hub.post.keys, who="trial")
                await self.at.hub.store.write(partial(verbs.rate, made.id, step.rates))
                await self.at.hub.reload()

    async def _order(self, site: Site) -> AsyncIterator[Step]:
        order = site.create_order(
            [Line(name="Пробный товар", price=PRICE, vat="none")], email="buyer@example.com"
        )
        check = await site.pay(order.id)
        words = ("Заказ на сайте оплачен, сайт создал чек.", "The order was paid, the site made a check.")
        if check is None:
            yield Step(ok=False, words=("Сайт не создал чека.", "The site made no check."))
            return
        number = check.id
        yield Step(ok=True, words=words, detail=f"заказ {order.id}, чек {number}, НДС: без НДС")

        async def asked() -> str | None:
            found = site.check(number)
            return f"чек {number} на сайте: {found.status.value}" if found.status is Status.PRINTED else None

        self.asked = asked


async def _switched_on(sites: Sites, site: Site) -> bool:
    """Switch the cashboxes on. A poll that hangs was begun when they were off, or their register not ready."""
    clock = SystemClock()
    until, boxes = clock.monotonic() + PATIENCE, [site.activate(box.id) for box in site.cashboxes()]
    while clock.monotonic() < until:
        seen = {box.id: box.last_check_at for box in boxes}
        sites.hang_up()
        if not await _until(partial(_asked_again, site, seen), until - clock.monotonic()):
            break
        boxes = site.cashboxes()
        if all(box.enabled for box in boxes):
            return True
    return False


def _asked_again(site: Site, seen: Mapping[int, float | None]) -> bool:
    return all(box.last_check_at != seen.get(box.id) for box in site.cashboxes())


async def _until(seen: Callable[[], bool], patience: float = PATIENCE) -> bool:
    clock = SystemClock()
    until = clock.monotonic() + patience
    while not seen() and clock.monotonic() < until:
        await clock.sleep(0.05)
    return seen()


PLAYS: Final[dict[str, type[Play]]] = {
    "api": ApiPlay, atol_online.KIND: AtolOnlinePlay, modulkassa.KIND: ModulKassaPlay, bitrix.KIND: BitrixPlay,
}  # fmt: skip
"""Kind of a shop -> how its receipt is sent."""
