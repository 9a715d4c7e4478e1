"""Numbers of contracts as people type them: Cyrillic letters for Latin ones, no-break spaces, long dashes. Pure."""

import re
from typing import Final

_LIKE: Final = str.maketrans("АВЕКМНОРСТУХ", "ABEKMHOPCTYX")
_DASHES: Final = re.compile(r"[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]")
_NOTHING: Final = re.compile(r"[\s\u00a0\u202f\u2007\ufeff№]+")


def normal(number: str) -> str:
    """The number in one form: capitals, Latin where a letter looks the same, plain dashes, no spaces, no №."""
    return _NOTHING.sub("", _DASHES.sub("-", number)).upper().translate(_LIKE)


def is_same_number(left: str, right: str) -> bool:
    """Do these name one contract? Empty ones name none."""
    return bool(normal(left)) and normal(left) == normal(right)
