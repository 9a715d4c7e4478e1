"""One registration line for each kind of channel; and what watches: it needs a database and a clock, no hub."""

import asyncio
import random
import secrets
import signal
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

import httpx2
import msgspec

from chekpoint.app.settings import Settings
from chekpoint.core.clock import Clock, SystemClock
from chekpoint.core.errors import NotSent
from chekpoint.core.ports import Channel
from chekpoint.hub.post import Post
from chekpoint.hub.reach import ChannelKind
from chekpoint.store.store import open_store
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


async def watch_alone(settings: Settings) -> None:
    """Watch the database of running nodes from a process of its own, until SIGTERM or SIGINT. Raises StoreError.

    It writes an event chain of its own, ``NODE.watch``: a node that hangs is seen, and told of, from here.
    """
    settings.data.mkdir(parents=True, exist_ok=True)
    clock, node = SystemClock(), f"{settings.node}.watch"
    store = open_store(settings.url, node=node, clock=clock)
    chance = random.Random(secrets.randbits(128))  # noqa: S311 - names rows
    post = Post(store, clock, chance, node=node, limits=settings.limits)
    await store.start()
    try:
        async with httpx2.AsyncClient(timeout=settings.limits.webhook_timeout, trust_env=False) as http:
            await _until_told([work(post) for work in watchers(settings, http).values()])
    finally:
        await store.stop()


async def _until_told(works: Sequence[Coroutine[Any, Any, Any]]) -> None:
    """Run all until a signal; raises what ended one of them."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, stop.set)
    tasks = [loop.create_task(work) for work in (*works, stop.wait())]
    done, rest = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
    for task in done:
        task.result()
