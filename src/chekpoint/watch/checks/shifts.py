"""Shifts: their 24 hours, their set times, and what was asked of the register and not done (numbers 8 and 9)."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from chekpoint.hub.causes import About, Link, Trait
from chekpoint.store import errands, watched, watched_shifts
from chekpoint.store.incidents import Words
from chekpoint.store.journal import Tx
from chekpoint.watch.check import Check, Finding
from chekpoint.watch.thresholds import Thresholds
from chekpoint.watch.walls import local, moment, wall

LONGEST: Final = timedelta(hours=24)


def too_long(tx: Tx, limits: Thresholds) -> Iterator[Finding]:
    """The hub closes a shift before its 24 hours; one that is still open then is not being closed."""
    for one in watched.registers(tx):
        if one.status.shift not in {"open", "expired"}:
            continue
        left = _left(tx, one, limits)
        if one.status.shift == "expired" or (left is not None and left.total_seconds() < limits.shift_near):
            over = one.status.shift == "expired" or (left is not None and left < timedelta())
            yield Finding(one.id, _long(one.name, over=over))


def _left(tx: Tx, one: watched.Watched, limits: Thresholds) -> timedelta | None:
    """Of the 24 hours, by the register's own word or by the document that opened the shift."""
    ends = local(one.status.shift_expires_at)
    if ends is None:
        last = watched_shifts.last(tx, one.fn or "")
        opened = None if last.closed_at else local(last.opened_at)
        ends = opened + LONGEST if opened else None
    return None if ends is None else ends - wall(one, tx.now, limits)


def _long(name: str, *, over: bool) -> Words:
    if over:
        return Words(
            "critical",
            f"Касса «{name}»: смена длится больше 24 часов, ФН не подписывает чеки, пока она не закрыта. Закройте смену: "
            "страница кассы, «Закрыть смену», или на самой кассе.",
            f"Register “{name}”: its shift is over 24 hours and the drive signs nothing until it is closed. Close it on "
            "the register's page or at the register itself.",
        )
    return Words(
        "warning",
        f"Касса «{name}»: смене почти 24 часа, а она не закрывается. Закройте смену, иначе чеки остановятся.",
        f"Register “{name}”: its shift is nearly 24 hours old and does not close. Close it, or receipts will stop.",
    )


class Missed(NamedTuple):
    """A set time that came, and nothing was done."""

    verb: str  # close | open
    at: datetime


def off_schedule(tx: Tx, limits: Thresholds) -> Iterator[Finding]:
    """The shift was to be closed, or opened, at a set time of the register's clock."""
    for one in watched.registers(tx):
        missed = _missed(tx, one, wall(one, tx.now, limits), timedelta(seconds=limits.shift_schedule))
        if missed is not None:
            since = moment(one, missed.at.isoformat(), tx.now, limits)
            yield Finding(one.id, _schedule(one.name, missed), since)


def _missed(tx: Tx, one: watched.Watched, now: datetime, patience: timedelta) -> Missed | None:
    last = watched_shifts.last(tx, one.fn or "")
    opened, closed = local(last.opened_at), local(last.closed_at)
    if one.status.shift in {"open", "expired"}:
        verb, time, before = "close", one.close_at, opened if closed is None else None
    else:
        verb, time, before = "open", one.open_at, closed if one.status.shift == "closed" else None
    if time is None or before is None:
        return None
    due = _latest(time, now)
    return Missed(verb, due) if before < due and now - due > patience else None


def _latest(time: str, now: datetime) -> datetime:
    """The last moment at which the clock showed that time of day."""
    at = now.replace(hour=int(time[:2]), minute=int(time[3:]), second=0, microsecond=0)
    return at if at <= now else at - timedelta(days=1)


def _schedule(name: str, missed: Missed) -> Words:
    at = missed.at.strftime("%d.%m %H:%M")
    ru, en = ("закрыта", "closed") if missed.verb == "close" else ("открыта", "opened")
    return Words(
        "warning",
        f"Касса «{name}»: смена должна быть {ru} в {at} по часам кассы, а этого не произошло. Посмотрите её состояние "
        "на странице кассы.",
        f"Register “{name}”: its shift was to be {en} at {at} of its clock, and was not. Look at its page.",
    )


def errands_failed(tx: Tx, _limits: Thresholds) -> Iterator[Finding]:
    """A Z report (or an opening) that somebody asked for failed, and the shift is still as it was."""
    for one in watched.registers(tx):
        last = next((e for e in errands.last(tx, one.id) if e.verb in {"close_shift", "open_shift"}), None)
        if last is None or last.state not in {"failed", "unknown"}:
            continue
        stands = {"open", "expired"} if last.verb == "close_shift" else {"closed"}
        if one.status.shift in stands:
            yield Finding(one.id, _failed(one.name, last), last.finished_at)


def _failed(name: str, errand: errands.Row) -> Words:
    ru, en = (
        ("закрыть смену", "close the shift")
        if errand.verb == "close_shift"
        else ("открыть смену", "open a shift")
    )
    why = f" ({errand.said})" if errand.said else ""
    return Words(
        "warning",
        f"Касса «{name}»: не удалось {ru}{why}. Устраните причину и повторите на странице кассы.",
        f"Register “{name}”: could not {en}{why}. Mend the cause and ask again on its page.",
    )


_SHIFT: Final = Trait(
    Link.REGISTER, About.REGISTER, causes=("register_silent", "register_blocked", "agent_lost")
)
CHECKS: Final = (
    Check(8, "shift_too_long", ("Смена больше 24 часов", "A shift over 24 hours"), _SHIFT, too_long, grace=60.0),
    Check(
        9, "shift_schedule", ("Смена не по расписанию", "A shift off its schedule"), _SHIFT, off_schedule, every=30.0
    ),
    Check(
        9, "shift_errand_failed", ("Z-отчёт не снят", "A Z report failed"),
        _SHIFT._replace(causes=(*_SHIFT.causes, "shift_too_long")), errands_failed,
    ),
)  # fmt: skip
