"""The exchange with 1C-Bitrix sites: a poisoned backlog, time to the register, two hundred idle sites.

`python -m bench.bitrix [backlog|latency|idle]`. The sites run in a process of their own; registers are bare
(the port itself), so that what is measured is the hub and the exchange.
"""

import asyncio
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import msgspec

from chekpoint.core.clock import SystemClock
from chekpoint.core.ports import Attempt, Registered, RegisterStatus
from chekpoint.fiscal.receipt import Taxation
from chekpoint.hub.hub import Hub
from chekpoint.hub.limits import Limits
from chekpoint.hub.names import order_mark
from chekpoint.hub.shop_rules import ShopRules
from chekpoint.shops.bitrix import KIND, BitrixSettings, BitrixSites, Exchange
from chekpoint.store import people, standing
from chekpoint.store.journal import Tx
from chekpoint.store.store import open_store
from tests.doubles.bare_register import BareRegister
from tests.doubles.deaf_shop import DeafShop

ROOT = Path(__file__).parents[1]
ZN = "00106702123456"
HASH = "0" * 32
SELLER = "0" * 31 + "1"
WAITING, POISON, AT_ONCE = 1000, 10, 5
SITES = 200
PAYS = 90  # one every 0.4..1.0 s


class Register(BareRegister):
    """Notes the moment of the first byte of each receipt, by its order mark."""

    def __init__(self) -> None:
        super().__init__("9999078900000001")
        self.begun: dict[str, float] = {}

    async def status(self) -> RegisterStatus:
        return msgspec.structs.replace(await super().status(), serial=ZN)

    async def submit(self, attempt: Attempt) -> Registered:
        self.begun.setdefault(attempt.mark, time.monotonic())
        return await super().submit(attempt)


class SitesProcess:
    """The sites' process: a line in, a line out."""

    def __init__(self, *options: str) -> None:
        self._run = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "bench.bitrix_sites", *options], cwd=ROOT, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.address = f"http://127.0.0.1:{self._read()}"

    def _read(self) -> Any:
        assert self._run.stdout is not None
        return json.loads(self._run.stdout.readline())

    def ask(self, line: str) -> Any:
        assert self._run.stdin is not None
        self._run.stdin.write(line + "\n")
        self._run.stdin.flush()
        return self._read()

    def link(self, number: int) -> str:
        return f"{self.address}/s/site-{number}/bitrix/tools/sale_check_print.php?hash={HASH}"

    def close(self) -> None:
        assert self._run.stdin is not None
        self._run.stdin.close()
        self._run.wait(20)


def _shop(number: int, link: str) -> people.Shop:
    settings = BitrixSettings(
        exchange=Exchange(link=link, version="3"), rules=ShopRules(taxation=Taxation.OSN)
    )
    name = f"site-{number}"
    body = msgspec.json.encode(settings)
    return people.Shop(
        f"{number + 2:032x}", SELLER, name, KIND, "https://shop.ru", 300, None, None, None, body
    )


@asynccontextmanager
async def _hub(register: Register, links: list[str]) -> AsyncIterator[Hub]:
    clock = SystemClock()
    with tempfile.TemporaryDirectory() as folder:
        hub = Hub(
            open_store(f"sqlite:///{folder}/bench.db", node="b", clock=clock), clock, random.SystemRandom(), node="b",
            limits=Limits(), zone="Europe/Moscow", registers={"bare": lambda _row, _note: register}, operators={},
            door=lambda _url, _secret: DeafShop(), connectors={KIND: BitrixSites().connect},
        )  # fmt: skip
        await hub.start()

        def unit(tx: Tx) -> None:
            people.add_seller(tx, SELLER, "7707083893", "ООО «Ромашка»")
            people.add_register(tx, "r1", SELLER, "касса", maker="bare", config=b"{}")

        try:
            await hub.store.write(unit)
            await hub.reload()
            await _asked(hub)
            shops = [_shop(number, link) for number, link in enumerate(links)]
            await hub.store.write(lambda tx: _add(tx, shops))
            await hub.reload()
            yield hub
        finally:
            await hub.stop()


def _add(tx: Tx, shops: list[people.Shop]) -> None:
    for one in shops:
        people.add_shop(tx, one)


async def _asked(hub: Hub) -> None:
    """Until the register has told its factory number."""
    while True:
        if await hub.store.read(_has_status):
            return
        await asyncio.sleep(0.05)


def _has_status(tx: Tx) -> bool:
    return any(post.status_at for post in standing.posts(tx))


async def backlog() -> dict[str, Any]:
    """1,000 checks wait, 10 of them of deleted orders."""
    sites, register = SitesProcess("--waiting", str(WAITING), "--poison", str(POISON)), Register()
    try:
        began = time.monotonic()
        async with _hub(register, [sites.link(0)]):
            while True:
                stats = await asyncio.to_thread(sites.ask, "stats")
                if stats[0]["statuses"].get("Y", 0) >= WAITING - POISON or time.monotonic() - began > 100:
                    break
                await asyncio.sleep(0.2)
            took = time.monotonic() - began
    finally:
        sites.close()
    marks = [doc.mark for doc in register.archive.values() if doc.document == 3]
    counts, least = stats[0]["counts"], WAITING / AT_ONCE
    fetching = counts["with_checks"] + counts.get("empty", 0)
    return {
        "fiscalised": len(set(marks)), "doubled": len(marks) - len(set(marks)), "seconds": round(took, 1),
        "polls": fetching, "polls_to_least": round(fetching / least, 3), "requests_with_results": counts.get("acks", 0),
        "all_requests_to_least": round(counts["polls"] / least, 3),
    }  # fmt: skip


