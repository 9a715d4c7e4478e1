"""A hub's telling of people against a real emulated chat service, a real SMTP server and a real HTTP listener."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

import httpx2

from chekpoint.app.watching import channel_kinds, channel_makers
from chekpoint.core.clock import SystemClock
from chekpoint.emulators.faults import FaultPlan
from chekpoint.emulators.telegram import Face, Telegram, server
from chekpoint.hub.limits import Limits
from chekpoint.hub.post import Post
from chekpoint.hub.reach import Reach, plan_of
from chekpoint.store import alerts, incidents
from chekpoint.store.incidents import Words
from chekpoint.store.store import Store, open_store
from chekpoint.watch.sending import Notices
from tests.bitrix_rig import serving
from tests.doubles.hand_clock import HandClock

CRITICAL = Words(
    "critical", "Касса «К1» <не> отвечает. Проверьте кабель.", "Register K1 is <silent>. Check its cable."
)
WARNING = CRITICAL._replace(severity="warning")
CHAT = 100200300
_SEEDS = count(1)


class Chat:
    """An emulated chat service on a port."""

    def __init__(self, service: Telegram, faults: FaultPlan, url: str) -> None:
        self.service, self.faults, self.url = service, faults, url

    def texts(self, chat: int = CHAT) -> list[str]:
        """What the bot said there."""
        return [one.text for one in self.service.heard(chat)]

    def titles(self, chat: int = CHAT) -> list[str]:
        """The first lines of that."""
        return [text.partition("\n")[0] for text in self.texts(chat)]


@asynccontextmanager
async def chatting(*more: int) -> AsyncIterator[Chat]:
    """One director's chat, and more chats by id."""
    service = Telegram(SystemClock(), chats={CHAT: "Директор", **{chat: f"чат {chat}" for chat in more}})
    faults = FaultPlan()
    async with serving(server(Face(service, faults))) as url:
        try:
            yield Chat(service, faults, url)
        finally:
            service.release()


class Teller:
    """One node that tells people, over a database that others may share, with a clock wound by hand."""

    def __init__(self, store: Store, clock: HandClock, http: httpx2.AsyncClient, node: str) -> None:
        self.store, self.clock, self.http = store, clock, http
        self.post = Post(store, clock, random.Random(next(_SEEDS)), node=node, limits=Limits())
        self.notices = Notices(self.post, channel_makers(http, clock), zone="Europe/Moscow", address="https://hub.example/")  # fmt: skip

    async def add(self, kind: str, name: str, **given: str) -> str:
        """A channel, as a person adds it."""
        made = next(one for one in channel_kinds() if one.kind == kind)
        plan = plan_of(made, {"name": name, **given}, [])
        verbs = Reach(self.post.keys, who="test")
        return await self.store.write(lambda tx: verbs.add(tx, made, plan))

    async def add_chat(self, chat: Chat, name: str = "Чат", *, to: int = CHAT, **given: str) -> str:
        """A chat of the emulated service."""
        return await self.add(
            "telegram", name, token=chat.service.token, chat_id=str(to), base_url=chat.url, **given
        )

    async def open(self, kind: str = "late", subject: str = "s1", words: Words = CRITICAL) -> str:
        """An incident; its id."""
        key = self.post.keys.new()
        await self.store.write(lambda tx: incidents.open_incident(tx, kind, subject, words, key=key))
        return key

    async def close(self, kind: str = "late", subject: str = "s1") -> None:
        """It is right again."""
        await self.store.write(lambda tx: incidents.close(tx, kind, subject))

    async def after(self, seconds: float) -> None:
        """Let time pass, then one round."""
        self.clock.wind(seconds)
        await self.notices.once()

    async def rows(self, incident_id: str) -> list[alerts.Told]:
        """What is noted of an incident."""
        return await self.store.read(lambda tx: alerts.told(tx, [incident_id]))

    async def open_kinds(self) -> list[str]:
        """Kinds of what is open."""
        return [one.kind for one in await self.store.read(incidents.open_now)]


@asynccontextmanager
async def telling(folder: Path, *, clock: HandClock | None = None, node: str = "a") -> AsyncIterator[Teller]:
    """A node over the database in a folder."""
    now = clock or HandClock()
    store = open_store(f"sqlite:///{folder / 'notices.db'}", node=node, clock=now, inline=True, durable=False)
    await store.start()
    try:
        async with httpx2.AsyncClient(timeout=5, trust_env=False) as http:
            yield Teller(store, now, http, node)
    finally:
        await store.stop()
