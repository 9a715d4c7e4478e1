"""Hearing what people write to the bot: long polling, one node at a time, each command obeyed once.

1. A bot is read by one node (a lease on the row of its first channel): the API allows one reader.
2. Updates are asked from the number after the last one heard; that number and the command's deed are one unit.
   So a command is obeyed once, whatever happens to this node; only its answer can be lost.
3. Only chats that are channels of ours are heard. Nobody else gets an answer, not even a refusal.
"""

import asyncio
from collections.abc import Sequence
from html import escape
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import httpx2
import msgspec
import structlog

from chekpoint.core.errors import Conflict, NotSent, StoreError
from chekpoint.hub.post import Post
from chekpoint.store import channels
from chekpoint.store.channels import Channel
from chekpoint.store.journal import Tx
from chekpoint.watch.refusals import Later
from chekpoint.watch.telegram.bot import Bot
from chekpoint.watch.telegram.channel import ACK, TEXT_MOST, TelegramConfig, cut, say
from chekpoint.watch.telegram.commands import Orders, parse

log = structlog.get_logger()
LOOK_EVERY: Final = 5.0  # seconds between two looks at the channels
POLL: Final = 25.0  # seconds that the API may hold a question
LEASE: Final = 90_000  # ms: longer than a question
PAUSE_MOST: Final = 60.0
WHO_MOST: Final = 100


class Line(NamedTuple):
    """One bot, and its chats that may command."""

    token: str
    base_url: str
    row: str  # the channel that keeps how far it was read
    since: int  # what was written before is not for us
    chats: tuple[tuple[str, str, str], ...]  # chat id or @name, language, the channel's name


class Sender(msgspec.Struct, frozen=True):
    """Who wrote."""

    id: int = 0
    first_name: str = ""
    username: str = ""


class Chat(msgspec.Struct, frozen=True):
    """Where."""

    id: int = 0
    username: str = ""


class Message(msgspec.Struct, frozen=True):
    """What; ``date`` is unix seconds."""

    chat: Chat = Chat()
    date: int = 0
    text: str = ""
    sender: Sender = msgspec.field(default=Sender(), name="from")


class Button(msgspec.Struct, frozen=True):
    """A button that was pressed."""

    id: str = ""
    data: str = ""
    message: Message = Message()
    sender: Sender = msgspec.field(default=Sender(), name="from")


class Update(msgspec.Struct, frozen=True):
    """One thing that happened to the bot; kinds that we do not ask for are empty."""

    update_id: int
    message: Message | None = None
    callback_query: Button | None = None


