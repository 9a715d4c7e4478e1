"""Who hears of what, and when: the rules of telling people, each with the case that would anger or deceive them."""

from datetime import UTC, datetime
from typing import Any

from chekpoint.hub.causes import Places
from chekpoint.store.alerts import Told, Troubled
from chekpoint.store.channels import Channel
from chekpoint.store.silences import Silence
from chekpoint.watch.notices import Picture, due

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
NIGHT = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)
DAWN = datetime(2026, 11, 25, 6, 59, tzinfo=UTC)
MORNING = datetime(2026, 11, 25, 7, tzinfo=UTC)
T0 = 1_000_000_000_000
HOUR = 3_600_000


def trouble(**more: Any) -> Troubled:
    plain = Troubled("i1", "webhook_failing", "s1", "critical", "Плохо.", "Bad.", T0, None, None, None)
    return plain._replace(**more)


def channel(**more: Any) -> Channel:
    return Channel("c1", "telegram", "Директор", b"{}", True, "warning", 0, None, None, "ru")._replace(**more)


def told(phase: str = "opened", at: int = T0, **more: Any) -> Told:
    return Told(f"a-{phase}", "i1", "c1", phase, 0, "critical", "sent", at, at)._replace(**more)


def phases(
    one: Troubled, *channels: Channel, before: tuple[Told, ...] = (), silences: tuple[Silence, ...] = (),
    after: int = 0, local: datetime = NOON, others: tuple[Troubled, ...] = (), places: Places | None = None,
) -> list[tuple[str, str, int]]:  # fmt: skip
    every = (one, *others)
    picture = Picture(
        [one for one in every if one.closed_at is None], [one for one in every if one.closed_at is not None],
        channels or (channel(),), before, silences, places or Places({"k1": "s"}, {"r1": "k1"}),
    )  # fmt: skip
    return [(made.channel_id, made.phase, made.number) for made in due(picture, T0 + after, local) if made.incident_id == "i1"]  # fmt: skip


def test_a_blip_under_its_grace_is_told_neither_in_nor_out() -> None:
    blip = trouble(kind="register_blocked", subject="k1")
    assert phases(blip, after=4999) == []
    assert phases(blip, after=5000) == [("c1", "opened", 0)]
    assert phases(blip._replace(closed_at=T0 + 4000), after=5000) == []


def test_what_was_told_is_not_told_again_at_once() -> None:
    assert phases(trouble(), after=1000, before=(told(),)) == []
    assert phases(trouble(), after=1000, before=(told(state="waiting", sent_at=None),)) == []


def test_a_consequence_is_told_only_once_it_has_outlived_its_cause() -> None:
    follows = trouble(kind="unproven", subject="k1")
    cause = trouble(id="i0", kind="register_blocked", subject="k1")
    assert phases(follows, others=(cause,), after=HOUR) == []
    ended = cause._replace(closed_at=T0 + HOUR)
    assert phases(follows, others=(ended,), after=HOUR + 9000) == []
    assert phases(follows, others=(ended,), after=HOUR + 10_000) == [("c1", "opened", 0)]


def test_a_cause_at_another_register_explains_nothing() -> None:
    follows = trouble(kind="unproven", subject="k1")
    places = Places({"k1": "s", "k2": "s"}, {})
    cause = trouble(id="i0", kind="register_blocked", subject="k2")
    assert phases(follows, others=(cause,), places=places) == [("c1", "opened", 0)]


def test_a_channel_for_the_critical_hears_no_warnings() -> None:
    strict = channel(severity="critical")
    assert phases(trouble(severity="warning"), strict) == []
    assert phases(trouble(), strict) == [("c1", "opened", 0)]


def test_the_next_step_of_the_ladder_hears_of_what_nobody_has_seen() -> None:
    boss = channel(after_seconds=600)
    assert phases(trouble(), boss, after=599_000) == []
    assert phases(trouble(), boss, after=600_000) == [("c1", "opened", 0)]
    assert phases(trouble(seen_at=T0 + 1), boss, after=600_000) == []


def test_a_worsening_that_nobody_has_seen_climbs_the_ladder_from_its_own_moment() -> None:
    boss = channel(after_seconds=600)
    worse = trouble(worse_at=T0 + HOUR)
    assert phases(worse, boss, after=HOUR + 599_000) == []
    assert phases(worse, boss, after=HOUR + 600_000) == [("c1", "opened", 0)]


