"""``chekpoint emulate shtrih``: an emulated register that speaks the Shtrih-M protocol over TCP or a serial line."""

import asyncio
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chekpoint.cli.say import say

if TYPE_CHECKING:
    from chekpoint.emulators.register import EmulatedRegister
    from chekpoint.emulators.shtrih_wire.face import ShtrihWire
    from chekpoint.emulators.stand import RegisterSetup

BANNER = "ТЕСТОВЫЙ ДВОЙНИК / TEST DOUBLE"
FFDS = ("1.05", "1.2")


def shtrih(
    *,
    host: Annotated[str, typer.Option(help="Адрес, который слушать / address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Порт протокола / protocol port")] = 7778,
    control_port: Annotated[
        int, typer.Option(min=0, max=65535, help="Порт пульта (HTTP) / control panel port")
    ] = 7779,
    pty: Annotated[
        bool, typer.Option("--pty", help="Ещё и последовательный порт (pty) / a serial line as well")
    ] = False,
    state: Annotated[
        Path | None, typer.Option(help="Папка для памяти; без неё всё забывается / folder to remember in")
    ] = None,
    faults: Annotated[
        str, typer.Option(help='Сбои по жребию / faults by chance: "drop=0.05,delay=0.1:0.2s,seed=7"')
    ] = "",
    ofd: Annotated[str, typer.Option(help="Адрес ОФД хост:порт; пусто: не передавать / OFD address")] = "",
    ffd: Annotated[str, typer.Option(help="1.05 | 1.2")] = "1.2",
    inn: Annotated[str, typer.Option(help="ИНН продавца / seller's INN")] = "7700000016",
    fn: Annotated[str, typer.Option(help="Номер ФН 9999078... / fiscal drive number")] = "9999078900000001",
    protocol: Annotated[str, typer.Option(help="Протокол обмена / link protocol: auto | 1 | 2")] = "auto",
    seconds: Annotated[
        float, typer.Option(min=0.0, help="Секунд на печать чека / seconds per receipt")
    ] = 0.0,
) -> None:
    """Эмулятор ККТ с протоколом Штрих-М: TCP и последовательный порт / an emulated Shtrih-M register."""
    if protocol not in {"auto", "1", "2"}:
        raise typer.BadParameter(f"{protocol}: auto | 1 | 2", param_hint="--protocol")
    setup = _setup(fn=fn, state=state, inn=inn, ffd=ffd, faults=faults, ofd=ofd, seconds=seconds)
    register = _register(setup)
    try:
        asyncio.run(_serve(_face(register, setup, protocol), host, port, control_port, pty=pty))
    except OSError as error:
        raise typer.BadParameter(f"{host}:{port}: {error}", param_hint="--port") from error
    finally:
        register.close()


def _setup(
    *, fn: str, state: Path | None, inn: str, ffd: str, faults: str, ofd: str, seconds: float
) -> "RegisterSetup":
    from chekpoint.emulators import stand  # noqa: PLC0415  a command starts in an instant
    from chekpoint.emulators.faults import FaultPlan, FaultSpecError  # noqa: PLC0415
    from chekpoint.emulators.fiscal_drive import Registration  # noqa: PLC0415
    from chekpoint.fiscal.inn import is_inn  # noqa: PLC0415

    if ffd not in FFDS:
        raise typer.BadParameter(f"{ffd}: {' | '.join(FFDS)}", param_hint="--ffd")
    if not is_inn(inn):
        raise typer.BadParameter(f"{inn}: не ИНН / not an INN", param_hint="--inn")
    try:
        return stand.RegisterSetup(
            fn=fn,
            state=state,
            registration=Registration(seller_inn=inn, ffd=ffd),
            faults=FaultPlan.from_spec(faults),
            ofd=stand.address(ofd) if ofd else None,
            seconds_per_receipt=seconds,
        )
    except stand.AddressError as error:
        raise typer.BadParameter(str(error), param_hint="--ofd") from error
    except FaultSpecError as error:
        raise typer.BadParameter(str(error), param_hint="--faults") from error


def _register(setup: "RegisterSetup") -> "EmulatedRegister":
    from chekpoint.core.clock import SystemClock  # noqa: PLC0415  a command starts in an instant
    from chekpoint.emulators import stand  # noqa: PLC0415
    from chekpoint.emulators.drive_archive import WrongDrive  # noqa: PLC0415

    try:
        return stand.build_register(setup, SystemClock())
    except (ValueError, WrongDrive, OSError, sqlite3.Error) as error:
        raise typer.BadParameter(str(error)) from error


def _face(register: "EmulatedRegister", setup: "RegisterSetup", protocol: str) -> "ShtrihWire":
    import msgspec  # noqa: PLC0415  a command starts in an instant

    from chekpoint.emulators.shtrih_wire.conduct import Conduct  # noqa: PLC0415
    from chekpoint.emulators.shtrih_wire.face import ShtrihWire  # noqa: PLC0415

    conduct = msgspec.convert({"protocol": protocol}, Conduct)
    tables = setup.state / f"shtrih-tables-{setup.fn}.json" if setup.state else None
    try:
        return ShtrihWire(register, conduct=conduct, tables=tables)
    except (OSError, msgspec.DecodeError) as error:
        raise typer.BadParameter(f"{tables}: {error}", param_hint="--state") from error


async def _serve(face: "ShtrihWire", host: str, port: int, control_port: int, *, pty: bool) -> None:
    """Run the line, the panel and the exchange until interrupted; raises OSError when a port is taken."""
    from contextlib import AsyncExitStack  # noqa: PLC0415  a command starts in an instant

    import uvicorn  # noqa: PLC0415

    config = uvicorn.Config(face.control(), host=host, port=control_port, log_level="warning")
    panel = config.bind_socket()  # says so and exits when the port is taken, before anything else has started
    async with AsyncExitStack() as stack:
        real_port = await stack.enter_async_context(face.listen(host, port))
        drive = face.register.drive
        say(f"{BANNER}: ККТ tcp://{host}:{real_port} ФН {drive.number} ФФД {drive.ffd}")
        say(f"  http://{host}:{panel.getsockname()[1]}/")
        if pty:
            say(f"  {await stack.enter_async_context(face.pty())}")
        await stack.enter_async_context(face.exchanging())
        await uvicorn.Server(config).serve(sockets=[panel])
