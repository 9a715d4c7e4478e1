"""The stand of the demonstration: emulated registers and an emulated operator on real ports, in this process.

The hub runs in a process of its own and meets them over the network alone.
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import uvicorn
from starlette.applications import Starlette

from chekpoint.core.clock import SystemClock
from chekpoint.emulators import stand
from chekpoint.emulators.atol_web.face import AtolWeb
from chekpoint.emulators.atol_web.serve import server as face_server
from chekpoint.emulators.faults import FaultPlan
from chekpoint.emulators.fiscal_drive import Registration
from chekpoint.emulators.register import EmulatedRegister

INN = "7700000016"
SELLER = "ООО «Ромашка» (тестовый продавец)"
REGISTERS = 3
FIRST_PORT = 16732
OFD_PORT, ACCOUNT_PORT = 7777, 7780
STORM = (
    "drop=0.03,delay=0.05:0.3s,cut=0.02:40,duplicate=0.02,garbage=0.02,"
    "power_loss@register.before_sign=0.01:2s,power_loss@register.after_sign=0.01:2s,power_loss@register.printing=0.01:1s"
)
OFD_STORM = "drop=0.05,delay=0.05:0.5s,cut=0.03:20"


class Stand(NamedTuple):
    """What runs: the registers with their web addresses, and the operator's account address."""

    registers: list[EmulatedRegister]
    urls: list[str]
    account_url: str
    plans: list[FaultPlan]


@asynccontextmanager
async def stand_up(state: Path, *, storm: bool, seed: int, pace: float) -> AsyncIterator[Stand]:
    """Start everything; ``pace`` is seconds per receipt. Everything stops at the end."""
    clock = SystemClock()
    plans = [FaultPlan.from_spec(f"{STORM},seed={seed + n}" if storm else "") for n in range(REGISTERS)]
    async with AsyncExitStack() as stack:
        operator = stand.build_ofd(
            state, clock, FaultPlan.from_spec(f"{OFD_STORM},seed={seed}" if storm else "")
        )
        stack.callback(operator.close)
        wire = free_port(OFD_PORT)
        account = await serving(
            stack, _http(stand.ofd_app(operator, wire=("127.0.0.1", wire)), free_port(ACCOUNT_PORT))
        )
        registers, urls = [], []
        for number in range(REGISTERS):
            register = _register(state, number, ofd_port=wire, plan=plans[number], pace=pace)
            stack.callback(register.drive.close)
            web = AtolWeb(
                {"1": register}, clock=clock, path=state / f"queue-{number}.sqlite", faults=plans[number],
                background=(register.exchange.run,),
            )  # fmt: skip
            stack.callback(web.close)
            port = await serving(stack, face_server(web.app, port=free_port(FIRST_PORT + number)))
            registers.append(register)
            urls.append(f"http://127.0.0.1:{port}")
        yield Stand(registers, urls, f"http://127.0.0.1:{account}", plans)


def _register(state: Path, number: int, *, ofd_port: int, plan: FaultPlan, pace: float) -> EmulatedRegister:
    setup = stand.RegisterSetup(
        fn=f"99990789000000{number + 1:02d}", state=state, registration=Registration(
            seller_inn=INN, serial=f"001069000000{number + 1:02d}", registration_number=f"00000000010022{number + 92:02d}"
        ),
        faults=plan, ofd=("127.0.0.1", ofd_port), seconds_per_receipt=pace, exchange_period=1.0,
    )  # fmt: skip
    return stand.build_register(setup, SystemClock())


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
