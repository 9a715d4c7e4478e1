"""What both generations do with requests, before either puts it into its own words."""

import msgspec

from chekpoint.core.clock import Clock
from chekpoint.emulators.atol_web.codes import Code, DriverError
from chekpoint.emulators.atol_web.devices import Device, Devices
from chekpoint.emulators.atol_web.intake import Refusal, read_envelope
from chekpoint.emulators.atol_web.queue_store import QueueStore, Request, Status, UuidTaken


class Desk:
    """Takes, shows and cancels requests; raises Refusal."""

    def __init__(self, devices: Devices, store: QueueStore, clock: Clock) -> None:
        self.devices = devices
        self.store = store
        self.clock = clock

    def take(self, body: bytes, device: Device, generation: str) -> Request:
        """Put a request into the device's queue: 400 for a bad one, 420 for a bad task, 409 for a used uuid."""
        posted = read_envelope(body, device=device.id, generation=generation)
        if generation == "v2" and self.devices.settings.validate_requests_on_add:
            self._validate(device, posted.tasks)
        now = self.clock.now().timestamp()
        self.store.purge(now - self.devices.settings.delete_requests_after * 60)
        try:
            request = self.store.add(posted, now)
        except UuidTaken as error:
            text = f"Не удалось добавить задание с UUID [{posted.uuid}], задание с таким UUID уже есть"
            raise Refusal(409, text) from error
        device.engine.wake()
        return request

    def find(self, device: Device, uuid: str) -> Request:
        """A stored request; 404 when there is none."""
        request = self.store.find(device.id, uuid)
        if request is None:
            raise Refusal(404, f"Задание с UUID [{uuid}] для устройства [{device.id}] не найдено")
        return request

    def cancel(self, request: Request) -> bool:
        """Cancel a request that has not been started; False when it is too late."""
        if request.closed or any(task.status is not Status.WAIT for task in request.tasks):
            return False
        for task in request.tasks:
            canceled = msgspec.structs.replace(
                task, status=Status.CANCELED, code=int(Code.CANCELED), text="Задание отменено"
            )
            self.store.put(request, canceled)
        self.store.close_request(request, canceled=True)
        return True

    @staticmethod
    def _validate(device: Device, tasks: tuple[dict[str, object], ...]) -> None:
        for task in tasks:
            try:
                device.driver.validate(task)
            except DriverError as error:
                raise Refusal(420, error.text, error.code) from error
