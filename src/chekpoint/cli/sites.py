"""``chekpoint sites``: which sites are looked at as buyers do, and a look at once."""

import getpass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chekpoint.cli.common import Config, Desk, desk, fail, run
from chekpoint.cli.say import say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chekpoint.hub.answers import JourneyAnswer, PageAnswer
    from chekpoint.hub.journeys import Journey
    from chekpoint.hub.sites import SiteVerbs, Wanted
    from chekpoint.store.journal import Tx
    from chekpoint.store.probes import Probe
    from chekpoint.store.sites import Site

SITES_HELP = "Сайты, которые проверяются как покупателем / sites that are looked at as buyers do"
FAULTY = 1  # exit code: the site was looked at, and something is wrong
_MOST = 1 << 20  # bytes of a file of steps
sites_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help=SITES_HELP)
Name = Annotated[str, typer.Argument(metavar="NAME", help="Название сайта / the site's name")]


@sites_app.command("add")
def add(
    name: Name,
    url: Annotated[str, typer.Argument(metavar="URL", help="Адрес страницы / address of the page")],
    *,
    expected: Annotated[str, typer.Option(help="Текст, который должен быть на странице / text the page must hold")] = "",
    every: Annotated[int, typer.Option(help="Секунд между взглядами / seconds between two looks")] = 60,
    shop: Annotated[str, typer.Option(help="Название магазина / the shop's name")] = "",
    journey: Annotated[Path | None, typer.Option(help="Файл JSON с шагами покупателя / JSON file with a buyer's steps")] = None,
    config: Config = None,
) -> None:  # fmt: skip
    """Начать проверять сайт / begin to look at a site."""
    steps = _steps(journey)
    fields = {"name": name, "url": url, "expected": expected, "every": str(every)}

    async def work() -> None:
        async with desk(config) as open_:
            verbs = _verbs(open_)
            await open_.store.write(lambda tx: verbs.add(tx, _wanted(tx, fields, shop, steps)))
        say(f"сайт «{name}» проверяется / {name} is looked at now")

    run(work)


def _verbs(open_: Desk) -> "SiteVerbs":
    from chekpoint.hub.sites import SiteVerbs  # noqa: PLC0415 - commands start in an instant

    return SiteVerbs(open_.keys, who=f"cli:{getpass.getuser()}")


def _steps(file: Path | None) -> "Journey":
    """The steps of a file; ends the command with what is wrong with it."""
    from chekpoint.hub.journeys import JourneyFault, read_journey  # noqa: PLC0415

    if file is None:
        return ()
    try:
        with file.open("rb") as opened:
            return read_journey(opened.read(_MOST))
    except OSError as error:
        fail(f"{file}: не читается / cannot be read: {error.strerror or error}")
    except JourneyFault as wrong:
        fail(f"{file}: {wrong}")


def _wanted(tx: "Tx", fields: "Mapping[str, str]", shop: str, steps: "Journey") -> "Wanted":
    """The site that is wished for; raises Unfit with every fault of it."""
    from chekpoint.core.errors import Unfit  # noqa: PLC0415
    from chekpoint.hub.kinds import Unfilled  # noqa: PLC0415
    from chekpoint.hub.sites import wanted  # noqa: PLC0415
    from chekpoint.store import people  # noqa: PLC0415

    shops = {one.name: one.id for one in people.shops(tx)}
    if shop and shop not in shops:
        raise Unfit(f"нет магазина «{shop}» / no shop {shop}")
    try:
        wish = wanted({**fields, "shop": shops.get(shop, ""), "enabled": "on"}, frozenset(shops.values()))
    except Unfilled as wrong:
        raise Unfit(str(wrong)) from wrong
    return wish._replace(journey=steps)


