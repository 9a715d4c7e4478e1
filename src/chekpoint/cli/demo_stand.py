"""The stand of the demonstration: emulated registers and an emulated operator on real ports, in this process.

The hub runs in a process of its own and meets them over the network alone.
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import uvicorn
from starlette.applications import Starlette

from chekpoint.core.clock import SystemClock
from chekpoint.emulators import stand
from chekpoint.emulators.atol_cloud.face import Face
from chekpoint.emulators.atol_cloud.face import server as cloud_server
from chekpoint.emulators.atol_cloud.service import AtolCloud, CloudSetup
from chekpoint.emulators.atol_web.face import AtolWeb
from chekpoint.emulators.atol_web.serve import server as face_server
from chekpoint.emulators.faults import FaultPlan
from chekpoint.emulators.fiscal_drive import Registration
from chekpoint.emulators.register import EmulatedRegister
from chekpoint.emulators.shtrih_wire.face import ShtrihWire

INN, OTHER_INN = "7700000016", "7700000023"
SELLER = "ООО «Ромашка» (тестовый продавец)"
OTHER = "ООО «Василёк» (тестовый продавец)"
FIRST_PORT = 16732
SHTRIH_PORT, SHTRIH_PANEL, CLOUD_PORT = 7778, 7779, 8056
OFD_PORT, ACCOUNT_PORT = 7777, 7780
AGENT = "касса у Василька"
STORM = (
    "drop=0.03,delay=0.05:0.3s,cut=0.02:40,duplicate=0.02,garbage=0.02,"
    "power_loss@register.before_sign=0.01:2s,power_loss@register.after_sign=0.01:2s,power_loss@register.printing=0.01:1s"
)
OFD_STORM = "drop=0.05,delay=0.05:0.5s,cut=0.03:20"
READINGS: dict[str, Any] = {"read_timeout": 1.0, "connect_timeout": 1.0, "poll_timeout": 10.0}
CLOUD = CloudSetup(group_code="demo", inn=INN)


class Placed(NamedTuple):
    """One register of the demonstration, as the hub is told of it."""

    name: str
    inn: str
    maker: str
    config: dict[str, Any]
    panel: str  # its control panel
    reserve: int | None = None  # seconds before a deadline


class Stand(NamedTuple):
    """What runs: the registers with what the hub is told of them, and the operator's account address."""

    registers: list[EmulatedRegister]
    placed: list[Placed]
    account_url: str


class Conditions(NamedTuple):
    """Under which the demonstration is played; ``pace`` is seconds per receipt."""

    state: Path
    storm: bool
    seed: int
    pace: float

    def plan(self, number: int) -> FaultPlan:
        """The faults of one register."""
        return FaultPlan.from_spec(f"{STORM},seed={self.seed + number}" if self.storm else "")


@asynccontextmanager
async def stand_up(under: Conditions) -> AsyncIterator[Stand]:
    """Start everything: two ATOL (one for an agent), a Shtrih-M, a cloud service, an operator; all stops at the end."""
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        operator = stand.build_ofd(
            under.state, clock, FaultPlan.from_spec(f"{OFD_STORM},seed={under.seed}" if under.storm else "")
        )
        stack.callback(operator.close)
        wire = free_port(OFD_PORT)
        account = await serving(
            stack, _http(stand.ofd_app(operator, wire=("127.0.0.1", wire)), free_port(ACCOUNT_PORT))
        )
        registers, placed = [], []
        for number, build in enumerate((_atol, _shtrih, _cloud, _agents)):
            register = _register(under, number, ofd_port=wire, inn=OTHER_INN if build is _agents else INN)
            stack.callback(register.close)
            registers.append(register)
            placed.append(await build(stack, under, register, number))
        yield Stand(registers, placed, f"http://127.0.0.1:{account}")


