"""Sites under a real server on a real port, with connections that a fault can end."""

import uvicorn

from chekpoint.emulators.atol_web.serve import FaultyConnection
from chekpoint.emulators.bitrix_site.face import Sites

GRACE_SECONDS = 1  # a poll may hang for a minute: nobody waits for it when the server stops


def server(sites: Sites, *, host: str = "127.0.0.1", port: int = 0) -> uvicorn.Server:
    """A uvicorn server for the sites; ``port`` 0 takes a free one."""
    config = uvicorn.Config(
        sites.app,
        host=host,
        port=port,
        http=FaultyConnection,
        ws="none",
        log_level="warning",
        lifespan="on",
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    return uvicorn.Server(config)
