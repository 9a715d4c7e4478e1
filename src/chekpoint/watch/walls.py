"""Moments, ages and sums as the checks count and tell them; a register's wall clock beside ours."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from chekpoint.core.clock import from_epoch_ms
from chekpoint.hub import walls
from chekpoint.hub.walls import local
from chekpoint.store.watched import Watched
from chekpoint.watch.thresholds import Thresholds

__all__ = ["ago", "day_of", "local", "moment", "roubles", "said", "wall"]


def wall(one: Watched, now: int, limits: Thresholds) -> datetime:
    """What the register's clock shows now; the sellers' zone where it never told the time."""
    return walls.wall(one, now, limits.zone)


def moment(one: Watched, text: str | None, now: int, limits: Thresholds) -> int | None:
    """A register's local moment as milliseconds UTC."""
    at = local(text)
    return None if at is None else now - (wall(one, now, limits) - at) // timedelta(milliseconds=1)


def said(at: int, limits: Thresholds) -> str:
    """A moment as people of the sellers' zone read it."""
    return from_epoch_ms(at).astimezone(ZoneInfo(limits.zone or "UTC")).strftime("%d.%m.%Y %H:%M")


def day_of(at: datetime) -> str:
    """A local date as people read it."""
    return at.strftime("%d.%m.%Y")


def ago(now: int, at: int) -> tuple[str, str]:
    """How long ago, roughly, in Russian and in English."""
    minutes = max(now - at, 0) // 60_000
    if minutes < 60:
        return f"{minutes} мин", f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} ч", f"{minutes // 60} h"
    return f"{minutes // 1440} сут", f"{minutes // 1440} days"


def roubles(kopecks: int) -> str:
    """A sum as people read it: ``12 345,60 ₽``."""
    whole, rest = divmod(abs(kopecks), 100)
    return f"{'-' if kopecks < 0 else ''}{whole:,}".replace(",", "\u00a0") + f",{rest:02d}\u00a0₽"
