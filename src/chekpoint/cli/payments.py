"""``chekpoint payments list | import`` and ``chekpoint reconcile import``: the gap list, and files of others."""

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chekpoint.cli.common import Config, Desk, desk, fail, run

if TYPE_CHECKING:
    from chekpoint.hub.importing.columns import Chosen
    from chekpoint.hub.importing.keeping import Held, Result, Wish
    from chekpoint.hub.importing.plan import Plan
    from chekpoint.hub.post import Post
    from chekpoint.store.journal import Tx
    from chekpoint.store.views_payments import Gap, Hope

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
Partial = Annotated[
    bool,
    typer.Option("--partial", help="В файле не все чеки этих дней / the file does not hold all of its days"),
]
Again = Annotated[
    bool, typer.Option("--again", help="Принять тот же файл ещё раз / take the same file again")
]


def list_(*, most: int = typer.Option(50, min=1, max=1000), config: Config = None) -> None:
    """Оплачено, а чека нет: новые сверху; код 1, если есть старше пяти минут / paid but no receipt."""
    from chekpoint.core.clock import SystemClock, epoch_ms  # noqa: PLC0415 - commands start in an instant
    from chekpoint.hub.payments import gap_age  # noqa: PLC0415
    from chekpoint.store import views_payments  # noqa: PLC0415

    def look(tx: "Tx") -> "list[tuple[Gap, Hope | None]]":
        return [(gap, views_payments.hope(tx, gap)) for gap in views_payments.gaps(tx, most=most)]

    async def work() -> "list[tuple[Gap, Hope | None]]":
        async with desk(config) as at:
            return await at.store.read(look)

    found, now = run(work), epoch_ms(SystemClock().now())
    _print(found, now)
    if any(gap_age(gap.paid_at, now) != "fresh" for gap, _ in found):
        raise typer.Exit(1)


def _print(found: "list[tuple[Gap, Hope | None]]", now: int) -> None:
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
    for gap, hope in found:
        sign = "−" if gap.refund else ""
        table.add_row(
            f"{from_epoch_ms(gap.paid_at):%d.%m.%Y %H:%M}", str((now - gap.paid_at) // 60_000), gap.external_id,
            gap.order_id, f"{sign}{roubles(gap.kopecks)}", hope.state if hope else "нет / none",
        )  # fmt: skip
    Console().print(table)


def import_(
    file: Path, *, unit: Unit = "", label: Label = "", shop: Shop = "", map_: Map = _EMPTY, skip_bad: Skip = False,
    again: Again = False, config: Config = None,
) -> None:  # fmt: skip
    """Принять список платежей из xlsx или csv / take a list of payments."""
    from chekpoint.hub.importing.keeping import Wish  # noqa: PLC0415

    wish = Wish("payments", file.name, getpass.getuser(), label, without_bad=skip_bad, again=again)
    bring(file, wish, _said(map_, unit), shop, config)


def import_file(
    file: Path, *,
    kind: Annotated[str, typer.Option(help="ofd: выгрузка кабинета ОФД | checks: чеки сайта | payments: платежи")] = "ofd",
    unit: Unit = "", label: Label = "", shop: Shop = "", map_: Map = _EMPTY,
    fn: Annotated[str, typer.Option(help="ФН всего файла, если столбца нет / the drive of the whole file")] = "",
    sign: Annotated[str, typer.Option(help="Признак расчёта всего файла: 1..4 / the kind of all its receipts")] = "",
    partial: Partial = False, skip_bad: Skip = False, again: Again = False, config: Config = None,
) -> None:  # fmt: skip
    """Принять файл для сверки, xlsx или csv, и сверить / take a file, and reconcile with it."""
    from chekpoint.hub.importing.keeping import Wish  # noqa: PLC0415

    who = getpass.getuser()
    wish = Wish(kind, file.name, who, label, without_bad=skip_bad, complete=not partial, again=again)
    bring(file, wish, _said(map_, unit, fn, sign), shop, config)


def bring(file: Path, wish: "Wish", said: dict[str, str], shop: str, config: Path | None) -> None:
    """Read the file, say what was understood, take it whole or not at all, hold it against the journal."""
    from chekpoint.hub.importing import keeping  # noqa: PLC0415

    content = _content(file)

    async def work() -> "tuple[Result, list[Held]]":
        async with desk(config) as at:
            made = await _read(at, wish.kind, content, said)
            _tell(made)
            whose = wish._replace(shop_id=await _shop(at, shop))
            done = await keeping.take(at.store, at.keys, whose, content, made)
            return done, await keeping.compare(_post(at), whose, made)

    done, held = run(work)
    typer.echo(
        f"записано новых: {done.fresh}, было: {done.known}, изменилось: {done.changed}, с ошибками: {done.bad}"
        f" / new {done.fresh}, known {done.known}, changed {done.changed}, bad {done.bad}"
    )
    for one in held:
        compared = (
            f"у нас {one.ours}, в файле {one.theirs}, совпало {one.equal}"
            if one.days
            else "ФН хабу не знаком"
        )
        typer.echo(f"{one.fn} {one.first} – {one.last}: {compared}")


def _post(at: Desk) -> "Post":
    import random  # noqa: PLC0415

    from chekpoint.core.clock import SystemClock  # noqa: PLC0415
    from chekpoint.hub.post import Post  # noqa: PLC0415

    chance = random.SystemRandom()
    return Post(at.store, SystemClock(), chance, node=at.settings.node, limits=at.settings.limits)


def _content(file: Path) -> bytes:
    from chekpoint.hub.importing.files import FILE_MOST  # noqa: PLC0415

    try:
        with file.open("rb") as stream:
            return stream.read(FILE_MOST + 1)
    except OSError as error:
        fail(f"{file}: не читается / cannot be read: {error.strerror}")


def _said(columns: list[str], unit: str, fn: str = "", sign: str = "") -> dict[str, str]:
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
