"""The route table: what the composition root mounts, and what the OpenAPI description walks."""

from functools import cache
from typing import Final

import msgspec
from prometheus_client import CollectorRegistry
from starlette.routing import BaseRoute, Route, Router

from chekpoint.hub.hub import Hub
from chekpoint.hub.mounting import WholeMount
from chekpoint.hub.public_link import PublicLinks, no_links
from chekpoint.shops.api_v1.accept import Reception
from chekpoint.shops.api_v1.access import KeyRing
from chekpoint.shops.api_v1.health import Watch
from chekpoint.shops.api_v1.meters import Requests
from chekpoint.shops.api_v1.paths import CANCEL, EVENTS, OPENAPI, PAYMENTS, RECEIPT, RECEIPTS, REGISTERS
from chekpoint.shops.api_v1.payments import Cashbook
from chekpoint.shops.api_v1.reading import Desk
from chekpoint.shops.api_v1.resource import Call, Handler, Resource
from chekpoint.shops.api_v1.views import PREFIX
from chekpoint.shops.api_v1.wire import Answer

_ENCODER: Final = msgspec.json.Encoder()


def api_routes(
    hub: Hub,
    *,
    registry: CollectorRegistry | None = None,
    watch: bool = True,
    public_links: PublicLinks = no_links,
) -> list[BaseRoute]:
    """``/api/v1/*`` and, with ``watch``, ``/healthz``, ``/readyz`` and ``/metrics``; to be mounted at the root.

    The hub may be started later: until then receipts are answered with 503.
    """
    registry = registry or CollectorRegistry()
    requests, clock = Requests(registry), hub.post.clock
    keys = KeyRing(hub)

    def resource(path: str, *, keyless: bool = False, **handlers: Handler) -> Resource:
        return Resource(path, handlers, keys=None if keyless else keys, requests=requests, clock=clock)

    reception, desk = Reception(hub), Desk(hub, public_links)
    table = {
        RECEIPTS: resource(PREFIX + RECEIPTS, POST=reception.post, GET=desk.page),
        RECEIPT: resource(PREFIX + RECEIPT, GET=desk.one),
        EVENTS: resource(PREFIX + EVENTS, GET=desk.events),
        CANCEL: resource(PREFIX + CANCEL, POST=desk.cancel),
        REGISTERS: resource(PREFIX + REGISTERS, GET=desk.registers),
        PAYMENTS: resource(PREFIX + PAYMENTS, POST=Cashbook(hub).post),
        OPENAPI: resource(PREFIX + OPENAPI, keyless=True, GET=_openapi),
    }
    inside = Router(
        [Route(path, made) for path, made in table.items()], redirect_slashes=False, default=resource("unknown"),
    )  # fmt: skip
    routes: list[BaseRoute] = [WholeMount(PREFIX, inside)]
    if watch:
        sight = Watch(hub, registry)
        pages = {"/healthz": sight.healthz, "/readyz": sight.readyz, "/metrics": sight.metrics}
        routes += [Route(path, resource(path, keyless=True, GET=page)) for path, page in pages.items()]
    return routes


async def _openapi(_call: Call) -> Answer:
    return Answer(200, _description())


@cache
def _description() -> bytes:
    from chekpoint.shops.api_v1.openapi import document  # noqa: PLC0415 - made when first asked for

    return _ENCODER.encode(document())
