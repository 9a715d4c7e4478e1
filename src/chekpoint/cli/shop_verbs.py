"""``chekpoint shops show/key/revoke/renew/settings``: what the page of a shop shows and does."""

import getpass
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from chekpoint.cli.common import Config, Desk, desk, fail, run

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from chekpoint.hub.joining import Joining
    from chekpoint.hub.kinds import Paste, ShopKind, Step, Unfilled
    from chekpoint.store import people
    from chekpoint.store.journal import Tx

Answers = Annotated[
    list[str] | None, typer.Option("--set", help="Ответ: имя=значение / an answer: name=value")
]


def named(tx: "Tx", name: str) -> "people.Shop":
    """The shop of that name; raises Unfit."""
    from chekpoint.core.errors import Unfit  # noqa: PLC0415 - commands start in an instant
    from chekpoint.store import people  # noqa: PLC0415

    for shop in people.shops(tx):
        if shop.name == name:
            return shop
    raise Unfit(f"магазина «{name}» нет / no shop is named {name}")


def way_of(shop: "people.Shop") -> "ShopKind | None":
    """How a shop is connected: of the kinds, one that knows its settings."""
    from chekpoint.app.compose import shop_kinds  # noqa: PLC0415

    return next((one for one in shop_kinds() if one.kind == shop.kind and one.shown(shop)), None)


def pairs(answers: list[str]) -> dict[str, str]:
    """``name=value`` as a person typed them."""
    wrong = [one for one in answers if "=" not in one]
    if wrong:
        fail(f"ожидается имя=значение / expected name=value: {wrong[0]}")
    return {name: value for name, _, value in (one.partition("=") for one in answers)}


def told_wrong(wrong: "Unfilled") -> NoReturn:
    """Each answer that does not fit, in words; ends the command."""
    fail("\n".join(f"--set {field}=…: {ru} / {en}" for field, (ru, en) in wrong.faults.items()))


def say_pastes(pastes: "list[Paste]") -> None:
    """What to put where in the shop's module."""
    for one in pastes:
        typer.echo(f"{one.where[0]}: {one.value}" if one.value else one.where[0])


def say_step(step: "Step") -> None:
    """One step, with its evidence where it failed."""
    from chekpoint.cli.say import say  # noqa: PLC0415

    mark = {True: "[да]", False: "[НЕТ]", None: "[…]"}[step.ok]
    say(f"{mark} {step.words[0]} / {step.words[1]}")
    if step.ok is False and step.detail:
        say(step.detail)


async def checked(at: Desk, kind: "ShopKind", shop: "people.Shop", said: dict[str, str]) -> int:
    """The number of steps that failed; rates that the shop's system names become rules."""
    from functools import partial  # noqa: PLC0415

    import httpx2  # noqa: PLC0415

    failed = 0
    async with httpx2.AsyncClient(timeout=10.0, trust_env=False) as http:
        async for step in kind.check(http, shop, at.settings.address, said):
            say_step(step)
            failed += step.ok is False
            if step.rates:
                await at.store.write(partial(verbs(at).rate, shop.id, step.rates))
    return failed


def verbs(at: Desk) -> "Joining":
    """The verbs over shops, in the name of who runs the command."""
    from chekpoint.hub.joining import Joining  # noqa: PLC0415

    return Joining(at.keys, who=getpass.getuser())


def _shown(tx: "Tx", name: str) -> list[str]:
    from chekpoint.store import people, views_shops  # noqa: PLC0415

    shop = named(tx, name)
    way = way_of(shop)
    facts = [
        ("вид / kind", way.title[0] if way else f"{shop.kind} (настройки не читаются / settings unreadable)"),
        *((words[0], value) for words, value in (way.shown(shop) if way else [])),
        ("сайт / site", shop.site or "-"),
        ("срок, с / deadline, s", str(shop.deadline_seconds)),
        ("уведомления / notices", shop.webhook_url or "-"),
        ("ждут / waiting", str(views_shops.waiting(tx).get(shop.id, 0))),
    ]
    keys = [
        f"ключ / key {one.hint}… {one.id}{' (отозван / revoked)' if one.revoked_at else ''}"
        for one in people.keys(tx, shop.id)
    ]
    troubles = [one.text_ru for one in views_shops.troubles(tx) if one.subject.startswith(shop.id)]
    return [*(f"{label}: {value}" for label, value in facts), *keys, *(f"! {text}" for text in troubles)]


