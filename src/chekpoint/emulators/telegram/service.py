"""The bot, its chats and what is said in them: numbers, limits and refusals as the Bot API has them.

Refusals and limits are those of the public description of the API; the words of descriptions are as bots are
known to get them, and a client must not depend on them.
"""

import asyncio
from enum import StrEnum
from html.parser import HTMLParser
from typing import Any, Final

import msgspec

from chekpoint.core.clock import Clock, epoch_ms
from chekpoint.emulators.waiting import either

TOKEN: Final = "1234567890:TEST-DOUBLE-never-a-real-bot-0000000"  # noqa: S105 - of a test double
BOT: Final = "chekpoint_test_double_bot"
TEXT_MOST: Final = 4096
CALLBACK_MOST: Final = 64  # bytes
TAGS: Final = frozenset({"b", "strong", "i", "em", "u", "s", "code", "pre", "a", "blockquote"})


class Trouble(StrEnum):
    """What the service does instead of its work."""

    UNAUTHORIZED = "unauthorized"  # 401: the token was revoked
    BLOCKED = "blocked"  # 403: the person blocked the bot
    TOO_MANY = "too_many"  # 429 with retry_after
    BROKEN = "broken"  # 500
    HANG = "hang"  # no answer until it is taken back


class Refused(Exception):
    """An answer that says no."""

    def __init__(self, code: int, description: str, **parameters: Any) -> None:
        super().__init__(description)
        self.body = {"ok": False, "error_code": code, "description": description}
        if parameters:
            self.body["parameters"] = parameters
        self.code = code


class Said(msgspec.Struct, kw_only=True):
    """One message in a chat. ``html`` is as the bot sent it; ``buttons`` are (text, callback data)."""

    message_id: int
    chat_id: int
    by: str  # the bot, or the person's name
    at: int  # unix seconds
    text: str
    html: str | None = None
    buttons: tuple[tuple[str, str], ...] = ()
    silent: bool = False


