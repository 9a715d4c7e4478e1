"""One registration line for each kind of channel; and what watches: it needs a database and a clock, no hub."""

from collections.abc import Callable, Coroutine
from typing import TypeVar

import httpx2
import msgspec

from chekpoint.app.settings import Settings
from chekpoint.core.clock import Clock
from chekpoint.core.errors import NotSent
from chekpoint.core.ports import Channel
from chekpoint.hub.post import Post
from chekpoint.hub.reach import ChannelKind
from chekpoint.watch import email, telegram, webhook
from chekpoint.watch.companion import watch
from chekpoint.watch.sending import MakeChannel, Notices

T = TypeVar("T", bound=msgspec.Struct)
Watcher = Callable[[Post], Coroutine[None, None, None]]
"""Watches until cancelled: beside the lanes of a node, or in a process of its own."""


def channel_kinds() -> tuple[ChannelKind, ...]:
    """The kinds of channels, in the order of a newcomer's likely wish."""
    return (telegram.KIND, email.KIND, webhook.KIND)


def channel_makers(http: httpx2.AsyncClient, clock: Clock) -> dict[str, MakeChannel]:
    """Kind of a channel -> how to make it of its settings. ``http`` is shared by all of them."""

    def made(kind: type[T], make: Callable[[T], Channel]) -> MakeChannel:
        def of(config: bytes) -> Channel:
            try:
                return make(msgspec.json.decode(config, type=kind))
            except msgspec.DecodeError as error:
                raise NotSent(f"настройки канала не читаются / unreadable settings: {error}") from error

        return of

    return {
        telegram.KIND.kind: made(telegram.TelegramConfig, lambda one: telegram.TelegramChannel(one, http)),
        email.KIND.kind: made(email.EmailConfig, lambda one: email.EmailChannel(one, clock)),
        webhook.KIND.kind: made(webhook.WebhookConfig, lambda one: webhook.WebhookChannel(one, http, clock)),
    }


def notices(settings: Settings, post: Post, http: httpx2.AsyncClient) -> Notices:
    """What tells people, over every kind of channel."""
    makers = channel_makers(http, post.clock)
    return Notices(post, makers, zone=settings.zone, address=settings.address)


def watchers(settings: Settings, http: httpx2.AsyncClient) -> dict[str, Watcher]:
    """Name -> what watches."""
    return {
        "watch": watch(settings.watch, settings.zone),
        "notices": lambda post: notices(settings, post, http).run(),
        "telegram commands": lambda post: telegram.TelegramCommands(post, http, zone=settings.zone).run(),
    }
