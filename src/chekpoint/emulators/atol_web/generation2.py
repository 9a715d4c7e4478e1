"""The second generation, ``/api/v2``: JSON everywhere, nested errors, several devices, synchronous queries."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from chekpoint.emulators.atol_web import queries
from chekpoint.emulators.atol_web.access import Access
from chekpoint.emulators.atol_web.codes import DriverError
from chekpoint.emulators.atol_web.devices import Device
from chekpoint.emulators.atol_web.intake import Refusal, json_object
from chekpoint.emulators.atol_web.queue_store import Request as StoredRequest
from chekpoint.emulators.atol_web.queue_store import Task
from chekpoint.emulators.atol_web.requests_desk import Desk
from chekpoint.emulators.atol_web.results import stamp
from chekpoint.emulators.waiting import AnswerTimeout, within

DRIVER_WAIT_SECONDS: Final = 30.0
Endpoint = Callable[[Request], Awaitable[Response]]


class GenerationTwo:
    """Its endpoints; ``deviceID`` in the query chooses the device."""

    def __init__(self, desk: Desk, access: Access) -> None:
        self._desk = desk
        self._access = access

    def routes(self) -> list[BaseRoute]:
        """The routes, without trailing slashes. serverInfo is open to all, the rest to the one user."""
        guarded = {
            ("/requests", "POST"): self.post,
            ("/requests/{uuid:path}", "GET"): self.get,
            ("/requests/{uuid:path}", "DELETE"): self.delete,
            ("/getRequestsQueueStatus", "GET"): self.queue,
            ("/settings", "GET"): self.settings,
            ("/settings", "PUT"): self.change_settings,
            ("/devices", "GET"): self.devices,
            ("/devices", "POST"): self.fixed_devices,
            ("/devices/{id}", "GET"): self.device,
            ("/devices/{id}", "PUT"): self.change_device,
            ("/devices/{id}", "DELETE"): self.fixed_devices,
            ("/activateDevice", "POST"): self.activate,
            ("/deactivateDevice", "POST"): self.deactivate,
            ("/setDefaultDevice", "POST"): self.set_default,
            ("/operations/{name}", "POST"): self.operation,
        }
        info = Route("/api/v2/serverInfo", self._answered(self.server_info), methods=["GET"])
        return [
            info,
            *(
                Route(f"/api/v2{path}", self._answered(endpoint, guard=True), methods=[method])
                for (path, method), endpoint in guarded.items()
            ),
        ]

    async def post(self, request: Request) -> Response:
        """Take a request, also while the queue is blocked."""
        device = self._desk.devices.active(_device_id(request))
        taken = self._desk.take(await request.body(), device, "v2")
        number = self._desk.store.pending(device.id)
        answer = {"number": number, "uuid": taken.posted.uuid, **_blocked(device)}
        return JSONResponse(answer, HTTPStatus.CREATED)

    async def get(self, request: Request) -> Response:
        """The state of a request."""
        device = self._desk.devices.find(_device_id(request))
        return JSONResponse(request_result(self._desk.find(device, request.path_params["uuid"])))

    async def delete(self, request: Request) -> Response:
        """Cancel a request; 409 when it was started."""
        device = self._desk.devices.find(_device_id(request))
        found = self._desk.find(device, request.path_params["uuid"])
        if not self._desk.cancel(found):
            raise Refusal(
                409,
                f"Задание с UUID [{found.posted.uuid}] для устройства [{device.id}] нельзя отменить"
                " (выполнено, выполняется или уже отменено)",
            )
        return JSONResponse({})

    async def queue(self, request: Request) -> Response:
        """Counts of the queue, and why it is blocked."""
        return JSONResponse(self._queue(self._desk.devices.find(_device_id(request))))

    async def server_info(self, _request: Request) -> Response:
        """Versions and the server's time."""
        now = self._desk.clock.now()
        zone = self._desk.devices.zone
        return JSONResponse(
            {
                "serverVersion": "1.0.4.0",
                "driverVersion": "10.10.7.0",
                "os": "ТЕСТОВЫЙ ДВОЙНИК / TEST DOUBLE",
                "currentDateTime": stamp(now.astimezone(zone).replace(tzinfo=None), zone),
            }
        )

    async def settings(self, _request: Request) -> Response:
        """The settings."""
        return JSONResponse(msgspec.to_builtins(self._desk.devices.settings))

    async def change_settings(self, request: Request) -> Response:
        """Change those that are named."""
        self._desk.devices.change_settings(json_object(await request.body()))
        return JSONResponse(msgspec.to_builtins(self._desk.devices.settings))

    async def devices(self, _request: Request) -> Response:
        """All devices."""
        return JSONResponse([self._desk.devices.describe(device) for device in self._desk.devices])

    async def device(self, request: Request) -> Response:
        """One device."""
        return JSONResponse(self._desk.devices.describe(self._desk.devices.find(request.path_params["id"])))

    async def change_device(self, request: Request) -> Response:
        """Its name, and whether it is active and the default; the rest of an emulated device is fixed."""
        device = self._desk.devices.find(request.path_params["id"])
        changes = json_object(await request.body())
        if isinstance(changes.get("name"), str):
            device.name = changes["name"]
        if isinstance(changes.get("isActive"), bool):
            self._desk.devices.activate(device, on=changes["isActive"])
        if changes.get("isDefault") is True:
            self._desk.devices.make_default(device.id)
        return JSONResponse(self._desk.devices.describe(device))

    async def fixed_devices(self, _request: Request) -> Response:
        """Devices are given when the test double is started."""
        raise Refusal(400, "Тестовый двойник: устройства задаются при запуске")

    async def activate(self, request: Request) -> Response:
        """Let a device take requests."""
        self._desk.devices.activate(self._desk.devices.find(_device_id(request)), on=True)
        return JSONResponse({})

    async def deactivate(self, request: Request) -> Response:
        """Do not let it."""
        self._desk.devices.activate(self._desk.devices.find(_device_id(request)), on=False)
        return JSONResponse({})

    async def set_default(self, request: Request) -> Response:
        """Choose the default device."""
        key = json_object(await request.body()).get("id")
        if not isinstance(key, str):
            raise Refusal(400, "Поле 'id' не задано")
        self._desk.devices.make_default(key)
        return JSONResponse({})

    async def operation(self, request: Request) -> Response:
        """A synchronous query: past the queue, but it waits 30 s at most for the driver."""
        device = self._desk.devices.active(_device_id(request))
        query = queries.QUERIES.get(request.path_params["name"])
        if query is None:
            raise Refusal(
                404, f"Операция [{request.path_params['name']}] не поддерживается тестовым двойником"
            )
        try:
            answer = await within(
                self._desk.clock,
                DRIVER_WAIT_SECONDS,
                device.engine.directly(lambda: queries.ask(query, device.driver)),
            )
        except AnswerTimeout as error:
            raise Refusal(408, "Не удалось получить доступ к драйверу за 30 секунд") from error
        except DriverError as error:
            raise Refusal(420, error.text, error.code) from error
        return JSONResponse(answer)

    def _queue(self, device: Device) -> dict[str, Any]:
        ready, pending, canceled = self._desk.store.counts(device.id)
        return {"number": pending, "canceled": canceled, "ready": ready, **_blocked(device)}

    def _answered(self, endpoint: Endpoint, *, guard: bool = False) -> Endpoint:
        async def answered(request: Request) -> Response:
            try:
                if guard:
                    self._access.check(request)
                return await endpoint(request)
            except Refusal as refusal:
                return error_json(refusal)

        return answered


def _blocked(device: Device) -> dict[str, Any]:
    block = device.engine.block
    return {
        "isBlocked": block is not None,
        "blockReason": block.reason if block else "",
        "blockedUUID": block.uuid if block else "",
    }


def request_result(request: StoredRequest) -> dict[str, Any]:
    """The results of a request's tasks, in order."""
    return {"results": [nested_result(task) for task in request.tasks]}


def nested_result(task: Task) -> dict[str, Any]:
    """One task with its error in an object of its own; ``result`` is null until it is ready."""
    error = {"code": task.code, "description": task.text}
    return {"status": task.status.value, "error": error, "result": task.result}


def error_json(refusal: Refusal) -> Response:
    """Every refusal is JSON here."""
    headers = {"WWW-Authenticate": 'Basic realm="fptr"'} if refusal.status == HTTPStatus.UNAUTHORIZED else {}
    body = {"error": {"code": refusal.code, "description": refusal.text}}
    return JSONResponse(body, refusal.status, headers=headers)


def _device_id(request: Request) -> str | None:
    return request.query_params.get("deviceID") or None