class Telegram:
    """One bot. ``chats`` are those that the bot may write to: id -> the person's or group's name."""

    def __init__(self, clock: Clock, *, token: str = TOKEN, chats: dict[int, str] | None = None) -> None:
        self.clock, self.token = clock, token
        self.chats = dict(chats or {100200300: "Директор"})
        self.said: list[Said] = []
        self.notes: list[str] = []  # answers to pressed buttons, as they flash up
        self.calls: dict[str, int] = {}
        self._updates: list[dict[str, Any]] = []
        self._number = epoch_ms(clock.now()) // 1000 * 10  # goes on rising over restarts
        self._troubles: list[
            tuple[Trouble, int, float]
        ] = []  # which, how often still (-1: until cleared), seconds
        self._came = asyncio.Event()
        self._poll, self._over = 0, False

    def trouble(self, kind: Trouble, *, times: int = -1, seconds: float = 1.0) -> None:
        """Let the next calls be refused; ``seconds`` is retry_after."""
        self._troubles.append((kind, times, seconds))

    def heal(self) -> None:
        """No troubles any more."""
        self._troubles.clear()

    def release(self) -> None:
        """Nobody waits for an answer any more: it is being shut down."""
        self.heal()
        self._over = True
        self._came.set()

    @property
    def troubles(self) -> list[str]:
        """What is wrong with it just now."""
        return [f"{kind.value} x{times}" if times > 0 else kind.value for kind, times, _ in self._troubles]

    def heard(self, chat: int | None = None) -> list[Said]:
        """What the bot said, in a chat or in all."""
        return [one for one in self.said if one.by == BOT and chat in {None, one.chat_id}]

    async def call(self, token: str, method: str, params: dict[str, Any]) -> Any:
        """The result of a method; raises Refused."""
        if token != self.token:
            raise Refused(401, "Unauthorized")
        self.calls[method] = self.calls.get(method, 0) + 1
        await self._struck(method)
        match method.lower():
            case "getme":
                return {"id": int(self.token.partition(":")[0]), "is_bot": True, "first_name": "Chekpoint (тестовый двойник)", "username": BOT}  # fmt: skip
            case "sendmessage":
                return self._send(params)
            case "getupdates":
                return await self._get_updates(params)
            case "answercallbackquery":
                self.notes.append(str(params.get("text") or ""))
                return True
        raise Refused(404, "Not Found")

    async def _struck(self, method: str) -> None:
        if not self._troubles or (
            self._troubles[0][0] is Trouble.BLOCKED and method.lower() != "sendmessage"
        ):
            return
        kind, times, seconds = self._troubles[0]
        if times > 0:
            self._troubles[0] = (kind, times - 1, seconds)
        if times == 1:
            self._troubles.pop(0)
        match kind:
            case Trouble.UNAUTHORIZED:
                raise Refused(401, "Unauthorized")
            case Trouble.BLOCKED:
                raise Refused(403, "Forbidden: bot was blocked by the user")
            case Trouble.TOO_MANY:
                wait = max(int(seconds), 1)
                raise Refused(429, f"Too Many Requests: retry after {wait}", retry_after=wait)
            case Trouble.BROKEN:
                raise Refused(500, "Internal Server Error")
            case Trouble.HANG:
                while self._troubles:
                    await self.clock.sleep(0.05)
                raise Refused(500, "Internal Server Error")

    def _send(self, params: dict[str, Any]) -> dict[str, Any]:
        chat = self._chat(params.get("chat_id"))
        text, html = str(params.get("text") or ""), None
        if params.get("parse_mode") == "HTML":
            text, html = plain(text), text
        elif params.get("parse_mode"):
            raise Refused(400, "Bad Request: unsupported parse_mode")
        if not text.strip():
            raise Refused(400, "Bad Request: message text is empty")
        if len(text.encode("utf-16-le")) // 2 > TEXT_MOST:
            raise Refused(400, "Bad Request: message is too long")
        buttons = _buttons(params.get("reply_markup"))
        silent = bool(params.get("disable_notification"))
        one = Said(message_id=self._next(), chat_id=chat, by=BOT, at=self._now(), text=text, html=html, buttons=buttons, silent=silent)  # fmt: skip
        self.said.append(one)
        return self._message(one)

    def _chat(self, wanted: Any) -> int:
        try:
            chat = int(wanted)
        except (TypeError, ValueError):
            chat = 0
        if chat not in self.chats:
            raise Refused(400, "Bad Request: chat not found")
        return chat

    async def _get_updates(self, params: dict[str, Any]) -> list[dict[str, Any]]:
        offset, limit = int(params.get("offset") or 0), int(params.get("limit") or 100)
        seconds = float(params.get("timeout") or 0)
        self._poll += 1
        mine = self._poll
        self._came.set()  # an earlier question ends here
        self._came = asyncio.Event()
        self._updates = [one for one in self._updates if one["update_id"] >= offset]
        if not self._updates and seconds > 0 and not self._over:
            await either(self.clock, seconds, self._came)
        if mine != self._poll:
            raise Refused(409, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running")  # fmt: skip
        return self._updates[: max(1, min(limit, 100))]

    def say(self, chat: int, text: str, *, user: str = "director") -> int:
        """A person writes; also in a chat that the bot does not know yet. The update's number."""
        one = Said(message_id=self._next(), chat_id=chat, by=user, at=self._now(), text=text)
        self.said.append(one)
        message = self._message(one) | {"from": self._person(chat, user)}
        return self._update({"message": message})

    def press(self, message_id: int, place: int = 0, *, user: str = "director") -> int:
        """A person presses a button under a message; the update's number. Raises Refused."""
        found = [one for one in self.said if one.message_id == message_id and len(one.buttons) > place]
        if not found:
            raise Refused(400, "Bad Request: there is no such button")
        one = found[0]
        query = {"id": str(self._next()), "from": self._person(one.chat_id, user), "message": self._message(one), "data": one.buttons[place][1]}  # fmt: skip
        return self._update({"callback_query": query})

    def _update(self, body: dict[str, Any]) -> int:
        number = self._next()
        self._updates.append({"update_id": number, **body})
        self._came.set()
        return number

    def _person(self, chat: int, user: str) -> dict[str, Any]:
        return {"id": abs(chat), "is_bot": False, "first_name": self.chats.get(chat, user), "username": user}

    def _message(self, one: Said) -> dict[str, Any]:
        kind = "private" if one.chat_id > 0 else "group"
        chat = {"id": one.chat_id, "type": kind, "first_name": self.chats.get(one.chat_id, "?")}
        return {"message_id": one.message_id, "date": one.at, "chat": chat, "text": one.text}

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _now(self) -> int:
        return epoch_ms(self.clock.now()) // 1000


def _buttons(markup: Any) -> tuple[tuple[str, str], ...]:
    rows = markup.get("inline_keyboard", []) if isinstance(markup, dict) else []
    found = tuple((str(b.get("text", "")), str(b.get("callback_data", ""))) for row in rows for b in row)
    if any(not text or not 0 < len(word.encode()) <= CALLBACK_MOST for text, word in found):
        raise Refused(400, "Bad Request: BUTTON_DATA_INVALID")
    return found


class _Plain(HTMLParser):
    """The text of a message; refuses what the API refuses."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text, self._open = "", list[str]()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        del attrs
        if tag not in TAGS:
            raise Refused(400, f'Bad Request: can\'t parse entities: Unsupported start tag "{tag}"')
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            raise Refused(400, f'Bad Request: can\'t parse entities: unexpected end tag "{tag}"')

    def handle_data(self, data: str) -> None:
        self.text += data

    def done(self) -> str:
        self.close()
        if self._open:
            raise Refused(400, "Bad Request: can't parse entities: can't find end tag")
        return self.text


def plain(html: str) -> str:
    """What a person reads of a message in HTML; raises Refused where the API cannot read it."""
    reader = _Plain()
    reader.feed(html)
    return reader.done()
