"""The first generation, ``/requests``: empty 201, flat errors, 405 for a late cancel, HTML error pages."""

from collections.abc import Awaitable, Callable
from html import escape
from http import HTTPStatus
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from chekpoint.emulators.atol_web.access import Access
from chekpoint.emulators.atol_web.devices import Device
from chekpoint.emulators.atol_web.intake import Refusal, json_object
from chekpoint.emulators.atol_web.queue_store import Status, Task
from chekpoint.emulators.atol_web.requests_desk import Desk

Endpoint = Callable[[Request], Awaitable[Response]]
_STATUS_PHRASES: Final = {420: "Operation failed"}


class GenerationOne:
    """Its endpoints. It knows one device: the default one."""

    def __init__(self, desk: Desk, access: Access) -> None:
        self._desk = desk
        self._access = access

    def routes(self) -> list[BaseRoute]:
        """The routes, without trailing slashes."""
        return [
            Route("/requests", self._guarded(self.post), methods=["POST"]),
            Route("/requests/{uuid:path}", self._guarded(self.get), methods=["GET"]),
            Route("/requests/{uuid:path}", self._guarded(self.delete), methods=["DELETE"]),
            Route("/stat/requests", self._guarded(self.stat), methods=["GET"]),
            Route("/settings", self._guarded(self.settings), methods=["GET", "PUT"]),
            Route("/about", self._guarded(self.about), methods=["GET"]),
        ]

    async def post(self, request: Request) -> Response:
        """Take a request: 201 without a body."""
        self._desk.take(await request.body(), self._device(), "v1")
        return Response(status_code=HTTPStatus.CREATED)

    async def get(self, request: Request) -> Response:
        """The state of a request."""
        found = self._desk.find(self._device(), request.path_params["uuid"])
        return JSONResponse({"results": [flat_result(task) for task in found.tasks]})

    async def delete(self, request: Request) -> Response:
        """Cancel a request; 405 when it was started."""
        found = self._desk.find(self._device(), request.path_params["uuid"])
        if not self._desk.cancel(found):
            pending = {Status.IN_PROGRESS, Status.BLOCKED}
            running = not found.closed and any(task.status in pending for task in found.tasks)
            raise Refusal(405, "Task in progress" if running else "Task done or canceled")
        return Response(status_code=HTTPStatus.OK)

    async def stat(self, _request: Request) -> Response:
        """Counts of the queue, and whose task blocks it."""
        device = self._device()
        ready, pending, canceled = self._desk.store.counts(device.id)
        block = device.engine.block
        return JSONResponse(
            {
                "ready_count": ready,
                "not_ready_count": pending,
                "canceled_count": canceled,
                "is_blocked": block is not None,
                "block_request_uuid": block.uuid if block else "",
            }
        )

    async def settings(self, request: Request) -> Response:
        """The settings, read or changed."""
        if request.method == "PUT":
            self._desk.devices.change_settings(json_object(await request.body()))
        return JSONResponse(msgspec.to_builtins(self._desk.devices.settings))

    async def about(self, _request: Request) -> Response:
        """What this is."""
        face = self._device().driver.register.inspect().face
        return HTMLResponse(f"<html><body><h1>{escape(face)}</h1></body></html>")

    def _device(self) -> Device:
        return self._desk.devices.find(None)

    def _guarded(self, endpoint: Endpoint) -> Endpoint:
        async def guarded(request: Request) -> Response:
            try:
                self._access.check(request)
                return await endpoint(request)
            except Refusal as refusal:
                return error_page(refusal, request.url.path)

        return guarded


def flat_result(task: Task) -> dict[str, Any]:
    """One task with its error beside its status."""
    return {
        "status": task.status.value,
        "errorCode": task.code,
        "errorDescription": task.text,
        "result": task.result,
    }


def error_page(refusal: Refusal, path: str) -> Response:
    """The servlet engine's own page."""
    status = refusal.status
    phrase = _STATUS_PHRASES.get(status) or HTTPStatus(status).phrase
    headers = {"WWW-Authenticate": 'Basic realm="fptr"'} if status == HTTPStatus.UNAUTHORIZED else {}
    page = (
        '<html><head><meta http-equiv="Content-Type" content="text/html;charset=utf-8"/>'
        f"<title>Error {status} {escape(refusal.text)}</title></head><body><h2>HTTP ERROR {status} {phrase}</h2>"
        f"<p>Problem accessing {escape(path)}. Reason:<pre>    {escape(refusal.text)}</pre></p></body></html>"
    )
    return HTMLResponse(page, status, headers=headers)
