"""Which alerts are due: one pure decision over incidents, channels, what was told already, and silences.

For each incident and each channel:

- nothing before the grace of its kind is over, so a blip that closed before is never told, nor its end;
- nothing while another open incident explains it; it is told once it has outlived its cause;
- nothing below the channel's severity, nothing that is silenced, no warning in the channel's quiet hours;
- a channel with ``after_seconds`` hears only of what nobody has seen for so long;
- a warning that became critical is told anew; what is not seen is told again and again, ever more seldom;
- the end is told to those, and only to those, who were told of it while it lasted.

A channel that fails is told of through the others, whatever their place in the ladder: the first step is broken.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from chekpoint.hub.causes import CHANNEL_FAILING, Places, trait_of
from chekpoint.hub.places import reasons_of
from chekpoint.store.alerts import TOLD, Told, Troubled
from chekpoint.store.channels import Channel
from chekpoint.store.silences import Silence, muted

REMIND_FIRST: Final = 3_600_000  # ms
REMIND_MOST: Final = 24 * 3_600_000
END_TOLD_WITHIN: Final = 24 * 3_600_000  # ms: later nobody waits for the news that it is over


class Due(NamedTuple):
    """A message that is due now, and has not been noted yet."""

    incident_id: str
    channel_id: str
    phase: str
    number: int
    severity: str


class Picture(NamedTuple):
    """Everything that the decision looks at."""

    opened: Sequence[Troubled]
    closed: Sequence[Troubled]  # lately
    channels: Sequence[Channel]
    told: Sequence[Told]
    silences: Sequence[Silence]
    places: Places


def due(picture: Picture, now: int, local: datetime) -> list[Due]:
    """The messages that are due at ``now`` (milliseconds UTC), which is ``local`` in the sellers' zone."""
    before: dict[tuple[str | None, str], list[Told]] = {}
    for one in picture.told:
        before.setdefault((one.incident_id, one.channel_id), []).append(one)
    channels = [one for one in picture.channels if one.enabled]
    return [
        made
        for trouble in (*_telling(picture, now), *_ending(picture, now))
        for channel in channels
        if not (trouble.severity != "critical" and rests(channel, local))
        and (made := _of(trouble, channel, before.get((trouble.id, channel.id), []), now))
    ]


def _telling(picture: Picture, now: int) -> list[Troubled]:
    """Open ones that nothing explains and nobody has silenced."""
    reasons = reasons_of(picture.opened, picture.closed, picture.places, now)
    return [one for one in picture.opened if one.id not in reasons and not _mute(one, picture.silences, now)]


def _ending(picture: Picture, now: int) -> list[Troubled]:
    """Those that ended lately, unless they were silent at that moment."""
    return [
        one
        for one in picture.closed
        if one.closed_at is not None
        and now - one.closed_at <= END_TOLD_WITHIN
        and not _mute(one, picture.silences, one.closed_at)
    ]


def _of(one: Troubled, channel: Channel, before: Sequence[Told], now: int) -> Due | None:
    if one.closed_at is not None:
        return _end(one, channel, before, one.closed_at)
    return _news(one, channel, before, now) if _concerns(one, channel) else None


def rests(channel: Channel, local: datetime) -> bool:
    """Is it within the channel's quiet hours?"""
    begin, end, at = channel.quiet_from, channel.quiet_until, f"{local:%H:%M}"
    if begin is None or end is None:
        return False
    return begin <= at < end if begin <= end else at >= begin or at < end


def _mute(one: Troubled, silences: Iterable[Silence], at: int) -> bool:
    return muted(silences, one.kind, one.subject, at) is not None


def _concerns(one: Troubled, channel: Channel) -> bool:
    if one.kind == CHANNEL_FAILING and one.subject == channel.id:
        return False  # it would not arrive
    return channel.severity == "warning" or one.severity == "critical"


def _news(one: Troubled, channel: Channel, before: Sequence[Told], now: int) -> Due | None:
    """The first word, the word that it is worse, or a reminder."""
    real = [told for told in before if told.phase in TOLD and told.state != "dropped"]
    if not real:
        return _due(one, channel, "opened", before) if _ripe(one, channel, now) else None
    if one.severity == "critical" and all(told.severity == "warning" for told in real):
        return _due(one, channel, "worse", before)
    return _due(one, channel, "reminder", before) if _overdue(one, real, now) else None


def _ripe(one: Troubled, channel: Channel, now: int) -> bool:
    """Has it lasted long enough for this channel?"""
    grace = trait_of(one.kind).grace
    after = 0 if one.kind == CHANNEL_FAILING else channel.after_seconds
    if after and one.seen_at is not None:
        return False
    since = one.opened_at if one.worse_at is None or not after else max(one.opened_at, one.worse_at)
    return now - one.opened_at >= grace * 1000 and now - since >= after * 1000


def _overdue(one: Troubled, real: Sequence[Told], now: int) -> bool:
    """1 h after the last word, then 2, 4 ... 24 h, until somebody has seen it."""
    last = real[-1]
    if one.seen_at is not None or last.state in {"waiting", "sending"}:
        return False
    reminders = sum(told.phase == "reminder" for told in real)
    pause = min(REMIND_FIRST << min(reminders, 5), REMIND_MOST)
    return now - (last.sent_at or last.created_at) >= pause


def _end(one: Troubled, channel: Channel, before: Sequence[Told], closed: int) -> Due | None:
    """It is over: told to whom it was told of while it lasted."""
    heard = any(told.phase in TOLD and told.sent_at is not None and told.sent_at <= closed for told in before)
    if not heard or any(told.phase == "recovered" for told in before):
        return None
    return _due(one, channel, "recovered", before)


def _due(one: Troubled, channel: Channel, phase: str, before: Sequence[Told]) -> Due:
    number = sum(told.phase == phase for told in before)
    return Due(one.id, channel.id, phase, number, one.severity)
