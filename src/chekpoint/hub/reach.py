"""Channels as people set them up: what each kind asks, what is checked before it is stored, and the audited verbs."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from chekpoint.core.errors import Unfit
from chekpoint.hub.causes import CHANNEL_FAILING
from chekpoint.hub.daytime import is_time
from chekpoint.hub.joining import answered
from chekpoint.hub.kinds import Ask, Unfilled, Words
from chekpoint.hub.names import Keys
from chekpoint.store import alerts, channels, incidents, people
from chekpoint.store.channels import Channel
from chekpoint.store.journal import Tx

NAME_MOST: Final = 64
AFTER_MOST: Final = 7 * 24 * 60  # minutes
MASK: Final = "•••"
SEVERITIES: Final = ("warning", "critical")
LANGS: Final = ("ru", "en")
_MISFIT: Final[Words] = ("Не подходит", "It does not fit")


class Secretive(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings that hold a secret: they do not show themselves in a log or a traceback."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({MASK})"


class ChannelKind(NamedTuple):
    """One kind of channel. ``form`` is the Struct of its settings; ``asks`` names its fields."""

    kind: str
    title: Words
    means: Words
    asks: tuple[Ask, ...]
    form: type[msgspec.Struct]

    def config(self, given: Mapping[str, str], old: bytes | None = None) -> bytes:
        """The settings as they are stored; a secret left empty stays as it was. Raises Unfilled."""
        before = _values(old)
        asks = [ask._replace(required=ask.required and not (ask.secret and before.get(ask.name))) for ask in self.asks]  # fmt: skip
        said = answered(asks, given)
        kept = {ask.name: before[ask.name] for ask in self.asks if ask.secret and before.get(ask.name)}
        values = kept | {name: value for name, value in said.items() if value}
        if faults := self._faults(values):
            raise Unfilled(faults)
        try:
            return msgspec.json.encode(msgspec.convert(values, self.form, strict=False))
        except msgspec.ValidationError as error:  # of a form that compares its fields
            name, _, why = str(error).partition(": ")
            field = name if name in {ask.name for ask in self.asks} else self.asks[0].name
            raise Unfilled({field: _misfit(why or name)}) from error

    def _faults(self, values: Mapping[str, Any]) -> dict[str, Words]:
        """Every field that does not fit, each by itself."""
        types = {field.name: field.type for field in msgspec.structs.fields(self.form)}
        faults: dict[str, Words] = {}
        for ask in self.asks:
            if ask.name in values:
                try:
                    msgspec.convert(values[ask.name], types[ask.name], strict=False)
                except msgspec.ValidationError as error:
                    faults[ask.name] = _unlike(ask, str(error))
        return faults

    def shown(self, config: bytes, lang: str = "ru") -> list[tuple[Words, str]]:
        """The settings as a person may see them: no secrets."""
        values = _values(config)
        return [
            (ask.label, MASK if ask.secret else _chosen(ask, str(values[ask.name]), lang))
            for ask in self.asks
            if values.get(ask.name) not in (None, "")
        ]

    def filled(self, config: bytes) -> dict[str, str]:
        """The settings as a form shows them to be changed; secrets are empty."""
        values = _values(config)
        return {ask.name: "" if ask.secret else _typed(values.get(ask.name)) for ask in self.asks}


def _typed(value: Any) -> str:
    """A setting as a person types it; yes and no are words."""
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _values(config: bytes | None) -> dict[str, Any]:
    return msgspec.json.decode(config, type=dict[str, Any]) if config else {}


def _misfit(why: str) -> Words:
    return f"{_MISFIT[0]}: {why}.", f"{_MISFIT[1]}: {why}."


def _unlike(ask: Ask, why: str) -> Words:
    """A pattern says nothing to a person: the hint does."""
    if "regex" not in why:
        return _misfit(why)
    ru, en = ask.hint[0] or ask.label[0], ask.hint[1] or ask.label[1]
    return f"{_MISFIT[0]}: ожидается «{ru}».", f"{_MISFIT[1]}: “{en}” is expected."


def _chosen(ask: Ask, value: str, lang: str) -> str:
    place = 1 if lang == "en" else 0
    return next((words[place] for choice, words in ask.choices if choice == value.lower()), value)


class Plan(NamedTuple):
    """A channel as a person wants it, checked."""

    name: str
    config: bytes
    enabled: bool
    severity: str
    after_seconds: int
    quiet_from: str | None
    quiet_until: str | None
    lang: str


def plan_of(
    kind: ChannelKind, given: Mapping[str, str], taken: Iterable[str], old: Channel | None = None
) -> Plan:
    """The checked answers; raises Unfilled with everything that is wrong at once."""
    faults: dict[str, Words] = {}
    name = given.get("name", "").strip()
    if not (0 < len(name) <= NAME_MOST and name.isprintable()):
        faults["name"] = (f"Название: от 1 до {NAME_MOST} знаков.", f"A name has 1 to {NAME_MOST} characters.")  # fmt: skip
    elif name in set(taken) - ({old.name} if old else set()):
        faults["name"] = ("Такое название уже есть.", "This name is taken.")
    severity = _one_of(given, "severity", SEVERITIES, faults)
    lang = _one_of(given, "lang", LANGS, faults)
    after = _minutes(given.get("after", ""), faults)
    quiet = _quiet(given, faults)
    config = b""
    try:
        config = kind.config(given, old.config if old else None)
    except Unfilled as wrong:
        faults |= wrong.faults
    if faults:
        raise Unfilled(faults)
    return Plan(name, config, given.get("enabled", "on") == "on", severity, after * 60, *quiet, lang)


def _one_of(given: Mapping[str, str], field: str, known: tuple[str, ...], faults: dict[str, Words]) -> str:
    word = given.get(field, "").strip() or known[0]
    if word not in known:
        faults[field] = (f"Одно из: {', '.join(known)}.", f"One of: {', '.join(known)}.")
    return word


def _minutes(text: str, faults: dict[str, Words]) -> int:
    text = text.strip() or "0"
    if not (text.isascii() and text.isdigit() and len(text) < 6 and int(text) <= AFTER_MOST):
        faults["after"] = (f"Минуты, от 0 до {AFTER_MOST}.", f"Minutes, 0 to {AFTER_MOST}.")
        return 0
    return int(text)


def _quiet(given: Mapping[str, str], faults: dict[str, Words]) -> tuple[str | None, str | None]:
    begin, end = given.get("quiet_from", "").strip(), given.get("quiet_until", "").strip()
    if not begin and not end:
        return None, None
    for field, text in (("quiet_from", begin), ("quiet_until", end)):
        if not is_time(text):
            faults[field] = ("Время ЧЧ:ММ, и начало, и конец.", "A time HH:MM, both the beginning and the end.")  # fmt: skip
    if begin == end:
        faults["quiet_until"] = ("Начало и конец совпадают.", "The beginning and the end are the same.")
    return begin, end


class Reach:
    """The verbs over channels. ``who`` and ``reason`` go into the audit; secrets never do."""

    def __init__(self, keys: Keys, *, who: str, reason: str = "") -> None:
        self._keys, self._who, self._reason = keys, who, reason

    def add(self, tx: Tx, kind: ChannelKind, plan: Plan) -> str:
        """A new channel; its id. Raises Unfit when the name was taken meanwhile."""
        self._free(tx, plan.name, "")
        key = self._keys.new()
        channels.add(tx, Channel(key, kind.kind, **plan._asdict()))
        self._note(tx, "channel_add", key, _told(kind, plan))
        return key

    def change(self, tx: Tx, kind: ChannelKind, channel_id: str, plan: Plan) -> None:
        """Other settings; raises Unfit when it is not there any more."""
        self._free(tx, plan.name, channel_id)
        if not channels.change(tx, Channel(channel_id, kind.kind, **plan._asdict())):
            raise Unfit("канала больше нет / the channel is gone")
        if not plan.enabled:
            self._quieten(tx, channel_id)
        self._note(tx, "channel_change", channel_id, _told(kind, plan))

    def remove(self, tx: Tx, channel_id: str) -> None:
        """Told nothing any more; what it was told stays to be seen, its secrets are forgotten. Raises Unfit."""
        if not channels.remove(tx, channel_id):
            raise Unfit("канала нет или он уже удалён / there is no such channel, or it is removed")
        self._quieten(tx, channel_id)
        self._note(tx, "channel_remove", channel_id, {})

    @staticmethod
    def _quieten(tx: Tx, channel_id: str) -> None:
        alerts.drop(tx, channel_id)
        incidents.close(tx, CHANNEL_FAILING, channel_id)

    @staticmethod
    def _free(tx: Tx, name: str, channel_id: str) -> None:
        if any(one.name == name and one.id != channel_id for one in channels.channels(tx)):
            raise Unfit(f"канал «{name}» уже есть / there is a channel {name}")

    def _note(self, tx: Tx, verb: str, subject: str, body: object) -> None:
        people.note_deed(
            tx, self._keys.new(), who=self._who, verb=verb, subject=subject, reason=self._reason,
            body=msgspec.json.encode(body),
        )  # fmt: skip


def _told(kind: ChannelKind, plan: Plan) -> dict[str, Any]:
    shown = {words[1]: value for words, value in kind.shown(plan.config)}
    return plan._asdict() | {"config": shown, "kind": kind.kind}
