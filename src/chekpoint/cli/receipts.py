"""``chekpoint submit FILE`` and ``chekpoint receipts``."""

from pathlib import Path
from typing import Any

import typer

from chekpoint.cli.common import Config, desk, fail, run, settings_of, told


def submit(
    file: Path,
    *,
    key: str = typer.Option(..., envvar="CHEKPOINT_KEY", help="Ключ API магазина / the shop's API key"),
    url: str = typer.Option("", help="Адрес хаба / the hub's address"),
    config: Config = None,
) -> None:
    """Отправить чеки из файла (JSON или JSON Lines формы API) / send receipts from a file."""
    import httpx2  # noqa: PLC0415 - commands start in an instant

    with told():
        base = url or settings_of(config).address
    refused = 0
    with httpx2.Client(base_url=base, headers={"Authorization": f"Bearer {key}"}, trust_env=False) as http:
        for number, body in _bodies(file):
            refused += _one(http, number, body)
    if refused:
        raise typer.Exit(1)


def _bodies(file: Path) -> list[tuple[int, bytes]]:
    """(line number, body): the whole file when it is one JSON value, else each line that is not empty."""
    import msgspec  # noqa: PLC0415

    try:
        text = file.read_bytes()
    except OSError as error:
        fail(f"{file}: не читается / cannot be read: {error.strerror}")
    try:
        msgspec.json.decode(text)
    except msgspec.DecodeError:
        return [(n, line) for n, line in enumerate(text.splitlines(), 1) if line.strip()]
    return [(1, text)]


def _one(http: Any, number: int, body: bytes) -> int:
    import httpx2  # noqa: PLC0415

    try:
        answer = http.post("/api/v1/receipts", content=body, headers={"Content-Type": "application/json"})
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        fail(f"хаб не отвечает / the hub does not answer: {error}", 1)
    typer.echo(f"{number}: {answer.status_code} {answer.text.strip()}")
    return int(not answer.is_success)


def receipts(
    *,
    state: str = typer.Option("", help="queued, in_doubt, rejected ..."),
    last: int = typer.Option(20, min=1, max=1000, help="Сколько последних / how many of the last"),
    config: Config = None,
) -> None:
    """Последние чеки по журналу / the last receipts as the journal knows them."""
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    from chekpoint.core.lifecycle import Proof, State  # noqa: PLC0415
    from chekpoint.fiscal.money import roubles  # noqa: PLC0415
    from chekpoint.store import lookup  # noqa: PLC0415

    if state and state not in set(State):
        fail(f"{state}: {', '.join(State)}")

    async def work() -> list[lookup.Line]:
        async with desk(config) as at:
            return await at.store.read(lambda tx: lookup.last(tx, state=state or None, most=last))

    table = Table(
        "id",
        "номер / id of the shop",
        "сумма",
        "состояние / state",
        "доказано / proof",
        "ФД",
        "ошибка / error",
    )
    for one in run(work):
        proof = Proof(one.proof).name.lower()
        document = f"{one.fn}/{one.fd_number}" if one.fn else ""
        table.add_row(
            one.id, one.external_id, roubles(one.total), one.state, proof, document, one.error_text or ""
        )
    Console().print(table)
