"""Reading the parameters of a command and writing its answer: little-endian numbers, kopecks, moments, text.

Money is five bytes of kopecks. The fiscal drive's moments are YY MM DD hh mm, the device's own DD MM YY and hh mm ss.
"""

from datetime import date, datetime, time
from typing import Final

from chekpoint.emulators.shtrih_wire.codes import Code, Refused

NOT_GIVEN: Final = 0xFF_FFFF_FFFF  # a sum of five FF: the device computes it
CENTURY: Final = 2000


class Parameters:
    """Takes the parameters of one command from the left; raises Refused 33h when they end too early."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._at = 0

    @property
    def left(self) -> int:
        """Bytes that have not been taken."""
        return len(self._octets) - self._at

    def octets(self, size: int) -> bytes:
        """The next ``size`` bytes."""
        if self.left < size:
            raise Refused(Code.PARAMETER)
        self._at += size
        return self._octets[self._at - size : self._at]

    def rest(self) -> bytes:
        """All that is left."""
        return self.octets(self.left)

    def number(self, size: int) -> int:
        """An unsigned number."""
        return int.from_bytes(self.octets(size), "little")

    def sums(self, count: int) -> tuple[int, ...]:
        """Sums of five bytes, kopecks."""
        return tuple(self.number(5) for _ in range(count))

    def end(self) -> None:
        """There must be nothing more."""
        if self.left:
            raise Refused(Code.PARAMETER)

    def date_dmy(self) -> date:
        """DD MM YY."""
        day, month, year = self.octets(3)
        if year > 99:
            raise Refused(Code.PARAMETER)
        try:
            return date(CENTURY + year, month, day)
        except ValueError as error:
            raise Refused(Code.PARAMETER) from error

    def time_hms(self) -> time:
        """Hh mm ss."""
        hour, minute, second = self.octets(3)
        try:
            return time(hour, minute, second)
        except ValueError as error:
            raise Refused(Code.PARAMETER) from error


def number(value: int, size: int) -> bytes:
    """An unsigned number; what does not fit stays at the greatest."""
    return min(value, (1 << 8 * size) - 1).to_bytes(size, "little")


def kopecks(value: int) -> bytes:
    """Five bytes."""
    return number(value, 5)


def drive_moment(moment: datetime | None) -> bytes:
    """YY MM DD hh mm; zeros for None."""
    if moment is None:
        return bytes(5)
    return bytes((moment.year - CENTURY, moment.month, moment.day, moment.hour, moment.minute))


def device_date(moment: datetime) -> bytes:
    """DD MM YY."""
    return bytes((moment.day, moment.month, moment.year - CENTURY))


def device_time(moment: datetime) -> bytes:
    """Hh mm ss."""
    return bytes((moment.hour, moment.minute, moment.second))


def text(value: str, size: int) -> bytes:
    """CP1251, cut or padded with zeros."""
    return value.encode("cp1251", "replace")[:size].ljust(size, b"\0")


def fixed(value: str, size: int) -> bytes:
    """ASCII padded with spaces, as the fiscal drive writes INN and registration number."""
    return value.encode("ascii", "replace")[:size].ljust(size)
