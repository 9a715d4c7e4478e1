"""``chekpoint emulate shop-front``: a test double of a shop's site, to try site checks on."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from chekpoint.cli.say import say

BANNER = "ТЕСТОВЫЙ ДВОЙНИК / TEST DOUBLE"


def shop_front(
    *,
    host: Annotated[str, typer.Option(help="Адрес, который слушать / address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Порт / port")] = 8062,
    tls: Annotated[
        Path | None, typer.Option(help="Папка для пробного УЦ: сайт станет HTTPS / folder of a test CA: HTTPS")
    ] = None,
    days: Annotated[
        int, typer.Option(min=-3650, max=3650, help="Сколько дней ещё годен сертификат / days that the certificate is good for")
    ] = 365,
) -> None:  # fmt: skip
    """Эмулятор сайта магазина / an emulated shop site. Сломать: POST /control/conduct."""
    from datetime import timedelta  # noqa: PLC0415  a command starts in an instant

    from chekpoint.core.clock import SystemClock  # noqa: PLC0415
    from chekpoint.emulators.orange_data.papers import papers_in  # noqa: PLC0415
    from chekpoint.emulators.shop_front.front import ShopFront  # noqa: PLC0415
    from chekpoint.emulators.shop_front.serve import server  # noqa: PLC0415

    clock = SystemClock()
    # papers are good for 3650 days from their making: made that long ago, they end when they are to
    papers = papers_in(tls, clock.now() - timedelta(days=3650 - days), host) if tls else None
    scheme = "https" if papers else "http"
    say(f"{BANNER}: сайт магазина {scheme}://{host}:{port}/" + (f", УЦ / CA: {papers.ca}" if papers else ""))
    asyncio.run(server(ShopFront(clock), host=host, port=port, papers=papers).serve())
