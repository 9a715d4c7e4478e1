"""``chekpoint emulate atol-online``: a test double of the cloud service over emulated registers."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from chekpoint.cli.say import say

BANNER = "ТЕСТОВЫЙ ДВОЙНИК / TEST DOUBLE"


def atol_online(
    *,
    host: Annotated[str, typer.Option(help="Адрес, который слушать / address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Порт / port")] = 8056,
    state: Annotated[Path | None, typer.Option(help="Папка для памяти / folder to remember in")] = None,
    registers: Annotated[int, typer.Option(min=1, max=20, help="Сколько касс в группе / registers in the group")] = 2,
    faults: Annotated[str, typer.Option(help='Сбои по жребию / faults by chance: "drop=0.05,seed=7"')] = "",
    ofd: Annotated[str, typer.Option(help="Адрес ОФД хост:порт; пусто: не передавать / OFD address")] = "",
    inn: Annotated[str, typer.Option(help="ИНН группы / the group's INN")] = "7700000016",
    login: Annotated[str, typer.Option(help="Логин / login")] = "chekpoint",
    password: Annotated[str, typer.Option(help="Пароль / password")] = "password",  # noqa: S107 - of a test double
    group: Annotated[str, typer.Option(help="Код группы / group code")] = "group",
) -> None:  # fmt: skip
    """Эмулятор АТОЛ Онлайн v4 и v5 / an emulated ATOL Online."""
    from chekpoint.core.clock import SystemClock  # noqa: PLC0415  a command starts in an instant
    from chekpoint.emulators import stand  # noqa: PLC0415
    from chekpoint.emulators.atol_cloud.face import Face, server  # noqa: PLC0415
    from chekpoint.emulators.atol_cloud.service import AtolCloud, CloudSetup  # noqa: PLC0415
    from chekpoint.emulators.faults import FaultPlan, FaultSpecError  # noqa: PLC0415
    from chekpoint.emulators.fiscal_drive import Registration  # noqa: PLC0415

    try:
        plan, operator = FaultPlan.from_spec(faults), stand.address(ofd) if ofd else None
    except (FaultSpecError, stand.AddressError) as error:
        raise typer.BadParameter(str(error)) from error
    clock = SystemClock()
    each = stand.RegisterSetup(state=state, registration=Registration(seller_inn=inn), ofd=operator)
    made = stand.build_group(each, "99990789100000", registers, clock)
    setup = CloudSetup(login=login, password=password, group_code=group, inn=inn)
    cloud = AtolCloud(setup, made, clock=clock, path=state / "atol-online.sqlite" if state else None)
    say(
        f"{BANNER}: АТОЛ Онлайн http://{host}:{port}/possystem, группа {group}, логин {login}, касс {registers}"
    )
    try:
        asyncio.run(server(Face(cloud, plan), host=host, port=port).serve())
    finally:
        cloud.close()
        for register in made:
            register.close()
