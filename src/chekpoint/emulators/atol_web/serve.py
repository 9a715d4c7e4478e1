"""The face under a real server on a real port: uvicorn with connections that a fault can end."""

import asyncio
import socket
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from chekpoint.emulators.atol_web.http_faults import CONNECTION


class FaultyConnection(H11Protocol):
    """A connection that the application finds in its scope's state, to end it in the middle.

    h11 also takes request lines without the leading slash, which some clients send.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, {**app_state, CONNECTION: self}, _loop)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Send the head and the body of an answer at once: asyncio does so only for sockets of its own making."""
        accepted = transport.get_extra_info("socket")
        if accepted is not None and accepted.family in {socket.AF_INET, socket.AF_INET6}:
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().connection_made(transport)


def server(app: ASGIApp, *, host: str = "127.0.0.1", port: int = 16732) -> uvicorn.Server:
    """A uvicorn server for the face; ``port`` 0 takes a free one."""
    return uvicorn.Server(
        uvicorn.Config(
            app, host=host, port=port, http=FaultyConnection, ws="none", log_level="warning", lifespan="on"
        )
    )
