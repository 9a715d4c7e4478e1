"""``chekpoint payments list | import`` and ``chekpoint reconcile import``: the gap list, and files of others."""

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chekpoint.cli.common import Config, Desk, desk, fail, run

if TYPE_CHECKING:
    from chekpoint.hub.importing.columns import Chosen
    from chekpoint.hub.importing.keeping import Result
    from chekpoint.hub.importing.plan import Plan
    from chekpoint.store.views_payments import Gap

BAD_TOLD = 20
_EMPTY: list[str] = []
Map = Annotated[
    list[str],
    typer.Option(
        "--map", help="Столбец=поле, можно много раз / column=field, many times: --map 'Накопитель=fn'"
    ),
]
Unit = Annotated[str, typer.Option(help="В чём суммы, если заголовок молчит: rub | kop / the unit of sums")]
Label = Annotated[
    str, typer.Option(help="Откуда файл: «Такском», «Банк» / where it is from; the same for all its files")
]
Shop = Annotated[str, typer.Option(help="Чьи платежи, если магазинов несколько / whose payments these are")]
Skip = Annotated[
    bool, typer.Option("--skip-bad", help="Принять без строк с ошибками / take the good rows alone")
]
Again = Annotated[
    bool, typer.Option("--again", help="Принять тот же файл ещё раз / take the same file again")
]


def list_(*, most: int = typer.Option(50, min=1, max=1000), config: Config = None) -> None:
    """Оплачено, а чека нет: новые сверху; код 1, если есть старше пяти минут / paid but no receipt."""
    from chekpoint.core.clock import SystemClock, epoch_ms  # noqa: PLC0415 - commands start in an instant
    from chekpoint.hub.payments import gap_age, settle_all  # noqa: PLC0415
    from chekpoint.store import views_payments  # noqa: PLC0415

    async def work() -> "list[Gap]":
        async with desk(config) as at:
            await settle_all(at.store)
            return await at.store.read(lambda tx: views_payments.gaps(tx, most=most))

    found, now = run(work), epoch_ms(SystemClock().now())
    _print(found, now)
    if any(gap_age(gap.paid_at, now) != "fresh" for gap in found):
        raise typer.Exit(1)


