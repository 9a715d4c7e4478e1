"""What a person does about an incident: says that they have seen it, or that they do not want to hear of it for a time.

One set of verbs for the screens, the command line and the channels that people write back through; each has an
audit row. Refusals are Unfit, in words that a person can act on.
"""

import re
from typing import Final

import msgspec

from chekpoint.core.errors import Unfit
from chekpoint.hub.names import Keys
from chekpoint.store import alerts, people, silences, views_incidents
from chekpoint.store.alerts import Troubled
from chekpoint.store.journal import Tx
from chekpoint.store.silences import Silence

REASON_MOST: Final = 500
SILENCE_MOST: Final = 30 * 86_400  # seconds: what is silent for longer is forgotten
HANDLE: Final = 6  # the last digits of a key are chance, so they tell incidents of one minute apart
_UNITS: Final = {
    "m": 60, "min": 60, "м": 60, "мин": 60, "h": 3600, "ч": 3600, "d": 86_400, "д": 86_400, "дн": 86_400,
}  # fmt: skip
_SPAN: Final = re.compile(rf"(\d{{1,5}})\s*({'|'.join(sorted(_UNITS, key=len, reverse=True))})?", re.ASCII)


def handle(incident_id: str) -> str:
    """The short name of an incident, for those who type it on a phone."""
    return incident_id[-HANDLE:]


def span(text: str) -> int:
    """``30m``, ``2h``, ``1d``, ``2 ч``; a bare number is hours. In seconds; raises Unfit."""
    found = _SPAN.fullmatch(text.strip().lower())
    seconds = int(found[1]) * _UNITS[found[2] or "h"] if found else 0
    if not 0 < seconds <= SILENCE_MOST:
        raise Unfit("срок: 30m, 2h, 1d, не дольше 30 дней / a span: 30m, 2h, 1d, at most 30 days")
    return seconds


def find(tx: Tx, word: str) -> Troubled:
    """The open incident of a short name (or of the whole key); raises Unfit."""
    wanted = word.strip().lower()
    known = alerts.open_now(tx) if len(wanted) >= HANDLE - 2 else []
    found = [one for one in known if one.id.endswith(wanted)]
    if len(found) != 1:
        raise Unfit(
            f"открытого происшествия «{word}» нет: посмотрите номера в списке / no open incident {word}: see the list"
        )
    return found[0]


class Alarms:
    """The verbs. ``who`` and ``reason`` go into the audit; each raises Unfit where it cannot be."""

    def __init__(self, keys: Keys, *, who: str, reason: str = "") -> None:
        self._keys, self._who, self._reason = keys, who, reason.strip()
        if len(self._reason) > REASON_MOST:
            raise Unfit(
                f"причина: не длиннее {REASON_MOST} знаков / a reason has at most {REASON_MOST} characters"
            )

    def acknowledge(self, tx: Tx, incident_id: str) -> bool:
        """Somebody has seen it: no more reminders, no escalation. False when it was seen before, or is not there."""
        seen = views_incidents.see(tx, incident_id, self._who)
        if seen:
            self._note(tx, "incident_seen", incident_id, {})
        return seen

    def silence(self, tx: Tx, one: Troubled, seconds: int, *, kind_whole: bool = False) -> Silence:
        """Nobody is told of this (or of anything of its kind) until then; a reason is asked for."""
        return self.silence_of(tx, one.kind, "" if kind_whole else one.subject, seconds)

    def silence_of(self, tx: Tx, kind: str, subject: str, seconds: int) -> Silence:
        """The same by kind and subject; an empty one means any."""
        if not self._reason:
            raise Unfit("напишите, почему: это останется в журнале / say why: it is kept")
        if not 0 < seconds <= SILENCE_MOST:
            raise Unfit("тишина — не дольше 30 дней / a silence lasts 30 days at most")
        made = Silence(
            self._keys.new(), kind, subject, tx.now + seconds * 1000, self._who, self._reason, tx.now
        )
        silences.add(tx, made)
        self._note(tx, "silence_add", made.id, {"kind": kind, "subject": subject, "until": made.until})
        return made

    def unsilence(self, tx: Tx, silence_id: str) -> None:
        """People are told again from now on."""
        if not silences.end(tx, silence_id):
            raise Unfit("этой тишины нет или она уже кончилась / there is no such silence, or it is over")
        self._note(tx, "silence_end", silence_id, {})

    def _note(self, tx: Tx, verb: str, subject: str, body: object) -> None:
        people.note_deed(
            tx, self._keys.new(), who=self._who, verb=verb, subject=subject, reason=self._reason,
            body=msgspec.json.encode(body),
        )  # fmt: skip
