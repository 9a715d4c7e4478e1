"""``chekpoint bitrix``: connect a 1C-Bitrix site step by step, look at the sites, change a site's rules."""

import getpass
import secrets
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chekpoint.cli.common import Config, Desk, desk, fail, run

if TYPE_CHECKING:
    import httpx2

    from chekpoint.shops.bitrix.connecting import RestPlan, Step
    from chekpoint.shops.bitrix.settings import BitrixSettings
    from chekpoint.store import people
    from chekpoint.store.journal import Tx

NONE_IS = "Что значит «без НДС» с сайта: none, vat5, vat7, vat22 / what the site's “none” is"


def connect(
    name: str,
    inn: str,
    site: str,
    *,
    link: Annotated[str, typer.Option(help="Ссылка обмена со страницы касс / the exchange link")] = "",
    version: Annotated[
        str, typer.Option(help="Перевести кассы сайта на версию 2 или 3 / convert to 2 or 3")
    ] = "",
    webhook: Annotated[
        str, typer.Option(help="Входящий вебхук (права cashbox, catalog) / incoming webhook")
    ] = "",
    address: Annotated[
        str, typer.Option(help="Адрес хаба, видный сайту / the hub as the site reaches it")
    ] = "",
    email: Annotated[str, typer.Option(help="Почта магазина / the shop's e-mail")] = "",
    taxation: Annotated[str, typer.Option(help="СНО, если сайт её не передаёт / taxation system")] = "",
    vat_none: Annotated[str, typer.Option(help=NONE_IS)] = "",
    active: Annotated[bool, typer.Option(help="Сразу включить REST-кассу / switch the cashbox on")] = False,
    check: Annotated[bool, typer.Option(help="Проверять каждый шаг / check each step")] = True,
    config: Config = None,
) -> None:
    """Подключить сайт (обмен, REST-касса или оба); повтор меняет настройки / connect a site; again to change it."""
    if not link and not webhook:
        fail("нужна ссылка обмена (--link) или вебхук (--webhook) / give --link or --webhook")

    async def work() -> int:
        async with desk(config) as at:
            plan = _Plan(
                name, inn, site, link, version or None, webhook, address or at.settings.address, email, taxation,
                vat_none, active, check,
            )  # fmt: skip
            return await plan.carry_out(at)

    if run(work):
        raise typer.Exit(1)


