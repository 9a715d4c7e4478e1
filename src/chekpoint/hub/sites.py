"""Sites that are looked at: what a person may set, checked; and their verbs, each with an audit row."""

from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec

from chekpoint.core.errors import Unfit
from chekpoint.hub.calling import is_address
from chekpoint.hub.journeys import ENCODE as ENCODE_JOURNEY
from chekpoint.hub.journeys import STAGES_MOST, Do, Journey, JourneyFault, Stage, checked
from chekpoint.hub.kinds import Unfilled, Words
from chekpoint.hub.names import Keys
from chekpoint.store import incidents, people, probes, sites, suspicions
from chekpoint.store.journal import Tx
from chekpoint.store.sites import Site

NAME_MOST: Final = 64
EVERY_LEAST: Final = 10
EVERY_MOST: Final = 86_400
EVERY: Final = 60
ROWS_MOST: Final = STAGES_MOST + 3  # of a form: some are empty
PAGE, JOURNEY, ASKED, TURN = "site", "journey", "site_asked", "site_turn"
"""Kinds of probes about a site: its page, a buyer's journey, a person's wish to look at once, whose turn it is."""
DOWN, BROKEN = "site_down", "site_journey"
"""Kinds of incidents about a site."""


class Wanted(NamedTuple):
    """What a person wants a site to be."""

    name: str
    url: str
    shop_id: str | None = None
    expected: str | None = None
    journey: Journey = ()
    every_seconds: int = EVERY
    enabled: bool = True

    def site(self, key: str) -> Site:
        """The row of it."""
        journey = ENCODE_JOURNEY(self.journey) if self.journey else None
        return Site(
            key, self.shop_id, self.name, self.url, self.expected, journey, self.every_seconds, int(self.enabled)
        )  # fmt: skip


def wanted(fields: Mapping[str, str], shops: frozenset[str]) -> Wanted:
    """A site out of a form; raises Unfilled with every fault at its field. ``shops``: the ids there are."""
    faults: dict[str, Words] = {}
    name, url, expected = (fields.get(key, "").strip() for key in ("name", "url", "expected"))
    if not (0 < len(name) <= NAME_MOST and name.isprintable()):
        faults["name"] = (
            f"Название: от 1 до {NAME_MOST} печатных знаков.",
            f"A name: 1 to {NAME_MOST} printable characters.",
        )
    if not is_address(url):
        faults["url"] = _NO_ADDRESS
    if len(expected) > NAME_MOST or not expected.isprintable():
        faults["expected"] = (
            f"Не длиннее {NAME_MOST} печатных знаков.",
            f"At most {NAME_MOST} printable characters.",
        )
    shop = fields.get("shop", "") or None
    if shop is not None and shop not in shops:
        faults["shop"] = ("Такого магазина нет.", "There is no such shop.")
    every, journey = _every(fields, faults), _journey(fields, faults)
    if faults:
        raise Unfilled(faults)
    return Wanted(name, url, shop, expected or None, journey, every, bool(fields.get("enabled")))


_NO_ADDRESS: Final = (
    "Полный адрес без логина и пароля: https://магазин.рф/.",
    "A whole address without login and password: https://shop.example/.",
)


def _every(fields: Mapping[str, str], faults: dict[str, Words]) -> int:
    text = fields.get("every", "").strip() or str(EVERY)
    if text.isascii() and text.isdigit() and len(text) < 7 and EVERY_LEAST <= int(text) <= EVERY_MOST:
        return int(text)
    faults["every"] = (
        f"Секунды: от {EVERY_LEAST} до {EVERY_MOST}.",
        f"Seconds: {EVERY_LEAST} to {EVERY_MOST}.",
    )
    return EVERY