async def latency() -> dict[str, Any]:
    """New check on the site -> first byte at a free register; beside it clients that poll every 5 s and 60 s."""
    sites, register = SitesProcess("--sites", "3", "--php", "0"), Register()
    chance = random.Random(1)
    heard: list[dict[int, float]] = [{}, {}]
    try:
        async with _hub(register, [sites.link(0)]):
            naive = [
                asyncio.create_task(_naive(sites.link(n + 1), every, heard[n]))
                for n, every in enumerate((5.0, 60.0))
            ]
            await asyncio.sleep(2.0)
            for _ in range(PAYS):
                await asyncio.to_thread(sites.ask, "pay")
                await asyncio.sleep(chance.uniform(0.4, 1.0))
            await asyncio.sleep(3.0)
            stats = await asyncio.to_thread(sites.ask, "stats")
            for task in naive:
                task.cancel()
            await asyncio.gather(*naive, return_exceptions=True)
    finally:
        sites.close()
    begun = {
        number: register.begun.get(order_mark(f"{2:032x}", f"check-{number}"))
        for number in stats[0]["created"]
    }
    ours = [at - stats[0]["created"][number] for number, at in begun.items() if at]
    adds = [at - stats[0]["handed"][number] for number, at in begun.items() if at]
    return {
        "checks": len(ours), "to_register": _spread(ours), "hub_adds": _spread(adds),
        "every_5_s": _spread([heard[0][int(n)] - at for n, at in stats[1]["created"].items() if int(n) in heard[0]]),
        "every_60_s": _spread([heard[1][int(n)] - at for n, at in stats[2]["created"].items() if int(n) in heard[1]]),
        "p99": _spread(ours)["p99"], "hub_adds_p99": _spread(adds)["p99"],
    }  # fmt: skip


async def _naive(link: str, every: float, heard: dict[int, float]) -> None:
    """A client that asks at fixed times and answers each check at once, as printed."""
    kkm: dict[str, Any] = {
        "zn": ZN,
        "fn": "9999078900000009",
        "status": "ok",
        "cache": 0,
        "reg_income": 0,
        "nz_sum": 0,
    }
    async with httpx2.AsyncClient(timeout=90.0, trust_env=False) as http:
        while True:
            began, fresh = time.monotonic(), True
            while fresh:
                answer = (await http.post(link, json={"api_version": "3", "kkm": [kkm]})).json()
                uuids = [task["external_id"] for task in answer.get("print", ())]
                for uuid in uuids:
                    heard.setdefault(int(uuid.split("|")[2]), time.monotonic())
                printed = [
                    {"uuid": uuid, "code": 0, "message": "", "qr": "t=20261124T120000&s=1&fn=1&i=1&fp=1&n=1"}
                    for uuid in uuids
                ]
                if printed:
                    await http.post(link, json={"api_version": "3", "kkm": [{**kkm, "printed": printed}]})
                fresh = len(uuids) == AT_ONCE
            await asyncio.sleep(max(every - (time.monotonic() - began), 0.0))


def _spread(values: list[float]) -> dict[str, float]:
    if not values:
        return {"n": 0, "p50": -1.0, "p99": -1.0}
    ordered = sorted(values)
    return {
        "n": len(ordered), "p50": round(ordered[len(ordered) // 2], 3),
        "p99": round(ordered[min(int(len(ordered) * 0.99), len(ordered) - 1)], 3), "most": round(ordered[-1], 3),
    }  # fmt: skip


async def idle() -> dict[str, Any]:
    """200 sites in this process, nothing to do: memory and processor over 45 s (PHP's usual limit: polls of 22 s)."""
    sites = SitesProcess("--sites", str(SITES), "--php", "30")
    try:
        async with _hub(Register(), [sites.link(number) for number in range(SITES)]):
            await asyncio.sleep(25.0)
            before, began = time.process_time(), time.monotonic()
            await asyncio.sleep(45.0)
            used = (time.process_time() - before) / (time.monotonic() - began)
            rss = _resident()
    finally:
        sites.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "sites": SITES,
        "resident_mib": round(rss, 1),
        "peak_mib": round(peak, 1),
        "core_percent": round(used * 100, 2),
    }


def _resident() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


PARTS = {"backlog": backlog, "latency": latency, "idle": idle}


def run() -> dict[str, Any]:
    """All parts, each in a process of its own; the figures by name."""
    found: dict[str, Any] = {}
    for name in PARTS:
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-m", "bench.bitrix", name], cwd=ROOT, check=True, capture_output=True, text=True
        )
        found[name] = json.loads(done.stdout.splitlines()[-1])
    return found | {
        "polls_to_least": found["backlog"]["polls_to_least"], "p99": found["latency"]["p99"],
        "hub_adds_p99": found["latency"]["hub_adds_p99"], "resident_mib": found["idle"]["resident_mib"],
        "core_percent": found["idle"]["core_percent"],
    }  # fmt: skip


if __name__ == "__main__":
    import logging

    from chekpoint.app.logs import configure

    configure(as_json=True, level=logging.ERROR)
    names = sys.argv[1:] or list(PARTS)
    for part in names:
        print(json.dumps(asyncio.run(PARTS[part]())))
