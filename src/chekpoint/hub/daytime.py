"""When a shift closes and opens by the clock. Times of day are the register's own wall clock."""

import re
from datetime import datetime, timedelta
from typing import Final

_FORM: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)


def is_time(text: str) -> bool:
    """``HH:MM``?"""
    return _FORM.fullmatch(text) is not None


def until(time: str, now: datetime) -> float:
    """Seconds from a local moment until that time of day, today or tomorrow; never 0."""
    hour, minute = int(time[:2]), int(time[3:])
    at = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return ((at if at > now else at + timedelta(days=1)) - now).total_seconds()
