"""The devices of one server: their drivers, engines and places in the settings."""

from collections.abc import Callable, Iterator, Mapping
from datetime import timezone
from typing import Any, Final

import msgspec

from chekpoint.core.clock import Clock
from chekpoint.emulators.atol_web.driver import RegisterDriver
from chekpoint.emulators.atol_web.engine import Engine
from chekpoint.emulators.atol_web.intake import Refusal
from chekpoint.emulators.atol_web.queue_store import QueueStore, Request
from chekpoint.emulators.register import MOSCOW, EmulatedRegister


class Device(msgspec.Struct, kw_only=True):
    """One register behind the server. Only an active one takes requests."""

    id: str
    name: str
    driver: RegisterDriver
    engine: Engine
    active: bool = True


class Settings(msgspec.Struct, kw_only=True, rename="camel"):
    """The server's own settings; the names are those of its ``/settings``."""

    scripts_path: str = ""
    invert_cash_drawer_status: bool = False
    additional_header_lines: str = ""
    additional_footer_lines: str = ""
    block_queue_on_print_errors: bool = True  # the description says false, a real 1.0.4.0 true
    delete_requests_after: int = 43200  # minutes: 30 days
    validate_requests_on_add: bool = False

    def __post_init__(self) -> None:
        """Refuse a keeping time that is none."""
        if self.delete_requests_after < 0:
            raise ValueError("deleteRequestsAfter < 0")


_SETTINGS: Final = "settings"
_DEFAULT: Final = "default"
_INACTIVE: Final = "inactive"


class Devices:
    """Finds a device by its id; keeps which is the default, which are active, and the settings."""

    def __init__(
        self,
        registers: Mapping[str, EmulatedRegister],
        store: QueueStore,
        clock: Clock,
        *,
        shift_seconds: float,
        on_finished: Callable[[Request], None],
    ) -> None:
        self._store = store
        self._all: dict[str, Device] = {}
        inactive = store.setting(_INACTIVE) or []
        for key, register in registers.items():
            driver = RegisterDriver(register, shift_seconds=shift_seconds)
            engine = Engine(key, driver, store, clock, on_finished)
            active = key not in inactive
            self._all[key] = Device(id=key, name=register.model, driver=driver, engine=engine, active=active)
        self.settings = msgspec.convert(store.setting(_SETTINGS) or {}, Settings)
        self._apply()

    def __iter__(self) -> Iterator[Device]:
        """All devices, in the order in which they were given."""
        return iter(self._all.values())

    @property
    def zone(self) -> timezone:
        """The zone of the machine: that of its first device."""
        return next((device.driver.register.zone for device in self._all.values()), MOSCOW)

    @property
    def default_id(self) -> str | None:
        """The default device's id; None when there is none."""
        stored = self._store.setting(_DEFAULT)
        if isinstance(stored, str):
            return stored if stored in self._all else None
        return next(iter(self._all), None)

    def find(self, key: str | None) -> Device:
        """The device of that id, or the default one; raises Refusal 404."""
        if key is None or key == "default":
            key = self.default_id
            if key is None:
                raise Refusal(404, "Устройство по умолчанию не задано")
        if key not in self._all:
            raise Refusal(404, f"Устройство с ID [{key}] не найдено")
        return self._all[key]

    def active(self, key: str | None) -> Device:
        """The same, for a request; raises Refusal 403 when the device is not activated."""
        device = self.find(key)
        if not device.active:
            raise Refusal(403, f"Устройство с ID [{device.id}] не активировано")
        return device

    def make_default(self, key: str) -> None:
        """Choose the default device; an empty id means none. Raises Refusal 404."""
        if key:
            self.find(key)
        self._store.set_setting(_DEFAULT, key)

    def activate(self, device: Device, *, on: bool) -> None:
        """Let a device take requests, or not."""
        device.active = on
        self._store.set_setting(_INACTIVE, [d.id for d in self._all.values() if not d.active])

    def change_settings(self, changes: dict[str, Any]) -> None:
        """Change what is named; raises Refusal 400."""
        try:
            merged = msgspec.to_builtins(self.settings) | changes
            self.settings = msgspec.convert(merged, Settings)
        except msgspec.ValidationError as error:
            raise Refusal(400, f"Некорректные настройки: {error}") from error
        self._store.set_setting(_SETTINGS, msgspec.to_builtins(self.settings))
        self._apply()

    def _apply(self) -> None:
        for device in self._all.values():
            device.engine.block_on_print_errors = self.settings.block_queue_on_print_errors

    def describe(self, device: Device) -> dict[str, Any]:
        """One device as ``/devices`` shows it."""
        return {
            "id": device.id,
            "name": device.name,
            "connectionSettings": {"model": 500, "port": "tcp", "ipAddress": "127.0.0.1", "ipPort": 5555},
            "otherSettings": {},
            "isActive": device.active,
            "isDefault": device.id == self.default_id,
            "isLock": False,
            "hasLicense": True,
        }
