"""``chekpoint shops``: connect a shop of any kind, look at it, try it, change its rules."""

import getpass
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from chekpoint.cli.bitrix import rules
from chekpoint.cli.common import Config, Desk, desk, fail, run

if TYPE_CHECKING:
    from chekpoint.hub.kinds import ShopKind, Step
    from chekpoint.store import people
    from chekpoint.store.journal import Tx

Answers = Annotated[
    list[str] | None, typer.Option("--set", help="Ответ: имя=значение / an answer: name=value")
]


def kinds() -> None:
    """Чем может быть магазин, и что у каждого спросят / the kinds of shops, and what each asks."""
    from chekpoint.app.compose import shop_kinds  # noqa: PLC0415 - commands start in an instant

    for kind in shop_kinds():
        typer.echo(f"{kind.way}: {kind.title[0]} / {kind.title[1]}")
        for ask in kind.asks:
            values = f" [{', '.join(value or '-' for value, _ in ask.choices)}]" if ask.choices else ""
            typer.echo(f"    {ask.name}{' *' if ask.required else ''}: {ask.label[0]}{values}")


def _kind(way: str) -> "ShopKind":
    from chekpoint.app.compose import shop_kinds  # noqa: PLC0415

    known = {kind.way: kind for kind in shop_kinds()}
    if way not in known:
        fail(f"вид магазина — один из / a kind is one of: {', '.join(known)}")
    return known[way]


def add(
    way: str, name: str, *,
    inn: Annotated[str, typer.Option(help="ИНН продавца, если их несколько / the seller's INN")] = "",
    site: Annotated[str, typer.Option(help="Адрес сайта, тег 1187 / the site's address")] = "",
    answers: Answers = None,
    check: Annotated[bool, typer.Option(help="Проверить подключение / check the connection")] = True,
    config: Config = None,
) -> None:  # fmt: skip
    """Подключить магазин: что указать в его модуле, и проверка / connect a shop; what to paste, and checks."""
    from chekpoint.hub.kinds import Unfilled  # noqa: PLC0415

    kind = _kind(way)
    given = {"name": name, "site": site, **_pairs(answers or [])}

    async def work() -> int:
        async with desk(config) as at:
            try:
                shop, said = await _join(at, kind, given, inn)
            except Unfilled as wrong:
                lines = [f"--set {field}=…: {ru} / {en}" for field, (ru, en) in wrong.faults.items()]
                fail("\n".join(lines))
            for one in kind.pastes(shop, at.settings.address, said):
                typer.echo(f"{one.where[0]}: {one.value}" if one.value else one.where[0])
            return await _check(at, kind, shop, said) if check else 0

    if run(work):
        raise typer.Exit(1)


def _pairs(answers: list[str]) -> dict[str, str]:
    wrong = [one for one in answers if "=" not in one]
    if wrong:
        fail(f"ожидается имя=значение / expected name=value: {wrong[0]}")
    return {name: value for name, _, value in (one.partition("=") for one in answers)}


async def _join(
    at: Desk, kind: "ShopKind", given: dict[str, str], inn: str
) -> "tuple[people.Shop, dict[str, str]]":
    from chekpoint.hub.joining import Joining, wanted  # noqa: PLC0415
    from chekpoint.store import people  # noqa: PLC0415

    sellers = [one for one in await at.store.read(people.sellers) if inn in {"", one.inn}]
    shops = await at.store.read(people.shops)
    plan = wanted(kind, given, sellers, shops)
    made = kind.make(plan.answers, shops)
    verbs = Joining(at.keys, who=getpass.getuser())
    shop, said = await at.store.write(lambda tx: verbs.join(tx, kind, plan, made))
    return shop, dict(said)


async def _check(at: Desk, kind: "ShopKind", shop: "people.Shop", said: dict[str, str]) -> int:
    """The number of steps that failed; rates that the shop's system names become rules."""
    import httpx2  # noqa: PLC0415

    from chekpoint.hub.joining import Joining  # noqa: PLC0415

    failed = 0
    async with httpx2.AsyncClient(timeout=10.0, trust_env=False) as http:
        async for step in kind.check(http, shop, at.settings.address, said):
            _say(step)
            failed += step.ok is False
            if step.rates:
                verbs = Joining(at.keys, who=getpass.getuser())
                await at.store.write(partial(verbs.rate, shop.id, step.rates))
    return failed


def _say(step: "Step") -> None:
    from chekpoint.cli.say import say  # noqa: PLC0415

    mark = {True: "[да]", False: "[НЕТ]", None: "[…]"}[step.ok]
    say(f"{mark} {step.words[0]} / {step.words[1]}")
    if step.ok is False and step.detail:
        say(step.detail)


def _named(tx: "Tx", name: str) -> "people.Shop":
    from chekpoint.core.errors import Unfit  # noqa: PLC0415
    from chekpoint.store import people  # noqa: PLC0415

    for shop in people.shops(tx):
        if shop.name == name:
            return shop
    raise Unfit(f"магазина «{name}» нет / no shop is named {name}")


def list_(*, config: Config = None) -> None:
    """Магазины: вид, сайт, сколько ждёт / shops: kind, site, what waits."""
    from chekpoint.store import people, views_shops  # noqa: PLC0415

    def look(tx: "Tx") -> list[str]:
        waiting = views_shops.waiting(tx)
        return [
            f"{s.name}: {s.kind}, {s.site or '-'}, ждут / wait: {waiting.get(s.id, 0)}"
            for s in people.shops(tx)
        ]

    async def work() -> list[str]:
        async with desk(config) as at:
            return await at.store.read(look)

    typer.echo("\n".join(run(work)))


def trial(name: str, *, config: Config = None) -> None:
    """Пробный чек магазина на эмуляторах, по шагам / a trial receipt on emulators, step by step."""
    from chekpoint.cli.trial import trial as play  # noqa: PLC0415

    async def work() -> int:
        async with desk(config) as at:
            shop = await at.store.read(lambda tx: _named(tx, name))
        failed = 0
        async for step in play(shop):
            _say(step)
            failed += step.ok is False
        return failed

    if run(work):
        raise typer.Exit(1)


shops_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Магазины / shops")
for _word, _verb in (("kinds", kinds), ("add", add), ("list", list_), ("trial", trial), ("rules", rules)):
    shops_app.command(_word)(_verb)
