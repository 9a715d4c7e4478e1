"""Screens over an archive: the chain, the list, the search, with few receipts and with many.

``python -m bench.screens [--many 2000000]``: p50 and p95 of each page's query set and of the page itself, and
how much more the many cost than the few. The archive is written straight into the tables, without the journal.
"""

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2

from chekpoint.core.clock import SystemClock, epoch_ms, uuid7
from chekpoint.hub.hub import Hub
from chekpoint.hub.limits import Limits
from chekpoint.store.store import open_store
from chekpoint.web.screens import first_password, screens
from tests.doubles.bare_register import BareRegister
from tests.doubles.deaf_shop import DeafShop
from tests.doubles.hubs import SELLER, SHOP, furnish

FEW, MANY, ROUNDS = 10_000, 2_000_000, 60
REGISTERS = 20
CONTENT = b'{"kind":"sale","taxation":"osn","items":[' + b" " * 400 + b"]}"
RECEIPT = (
    "INSERT INTO receipt (id, seller_id, shop_id, external_id, mark, digest, content, state, proof, kind, total, taxation,"
    " marked, accepted_at, deadline_at, ready_at, tries, register_id, fn, fd_number, fiscal_sign, updated_at)"
    " VALUES (?,?,?,?,?,'d',?,?,?,'sale',?,1,0,?,?,?,1,?,?,?,'1',?)"
)


def drive(number: int) -> str:
    return f"99990789{number:08d}"


def archive(count: int) -> Iterator[tuple[Any, ...]]:
    """Receipts of the last two years, all confirmed but for one in two thousand of each open state."""
    chance, end = random.Random(1), epoch_ms(SystemClock().now())
    step = 63_072_000_000 // count
    for n in range(count):
        at = end - (count - n) * step
        place, fd = n % REGISTERS, n // REGISTERS + 1
        state = ("rejected", "cancelled", "fiscalised")[min(n % 2000, 2)]
        yield (
            uuid7(at, chance).hex, SELLER, SHOP.id, f"order-{n}", f"{n:016x}", CONTENT, state,
            30 if state == "fiscalised" else 0, 10_000 + n % 500, at, at, at, f"r{place}", drive(place), fd, at,
        )  # fmt: skip


def fill(url: str, count: int) -> None:
    """Write the archive; the file is thrown away, so nothing is waited for."""
    con: Any = open_store(url, node="a", clock=SystemClock()).engine.connect()
    con.execute("PRAGMA synchronous=OFF")
    con.execute("PRAGMA foreign_keys=OFF")
    con.execute("PRAGMA cache_size=-400000")
    con.execute("BEGIN")
    con.executemany(RECEIPT, archive(count))
    con.execute(
        "INSERT INTO contact SELECT id, CAST('{}' AS BLOB), '+7916' || printf('%07d', rowid % 100000), 't' || id FROM receipt"
    )
    con.execute(
        "INSERT INTO fiscal_document (fn, fd_number, receipt_id, register_id, document, kind, total, fiscal_sign, made_at, seen_at)"
        " SELECT fn, fd_number, id, register_id, 3, 1, total, '1', '2026-01-01T00:00:00', accepted_at FROM receipt"
        " WHERE state = 'fiscalised' ORDER BY fn, fd_number"
    )
    con.execute("COMMIT")
    con.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    con.close()


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[httpx2.AsyncClient]:
    """A signed-in client of the screens over one archive."""
    registers = {f"r{n}": BareRegister(drive(n)) for n in range(REGISTERS)}
    clock, chance = SystemClock(), random.Random(1)
    hub = Hub(
        open_store(url, node="a", clock=clock), clock, chance, node="a", limits=Limits(), zone="Europe/Moscow",
        registers={}, operators={}, door=lambda _url, _secret: DeafShop(),
    )  # fmt: skip
    await hub.start()
    await furnish(hub, registers)
    await hub.store.write(lambda tx: _stand(tx, registers))
    password = await first_password(hub.store, hub.post.keys)
    transport = httpx2.ASGITransport(app=screens(hub, secret_key="bench"))  # noqa: S106 - nobody is to be kept out
    try:
        async with httpx2.AsyncClient(transport=transport, base_url="http://bench") as client:
            await _sign_in(client, password or "")
            yield client
    finally:
        await hub.stop()


