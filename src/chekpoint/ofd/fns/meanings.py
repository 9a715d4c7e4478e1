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
    200: "данные верны / right",
    400: "неверный формат запроса / bad format",
    404: "в хранилище не найден / not in the store",
    406: "не прошёл проверку / did not pass the check",
    452: "признак не в формате hsm / not in the format of hsm",
    453: "данные некорректны / incorrect",
    454: "hsm ответил отказом / hsm said no",
    455: "не найден в сервисе поиска / not found by the search",
    503: "сервис недоступен / unavailable",
    528: "в hsm нет ключа / hsm has no key",
    531: "плохие данные / bad data",
}
"""For answers that come without words of their own."""

_REFUSALS: Final = (
    ("превышено количество", BlockReason.BUSY,
     "налоговая: исчерпан предел запросов / the tax service: the limit of requests is used up"),
    ("для переданного ip", BlockReason.ACCESS,
     "налоговая не пускает этот IP, он указывается в заявке на доступ / the tax service does not admit this IP"),
    ("для token", BlockReason.ACCESS, "налоговая не приняла токен / the tax service did not take the token"),
    ("требуемые заголовки", BlockReason.CONFIGURATION,
     "налоговая не нашла заголовков, задайте user_id / the tax service misses headers, set user_id"),
    ("unmarshalling", BlockReason.CONFIGURATION,
     "налоговая не разобрала запрос / the tax service could not read the question"),
)  # fmt: skip


def refusal(words: str) -> tuple[BlockReason, str]:
    """The reason and our sentence for a fault, with the service's own words behind it."""
    low = words.lower()
    for sign, reason, sentence in _REFUSALS:
        if sign in low:
            return reason, f"{sentence} ({words[:200]})"
    return BlockReason.UNKNOWN, f"налоговая отказала / the tax service refused: {words[:200]}"


def token_denied(words: str) -> bool:
    """Is it the token that is not taken? A new one may help."""
    return "для token" in words.lower()


def message_gone(words: str) -> bool:
    """Is the answer past its minute? The question must be asked anew."""
    low = words.lower()
    return "messageid" in low.replace(" ", "") or "messagenotfound" in low or low.startswith("timeout")