def show(name: str, *, config: Config = None) -> None:
    """Магазин: как подключён, ключи, неполадки; секреты закрыты / a shop, with its secrets masked."""

    async def work() -> list[str]:
        async with desk(config) as at:
            return await at.store.read(lambda tx: _shown(tx, name))

    typer.echo("\n".join(run(work)))


def _done(config: "Any", deed: "Callable[[Desk], Awaitable[Any]]") -> Any:
    async def work() -> Any:
        async with desk(config) as at:
            return await deed(at)

    return run(work)


def key(name: str, *, config: Config = None) -> None:
    """Новый ключ API; печатается один раз / another API key, printed once."""

    def unit(tx: "Tx", at: Desk) -> str:
        return verbs(at).new_key(tx, named(tx, name)).secret

    typer.echo(_done(config, lambda at: at.store.write(lambda tx: unit(tx, at))))


def revoke(name: str, key_id: str, *, config: Config = None) -> None:
    """Отозвать ключ (номер из show) / revoke a key, by its id in show."""

    def unit(tx: "Tx", at: Desk) -> None:
        verbs(at).revoke(tx, named(tx, name), key_id)

    _done(config, lambda at: at.store.write(lambda tx: unit(tx, at)))
    typer.echo("отозван / revoked")


def renew(name: str, *, answers: Answers = None, check: bool = True, config: Config = None) -> None:
    """Новый пароль или другая ссылка; правила остаются / a new password or another link; rules stay."""
    from chekpoint.hub.joining import answered  # noqa: PLC0415
    from chekpoint.hub.kinds import Unfilled  # noqa: PLC0415
    from chekpoint.store import people  # noqa: PLC0415

    given = pairs(answers or [])

    async def deed(at: Desk) -> int:
        shop = await at.store.read(lambda tx: named(tx, name))
        way = way_of(shop)
        if way is None or not way.renews[0]:
            fail("у этого магазина нечего заменять / there is nothing to renew here")
        try:
            made = way.renew(shop, answered(way.again, given), await at.store.read(people.shops))
        except Unfilled as wrong:
            told_wrong(wrong)
        changed = await at.store.write(lambda tx: verbs(at).renew(tx, way, shop, made))
        say_pastes(way.pastes(changed, at.settings.address, made.secrets))
        return await checked(at, way, changed, dict(made.secrets)) if check else 0

    if _done(config, deed):
        raise typer.Exit(1)


def settings(
    name: str, *,
    site: Annotated[str | None, typer.Option(help="Адрес сайта, тег 1187; '' — нет / the site's address")] = None,
    deadline: Annotated[str | None, typer.Option(help="Срок регистрации, секунд / deadline, seconds")] = None,
    webhook: Annotated[str | None, typer.Option(help="Адрес уведомлений; '' — нет / where to tell")] = None,
    new_secret: Annotated[bool, typer.Option(help="Новый секрет подписи / a new signing secret")] = False,
    config: Config = None,
) -> None:  # fmt: skip
    """Сайт, срок, уведомления; новый секрет печатается один раз / site, deadline, notices."""
    from chekpoint.hub.joining import card_of  # noqa: PLC0415
    from chekpoint.hub.kinds import Unfilled  # noqa: PLC0415

    async def deed(at: Desk) -> str | None:
        shop = await at.store.read(lambda tx: named(tx, name))
        now = {
            "site": shop.site or "",
            "deadline": str(shop.deadline_seconds),
            "webhook": shop.webhook_url or "",
        }
        said = {"site": site, "deadline": deadline, "webhook": webhook}
        try:
            card = card_of(now | {field: value for field, value in said.items() if value is not None})
        except Unfilled as wrong:
            fail("\n".join(f"--{field}: {ru} / {en}" for field, (ru, en) in wrong.faults.items()))
        return await at.store.write(lambda tx: verbs(at).set_card(tx, shop, card, new_secret=new_secret))

    secret = _done(config, deed)
    typer.echo(f"секрет подписи / signing secret: {secret}" if secret else "сохранено / saved")
