"""What a shop of this door is set up with: an account and one retail point of it."""

from enum import StrEnum
from typing import Annotated, Final

import msgspec

from chekpoint.fiscal.receipt import Taxation
from chekpoint.shops.account_door import AccountSettings, settings_in
from chekpoint.store import people

KIND: Final = "modulkassa"


class CallbackMethod(StrEnum):
    """How responseURL is called; the description does not say, old modules read the query of either."""

    GET = "GET"
    POST = "POST"


class ModulKassaSettings(AccountSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The account's password is kept as argon2id (``hub.passwords.hashed``) and used for ``associate`` alone."""

    login: Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern="^[^:]+$")]
    retail_point: Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern="^[^/]+$")]
    taxation: Taxation  # for documents without taxMode
    own_email: str | None = None  # takes receipts whose buyer left nothing usable; None: they are refused
    address: str = ""  # answered to ``associate``
    callback_method: CallbackMethod = CallbackMethod.GET


_DECODER: Final = msgspec.json.Decoder(ModulKassaSettings)


def settings_of(shop: people.Shop) -> ModulKassaSettings | None:
    """The settings of a shop of this kind; None when it is of another kind or not set up yet."""
    return settings_in(shop, KIND, _DECODER)
