"""The buyer's contact and other phones as modules send them -> as tag 1008 wants them."""

from typing import Final

from chekpoint.fiscal.rules_parties import is_email, is_phone
from chekpoint.shops.atol_online.form import Part
from chekpoint.shops.atol_online.settings import WithoutContact

_FILLING: Final = frozenset(" ()-\u00a0.")
_NOTHING: Final = frozenset({"none", "null", "-"})


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


def contact_of(client: Part | None, own_email: str | None, rule: WithoutContact) -> str | None:
    """The e-mail, else the phone, else what the shop's rule says. What cannot be used is never passed on."""
    email = _said(client, "email")
    phone = _said(client, "phone")
    if email and is_email(email):
        return email
    if phone and (found := phone_of(phone)) is not None:
        return found
    if rule is WithoutContact.OWN_EMAIL and own_email and is_email(own_email):
        return own_email
    return email or phone


def _said(client: Part | None, name: str) -> str | None:
    text = client.text(name, 64) if client is not None else None
    return None if text is None or text.lower() in _NOTHING else text
