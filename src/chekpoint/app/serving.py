"""The ASGI application of one node: screens at /, API at /api, health; and its server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import httpx2
import uvicorn
from starlette.applications import Starlette

from chekpoint.app import collector
from chekpoint.app.agent_kinds import Kinds, kinds_config
from chekpoint.app.compose import build_hub, doors, shop_kinds
from chekpoint.app.register_kinds import asker
from chekpoint.app.settings import Settings, session_key
from chekpoint.app.watching import channel_kinds, notices
from chekpoint.core.clock import SystemClock
from chekpoint.hub.hub import Hub
from chekpoint.hub.mounting import WholeMount
from chekpoint.hub.trial import Trial
from chekpoint.ofd.links import link_of
from chekpoint.registers.agent import AgentLimits, Switchboard
from chekpoint.watch.probes.companion import SHOTS
from chekpoint.watch.sending import try_channel
from chekpoint.web.access import first_password
from chekpoint.web.screens import Joinery, screens


def application(
    settings: Settings, hub: Hub, http: httpx2.AsyncClient, *, session_key: str, trial: Trial | None = None,
    board: Switchboard | None = None,
) -> Starlette:  # fmt: skip
    """Everything that answers on the node's port. The hub starts and stops with it."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        await hub.start()
        try:
            await _greet(settings, hub)
            collector.settle()
            yield
        finally:
            await hub.stop()
            await http.aclose()

    kinds, ask = Kinds(hub, board), asker(hub.post.clock, board)
    attempt = partial(try_channel, notices(settings, hub.post, http), hub.post)
    joinery = Joinery(
        shop_kinds(),
        settings.address,
        http,
        trial,
        kinds,
        kinds_config,
        ask,
        channel_kinds(),
        attempt,
        link_of,
        settings.data / SHOTS,
    )
    pages = screens(
        hub, secret_key=session_key, zone=settings.zone, https_only=settings.secure_cookies, joinery=joinery
    )
    return Starlette(routes=[*doors(hub, settings.zone, board), WholeMount("/", pages)], lifespan=lifespan)


async def _greet(settings: Settings, hub: Hub) -> None:
    """At the first start a person is made, and the password is printed once."""
    password = await first_password(hub.store, hub.post.keys)
    print(f"Chekpoint: {settings.address}/", flush=True)  # noqa: T201 - the one line that a person waits for
    if password is not None:
        print(f"  первый вход / first sign-in: admin / {password}", flush=True)  # noqa: T201


def build(settings: Settings, trial: Trial | None = None) -> Starlette:
    """Compose the node. Raises StoreError or SettingsError."""
    http = httpx2.AsyncClient(timeout=settings.limits.webhook_timeout, trust_env=False)
    board = Switchboard(SystemClock(), AgentLimits.under(settings.limits.io_timeout))
    hub = build_hub(settings, http, board=board)
    return application(settings, hub, http, session_key=session_key(settings), trial=trial, board=board)


def serve(settings: Settings, trial: Trial | None = None) -> None:
    """Run until interrupted. ``trial`` plays trial receipts: only who knows emulated parties can give it."""
    config: dict[str, Any] = {
        "host": settings.host,
        "port": settings.port,
        "log_level": "warning",
        "access_log": False,
        "timeout_graceful_shutdown": 2,  # an open page holds a stream for as long as it is looked at
    }
    uvicorn.run(build(settings, trial), **config)
