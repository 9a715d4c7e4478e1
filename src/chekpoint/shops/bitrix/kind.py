"""A 1C-Bitrix site: by the exchange of its own register program, or by a REST cashbox."""

import secrets as chance
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

import httpx2
import msgspec

from chekpoint.fiscal.rules_parties import is_email
from chekpoint.hub.kinds import TAXATIONS, Ask, Made, Paste, Step, Unfilled, Words
from chekpoint.shops.bitrix import connecting
from chekpoint.shops.bitrix.settings import KIND, BitrixSettings, masked, settings_of, site_of
from chekpoint.store import people

_RULES: Final = (
    Ask("taxation", ("Система налогообложения", "Taxation system"),
        ("Сайт её не передаёт.", "The site does not say it."), required=True, choices=TAXATIONS, default="osn"),
    Ask("vat_none", ("Что значит «без НДС» с сайта", "What the site's “no VAT” is"),
        ("Так сайт называет и 5, 7, 22 %, которых не знает: проверьте ставку товаров.",
         "So the site calls 5, 7 and 22 % too, which it does not know: check your goods."), required=True,
        choices=(("none", ("без НДС", "no VAT")), ("vat5", ("5 %", "5 %")), ("vat7", ("7 %", "7 %")),
                 ("vat22", ("22 %", "22 %")), ("vat0", ("0 %", "0 %")), ("vat10", ("10 %", "10 %"))), default="none"),
    Ask("email", ("Почта магазина", "The shop's e-mail"),
        ("Сайт подставляет её, когда покупатель не оставил своей.",
         "The site puts it where the buyer left none.")),
)  # fmt: skip


def _rules(given: Mapping[str, str]) -> dict[str, Any]:
    if given["email"] and not is_email(given["email"]):
        raise Unfilled({"email": ("Это не адрес почты.", "This is not an e-mail address.")})
    return {
        "taxation": given["taxation"], "own_contact": given["email"] or None,
        "vat": [{"received": "none", "rate": given["vat_none"]}],
    }  # fmt: skip


def _made(parts: dict[str, Any], name: str) -> bytes:
    try:
        return msgspec.json.encode(msgspec.convert(parts, BitrixSettings))
    except msgspec.ValidationError as error:
        why = str(error).partition(" - at ")[0]
        raise Unfilled({name: (f"Адрес не годится: {why}.", f"The address does not fit: {why}.")}) from error


def _read(shop: people.Shop) -> BitrixSettings | None:
    """None where the settings cannot be read: such a shop works for nobody."""
    try:
        return settings_of(shop.settings)
    except msgspec.DecodeError:
        return None


def _parts(shop: people.Shop) -> dict[str, Any]:
    parts: dict[str, Any] = msgspec.to_builtins(_read(shop) or BitrixSettings())
    return parts


def _alone(link: str, others: list[people.Shop]) -> None:
    for one in others:
        settings = _read(one) if one.kind == KIND else None
        there = settings.exchange if settings is not None else None
        if there is not None and site_of(there.link) == site_of(link):
            words = (
                f"Этот сайт уже подключён: «{one.name}».",
                f"This site is connected already as {one.name}.",
            )
            raise Unfilled({"link": words})


def _shown(shop: people.Shop, part: str) -> list[tuple[Words, str]]:
    found = _read(shop)
    lines: dict[str, Any] = (masked(found).get(part) if found is not None else None) or {}
    names = {
        "link": ("Ссылка обмена", "Exchange link"), "version": ("Версия протокола", "Protocol version"),
        "webhook": ("Вебхук сайта", "The site's webhook"), "secret": ("Секрет адреса", "Secret of the address"),
    }  # fmt: skip
    return [(names[key], str(lines[key] or "—")) for key in names if key in lines]


