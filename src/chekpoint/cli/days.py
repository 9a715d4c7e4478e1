"""``chekpoint registers day | ask | switch | totals``: the day of a register from the command line."""

import getpass
from typing import TYPE_CHECKING, Annotated

import typer

from chekpoint.cli.common import Config, desk, fail, run

if TYPE_CHECKING:
    from chekpoint.store.journal import Tx
    from chekpoint.store.lanes import RegisterRow

Reason = Annotated[str, typer.Option(help="Почему / why")]
PLACES = {"enable": (True, False), "drain": (True, True), "disable": (False, True)}


def _named(tx: "Tx", name: str) -> "RegisterRow":
    from chekpoint.core.errors import Unfit  # noqa: PLC0415 - commands start in an instant
    from chekpoint.store import lanes  # noqa: PLC0415

    for row in lanes.registers(tx):
        if row.name == name:
            return row
    raise Unfit(f"нет кассы «{name}» / no register is named {name}")


def day(
    name: str, *,
    close_at: Annotated[str | None, typer.Option(help="Закрывать смену, ЧЧ:ММ; - по 24 часам / close the shift at")] = None,
    open_at: Annotated[str | None, typer.Option(help="Открывать смену, ЧЧ:ММ; - с первым чеком / open it at")] = None,
    opening_cash: Annotated[str | None, typer.Option(help="Разменная сумма, рублей / opening cash")] = None,
    printing: Annotated[str | None, typer.Option(help="asked | always | never")] = None,
    reason: Reason = "", config: Config = None,
) -> None:  # fmt: skip
    """Расписание кассы: показать или изменить / a register's schedule: show or change it."""
    from chekpoint.hub.days import Days, wanted_day  # noqa: PLC0415
    from chekpoint.hub.kinds import Unfilled  # noqa: PLC0415
    from chekpoint.store import registers  # noqa: PLC0415

    given = {"close_at": close_at, "open_at": open_at, "opening_cash": opening_cash, "printing": printing}
    changed = {key: "" if value == "-" else value for key, value in given.items() if value is not None}

    async def work() -> registers.Day:
        async with desk(config) as at:
            row = await at.store.read(lambda tx: _named(tx, name))
            old = await at.store.read(lambda tx: registers.day_of(tx, row.id))
            if not changed:
                return old
            said = {
                "close_at": old.close_at or "", "open_at": old.open_at or "", "printing": old.printing,
                "opening_cash": f"{old.opening_cash / 100:.2f}",
            }  # fmt: skip
            try:
                new = wanted_day(said | changed)
            except Unfilled as wrong:
                fail("\n".join(f"{field}: {ru} / {en}" for field, (ru, en) in wrong.faults.items()))
            days = Days(at.keys, who=getpass.getuser(), reason=reason)
            await at.store.write(lambda tx: days.change(tx, row.id, new))
            return new

    for field, value in run(work)._asdict().items():
        typer.echo(f"{field}: {value if value is not None else '-'}")


def ask(
    name: str,
    verb: Annotated[str, typer.Argument(help="open_shift | close_shift | x_report | cash_in | cash_out")],
    sum_: Annotated[str, typer.Argument(metavar="SUM", help="Рублей / roubles")] = "",
    *,
    reason: Reason = "",
    config: Config = None,
) -> None:
    """Поручить кассе: сделает работающий хаб, один раз / ask a register to do something, once."""
    from chekpoint.hub.days import Days, kopecks_of  # noqa: PLC0415
    from chekpoint.hub.kinds import Unfilled  # noqa: PLC0415

    try:
        kopecks = kopecks_of({"verb": verb, "sum": sum_})
    except Unfilled as wrong:
        fail("; ".join(f"{ru} / {en}" for ru, en in wrong.faults.values()))

    async def work() -> str:
        async with desk(config) as at:
            days = Days(at.keys, who=getpass.getuser(), reason=reason)
            return await at.store.write(lambda tx: days.ask(tx, _named(tx, name).id, verb, kopecks))

    typer.echo(f"{run(work)}: касса сделает в свой черёд / the register does it in its turn")


def switch(
    name: str,
    place: Annotated[str, typer.Argument(help="enable | drain | disable")],
    *,
    reason: Annotated[str, typer.Option(help="Почему / why")],
    config: Config = None,
) -> None:
    """Включить, не давать новых чеков, выключить / enable, drain, disable."""
    from chekpoint.store import people, views_verbs  # noqa: PLC0415

    if place not in PLACES:
        fail(f"ожидается / expected: {' | '.join(PLACES)}")
    enabled, draining = PLACES[place]

    async def work() -> None:
        async with desk(config) as at:
            key = at.keys.new()

            def unit(tx: "Tx") -> None:
                row = _named(tx, name)
                views_verbs.switch(tx, row.id, enabled=enabled, draining=draining)
                who, verb = getpass.getuser(), f"register_{place}"
                people.note_deed(tx, key, who=who, verb=verb, subject=row.id, reason=reason)

            await at.store.write(unit)

    run(work)
    typer.echo("записано; работающий хаб увидит это за 10 секунд / stored; a running hub sees it within 10 s")


def totals(name: str, *, config: Config = None) -> None:
    """Итоги смен: что на ФН и что из этого наше / totals of shifts: on the drive, and ours."""
    from chekpoint.store import lanes, registers  # noqa: PLC0415

    def look(tx: "Tx") -> list[registers.Total]:
        at = lanes.position(tx, _named(tx, name).id)
        return registers.totals(tx, at.fn) if at.fn else []

    async def work() -> list[registers.Total]:
        async with desk(config) as at:
            return await at.store.read(look)

    differ = False
    for one in run(work):
        differ = differ or not one.agrees
        typer.echo(f"смена {one.number}: {'сходится / agrees' if one.agrees else 'НЕ СХОДИТСЯ / DIFFERS'}")
        for kind in one.sums:
            typer.echo(
                f"  вид {kind.kind}: на ФН {kind.held} на {kind.total / 100:.2f}, наших {kind.ours} на {kind.our_total / 100:.2f}"
            )
    if differ:
        raise typer.Exit(1)
