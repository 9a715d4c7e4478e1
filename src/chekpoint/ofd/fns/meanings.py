"""What the codes of the tax service mean, and in which of our reasons its refusals end.

Two facts are never merged: CheckTicket speaks of the fiscal sign, GetTicket of the store. 200 of the first does
not mean that the document is there. Codes from 452 on are known from integrators' experience alone.
"""

from typing import Final

from chekpoint.core.errors import BlockReason

SIGN_RIGHT: Final[dict[int, bool]] = {200: True, 406: False}
"""CheckTicket; any other code says nothing of the sign."""
IN_STORE: Final[dict[int, bool]] = {200: True, 404: False, 455: False}
"""GetTicket; any other code says nothing of the store."""
UNAVAILABLE: Final = 503

WORDS: Final[dict[int, str]] = {
    200: "данные верны",
    400: "неверный формат запроса",
    404: "в хранилище не найден",
    406: "не прошёл проверку фискального признака",
    452: "признак не в формате hsm",
    453: "данные некорректны",
    454: "hsm ответил отказом",
    455: "не найден в сервисе поиска",
    503: "сервис недоступен",
    528: "в hsm нет ключа",
    531: "плохие данные",
}

_REFUSALS: Final = (
    ("превышено количество", BlockReason.BUSY, "налоговая: исчерпан предел запросов"),
    ("для переданного ip", BlockReason.ACCESS, "налоговая не пускает этот IP: он указывается в заявке на доступ"),
    ("для token", BlockReason.ACCESS, "налоговая не приняла токен"),
    ("требуемые заголовки", BlockReason.CONFIGURATION, "налоговая не нашла заголовков (UserToken?): задайте user_id"),
    ("unmarshalling", BlockReason.CONFIGURATION, "налоговая не разобрала запрос"),
)  # fmt: skip


def refusal(words: str) -> tuple[BlockReason, str]:
    """The reason and our sentence for a fault, with the service's own words behind it."""
    low = words.lower()
    for sign, reason, sentence in _REFUSALS:
        if sign in low:
            return reason, f"{sentence} ({words[:200]})"
    return BlockReason.UNKNOWN, f"налоговая отказала: {words[:200]}"


def token_denied(words: str) -> bool:
    """Is it the token that is not taken? A new one may help."""
    return "для token" in words.lower()


def message_gone(words: str) -> bool:
    """Is the answer past its minute? The question must be asked anew."""
    low = words.lower()
    return "messageid" in low.replace(" ", "") or "messagenotfound" in low or low.startswith("timeout")
