"""``chekpoint shops``: connect a shop of any kind, look at it, try it, change its rules."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from chekpoint.cli.bitrix import rules
from chekpoint.cli.common import Config, Desk, desk, fail, run
from chekpoint.cli.shop_verbs import (
    Answers,
    checked,
    key,
    named,
    pairs,
    renew,
    revoke,
    say_pastes,
    say_step,
    settings,
    show,
    told_wrong,
    verbs,
)

if TYPE_CHECKING:
    from chekpoint.hub.kinds import ShopKind
    from chekpoint.store import people
    from chekpoint.store.journal import Tx


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
    given = {"name": name, "site": site, **pairs(answers or [])}

    async def work() -> int:
        async with desk(config) as at:
            try:
                shop, said = await _join(at, kind, given, inn)
            except Unfilled as wrong:
                told_wrong(wrong)
            say_pastes(kind.pastes(shop, at.settings.address, said))
            return await checked(at, kind, shop, said) if check else 0

    if run(work):
        raise typer.Exit(1)


async def _join(
    at: Desk, kind: "ShopKind", given: dict[str, str], inn: str
) -> "tuple[people.Shop, dict[str, str]]":
    from chekpoint.hub.joining import wanted  # noqa: PLC0415
    from chekpoint.store import people  # noqa: PLC0415

    sellers = [one for one in await at.store.read(people.sellers) if inn in {"", one.inn}]
    shops = await at.store.read(people.shops)
    plan = wanted(kind, given, sellers, shops)
    made = kind.make(plan.answers, shops)
    shop, said = await at.store.write(lambda tx: verbs(at).join(tx, kind, plan, made))
    return shop, dict(said)


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
            shop = await at.store.read(lambda tx: named(tx, name))
        failed = 0
        async for step in play(shop):
            say_step(step)
            failed += step.ok is False
        return failed

    if run(work):
        raise typer.Exit(1)


shops_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Магазины / shops")
_VERBS: Mapping[str, Callable[..., None]] = {
    "kinds": kinds, "add": add, "list": list_, "show": show, "trial": trial, "rules": rules, "settings": settings,
    "key": key, "revoke": revoke, "renew": renew,
}  # fmt: skip
for _word, _verb in _VERBS.items():
    shops_app.command(_word)(_verb)
