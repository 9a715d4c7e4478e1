"""What a shop of this door is set up with."""

from enum import StrEnum
from typing import Annotated, Final

import msgspec

from chekpoint.fiscal.receipt import Taxation
from chekpoint.shops.account_door import AccountSettings, settings_in
from chekpoint.store import people

KIND: Final = "atol_online"
_WORD: Final = msgspec.Meta(min_length=1, max_length=100, pattern=r"^[\x21-\x2e\x30-\x7e]+$")


class WithoutContact(StrEnum):
    """What becomes of an internet receipt whose buyer left no usable phone or e-mail."""

    OWN_EMAIL = "own_email"  # the receipt goes to the shop's own address (company.email), as shop modules do
    REFUSE = "refuse"


class AtolOnlineSettings(AccountSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A login, a password, one group of registers. The password is kept as argon2id (``hub.passwords.hashed``)."""

    login: Annotated[str, _WORD]
    group_code: Annotated[str, _WORD]
    taxation: Taxation  # for receipts that do not say it: v4 lets modules leave it out
    without_contact: WithoutContact = WithoutContact.OWN_EMAIL


_DECODER: Final = msgspec.json.Decoder(AtolOnlineSettings)


def settings_of(shop: people.Shop) -> AtolOnlineSettings | None:
    """The settings of a shop of this kind; None when it is of another kind or not set up yet."""
    return settings_in(shop, KIND, _DECODER)
