"""``chekpoint emulate komtet``: a test double of Komtet Kassa over emulated registers."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from chekpoint.cli.say import say

BANNER = "ТЕСТОВЫЙ ДВОЙНИК / TEST DOUBLE"


def komtet(
    *,
    host: Annotated[str, typer.Option(help="Адрес, который слушать / address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Порт / port")] = 8057,
    state: Annotated[Path | None, typer.Option(help="Папка для памяти / folder to remember in")] = None,
    registers: Annotated[int, typer.Option(min=1, max=20, help="Сколько касс в очереди / registers of the queue")] = 1,
    faults: Annotated[str, typer.Option(help='Сбои по жребию / faults by chance: "drop=0.05,seed=7"')] = "",
    ofd: Annotated[str, typer.Option(help="Адрес ОФД хост:порт; пусто: не передавать / OFD address")] = "",
    inn: Annotated[str, typer.Option(help="ИНН касс / the registers' INN")] = "7700000016",
    shop: Annotated[str, typer.Option(help="Идентификатор магазина / shop id")] = "shop",
    secret: Annotated[str, typer.Option(help="Секретный ключ / secret")] = "secret",  # noqa: S107 - of a test double
    queue: Annotated[int, typer.Option(min=1, help="Номер очереди / queue number")] = 1,
) -> None:  # fmt: skip
    """Эмулятор Комтет Кассы, API v2 / an emulated Komtet Kassa."""
    from chekpoint.core.clock import SystemClock  # noqa: PLC0415  a command starts in an instant
    from chekpoint.emulators import stand  # noqa: PLC0415
    from chekpoint.emulators.faults import FaultPlan, FaultSpecError  # noqa: PLC0415
    from chekpoint.emulators.fiscal_drive import Registration  # noqa: PLC0415
    from chekpoint.emulators.komtet.face import Face, server  # noqa: PLC0415
    from chekpoint.emulators.komtet.service import Komtet, ShopSetup  # noqa: PLC0415

    try:
        plan, operator = FaultPlan.from_spec(faults), stand.address(ofd) if ofd else None
    except (FaultSpecError, stand.AddressError) as error:
        raise typer.BadParameter(str(error)) from error
    clock = SystemClock()
    each = stand.RegisterSetup(
        state=state, registration=Registration(seller_inn=inn), faults=plan, ofd=operator
    )
    made = stand.build_group(each, "99990789200000", registers, clock)
    setup = ShopSetup(shop_id=shop, secret=secret, queue_id=queue, inn=inn)
    service = Komtet(setup, made, clock=clock, path=state / "komtet.sqlite" if state else None)
    say(f"{BANNER}: Комтет Касса http://{host}:{port}, магазин {shop}, очередь {queue}, касс {registers}")
    try:
        asyncio.run(server(Face(service, plan), host=host, port=port).serve())
    finally:
        service.close()
        for register in made:
            register.close()
