"""A whole hub between emulated parties, to break one link and read what people are told: screens and Telegram.

Everything is real but the parties: a register with its own exchange over TCP, an operator with its cabinet over HTTP,
the hub's application on a port, a signed-in browser session without a browser.
"""

import html
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx2
import msgspec
import uvicorn
from starlette.applications import Starlette

from chekpoint.app.compose import build_hub
from chekpoint.app.serving import application
from chekpoint.app.settings import Settings
from chekpoint.app.watching import channel_kinds
from chekpoint.core.clock import Clock, SystemClock
from chekpoint.emulators import stand
from chekpoint.emulators.atol_web.face import AtolWeb
from chekpoint.emulators.atol_web.serve import server as face_server
from chekpoint.emulators.faults import FaultPlan
from chekpoint.emulators.fiscal_drive import Registration
from chekpoint.emulators.ofd import EmulatedOfd, listen
from chekpoint.emulators.ofd.account import API_KEY
from chekpoint.emulators.register import EmulatedRegister
from chekpoint.hub.hub import Hub
from chekpoint.hub.limits import Limits
from chekpoint.hub.reach import Reach, plan_of
from chekpoint.registers.agent import AgentLimits, Switchboard
from chekpoint.store import agents, incidents, people, views_receipt
from chekpoint.store.journal import Tx
from chekpoint.store.store import open_store
from chekpoint.web.access import hashed
from tests.contract.http_bench import down, listening, up
from tests.doubles.hubs import SELLER, SHOP, sale
from tests.notices_rig import CHAT, Chat, chatting
from tests.waiting import until

INN: Final = "7700000016"
REGISTER: Final = "касса у витрины"
AGENT: Final = "витрина"
AGENT_KEY: Final = "ak_key-of-the-shop-window"
KEY: Final = "0" * 31 + "7"
PACE: Final = Limits(
    io_timeout=5, lease=10, status_every=0.5, exchange_every=0.1, exchange_calm=0.5, backoff_first=0.1, backoff_most=0.5,
    retry_receipt=0.1, sweep_every=0.1, operator_every=0.2, operator_calm=0.5, proof_expected=3.0,
)  # fmt: skip
TAGS: Final = re.compile(r"<(script|style).*?</\1>|<[^>]+>", re.DOTALL)


class Truth:
    """The hub, its parties, and what a person can read."""

    def __init__(self, hub: Hub, ofd: EmulatedOfd, screen: httpx2.AsyncClient, chat: Chat) -> None:
        self.hub, self.ofd, self.screen, self.chat = hub, ofd, screen, chat
        self.address = str(screen.base_url).rstrip("/")
        self.till: EmulatedRegister | None = None

    @property
    def register(self) -> EmulatedRegister:
        """The emulated register of this world."""
        assert self.till is not None
        return self.till

    async def read(self, path: str) -> str:
        """The words of a screen, as a person reads them."""
        answer = await self.screen.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        return _words(answer.text)

    async def link(self, key: str) -> str:
        """The words of one link of the chain."""
        page = (await self.screen.get("/")).text
        found = re.search(rf'data-link="{key}".*?</li>', page, re.DOTALL)
        assert found is not None
        return _words(found[0].partition(">")[2])

    async def standing(self, receipt_id: str) -> str:
        """What the receipt's page says of its state and proof, under its title."""
        page = (await self.screen.get(f"/receipts/{receipt_id}")).text
        found = re.search(r'class="title-state">.*?</p>', page, re.DOTALL)
        assert found is not None
        return _words(found[0].partition(">")[2])

    async def opened(self, *kinds: str) -> None:
        """Wait until incidents of these kinds are open."""

        async def there() -> bool:
            return set(kinds) <= await self.open_kinds()

        await until(there)

    async def told(self, *words: str) -> str:
        """Wait until the chat has a message with all of these words; that message."""

        def found() -> str:
            return next((text for text in self.chat.texts() if all(word in text for word in words)), "")

        return str(await until(found))

    async def sell(self, *numbers: int) -> list[str]:
        """Orders that are paid; the receipts' ids."""
        assert self.hub.intake is not None
        shop = self.hub.shops[SHOP.id]
        return [(await self.hub.intake.accept(shop, sale(number))).receipt_id for number in numbers]

    async def reached(self, receipt_id: str, state: str, proof: int = 0) -> None:
        """Wait until a receipt stands there."""

        async def there() -> bool:
            head = await self.hub.store.read(lambda tx: views_receipt.head(tx, receipt_id))
            return head is not None and head.state == state and head.proof >= proof

        await until(there)

    async def open_kinds(self) -> set[str]:
        """The kinds of what is open now."""
        return {one.kind for one in await self.hub.store.read(incidents.open_now)}

    async def quiet(self) -> bool:
        """Is nothing open?"""
        return not await self.open_kinds()


