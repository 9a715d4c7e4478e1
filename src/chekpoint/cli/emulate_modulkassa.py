"""``chekpoint emulate modulkassa``: a test double of ModulKassa over emulated registers."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chekpoint.cli.say import say

if TYPE_CHECKING:
    from chekpoint.emulators.modulkassa_cloud.service import PointSetup
    from chekpoint.emulators.stand import RegisterSetup

BANNER = "ТЕСТОВЫЙ ДВОЙНИК / TEST DOUBLE"


def modulkassa(
    *,
    host: Annotated[str, typer.Option(help="Адрес, который слушать / address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Порт / port")] = 8058,
    state: Annotated[Path | None, typer.Option(help="Папка для памяти / folder to remember in")] = None,
    registers: Annotated[int, typer.Option(min=1, max=20, help="Сколько касс у точки / registers of the point")] = 1,
    faults: Annotated[str, typer.Option(help='Сбои по жребию / faults by chance: "drop=0.05,seed=7"')] = "",
    ofd: Annotated[str, typer.Option(help="Адрес ОФД хост:порт; пусто: не передавать / OFD address")] = "",
    inn: Annotated[str, typer.Option(help="ИНН касс / the registers' INN")] = "7700000016",
    login: Annotated[str, typer.Option(help="Логин учётной записи / account")] = "account",
    password: Annotated[str, typer.Option(help="Её пароль / its password")] = "password",  # noqa: S107 - of a test double
    point: Annotated[str, typer.Option(help="Торговая точка / retail point")] = "point",
    second: Annotated[str, typer.Option(help="Второй POST того же id: same, error, new / a second POST of one id")] = "same",
) -> None:  # fmt: skip
    """Эмулятор МодульКассы, API фискализации v1 и v2 / an emulated ModulKassa."""
    from chekpoint.emulators.faults import FaultPlan, FaultSpecError  # noqa: PLC0415  a command starts in an instant
    from chekpoint.emulators.fiscal_drive import Registration  # noqa: PLC0415
    from chekpoint.emulators.modulkassa_cloud.service import PointSetup, SecondPost  # noqa: PLC0415
    from chekpoint.emulators.stand import AddressError, RegisterSetup, address  # noqa: PLC0415

    try:
        setup = PointSetup(login=login, password=password, retail_point=point, second=SecondPost(second))
        plan, operator = FaultPlan.from_spec(faults), address(ofd) if ofd else None
    except (FaultSpecError, AddressError, ValueError) as error:
        raise typer.BadParameter(str(error)) from error
    of_each = RegisterSetup(state=state, faults=plan, ofd=operator, registration=Registration(seller_inn=inn))
    pair = ":".join(setup.pair)
    say(f"{BANNER}: МодульКасса http://{host}:{port}/api/fn, точка {point}, пара до связывания {pair}")
    _serve(setup, of_each, registers, host=host, port=port)


def _serve(setup: "PointSetup", of_each: "RegisterSetup", count: int, *, host: str, port: int) -> None:
    """Until it is interrupted."""
    from chekpoint.core.clock import SystemClock  # noqa: PLC0415
    from chekpoint.emulators.modulkassa_cloud.face import Face, server  # noqa: PLC0415
    from chekpoint.emulators.modulkassa_cloud.service import ModulKassa  # noqa: PLC0415
    from chekpoint.emulators.stand import build_group  # noqa: PLC0415

    clock, state = SystemClock(), of_each.state
    made = build_group(of_each, "99990789300000", count, clock)
    service = ModulKassa(setup, made, clock=clock, path=state / "modulkassa.sqlite" if state else None)
    try:
        asyncio.run(server(Face(service, of_each.faults), host=host, port=port).serve())
    finally:
        service.close()
        for register in made:
            register.close()
