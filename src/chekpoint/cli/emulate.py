"""``chekpoint emulate register|ofd``: test doubles as servers, to try everything without hardware."""

import asyncio
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from chekpoint.emulators.faults import FaultPlan
    from chekpoint.emulators.ofd import EmulatedOfd
    from chekpoint.emulators.stand import RegisterSetup

Host = Annotated[str, typer.Option(help="Адрес, который слушать / address to listen on")]
Faults = Annotated[
    str, typer.Option(help='Сбои по жребию / faults by chance: "drop=0.05,delay=0.1:0.2s,seed=7"')
]
State = Annotated[
    Path | None, typer.Option(help="Папка для памяти; без неё всё забывается / folder to remember in")
]

BANNER = "ТЕСТОВЫЙ ДВОЙНИК / TEST DOUBLE"


def register(
    *,
    host: Host = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Порт веб-сервера / web server port")] = 16732,
    state: State = None,
    faults: Faults = "",
    ofd: Annotated[str, typer.Option(help="Адрес ОФД хост:порт; пусто: не передавать / OFD address")] = "",
    ffd: Annotated[str, typer.Option(help="1.05 | 1.2")] = "1.2",
    inn: Annotated[str, typer.Option(help="ИНН продавца / seller's INN")] = "7700000016",
    fn: Annotated[str, typer.Option(help="Номер ФН 9999078... / fiscal drive number")] = "9999078900000001",
    generation: Annotated[str, typer.Option(help="Поколение API / API generation: v1 | v2 | both")] = "both",
    seconds: Annotated[
        float, typer.Option(min=0.0, help="Секунд на печать чека / seconds per receipt")
    ] = 0.0,
) -> None:
    """Эмулятор ККТ с веб-сервером драйвера / an emulated register with the driver's web server."""
    from chekpoint.emulators import stand  # noqa: PLC0415  a command starts in an instant
    from chekpoint.emulators.fiscal_drive import Registration  # noqa: PLC0415

    _one_of("ffd", ffd, ("1.05", "1.2"))
    _one_of("generation", generation, ("v1", "v2", "both"))
    try:
        setup = stand.RegisterSetup(
            fn=fn,
            state=state,
            registration=Registration(seller_inn=_inn(inn), ffd=ffd),
            faults=_plan(faults),
            ofd=stand.address(ofd) if ofd else None,
            seconds_per_receipt=seconds,
        )
    except stand.AddressError as error:
        raise typer.BadParameter(str(error), param_hint="--ofd") from error
    _serve_register(setup, host, port, generation)


def _serve_register(setup: "RegisterSetup", host: str, port: int, generation: Any) -> None:
    """Run the web face of one register until interrupted."""
    from chekpoint.core.clock import SystemClock  # noqa: PLC0415  a command starts in an instant
    from chekpoint.emulators import stand  # noqa: PLC0415
    from chekpoint.emulators.atol_web.face import AtolWeb  # noqa: PLC0415
    from chekpoint.emulators.atol_web.serve import server  # noqa: PLC0415
    from chekpoint.emulators.drive_archive import WrongDrive  # noqa: PLC0415

    clock = SystemClock()
    try:
        device = stand.build_register(setup, clock)
    except (ValueError, WrongDrive, OSError, sqlite3.Error) as error:
        raise typer.BadParameter(str(error)) from error
    web = AtolWeb(
        {"1": device},
        clock=clock,
        generation=generation,
        path=setup.state / f"queue-{setup.fn}.sqlite" if setup.state else None,
        faults=setup.faults,
        background=(device.exchange.run,),
    )
    typer.echo(f"{BANNER}: ККТ http://{host}:{port}/ ФН {setup.fn} ФФД {device.drive.ffd}")
    try:
        server(web.app, host=host, port=port).run()
    finally:
        web.close()
        device.close()


def ofd(
    *,
    host: Host = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Порт для касс / port for registers")] = 7777,
    http_port: Annotated[int, typer.Option(min=0, max=65535, help="Порт кабинета / account API port")] = 7780,
    state: State = None,
    faults: Faults = "",
) -> None:
    """Эмулятор ОФД: приём документов и кабинет / an emulated operator: documents in, account API."""
    from chekpoint.core.clock import SystemClock  # noqa: PLC0415  a command starts in an instant
    from chekpoint.emulators import stand  # noqa: PLC0415

    try:
        operator = stand.build_ofd(state, SystemClock(), _plan(faults))
    except (OSError, sqlite3.Error) as error:
        raise typer.BadParameter(str(error), param_hint="--state") from error
    typer.echo(f"{BANNER}: ОФД {host}:{port}, кабинет http://{host}:{http_port}/")
    typer.echo("  кабинеты / accounts: OFD.ru /, 1-ofd.ru /first-ofd, Контур.ОФД /kontur")
    try:
        asyncio.run(_serve_ofd(operator, host, port, http_port))
    except OSError as error:
        raise typer.BadParameter(f"{host}:{port}: {error}", param_hint="--port") from error
    finally:
        operator.close()


async def _serve_ofd(operator: "EmulatedOfd", host: str, port: int, http_port: int) -> None:
    """Run both ports of an operator until interrupted; raises OSError when the first one is taken."""
    import uvicorn  # noqa: PLC0415  a command starts in an instant

    from chekpoint.emulators import stand  # noqa: PLC0415
    from chekpoint.emulators.ofd import listen  # noqa: PLC0415

    config = uvicorn.Config(stand.ofd_app(operator), host=host, port=http_port, log_level="warning")
    http = config.bind_socket()  # says so and exits when the port is taken, before anything else has started
    async with listen(operator, host, port):
        await uvicorn.Server(config).serve(sockets=[http])


def _plan(spec: str) -> "FaultPlan":
    from chekpoint.emulators.faults import FaultPlan, FaultSpecError  # noqa: PLC0415

    try:
        return FaultPlan.from_spec(spec)
    except FaultSpecError as error:
        raise typer.BadParameter(str(error), param_hint="--faults") from error


def _inn(text: str) -> str:
    from chekpoint.fiscal.inn import is_inn  # noqa: PLC0415

    if not is_inn(text):
        raise typer.BadParameter(f"{text}: не ИНН / not an INN", param_hint="--inn")
    return text


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise typer.BadParameter(f"{value}: {' | '.join(allowed)}", param_hint=f"--{name}")
