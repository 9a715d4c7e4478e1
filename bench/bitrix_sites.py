"""Emulated 1C-Bitrix sites in a process of their own, driven by lines on stdin: `pay`, `stats`, end of file."""

import argparse
import asyncio
import json
import sys
import time
from collections import Counter
from typing import Any

from chekpoint.core.clock import SystemClock
from chekpoint.emulators.bitrix_site.cashboxes import Handler
from chekpoint.emulators.bitrix_site.face import Sites
from chekpoint.emulators.bitrix_site.orders import Line
from chekpoint.emulators.bitrix_site.serve import server
from chekpoint.emulators.bitrix_site.site import Site

HASH = "0" * 32


class Watched:
    """A site that counts its polls and notes when each check was created and first handed out."""

    def __init__(self, site: Site) -> None:
        self.site, self._poll = site, site.poll
        self.counts: Counter[str] = Counter()
        self.created: dict[int, float] = {}
        self.handed: dict[int, float] = {}
        site.poll = self.poll  # type: ignore[method-assign]

    async def poll(self, body: bytes, host: str) -> dict[str, Any]:
        answer = await self._poll(body, host)
        self.counts["polls"] += 1
        self.counts["with_checks" if "print" in answer else "acks" if "ack" in answer else "empty"] += 1
        for task in answer.get("print", ()):
            self.handed.setdefault(int(task["external_id"].split("|")[2]), time.monotonic())
        return answer

    async def pay(self) -> int:
        order = self.site.create_order([Line(price=10_000)], email="buyer@example.com")
        check = await self.site.pay(order.id)
        assert check is not None
        self.created[check.id] = time.monotonic()
        return order.id

    def stats(self) -> dict[str, Any]:
        statuses = Counter(check.status.value for check in self.site.checks())
        return {"counts": self.counts, "created": self.created, "handed": self.handed, "statuses": statuses}


async def main(given: argparse.Namespace) -> None:
    sites = Sites(clock=SystemClock())
    watched = [Watched(_site(sites, number, given)) for number in range(given.sites)]
    for _ in range(given.waiting):
        await watched[0].pay()
    for order_id in (
        range(1, given.waiting + 1, max(given.waiting // max(given.poison, 1), 1)) if given.poison else ()
    ):
        watched[0].site.delete_order(order_id)
    run = server(sites)
    task = asyncio.create_task(run.serve())
    while True:
        if run.started:
            break
        await asyncio.sleep(0.01)
    _print(run.servers[0].sockets[0].getsockname()[1])
    async for line in _lines():
        if line == "pay":
            await asyncio.gather(*(one.pay() for one in watched))
            _print("paid")
        else:
            _print([one.stats() for one in watched])
    run.should_exit = True
    await task


def _site(sites: Sites, number: int, given: argparse.Namespace) -> Site:
    site = sites.add(f"site-{number}")
    site.change_settings(max_execution_time=given.php if number == 0 or given.sites > 3 else 1)
    site.allow_hash(HASH)
    site.add_cashbox(Handler.BITRIX_V3, number="00106702123456")
    return site


async def _lines() -> Any:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    while line := await reader.readline():
        yield line.decode().strip()


def _print(value: Any) -> None:
    print(json.dumps(value), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--sites", type=int, default=1)
    parser.add_argument("--waiting", type=int, default=0)
    parser.add_argument("--poison", type=int, default=0)
    parser.add_argument("--php", type=int, default=30)
    asyncio.run(main(parser.parse_args()))
