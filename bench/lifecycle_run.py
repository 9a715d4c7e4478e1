"""One contender of the lifecycle measurement, in a process of its own: prints its figures as JSON.

`python -m bench.lifecycle_run KIND COUNT URL_OR_PATH`.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path

import msgspec
from sqlalchemy import func, select

from bench.peers import floor, huey_noop, procrastinate_noop
from chekpoint.app import collector
from chekpoint.hub.hub import Hub
from chekpoint.hub.intake import Order
from chekpoint.hub.limits import Limits
from chekpoint.store.journal import Journal
from chekpoint.store.sql import Query
from chekpoint.store.tables import receipt, ticket
from tests.doubles.bare_register import BareRegister
from tests.doubles.hubs import SHOP, running, sale

LANES, SHOPPERS = 256, 256
_TICKETS = Query(select(func.count()).select_from(ticket))
_OPEN = Query(select(receipt.c.id).where(receipt.c.next_check_at.is_not(None)).limit(1))


async def until_ticketed(hub: Hub, orders: Sequence[Order]) -> None:
    """Offer the orders over 256 connections at once; return when each has its ticket in the database."""
    await offer(hub, iter(orders))
    while await hub.store.read(lambda tx: tx.one(_OPEN)):  # noqa: ASYNC110 - the database does not ring
        await asyncio.sleep(0.02)


async def offer(hub: Hub, orders: Iterator[Order]) -> None:
    """Offer all orders, as fast as they are accepted."""
    await asyncio.gather(*(_shopper(hub, orders) for _ in range(SHOPPERS)))


async def _shopper(hub: Hub, orders: Iterator[Order]) -> None:
    assert hub.intake is not None
    for order in orders:
        await hub.intake.accept(SHOP, order)


async def tickets(hub: Hub) -> int:
    """All tickets in the database; walks the table."""
    return int((await hub.store.read(lambda tx: tx.one(_TICKETS)))[0])


async def chekpoint(url: str, count: int, *, group: int = 512) -> dict[str, float]:
    """Receipts per second, accepted -> ticketed, with everything: rules, attempts, evidence, the event chain."""
    registers = {f"{n:032x}": BareRegister(f"99990788{n:08}") for n in range(1, LANES + 1)}
    async with running(url, registers, limits=Limits(), group=group) as hub:
        while not all(lane.standing for lane in hub.lanes.values()):  # noqa: ASYNC110 - lanes tell nobody
            await asyncio.sleep(0.02)
        orders = [sale(number) for number in range(count)]
        collector.settle()  # as ``chekpoint serve`` does
        journal = hub.store.journal
        assert isinstance(journal, Journal)
        groups, units = journal.groups, journal.units
        begun, cpu = time.perf_counter(), time.process_time()
        await until_ticketed(hub, orders)
        took, busy = time.perf_counter() - begun, time.process_time() - cpu
        signed = sum(
            doc.document == 3 for register in registers.values() for doc in register.archive.values()
        )
        assert signed == await tickets(hub) == count, f"{signed} documents for {count} receipts"
        return {
            "per_second": count / took, "cpu_us_per_receipt": 1e6 * busy / count,
            "mean_group": (journal.units - units) / (journal.groups - groups),
        }  # fmt: skip


KINDS: dict[str, Callable[[str, int], Awaitable[dict[str, float]]]] = {
    "chekpoint": chekpoint,
    "chekpoint_group_1": lambda url, count: chekpoint(url, count, group=1),
    "chekpoint_postgresql": chekpoint,
    "floor": lambda url, count: floor.measure(_path(url), count),
    "floor_tight": lambda url, count: floor.measure(_path(url), count, tight=True),
    "huey": lambda url, count: huey_noop.measure(_path(url), count),
    "procrastinate": procrastinate_noop.measure,
}


def _path(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


async def _run(kind: str, count: int, url: str) -> dict[str, float]:
    return await KINDS[kind](url, count)


def main() -> None:
    """Run one contender."""
    kind, count, url = sys.argv[1:]
    print(msgspec.json.encode(asyncio.run(_run(kind, int(count), url))).decode())


if __name__ == "__main__":
    main()
