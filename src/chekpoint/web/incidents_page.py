"""Incidents: what is wrong now with what follows from it, who was told, and what was."""

import re
from typing import Any, Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chekpoint.core.errors import Unfit
from chekpoint.hub.alarms import REASON_MOST, Alarms, span
from chekpoint.hub.causes import CHANNEL_FAILING, About, trait_of
from chekpoint.hub.places import places, reasons_of
from chekpoint.store import alerts, channels, silences, views_incidents, views_registers
from chekpoint.store.alerts import TOLD, Told
from chekpoint.store.journal import Tx
from chekpoint.store.silences import Silence, muted
from chekpoint.store.views_incidents import Incident
from chekpoint.web import forms
from chekpoint.web.desk import back, desk_of, key_of, member, tell

_KEY: Final = re.compile(r"[0-9a-f]{32}")
OF_SITE: Final = frozenset({"site_down", "site_journey"})
_PAGES: Final = {About.RECEIPT: "receipts", About.REGISTER: "registers", About.SHOP: "shops"}
SPANS: Final = ("1h", "4h", "24h", "7d")


def place_of(kind: str, subject: str) -> str | None:
    """The page where an incident's subject is, if it has one."""
    if kind == CHANNEL_FAILING:
        return f"/channels/{subject}"
    if kind in OF_SITE:
        return f"/sites/{subject}"
    page = _PAGES.get(trait_of(kind).about)
    if page is None or (page != "registers" and not _KEY.fullmatch(subject)):
        return None
    return f"/{page}/{subject}"


class Heard(NamedTuple):
    """What one channel knows of one incident. Moments are milliseconds UTC."""

    channel: str
    at: int | None  # told; None: not yet
    reminders: int
    end_at: int | None  # told that it is over
    waiting: bool
    error: str | None  # why the last word has not been taken


class Item(NamedTuple):
    """An incident as it is drawn."""

    one: Incident
    heard: tuple[Heard, ...]
    follows: tuple["Item", ...]
    silence: Silence | None


def heard_of(told: list[Told], names: dict[str, str]) -> tuple[Heard, ...]:
    """By channel, in the order in which they were told."""
    by_channel: dict[str, list[Told]] = {}
    for one in told:
        if one.state != "dropped":
            by_channel.setdefault(one.channel_id, []).append(one)
    return tuple(_heard(names.get(channel, channel), words) for channel, words in by_channel.items())


def _heard(name: str, words: list[Told]) -> Heard:
    sent = [one for one in words if one.sent_at is not None]
    last = words[-1]
    return Heard(
        name, next((one.sent_at for one in sent if one.phase in TOLD), None),
        sum(one.phase == "reminder" for one in sent),
        next((one.sent_at for one in sent if one.phase == "recovered"), None),
        last.state in {"waiting", "sending"}, last.error if last.sent_at is None else None,
    )  # fmt: skip


@member
async def show(request: Request) -> Response:
    """Open ones first, each with what follows from it; then past ones by pages."""
    desk, before = desk_of(request), request.query_params.get("before", "")
    start = before if _KEY.fullmatch(before) else views_incidents.LAST

    def look(tx: Tx) -> dict[str, Any]:
        past = views_incidents.past(tx, start)
        return {
            "opened": _opened(tx), "past": _past(tx, past), "names": views_registers.names(tx),
            "silences": _quiet(tx), "deaf": not any(one.enabled for one in channels.channels(tx)),
            "following": past[-1].id if len(past) == views_incidents.PAGE else None,
        }  # fmt: skip

    found = await desk.store.read(look)
    return await desk.page(
        request, "incidents.html", place_of=place_of, spans=SPANS, reason_most=REASON_MOST, **found
    )


def _quiet(tx: Tx) -> list[tuple[Silence, Incident | None]]:
    """What is silent now, each with an open incident that it mutes, where there is one."""
    opened = views_incidents.opened(tx)
    return [
        (one, next((other for other in opened if one.covers(other.kind, other.subject, tx.now)), None))
        for one in silences.lasting(tx)
    ]


