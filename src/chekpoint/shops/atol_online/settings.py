"""What a shop of this door is set up with."""

from enum import StrEnum
from typing import Annotated, Any, Final

import msgspec

from chekpoint.fiscal.receipt import Taxation
from chekpoint.hub.passwords import is_hash
from chekpoint.store import people

KIND: Final = "atol_online"
_WORD: Final = msgspec.Meta(min_length=1, max_length=100, pattern=r"^[\x21-\x2e\x30-\x7e]+$")


class WithoutContact(StrEnum):
    """What becomes of an internet receipt whose buyer left no usable phone or e-mail."""

    OWN_EMAIL = "own_email"  # the receipt goes to the shop's own address (company.email), as shop modules do
    REFUSE = "refuse"


class AtolOnlineSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A login, a password, one group of registers. The password is kept as argon2id (``hub.passwords.hashed``)."""

    login: Annotated[str, _WORD]
    password_hash: str
    group_code: Annotated[str, _WORD]
    taxation: Taxation  # for receipts that do not say it: v4 lets modules leave it out
    without_contact: WithoutContact = WithoutContact.OWN_EMAIL
    blocked: bool = False

    def __post_init__(self) -> None:
        """Raise ValueError where the hash is none."""
        if not is_hash(self.password_hash):
            raise ValueError("password_hash must be an argon2id hash")

    def masked(self) -> dict[str, Any]:
        """For screens and logs."""
        shown: dict[str, Any] = msgspec.to_builtins(self)
        return shown | {"password_hash": "***"}


_DECODER: Final = msgspec.json.Decoder(AtolOnlineSettings)


def settings_of(shop: people.Shop) -> AtolOnlineSettings | None:
    """The settings of a shop of this kind; None when it is of another kind or not set up yet."""
    if shop.kind != KIND:
        return None
    try:
        return _DECODER.decode(shop.settings)
    except msgspec.DecodeError:
        return None
