"""The wall clock of a register beside ours: how old is what it tells in its own time."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from chekpoint.core.clock import from_epoch_ms
from chekpoint.store.watched import Watched


def local(text: str | None) -> datetime | None:
    """A register's wall clock, without zone (some answers carry one); None where it is none."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None) if text else None
    except ValueError:
        return None


def wall(one: Watched, now: int, zone: str) -> datetime:
    """What the register's clock shows now (``now`` is milliseconds UTC); ``zone`` where it never told the time."""
    told = local(one.status.clock)
    if told is None or one.status_at is None:
        return from_epoch_ms(now).astimezone(ZoneInfo(zone or "UTC")).replace(tzinfo=None)
    return told + timedelta(milliseconds=now - one.status_at)