def _print(found: "list[Gap]", now: int) -> None:
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    from chekpoint.core.clock import from_epoch_ms  # noqa: PLC0415
    from chekpoint.fiscal.money import roubles  # noqa: PLC0415

    table = Table(
        "оплачено, UTC / paid",
        "минут / minutes",
        "платёж / payment",
        "заказ / order",
        "сумма",
        "чек / receipt",
    )
    for gap in found:
        sign = "−" if gap.refund else ""
        table.add_row(
            f"{from_epoch_ms(gap.paid_at):%d.%m.%Y %H:%M}", str((now - gap.paid_at) // 60_000), gap.external_id,
            gap.order_id, f"{sign}{roubles(gap.kopecks)}", gap.state or "нет / none",
        )  # fmt: skip
    Console().print(table)


def import_(
    file: Path, *, unit: Unit = "", label: Label = "", shop: Shop = "", map_: Map = _EMPTY, skip_bad: Skip = False,
    again: Again = False, config: Config = None,
) -> None:  # fmt: skip
    """Принять список платежей из xlsx или csv / take a list of payments."""
    bring(
        "payments",
        file,
        columns=map_,
        unit=unit,
        label=label,
        shop=shop,
        skip_bad=skip_bad,
        again=again,
        config=config,
    )


def import_file(
    file: Path, *,
    kind: Annotated[str, typer.Option(help="ofd: выгрузка кабинета ОФД | checks: чеки сайта | payments: платежи")] = "ofd",
    unit: Unit = "", label: Label = "", shop: Shop = "", map_: Map = _EMPTY,
    fn: Annotated[str, typer.Option(help="ФН всего файла, если столбца нет / the drive of the whole file")] = "",
    sign: Annotated[str, typer.Option(help="Признак расчёта всего файла: 1..4 / the kind of all its receipts")] = "",
    skip_bad: Skip = False, again: Again = False, config: Config = None,
) -> None:  # fmt: skip
    """Принять файл для сверки: xlsx или csv / take a file to reconcile with."""
    bring(
        kind, file, columns=map_, unit=unit, label=label, shop=shop, fn=fn, sign=sign, skip_bad=skip_bad, again=again,
        config=config,
    )  # fmt: skip


def bring(
    kind: str, file: Path, *, columns: list[str], unit: str, label: str, shop: str, skip_bad: bool, again: bool,
    config: Path | None, fn: str = "", sign: str = "",
) -> None:  # fmt: skip
    """Read the file, say what was understood, and take it whole or not at all."""
    from chekpoint.hub.importing import keeping  # noqa: PLC0415

    content = _content(file)
    said = _said(columns, unit, fn, sign)

    async def work() -> "Result":
        async with desk(config) as at:
            made = await _read(at, kind, content, said)
            _tell(made)
            wish = keeping.Wish(
                kind,
                file.name,
                getpass.getuser(),
                label,
                await _shop(at, shop),
                without_bad=skip_bad,
                again=again,
            )
            return await keeping.take(at.store, at.keys, wish, content, made)

    done = run(work)
    typer.echo(
        f"записано новых: {done.fresh}, было: {done.known}, изменилось: {done.changed}, с ошибками: {done.bad}"
        f" / new {done.fresh}, known {done.known}, changed {done.changed}, bad {done.bad}"
    )


def _content(file: Path) -> bytes:
    from chekpoint.hub.importing.files import FILE_MOST  # noqa: PLC0415

    try:
        with file.open("rb") as stream:
            return stream.read(FILE_MOST + 1)
    except OSError as error:
        fail(f"{file}: не читается / cannot be read: {error.strerror}")


def _said(columns: list[str], unit: str, fn: str, sign: str) -> dict[str, str]:
    from chekpoint.hub.importing.columns import UNITS  # noqa: PLC0415

    if unit and unit not in UNITS:
        fail("--unit: rub | kop")
    if fn and not (len(fn) == 16 and fn.isascii() and fn.isdigit()):
        fail("--fn: 16 цифр / 16 digits")
    if sign and sign not in {"1", "2", "3", "4"}:
        fail("--sign: 1 приход, 2 возврат прихода, 3 расход, 4 возврат расхода")
    if wrong := [one for one in columns if "=" not in one]:
        fail(f"--map: столбец=поле / column=field: {wrong[0]}")
    return {"unit": unit, "fn": fn, "kind": sign} | {f"={one}": "" for one in columns}


async def _read(at: Desk, kind: str, content: bytes, said: dict[str, str]) -> "Plan":
    """By what is said now, over what was remembered of these headers."""
    from zoneinfo import ZoneInfo  # noqa: PLC0415

    from chekpoint.hub.importing import keeping  # noqa: PLC0415
    from chekpoint.hub.importing.plan import Surroundings  # noqa: PLC0415

    around = Surroundings(ZoneInfo(at.settings.zone), await keeping.drives(at.store))
    made = await keeping.look_into(at.store, kind, content, around)
    chosen = _over(made, said)
    return made if chosen == made.chosen else await keeping.look_into(at.store, kind, content, around, chosen)


def _over(made: "Plan", said: dict[str, str]) -> "Chosen":
    import msgspec  # noqa: PLC0415

    from chekpoint.hub.importing.columns import FIELDS, plain  # noqa: PLC0415

    given = {name: value for name, value in said.items() if value}
    columns = dict(made.chosen.columns)
    names = {field.name for field in FIELDS[made.kind]}
    for pair in (name.removeprefix("=") for name in said if name.startswith("=")):
        word, _, name = pair.rpartition("=")
        found = [at for at, header in enumerate(made.head.words) if plain(header) == plain(word)]
        if not found or name not in names:
            fail(
                f"--map {pair}: столбцы / columns: {', '.join(made.head.words)}; поля / fields: {', '.join(sorted(names))}"
            )
        columns[found[0]] = name
    return msgspec.structs.replace(made.chosen, columns=columns, **given)


def _tell(made: "Plan") -> None:
    understood = ", ".join(f"{made.head.words[at]} → {name}" for name, at in made.head.columns.items())
    typer.echo(f"строка заголовков / header row: {made.head.row}; понято / understood: {understood or '-'}")
    if made.head.unknown:
        typer.echo(
            f"не понято / not understood: {', '.join(made.head.words[at] for at in made.head.unknown)}"
        )
    for bad in made.bad[:BAD_TOLD]:
        typer.echo(f"строка / row {bad.number}, {bad.column}: {bad.ru} / {bad.en}", err=True)
    if made.bad_count > BAD_TOLD:
        typer.echo(f"… и ещё / and more: {made.bad_count - BAD_TOLD}", err=True)


async def _shop(at: Desk, name: str) -> str | None:
    from chekpoint.core.errors import Unfit  # noqa: PLC0415
    from chekpoint.store import people  # noqa: PLC0415

    if not name:
        return None
    for shop in await at.store.read(people.shops):
        if shop.name == name:
            return shop.id
    raise Unfit(f"нет магазина «{name}» / no shop is named {name}")