def _words(markup: str) -> str:
    return " ".join(html.unescape(TAGS.sub(" ", markup)).split())


@asynccontextmanager
async def truth(
    folder: Path, *, agent: bool = False, limits: Limits = PACE, clock: Clock | None = None, **settings: Any
) -> AsyncIterator[Truth]:
    """A running world with one ATOL: at the hub's own table, or on a computer with an ``agent`` that a test starts."""
    async with AsyncExitStack() as stack:
        clock = clock or SystemClock()
        ofd = stand.build_ofd(folder, clock, FaultPlan())
        stack.callback(ofd.close)
        wire = await stack.enter_async_context(listen(ofd, "127.0.0.1", 0))
        cabinet = await _served(stack, stand.ofd_app(ofd))
        config = Settings(data=folder, node="a", limits=limits, **settings)
        board = Switchboard(clock, AgentLimits(answer=4.0, fresh=1.0, slack=1.0, beat_every=1.0))
        http = httpx2.AsyncClient(trust_env=False)
        setup = open_store(config.url, node="setup", clock=clock)
        await setup.start()
        await setup.write(lambda tx: _furnish(tx, cabinet))
        await setup.stop()
        hub = build_hub(config, http, clock, board)
        app = application(config, hub, http, session_key="truth", board=board)
        base = await _served(stack, app)
        chat = await stack.enter_async_context(chatting())
        screen = await stack.enter_async_context(httpx2.AsyncClient(base_url=base, trust_env=False))
        await _sign_in(screen)
        world = Truth(hub, ofd, screen, chat)
        await _channel(world)
        world.till, till_address = await till(stack, folder, wire.port, clock)
        placed = {"base_url": till_address, "read_timeout": 2.0, "poll_timeout": 3.0}
        if agent:
            placed = {"agent": AGENT, "maker": "atol", "config": placed}
        await add_register(world, "agent" if agent else "atol", placed)
        yield world


async def till(
    stack: AsyncExitStack, folder: Path, ofd_port: int, clock: Clock
) -> tuple[EmulatedRegister, str]:
    """An emulated ATOL that exchanges with the operator by itself; the address of its web server."""
    register = stand.build_register(
        stand.RegisterSetup(
            state=folder, ofd=("127.0.0.1", ofd_port), exchange_period=0.2, registration=Registration(seller_inn=INN)
        ),
        clock,
    )  # fmt: skip
    stack.callback(register.close)
    web = AtolWeb({"1": register}, clock=clock, background=(register.exchange.run,))
    stack.callback(web.close)
    return register, await _run(stack, face_server(web.app, port=0))


async def add_register(world: Truth, maker: str, config: dict[str, Any]) -> None:
    """Tell the hub of the register."""
    body = msgspec.json.encode(config)
    await world.hub.store.write(
        lambda tx: people.add_register(tx, KEY, SELLER, REGISTER, maker=maker, config=body)
    )
    await world.hub.reload()


async def _channel(world: Truth) -> None:
    """The owner's chat, told of everything."""
    made = next(one for one in channel_kinds() if one.kind == "telegram")
    service = world.chat.service
    given = {
        "name": "Владелец",
        "token": service.token,
        "chat_id": str(CHAT),
        "base_url": world.chat.url,
    }
    plan = plan_of(made, given, [])
    await world.hub.store.write(lambda tx: Reach(world.hub.post.keys, who="test").add(tx, made, plan))


async def _served(stack: AsyncExitStack, app: Starlette) -> str:
    return await _run(stack, uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="on")))


async def _run(stack: AsyncExitStack, server: uvicorn.Server) -> str:
    listener = listening(0)
    await up(server, listener)
    stack.push_async_callback(down, server, listener)
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


def _furnish(tx: Tx, cabinet: str) -> None:
    people.add_seller(tx, SELLER, INN, "ООО «Ромашка»")
    people.add_shop(tx, SHOP)
    people.add_user(tx, "0" * 31 + "9", "owner", hashed("secret-secret"))
    agents.add_agent(tx, "0" * 31 + "a", AGENT, AGENT_KEY)
    account = {"inn": INN, "token": API_KEY, "base_url": cabinet, "min_interval": 0.0}
    people.add_account(tx, "0" * 31 + "8", SELLER, "ofd_ru", msgspec.json.encode(account))


async def _sign_in(screen: httpx2.AsyncClient) -> None:
    found = re.search(r'name="csrf" value="([^"]+)"', (await screen.get("/sign-in")).text)
    assert found is not None
    form = {"csrf": found[1], "login": "owner", "password": "secret-secret"}
    assert (await screen.post("/sign-in", data=form)).status_code == 303
