"""The stand of a trial receipt: one emulated register and operator, and a hub of its own over a copy of the shop.

Everything lives in a folder that is thrown away; nothing of the real journal is read or written but the shop's
settings, which were handed over.
"""

import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import httpx2
import msgspec
import uvicorn
from starlette.applications import Starlette

from chekpoint.app.compose import build_hub, doors
from chekpoint.app.settings import Settings
from chekpoint.cli.demo_stand import serving
from chekpoint.core.clock import SystemClock
from chekpoint.emulators import stand
from chekpoint.emulators.atol_web.face import AtolWeb
from chekpoint.emulators.atol_web.serve import server as face_server
from chekpoint.emulators.faults import FaultPlan
from chekpoint.emulators.fiscal_drive import Registration
from chekpoint.emulators.ofd.account import API_KEY
from chekpoint.emulators.register import EmulatedRegister
from chekpoint.hub.hub import Hub
from chekpoint.hub.limits import Limits
from chekpoint.store import listing, people
from chekpoint.store.journal import Tx

INN = "7700000016"
SELLER = "0" * 31 + "1"
FN = "9999078900000001"
QUICK = Limits(
    io_timeout=10, lease=20, status_every=1, exchange_every=0.1, exchange_calm=0.2, sweep_every=0.2, operator_every=0.2,
    operator_calm=0.5,
)  # fmt: skip


class TrialStand(NamedTuple):
    """A running trial."""

    hub: Hub
    http: httpx2.AsyncClient
    url: str  # of this hub
    register: EmulatedRegister
    folder: Path
    stack: AsyncExitStack

    async def line(self) -> listing.Line | None:
        """The trial's only receipt."""
        found = await self.hub.store.read(lambda tx: listing.page(tx, listing.Filter(limit=1)))
        return found[0] if found else None

    async def add(self, shop: people.Shop, key: str | None = None) -> None:
        """The copy of the shop starts to work here; ``key`` is an API key for it."""

        def unit(tx: Tx) -> None:
            people.add_shop(tx, shop)
            if key is not None:
                people.add_key(tx, "0" * 31 + "5", shop.id, key)

        await self.hub.store.write(unit)
        await self.hub.reload()


def copied(shop: people.Shop, settings: bytes) -> people.Shop:
    """A shop of the trial: the same kind, site and deadlines; it tells nobody outside."""
    return shop._replace(seller_id=SELLER, webhook_url=None, webhook_secret=None, settings=settings)


@asynccontextmanager
async def trial_stand() -> AsyncIterator[TrialStand]:
    """Start register, operator and hub; everything stops and is deleted at the end."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chekpoint-trial-")))
        register, face, account = await _parties(stack)
        http = await stack.enter_async_context(httpx2.AsyncClient(timeout=10.0, trust_env=False))
        settings = Settings(data=folder, node="trial", limits=QUICK)
        hub = build_hub(settings, http)
        await hub.start()
        stack.push_async_callback(hub.stop)
        await hub.store.write(lambda tx: _furnish(tx, face, account))
        await hub.reload()
        app = Starlette(routes=doors(hub, settings.zone))
        port = await serving(stack, _http(app))
        yield TrialStand(hub, http, f"http://127.0.0.1:{port}", register, folder, stack)


async def _parties(stack: AsyncExitStack) -> tuple[EmulatedRegister, str, str]:
    clock = SystemClock()
    operator = stand.build_ofd(None, clock, FaultPlan())
    stack.callback(operator.close)
    app = stand.ofd_app(operator, wire=("127.0.0.1", 0))
    account = await serving(stack, _http(app))
    setup = stand.RegisterSetup(
        fn=FN, registration=Registration(seller_inn=INN), ofd=("127.0.0.1", app.state.wire_port), exchange_period=0.2,
    )  # fmt: skip
    register = stand.build_register(setup, clock)
    stack.callback(register.drive.close)
    web = AtolWeb({"1": register}, clock=clock, background=(register.exchange.run,))
    stack.callback(web.close)
    face = await serving(stack, face_server(web.app, port=0))
    return register, f"http://127.0.0.1:{face}", f"http://127.0.0.1:{account}"


def _http(app: Starlette) -> uvicorn.Server:
    return uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", lifespan="on"))


def _furnish(tx: Tx, face: str, account: str) -> None:
    people.add_seller(tx, SELLER, INN, "Пробный продавец (эмуляция)")
    register = msgspec.json.encode({"base_url": face, "poll_first": 0.05})
    people.add_register(tx, "0" * 31 + "3", SELLER, "Эмулятор кассы", maker="atol", config=register)
    operator = msgspec.json.encode({"base_url": account, "inn": INN, "token": API_KEY, "min_interval": 0.2})
    people.add_account(tx, "0" * 31 + "4", SELLER, "ofd_ru", operator)
