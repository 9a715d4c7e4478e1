"""Channels: who is told of incidents, over what, and whether it works."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chekpoint.core.errors import StoreError
from chekpoint.hub.kinds import Unfilled
from chekpoint.hub.reach import ChannelKind, Reach, plan_of
from chekpoint.store import alerts, channels
from chekpoint.store.alerts import Told
from chekpoint.store.channels import Channel
from chekpoint.store.journal import Tx
from chekpoint.web import forms
from chekpoint.web.desk import Desk, back, desk_of, key_of, member, tell

_DEFAULTS: Final = {
    "name": "", "enabled": "on", "severity": "warning", "after": "0", "quiet_from": "", "quiet_until": "",
}  # fmt: skip
LAST: Final = 20


class Row(NamedTuple):
    """A channel in the list."""

    one: Channel
    kind: ChannelKind | None
    sent: Told | None  # the last message that it took
    trouble: Told | None  # a later one that it did not
    waiting: int


@member
async def show(request: Request) -> Response:
    """All channels."""
    desk = desk_of(request)
    rows = await desk.store.read(
        lambda tx: [_row(tx, desk.channel_kinds, one) for one in channels.channels(tx)]
    )
    return await desk.page(request, "channels.html", rows=rows)


def _row(tx: Tx, kinds: tuple[ChannelKind, ...], one: Channel) -> Row:
    newest = alerts.of_channel(tx, one.id, most=LAST)
    sent = alerts.last_sent(tx, one.id)
    trouble = next((told for told in newest if told.error and (sent is None or told.id > sent.id)), None)
    return Row(one, _kind_of(kinds, one), sent, trouble, alerts.unsent(tx, one.id))


def _kind_of(kinds: tuple[ChannelKind, ...], one: Channel) -> ChannelKind | None:
    return next((kind for kind in kinds if kind.kind == one.kind), None)


@member
async def choose(request: Request) -> Response:
    """What can be added."""
    desk = desk_of(request)
    return await desk.page(request, "channel_kinds.html", kinds=desk.channel_kinds)


def _wanted(request: Request, desk: Desk) -> ChannelKind:
    word = key_of(request, "kind")
    found = next((one for one in desk.channel_kinds if one.kind == word), None)
    if found is None:
        raise HTTPException(404)
    return found


@member
async def ask(request: Request) -> Response:
    """The form of a kind."""
    desk = desk_of(request)
    kind = _wanted(request, desk)
    fields = _DEFAULTS | {"lang": desk.lingo(request).lang} | {one.name: one.default for one in kind.asks}
    return await _form(request, kind, fields)


async def _form(
    request: Request, kind: ChannelKind, fields: Mapping[str, str], *, one: Channel | None = None, **more: Any
) -> Response:
    desk, faults = desk_of(request), more.get("faults") or {}
    told = (
        await desk.store.read(lambda tx: alerts.of_channel(tx, one.id, most=LAST)) if one is not None else []
    )
    return await desk.page(
        request, "channel_form.html", status=422 if faults else 200, kind=kind, fields=fields, faults=faults, one=one,
        told=told,
    )  # fmt: skip


@member
async def add(request: Request) -> Response:
    """Store it when everything fits, and send the first message at once."""
    desk = desk_of(request)
    kind, fields = _wanted(request, desk), await forms.read(request)
    taken = [one.name for one in await desk.store.read(channels.channels)]
    try:
        plan = plan_of(kind, _switched(fields), taken)
        verbs = Reach(desk.keys, who=request.state.person.login)
        key = await desk.store.write(lambda tx: verbs.add(tx, kind, plan))
    except Unfilled as wrong:
        return await _form(request, kind, fields, faults=wrong.faults)
    except StoreError as error:
        tell(request, "verb.failed", "bad", why=str(error))
        return back("/channels")
    await _tried(request, key)
    return back(f"/channels/{key}")


def _switched(fields: Mapping[str, str]) -> dict[str, str]:
    """A box that is not ticked is not sent at all."""
    return {"enabled": "off", **fields}


async def _the(request: Request) -> Channel:
    wanted = key_of(request, "channel")
    found = [one for one in await desk_of(request).store.read(channels.channels) if one.id == wanted]
    if not found:
        raise HTTPException(404)
    return found[0]


@member
async def show_one(request: Request) -> Response:
    """One channel: its settings without secrets, and its last messages."""
    desk, one = desk_of(request), await _the(request)
    kind = _kind_of(desk.channel_kinds, one)
    if kind is None:
        raise HTTPException(404)
    return await _form(request, kind, _filled(kind, one), one=one)


def _filled(kind: ChannelKind, one: Channel) -> dict[str, str]:
    return {
        "name": one.name, "enabled": "on" if one.enabled else "", "severity": one.severity,
        "after": str(one.after_seconds // 60), "quiet_from": one.quiet_from or "",
        "quiet_until": one.quiet_until or "", "lang": one.lang, **kind.filled(one.config),
    }  # fmt: skip


@member
async def change(request: Request) -> Response:
    """Other settings; a secret left empty stays as it was."""
    desk, one = desk_of(request), await _the(request)
    kind, fields = _kind_of(desk.channel_kinds, one), await forms.read(request)
    if kind is None:
        raise HTTPException(404)
    taken = [other.name for other in await desk.store.read(channels.channels)]
    verbs = Reach(desk.keys, who=request.state.person.login)
    try:
        plan = plan_of(kind, _switched(fields), taken, one)
        await desk.store.write(lambda tx: verbs.change(tx, kind, one.id, plan))
    except Unfilled as wrong:
        return await _form(request, kind, fields, one=one, faults=wrong.faults)
    except StoreError as error:
        tell(request, "verb.failed", "bad", why=str(error))
    else:
        tell(request, "channel.saved")
    return back(f"/channels/{one.id}")


@member
async def attempt(request: Request) -> Response:
    """The test button: what the provider said is shown."""
    one = await _the(request)
    await forms.read(request)
    await _tried(request, one.id)
    return back(f"/channels/{one.id}")


async def _tried(request: Request, channel_id: str) -> None:
    try:
        told = await desk_of(request).try_channel(channel_id)
    except StoreError as error:
        tell(request, "verb.failed", "bad", why=str(error))
        return
    if told.state == "sent":
        tell(request, "channel.accepted", said=told.said or "")
    else:
        tell(request, "channel.refused", "bad", why=told.error or told.state)


@member
async def remove(request: Request) -> Response:
    """It is told nothing any more."""
    desk, one = desk_of(request), await _the(request)
    fields = await forms.read(request)
    if fields.get("sure") != "on":
        tell(request, "channel.not_sure", "bad")
        return back(f"/channels/{one.id}")
    verbs = Reach(desk.keys, who=request.state.person.login, reason=fields.get("reason", "")[:500])
    try:
        await desk.store.write(lambda tx: verbs.remove(tx, one.id))
    except StoreError as error:
        tell(request, "verb.failed", "bad", why=str(error))
    else:
        tell(request, "channel.removed", name=one.name)
    return back("/channels")


ROUTES = [
    Route("/channels", show, methods=["GET"]),
    Route("/channels/new", choose, methods=["GET"]),
    Route("/channels/new/{kind:str}", ask, methods=["GET"]),
    Route("/channels/new/{kind:str}", add, methods=["POST"]),
    Route("/channels/{channel:str}", show_one, methods=["GET"]),
    Route("/channels/{channel:str}", change, methods=["POST"]),
    Route("/channels/{channel:str}/test", attempt, methods=["POST"]),
    Route("/channels/{channel:str}/remove", remove, methods=["POST"]),
]
