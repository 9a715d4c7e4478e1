"""What a rule answers: a fault names the place, a stable code, and what to do, in one sentence of each language."""

from typing import Any, Final

import msgspec

from chekpoint.fiscal.rules_texts import TEXTS


class Fault(msgspec.Struct, frozen=True):
    """One thing that is wrong with a receipt.

    ``pointer`` is a JSON pointer into the receipt (``/items/0/name``; empty for the whole), ``code`` never
    changes its meaning, ``ru`` and ``en`` say what is wrong and what to do.
    """

    pointer: str
    code: str
    ru: str
    en: str


def fault(code: str, pointer: str, **values: Any) -> Fault:
    """The fault ``code`` at ``pointer`` with its sentences filled in."""
    ru, en = TEXTS[code]
    return Fault(pointer=pointer, code=code, ru=ru.format(**values), en=en.format(**values))


CODES: Final = frozenset(TEXTS)
"""Every code that ``rules.faults`` can answer."""