class _Plan:
    """The steps of one connecting."""

    def __init__(  # noqa: PLR0917 - the options of the command, in its order
        self, name: str, inn: str, site: str, link: str, version: str | None, webhook: str, address: str, email: str,
        taxation: str, vat_none: str, active: bool, check: bool,
    ) -> None:  # fmt: skip
        self.name, self.inn, self.site, self.link, self.version = name, inn, site, link, version
        self.webhook, self.address, self.email = webhook, address.rstrip("/"), email
        self.taxation, self.vat_none, self.active, self.check = taxation, vat_none, active, check

    async def carry_out(self, at: Desk) -> int:
        """Check, store, register; the number of steps that failed."""
        from chekpoint.shops.bitrix.transport import open_client  # noqa: PLC0415 - commands start in an instant

        shop, settings = await at.store.read(self._wanted)
        failed = 0
        async with open_client() as client:
            if self.link and self.check:
                failed += await self._probe(client)
            await at.store.write(lambda tx: self._store(tx, at, shop, settings))
            _say(ok=True, text=f"магазин «{self.name}» записан / the shop is stored")
            if self.webhook:
                failed += await self._register(at, client, settings)
        _say_rest(settings, failed)
        return failed

    async def _probe(self, client: "httpx2.AsyncClient") -> int:
        from chekpoint.shops.bitrix.connecting import probe  # noqa: PLC0415

        step = await probe(client, self.link)
        _say(ok=step.ok, text=step.text)
        if step.fatal:
            fail("сайт не подключён / the site is not connected", 1)
        return int(not step.ok)

    def _wanted(self, tx: "Tx") -> "tuple[people.Shop | None, BitrixSettings]":
        """The shop as it is, and the settings that it will have; fails with words where they do not fit."""
        import msgspec  # noqa: PLC0415

        from chekpoint.shops.bitrix.settings import KIND, settings_of  # noqa: PLC0415
        from chekpoint.store import people  # noqa: PLC0415

        shops = people.shops(tx)
        old = next((one for one in shops if one.name == self.name), None)
        if old is not None and old.kind != KIND:
            fail(f"«{self.name}» уже есть и это не 1С-Битрикс / this name is taken by another kind of shop")
        self._alone([one for one in shops if one.kind == KIND and one.name != self.name])
        try:
            parts: dict[str, Any] = msgspec.to_builtins(settings_of(old.settings)) if old else {}
            return old, msgspec.json.decode(msgspec.json.encode(self._changed(parts)), type=_form())
        except msgspec.DecodeError as error:
            fail(f"настройки не годятся / settings do not fit: {error}")
            raise typer.Exit(2) from error

    def _alone(self, others: "list[people.Shop]") -> None:
        """One site is one shop, or its checks would be registered twice."""
        from chekpoint.shops.bitrix.settings import settings_of, site_of  # noqa: PLC0415

        for one in others:
            there = settings_of(one.settings).exchange
            if self.link and there is not None and site_of(there.link) == site_of(self.link):
                fail(f"этот сайт уже подключён как «{one.name}» / this site is connected as {one.name}")

    def _changed(self, parts: dict[str, Any]) -> dict[str, Any]:
        if self.link:
            parts["exchange"] = {**(parts.get("exchange") or {}), "link": self.link, "version": self.version}
        if self.webhook:
            old = parts.get("cashbox") or {"secret": secrets.token_urlsafe(32)}
            parts["cashbox"] = {**old, "webhook": self.webhook}
        rules = dict(parts.get("rules") or {})
        if self.taxation:
            rules["taxation"] = self.taxation
        if self.email:
            rules["own_contact"] = self.email
        if self.vat_none:
            kept = [one for one in rules.get("vat") or () if one["received"] != "none" or one.get("name_has")]
            rules["vat"] = [*kept, {"received": "none", "rate": self.vat_none}]
        return {**parts, "rules": rules}

    def _store(self, tx: "Tx", at: Desk, shop: "people.Shop | None", settings: "BitrixSettings") -> None:
        import msgspec  # noqa: PLC0415

        from chekpoint.cli.setup import _seller_id  # noqa: PLC0415
        from chekpoint.shops.bitrix.settings import KIND, masked  # noqa: PLC0415
        from chekpoint.store import people  # noqa: PLC0415

        body = msgspec.json.encode(settings)
        shop_id = shop.id if shop else at.keys.new()
        if shop is None:
            made = people.Shop(
                shop_id, _seller_id(tx, self.inn), self.name, KIND, self.site, 300, None, None, None, body
            )
            people.add_shop(tx, made)
        else:
            people.configure_shop(tx, shop_id, body)
        people.note_deed(
            tx, at.keys.new(), who=getpass.getuser(), verb="bitrix_connect", subject=shop_id, reason="",
            body=msgspec.json.encode(masked(settings)),
        )  # fmt: skip

    async def _register(self, at: Desk, client: "httpx2.AsyncClient", settings: "BitrixSettings") -> int:
        """Handler and cashbox on the site; its VAT ids become rules."""
        from chekpoint.shops.bitrix.connecting import door_answers, register  # noqa: PLC0415

        plan = self._rest_plan(settings)
        steps = [await door_answers(client, plan.address)] if self.check else []
        for step in steps:
            _say(ok=step.ok, text=step.text)
        async for step in register(client, plan):
            _say(ok=step.ok, text=step.text)
            steps.append(step)
            if step.rates:
                await self._keep_rates(at, step)
        return sum(not step.ok for step in steps)

    def _rest_plan(self, settings: "BitrixSettings") -> "RestPlan":
        from chekpoint.shops.bitrix.connecting import RestPlan  # noqa: PLC0415

        secret = settings.cashbox.secret if settings.cashbox else ""
        return RestPlan(
            webhook=self.webhook, address=f"{self.address}/bitrix/{secret}", code=f"chekpoint_{secret[:8].lower()}",
            name=f"Chekpoint {self.name}", email=self.email or "shop@example.com", active=self.active,
        )  # fmt: skip

    async def _keep_rates(self, at: Desk, step: "Step") -> None:
        import msgspec  # noqa: PLC0415

        from chekpoint.hub.shop_rules import VatRule, set_rules  # noqa: PLC0415
        from chekpoint.shops.bitrix.settings import settings_of  # noqa: PLC0415
        from chekpoint.store import people  # noqa: PLC0415

        def unit(tx: "Tx") -> None:
            shop = next(one for one in people.shops(tx) if one.name == self.name)
            rules = settings_of(shop.settings).rules
            known = {rule.received for rule in rules.vat}
            fresh = [VatRule(received=n, rate=r) for n, r in (step.rates or {}).items() if n not in known]
            rules = msgspec.structs.replace(rules, vat=(*rules.vat, *fresh))
            set_rules(
                tx, shop, rules, who=getpass.getuser(), reason="ставки из каталога сайта", key=at.keys.new()
            )

        await at.store.write(unit)


