"""From noted messages to the one that leaves: read what it needs from the store, drop what nobody needs any more.

Many of one kind at once (every receipt of a morning refused) are told in one message: nobody reads a hundred.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from chekpoint.core.ports import Alert
from chekpoint.hub.causes import CHANNEL_FAILING, Seen
from chekpoint.hub.places import places, reasons_of
from chekpoint.store import alerts, channels, silences
from chekpoint.store.alerts import Letter, Troubled
from chekpoint.store.channels import Channel
from chekpoint.store.journal import Tx
from chekpoint.store.stakes import stakes
from chekpoint.watch.wording import Scene, several, trial_message, word

FEW: Final = 4  # messages of one kind that are still told one by one
FRESH: Final = 30_000  # ms


class Bundle(NamedTuple):
    """What leaves together: the channel, the message, whose message it is, and what is dropped.

    Without a channel or a message everything is dropped.
    """

    channel: Channel | None
    alert: Alert | None
    told: tuple[Letter, ...]
    dropped: tuple[Letter, ...]


def bundles(tx: Tx, letters: Iterable[Letter]) -> list[tuple[Letter, ...]]:
    """The messages of one channel as they are sent: one by one, or many of one kind and phase together."""
    kinds = {
        one.id: one.kind for one in alerts.incidents_of(tx, [letter.incident_id or "" for letter in letters])
    }

    def sort(letter: Letter) -> tuple[str, str]:
        return kinds.get(letter.incident_id or "", ""), letter.phase

    found: list[tuple[Letter, ...]] = []
    for (kind, _), group in groupby(sorted(letters, key=sort), sort):
        same = tuple(group)
        found += [same] if kind and len(same) > FEW else [(letter,) for letter in same]
    return sorted(found, key=lambda same: same[0].id)


def compose(tx: Tx, letters: Sequence[Letter], zone: ZoneInfo, address: str) -> Bundle:
    """The message as it reads now."""
    channel = next((one for one in channels.channels(tx) if one.id == letters[0].channel_id), None)
    if channel is None or (not channel.enabled and letters[0].phase != "test"):
        return Bundle(None, None, (), tuple(letters))
    if letters[0].incident_id is None:
        alert = trial_message(letters[0].id, channel.name, channel.lang, address)
        return Bundle(channel, alert, tuple(letters), ())
    known = {one.id: one for one in alerts.incidents_of(tx, [letter.incident_id or "" for letter in letters])}
    quiet = silences.since(tx, min((one.closed_at or tx.now for one in known.values()), default=tx.now))
    kept = [
        (letter, one)
        for letter in letters
        if (one := known.get(letter.incident_id or "")) is not None
        and not _needless(letter, one, channel, quiet, tx.now)
    ]
    told = tuple(letter for letter, _ in kept)
    dropped = tuple(letter for letter in letters if letter not in told)
    if not kept:
        return Bundle(channel, None, (), dropped)
    scene = _scene(tx, kept[0][1], zone, address)
    if len(kept) == 1:
        alert = word(kept[0][0], scene, channel.lang)
    else:
        alert = several(kept[0][0], [one for _, one in kept], scene, channel.lang)
    return Bundle(channel, alert, told, dropped)


def _scene(tx: Tx, one: Troubled, zone: ZoneInfo, address: str) -> Scene:
    opened = alerts.open_now(tx)
    known = places(tx, (*opened, one))
    follows = sum(cause == one.id for cause in reasons_of(opened, (), known, tx.now).values())
    at = known.register(Seen(one.id, one.kind, one.subject))
    return Scene(one, stakes(tx, at), follows, tx.now, zone, address)


def _needless(
    letter: Letter, one: Troubled, channel: Channel, quiet: Sequence[silences.Silence], now: int
) -> bool:
    """Nobody needs it any more: it was seen, silenced, or over before it could be told."""
    if letter.phase == "reminder" and (one.closed_at is not None or one.seen_at is not None):
        return True
    if letter.phase == "opened" and one.kind != CHANNEL_FAILING:
        if channel.after_seconds and one.seen_at is not None:
            return True
        if one.closed_at is not None and letter.tries == 0 and now - letter.created_at < FRESH:
            return True  # it righted itself between the note and its sending
    return silences.muted(quiet, one.kind, one.subject, one.closed_at or now) is not None
