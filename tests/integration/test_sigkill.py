"""A real hub process is killed with SIGKILL thirty times at random moments under load; then the drives are counted.

The registers' web servers live in this process and lose answers too; what the hub says is not asked before
every receipt that was answered with 2xx has been looked for in the drives' archives.
"""

import asyncio
import random
import socket
import sqlite3
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest

from chekpoint.core.clock import SystemClock
from chekpoint.emulators.atol_web.face import AtolWeb
from chekpoint.emulators.atol_web.serve import server
from chekpoint.emulators.drive_archive import Registration
from chekpoint.emulators.faults import FaultPlan
from chekpoint.emulators.fiscal_drive import FiscalDrive
from chekpoint.emulators.register import EmulatedRegister
from chekpoint.hub.names import order_mark
from chekpoint.store import events, people
from chekpoint.store.journal import Tx
from chekpoint.store.store import Store, open_store
from tests.doubles.hubs import SELLER, SHOP, sale

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(400)]
KILLS = 30
KEY = "a key of the shop"
SETTINGS = """
data = "{data}"
node = "killed"
port = {port}
[limits]
status_every = 1.0
exchange_every = 0.2
backoff_first = 0.1
backoff_most = 0.5
retry_receipt = 0.1
sweep_every = 0.2
"""


class Till:
    """One emulated register on a port of its own."""

    def __init__(self, number: int) -> None:
        faults = FaultPlan.from_spec(f"drop@face.answer=0.03,garbage@face.answer=0.01,seed={number}")
        self.drive = FiscalDrive(f"999907890000{number:04d}")
        register = EmulatedRegister(self.drive, clock=SystemClock(), faults=faults)
        register.ensure_registered(Registration())
        generation = "v1" if number % 2 else "v2"
        self.web = AtolWeb({"1": register}, clock=SystemClock(), faults=faults, generation=generation)  # type: ignore[arg-type]
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"

    def documents(self) -> list[str]:
        """The order marks of the receipts that were really signed."""
        return [doc.receipt.note or "" for doc in self.drive.documents() if doc.receipt is not None]


@asynccontextmanager
async def tills(count: int) -> AsyncIterator[list[Till]]:
    made = [Till(number) for number in range(1, count + 1)]
    servers = [server(till.web.app, port=0) for till in made]
    serving = [asyncio.create_task(s.serve([t.socket])) for s, t in zip(servers, made, strict=True)]
    try:
        yield made
    finally:
        for one in servers:
            one.should_exit = one.force_exit = True
        await asyncio.gather(*serving)
        for till in made:
            till.web.close()
            till.drive.close()


async def furnish(folder: Path, made: list[Till]) -> None:
    def unit(tx: Tx) -> None:
        people.add_seller(tx, SELLER, "7700000016", "ООО «Ромашка»")
        people.add_shop(tx, SHOP)
        people.add_key(tx, "0" * 31 + "9", SHOP.id, KEY)
        for number, till in enumerate(made):
            config = msgspec.json.encode({"base_url": till.url, "poll_first": 0.02, "read_timeout": 3.0})
            people.add_register(tx, f"{number:032x}", SELLER, f"касса {number}", maker="atol", config=config)

    store = await opened(folder)
    await store.write(unit)
    await store.stop()


async def opened(folder: Path) -> Store:
    store = open_store(f"sqlite:///{folder / 'chekpoint.db'}", node="test", clock=SystemClock())
    await store.start()
    return store


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class HubProcess:
    """``chekpoint serve`` over one folder, again and again."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._config, self._log = folder / "chekpoint.toml", folder / "hub.log"
        self._config.write_text(SETTINGS.format(data=folder, port=self.port))
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        with self._log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "chekpoint",
                "serve",
                "--config",
                str(self._config),
                stdout=log,
                stderr=log,
            )

    async def kill(self) -> None:
        assert self.process is not None
        assert self.process.returncode is None, self._log.read_text()  # it must not end by itself
        self.process.kill()
        await self.process.wait()

    async def listens(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.close()
        return True

    async def end(self) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.terminate()
            await self.process.wait()


class LoadingShop:
    """Sends one order after another, each until it is answered with 2xx."""

    def __init__(self, url: str) -> None:
        self._http = httpx2.AsyncClient(
            base_url=url, headers={"Authorization": f"Bearer {KEY}"}, timeout=5, trust_env=False
        )
        self.answered: list[str] = []
        self.refused: list[str] = []
        self.closing = False
        self._next = iter(range(10**6))

    async def run(self) -> None:
        while not self.closing:
            number = next(self._next)
            body: dict[str, Any] = msgspec.to_builtins(sale(number), str_keys=True)
            await until(partial(self._sent, body), 300)
            self.answered.append(body["external_id"])

    async def _sent(self, body: dict[str, Any]) -> bool:
        try:
            answer = await self._http.post("/api/v1/receipts", json=body)
        except httpx2.HTTPError:
            return False
        if 400 <= answer.status_code < 500:
            self.refused.append(answer.text)
            self.closing = True
            return True
        return answer.is_success

    async def close(self) -> None:
        await self._http.aclose()


async def test_thirty_kills_under_load_lose_and_double_nothing(tmp_path: Path) -> None:
    chance = random.Random(54)
    async with tills(2) as made:
        await furnish(tmp_path, made)
        hub = HubProcess(tmp_path)
        shop = LoadingShop(hub.url)
        loading = [asyncio.create_task(shop.run()) for _ in range(3)]
        try:
            for kill in range(KILLS):
                await hub.start()
                if kill % 2:
                    await until(hub.listens, 60)
                    await asyncio.sleep(chance.uniform(0, 0.8))  # the random moment, under load
                else:
                    await asyncio.sleep(chance.uniform(0, 2.0))  # or while it starts and recovers
                await hub.kill()
            await hub.start()
            shop.closing = True
            await asyncio.gather(*loading)
            await until(partial(fiscalised, tmp_path, len(shop.answered)), 120)
        finally:
            for task in loading:
                task.cancel()
            await shop.close()
            await hub.end()
        signed = Counter(mark for till in made for mark in till.documents())
        assert not shop.refused
        assert len(shop.answered) > KILLS
        assert signed == Counter(order_mark(SHOP.id, external_id) for external_id in shop.answered)
        await told_the_truth(tmp_path, made)


async def until(done: Callable[[], Awaitable[bool]], seconds: float) -> None:
    """Look until it has come to pass."""
    async with asyncio.timeout(seconds):
        while not await done():  # noqa: ASYNC110 - another process sets no event of ours
            await asyncio.sleep(0.05)


async def fiscalised(folder: Path, count: int) -> bool:
    """Does the hub say that everything is registered? The archives are the judge afterwards."""
    con = sqlite3.connect(folder / "chekpoint.db")
    try:
        (found,) = con.execute("SELECT count(*) FROM receipt WHERE state = 'fiscalised'").fetchone()
    finally:
        con.close()
    return int(found) >= count


async def told_the_truth(folder: Path, made: list[Till]) -> None:
    """Each receipt names the document that is on the drive, and the chain of events holds."""
    con = sqlite3.connect(folder / "chekpoint.db")
    said = set(con.execute("SELECT fn, fd_number, mark, total FROM receipt WHERE state = 'fiscalised'"))
    con.close()
    true = {
        (doc.fn, doc.fd_number, doc.receipt.note, doc.total)
        for till in made
        for doc in till.drive.documents()
        if doc.receipt is not None
    }
    assert said == true
    store = await opened(folder)
    *breaks, _ = await store.read(events.verified)
    await store.stop()
    assert not breaks