class TelegramCommands:
    """Listens to every bot among the channels. ``client`` is shared; ``poll`` is seconds."""

    def __init__(self, post: Post, client: httpx2.AsyncClient, *, zone: str, poll: float = POLL) -> None:
        self._post, self._client, self._zone, self._poll = post, client, ZoneInfo(zone), poll
        self._tasks: dict[Line, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Listen until cancelled; channels that are added, changed or removed are noticed."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                try:
                    lines = await self._post.store.read(lambda tx: lines_of(channels.channels(tx)))
                except StoreError:
                    log.exception("telegram_failed")
                else:
                    self._settle(lines, tasks)
                await self._post.clock.sleep(LOOK_EVERY)

    def _settle(self, lines: Sequence[Line], tasks: asyncio.TaskGroup) -> None:
        for line in [line for line in self._tasks if line not in lines]:
            self._tasks.pop(line).cancel()
        for line in lines:
            if line not in self._tasks:
                self._tasks[line] = tasks.create_task(self._listen(line))

    async def _listen(self, line: Line) -> None:
        failed = 0
        while True:
            pause = 0.0
            try:
                heard = await self.once(line)
                failed, pause = 0, LOOK_EVERY if heard is None else 0.0
            except Later as later:
                pause = later.seconds
            except NotSent as refusal:
                failed, pause = failed + 1, min(2.0 ** min(failed, 6), PAUSE_MOST)
                log.warning("telegram_not_heard", why=refusal.message)
            except Exception:  # nothing that somebody wrote may end the listening
                failed, pause = failed + 1, PAUSE_MOST
                log.exception("telegram_failed")
            await self._post.clock.sleep(pause)

    async def once(self, line: Line) -> int | None:
        """Ask once and obey; how many were heard, None when another node listens. Raises NotSent, StoreError."""
        store, node = self._post.store, self._post.node
        if not await store.write(lambda tx: channels.take_reading(tx, line.row, node, lease_ms=LEASE)):
            return None
        bot = Bot(line.token, line.base_url, self._client)
        last = await store.read(lambda tx: channels.read_to(tx, line.row))
        params: dict[str, Any] = {} if last is None else {"offset": last + 1}
        raw = await bot.call(
            "getUpdates", patience=self._poll + 10.0, timeout=int(self._poll), limit=100,
            allowed_updates=["message", "callback_query"], **params,
        )  # fmt: skip
        updates = [one for one in map(_update, raw if isinstance(raw, list) else []) if one is not None]
        for one in sorted(updates, key=lambda one: one.update_id):
            await self._hear(bot, line, one)
        return len(updates)

    async def _hear(self, bot: Bot, line: Line, one: Update) -> None:
        try:
            answer = await self._post.store.write(lambda tx: self._obey(tx, line, one))
        except Conflict:
            return  # heard before
        if answer is not None:
            chat, text = answer
            try:
                if one.callback_query is not None:
                    await bot.call("answerCallbackQuery", callback_query_id=one.callback_query.id, text=cut(text, 190))  # fmt: skip
                await say(bot, chat, escape(cut(text, TEXT_MOST)))
            except NotSent as refusal:
                log.warning("telegram_not_answered", why=refusal.message)

    def _obey(self, tx: Tx, line: Line, one: Update) -> tuple[str, str] | None:
        """In the unit that notes the update as heard: the chat and the answer, None where there is none."""
        channels.advance(tx, line.row, one.update_id)
        message = one.callback_query.message if one.callback_query is not None else one.message
        if message is None:
            return None
        place = _place(line, message.chat)
        before = (message.date + 1) * 1000 <= line.since  # a date is whole seconds, rounded down
        if place is None or (one.message is not None and before):
            return None
        lang, name = place
        sender = (one.callback_query or message).sender
        orders = Orders(self._post.keys, who=_who(name, sender), lang=lang, zone=self._zone)
        chat = str(message.chat.id)
        if one.callback_query is not None:
            data = one.callback_query.data
            return (chat, orders.seen(tx, data.removeprefix(ACK))) if data.startswith(ACK) else None
        command = parse(message.text)
        return (chat, orders.obey(tx, command)) if command is not None else None


def lines_of(known: Sequence[Channel]) -> list[Line]:
    """The bots among the channels that take commands."""
    found: dict[tuple[str, str], Line] = {}
    for one in known:
        config = _config(one)
        if config is None or not config.commands or not one.enabled:
            continue
        key = (config.base_url, config.token)
        line = found.get(key) or Line(config.token, config.base_url, one.id, one.created_at, ())
        chat = (config.chat_id.lower(), one.lang, one.name)
        found[key] = line._replace(chats=(*line.chats, chat))
    return list(found.values())


def _config(one: Channel) -> TelegramConfig | None:
    if one.kind != "telegram":
        return None
    try:
        return msgspec.json.decode(one.config, type=TelegramConfig)
    except msgspec.DecodeError:
        return None


def _update(raw: Any) -> Update | None:
    """What we can read of an update; of one that we cannot, its number alone, so that it does not come again."""
    try:
        return msgspec.convert(raw, Update)
    except msgspec.ValidationError:
        number = raw.get("update_id") if isinstance(raw, dict) else None
        return Update(number) if isinstance(number, int) else None


def _place(line: Line, chat: Chat) -> tuple[str, str] | None:
    """Language and name of the channel that this chat is; None for a stranger."""
    names = {str(chat.id), f"@{chat.username.lower()}" if chat.username else str(chat.id)}
    return next(((lang, name) for known, lang, name in line.chats if known in names), None)


def _who(channel: str, sender: Sender) -> str:
    name = f"@{sender.username}" if sender.username else sender.first_name or str(sender.id)
    text = f"{channel}: {name}"
    return "".join(c for c in text if c.isprintable())[:WHO_MOST]
