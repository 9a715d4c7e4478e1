"""What doors with a login and a password of their own share: settings, their renewal, the question for taxation."""

import secrets as chance
from typing import Any, Final, TypeVar

import msgspec

from chekpoint.fiscal.receipt import Taxation
from chekpoint.hub.kinds import TAXATIONS, Ask, Made, Unfilled
from chekpoint.hub.passwords import hashed, is_hash
from chekpoint.store import people

ASK_TAXATION: Final = Ask(
    "taxation", ("Система налогообложения", "Taxation system"),
    ("Если модуль её не передаёт.", "Where the module does not say it."), required=True,
    choices=TAXATIONS, default="osn",
)  # fmt: skip


class AccountSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A login and its password, kept as argon2id (``hub.passwords.hashed``)."""

    login: str
    password_hash: str
    taxation: Taxation  # for documents that do not say it
    blocked: bool = False

    def __post_init__(self) -> None:
        """Raise ValueError where the hash is none."""
        if not is_hash(self.password_hash):
            raise ValueError("password_hash must be an argon2id hash")

    def masked(self) -> dict[str, Any]:
        """For screens and logs."""
        shown: dict[str, Any] = msgspec.to_builtins(self)
        return shown | {"password_hash": "***"}


S = TypeVar("S", bound=AccountSettings)


def settings_in(shop: people.Shop, kind: str, decoder: msgspec.json.Decoder[S]) -> S | None:
    """The settings of a shop; None when it is of another kind or not set up yet."""
    if shop.kind != kind:
        return None
    try:
        return decoder.decode(shop.settings)
    except msgspec.DecodeError:
        return None


def renewed(found: AccountSettings | None) -> Made:
    """The login stays, the password is another; raises Unfilled where the settings cannot be read."""
    if found is None:
        raise Unfilled(
            {"settings": ("Настройки магазина не читаются.", "The shop's settings cannot be read.")}
        )
    password = chance.token_urlsafe(18)
    settings = msgspec.structs.replace(found, password_hash=hashed(password))
    return Made(msgspec.json.encode(settings), {"login": found.login, "password": password})
