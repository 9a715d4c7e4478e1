"""``chekpoint emulate telegram``: a test double of Telegram's Bot API, with chats that one can read and write in."""

import asyncio
from typing import Annotated

import typer

from chekpoint.cli.say import say

BANNER = "ТЕСТОВЫЙ ДВОЙНИК / TEST DOUBLE"


def telegram(
    *,
    host: Annotated[str, typer.Option(help="Адрес, который слушать / address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Порт / port")] = 8081,
    chat: Annotated[int, typer.Option(help="Номер чата / chat id")] = 100200300,
    name: Annotated[str, typer.Option(help="Имя чата / the chat's name")] = "Директор",
    token: Annotated[str, typer.Option(help="Токен бота / the bot's token")] = "",
    faults: Annotated[str, typer.Option(help='Сбои по жребию / faults by chance: "drop=0.05,seed=7"')] = "",
) -> None:
    """Эмулятор Bot API Telegram: чат на странице, команды, сбои / an emulated Telegram."""
    from chekpoint.core.clock import SystemClock  # noqa: PLC0415  a command starts in an instant
    from chekpoint.emulators.faults import FaultPlan, FaultSpecError  # noqa: PLC0415
    from chekpoint.emulators.telegram import Face, Telegram, server  # noqa: PLC0415
    from chekpoint.emulators.telegram.service import TOKEN  # noqa: PLC0415

    try:
        plan = FaultPlan.from_spec(faults)
    except FaultSpecError as error:
        raise typer.BadParameter(str(error)) from error
    service = Telegram(SystemClock(), token=token or TOKEN, chats={chat: name})
    say(f"{BANNER}: Telegram http://{host}:{port}/, токен / token {service.token}, чат / chat {chat}")
    asyncio.run(server(Face(service, plan), host=host, port=port).serve())
