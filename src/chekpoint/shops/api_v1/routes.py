"""The route table: what the composition root mounts, and what the OpenAPI description walks."""

from typing import Final

from prometheus_client import CollectorRegistry
from starlette.routing import BaseRoute, Mount, Route, Router

from chekpoint.hub.hub import Hub
from chekpoint.shops.api_v1.accept import Reception
from chekpoint.shops.api_v1.access import KeyRing
from chekpoint.shops.api_v1.health import Watch
from chekpoint.shops.api_v1.meters import Requests
from chekpoint.shops.api_v1.reading import Desk
from chekpoint.shops.api_v1.resource import Handler, Resource
from chekpoint.shops.api_v1.views import PREFIX

RECEIPTS: Final = "/receipts"
RECEIPT: Final = "/receipts/{receipt_id}"
EVENTS: Final = "/receipts/{receipt_id}/events"
CANCEL: Final = "/receipts/{receipt_id}/cancel"
REGISTERS: Final = "/registers"


def api_routes(hub: Hub, *, registry: CollectorRegistry | None = None, watch: bool = True) -> list[BaseRoute]:
    """``/api/v1/*`` and, with ``watch``, ``/healthz``, ``/readyz`` and ``/metrics``; to be mounted at the root.

    The hub may be started later: until then receipts are answered with 503.
    """
    registry = registry or CollectorRegistry()
    requests, clock = Requests(registry), hub.post.clock
    keys = KeyRing(hub)

    def resource(path: str, *, keyless: bool = False, **handlers: Handler) -> Resource:
        return Resource(path, handlers, keys=None if keyless else keys, requests=requests, clock=clock)

    reception, desk = Reception(hub), Desk(hub)
    table = {
        RECEIPTS: resource(PREFIX + RECEIPTS, POST=reception.post, GET=desk.page),
        RECEIPT: resource(PREFIX + RECEIPT, GET=desk.one),
        EVENTS: resource(PREFIX + EVENTS, GET=desk.events),
        CANCEL: resource(PREFIX + CANCEL, POST=desk.cancel),
        REGISTERS: resource(PREFIX + REGISTERS, GET=desk.registers),
    }
    inside = Router(
        [Route(path, made) for path, made in table.items()], redirect_slashes=False, default=resource("unknown"),
    )  # fmt: skip
    routes: list[BaseRoute] = [Mount(PREFIX, app=inside)]
    if watch:
        sight = Watch(hub, registry)
        pages = {"/healthz": sight.healthz, "/readyz": sight.readyz, "/metrics": sight.metrics}
        routes += [Route(path, resource(path, keyless=True, GET=page)) for path, page in pages.items()]
    return routes
