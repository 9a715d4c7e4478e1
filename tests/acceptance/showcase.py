"""A hub with receipts in every state, served to a real browser. ``python -m tests.acceptance.showcase`` keeps it up."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import uvicorn
from sqlalchemy import bindparam, update
from starlette.applications import Starlette
from starlette.routing import Mount

from chekpoint.app.compose import doors, shop_kinds
from chekpoint.app.register_kinds import KINDS, asker, config_of
from chekpoint.cli.trial import trial
from chekpoint.core.clock import epoch_ms
from chekpoint.core.errors import BlockReason, OutcomeUnknown, Rejected
from chekpoint.core.lifecycle import State
from chekpoint.core.ports import Attempt
from chekpoint.fiscal.receipt import (
    Buyer,
    Item,
    Kind,
    Payment,
    PaymentForm,
    Receipt,
    SettlementObject,
    Taxation,
)
from chekpoint.fiscal.vat import VatRate
from chekpoint.hub.hub import Hub
from chekpoint.hub.intake import Order
from chekpoint.hub.limits import Limits
from chekpoint.store import views_receipt, views_registers, views_verbs
from chekpoint.store.journal import Tx
from chekpoint.store.sql import Query
from chekpoint.store.tables import register
from chekpoint.store.views_receipts import Filter, Line, lines
from chekpoint.web.screens import Joinery, first_password, screens
from tests.acceptance.beside import beside
from tests.doubles.bare_register import BareRegister
from tests.doubles.hubs import SHOP, running

PACE = Limits(
    io_timeout=5, lease=10, status_every=1, exchange_every=0.02, exchange_calm=0.1, backoff_first=0.05,
    backoff_most=0.2, retry_receipt=0.05, sweep_every=0.05, operator_every=0.1, operator_calm=0.1,
)  # fmt: skip
LISTENING = SHOP._replace(
    name="Книжная лавка", webhook_url="https://shop.example/hook", webhook_secret="hook"
)
GOODS = (
    ("Чай «Иван-да-Марья», листовой, 250 г", 45_000, "2", VatRate.VAT22, SettlementObject.COMMODITY),
    ("Книга «Мастер и Маргарита»", 89_900, "1", VatRate.VAT10, SettlementObject.COMMODITY),
    ("Сыр полутвёрдый, кг", 112_500, "0.482", VatRate.VAT10, SettlementObject.COMMODITY),
    ("Доставка курьером", 35_000, "1", VatRate.NONE, SettlementObject.SERVICE),
)


class MuddledRegister(BareRegister):
    """A register that cannot tell, for as long as ``muddled``, what became of a receipt."""

    muddled = True

    async def locate(self, attempt: Attempt) -> Any:
        if self.muddled and attempt.id not in self.by_attempt:
            raise OutcomeUnknown("the archive does not answer")
        return await super().locate(attempt)


def order(number: int, *, goods: int = 4, kind: Kind = Kind.SALE) -> Order:
    """An order as a shop sends it."""
    items = tuple(
        Item(name=name, price=price, quantity=Decimal(quantity), sum=round(price * Decimal(quantity)), vat=vat, object=what)
        for name, price, quantity, vat, what in GOODS[:goods]
    )  # fmt: skip
    total = sum(item.sum for item in items)
    card = min(total, 50_000)
    paid = [Payment(form=PaymentForm.ELECTRONIC, sum=card)]
    if total > card:
        paid.append(Payment(form=PaymentForm.PREPAID, sum=total - card))
    receipt = Receipt(
        kind=kind,
        taxation=Taxation.OSN,
        items=items,
        payments=tuple(paid),
        buyer=Buyer(contact="+79161234567"),
    )
    return Order(external_id=f"{number}", receipt=receipt)


class World(NamedTuple):
    """The hub with its registers and what the tests need to know."""

    hub: Hub
    main: BareRegister  # gives everything but what it is told not to
    unsent: BareRegister  # its documents do not leave
    muddled: MuddledRegister
    blocked: BareRegister
    password: str
    loop: asyncio.AbstractEventLoop

    def run(self, work: Any) -> Any:
        """Carry out a coroutine on the hub's own loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)


def registers() -> dict[str, BareRegister]:
    """Four registers, each with a trouble of its own."""
    made = {
        "k1": BareRegister("9999078900001111"),
        "k2": BareRegister("9999078900002222"),
        "k3": MuddledRegister("9999078900003333"),
        "k4": BareRegister("9999078900004444"),
    }
    made["k4"].blocked = BlockReason.PAPER_OUT
    return made


async def until(question: Callable[[], Awaitable[bool]], *, why: str, seconds: float = 20) -> None:
    """Ask until the answer is yes; AssertionError with ``why`` when it does not come."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not await question():
        assert asyncio.get_running_loop().time() < deadline, why
        await asyncio.sleep(0.02)


async def state_of(hub: Hub, receipt_id: str) -> tuple[str, int]:
    """(state, proof) of a receipt."""
    head = await hub.store.read(lambda tx: views_receipt.head(tx, receipt_id))
    assert head is not None
    return head.state, head.proof


async def reach(hub: Hub, receipt_id: str, state: State, proof: int = 0) -> None:
    """Wait until a receipt stands there."""

    async def there() -> bool:
        now, rung = await state_of(hub, receipt_id)
        return now == state and rung >= proof

    await until(there, why=f"{receipt_id} does not become {state}")


async def send(hub: Hub, number: int, **words: Any) -> str:
    """Offer an order as the shop does; returns the receipt's id."""
    assert hub.intake is not None
    shop = hub.shops[SHOP.id]
    return (await hub.intake.accept(shop, order(number, **words))).receipt_id


