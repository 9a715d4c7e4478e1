"""Playing the demonstration: set up, send, watch, count, keep serving."""

import asyncio
import secrets
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

from chekpoint.cli.demo_count import Archives, Table
from chekpoint.cli.demo_hub import PlayError, hub_process
from chekpoint.cli.demo_stand import INN, SELLER, Stand, stand_up
from chekpoint.core.clock import SystemClock
from chekpoint.core.errors import StoreError
from chekpoint.emulators.ofd.account import API_KEY
from chekpoint.fiscal import dialects
from chekpoint.store import lanes, people
from chekpoint.store.journal import Tx
from chekpoint.store.store import open_store

SHOP_ID, SELLER_ID = f"{2:032x}", f"{1:032x}"
_CLOCK = SystemClock()
CONTACT = "buyer@example.com"
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


async def play(asked: Play) -> Table:
    """Play it; returns the table. Raises PlayError."""
    console = Console(stderr=asked.json)
    async with AsyncExitStack() as stack:
        data = asked.data or Path(stack.enter_context(tempfile.TemporaryDirectory()) if asked.once else "var")
        data.mkdir(parents=True, exist_ok=True)
        console.print("[bold]Тестовые двойники / test doubles[/]: 3 ККТ, 1 ОФД. Ни один чек не настоящий.")
        stand = await stack.enter_async_context(
            stand_up(data / "emulated", storm=asked.faults, seed=asked.seed, pace=asked.pace)
        )
        key = await _furnish(data, stand)
        base = await stack.enter_async_context(
            hub_process(data, 0 if asked.once else asked.port, quiet=asked.json)
        )
        archives = Archives(stand.registers, SHOP_ID)
        table = await _run(asked, console, base, key, archives)
        _show(asked, console, table, base)
        if not asked.once:
            await asyncio.Event().wait()
    return table


async def _furnish(data: Path, stand: Stand) -> str:
    """One seller, one shop, the registers at their addresses, access to the operator; returns an API key."""
    store = open_store(f"sqlite:///{data / 'chekpoint.db'}", node="demo", clock=_CLOCK)
    secret = f"ck_{secrets.token_urlsafe(32)}"
    await store.start()
    try:
        await store.write(lambda tx: _setup(tx, stand, secret))
    except StoreError as error:
        raise PlayError(f"{data}: {error}") from error
    finally:
        await store.stop()
    return secret


def _setup(tx: Tx, stand: Stand, secret: str) -> None:
    if not people.sellers(tx):
        people.add_seller(tx, SELLER_ID, INN, SELLER)
        people.add_shop(
            tx,
            people.Shop(
                SHOP_ID, SELLER_ID, "демо-магазин", "api", "https://shop.example", 300, None, None, None
            ),
        )
        for number in range(len(stand.urls)):
            name = f"Касса {number + 1}"
            people.add_register(tx, f"{number + 10:032x}", SELLER_ID, name, maker="atol", config=b"{}")
        people.add_account(tx, f"{20:032x}", SELLER_ID, "ofd_ru", b"{}")
    for number, url in enumerate(stand.urls):
        config = {"base_url": url, "read_timeout": 1.0, "connect_timeout": 1.0, "poll_timeout": 10.0}
        lanes.configure(tx, f"{number + 10:032x}", msgspec.json.encode(config))
    people.configure_account(tx, f"{20:032x}", msgspec.json.encode(_account(stand)))
    people.add_key(tx, f"{secrets.randbits(128):032x}", SHOP_ID, secret)


def _account(stand: Stand) -> dict[str, Any]:
    return {"base_url": stand.account_url, "inn": INN, "token": API_KEY, "min_interval": 0.2}


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
    text = resources.files("chekpoint").joinpath("demo_data/receipts_2020.jsonl").read_text("utf-8")
    for number, line in enumerate(text.splitlines()):
        found = dialects.read(msgspec.json.decode(line))
        yield {"external_id": f"demo-{run}-{number}", "receipt": dialects.to_api(found, CONTACT)}


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


def _show(asked: Play, console: Console, table: Table, base: str) -> None:
    if asked.json:
        print(msgspec.json.encode(table).decode(), flush=True)  # noqa: T201 - the answer itself
        return
    shown = RichTable(title="Посчитано по архивам ФН / counted from the drives' archives", show_header=False)
    for name, value in msgspec.structs.asdict(table).items():
        shown.add_row(_NAMES.get(name, name), str(value))
    console.print(shown)
    if not asked.once:
        console.print(f"Панель / dashboard: [bold]{base}/[/]   (Ctrl+C: конец / stop)")


_JSON = {"Content-Type": "application/json"}
_NAMES = {
    "accepted": "принято / accepted", "fiscalised": "фискализировано / fiscalised",
    "ticketed": "подтверждено ОФД / ticketed", "lost": "потеряно / lost", "doubled": "задвоено / doubled",
    "latency_p50_ms": "задержка p50, мс / latency", "latency_p99_ms": "задержка p99, мс / latency",
    "seconds": "секунд / seconds",
}  # fmt: skip
