"""The storefront on a real port, over HTTP or (with a test CA of its own) over HTTPS."""

from typing import Any

import uvicorn

from chekpoint.emulators.atol_web.serve import FaultyConnection
from chekpoint.emulators.orange_data.papers import Papers
from chekpoint.emulators.shop_front.front import ShopFront


def server(
    front: ShopFront, *, host: str = "127.0.0.1", port: int = 0, papers: Papers | None = None
) -> uvicorn.Server:
    """A uvicorn server; ``port`` 0 takes a free one. ``papers`` (see ``papers_in``) make it HTTPS."""
    tls: dict[str, Any] = {}
    if papers is not None:
        tls = {"ssl_certfile": str(papers.server_cert), "ssl_keyfile": str(papers.server_key)}
    config = uvicorn.Config(
        front.app, host=host, port=port, http=FaultyConnection, ws="none", log_level="warning", lifespan="off",
        timeout_graceful_shutdown=1, **tls,
    )  # fmt: skip
    return uvicorn.Server(config)
