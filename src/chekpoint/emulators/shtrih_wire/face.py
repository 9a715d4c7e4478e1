"""The face as one object: give it a register, get a TCP listener, a pseudo-terminal and a control panel.

face = ShtrihWire(register)
async with face.listen("127.0.0.1", 7778) as port, face.pty() as path:
    ...
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import msgspec
from anyio.abc import SocketAttribute
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from chekpoint.emulators.control import control_routes
from chekpoint.emulators.faults import FaultPlan
from chekpoint.emulators.register import EmulatedRegister
from chekpoint.emulators.shtrih_wire.commands import COMMANDS
from chekpoint.emulators.shtrih_wire.conduct import Conduct
from chekpoint.emulators.shtrih_wire.device import ShtrihDevice
from chekpoint.emulators.shtrih_wire.port import Port
from chekpoint.emulators.shtrih_wire.pty_line import PtyLine


class ShtrihWire:
    """A device over one emulated register. ``faults`` strikes the line (default: the register's own plan).

    ``tables`` is a file for the device's settings; None forgets them.
    """

    def __init__(
        self,
        register: EmulatedRegister,
        *,
        conduct: Conduct | None = None,
        faults: FaultPlan | None = None,
        tables: Path | None = None,
    ) -> None:
        self.register = register
        self.faults = faults or register.faults
        self.device = ShtrihDevice(register, COMMANDS, conduct=conduct, tables=tables)
        self.tcp = Port(self.device, self.faults, tcp=True)
        self.serial = Port(self.device, self.faults, tcp=False)

    @asynccontextmanager
    async def listen(self, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[int]:
        """Serve on TCP while the block runs; gives the real port. Raises OSError when the address is taken."""
        multi = await anyio.create_tcp_listener(local_host=host, local_port=port)
        async with multi, anyio.create_task_group() as tasks:
            tasks.start_soon(multi.serve, self.tcp.serve)
            real_port: int = multi.listeners[0].extra(SocketAttribute.local_port)  # noqa: S610 - no database here
            try:
                yield real_port
            finally:
                tasks.cancel_scope.cancel()
                await self.close()

    @asynccontextmanager
    async def pty(self) -> AsyncIterator[str]:
        """Serve on a pseudo-terminal while the block runs; gives the path that a host opens as a serial port."""
        line = PtyLine()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.serial.serve, line)
            try:
                yield line.path
            finally:
                tasks.cancel_scope.cancel()
                await self.close()

    @asynccontextmanager
    async def exchanging(self) -> AsyncIterator[None]:
        """Send documents to the operator while the block runs, where the register has a line to one."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.register.exchange.run)
            try:
                yield
            finally:
                tasks.cancel_scope.cancel()

    async def close(self) -> None:
        """Stop what is being carried out or printed."""
        with anyio.CancelScope(shield=True):
            await self.tcp.close()
            await self.serial.close()
            await self.device.close()

    def control(self) -> Starlette:
        """The control panel over HTTP: the register's own, and ``POST /control/shtrih`` with parts of ``Conduct``."""
        own = Route("/control/shtrih", self._set_conduct, methods=["POST"])
        panel = control_routes(faults=self.faults, register=self.register, extra=self._shown)
        return Starlette(routes=[own, *panel])

    async def _set_conduct(self, request: Request) -> Response:
        try:
            given = msgspec.json.decode(await request.body(), type=dict[str, Any])
            fresh = msgspec.convert(msgspec.to_builtins(self.device.conduct) | given, Conduct)
        except msgspec.DecodeError as error:
            return JSONResponse({"error": str(error)}, 400)
        self.device.conduct = fresh
        return JSONResponse(self._shown())

    def _shown(self) -> dict[str, Any]:
        device = self.device
        return {
            "shtrih": {
                "mode": device.mode,
                "submode": device.submode,
                "operations": len(device.entry.operations) if device.entry is not None else None,
                "protocol": self.tcp.protocol or self.serial.protocol,
                "conduct": msgspec.to_builtins(device.conduct),
            }
        }
