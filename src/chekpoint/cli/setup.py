"""``chekpoint setup``: sellers, shops, keys, operator accounts, passwords."""

import secrets
from typing import TYPE_CHECKING

import typer

from chekpoint.cli.common import Config, desk, fail, run

if TYPE_CHECKING:
    from chekpoint.store.journal import Tx


def seller(inn: str, name: str, *, config: Config = None) -> None:
    """Добавить продавца (организацию или ИП) / add a seller."""
    from chekpoint.fiscal.inn import is_inn  # noqa: PLC0415 - commands start in an instant
    from chekpoint.store import people  # noqa: PLC0415

    if not is_inn(inn):
        fail(f"{inn}: не ИНН, проверьте цифры / not an INN, check the digits")

    async def work() -> str:
        async with desk(config) as at:
            key = at.keys.new()
            await at.store.write(lambda tx: people.add_seller(tx, key, inn, name))
            return key

    typer.echo(run(work))


def _seller_id(tx: "Tx", inn: str) -> str:
    from chekpoint.core.errors import StoreError  # noqa: PLC0415
    from chekpoint.store import people  # noqa: PLC0415

    for one in people.sellers(tx):
        if one.inn == inn:
            return one.id
    raise StoreError(f"продавец с ИНН {inn} не заведён / no seller has the INN {inn}")


def shop(
    inn: str,
    name: str,
    *,
    site: str = typer.Option("", help="Адрес сайта, тег 1187 / the site's address"),
    webhook: str = typer.Option("", help="Куда сообщать об изменениях / where to tell of changes"),
    deadline: int = typer.Option(300, min=1, help="Срок регистрации, секунд / deadline, seconds"),
    config: Config = None,
) -> None:
    """Добавить магазин; печатает ключ API один раз / add a shop; prints its API key once."""
    from chekpoint.store import people  # noqa: PLC0415

    secret = f"ck_{secrets.token_urlsafe(32)}"

    async def work() -> str:
        async with desk(config) as at:
            shop_id, key_id = at.keys.new(), at.keys.new()

            def unit(tx: "Tx") -> None:
                made = people.Shop(
                    shop_id, _seller_id(tx, inn), name, "api", site or None, deadline, None, webhook or None,
                    secrets.token_urlsafe(32) if webhook else None,
                )  # fmt: skip
                people.add_shop(tx, made)
                people.add_key(tx, key_id, shop_id, secret)

            await at.store.write(unit)
            return shop_id

    typer.echo(f"{run(work)} {secret}")


def key(shop_name: str, *, config: Config = None) -> None:
    """Ещё один ключ API магазина / another API key of a shop."""
    from chekpoint.core.errors import StoreError  # noqa: PLC0415
    from chekpoint.store import people  # noqa: PLC0415

    secret = f"ck_{secrets.token_urlsafe(32)}"

    async def work() -> str:
        async with desk(config) as at:
            key_id = at.keys.new()

            def unit(tx: "Tx") -> None:
                found = [s for s in people.shops(tx) if s.name == shop_name]
                if not found:
                    raise StoreError(f"магазина «{shop_name}» нет / no shop is named {shop_name}")
                people.add_key(tx, key_id, found[0].id, secret)

            await at.store.write(unit)
            return key_id

    typer.echo(f"{run(work)} {secret}")


def revoke(key_id: str, *, config: Config = None) -> None:
    """Отозвать ключ API / revoke an API key."""
    from chekpoint.store import people  # noqa: PLC0415

    async def work() -> bool:
        async with desk(config) as at:
            return await at.store.write(lambda tx: people.revoke_key(tx, key_id))

    if not run(work):
        fail("такого действующего ключа нет / there is no such valid key", 1)
    typer.echo("отозван / revoked")


def ofd(inn: str, operator: str, settings: str, *, config: Config = None) -> None:
    """Доступ в кабинет ОФД (настройки в JSON) / access to an operator's account (settings as JSON)."""
    import msgspec  # noqa: PLC0415

    from chekpoint.app.compose import OPERATOR_CONFIGS  # noqa: PLC0415
    from chekpoint.store import people  # noqa: PLC0415

    form = OPERATOR_CONFIGS.get(operator)
    if form is None:
        fail(f"оператор {operator} не поддержан / operator not known: {', '.join(OPERATOR_CONFIGS)}")
    try:
        body = msgspec.json.encode(msgspec.json.decode(settings, type=form))
    except msgspec.DecodeError as error:
        fail(f"настройки не читаются / settings cannot be read: {error}")

    async def work() -> str:
        async with desk(config) as at:
            account = at.keys.new()
            await at.store.write(
                lambda tx: people.add_account(tx, account, _seller_id(tx, inn), operator, body)
            )
            return account

    typer.echo(run(work))


def password(login: str, *, config: Config = None) -> None:
    """Задать пароль (спросит дважды) / set a person's password (asks twice)."""
    from chekpoint.store import people  # noqa: PLC0415
    from chekpoint.web.access import hashed  # noqa: PLC0415

    word = typer.prompt("пароль / password", hide_input=True, confirmation_prompt=True)

    async def work() -> None:
        async with desk(config) as at:
            secret, user_id = hashed(word), at.keys.new()
            await at.store.write(lambda tx: people.set_password(tx, user_id, login, secret))

    run(work)
    typer.echo("готово / done")
