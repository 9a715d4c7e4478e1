"""``chekpoint emulate bitrix``: emulated 1C-Bitrix sites, to try the exchange and the REST cashbox without a site."""

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chekpoint.cli.say import say

if TYPE_CHECKING:
    from chekpoint.emulators.bitrix_site.face import Sites
    from chekpoint.emulators.bitrix_site.site import Site
    from chekpoint.emulators.faults import FaultPlan

BANNER = "ТЕСТОВЫЙ ДВОЙНИК / TEST DOUBLE"
CORES = ("old", "middle", "new")


def bitrix(
    *,
    host: Annotated[str, typer.Option(help="Адрес, который слушать / address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Порт / port")] = 8085,
    count: Annotated[
        int, typer.Option("--sites", min=1, max=1000, help="Сколько сайтов / how many sites")
    ] = 1,
    name: Annotated[str, typer.Option(help="Имя сайта, у нескольких с номером / site name")] = "shop.test",
    state: Annotated[
        Path | None, typer.Option(help="Папка для памяти; без неё всё забывается / folder to remember in")
    ] = None,
    faults: Annotated[
        str, typer.Option(help='Сбои по жребию / faults by chance: "drop=0.05,delay=0.1:0.2s,seed=7"')
    ] = "",
    key: Annotated[str, typer.Option("--hash", help="hash ссылки; пусто: новый / hash of the link")] = "",
    webhook: Annotated[str, typer.Option(help="Секрет вебхука REST / secret of the REST webhook")] = "",
    core: Annotated[str, typer.Option(help="Возраст ядра / age of the core: old | middle | new")] = "new",
) -> None:
    """Эмулятор сайтов 1С-Битрикс: обмен с кассами, REST-касса, облачные кассы / emulated 1C-Bitrix sites."""
    from chekpoint.emulators.bitrix_site.serve import server  # noqa: PLC0415  a command starts in an instant

    if core not in CORES:
        raise typer.BadParameter(f"{core}: {' | '.join(CORES)}", param_hint="--core")
    sites = _opened(state)
    try:
        for number in range(1, count + 1):
            site_name = name if count == 1 else f"{number}.{name}"
            address = f"http://{host}:{port}/s/{site_name}"
            site = _added(sites, site_name, address, _plan(faults))
            _set_up(site, key, webhook, core)
            _announce(site, address)
        server(sites, host=host, port=port).run()
    finally:
        sites.close()


def _opened(state: Path | None) -> "Sites":
    from chekpoint.core.clock import SystemClock  # noqa: PLC0415  a command starts in an instant
    from chekpoint.emulators.bitrix_site.face import Sites  # noqa: PLC0415
    from chekpoint.emulators.bitrix_site.shelf import ShelfError  # noqa: PLC0415

    try:
        if state is not None:
            state.mkdir(parents=True, exist_ok=True)
        return Sites(clock=SystemClock(), path=state / "bitrix-sites.sqlite" if state else None)
    except (OSError, ShelfError) as error:
        raise typer.BadParameter(str(error), param_hint="--state") from error


def _added(sites: "Sites", name: str, address: str, plan: "FaultPlan") -> "Site":
    from chekpoint.emulators.bitrix_site.shelf import ShelfError  # noqa: PLC0415  a command starts in an instant

    try:
        return sites.add(name, public_url=address, faults=plan)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--name") from error
    except (ShelfError, sqlite3.Error) as error:
        raise typer.BadParameter(str(error), param_hint="--state") from error


def _set_up(site: "Site", key: str, webhook: str, core: str) -> None:
    """What was asked for; a link that the site has already stays."""
    site.change_settings(core=core, timed_uuid=core != "old")
    if key:
        site.allow_hash(key)
    elif not site.state.hashes:
        site.generate_link()
    if webhook:
        site.make_webhook(webhook)


def _announce(site: "Site", address: str) -> None:
    link = next(value for value, active in site.state.hashes.items() if active)
    say(f"{BANNER}: 1С-Битрикс {address}/")
    say(f"  {address}/bitrix/tools/sale_check_print.php?hash={link}")
    if site.state.webhook:
        say(f"  {address}/rest/1/{site.state.webhook}/")


def _plan(spec: str) -> "FaultPlan":
    from chekpoint.emulators.faults import FaultPlan, FaultSpecError  # noqa: PLC0415

    try:
        return FaultPlan.from_spec(spec)
    except FaultSpecError as error:
        raise typer.BadParameter(str(error), param_hint="--faults") from error
