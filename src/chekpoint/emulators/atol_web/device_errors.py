"""The emulated device's refusals in the driver's codes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from chekpoint.emulators.atol_web.codes import Code, DriverError
from chekpoint.emulators.drive_errors import DeviceCode, DriveCode, EmulatedError

PAPER: Final = frozenset({DeviceCode.PAPER_OUT, DeviceCode.COVER_OPEN})

_CODES: Final[dict[DriveCode | DeviceCode, int]] = {
    DeviceCode.NO_POWER: Code.NO_LINK,
    DeviceCode.NO_LINK: Code.NO_LINK,
    DeviceCode.PAPER_OUT: Code.PAPER_OUT,
    DeviceCode.COVER_OPEN: Code.COVER_OPEN,
    DeviceCode.NO_CASH: Code.NO_CASH,
    DeviceCode.BUSY: Code.PORT_BUSY,
    DriveCode.NOT_REGISTERED: Code.NEED_REGISTRATION,
    DriveCode.ALREADY_REGISTERED: Code.FN_STATE,
    DriveCode.WRONG_PHASE: Code.FN_STATE,
    DriveCode.SHIFT_OPEN: Code.SHIFT_ALREADY_OPEN,
    DriveCode.SHIFT_CLOSED: Code.SHIFT_CLOSED,
    DriveCode.SHIFT_EXPIRED: Code.FN_SHIFT_OVER_24H,
    DriveCode.CLOCK_WENT_BACK: Code.CLOCK_BEHIND,
    DriveCode.OFD_OVERDUE: Code.OFD_UNSENT_30_DAYS,
    DriveCode.ARCHIVE_FULL: Code.FN_ARCHIVE_FULL,
    DriveCode.KEYS_EXPIRED: Code.FN_EXPIRED,
    DriveCode.DOCUMENT_TOO_LARGE: Code.PARSE,
    DriveCode.NO_SUCH_DOCUMENT: Code.FN_NO_DATA,
    DriveCode.UNSENT_DOCUMENTS: Code.FN_UNSENT,
    DriveCode.QUEUE_EMPTY: Code.FN_NO_DATA,
    DriveCode.EMPTY_RECEIPT: Code.WRONG_TOTAL,
    DriveCode.WRONG_ITEM_SUM: Code.WRONG_PRICE,
    DriveCode.WRONG_TOTAL: Code.WRONG_TOTAL,
    DriveCode.NOT_FULLY_PAID: Code.NOT_ENOUGH_PAID,
    DriveCode.OVERPAID: Code.NON_CASH_OVER_TOTAL,
    DriveCode.WRONG_QUANTITY: Code.WRONG_PRICE,
    DriveCode.WRONG_PRICE: Code.WRONG_PRICE,
    DriveCode.WRONG_TAXATION: Code.TAXATION,
    DriveCode.WRONG_CONTENT: Code.PROPERTY_WRITE,
    DriveCode.FAULT: Code.FN_FAULT,
}
"""A content that the drive refuses gets a code outside of the blocking ones: nothing was made, provably."""


def translated(error: EmulatedError) -> DriverError:
    """The driver's error for a refusal; the detail follows the driver's own text."""
    code = _CODES.get(error.code, Code.FN_FORMAT)  # type: ignore[attr-defined]
    plain = DriverError(code)
    return DriverError(code, f"{plain.text} [{error.detail}]") if error.detail else plain


@contextmanager
def speaking_driver() -> Iterator[None]:
    """Turn the emulated device's errors into DriverError."""
    try:
        yield
    except EmulatedError as error:
        raise translated(error) from error