class ExchangeKind:
    """The exchange: the site shows a link, the hub asks it for checks."""

    kind = KIND
    way = "bitrix"
    title = ("1С-Битрикс: обмен", "1C-Bitrix: the exchange")
    means = (
        "Вместо программы «1С-Битрикс.Кассы»: работает и с коробкой, и когда хаб стоит за NAT.",
        "In place of 1C-Bitrix's own register program; works with the hub behind NAT.",
    )
    again = (
        Ask("link", ("Ссылка обмена", "Exchange link"),
            ("Магазин → Кассы ККМ → Подключить кассу → скопируйте ссылку целиком.",
             "Shop → Cash registers → Connect: copy the whole link."), required=True, secret=True),
        Ask("version", ("Версия протокола", "Protocol version"),
            ("Оставьте «как на сайте», если не знаете: ничего не будет переделано.",
             "Leave “as on the site” if unsure: nothing is converted."),
            choices=(("", ("как на сайте", "as on the site")), ("2", ("2", "2")), ("3", ("3", "3")))),
    )  # fmt: skip
    asks = (*again, *_RULES)
    renews = ("Другая ссылка", "Another link")
    ruled = True

    def make(self, given: Mapping[str, str], others: list[people.Shop]) -> Made:
        """One site is one shop, or its checks would be registered twice. Raises Unfilled."""
        parts = {
            "exchange": {"link": given["link"], "version": given["version"] or None},
            "rules": _rules(given),
        }
        settings = _made(parts, "link")
        _alone(given["link"], others)
        return Made(settings, {})

    def renew(self, shop: people.Shop, given: Mapping[str, str], others: list[people.Shop]) -> Made:
        """The same site with another link; which registers it sees stays. Raises Unfilled."""
        parts = _parts(shop)
        exchange = parts.get("exchange") or {}
        parts["exchange"] = {**exchange, "link": given["link"], "version": given["version"] or None}
        settings = _made(parts, "link")
        _alone(given["link"], [one for one in others if one.id != shop.id])
        return Made(settings, {})

    def shown(self, shop: people.Shop) -> list[tuple[Words, str]]:
        """The link without its hash."""
        return _shown(shop, "exchange")

    def pastes(self, _shop: people.Shop, _address: str, _secrets: Mapping[str, str]) -> list[Paste]:
        """Nothing to paste: the site is asked."""
        return [
            Paste(("Через минуту на сайте: «Магазин → Кассы ККМ» → откройте появившуюся кассу и включите её",
                   "In a minute, on the site: Shop → Cash registers → open the new register and switch it on"), ""),
        ]  # fmt: skip

    async def check(
        self, http: httpx2.AsyncClient, shop: people.Shop, _address: str, _secrets: Mapping[str, str]
    ) -> AsyncIterator[Step]:
        """Does the site take the link?"""
        exchange = settings_of(shop.settings).exchange
        if exchange is not None:
            yield _step(await connecting.probe(http, exchange.link))


class RestKind:
    """The REST cashbox: the site calls the hub."""

    kind = KIND
    way = "bitrix-rest"
    title = ("1С-Битрикс: REST-касса", "1C-Bitrix: a REST cashbox")
    means = (
        "Сайт сам отправляет чек хабу; хаб должен быть виден сайту по https.",
        "The site sends each check to the hub, which it must reach over https.",
    )
    again = (
        Ask("webhook", ("Входящий вебхук", "Incoming webhook"),
            ("Приложения → Разработчикам → Входящий вебхук с правами cashbox и catalog.",
             "Applications → Developers → Incoming webhook with the scopes cashbox and catalog."), required=True,
            secret=True),
    )  # fmt: skip
    asks = (*again, *_RULES)
    renews = ("Другой вебхук", "Another webhook")
    ruled = True

    def make(self, given: Mapping[str, str], _others: list[people.Shop]) -> Made:
        """A secret of its own in the address that the site calls. Raises Unfilled."""
        secret = chance.token_urlsafe(32)
        parts = {"cashbox": {"secret": secret, "webhook": given["webhook"]}, "rules": _rules(given)}
        return Made(_made(parts, "webhook"), {})

    def renew(self, shop: people.Shop, given: Mapping[str, str], _others: list[people.Shop]) -> Made:
        """Another webhook; the secret stays, for the site's handler has it. Raises Unfilled."""
        parts = _parts(shop)
        cashbox = parts.get("cashbox") or {"secret": chance.token_urlsafe(32)}
        parts["cashbox"] = {**cashbox, "webhook": given["webhook"]}
        return Made(_made(parts, "webhook"), {})

    def shown(self, shop: people.Shop) -> list[tuple[Words, str]]:
        """The webhook's host."""
        return _shown(shop, "cashbox")

    def pastes(self, _shop: people.Shop, _address: str, _secrets: Mapping[str, str]) -> list[Paste]:
        """Nothing to paste: the hub has made the cashbox."""
        return [
            Paste(("На сайте: «Магазин → Кассы ККМ» → включите кассу Chekpoint и выключите прежнюю",
                   "On the site: Shop → Cash registers → switch Chekpoint's on and the old one off"), ""),
        ]  # fmt: skip

    async def check(
        self, http: httpx2.AsyncClient, shop: people.Shop, address: str, _secrets: Mapping[str, str]
    ) -> AsyncIterator[Step]:
        """Is the hub's address there; then handler and cashbox on the site, again if they are there."""
        settings = settings_of(shop.settings)
        if settings.cashbox is None or not settings.cashbox.webhook:
            return
        plan = plan_of(shop, settings, address)
        yield _step(await connecting.door_answers(http, plan.address))
        async for step in connecting.register(http, plan):
            yield _step(step)


def plan_of(shop: people.Shop, settings: BitrixSettings, address: str) -> connecting.RestPlan:
    """The cashbox of a shop on its site."""
    secret = settings.cashbox.secret if settings.cashbox else ""
    webhook = (settings.cashbox.webhook if settings.cashbox else None) or ""
    return connecting.RestPlan(
        webhook=webhook, address=f"{address}/bitrix/{secret}", code=f"chekpoint_{secret[:8].lower()}",
        name=f"Chekpoint {shop.name}", email=settings.rules.own_contact or "shop@example.com",
    )  # fmt: skip


def _step(found: connecting.Step) -> Step:
    ru, _, en = found.text.partition(" / ")
    return Step(ok=found.ok, words=(ru, en or ru), rates=found.rates)
