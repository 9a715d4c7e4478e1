"""Text as a register can store it: every string of a fiscal document is CP866.

CP866 has Cyrillic, ``№``, ``°``, ``·`` and box drawings, but no « », dashes, curly quotes, rouble sign or
``×``. What it lacks is replaced by what a cashier would type; the rest becomes ``?``.
"""

from typing import Final
from unicodedata import category, normalize

_LOOKALIKES: Final = {
    "«": '"', "»": '"', "„": '"', "“": '"', "”": '"', "‟": '"', "″": '"', "〝": '"', "〞": '"',
    "‘": "'", "’": "'", "‚": "'", "‛": "'", "′": "'", "´": "'", "ʼ": "'", "‹": "'", "›": "'",
    "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "―": "-", "−": "-", "﹣": "-", "－": "-",
    "…": "...", "₽": "р.", "×": "x", "✕": "x", "÷": ":", "•": "∙", "●": "∙", "±": "+-",
    "≤": "<=", "≥": ">=", "≈": "~", "²": "2", "³": "3", "¹": "1", "º": "°", "˚": "°", "℃": "°C",
    "€": "EUR", "£": "GBP", "¥": "JPY", "©": "(c)", "®": "(R)", "™": "(TM)", "§": "par.",
    "½": "1/2", "¼": "1/4", "¾": "3/4", "ﬁ": "fi", "ﬂ": "fl", "µ": "мк", "μ": "мк", "Ø": "D", "ø": "d", "⌀": "D",
    "→": "->", "←": "<-", "⇒": "=>", "✓": "v", "ß": "ss", "æ": "ae", "œ": "oe", "đ": "d", "ł": "l", "Ł": "L",
    "і": "i", "І": "I", "ґ": "г", "Ґ": "Г", "\u2028": " ", "\u2029": " ",
}  # fmt: skip
_UNSEEN: Final = frozenset(
    {"Cf", "Mn", "Me"}
)  # zero width marks, combining accents, emoji variation selectors
_BREAKS: Final = frozenset({"Cc", "Zs", "Zl", "Zp"})  # control characters and spaces of any width
_WIDENS: Final = frozenset(char for char, text in _LOOKALIKES.items() if len(text) > 1)
MAX_EXPANSION: Final = 4
"""No character becomes more than this many bytes: a text of ``n`` characters fits ``4 * n`` bytes."""


def substitute(text: str) -> str:
    """``text`` with every character that CP866 lacks replaced; the same object when nothing had to be.

    Control characters become spaces, invisible ones vanish, accents are dropped, the unknown becomes ``?``.
    The result always encodes, and substituting it again changes nothing.
    """
    if _SAFE_SET.issuperset(text):
        return text
    composed = normalize("NFC", text)
    if len(composed) > len(text):  # a few scripts fall apart in NFC: their letters are lost either way
        composed = text
    return "".join([_SAFE.get(char) or _replacement(char) for char in composed])


def lost(text: str) -> tuple[str, ...]:
    """The characters of ``text`` that ``substitute`` would replace, each once, in order of appearance."""
    return tuple(dict.fromkeys(char for char in text if char not in _SAFE))


def fits(text: str, max_bytes: int) -> bool:
    """Does ``text``, after substitution, fit a field of ``max_bytes`` bytes?"""
    if len(text) <= max_bytes and (len(text) * MAX_EXPANSION <= max_bytes or _WIDENS.isdisjoint(text)):
        return True
    return len(substitute(text)) <= max_bytes


def blank(text: str) -> bool:
    """Is nothing of ``text`` to be seen on a receipt?"""
    return not text or text.isspace() or not (text.isprintable() or substitute(text).strip())


def is_digits(text: str, length: int) -> bool:
    """Is it exactly ``length`` digits 0..9 (and no digits of other scripts)?"""
    return len(text) == length and text.isascii() and text.isdigit()


def cut(text: str, max_bytes: int) -> str:
    """``text`` substituted and cut to ``max_bytes`` bytes (one character is one byte in CP866)."""
    return substitute(text)[:max_bytes]


def _safe_characters() -> dict[str, str]:
    page = bytes(range(32, 256)).replace(b"\x7f", b"").replace(b"\xff", b"").decode("cp866")
    return {char: char for char in page}


_SAFE: Final = (
    _safe_characters()
)  # 0xFF is the no-break space: registers print it as a blank, so it becomes one
_SAFE_SET: Final = frozenset(_SAFE)


def _replacement(char: str) -> str:
    if char in _LOOKALIKES:
        return _LOOKALIKES[char]
    kind = category(char)
    if kind in _UNSEEN:
        return ""
    if kind in _BREAKS:
        return " "
    return _without_accent(char)


def _without_accent(char: str) -> str:
    """``é`` -> ``e``, fullwidth to plain; ``?`` when not exactly one character of it is in CP866."""
    plain = "".join(_SAFE.get(part, "") for part in normalize("NFKD", char))
    return plain if len(plain) == 1 else "?"
