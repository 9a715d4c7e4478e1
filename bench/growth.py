"""Growth: does a full archive make anything slower?

Two databases side by side, one with 10,000 receipts in its archive and one with 2,000,000; everything is measured
in turns on both. `python -m bench.growth [--large N]`.

* time per receipt: accepted -> ticketed over 16 lanes of null-modem registers;
* p95 of the API's list, of the screen's search (buyer, order, document number, mark) and of the chain page.
"""

import argparse
import asyncio
import os
import re
import secrets
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from pathlib import Path
from random import Random
from statistics import median, quantiles
from typing import Any

import httpx2
from starlette.applications import Starlette
from starlette.routing import Mount

from bench import archive
from bench.lifecycle_run import until_ticketed
from chekpoint.hub.hub import Hub
from chekpoint.hub.limits import Limits
from chekpoint.shops.api_v1 import api_routes
from chekpoint.store import people
from chekpoint.web.screens import first_password, screens
from tests.doubles.bare_register import BareRegister
from tests.doubles.hubs import SHOP, running, sale

SMALL, LARGE = 10_000, 2_000_000
LANES, BATCH, ROUNDS, ASKED = 16, 1500, 9, 60
PACE = Limits(
    exchange_every=0.05, exchange_calm=0.5
)  # so that waiting for the next look does not drown the rest
KEY = secrets.token_urlsafe(32)
GOALS = {"time_per_receipt": 1.15, "list_p95": 1.5, "search_p95": 1.5, "chain_p95": 1.5}


class Side:
    """One database with its hub and a signed-in client."""

    def __init__(self, hub: Hub, client: httpx2.AsyncClient, archived: int) -> None:
        self.hub, self.client, self.archived = hub, client, archived
        self._numbers, self._chance = count(), Random(archived)
        self.seen: dict[str, list[float]] = {}

    async def receipts(self) -> None:
        """Accept a batch, wait for its tickets."""
        orders = [sale(next(self._numbers)) for _ in range(BATCH)]
        begun = time.perf_counter()
        await until_ticketed(self.hub, orders)
        self._note("time_per_receipt", (time.perf_counter() - begun) / BATCH)

    async def pages(self) -> None:
        """Ask for each page once, as a person would: for receipts of any age."""
        await self._get("list_p95", "/api/v1/receipts?limit=50", authorization=f"Bearer {KEY}")
        await self._get(
            "list_p95", "/api/v1/receipts?limit=50&state=fiscalised", authorization=f"Bearer {KEY}"
        )
        await self._get("list_p95", "/receipts")
        await self._get("chain_p95", "/")
        at = self._chance.randrange(self.archived)
        for word in (
            f"+79{at * 7919 % archive.BUYERS:09}", f"archived-{at}", str(1 + at // archive.DRIVES),
            f"{at * 2654435761 % 4294967291:08x}{at:08x}",
        ):  # fmt: skip
            await self._get("search_p95", "/receipts", q=word)

    async def _get(self, figure: str, path: str, *, authorization: str = "", **query: str) -> None:
        begun = time.perf_counter()
        answer = await self.client.get(path, params=query or None, headers={"authorization": authorization})
        self._note(figure, time.perf_counter() - begun)
        assert answer.status_code == 200, (path, answer.status_code, answer.text[:300])
        if "q" in query:
            assert "/receipts/" in answer.text, f"nothing found by {query}"

    def _note(self, figure: str, seconds: float) -> None:
        self.seen.setdefault(figure, []).append(seconds)

    def figures(self) -> dict[str, float]:
        """Milliseconds: the median of the batches, the 95th percentile of the pages."""
        return {
            name: 1000 * (quantiles(seen, n=20)[-1] if name.endswith("p95") else median(seen))
            for name, seen in self.seen.items()
        }


@asynccontextmanager
async def side(path: Path, archived: int) -> AsyncIterator[Side]:
    """Open a database and sign in."""
    registers = {f"{n:032x}": BareRegister(f"99990788{n:08}") for n in range(1, LANES + 1)}
    async with running(f"sqlite:///{path}", registers, limits=PACE) as hub:
        await archive.furnish(hub, LANES)
        await hub.store.write(lambda tx: people.add_key(tx, hub.post.keys.new(), SHOP.id, KEY))
        await hub.reload()
        password = await first_password(hub.store, hub.post.keys)
        app = Starlette(routes=[*api_routes(hub), Mount("/", screens(hub, secret_key=secrets.token_hex(16)))])
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://hub", follow_redirects=True
        ) as client:
            await _sign_in(client, str(password))
            yield Side(hub, client, archived)


async def _sign_in(client: httpx2.AsyncClient, password: str) -> None:
    form = (await client.get("/sign-in")).text
    found = re.search(r'name="csrf" value="([^"]+)"', form)
    assert found, form
    fields = {"csrf": found[1], "login": "admin", "password": password, "next": "/"}
    answer = await client.post("/sign-in", data=fields)
    assert answer.status_code == 200, answer.text[:300]


async def _measure(folder: Path, sizes: dict[str, int]) -> dict[str, Side]:
    async with AsyncExitStack() as stack:
        sides = {
            name: await stack.enter_async_context(side(folder / f"{name}.db", size))
            for name, size in sizes.items()
        }
        for one in sides.values():  # warm: both have seen every statement
            await one.receipts()
            await one.pages()
            one.seen.clear()
        for turn in range(ROUNDS):
            for one in [*sides.values()][:: 1 if turn % 2 else -1]:
                await one.receipts()
        for turn in range(ASKED):
            for one in [*sides.values()][:: 1 if turn % 2 else -1]:
                await one.pages()
    return sides


def run(*, large: int = LARGE) -> dict[str, Any]:
    """Build both archives, measure, remove them. Milliseconds of both sides, and the ratios."""
    sizes = {"small": SMALL, "large": large}
    with tempfile.TemporaryDirectory(prefix="chekpoint-growth-") as folder:
        built = {name: archive.build(Path(folder) / f"{name}.db", size) for name, size in sizes.items()}
        os.sync()  # or the second measurement pays for the writing back of the archive
        octets = (Path(folder) / "large.db").stat().st_size
        sides = asyncio.run(_measure(Path(folder), sizes))
    small, big = sides["small"].figures(), sides["large"].figures()
    return {
        "receipts_small": SMALL, "receipts_large": large, "large_build_seconds": round(built["large"], 1),
        "large_bytes": octets,
        **{f"{name}_ms_{size}": round(figures[name], 3) for name in GOALS
           for size, figures in (("small", small), ("large", big))},
        **{name: round(big[name] / small[name], 3) for name in GOALS},
    }  # fmt: skip


def main() -> dict[str, Any]:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", type=int, default=LARGE)
    figures = run(large=parser.parse_args().large)
    for name, value in figures.items():
        print(f"{name:32}{value:>16,}" + (f"   (at most {GOALS[name]})" if name in GOALS else ""))
    return figures


if __name__ == "__main__":
    main()
