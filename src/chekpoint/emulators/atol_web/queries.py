"""The synchronous queries of the second generation. Their field names differ from those of the JSON tasks.

The totals (queryShiftTotals and the like) and the device's own settings are not emulated: their answers are
not described anywhere we could read.
"""

from collections.abc import Callable
from typing import Any, Final

from chekpoint.emulators.atol_web.codes import DriverError
from chekpoint.emulators.atol_web.device_errors import speaking_driver
from chekpoint.emulators.atol_web.driver import RegisterDriver
from chekpoint.emulators.atol_web.results import SHIFTS, stamp

Query = Callable[[RegisterDriver], dict[str, Any] | None]


async def ask(query: Query, driver: RegisterDriver) -> dict[str, Any] | None:
    """Carry out one query; raises DriverError."""
    with speaking_driver():
        return query(driver)


def _shift_status(driver: RegisterDriver) -> dict[str, Any]:
    """``expiredAt`` here, ``expiredTime`` in the task; ``unknown`` is a state of its own."""
    try:
        with speaking_driver():
            state = driver.register.state()
    except DriverError:
        return {"shiftStatus": {"state": "unknown", "number": 0, "expiredAt": ""}}
    expired_at = stamp(state.shift_expires_at, driver.register.zone)
    return {
        "shiftStatus": {"state": SHIFTS[state.shift], "number": state.shift_number, "expiredAt": expired_at}
    }


def _exchange(driver: RegisterDriver) -> dict[str, Any]:
    """``ofdExchangeStatus`` and ``ofdExchangeErrors`` here, ``status`` and ``errors`` in the task."""
    exchange = driver.exchange()
    return {"ofdExchangeStatus": exchange["status"], "ofdExchangeErrors": exchange["errors"]}


QUERIES: Final[dict[str, Query]] = {
    "queryDeviceInfo": RegisterDriver.device_info,
    "queryDeviceStatus": RegisterDriver.device_status,
    "queryShiftStatus": _shift_status,
    "queryFnInfo": RegisterDriver.fn_info,
    "queryFnStatus": RegisterDriver.fn_status,
    "queryOfdExchangeStatus": _exchange,
    "queryLicenses": RegisterDriver.licenses,
}
