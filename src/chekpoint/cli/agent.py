"""``chekpoint agent``: the program beside the registers; ``chekpoint agents``: who may connect to this hub."""

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chekpoint.cli.common import Config, desk, fail, run

if TYPE_CHECKING:
    from chekpoint.app.agent import AgentSettings
    from chekpoint.app.agent_find import Places
    from chekpoint.store.agents import Agent
    from chekpoint.store.journal import Tx

NAME_MOST = 64


def _named(help_: str, name: str) -> Any:
    return typer.Option(help=help_, envvar=f"CHEKPOINT_AGENT_{name}")


Hubs = Annotated[list[str] | None, _named("Адрес хаба, можно несколько / the hub's address", "HUB")]
Key = Annotated[str, _named("Ключ агента / the agent's key", "KEY")]
KeyFile = Annotated[Path | None, _named("Файл с ключом / a file with the key", "KEY_FILE")]
Ca = Annotated[Path | None, _named("Корневые сертификаты / root certificates", "CA")]
Proxy = Annotated[str, _named("Прокси / a proxy", "PROXY")]
Hosts = Annotated[list[str] | None, _named("Где искать кассы / where to look for registers", "HOST")]
Serial = Annotated[list[str] | None, _named("Порт, который можно опросить / a serial port to ask", "SERIAL")]
Port = typer.Option(min=1, max=65535, help="Порт веб-сервера ATOL / its port")
Ports = Annotated[list[int] | None, typer.Option(help="TCP-порты Штрих-М / their ports")]
PagePort = typer.Option(
    min=0,
    max=65535,
    help="Порт страницы состояния / port of the status page",
    envvar="CHEKPOINT_AGENT_PAGE_PORT",
)
Find = Annotated[bool, typer.Option("--find", help="Только найти кассы рядом / only look for registers")]
Check = Annotated[bool, typer.Option("--check", help="Только проверить себя / only check itself")]
LogJson = Annotated[bool, typer.Option("--log-json", help="Журнал в JSON / logs as JSON")]


def agent(
    *, hub: Hubs = None, key: Key = "", key_file: KeyFile = None, ca: Ca = None, proxy: Proxy = "", host: Hosts = None,
    serial: Serial = None, atol_port: Annotated[int, Port] = 16732, shtrih_port: Ports = None,
    page_port: Annotated[int, PagePort] = 16733, find: Find = False, check: Check = False, log_json: LogJson = False,
) -> None:  # fmt: skip
    """Агент: рядом с кассами, сам звонит хабу / the agent: beside registers, dials out to the hub."""
    from chekpoint.app.agent import AgentSettings  # noqa: PLC0415 - commands start in an instant
    from chekpoint.app.agent_find import Places  # noqa: PLC0415
    from chekpoint.app.agent_link import BadSettings, LinkSettings  # noqa: PLC0415
    from chekpoint.app.logs import configure  # noqa: PLC0415

    ports = tuple(shtrih_port or (7778,))
    places = Places(
        hosts=tuple(host or ("127.0.0.1",)),
        serial=tuple(serial or ()),
        atol_port=atol_port,
        shtrih_ports=ports,
    )
    configure(as_json=log_json)
    try:
        if find:
            _find(places)
            return
        links = tuple(
            LinkSettings(hub=one, key=_secret(key, key_file), ca=ca, proxy=proxy or None) for one in hub or ()
        )
        if not links:
            fail("укажите адрес хаба: --hub https://… / give the hub's address")
        settings = AgentSettings(links=links, places=places, page_port=page_port)
        _check(settings) if check else _serve(settings)
    except BadSettings as error:
        fail(str(error))


def _secret(key: str, key_file: Path | None) -> str:
    if key_file is not None:
        try:
            key = key_file.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            fail(f"{key_file}: не читается / cannot be read: {error}")
    key = key.strip()
    if not key:
        fail(
            "нужен ключ: --key, --key-file или CHEKPOINT_AGENT_KEY; выдаёт его хаб: chekpoint agents add / a key is needed"
        )
    if not (key.isascii() and key.isprintable()):
        fail("ключ повреждён: скопируйте его заново / the key is damaged: copy it again")
    return key


def _serve(settings: "AgentSettings") -> None:
    import asyncio  # noqa: PLC0415
    import random  # noqa: PLC0415
    import signal  # noqa: PLC0415

    from chekpoint.app.agent import Agent  # noqa: PLC0415
    from chekpoint.core.clock import SystemClock  # noqa: PLC0415

    async def work() -> None:
        chance = random.Random(secrets.randbits(128))  # noqa: S311 - names this run, spreads pauses
        program, loop = Agent(settings, SystemClock(), chance), asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, lambda *_: loop.call_soon_threadsafe(program.stop))
        await program.run(lambda port: typer.echo(f"Агент Chekpoint: http://127.0.0.1:{port}/"))

    asyncio.run(work())


