"""The face as one object: give it registers, get an ASGI application.

    web = AtolWeb({"1": register}, clock=SystemClock(), path=Path("queue.sqlite"))
    uvicorn.run(web.app)          # or serve.server(web.app), which also lets faults end connections

Without ASGI's lifespan (a simulation, a test in one process) run ``web.run()`` as a task beside it.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import anyio
import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

from chekpoint.core.clock import Clock
from chekpoint.emulators.atol_web.access import Access, Credentials
from chekpoint.emulators.atol_web.callbacks import Callbacks, Deliver, deliver_over_http
from chekpoint.emulators.atol_web.devices import Device, Devices
from chekpoint.emulators.atol_web.generation1 import GenerationOne, error_page
from chekpoint.emulators.atol_web.generation2 import GenerationTwo, error_json
from chekpoint.emulators.atol_web.http_faults import FaultyLine, TidyPaths
from chekpoint.emulators.atol_web.intake import Refusal
from chekpoint.emulators.atol_web.marking import CheckMode
from chekpoint.emulators.atol_web.queue_store import QueueStore
from chekpoint.emulators.atol_web.requests_desk import Desk
from chekpoint.emulators.control import control_app, control_routes
from chekpoint.emulators.faults import FaultPlan
from chekpoint.emulators.register import EmulatedRegister

Generation = Literal["v1", "v2", "both"]


class AtolWeb:
    """A web server of the driver over one or several emulated registers.

    ``path=None`` keeps the queue in memory. ``faults`` strikes the HTTP line; the registers have plans of
    their own (usually the same object). ``background`` are tasks to run beside it, such as ``exchange.run``.
    """

    def __init__(
        self,
        registers: Mapping[str, EmulatedRegister],
        *,
        clock: Clock,
        generation: Generation = "both",
        path: Path | None = None,
        faults: FaultPlan | None = None,
        credentials: Credentials | None = None,
        one_address: bool = False,
        shift_seconds: float = 0.0,
        deliver: Deliver = deliver_over_http,
        background: Sequence[Callable[[], Coroutine[Any, Any, None]]] = (),
    ) -> None:
        self.store = QueueStore(path)
        self.faults = faults or FaultPlan()
        self.callbacks = Callbacks(self.store, clock, deliver)
        self.devices = Devices(
            registers, self.store, clock, shift_seconds=shift_seconds, on_finished=self.callbacks.finished
        )
        self.access = Access(credentials, clock, one_address=one_address)
        self._background = tuple(background)
        self._desk = Desk(self.devices, self.store, clock)
        routed = Starlette(
            routes=self._routes(generation),
            lifespan=self._lifespan,
            exception_handlers={HTTPException: _unserved},
        )
        self.app: ASGIApp = TidyPaths(FaultyLine(routed, self.faults, clock))

    async def run(self) -> None:
        """Serve the queues and the callbacks until cancelled."""
        async with anyio.create_task_group() as group:
            for device in self.devices:
                for request in self.store.untold(device.id):
                    self.callbacks.finished(request)
                group.start_soon(device.engine.run)
            group.start_soon(self.callbacks.run)
            for work in self._background:
                group.start_soon(work)

    def close(self) -> None:
        """Let go of the queue's file."""
        self.store.close()

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        async with anyio.create_task_group() as group:
            group.start_soon(self.run)
            yield
            group.cancel_scope.cancel()

    def _routes(self, generation: Generation) -> list[BaseRoute]:
        routes: list[BaseRoute] = [
            Route("/control/queue", self._control(_hold), methods=["POST"]),
            Route("/control/marking", self._control(_marking), methods=["POST"]),
        ]
        for device in self.devices:
            register = device.driver.register
            panel = control_app(faults=register.faults, register=register)
            routes.append(Mount(f"/control/device/{device.id}", panel))
        if generation != "v1":
            routes += GenerationTwo(self._desk, self.access).routes()
        if generation != "v2":
            routes += GenerationOne(self._desk, self.access).routes()
        first = next(iter(self.devices)).driver.register
        return [*routes, *control_routes(faults=self.faults, register=first, extra=self._shown)]

    def _shown(self) -> dict[str, Any]:
        """The queues, for the control panel's state."""
        return {"queues": [_queue_shown(device, self.store.counts(device.id)) for device in self.devices]}

    def _control(self, act: Callable[[Device, bytes], None]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            body = await request.body()
            try:
                for device in self.devices:
                    act(device, body)
            except msgspec.DecodeError as error:
                return JSONResponse({"error": str(error)}, 400)
            return JSONResponse(self._shown())

        return endpoint


async def _unserved(request: Request, error: Exception) -> Response:
    """An unknown path or method, in the shape of the generation it was meant for."""
    refusal = (
        Refusal(error.status_code, error.detail)
        if isinstance(error, HTTPException)
        else Refusal(500, str(error))
    )
    old = not request.url.path.startswith("/api/v2")
    return error_page(refusal, request.url.path) if old else error_json(refusal)


class Hold(msgspec.Struct, forbid_unknown_fields=True):
    """``{"hold": true}``: tasks stay in ``wait``."""

    hold: bool


class Marking(msgspec.Struct, forbid_unknown_fields=True):
    """``{"mode": "ready" | "never" | "407" | "422"}``: what checking a marking code comes to."""

    mode: CheckMode


def _hold(device: Device, body: bytes) -> None:
    device.engine.hold(msgspec.json.decode(body, type=Hold).hold)


def _marking(device: Device, body: bytes) -> None:
    device.driver.marks.mode = msgspec.json.decode(body, type=Marking).mode


def _queue_shown(device: Device, counts: tuple[int, int, int]) -> dict[str, Any]:
    block = device.engine.block
    return {
        "device": device.id,
        "finished": counts[0],
        "pending": counts[1],
        "canceled": counts[2],
        "held": device.engine.held,
        "blocked": msgspec.to_builtins(block) if block else None,
    }
