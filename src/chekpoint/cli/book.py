"""``chekpoint reconcile export``: the accountant's book of a period."""

from pathlib import Path
from typing import Annotated

import typer

from chekpoint.cli.common import Config, desk, fail, run


def export(
    *,
    first: Annotated[str, typer.Option("--from", help="Первый день, 2026-11-01 / the first day")],
    last: Annotated[str, typer.Option("--to", help="Последний день, включительно / the last day, included")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Куда: книга.xlsx / where to")],
    lang: Annotated[str, typer.Option(help="ru | en")] = "ru",
    config: Config = None,
) -> None:
    """Книга Excel для бухгалтера: чеки, итоги, расхождения / a workbook for the accountant."""
    from datetime import date  # noqa: PLC0415 - commands start in an instant
    from zoneinfo import ZoneInfo  # noqa: PLC0415

    from chekpoint.hub import book  # noqa: PLC0415

    try:
        days = date.fromisoformat(first), date.fromisoformat(last)
    except ValueError:
        fail("дни пишутся так: 2026-11-30 / days are written so: 2026-11-30")
    if lang not in {"ru", "en"}:
        fail("--lang: ru | en")

    async def work() -> int:
        async with desk(config) as at:
            period = book.Period(*days, ZoneInfo(at.settings.zone), lang).checked()
            return await book.write(at.store, output, period)

    if not output.parent.is_dir():
        fail(f"{output.parent}: нет такой папки / no such folder")
    count = run(work)
    typer.echo(f"{output}: документов / documents: {count}")