def _journey(fields: Mapping[str, str], faults: dict[str, Words]) -> Journey:
    """The rows of a form; an empty one is skipped, so that a step is removed by emptying it."""
    rows: dict[int, Stage] = {}
    for number in range(1, ROWS_MOST + 1):
        do, what, value = (
            fields.get(f"stage-{number}-{part}", "").strip() for part in ("do", "what", "value")
        )
        if do in _KNOWN:
            rows[number] = Stage(do=Do(do), what=what, value=value)
        elif do or what or value:
            faults[f"stage-{number}"] = ("Выберите действие из списка.", "Choose what to do from the list.")
    return _checked(rows, faults) if rows else ()


_KNOWN: Final = frozenset(Do)


def _checked(rows: Mapping[int, Stage], faults: dict[str, Words]) -> Journey:
    places = list(rows)
    try:
        return checked(tuple(rows.values()))
    except JourneyFault as wrong:
        for n, words in wrong.faults.items():
            faults[f"stage-{places[n - 1]}" if n else "stages"] = words
        return ()


def fields_of(site: Site, journey: Journey) -> dict[str, str]:
    """What the form shows of a site."""
    fields = {
        "name": site.name, "url": site.url, "shop": site.shop_id or "", "expected": site.expected or "",
        "every": str(site.every_seconds), "enabled": "on" if site.enabled else "",
    }  # fmt: skip
    for n, stage in enumerate(journey, 1):
        fields |= {f"stage-{n}-do": stage.do, f"stage-{n}-what": stage.what, f"stage-{n}-value": stage.value}
    return fields


class SiteVerbs:
    """The verbs. ``who`` and ``reason`` go into the audit; each raises Unfit where it cannot be."""

    def __init__(self, keys: Keys, *, who: str, reason: str = "") -> None:
        self._keys, self._who, self._reason = keys, who, reason

    def add(self, tx: Tx, wish: Wanted) -> str:
        """A new site; its id."""
        made = wish.site(self._keys.new())
        self._unique(tx, made)
        sites.add(tx, made)
        self._note(tx, "site_add", made)
        return made.id

    def change(self, tx: Tx, site_id: str, wish: Wanted) -> None:
        """Another address, other steps. What was seen with the old ones says nothing any more."""
        made, old = wish.site(site_id), known(tx, site_id)
        self._unique(tx, made)
        sites.change(tx, made)
        for kind in (PAGE, JOURNEY) if made != old else ():
            probes.forget(tx, kind, site_id)
        self._note(tx, "site_change", made)

    def remove(self, tx: Tx, site_id: str) -> None:
        """It is not looked at any more; its incidents are over."""
        old = known(tx, site_id)
        sites.remove(tx, site_id)
        for kind in (PAGE, JOURNEY, ASKED):
            probes.forget(tx, kind, site_id)
            probes.forget(tx, TURN, turn(kind, site_id))
        for kind in (DOWN, BROKEN):
            incidents.close(tx, kind, site_id)
            suspicions.forget(tx, kind, site_id)
        self._note(tx, "site_remove", old)

    def look(self, tx: Tx, site_id: str) -> None:
        """Ask for a look at once; whichever node probes sites sees the wish within a second."""
        probes.note(tx, ASKED, known(tx, site_id).id, True, b"{}")

    def _unique(self, tx: Tx, made: Site) -> None:
        if any(one.name == made.name and one.id != made.id for one in sites.every(tx)):
            raise Unfit(f"сайт «{made.name}» уже есть / there is a site {made.name}")

    def _note(self, tx: Tx, verb: str, one: Site) -> None:
        body = msgspec.json.encode(
            {"name": one.name, "url": one.url, "every": one.every_seconds, "enabled": one.enabled}
        )
        people.note_deed(
            tx, self._keys.new(), who=self._who, verb=verb, subject=one.id, reason=self._reason, body=body
        )  # fmt: skip


def turn(kind: str, site_id: str) -> str:
    """The subject of TURN: nodes take turns at each kind of look at a site."""
    return f"{kind}:{site_id}"


def known(tx: Tx, site_id: str) -> Site:
    """The site of that id; raises Unfit."""
    found = sites.one(tx, site_id)
    if found is None:
        raise Unfit("такого сайта нет / there is no such site")
    return found