def _register(under: Conditions, number: int, *, ofd_port: int, inn: str) -> EmulatedRegister:
    setup = stand.RegisterSetup(
        fn=f"99990789000000{number + 1:02d}", state=under.state, registration=Registration(
            seller_inn=inn, serial=f"001069000000{number + 1:02d}", registration_number=f"00000000010022{number + 92:02d}"
        ),
        faults=under.plan(number), ofd=("127.0.0.1", ofd_port), seconds_per_receipt=under.pace, exchange_period=1.0,
    )  # fmt: skip
    return stand.build_register(setup, SystemClock())


async def _web(stack: AsyncExitStack, under: Conditions, register: EmulatedRegister, number: int) -> str:
    web = AtolWeb(
        {"1": register}, clock=SystemClock(), path=under.state / f"queue-{number}.sqlite", faults=register.faults,
        background=(register.exchange.run,),
    )  # fmt: skip
    stack.callback(web.close)
    port = await serving(stack, face_server(web.app, port=free_port(FIRST_PORT + number)))
    return f"http://127.0.0.1:{port}"


async def _atol(stack: AsyncExitStack, under: Conditions, register: EmulatedRegister, number: int) -> Placed:
    url = await _web(stack, under, register, number)
    return Placed("Касса 1 (АТОЛ)", INN, "atol", {"base_url": url, **READINGS}, url)


async def _agents(
    stack: AsyncExitStack, under: Conditions, register: EmulatedRegister, number: int
) -> Placed:
    url = await _web(stack, under, register, number)
    config = {"agent": AGENT, "maker": "atol", "config": {"base_url": url, **READINGS}}
    return Placed("Касса Василька (АТОЛ за агентом)", OTHER_INN, "agent", config, url)


async def _shtrih(
    stack: AsyncExitStack, under: Conditions, register: EmulatedRegister, number: int
) -> Placed:
    face = ShtrihWire(register, tables=under.state / f"shtrih-{number}.json")
    port = await stack.enter_async_context(face.listen("127.0.0.1", free_port(SHTRIH_PORT)))
    await stack.enter_async_context(face.exchanging())
    panel = await serving(stack, _http(face.control(), free_port(SHTRIH_PANEL)))
    config: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": port,
        "answer_timeout": 3.0,
        "close_timeout": 10.0,
        "shift_timeout": 10.0,
    }
    return Placed("Касса 2 (Штрих-М)", INN, "shtrih", config, f"http://127.0.0.1:{panel}")


async def _cloud(
    stack: AsyncExitStack, under: Conditions, register: EmulatedRegister, _number: int
) -> Placed:
    cloud = AtolCloud(CLOUD, [register], clock=SystemClock(), path=under.state / "atol-online.sqlite")
    stack.callback(cloud.close)
    port = await serving(stack, cloud_server(Face(cloud, register.faults), port=free_port(CLOUD_PORT)))
    config = {
        "login": CLOUD.login, "password": CLOUD.password, "group_code": CLOUD.group_code, "inn": INN,
        "email": "shop@example.com", "payment_address": "https://shop.example", "poll_every": 0.2,
        "base_url": f"http://127.0.0.1:{port}/possystem",
    }  # fmt: skip
    return Placed("Облако (АТОЛ Онлайн)", INN, "atol_online", config, f"http://127.0.0.1:{port}", reserve=60)


def free_port(wanted: int) -> int:
    """The usual port, or a free one when it is taken."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # what has just ended is no hindrance
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    return 0


def _http(app: Starlette, port: int) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", lifespan="on")
    )


async def serving(stack: AsyncExitStack, server: uvicorn.Server) -> int:
    """Run a server until the stack ends; returns its port."""
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    task = asyncio.get_running_loop().create_task(server._serve())  # noqa: SLF001 - serve() would take the signals
    stack.push_async_callback(_stop, server, task)
    while not server.started:
        if task.done():
            task.result()
        await asyncio.sleep(0.01)
    return int(server.servers[0].sockets[0].getsockname()[1])


async def _stop(server: uvicorn.Server, task: "asyncio.Task[None]") -> None:
    server.should_exit = True
    await task
