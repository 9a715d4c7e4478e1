"""What people are told: what broke, since when, what waits, what the law says will happen, what to do, and where.

A message is worded when it leaves, so that its numbers are those of that moment.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from chekpoint.core.clock import from_epoch_ms
from chekpoint.core.errors import NotSent
from chekpoint.core.ports import Alert
from chekpoint.hub.causes import Link, trait_of
from chekpoint.store.alerts import Letter, Troubled
from chekpoint.store.incidents import Words
from chekpoint.store.stakes import COUNTED, Stakes
from chekpoint.watch.refusals import Refused
from chekpoint.watch.wording_texts import TEXTS

TITLE_MOST: Final = 200
LISTED: Final = 10  # incidents of a kind that one message names
BLOCKED_AFTER: Final = timedelta(days=30)  # unsent documents lock the fiscal drive
_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+")
_STEPS: Final = ((86_400, "days"), (3600, "hours"), (60, "minutes"), (1, "seconds"))
_SIGNS: Final = {"critical": "🔴", "warning": "🟡"}


class Scene(NamedTuple):
    """What a message is made of."""

    one: Troubled
    stakes: Stakes
    follows: int  # open incidents that this one explains
    now: int
    zone: ZoneInfo
    address: str  # of this hub, as people reach it; no slash at the end


def word(letter: Letter, scene: Scene, lang: str) -> Alert:
    """The message about an incident."""
    tongue, one = Tongue(lang, scene.zone), scene.one
    first, rest = _split(one.text_ru if lang == "ru" else one.text_en)
    heading = _heading(letter, one, tongue)
    lines = [rest, *_lines(letter, scene, tongue)]
    return Alert(
        id=letter.id, phase=letter.phase, severity=one.severity, title=f"{heading}: {first}",
        text="\n".join(line for line in lines if line), url=f"{scene.address}/incidents#i{one.id}",
        incident_id=one.id,
    )  # fmt: skip


def several(letter: Letter, every: Sequence[Troubled], scene: Scene, lang: str) -> Alert:
    """One message about many incidents of one kind; the first is its title."""
    tongue, texts = Tongue(lang, scene.zone), [one.text_ru if lang == "ru" else one.text_en for one in every]
    firsts = [_split(text)[0] for text in texts]
    heading = _heading(letter, scene.one, tongue)
    lines = [tongue.say("several", count=len(every)), *(f"• {first}" for first in firsts[:LISTED])]
    if len(every) > LISTED:
        lines.append(tongue.say("several_more", count=len(every) - LISTED))
    lines += [_waiting(scene, tongue), _law(scene, tongue) if letter.phase != "recovered" else ""]
    return Alert(
        id=letter.id, phase=letter.phase, severity=scene.one.severity,
        title=f"{heading}: {firsts[0]} {tongue.say('several_short', count=len(every) - 1)}",
        text="\n".join(line for line in lines if line), url=f"{scene.address}/incidents",
    )  # fmt: skip


def trial_message(alert_id: str, channel: str, lang: str, address: str) -> Alert:
    """What the test button sends."""
    say = TEXTS[lang]
    return Alert(
        id=alert_id, phase="test", severity="warning", title=say["test"].format(channel=channel),
        text=say["test_means"], url=f"{address}/channels",
    )  # fmt: skip


def channel_failing(name: str, refusal: NotSent, waiting: int) -> Words:
    """A channel does not take what it is given."""
    ru, en = (refusal.ru, refusal.en) if isinstance(refusal, Refused) else (refusal.message, refusal.message)
    later = (f" Ждут отправки: {waiting}.", f" Waiting to be sent: {waiting}.") if waiting else ("", "")
    return Words(
        "critical",
        f"Канал «{name}» не принимает сообщения: {ru}.{later[0]} Проверьте его настройки и нажмите «Проверить».",
        f"Channel “{name}” takes no messages: {en}.{later[1]} Check its settings and press “Test”.",
    )


def _split(text: str) -> tuple[str, str]:
    """The first sentence, which is the title, and the others."""
    first, *rest = _SENTENCE.split(text.strip(), maxsplit=1)
    if len(first) > TITLE_MOST:
        return first[:TITLE_MOST].rstrip() + "…", text.strip()
    return first, rest[0] if rest else ""


def _heading(letter: Letter, one: Troubled, tongue: "Tongue") -> str:
    if letter.phase == "recovered":
        return f"🟢 {tongue.say('recovered')}"
    sign, severity = _SIGNS.get(one.severity, "🟡"), tongue.say(f"severity.{one.severity}")
    if letter.phase == "reminder":
        return f"{sign} {tongue.say('reminder', number=letter.number + 1)}, {severity.lower()}"
    return f"{sign} {tongue.say('worse')}" if letter.phase == "worse" else f"{sign} {severity}"


def _lines(letter: Letter, scene: Scene, tongue: "Tongue") -> list[str]:
    one = scene.one
    if one.closed_at is not None:
        lasted = tongue.say(
            "lasted", span=tongue.span(one.closed_at - one.opened_at), since=tongue.clock(one.opened_at),
            until=tongue.clock(one.closed_at),
        )  # fmt: skip
        late = tongue.say("told_late") if letter.phase != "recovered" else ""
        return [lasted, late, _waiting(scene, tongue)]
    return [
        tongue.say("since", since=tongue.clock(one.opened_at), span=tongue.span(scene.now - one.opened_at)),
        _waiting(scene, tongue) or _nothing_waits(one, tongue),
        _law(scene, tongue),
        tongue.say("follows", count=scene.follows) if scene.follows else "",
    ]


def _waiting(scene: Scene, tongue: "Tongue") -> str:
    """Receipts that wait and documents that are not confirmed; empty when there are none."""
    stakes, said = scene.stakes, []
    if stakes.receipts:
        said.append(
            tongue.say(
                "receipts",
                count=tongue.count(stakes.receipts, "receipts"),
                sum=tongue.money(stakes.kopecks),
                span=tongue.span(scene.now - (stakes.since or scene.now)),
            )
        )
    if stakes.documents and _is_about_documents(scene.one):
        said.append(tongue.say("documents", count=tongue.count(stakes.documents, "documents")))
    return " ".join(said)


def _is_about_documents(one: Troubled) -> bool:
    return trait_of(one.kind).link in {Link.DRIVE, Link.OPERATOR, Link.TAX}


def _nothing_waits(one: Troubled, tongue: "Tongue") -> str:
    return "" if trait_of(one.kind).link is Link.TAX else tongue.say("nothing_waits")


def _law(scene: Scene, tongue: "Tongue") -> str:
    """What happens at the legal deadline, where one is near this incident."""
    one, stakes = scene.one, scene.stakes
    if "shift" in one.kind:
        return tongue.say("law.shift")
    if _is_about_documents(one):
        if not stakes.documents or stakes.documents_since is None:
            return ""
        until = tongue.local(stakes.documents_since) + BLOCKED_AFTER
        return tongue.say("law.drive", until=f"{until:%d.%m.%Y}")
    if not stakes.receipts or stakes.deadline is None:
        return ""
    left = stakes.deadline - scene.now
    key = "law.receipt" if left > 0 else "law.receipt_late"
    return tongue.say(key, until=tongue.clock(stakes.deadline), span=tongue.span(abs(left)))


class Tongue:
    """One language and the sellers' zone: numbers, moments and spans as people write them."""

    def __init__(self, lang: str, zone: ZoneInfo) -> None:
        self._texts: Mapping[str, str] = TEXTS[lang if lang in TEXTS else "ru"]
        self._comma = "," if lang != "en" else "."
        self._zone = zone

    def say(self, key: str, /, **values: object) -> str:
        """A text with its values."""
        return self._texts[key].format(**values)

    def local(self, ms: int) -> datetime:
        """A moment in the sellers' zone."""
        return from_epoch_ms(ms).astimezone(self._zone)

    def clock(self, ms: int) -> str:
        """``24.11.2026 12:03:10``."""
        return f"{self.local(ms):%d.%m.%Y %H:%M:%S}"

    def span(self, ms: int) -> str:
        """A length of time in its two largest units: ``1 ч 20 мин``."""
        seconds, said = max(ms, 0) // 1000, list[str]()
        for size, unit in _STEPS:
            if seconds >= size or (unit == "seconds" and not said):
                said.append(f"{seconds // size} {self._texts[f'span.{unit}']}")
                seconds %= size
            elif said:
                break
            if len(said) == 2:
                break
        return " ".join(said)

    def money(self, kopecks: int) -> str:
        """``1 234,50 ₽``."""
        roubles, part = divmod(kopecks, 100)
        return f"{roubles:,}".replace(",", " ") + f"{self._comma}{part:02d} ₽"

    def count(self, number: int, unit: str) -> str:
        """``5 чеков``: a count with the form of its unit; a count that stopped says "at least" by a plus."""
        forms = self._texts[f"unit.{unit}"].split("|")
        tail = "+" if number >= COUNTED else ""
        return f"{number}{tail} {forms[_form(number, len(forms))]}"


def _form(count: int, forms: int) -> int:
    if forms == 2:
        return 0 if count == 1 else 1
    if count % 100 in range(11, 15):
        return 2
    return 0 if count % 10 == 1 else 1 if count % 10 in {2, 3, 4} else 2
