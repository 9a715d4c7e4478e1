"""Phones as shop modules send them -> as tag 1008 wants them."""

from typing import Final

from chekpoint.fiscal.rules_parties import is_phone

_FILLING: Final = frozenset(" ()-\u00a0.")


def phone_of(text: str) -> str | None:
    """``8 (900) 000-00-00``, ``79000000000`` and ``9000000000`` -> ``+79000000000``; None when it is no phone."""
    bare = "".join(char for char in text if char not in _FILLING)
    if bare.isascii() and bare.isdigit():
        if len(bare) == 10:
            bare = f"+7{bare}"
        elif len(bare) == 11 and bare[0] in "78":
            bare = f"+7{bare[1:]}"
        else:
            bare = f"+{bare}"
    return bare if is_phone(bare) else None
