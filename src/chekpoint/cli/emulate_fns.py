"""``chekpoint emulate fns``: a test double of the tax service's open API over the emulated operator's archive."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Annotated

import typer

from chekpoint.cli.emulate import BANNER
from chekpoint.cli.say import say


def fns(
    *,
    state: Annotated[Path, typer.Option(help="Папка эмулятора ОФД / folder of the emulated operator")],
    host: Annotated[str, typer.Option(help="Адрес, который слушать / address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Порт / port")] = 8090,
    faults: Annotated[str, typer.Option(help='Сбои по жребию / faults by chance: "drop=0.05,seed=7"')] = "",
    lag: Annotated[float, typer.Option(min=0.0, help="Через сколько секунд документ в хранилище / seconds until it is stored")] = 0.0,
    quota: Annotated[int, typer.Option(min=0, help="Вопросов в день; 0: без предела / questions in a day")] = 0,
) -> None:  # fmt: skip
    """Эмулятор открытого API налоговой (чеки из папки `emulate ofd --state`) / an emulated tax service."""
    from chekpoint.core.clock import SystemClock  # noqa: PLC0415  a command starts in an instant
    from chekpoint.emulators.faults import FaultPlan, FaultSpecError  # noqa: PLC0415
    from chekpoint.emulators.fns import Face, FnsService, server  # noqa: PLC0415
    from chekpoint.emulators.ofd import OfdArchive  # noqa: PLC0415

    try:
        plan = FaultPlan.from_spec(faults)
        state.mkdir(parents=True, exist_ok=True)
        archive = OfdArchive(state / "ofd.sqlite")
    except FaultSpecError as error:
        raise typer.BadParameter(str(error), param_hint="--faults") from error
    except (OSError, sqlite3.Error) as error:
        raise typer.BadParameter(str(error), param_hint="--state") from error
    service = FnsService(archive, clock=SystemClock())
    service.conduct.lag_seconds, service.conduct.quota = lag, quota
    say(f"{BANNER}: налоговая http://{host}:{port}, мастер-токен {service.setup.master_token}")
    try:
        asyncio.run(server(Face(service, plan), host=host, port=port).serve())
    finally:
        archive.close()
