"""``chekpoint demo``: emulated registers of two sellers, an emulated operator, a hub, a shop with real receipts."""

from pathlib import Path
from typing import Annotated

import typer

from chekpoint.cli.common import fail

Data = Annotated[
    Path | None, typer.Option(help="Папка данных / data folder (var; with --once a temporary one)")
]


def demo(
    *,
    faults: bool = typer.Option(False, "--faults", help="Под шквалом сбоев / under a storm of faults"),
    once: bool = typer.Option(False, "--once", help="Закончить после таблицы / end after the table"),
    json: bool = typer.Option(
        False, "--json", help="Таблица одним объектом JSON / the table as one JSON object"
    ),
    seed: int = typer.Option(1, min=0, help="Жребий сбоев / seed of the faults"),
    data: Data = None,
    port: int = typer.Option(8054, min=0, max=65535, help="Порт хаба / the hub's port"),
    pace: float = typer.Option(0.02, min=0.0, max=60.0, help="Секунд на чек у кассы / seconds per receipt"),
) -> None:
    """Показать весь путь чека без оборудования / the whole way of a receipt, without hardware."""
    import asyncio  # noqa: PLC0415 - commands start in an instant

    from chekpoint.cli.demo_hub import PlayError  # noqa: PLC0415
    from chekpoint.cli.demo_play import Play, played  # noqa: PLC0415

    asked = Play(faults=faults, once=once, json=json, seed=seed, data=data, port=port, pace=pace)
    try:
        table = asyncio.run(played(asked))
    except PlayError as error:
        fail(str(error), 1)
    except (KeyboardInterrupt, asyncio.CancelledError):
        return
    if table.lost or table.doubled:
        raise typer.Exit(1)
