"""Sites under a real server on a real port, with connections that a fault can end."""

import socket

import uvicorn

from chekpoint.emulators.atol_web.serve import FaultyConnection
from chekpoint.emulators.bitrix_site.face import Sites


class SitesServer(uvicorn.Server):
    """A server that does not wait for polls when it stops: one may hang for a minute."""

    def __init__(self, sites: Sites, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._sites = sites

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Hang up on everybody, then stop."""
        self._sites.hang_up()
        await super().shutdown(sockets)


def server(sites: Sites, *, host: str = "127.0.0.1", port: int = 0) -> SitesServer:
    """A uvicorn server for the sites; ``port`` 0 takes a free one."""
    config = uvicorn.Config(
        sites.app, host=host, port=port, http=FaultyConnection, ws="none", log_level="warning", lifespan="on"
    )
    return SitesServer(sites, config)
