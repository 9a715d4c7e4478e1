"""Where cloud registers call back. A call is a hint and nothing more: the lane asks the service itself.

The address is ``/callbacks/registers/<id>``; the id is 74 random bits that only members see, and all that a
stranger who knew it could do is to have the service asked once more.
"""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from chekpoint.hub.hub import Hub

BODY_MOST = 1 << 20


def callback_url(address: str, register_id: str) -> str:
    """The address of a register's callbacks; ``address`` is the hub's, as the service reaches it."""
    return f"{address}/callbacks/registers/{register_id}"


def callback_routes(hub: Hub) -> list[BaseRoute]:
    """To be mounted at the root."""

    async def called(request: Request) -> Response:
        await _read(request)
        register_id: str = request.path_params["register"]
        if register_id in hub.lanes:
            hub.post.bell.ring(register_id)
        return JSONResponse({})

    return [Route("/callbacks/registers/{register:str}", called, methods=["GET", "POST", "PUT"])]


async def _read(request: Request) -> None:
    """Let the caller finish, without keeping what it says."""
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > BODY_MOST:
            return
