"""Playing the demonstration: set up, send, watch, count, keep serving."""

import asyncio
import signal
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import msgspec
import stamina
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table as RichTable

from chekpoint.cli.demo_chat import DemoChat, chat_up
from chekpoint.cli.demo_count import Archives, Table
from chekpoint.cli.demo_furnish import SHOP_ID, furnish
from chekpoint.cli.demo_hub import PlayError, agent_process, hub_process
from chekpoint.cli.demo_site import DemoSite, orders_of, site_up
from chekpoint.cli.demo_stand import OTHER_INN, Conditions, Stand, stand_up
from chekpoint.core.clock import SystemClock
from chekpoint.fiscal import dialects

_CLOCK = SystemClock()
CONTACT = "buyer@example.com"
SITE_ORDERS = 12
PATIENCE = 120.0  # seconds without any progress before the demonstration gives up
AT_ONCE = 8  # requests of the shop under way


class Play(NamedTuple):
    """What was asked for."""

    faults: bool
    once: bool
    json: bool
    seed: int
    data: Path | None
    port: int
    pace: float


async def played(asked: Play) -> Table:
    """``play``, with its own error out of the emulators' task groups. SIGTERM ends it, and the processes it started.

    Raises PlayError, CancelledError.
    """
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        return await play(asked)
    except BaseExceptionGroup as group:
        found = group.subgroup(PlayError)
        if found is None:
            raise
        raise _innermost(found) from group


def _innermost(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


async def play(asked: Play) -> Table:
    """Play it; returns the table. Raises PlayError."""
    console = Console(stderr=asked.json)
    async with AsyncExitStack() as stack:
        data = asked.data or Path(
            stack.enter_context(tempfile.TemporaryDirectory()) if asked.once else "var/demo"
        )
        data.mkdir(parents=True, exist_ok=True)
        console.print(
            "[bold]Тестовые двойники / test doubles[/]: 2 АТОЛ (один за агентом), Штрих-М, облако в резерве, ОФД, два"
            " продавца. Ни один чек не настоящий."
        )
        stand = await stack.enter_async_context(
            stand_up(Conditions(data / "emulated", asked.faults, asked.seed, asked.pace))
        )
        site = None if asked.once else await stack.enter_async_context(site_up(data / "emulated"))
        chat = None if asked.once else await stack.enter_async_context(chat_up())
        keys = await furnish(data, stand, site, chat)
        base = await stack.enter_async_context(
            hub_process(data, 0 if asked.once else asked.port, quiet=asked.json)
        )
        await stack.enter_async_context(agent_process(data, base, keys.agent, quiet=asked.json))
        archives = Archives(stand.registers, SHOP_ID)
        if chat is not None:
            _addresses(console, stand, base, chat)
        table = await _run(asked, console, base, keys.api, archives)
        _show(asked, console, table)
        if site is not None and chat is not None:
            await _site(console, site)
            _addresses(console, stand, base, chat)
            await asyncio.Event().wait()
    return table


async def _run(asked: Play, console: Console, base: str, key: str, archives: Archives) -> Table:
    """Send every receipt, then watch the drives' archives until all are ticketed or nothing moves."""
    orders = list(_orders())
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=asked.json) as progress:
        sent = progress.add_task("принято / accepted", total=len(orders))
        signed = progress.add_task("подписано ФН / signed", total=len(orders))
        proven = progress.add_task("у ОФД / ticketed", total=len(orders))
        limits = httpx2.Limits(max_connections=AT_ONCE)
        headers = {"Authorization": f"Bearer {key}"}
        async with httpx2.AsyncClient(base_url=base, headers=headers, limits=limits, trust_env=False) as http:
            sending = asyncio.create_task(_send(http, orders, archives, lambda: progress.advance(sent)))

            def told(s: int, t: int) -> None:
                total = archives.accepted if sending.done() else len(orders)
                progress.update(sent, total=total)
                progress.update(signed, completed=s, total=total)
                progress.update(proven, completed=t, total=total)

            await _watch(archives, sending, told)
    if sending.done() and sending.result():
        _refusals(console, sending.result())
    return archives.table()


def _refusals(console: Console, refused: Counter[str]) -> None:
    """A receipt of 2020 need not be lawful today: say how many were refused, and why."""
    console.print(f"Отказано по сегодняшнему закону / refused by today's law: {refused.total()}")
    for why, count in refused.most_common():
        console.print(f"  {count:>4}  {why}")


