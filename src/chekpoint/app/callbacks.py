"""Where cloud registers call back. A call is a hint and nothing more: the lane asks the service itself.

A service that signs its calls may tell its driver the name of our task (``core.ports.Hears``).

The address is ``/callbacks/registers/<id>``; the id is 74 random bits that only members see, and all that a
stranger who knew it could do is to have the service asked once more.
"""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from chekpoint.core.ports import Hears
from chekpoint.hub.hub import Hub

BODY_MOST = 1 << 20


def callback_url(address: str, register_id: str) -> str:
    """The address of a register's callbacks; ``address`` is the hub's, as the service reaches it."""
    return f"{address}/callbacks/registers/{register_id}"


def callback_routes(hub: Hub) -> list[BaseRoute]:
    """To be mounted at the root."""

    async def called(request: Request) -> Response:
        body = await _read(request)
        lane = hub.lanes.get(request.path_params["register"])
        if lane is not None:
            if isinstance(lane.register, Hears):
                lane.register.heard(request.headers, body)
            hub.post.bell.ring(lane.row.id)
        return JSONResponse({})

    return [Route("/callbacks/registers/{register:str}", called, methods=["GET", "POST", "PUT"])]


async def _read(request: Request) -> bytes:
    """What the caller says; of more than a service would say, the beginning."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > BODY_MOST:
            break
    return bytes(body[:BODY_MOST])