@sites_app.command("list")
def list_(*, config: Config = None) -> None:
    """Все сайты и что о них известно / all sites and what is known of them."""

    async def work() -> None:
        from chekpoint.hub.answers import JourneyAnswer, PageAnswer  # noqa: PLC0415
        from chekpoint.store import sites  # noqa: PLC0415

        async with desk(config) as open_:
            for site in await open_.store.read(sites.every):
                page, walk = await open_.store.read(partial(_last, site.id))
                state = _told(PageAnswer, page)
                walked = f"; путь / journey: {_told(JourneyAnswer, walk)}" if site.journey else ""
                off = "" if site.enabled else " (выключен / off)"
                say(f"{site.name}{off}  {site.url}  {state}{walked}")

    run(work)


def _last(site_id: str, tx: "Tx") -> "tuple[Probe | None, Probe | None]":
    from chekpoint.hub.sites import JOURNEY, PAGE  # noqa: PLC0415
    from chekpoint.store import probes  # noqa: PLC0415

    return probes.one(tx, PAGE, site_id), probes.one(tx, JOURNEY, site_id)


def _told(kind: "type[PageAnswer | JourneyAnswer]", probe: "Probe | None") -> str:
    import msgspec  # noqa: PLC0415

    from chekpoint.hub.answers import read  # noqa: PLC0415

    if probe is None:
        return "ещё не смотрели / not looked at yet"
    try:
        return _said(read(kind, probe))
    except msgspec.DecodeError:
        return "? (запись другой версии / of another version)"


def _said(answer: "PageAnswer | JourneyAnswer") -> str:
    if answer.fault is not None:
        return f"{answer.fault.ru} / {answer.fault.en}"
    return f"в порядке / well, {answer.ms} мс / ms"


@sites_app.command("look")
def look(name: Name, *, config: Config = None) -> None:
    """Посмотреть на сайт сейчас, с путём покупателя / look at a site now, with its journey."""

    async def work() -> bool:
        import random  # noqa: PLC0415
        import secrets  # noqa: PLC0415

        from chekpoint.app.settings import SettingsError  # noqa: PLC0415
        from chekpoint.core.clock import SystemClock  # noqa: PLC0415
        from chekpoint.hub.limits import Limits  # noqa: PLC0415
        from chekpoint.hub.post import Post  # noqa: PLC0415
        from chekpoint.watch.probes.companion import SHOTS  # noqa: PLC0415
        from chekpoint.watch.probes.page import trust  # noqa: PLC0415
        from chekpoint.watch.probes.sites import SiteProbes  # noqa: PLC0415

        async with desk(config) as open_:
            site = await open_.store.read(lambda tx: _named(tx, name))
            settings = open_.settings.probes
            try:
                context = trust(settings.ca_file)
            except OSError as error:
                raise SettingsError(f"[probes] ca_file: {settings.ca_file}: {error}") from error
            chance = random.Random(secrets.randbits(128))  # noqa: S311 - names rows
            post = Post(open_.store, SystemClock(), chance, node=open_.settings.node, limits=Limits())
            probe = SiteProbes(post, settings, context, open_.settings.data / SHOTS)
            answers: list[PageAnswer | JourneyAnswer] = [await probe.page(site)]
            say(f"страница / page: {_said(answers[0])}")
            if site.journey is not None and (walked := await probe.journey(site)) is not None:
                answers.append(walked)
                say(f"путь / journey: {_said(walked)}")
            return all(one.fault is None for one in answers)

    if not run(work):
        raise typer.Exit(FAULTY)


def _named(tx: "Tx", name: str) -> "Site":
    from chekpoint.core.errors import Unfit  # noqa: PLC0415
    from chekpoint.store import sites  # noqa: PLC0415

    found = next((one for one in sites.every(tx) if one.name == name), None)
    if found is None:
        raise Unfit(f"нет сайта «{name}» / no site {name}")
    return found


@sites_app.command("remove")
def remove(name: Name, *, config: Config = None) -> None:
    """Больше не проверять сайт / stop looking at a site."""

    async def work() -> None:
        async with desk(config) as open_:
            verbs = _verbs(open_)
            await open_.store.write(lambda tx: verbs.remove(tx, _named(tx, name).id))
        say(f"сайт «{name}» больше не проверяется / {name} is not looked at any more")

    run(work)