def _stand(tx: Any, registers: dict[str, BareRegister]) -> None:
    for key, register in registers.items():
        tx._cursor.execute("UPDATE lane SET fn=? WHERE register_id=?", (register.fn, key))  # noqa: SLF001
    tx.wrote = True


async def _sign_in(client: httpx2.AsyncClient, password: str) -> None:
    form = (await client.get("/sign-in")).text
    token = form.partition('name="csrf" value="')[2].partition('"')[0]
    answer = await client.post("/sign-in", data={"csrf": token, "login": "admin", "password": password})
    assert answer.status_code == 303, answer.text


def pages(count: int, chance: random.Random) -> dict[str, str]:
    """What is asked, each time of another receipt."""
    one = chance.randrange(count)
    return {
        "chain": "/",
        "list": "/receipts",
        "list of a state": "/receipts?state=rejected",
        "list of a rung that nobody has": "/receipts?proof=at_tax_service",
        "list of a register": f"/receipts?register=r{one % REGISTERS}",
        "search by id": f"/receipts?q=order-{one}",
        "search by document": f"/receipts?q={one // REGISTERS + 1}",
        "search by contact": f"/receipts?q=%2B7916{one % 100_000:07d}",
        "search by sum": f"/receipts?q={(10_000 + one % 500) / 100:.2f}",
        "registers": "/registers",
    }


async def asked(urls: dict[int, str]) -> dict[int, dict[str, list[float]]]:
    """Size of the archive -> page -> milliseconds, the archives in turns so that the machine's noise falls on each."""
    times: dict[int, dict[str, list[float]]] = {count: {} for count in urls}
    async with AsyncExitStack() as stack:
        clients = {count: await stack.enter_async_context(opened(url)) for count, url in urls.items()}
        chances = {count: random.Random(2) for count in urls}
        for turn in range(ROUNDS + 2):
            plans = {count: pages(count, chances[count]) for count in urls}
            for name in plans[FEW]:
                for count, client in clients.items():
                    took = await _timed(client, plans[count][name])
                    if turn > 1:
                        times[count].setdefault(name, []).append(took)
    return times


async def _timed(client: httpx2.AsyncClient, path: str) -> float:
    start = time.perf_counter()
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return (time.perf_counter() - start) * 1000


def _quantiles(times: list[float]) -> tuple[float, float]:
    return statistics.median(times), statistics.quantiles(times, n=20)[18]


def measure(many: int = MANY) -> dict[str, Any]:
    """Both archives, and the ratios of their p95."""
    with tempfile.TemporaryDirectory() as folder:
        urls = {count: f"sqlite:///{Path(folder) / f'{count}.db'}" for count in (FEW, many)}
        for count, url in urls.items():
            start = time.perf_counter()
            fill(url, count)
            print(f"{count} receipts written in {time.perf_counter() - start:.0f} s", flush=True)
        times = asyncio.run(asked(urls))
    found = {count: {name: _quantiles(took) for name, took in by.items()} for count, by in times.items()}
    ratios = {name: found[many][name][1] / found[FEW][name][1] for name in found[many]}
    for name, ratio in ratios.items():
        few, much = found[FEW][name], found[many][name]
        print(
            f"{name:32} p50 {few[0]:6.1f} -> {much[0]:6.1f} ms   p95 {few[1]:6.1f} -> {much[1]:6.1f} ms   x {ratio:.2f}"
        )
    return {"receipts": many, "p95_ratio": ratios, "p95_ms": {n: v[1] for n, v in found[many].items()}}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--many", type=int, default=MANY)
    measure(parser.parse_args().many)
