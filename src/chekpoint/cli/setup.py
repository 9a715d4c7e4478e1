"""``chekpoint setup``: sellers, shops, keys, passwords."""

import secrets
from typing import TYPE_CHECKING

import typer

from chekpoint.cli.common import Config, desk, fail, run
from chekpoint.cli.shop_verbs import named, verbs

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

    async def work() -> str:
        async with desk(config) as at:

            def unit(tx: "Tx") -> str:
                made = people.Shop(
                    at.keys.new(), _seller_id(tx, inn), name, "api", site or None, deadline, None, webhook or None,
                    secrets.token_urlsafe(32) if webhook else None,
                )  # fmt: skip
                people.add_shop(tx, made)
                return f"{made.id} {verbs(at).new_key(tx, made).secret}"

            return await at.store.write(unit)

    typer.echo(run(work))


def key(shop_name: str, *, config: Config = None) -> None:
    """Ещё один ключ API магазина / another API key of a shop."""

    async def work() -> str:
        async with desk(config) as at:
            made = await at.store.write(lambda tx: verbs(at).new_key(tx, named(tx, shop_name)))
            return f"{made.id} {made.secret}"

    typer.echo(run(work))


def revoke(key_id: str, *, config: Config = None) -> None:
    """Отозвать ключ API / revoke an API key."""
    from chekpoint.core.errors import Unfit  # noqa: PLC0415
    from chekpoint.store import people  # noqa: PLC0415

    async def work() -> None:
        async with desk(config) as at:

            def unit(tx: "Tx") -> None:
                owners = [
                    one for one in people.shops(tx) if key_id in {key.id for key in people.keys(tx, one.id)}
                ]
                if not owners:
                    raise Unfit("такого ключа нет / there is no such key")
                verbs(at).revoke(tx, owners[0], key_id)

            try:
                await at.store.write(unit)
            except Unfit as error:
                fail(str(error), 1)

    run(work)
    typer.echo("отозван / revoked")


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
