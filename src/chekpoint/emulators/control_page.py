"""The page of an emulator for people: it says what it is, shows its state, and has buttons that need no script."""

import json
from html import escape
from typing import Any, Final

import msgspec

BANNER_RU: Final = "ТЕСТОВЫЙ ДВОЙНИК"
BANNER_EN: Final = "TEST DOUBLE"

_STYLE = """
body{font:16px/1.4 system-ui,sans-serif;margin:1.5rem;max-width:60rem;color:#222;background:#fff}
.banner{background:#b30000;color:#fff;padding:1rem 1.5rem;border-radius:.4rem}
.banner b{display:block;font-size:2.4rem;line-height:1.1}
fieldset{border:1px solid #bbb;border-radius:.4rem;margin:1rem 0;display:flex;flex-wrap:wrap;gap:.5rem}
form{display:inline-flex;gap:.4rem;align-items:center}
button,select,input{font:inherit;padding:.3rem .7rem}
pre{background:#f4f4f4;padding:1rem;overflow:auto}
"""


def page(state: dict[str, Any], *, with_register: bool, with_ofd: bool) -> str:
    """The whole page as HTML."""
    shown = escape(json.dumps(msgspec.to_builtins(state), ensure_ascii=False, indent=2, default=str))
    groups = (
        (_REGISTER_BUTTONS if with_register else "") + (_OFD_BUTTONS if with_ofd else "") + _FAULT_BUTTONS
    )
    return (
        "<!doctype html><html lang='ru'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width'>"
        f"<title>{BANNER_RU} / {BANNER_EN}</title><style>{_STYLE}</style></head><body>"
        f"<div class='banner'><b>{BANNER_RU}</b><b>{BANNER_EN}</b>"
        "Это не ККТ и не ОФД. Документы не имеют юридической силы.<br>"
        "This is not a cash register. Its documents have no legal force.</div>"
        f"{groups}<h2>Состояние / State</h2><pre>{shown}</pre></body></html>"
    )


def _button(path: str, fields: dict[str, str], text: str) -> str:
    inputs = "".join(f"<input type='hidden' name='{k}' value='{escape(v)}'>" for k, v in fields.items())
    return f"<form method='post' action='control/{path}'>{inputs}<button>{escape(text)}</button></form>"


def _group(title: str, *buttons: str) -> str:
    return f"<fieldset><legend>{escape(title)}</legend>{''.join(buttons)}</fieldset>"


_REGISTER_BUTTONS: Final = _group(
    "ККТ / Register",
    _button("paper", {"present": "false"}, "Бумага кончилась"),
    _button("paper", {"present": "true"}, "Вставить бумагу"),
    _button("cover", {"open": "true"}, "Открыть крышку"),
    _button("cover", {"open": "false"}, "Закрыть крышку"),
    _button("power", {"on": "false"}, "Выключить питание"),
    _button("power", {"on": "true"}, "Включить питание"),
    _button("link", {"on": "false"}, "Выдернуть кабель"),
    _button("link", {"on": "true"}, "Вставить кабель"),
    _button("shift", {"open": "true"}, "Открыть смену"),
    _button("shift", {"open": "false"}, "Закрыть смену"),
    _button("hardware", {"broken": "battery"}, "Разрядить батарею"),
    _button("hardware", {"broken": "printer"}, "Сломать принтер"),
    _button("hardware", {"broken": ""}, "Починить"),
    _button("drive", {"flags": "exhausted"}, "Флаг ФН: 30 дней"),
    _button("drive", {"flags": "replace_urgently"}, "Флаг ФН: 3 дня"),
    _button("drive", {"keys_days": "9"}, "Срок ФН: 9 дней"),
    _button("drive", {"documents_left": "100"}, "В ФН место на 100 документов"),
    _button("drive", {"close": "true"}, "Закрыть архив ФН"),
    _button("clock", {"offset_seconds": "-3600"}, "Часы на час назад"),
    _button("clock", {"offset_seconds": "0"}, "Верные часы"),
    _button("ofd", {"enabled": "false"}, "Не передавать в ОФД"),
    _button("ofd", {"enabled": "true"}, "Передавать в ОФД"),
)
_OFD_BUTTONS: Final = _group(
    "ОФД / Operator",
    _button("ofd", {"down": "true"}, "ОФД недоступен"),
    _button("ofd", {"down": "false"}, "ОФД доступен"),
    _button("ofd", {"answer": "14"}, "Отвергать (1022 = 14)"),
    _button("ofd", {"answer": "11"}, "Отвергать (1022 = 11)"),
    _button("ofd", {"answer": "0"}, "Принимать (1022 = 0)"),
    _button("ofd", {"spoil": "sign"}, "Портить подпись"),
    _button("ofd", {"spoil": "nothing"}, "Верные квитанции"),
    _button("account", {"failure": "503"}, "Кабинет не отвечает (503)"),
    _button("account", {"failure": "html"}, "Кабинет отдаёт HTML"),
    _button("account", {"failure": "429"}, "Кабинет: слишком часто (429)"),
    _button("account", {"failure": "none"}, "Кабинет отвечает"),
)
_FAULT_BUTTONS: Final = _group(
    "Сбои / Faults",
    _button("fault", {"point": "register.before_sign", "kind": "power_loss"}, "Питание: до подписи"),
    _button("fault", {"point": "register.after_sign", "kind": "power_loss"}, "Питание: после подписи"),
    _button("fault", {"point": "register.printing", "kind": "power_loss"}, "Питание: во время печати"),
    _button("fault", {"point": "register.after_sign", "kind": "drop"}, "Связь: после подписи"),
    _button("fault", {"point": "face.answer", "kind": "drop"}, "Потерять ответ"),
    _button("fault", {"clear": "true"}, "Снять все сбои"),
)
