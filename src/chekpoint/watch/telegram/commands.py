"""What people may command in a chat: see how things stand, say that they have seen it, ask for silence.

Answers are plain text; the one who posts them escapes them.
"""

import re
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from chekpoint.core.errors import Unfit
from chekpoint.hub.alarms import Alarms, find, handle, span
from chekpoint.hub.names import Keys
from chekpoint.hub.places import places, reasons_of
from chekpoint.store import alerts, views
from chekpoint.store.alerts import Troubled
from chekpoint.store.journal import Tx
from chekpoint.store.stakes import stakes
from chekpoint.watch.telegram.texts import TEXTS
from chekpoint.watch.wording import Tongue

SHOWN: Final = 10  # incidents in one answer
_COMMAND: Final = re.compile(
    r"/([a-z]+)(?:_([0-9a-f]{4,32}))?(?:@\w+)?(?:\s+(.*))?", re.DOTALL | re.IGNORECASE
)


class Command(NamedTuple):
    """What was typed: the verb, the incident's short name where the verb carries it, and the rest."""

    verb: str
    name: str
    rest: str


def parse(text: str) -> Command | None:
    """A command; None for anything else that people write to each other."""
    found = _COMMAND.fullmatch(text.strip())
    if found is None:
        return None
    return Command(found[1].lower(), (found[2] or "").lower(), (found[3] or "").strip())


class Orders:
    """The verbs of one person in one chat."""

    def __init__(self, keys: Keys, *, who: str, lang: str, zone: ZoneInfo) -> None:
        self._keys, self._who, self._zone = keys, who, zone
        self._say, self._tongue = TEXTS[lang if lang in TEXTS else "ru"], Tongue(lang, zone)

    def obey(self, tx: Tx, command: Command) -> str:
        """Do it, in a unit; what to answer."""
        try:
            match command.verb:
                case "status":
                    return self.status(tx)
                case "ack":
                    return self._ack(tx, command)
                case "silence":
                    return self._silence(tx, command)
                case "help" | "start":
                    return self._say["help"]
                case _:
                    return self._say["unknown"] + "\n" + self._say["help"]
        except Unfit as wrong:
            return self._say["refused"].format(why=wrong)

    def seen(self, tx: Tx, incident_id: str) -> str:
        """The button under a message."""
        one = alerts.incident_of(tx, incident_id)
        if one is None or one.closed_at is not None:
            return self._say["over"]
        return self._acknowledge(tx, one, "")

    def _ack(self, tx: Tx, command: Command) -> str:
        name, reason = _named(command)
        return self._acknowledge(tx, find(tx, name), reason) if name else self._say["ack_what"] + "\n" + self._list(tx)  # fmt: skip

    def _acknowledge(self, tx: Tx, one: Troubled, reason: str) -> str:
        seen = Alarms(self._keys, who=self._who, reason=reason).acknowledge(tx, one.id)
        return self._say["acked" if seen else "acked_before"].format(text=self._text(one))

    def _silence(self, tx: Tx, command: Command) -> str:
        name, rest = _named(command)
        length, _, reason = rest.partition(" ")
        if not name or not length:
            return self._say["silence_how"] + "\n" + self._list(tx)
        made = Alarms(self._keys, who=self._who, reason=reason).silence(tx, find(tx, name), span(length))
        return self._say["silenced"].format(until=self._tongue.clock(made.until), text=self._text(find(tx, name)))  # fmt: skip

    def status(self, tx: Tx) -> str:
        """The chain in a few lines, and what is open."""
        chain, say, at = views.chain(tx), self._say, self._tongue
        lanes = [lane for lane in chain.lanes if lane.enabled]
        bad = [lane for lane in lanes if lane.block is not None]
        waits = stakes(tx)
        ago = say["never"] if chain.accepted_at is None else say["ago"].format(span=at.span(tx.now - chain.accepted_at))  # fmt: skip
        lines = [
            say["shop"].format(ago=ago),
            say["queue"].format(count=at.count(waits.receipts, "receipts"), sum=at.money(waits.kopecks))
            if waits.receipts
            else say["queue_empty"],
            say["registers"].format(good=len(lanes) - len(bad), all=len(lanes))
            + "".join(f" «{lane.name}»: {lane.block}." for lane in bad[:5]),
            say["operator"].format(count=at.count(waits.documents, "documents"))
            if waits.documents
            else say["operator_empty"],
        ]
        return "\n".join([*lines, "", self._list(tx)])

    def _list(self, tx: Tx) -> str:
        """Open incidents, the worst first; what follows from another stands under it."""
        opened = alerts.open_now(tx)
        if not opened:
            return self._say["none"]
        reasons = reasons_of(opened, (), places(tx, opened), tx.now)
        roots = sorted(
            (one for one in opened if one.id not in reasons), key=lambda one: (one.severity != "critical", one.opened_at)
        )  # fmt: skip
        lines = [self._line(one, sum(root == one.id for root in reasons.values()), tx.now) for one in roots]
        more = len(lines) - SHOWN
        return "\n".join(
            [
                self._say["opened"].format(count=len(opened)),
                *lines[:SHOWN],
                *([self._say["more"].format(count=more)] if more > 0 else []),
            ]
        )

    def _line(self, one: Troubled, follows: int, now: int) -> str:
        sign = "🔴" if one.severity == "critical" else "🟡"
        mark = self._say["seen_mark"] if one.seen_at is not None else ""
        tail = self._say["follows"].format(count=follows) if follows else ""
        return f"{sign} {handle(one.id)}{mark} {self._text(one)} ({self._tongue.span(now - one.opened_at)}){tail}"

    def _text(self, one: Troubled) -> str:
        text = one.text_en if self._say is TEXTS["en"] else one.text_ru
        return text if len(text) <= 160 else text[:160].rstrip() + "…"


def _named(command: Command) -> tuple[str, str]:
    """The incident's short name, and what follows it."""
    if command.name:
        return command.name, command.rest
    name, _, rest = command.rest.partition(" ")
    return name, rest.strip()
