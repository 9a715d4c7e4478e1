"""``chekpoint incidents``: what is wrong now; say that it was seen; ask for silence."""

import getpass
from typing import TYPE_CHECKING, Annotated

import typer

from chekpoint.cli.common import Config, Desk, desk, run

if TYPE_CHECKING:
    from chekpoint.hub.alarms import Alarms
    from chekpoint.store.journal import Tx

Word = Annotated[str, typer.Argument(help="Номер из list / the id of list")]


def _verbs(at: Desk, reason: str) -> "Alarms":
    from chekpoint.hub.alarms import Alarms  # noqa: PLC0415 - commands start in an instant

    return Alarms(at.keys, who=getpass.getuser(), reason=reason)


def list_(*, config: Config = None) -> None:
    """Открытые происшествия: сначала причины, под ними следствия / open incidents, causes first."""
    from chekpoint.hub.alarms import handle  # noqa: PLC0415
    from chekpoint.hub.places import places, reasons_of  # noqa: PLC0415
    from chekpoint.store import alerts, silences  # noqa: PLC0415
    from chekpoint.store.alerts import Troubled  # noqa: PLC0415
    from chekpoint.store.silences import muted  # noqa: PLC0415

    def look(tx: "Tx") -> list[str]:
        opened, quiet = alerts.open_now(tx), silences.lasting(tx)
        reasons = reasons_of(opened, (), places(tx, opened), tx.now)

        def line(one: Troubled, depth: str) -> str:
            minutes = (tx.now - one.opened_at) // 60_000
            marks = (
                ", видели / seen" if one.seen_at else "",
                ", тихо / silent" if muted(quiet, one.kind, one.subject, tx.now) else "",
            )
            return f"{depth}{handle(one.id)} [{one.severity}, {one.kind}, {minutes} мин{''.join(marks)}] {one.text_ru}"  # fmt: skip

        lines = []
        for root in (one for one in opened if one.id not in reasons):
            lines.append(line(root, ""))
            lines += [
                line(one, "  из-за этого / from it: ") for one in opened if reasons.get(one.id) == root.id
            ]
        return lines or ["открытых происшествий нет / no open incidents"]

    async def work() -> list[str]:
        async with desk(config) as at:
            return await at.store.read(look)

    typer.echo("\n".join(run(work)))


def ack(
    incident: Word,
    reason: Annotated[str, typer.Argument(help="Причина / reason")] = "",
    *,
    config: Config = None,
) -> None:
    """Вижу, занимаюсь: напоминаний больше не будет / I have seen it: no more reminders."""
    from chekpoint.hub.alarms import find  # noqa: PLC0415

    async def work() -> bool:
        async with desk(config) as at:
            verbs = _verbs(at, reason)
            return await at.store.write(lambda tx: verbs.acknowledge(tx, find(tx, incident).id))

    typer.echo("записано / noted" if run(work) else "это уже отмечено / it was seen before")


def silence(
    incident: Word,
    lasts: Annotated[str, typer.Argument(help="30m, 2h, 1d")],
    reason: Annotated[str, typer.Argument(help="Причина / reason")],
    *,
    whole_kind: Annotated[bool, typer.Option(help="Обо всех таких / of all of this kind")] = False,
    config: Config = None,
) -> None:
    """Не сообщать об этом до срока / do not tell of it until then."""
    from chekpoint.hub.alarms import find, span  # noqa: PLC0415

    async def work() -> str:
        async with desk(config) as at:
            verbs, seconds = _verbs(at, reason), span(lasts)
            made = await at.store.write(
                lambda tx: verbs.silence(tx, find(tx, incident), seconds, kind_whole=whole_kind)
            )
            return made.id

    typer.echo(f"тишина / silence {run(work)}")


def silences(*, config: Config = None) -> None:
    """Что сейчас заглушено / what is silent now."""
    from chekpoint.core.clock import from_epoch_ms  # noqa: PLC0415
    from chekpoint.store import silences as store  # noqa: PLC0415

    async def work() -> list[str]:
        async with desk(config) as at:
            found = await at.store.read(store.lasting)
            return [
                f"{one.id} {one.kind or '*'} {one.subject or '*'} до / until {from_epoch_ms(one.until):%Y-%m-%d %H:%M} UTC, {one.who}: {one.reason}"
                for one in found
            ] or ["тишины нет / nothing is silent"]

    typer.echo("\n".join(run(work)))


def unsilence(key: str, *, reason: Annotated[str, typer.Option(help="Почему / why")] = "", config: Config = None) -> None:  # fmt: skip
    """Снова сообщать; номер — из silences / tell again; the id is of silences."""

    async def work() -> None:
        async with desk(config) as at:
            verbs = _verbs(at, reason)
            await at.store.write(lambda tx: verbs.unsilence(tx, key))

    run(work)
    typer.echo("снова сообщаем / told again")


incidents_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Происшествия / incidents")
for _word, _verb in (
    ("list", list_), ("ack", ack), ("silence", silence), ("silences", silences), ("unsilence", unsilence),
):  # fmt: skip
    incidents_app.command(_word)(_verb)
