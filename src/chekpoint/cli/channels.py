"""``chekpoint channels``: the ways to reach people."""

import getpass
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from chekpoint.cli.common import Config, Desk, desk, fail, run
from chekpoint.cli.shop_verbs import Answers, pairs

if TYPE_CHECKING:
    from chekpoint.hub.kinds import Unfilled
    from chekpoint.hub.reach import ChannelKind, Reach
    from chekpoint.store.alerts import Told
    from chekpoint.store.channels import Channel
    from chekpoint.store.journal import Tx

Reason = Annotated[str, typer.Option(help="Почему / why")]


def kinds() -> None:
    """Чем может быть канал, и что у каждого спросят / the kinds of channels, and what each asks."""
    for kind in _kinds().values():
        typer.echo(f"{kind.kind}: {kind.means[0]} / {kind.means[1]}")
        for ask in kind.asks:
            values = f" [{', '.join(value for value, _ in ask.choices)}]" if ask.choices else ""
            typer.echo(f"    {ask.name}{' *' if ask.required else ''}: {ask.label[0]}{values} {ask.hint[0]}".rstrip())  # fmt: skip


def _kinds() -> "dict[str, ChannelKind]":
    from chekpoint.app.watching import channel_kinds  # noqa: PLC0415 - commands start in an instant

    return {one.kind: one for one in channel_kinds()}


def _kind(word: str) -> "ChannelKind":
    known = _kinds()
    if word not in known:
        fail(f"вид канала — один из / a kind is one of: {', '.join(known)}")
    return known[word]


def _named(tx: "Tx", name: str) -> "Channel":
    from chekpoint.core.errors import Unfit  # noqa: PLC0415
    from chekpoint.store import channels  # noqa: PLC0415

    for one in channels.channels(tx):
        if one.name == name:
            return one
    raise Unfit(f"канала «{name}» нет / no channel is named {name}")


def _verbs(at: Desk, reason: str) -> "Reach":
    from chekpoint.hub.reach import Reach  # noqa: PLC0415

    return Reach(at.keys, who=getpass.getuser(), reason=reason)


def _wrong(wrong: "Unfilled") -> NoReturn:
    fail("\n".join(f"{field}: {ru} / {en}" for field, (ru, en) in wrong.faults.items()))


def add(
    kind: str, name: str, *, answers: Answers = None,
    severity: Annotated[str, typer.Option(help="Не слабее: warning | critical / the least that is told")] = "warning",
    after: Annotated[str, typer.Option(help="Минут: только то, что никто не увидел / minutes unseen")] = "0",
    quiet: Annotated[str, typer.Option(help="Тихие часы, 22:00-07:00: предупреждения ждут утра / quiet hours")] = "",
    lang: Annotated[str, typer.Option(help="ru | en")] = "ru",
    test: Annotated[bool, typer.Option(help="Отправить проверку / send a test")] = True,
    reason: Reason = "", config: Config = None,
) -> None:  # fmt: skip
    """Добавить канал и проверить его / add a channel and test it."""
    from chekpoint.hub.kinds import Unfilled  # noqa: PLC0415
    from chekpoint.hub.reach import plan_of  # noqa: PLC0415
    from chekpoint.store import channels  # noqa: PLC0415

    made = _kind(kind)
    begin, _, end = quiet.partition("-")
    given = pairs(answers or []) | {
        "name": name, "severity": severity, "after": after, "quiet_from": begin, "quiet_until": end, "lang": lang,
    }  # fmt: skip

    async def work() -> "Told | None":
        async with desk(config) as at:
            taken = [one.name for one in await at.store.read(channels.channels)]
            try:
                plan = plan_of(made, given, taken)
            except Unfilled as wrong:
                _wrong(wrong)
            key = await at.store.write(lambda tx: _verbs(at, reason).add(tx, made, plan))
            return await _try(at, key) if test else None

    _say_tried(run(work))


async def _try(at: Desk, channel_id: str) -> "Told":
    """Send a test message over a channel, from this command."""
    import random  # noqa: PLC0415
    import secrets  # noqa: PLC0415

    import httpx2  # noqa: PLC0415

    from chekpoint.app.watching import channel_makers  # noqa: PLC0415
    from chekpoint.core.clock import SystemClock  # noqa: PLC0415
    from chekpoint.hub.post import Post  # noqa: PLC0415
    from chekpoint.watch.sending import Notices, try_channel  # noqa: PLC0415

    settings, clock = at.settings, SystemClock()
    chance = random.Random(secrets.randbits(128))  # noqa: S311 - names rows
    post = Post(at.store, clock, chance, node=settings.node, limits=settings.limits)
    async with httpx2.AsyncClient(timeout=10.0, trust_env=False) as http:
        notices = Notices(post, channel_makers(http, clock), zone=settings.zone, address=settings.address)
        return await try_channel(notices, post, channel_id)


def _say_tried(told: "Told | None") -> None:
    if told is None:
        typer.echo("добавлен / added")
    elif told.state == "sent":
        typer.echo(f"принято / accepted: {told.said}")
    else:
        fail(f"не принято / not accepted: {told.error}", 1)


def list_(*, config: Config = None) -> None:
    """Каналы: настройки без секретов, что приняли последним / channels, their settings without secrets."""
    from chekpoint.store import alerts, channels  # noqa: PLC0415

    known = _kinds()

    def look(tx: "Tx") -> list[str]:
        lines = []
        for one in channels.channels(tx):
            kind = known.get(one.kind)
            shown = (
                "; ".join(f"{words[0]}: {value}" for words, value in kind.shown(one.config)) if kind else "-"
            )
            rest = f", тихо / quiet {one.quiet_from}-{one.quiet_until}" if one.quiet_from else ""
            off = "" if one.enabled else ", ВЫКЛЮЧЕН / OFF"
            lines.append(
                f"{one.name} ({one.kind}, {one.severity}, {one.lang}, через / after {one.after_seconds // 60} мин{rest}{off})"
            )
            lines.append(f"  {shown}")
            last = alerts.of_channel(tx, one.id, most=1)
            lines += [f"  последнее / last: {last[0].phase} {last[0].state} {last[0].said or last[0].error or ''}".rstrip()] if last else []  # fmt: skip
        return lines

    async def work() -> list[str]:
        async with desk(config) as at:
            return await at.store.read(look)

    typer.echo("\n".join(run(work)))


def try_(name: str, *, config: Config = None) -> None:
    """Отправить проверку и сказать, что ответил провайдер / send a test; what the provider answered."""

    async def work() -> "Told":
        async with desk(config) as at:
            one = await at.store.read(lambda tx: _named(tx, name))
            return await _try(at, one.id)

    _say_tried(run(work))


def remove(name: str, *, reason: Reason = "", config: Config = None) -> None:
    """Удалить канал; его секреты забываются / remove a channel; its secrets are forgotten."""

    async def work() -> None:
        async with desk(config) as at:
            await at.store.write(lambda tx: _verbs(at, reason).remove(tx, _named(tx, name).id))

    run(work)
    typer.echo("удалён / removed")


channels_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Каналы сообщений людям / channels to people"
)
for _word, _verb in (("kinds", kinds), ("add", add), ("list", list_), ("test", try_), ("remove", remove)):
    channels_app.command(_word)(_verb)
