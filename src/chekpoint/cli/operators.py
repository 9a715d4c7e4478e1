"""``chekpoint setup ofd``: access to the account at an operator, tried before it is kept."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chekpoint.cli.common import Config, desk, fail, run
from chekpoint.cli.setup import _seller_id

if TYPE_CHECKING:
    from chekpoint.core.ports import TaxService

Check = Annotated[
    bool, typer.Option("--check/--no-check", help="Спросить кабинет сразу / ask the account now")
]


Settings = Annotated[
    str,
    typer.Argument(help="JSON, или @файл с ним / JSON, or @file: secrets stay out of the shell's history"),
]


def ofd(inn: str, operator: str, settings: Settings, *, check: Check = True, config: Config = None) -> None:
    """Доступ в кабинет ОФД или к API налоговой (fns), настройки в JSON / access to an operator or the tax service."""
    body = _checked(inn, operator, settings)

    async def work() -> str:
        from chekpoint.store import people  # noqa: PLC0415 - commands start in an instant

        async with desk(config) as at:
            seller = await at.store.read(lambda tx: _seller_id(tx, inn))
            if check:
                for line in await _asked(operator, body):
                    typer.echo(line)
            account = at.keys.new()
            await at.store.write(lambda tx: people.add_account(tx, account, seller, operator, body))
            return account

    typer.echo(run(work))


def _checked(inn: str, operator: str, settings: str) -> bytes:
    """The settings as they are kept; ends the command where the client would not take them."""
    import msgspec  # noqa: PLC0415

    from chekpoint.app.compose import OPERATOR_CONFIGS, TAX_CONFIGS  # noqa: PLC0415

    known = {**OPERATOR_CONFIGS, **TAX_CONFIGS}
    form = known.get(operator)
    if form is None:
        fail(f"оператор {operator} не поддержан / operator not known: {', '.join(known)}")
    try:
        text = Path(settings[1:]).read_text("utf-8") if settings.startswith("@") else settings
        given: dict[str, Any] = msgspec.json.decode(text, type=dict[str, Any])
        if str(given.setdefault("inn", inn)).strip() != inn:
            fail(f"inn в настройках не {inn} / the settings have another INN")
        return msgspec.json.encode(msgspec.convert(given, form))
    except (ValueError, OSError) as error:
        fail(f"настройки не читаются / settings cannot be read: {error}")


async def _asked(operator: str, body: bytes) -> list[str]:
    """What the account shows now, in lines; raises RegisterBlocked, and ends the command when the CA file is no use."""
    from chekpoint.app.compose import operator_makers, tax_makers  # noqa: PLC0415
    from chekpoint.core.clock import SystemClock  # noqa: PLC0415

    clock = SystemClock()
    try:
        if operator in tax_makers(clock):
            return await _admitted(tax_makers(clock)[operator](body)[0])
        client = operator_makers(clock)[operator](body)
    except OSError as error:
        fail(f"ca_file: {error}")
    try:
        return [f"ККТ {one.registration_number} ФН {one.fn or '-'}" async for one in client.registers()]
    finally:
        await client.aclose()


async def _admitted(service: "TaxService") -> list[str]:
    try:
        await service.admitted()
    finally:
        await service.aclose()
    return ["налоговая выдала токен / the tax service gave a token"]
