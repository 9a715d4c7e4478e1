"""An alert as a message in one chat, with a button for "I have seen it". ``sent`` means that the API gave it a number."""

from html import escape
from typing import Annotated, Any, Final

import httpx2
import msgspec

from chekpoint.core.errors import NotSent
from chekpoint.core.ports import Alert
from chekpoint.hub.alarms import handle
from chekpoint.hub.kinds import Ask
from chekpoint.hub.reach import ChannelKind, Secretive
from chekpoint.watch.telegram.bot import Bot

API: Final = "https://api.telegram.org"
TEXT_MOST: Final = 4096  # UTF-16 units of the text as it is shown
ACK: Final = "ack:"  # + incident id: what the button says
_BUTTON: Final = "✓ Вижу / Seen"
_TELLING: Final = frozenset({"opened", "worse", "reminder"})


class TelegramConfig(Secretive, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A bot and a chat. ``commands``: may people in this chat command (``listening``)?"""

    token: Annotated[str, msgspec.Meta(pattern=r"^\d{1,20}:[A-Za-z0-9_-]{20,100}$")]
    chat_id: Annotated[str, msgspec.Meta(pattern=r"^(-?\d{1,20}|@[A-Za-z0-9_]{4,64})$")]
    commands: bool = True
    base_url: Annotated[str, msgspec.Meta(max_length=200, pattern=r"^https?://[^\s?#]+$")] = API


class TelegramChannel:
    """One chat. The ``client`` is shared and closed by whoever made it."""

    def __init__(self, config: TelegramConfig, client: httpx2.AsyncClient) -> None:
        self._config, self._bot = config, Bot(config.token, config.base_url, client)

    async def send(self, alert: Alert) -> str:
        """Post it; the number of the message. Raises NotSent, Later when the API asks for a pause."""
        more: dict[str, Any] = {}
        if alert.incident_id and alert.phase in _TELLING and self._config.commands:
            button = {"text": _BUTTON, "callback_data": ACK + alert.incident_id}
            more["reply_markup"] = {"inline_keyboard": [[button]]}
        sent = await say(self._bot, self._config.chat_id, message(alert, commands=self._config.commands), **more)  # fmt: skip
        return f"message_id {sent}"

    async def aclose(self) -> None:
        """Nothing is its own."""


async def say(bot: Bot, chat: str, html: str, **more: Any) -> int:
    """Post HTML into a chat; the number of the message. Raises NotSent."""
    result = await bot.call(
        "sendMessage", chat_id=int(chat) if chat.lstrip("-").isdigit() else chat, text=html, parse_mode="HTML",
        link_preview_options={"is_disabled": True}, **more,
    )  # fmt: skip
    number = result.get("message_id") if isinstance(result, dict) else None
    if not isinstance(number, int):
        raise NotSent("ответ без message_id / an answer without message_id")
    return number


def message(alert: Alert, *, commands: bool) -> str:
    """The alert as HTML, never longer than a message may be."""
    tail = [alert.url] if alert.url else []
    if commands and alert.incident_id and alert.phase in _TELLING:
        name = handle(alert.incident_id)
        tail.append(f"/ack_{name}  /silence_{name}")
    end = "\n".join(tail)
    room = TEXT_MOST - units(end) - 4
    title = cut(alert.title, room)
    text = cut(alert.text, room - units(title))
    return "\n\n".join(part for part in (f"<b>{escape(title)}</b>", escape(text), escape(end)) if part)


def units(text: str) -> int:
    """How long it is as the API counts."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def cut(text: str, most: int) -> str:
    """At most so many units; what was cut is seen to be cut."""
    if units(text) <= most:
        return text
    kept = text.encode("utf-16-le", "surrogatepass")[: max(most - 1, 0) * 2]
    return kept.decode("utf-16-le", "ignore") + "…"


KIND: Final = ChannelKind(
    "telegram",
    ("Telegram", "Telegram"),
    ("Сообщения бота в чат и команды из него.", "Messages of a bot into a chat, and commands out of it."),
    (
        Ask("token", ("Токен бота", "Bot token"), ("123456:ABC… — его выдаёт @BotFather", "123456:ABC…, from @BotFather"),
            required=True, secret=True),
        Ask("chat_id", ("Чат", "Chat"), ("Номер (у группы с минусом) или @имя канала", "A number (a group's has a minus) or a channel's @name"),
            required=True),
        Ask("commands", ("Команды из чата", "Commands from the chat"), ("/status, /ack, /silence", "/status, /ack, /silence"),
            choices=(("true", ("принимать", "accept")), ("false", ("не принимать", "do not accept"))), default="true"),
        Ask("base_url", ("Адрес Bot API", "Bot API address"), ("Если свой сервер или двойник", "For a server of your own, or a test double"),
            default=API),
    ),
    TelegramConfig,
)  # fmt: skip