def _orders() -> Iterator[dict[str, Any]]:
    """The real receipts of 2020 as a web shop would send them today."""
    run = int(_CLOCK.now().timestamp())
    for number, document in enumerate(_documents()):
        found = dialects.read(document)
        receipt = dialects.to_api(found, CONTACT)
        # Every fourth is the other seller's, who has a register of its own; and so is a gift of nothing, which a
        # Shtrih-M refuses (error 8Eh) and an ATOL registers.
        if number % 4 == 3 or found.receipt.amount == 0:
            receipt["seller_inn"] = OTHER_INN
        yield {"external_id": f"demo-{run}-{number}", "receipt": receipt}


def _documents() -> Iterator[Any]:
    text = resources.files("chekpoint").joinpath("demo_data/receipts_2020.jsonl").read_text("utf-8")
    return (msgspec.json.decode(line) for line in text.splitlines())


async def _send(
    http: httpx2.AsyncClient, orders: list[dict[str, Any]], archives: Archives, told: Callable[[], None]
) -> Counter[str]:
    """Send all, a few at once; an answer that does not come is asked for again under the same id."""
    slots = asyncio.Semaphore(AT_ONCE)

    refused: Counter[str] = Counter()

    async def one(order: dict[str, Any]) -> None:
        async with slots:
            answer = await _post(http, order)
        if answer.is_success:
            archives.accept(order["external_id"])
            told()
        else:
            refused[_why(answer)] += 1

    await asyncio.gather(*(one(order) for order in orders))
    return refused


def _why(answer: httpx2.Response) -> str:
    """The first fault of a refusal, in words."""
    try:
        return str(answer.json()["errors"][0]["ru"])
    except (ValueError, LookupError, TypeError):
        return f"HTTP {answer.status_code}"


async def _post(http: httpx2.AsyncClient, order: dict[str, Any]) -> httpx2.Response:
    for attempt in stamina.retry_context(on=httpx2.TransportError, attempts=5, timeout=None):
        with attempt:
            return await http.post("/api/v1/receipts", content=msgspec.json.encode(order), headers=_JSON)
    raise PlayError("the hub does not answer")


async def _watch(
    archives: Archives, sending: "asyncio.Task[Counter[str]]", told: Callable[[int, int], None]
) -> None:
    best, moved_at = (-1, -1), _CLOCK.monotonic()
    while True:
        signed, ticketed = archives.look(), archives.ticketed()
        told(signed, ticketed)
        if sending.done() and ticketed == archives.accepted:
            sending.result()
            return
        if (signed, ticketed) != best:
            best, moved_at = (signed, ticketed), _CLOCK.monotonic()
        elif _CLOCK.monotonic() - moved_at > PATIENCE:
            return  # the table will show what is missing
        await asyncio.sleep(0.02)


async def _site(console: Console, site: DemoSite) -> None:
    """The second shop: a site of 1C-Bitrix, polled by the hub."""
    receipts = [dialects.read(document).receipt for document in _documents()]
    with console.status("1С-Битрикс: заказы оплачиваются / orders are being paid"):
        shown = await site.play(orders_of(receipts, SITE_ORDERS))
    console.print(
        f"1С-Битрикс: оплачено заказов {shown.paid}, сайт видит напечатанными {shown.printed} / orders paid, seen as"
        f" printed by the site. Админка сайта / its admin page: [bold]{shown.url}/[/]"
    )


def _addresses(console: Console, stand: Stand, base: str, chat: DemoChat) -> None:
    """Where a person can pull the paper out, and see what the hub says of it; before the play and after it."""
    console.print("Пульты касс: бумага, питание, связь / the registers' panels: paper, power, link")
    for one in stand.placed:
        console.print(f"  {one.name}: {one.panel}/")
    console.print(f"Telegram владельца (двойник): кому и что сказано / whom the hub told what: {chat.url}/")
    console.print(f"Панель / dashboard: [bold]{base}/[/]   (Ctrl+C: конец / stop)")


def _show(asked: Play, console: Console, table: Table) -> None:
    if asked.json:
        print(msgspec.json.encode(table).decode(), flush=True)  # noqa: T201 - the answer itself
        return
    shown = RichTable(title="Посчитано по архивам ФН / counted from the drives' archives", show_header=False)
    for name, value in msgspec.structs.asdict(table).items():
        shown.add_row(_NAMES.get(name, name), str(value))
    console.print(shown)


_JSON = {"Content-Type": "application/json"}
_NAMES = {
    "accepted": "принято / accepted", "fiscalised": "фискализировано / fiscalised",
    "ticketed": "подтверждено ОФД / ticketed", "lost": "потеряно / lost", "doubled": "задвоено / doubled",
    "latency_p50_ms": "задержка p50, мс / latency", "latency_p99_ms": "задержка p99, мс / latency",
    "seconds": "секунд / seconds",
}  # fmt: skip