def _opened(tx: Tx) -> list[Item]:
    opened = views_incidents.opened(tx)
    reasons = reasons_of(opened, (), places(tx, opened), tx.now)
    quiet, heard = silences.lasting(tx), _told(tx, opened)

    def item(one: Incident, follows: tuple[Item, ...] = ()) -> Item:
        return Item(one, heard.get(one.id, ()), follows, muted(quiet, one.kind, one.subject, tx.now))

    under: dict[str, list[Item]] = {}
    for one in opened:
        if one.id in reasons:
            under.setdefault(_root(one.id, reasons), []).append(item(one))
    return [item(one, tuple(under.get(one.id, ()))) for one in opened if one.id not in reasons]


def _root(incident_id: str, reasons: dict[str, str]) -> str:
    """The first cause; a ring of causes ends where it was entered."""
    seen = {incident_id}
    while (above := reasons.get(incident_id)) is not None and above not in seen:
        incident_id = above
        seen.add(above)
    return incident_id


def _past(tx: Tx, past: list[Incident]) -> list[Item]:
    heard = _told(tx, past)
    return [Item(one, heard.get(one.id, ()), (), None) for one in past]


def _told(tx: Tx, shown: list[Incident]) -> dict[str, tuple[Heard, ...]]:
    names, by_incident = channels.names(tx), dict[str, list[Told]]()
    for one in alerts.told(tx, [incident.id for incident in shown]):
        by_incident.setdefault(one.incident_id or "", []).append(one)
    return {key: heard_of(told, names) for key, told in by_incident.items()}


@member
async def see(request: Request) -> Response:
    """A person says that they have seen it; it stays open until it is seen to be right."""
    desk, incident_id = desk_of(request), key_of(request, "incident")
    fields = await forms.read(request)
    try:
        verbs = Alarms(desk.keys, who=request.state.person.login, reason=fields.get("reason", ""))
    except Unfit as wrong:
        tell(request, "verb.failed", "bad", why=str(wrong))
        return back("/incidents")
    seen = await desk.store.write(lambda tx: verbs.acknowledge(tx, incident_id))
    tell(request, "incident.seen_done" if seen else "incident.seen_before")
    return back("/incidents")


@member
async def silence(request: Request) -> Response:
    """A person does not want to hear of it for a time, and says why."""
    desk, incident_id = desk_of(request), key_of(request, "incident")
    fields = await forms.read(request)

    def unit(tx: Tx) -> None:
        one = alerts.incident_of(tx, incident_id)
        if one is None or one.closed_at is not None:
            raise Unfit("происшествие уже закрыто / the incident is closed")
        verbs = Alarms(desk.keys, who=request.state.person.login, reason=fields.get("reason", ""))
        verbs.silence(tx, one, span(fields.get("span", "")), kind_whole=fields.get("whole") == "on")

    try:
        await desk.store.write(unit)
    except Unfit as wrong:
        tell(request, "verb.failed", "bad", why=str(wrong))
    else:
        tell(request, "silence.done")
    return back("/incidents")


@member
async def unsilence(request: Request) -> Response:
    """People are told again."""
    desk, key = desk_of(request), key_of(request, "silence")
    await forms.read(request)
    verbs = Alarms(desk.keys, who=request.state.person.login)
    try:
        await desk.store.write(lambda tx: verbs.unsilence(tx, key))
    except Unfit as wrong:
        tell(request, "verb.failed", "bad", why=str(wrong))
    else:
        tell(request, "silence.ended")
    return back("/incidents")


ROUTES = [
    Route("/incidents", show, methods=["GET"]),
    Route("/incidents/{incident:str}/seen", see, methods=["POST"]),
    Route("/incidents/{incident:str}/silence", silence, methods=["POST"]),
    Route("/silences/{silence:str}/end", unsilence, methods=["POST"]),
]
