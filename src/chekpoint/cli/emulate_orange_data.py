"""``chekpoint emulate orange-data``: a test double of OrangeData over emulated registers, behind mutual TLS."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chekpoint.cli.say import say

if TYPE_CHECKING:
    from chekpoint.emulators.orange_data.papers import Papers

BANNER = "ТЕСТОВЫЙ ДВОЙНИК / TEST DOUBLE"


def orange_data(
    *,
    host: Annotated[str, typer.Option(help="Адрес, который слушать / address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Порт / port")] = 8059,
    state: Annotated[Path | None, typer.Option(help="Папка для памяти / folder to remember in")] = None,
    keys: Annotated[Path, typer.Option(help="Папка тестовых ключей и сертификатов / folder of test keys")] = Path("orange-data-keys"),
    registers: Annotated[int, typer.Option(min=1, max=20, help="Сколько касс в группе / registers of the group")] = 1,
    faults: Annotated[str, typer.Option(help='Сбои по жребию / faults by chance: "drop=0.05,seed=7"')] = "",
    ofd: Annotated[str, typer.Option(help="Адрес ОФД хост:порт; пусто: не передавать / OFD address")] = "",
    inn: Annotated[str, typer.Option(help="ИНН касс / the registers' INN")] = "7700000016",
    group: Annotated[str, typer.Option(help="Группа / group")] = "Main",
    ffd: Annotated[str, typer.Option(help="1.05 | 1.2")] = "1.2",
) -> None:  # fmt: skip
    """Эмулятор OrangeData, API v2 / an emulated OrangeData."""
    from chekpoint.core.clock import SystemClock  # noqa: PLC0415  a command starts in an instant
    from chekpoint.emulators import stand  # noqa: PLC0415
    from chekpoint.emulators.faults import FaultPlan, FaultSpecError  # noqa: PLC0415
    from chekpoint.emulators.fiscal_drive import Registration  # noqa: PLC0415
    from chekpoint.emulators.orange_data.face import Face, server  # noqa: PLC0415
    from chekpoint.emulators.orange_data.papers import papers_in  # noqa: PLC0415
    from chekpoint.emulators.orange_data.service import ClientSetup, OrangeData  # noqa: PLC0415

    if ffd not in {"1.05", "1.2"}:
        raise typer.BadParameter("1.05 | 1.2", param_hint="--ffd")
    clock = SystemClock()
    try:
        plan, operator = FaultPlan.from_spec(faults), stand.address(ofd) if ofd else None
        papers = papers_in(keys.resolve(), clock.now(), host)
    except (FaultSpecError, stand.AddressError, OSError, ValueError) as error:
        raise typer.BadParameter(str(error)) from error
    each = stand.RegisterSetup(
        state=state, registration=Registration(seller_inn=inn, ffd=ffd), faults=plan, ofd=operator
    )
    made = stand.build_group(each, "99990789400000", registers, clock)
    path = state / "orange-data.sqlite" if state else None
    setup = ClientSetup(inn=inn, group=group, key_name=inn)
    service = OrangeData(setup, made, key=papers.public_key(), clock=clock, path=path)
    say(f"{BANNER}: OrangeData https://{host}:{port}, ИНН {inn}, группа {group}, касс {registers}")
    _say_keys(papers)
    try:
        asyncio.run(server(Face(service, plan), papers, host=host, port=port).serve())
    finally:
        service.close()
        for register in made:
            register.close()


def _say_keys(papers: "Papers") -> None:
    """What a client's settings need."""
    names = ("sign_key", "client_cert", "client_key", "ca")
    say("Ключи: " + ", ".join(f"{name} {getattr(papers, name)}" for name in names))