def test_reminders_come_ever_more_seldom_until_somebody_has_seen_it() -> None:
    sent, at, hours = [told()], T0, []
    for _ in range(8):
        wait = next(
            h for h in range(1, 30) if phases(trouble(), after=at - T0 + h * HOUR, before=tuple(sent))
        )
        hours.append(wait)
        at += wait * HOUR
        sent.append(told("reminder", at, number=len(sent) - 1))
    assert hours == [1, 2, 4, 8, 16, 24, 24, 24]
    assert phases(trouble(seen_at=at), after=at - T0 + 100 * HOUR, before=tuple(sent)) == []


def test_a_reminder_has_its_own_number_so_that_two_nodes_note_it_once() -> None:
    sent = (told(), told("reminder", T0 + HOUR))
    assert phases(trouble(), after=3 * HOUR, before=sent) == [("c1", "reminder", 1)]


def test_warnings_wait_for_the_morning_and_what_is_critical_does_not() -> None:
    sleeper = channel(quiet_from="22:00", quiet_until="07:00")
    warning = trouble(severity="warning")
    assert phases(warning, sleeper, local=NIGHT) == []
    assert phases(warning, sleeper, local=DAWN) == []
    assert phases(warning, sleeper, local=MORNING) == [("c1", "opened", 0)]
    assert phases(trouble(), sleeper, local=NIGHT) == [("c1", "opened", 0)]
    assert phases(warning, channel(quiet_from="11:00", quiet_until="13:00")) == []


def test_a_warning_that_ended_in_the_night_is_never_told() -> None:
    ended = trouble(severity="warning", closed_at=T0 + 1000)
    assert phases(ended, channel(quiet_from="22:00", quiet_until="07:00"), local=MORNING, after=HOUR) == []


def test_a_silence_mutes_by_kind_and_subject_until_its_end() -> None:
    mute = Silence("q1", "webhook_failing", "s1", T0 + HOUR, "admin", "ремонт", T0)
    assert phases(trouble(), silences=(mute,), after=HOUR - 1) == []
    assert phases(trouble(), silences=(mute,), after=HOUR) == [("c1", "opened", 0)]
    assert phases(trouble(), silences=(mute._replace(ended_at=T0 + 5),), after=10) == [("c1", "opened", 0)]
    assert phases(trouble(subject="s2"), silences=(mute,)) == [("c1", "opened", 0)]
    assert phases(trouble(subject="s2"), silences=(mute._replace(subject=""),)) == []
    assert phases(trouble(kind="late"), silences=(mute._replace(kind="", subject=""),), after=HOUR - 1) == []


def test_the_end_is_told_to_those_who_heard_of_it_and_to_nobody_else() -> None:
    ended = trouble(closed_at=T0 + 60_000)
    both = (channel(), channel(id="c2"))
    assert phases(ended, *both, before=(told(),), after=61_000) == [("c1", "recovered", 0)]
    assert phases(ended, *both, before=(told(), told("recovered", T0 + 60_500)), after=61_000) == []
    late = told(sent_at=T0 + 70_000)  # it arrived when all was over, and said so itself
    assert phases(ended, before=(late,), after=71_000) == []


def test_the_end_of_what_was_silent_is_silent() -> None:
    ended = trouble(closed_at=T0 + 60_000)
    mute = Silence("q1", "", "", T0 + 61_000, "admin", "ремонт", T0)
    assert phases(ended, before=(told(),), silences=(mute,), after=HOUR) == []


def test_a_warning_that_became_critical_is_told_anew() -> None:
    before = told(severity="warning")
    assert phases(trouble(), before=(before,), after=1000) == [("c1", "worse", 0)]
    worse = told("worse", T0 + 1000)
    assert phases(trouble(), before=(before, worse), after=2000) == []
    assert phases(trouble(severity="warning"), before=(told(),), after=2000) == []


def test_a_channel_that_fails_is_told_of_through_the_others_at_once() -> None:
    broken = trouble(kind="channel_failing", subject="c1")
    ladder = (channel(), channel(id="c2", after_seconds=86_400, severity="critical"))
    assert phases(broken, *ladder, after=29_999) == []
    assert phases(broken, *ladder, after=30_000) == [("c2", "opened", 0)]


def test_a_channel_that_is_switched_off_is_told_nothing() -> None:
    assert phases(trouble(), channel(enabled=False)) == []


def test_what_was_dropped_is_told_when_its_silence_is_over() -> None:
    assert phases(trouble(), before=(told(state="dropped", sent_at=None),)) == [("c1", "opened", 1)]


def test_what_was_given_up_is_tried_again_as_a_reminder() -> None:
    given_up = told(state="given_up", sent_at=None)
    assert phases(trouble(), before=(given_up,), after=HOUR) == [("c1", "reminder", 0)]