def _form() -> "type[BitrixSettings]":
    from chekpoint.shops.bitrix.settings import BitrixSettings  # noqa: PLC0415

    return BitrixSettings


def _say(*, ok: bool, text: str) -> None:
    from chekpoint.cli.say import say  # noqa: PLC0415

    say(f"{'[да]' if ok else '[НЕТ]'} {text}")


def _say_rest(settings: "BitrixSettings", failed: int) -> None:
    """What is left for a person to do."""
    if not any(rule.received == "none" for rule in settings.rules.vat):
        _say(
            ok=False,
            text="не задано, что значит «без НДС» с сайта: --vat-none / say what the site's “none” is",
        )
    if settings.exchange is not None:
        _say(
            ok=True,
            text="через минуту касса появится на сайте («Магазин → Кассы ККМ»): откройте и включите её",
        )
    if failed:
        _say(
            ok=False,
            text=f"шагов с ошибкой: {failed}; исправьте и повторите команду / steps failed: repeat it",
        )


def sites(*, config: Config = None) -> None:
    """Сайты 1С-Битрикс: что подключено, что ждёт ответа / the sites and what waits."""
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    from chekpoint.shops.bitrix import ledger  # noqa: PLC0415
    from chekpoint.shops.bitrix.settings import KIND, settings_of  # noqa: PLC0415
    from chekpoint.store import incidents, people  # noqa: PLC0415

    def look(tx: "Tx") -> list[tuple[str, ...]]:
        found: list[tuple[str, ...]] = []
        opened = incidents.open_now(tx)
        for shop in people.shops(tx):
            if shop.kind != KIND:
                continue
            settings = settings_of(shop.settings)
            ways = (("обмен" if settings.exchange else ""), ("REST" if settings.cashbox else ""))
            version = (settings.exchange.version or "как на сайте") if settings.exchange else ""
            waiting = sum(1 for one in ledger.load(tx, shop.id).values() if not one.told and not one.gone)
            trouble = [one.text_ru for one in opened if one.subject.startswith(shop.id)]
            where = shop.site or ""
            way = " + ".join(filter(None, ways))
            found.append((shop.name, where, way, version, str(waiting), trouble[0] if trouble else ""))
        return found

    async def work() -> list[tuple[str, ...]]:
        async with desk(config) as at:
            return await at.store.read(look)

    table = Table(
        "магазин / shop", "сайт", "как / way", "версия", "ждут ответа / waiting", "неполадка / trouble"
    )
    for row in run(work):
        table.add_row(*row)
    Console().print(table)


def rules(
    name: str,
    *,
    new: Annotated[str, typer.Option("--set", help="Новые правила в JSON / new rules as JSON")] = "",
    reason: Annotated[str, typer.Option(help="Почему / why")] = "",
    config: Config = None,
) -> None:
    """Правила магазина: показать или задать / a shop's rules: show or set them."""
    import msgspec  # noqa: PLC0415

    from chekpoint.app.compose import shop_kinds  # noqa: PLC0415
    from chekpoint.core.errors import StoreError  # noqa: PLC0415
    from chekpoint.hub.shop_rules import ShopRules, rules_of, set_rules  # noqa: PLC0415
    from chekpoint.store import people  # noqa: PLC0415

    ruled = {kind.kind for kind in shop_kinds() if kind.ruled}
    wanted: ShopRules | None = None
    try:
        wanted = msgspec.json.decode(new, type=ShopRules) if new else None
    except msgspec.DecodeError as error:
        fail(f"правила не читаются / the rules cannot be read: {error}")
    if wanted is not None and not reason.strip():
        fail("напишите причину: --reason «…» / say why: --reason")

    def named(tx: "Tx") -> "people.Shop":
        for shop in people.shops(tx):
            if shop.name == name and shop.kind in ruled:
                return shop
            if shop.name == name:
                raise StoreError(
                    "этот модуль сам передаёт всё, что нужно чеку: правил нет / shops of this kind have no rules"
                )
        raise StoreError(f"магазина «{name}» нет / no shop is named {name}")

    async def work() -> ShopRules:
        async with desk(config) as at:
            if wanted is not None:
                made, key = wanted, at.keys.new()
                await at.store.write(
                    lambda tx: set_rules(tx, named(tx), made, who=getpass.getuser(), reason=reason, key=key)
                )
            return await at.store.read(lambda tx: rules_of(named(tx).settings))

    typer.echo(msgspec.json.format(msgspec.json.encode(run(work))).decode())


bitrix_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Сайты 1С-Битрикс / 1C-Bitrix sites"
)
bitrix_app.command("connect")(connect)
bitrix_app.command("sites")(sites)
bitrix_app.command("rules")(rules)