async def only(hub: Hub, key: str | None) -> None:
    """Let one register alone take receipts (None: let none); returns when every lane has heard of it."""
    now = epoch_ms(hub.post.clock.now())

    def unit(tx: Tx) -> None:
        for name in hub.lanes:
            views_verbs.switch(tx, name, enabled=True, draining=name != key)

    await hub.store.write(unit)
    await hub.reload()
    for name, lane in hub.lanes.items():
        lane.standing = False
        hub.post.bell.ring(name)

    async def heard() -> bool:
        known = await hub.store.read(views_registers.lanes)
        return all(lane.status_at is not None and lane.status_at > now for lane in known)

    await until(heard, why="a lane does not turn")


async def doubtful(world: "World") -> str:
    """The id of a receipt whose answer was lost on a register that cannot tell; its lane then stands."""

    async def found() -> list[Line]:
        return (await world.hub.store.read(lambda tx: lines(tx, Filter(state=State.IN_DOUBT)))).lines

    async def any_found() -> bool:
        return bool(await found())

    if not await any_found():
        world.muddled.script.append(OutcomeUnknown("connection reset after the task was sent"))
        await only(world.hub, "k3")
        await until(any_found, why="no receipt came in doubt")
        await only(world.hub, None)
    return (await found())[0].id


async def fill(world_: dict[str, BareRegister], hub: Hub) -> None:
    """Receipts in every state and on every rung that a hub reaches by itself."""
    await only(hub, "k1")
    done = ""
    for number in range(1041, 1049):
        done = await send(
            hub, number, goods=1 + number % 4, kind=Kind.SALE_RETURN if number == 1044 else Kind.SALE
        )
        await reach(hub, done, State.FISCALISED)
    await reach(hub, done, State.FISCALISED, 30)
    world_["k1"].refused_at_ofd.add(len(world_["k1"].archive) + 1)
    await reach(hub, await send(hub, 1049), State.FISCALISED, 20)
    world_["k1"].script.append(Rejected("Неверная сумма расчёта", code="152"))
    await reach(hub, await send(hub, 1050), State.REJECTED)
    await only(hub, "k2")
    world_["k2"].unsent_from = 2
    for number in (1051, 1052):
        await reach(hub, await send(hub, number), State.FISCALISED, 10)
    await only(hub, "k3")
    world_["k3"].script.append(OutcomeUnknown("connection reset after the task was sent"))
    await reach(hub, await send(hub, 1053), State.IN_DOUBT)
    await only(hub, None)
    cancelled = await send(hub, 1054)
    await hub.verdicts.cancel(cancelled, who="admin", reason="Покупатель отказался до оплаты")
    for number in (1055, 1056):
        await send(hub, number)


@asynccontextmanager
async def prepared(folder: Path) -> AsyncIterator[World]:
    """A started hub with everything in it."""
    made = registers()
    url = f"sqlite:///{folder / 'hub.db'}"
    async with running(url, made, limits=PACE, shop=LISTENING) as hub:
        for key, name in (("k1", "Касса 1"), ("k2", "Касса 2 (склад)"), ("k3", "Касса 3"), ("k4", "Касса 4")):
            await hub.store.write(partial(_rename, key=key, name=name))
            lane = hub.lanes[key]
            lane.row = lane.row._replace(name=name)
        await fill(made, hub)
        password = await first_password(hub.store, hub.post.keys)
        assert password is not None
        muddled = made["k3"]
        assert isinstance(muddled, MuddledRegister)
        yield World(hub, made["k1"], made["k2"], muddled, made["k4"], password, asyncio.get_running_loop())


_NAME = Query(update(register).where(register.c.id == bindparam("k")).values(name=bindparam("n")))


def _rename(tx: Tx, key: str, name: str) -> None:
    tx.run(_NAME, k=key, n=name)


def receipt_id(world: World, number: int) -> str:
    """The id of a receipt by its number in the shop."""
    page = world.run(world.hub.store.read(lambda tx: lines(tx, Filter(search=str(number)))))
    return str(next(line.id for line in page.lines if line.external_id == str(number)))


class Site(NamedTuple):
    """A served showcase."""

    url: str
    world: World


class Server(uvicorn.Server):
    """A server that runs beside the test, in a thread of its own."""

    def install_signal_handlers(self) -> None:
        """Signals belong to the test."""


async def _started(server: Server) -> bool:
    return server.started


@contextmanager
def served(folder: Path, *, port: int = 0) -> Iterator[Site]:
    """Run hub and server in a thread; yields when pages are answered."""

    async def main(ready: Callable[[Site], None], over: Callable[[], Awaitable[None]]) -> None:
        async with prepared(folder) as world:
            with socket.create_server(("127.0.0.1", port)) as listener:
                address = f"http://127.0.0.1:{listener.getsockname()[1]}"
                client = httpx2.AsyncClient(trust_env=False)
                joinery = Joinery(
                    shop_kinds(), address, client, trial, KINDS, config_of, asker(world.hub.post.clock)
                )
                pages = screens(world.hub, secret_key="showcase", zone="Europe/Moscow", joinery=joinery)
                app = Starlette(routes=[*doors(world.hub, "Europe/Moscow"), Mount("/", pages)])
                config = uvicorn.Config(app, log_level="warning", lifespan="off", timeout_graceful_shutdown=1)
                server = Server(config)
                task = asyncio.create_task(server.serve([listener]))
                await until(partial(_started, server), why="the server does not start")
                ready(Site(address, world))
                await over()
                server.should_exit = True
                await task
                await client.aclose()

    with beside(main, "showcase") as site:
        yield site


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as folder, served(Path(folder), port=8054) as site:
        print(site.url, "admin", site.world.password, flush=True)  # noqa: T201
        threading.Event().wait()
