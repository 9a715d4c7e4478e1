"""The buyer's contact as modules send it -> as tag 1008 wants it."""

from typing import Final

from chekpoint.fiscal.rules_parties import is_email
from chekpoint.hub.form import Part
from chekpoint.hub.phones import phone_of
from chekpoint.shops.atol_online.settings import WithoutContact

_NOTHING: Final = frozenset({"none", "null", "-"})


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
