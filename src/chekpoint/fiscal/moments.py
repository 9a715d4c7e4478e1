"""Time on fiscal documents: the LOCAL wall clock of the register, written as if it were UTC."""

from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001  the format keeps no zone


def to_unix(moment: datetime) -> int:
    """A naive local datetime -> the u32 of tags 1012, 1098, 1178 and 1273."""
    return int((moment - _EPOCH) / timedelta(seconds=1))


def from_unix(seconds: int) -> datetime:
    """The u32 of a tag -> naive local datetime."""
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
