"""The chats as people see them on their phones, with a line to write in. Plain HTML, no script."""

from datetime import UTC, datetime
from html import escape
from typing import Final

from chekpoint.emulators.control_page import BANNER_EN, BANNER_RU
from chekpoint.emulators.telegram.service import BOT, Said, Telegram, Trouble

SHOWN: Final = 60  # messages of a chat
_STYLE: Final = """
*{box-sizing:border-box}body{font:16px/1.45 system-ui,sans-serif;margin:0;color:#1c1c1e;background:#e7ebf0}
.banner{background:#b30000;color:#fff;padding:.8rem 1.2rem}.banner b{font-size:1.4rem;margin-right:.8rem}
main{max-width:46rem;margin:0 auto;padding:1rem}
h1{font-size:1.2rem}.chat{background:#cfd9e2;border-radius:.8rem;padding:1rem;margin:0 0 1.5rem}
.m{background:#fff;border-radius:.9rem;padding:.6rem .9rem;margin:.5rem 0;max-width:92%;width:fit-content;
overflow-wrap:anywhere;white-space:pre-line;box-shadow:0 1px 1px #0002}
.me{margin-left:auto;background:#e1f5d0}.m small{display:block;color:#6b6b70;text-align:right}
.note{background:#0003;color:#fff;border-radius:.6rem;padding:.2rem .7rem;width:fit-content;margin:.3rem auto;font-size:.9rem}
form{display:flex;gap:.5rem;margin:.3rem 0}input[name=text]{flex:1;min-width:0}
button,input{font:inherit;padding:.45rem .8rem;border-radius:.6rem;border:1px solid #9aa7b3;background:#fff}
.row{display:flex;flex-wrap:wrap;gap:.4rem}.row form{margin:0}.key button{background:#3a7bbd;color:#fff;border:0}
"""
_WORDS: Final = {
    Trouble.UNAUTHORIZED: "401: токен отозван",
    Trouble.BLOCKED: "403: бот заблокирован",
    Trouble.TOO_MANY: "429: слишком часто",
    Trouble.BROKEN: "500: сбой",
    Trouble.HANG: "не отвечать",
}


def page(service: Telegram) -> str:
    """The whole page."""
    chats = sorted({*service.chats, *(one.chat_id for one in service.said)})
    return (
        "<!doctype html><html lang='ru'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width'><link rel='icon' href='data:,'>"
        f"<title>Telegram: {BANNER_RU}</title><style>{_STYLE}</style></head><body>"
        f"<div class='banner'><b>{BANNER_RU}</b><b>{BANNER_EN}</b>"
        "Это не Telegram: сообщения отсюда никуда не уходят. / This is not Telegram: nothing leaves it.</div>"
        f"<main>{''.join(_chat(service, chat) for chat in chats)}{_troubles(service)}</main></body></html>"
    )


def _chat(service: Telegram, chat: int) -> str:
    said = [one for one in service.said if one.chat_id == chat][-SHOWN:]
    name = service.chats.get(chat, "чужой чат / a stranger")
    rows = "".join(map(_said, said)) or "<p>Сообщений нет / no messages.</p>"
    return (
        f"<section class='chat' id='chat{chat}'><h1>{escape(name)} <small>({chat})</small></h1>{rows}"
        f"<form method='post' action='control/say'><input type='hidden' name='chat' value='{chat}'>"
        "<input name='text' aria-label='Сообщение' placeholder='/status' required><button>Отправить</button></form>"
        "<a href='./'>обновить / reload</a></section>"
    )


def _said(one: Said) -> str:
    side = "m" if one.by == BOT else "m me"
    shown = one.html if one.html is not None else escape(one.text)  # the service has checked the tags
    at = datetime.fromtimestamp(one.at, UTC)
    keys = "".join(
        f"<form method='post' action='control/press' class='key'><input type='hidden' name='message' value='{one.message_id}'>"
        f"<input type='hidden' name='place' value='{place}'><button>{escape(text)}</button></form>"
        for place, (text, _) in enumerate(one.buttons)
    )
    return f"<div class='{side}'>{shown}<small>{escape(one.by)} · {at:%H:%M:%S} UTC</small>{keys}</div>"


def _troubles(service: Telegram) -> str:
    buttons = "".join(
        f"<form method='post' action='control/trouble'><input type='hidden' name='kind' value='{kind.value}'><button>{escape(words)}</button></form>"
        for kind, words in _WORDS.items()
    )
    heal = "<form method='post' action='control/trouble'><button>Работать исправно</button></form>"
    now = ", ".join(service.troubles) or "нет"
    return f"<section><h1>Сбои / troubles: {escape(now)}</h1><div class='row'>{buttons}{heal}</div></section>"