def _find(places: "Places") -> None:
    from chekpoint.app.agent import local_seats  # noqa: PLC0415
    from chekpoint.app.agent_find import add_line, find  # noqa: PLC0415
    from chekpoint.cli.registers import describe  # noqa: PLC0415
    from chekpoint.cli.say import say  # noqa: PLC0415
    from chekpoint.core.clock import SystemClock  # noqa: PLC0415

    async def work() -> int:
        seats, answered = local_seats(SystemClock()), 0
        for one in await find(seats, places):
            if one.status is None:
                say(f"{one.maker} {one.where}: {one.problem}")
                continue
            answered += 1
            say(f"{one.maker} {one.where}: {describe(one.status)}")
            say(f"    {add_line('АГЕНТ', one)}")
        await seats.aclose()
        return answered

    if not run(work):
        fail("касс рядом не найдено / no register was found here", 1)


def _check(settings: "AgentSettings") -> None:
    from chekpoint.app.agent import local_seats  # noqa: PLC0415
    from chekpoint.app.agent_check import check  # noqa: PLC0415
    from chekpoint.cli.say import say  # noqa: PLC0415
    from chekpoint.core.clock import SystemClock  # noqa: PLC0415

    async def work() -> int:
        seats, failed = local_seats(SystemClock()), 0
        async for step in check(settings.links, seats, settings.places, SystemClock()):
            mark = {True: "[да]", False: "[НЕТ]", None: "[…]"}[step.ok]
            say(f"{mark} {step.ru}" if step.ru == step.en else f"{mark} {step.ru} / {step.en}")
            failed += step.ok is False
        await seats.aclose()
        return failed

    if run(work):
        raise typer.Exit(1)


def add(name: str, *, config: Config = None) -> None:
    """Завести агента; печатает ключ один раз / let an agent in; prints its key once."""
    from chekpoint.store import agents, people  # noqa: PLC0415

    if not (0 < len(name) <= NAME_MOST and name.isprintable()):
        fail(f"имя: от 1 до {NAME_MOST} печатных знаков / a name has 1 to {NAME_MOST} printable characters")
    secret = f"ak_{secrets.token_urlsafe(32)}"

    async def work() -> str:
        async with desk(config) as at:
            key, deed = at.keys.new(), at.keys.new()

            def unit(tx: "Tx") -> None:
                agents.add_agent(tx, key, name, secret)
                people.note_deed(tx, deed, who="cli", verb="agent_add", subject=key, reason=name)

            await at.store.write(unit)
            return at.settings.address

    address = run(work)
    typer.echo(secret)
    typer.echo(f"chekpoint agent --hub {address} --key {secret}")


def list_(*, config: Config = None) -> None:
    """Агенты: когда были на связи, какой версии / agents: when they were seen, their version."""
    from chekpoint.core.clock import from_epoch_ms  # noqa: PLC0415
    from chekpoint.store import agents  # noqa: PLC0415

    def line(one: "Agent") -> str:
        seen = "-" if one.last_seen_at is None else f"{from_epoch_ms(one.last_seen_at):%Y-%m-%d %H:%M:%S} UTC"
        gone = ", отозван / revoked" if one.revoked_at is not None else ""
        return f"{one.name}: ключ {one.hint}…, был на связи / seen {seen}, {one.version or '-'}{gone}"

    async def work() -> "list[Agent]":
        async with desk(config) as at:
            return await at.store.read(agents.agents)

    typer.echo("\n".join(line(one) for one in run(work)))


def revoke(name: str, *, config: Config = None) -> None:
    """Отозвать ключ агента; живая связь будет разорвана / revoke its key; a live connection is cut."""
    from chekpoint.core.errors import Unfit  # noqa: PLC0415
    from chekpoint.store import agents, people  # noqa: PLC0415

    async def work() -> None:
        async with desk(config) as at:
            deed = at.keys.new()

            def unit(tx: "Tx") -> None:
                found = agents.agent_named(tx, name)
                if found is None or not agents.revoke_agent(tx, found.id):
                    raise Unfit(f"агента «{name}» нет / there is no agent named {name}")
                people.note_deed(tx, deed, who="cli", verb="agent_revoke", subject=found.id, reason=name)

            await at.store.write(unit)

    run(work)
    typer.echo("отозван / revoked")


agents_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Агенты при кассах / agents")
for _word, _verb in (("add", add), ("list", list_), ("revoke", revoke)):
    agents_app.command(_word)(_verb)
