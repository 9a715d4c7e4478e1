"""Who may ask: basic authorisation of one user, and the rule of the unchanging client address."""

import base64
import binascii
import hmac

import msgspec
from starlette.requests import Request

from chekpoint.core.clock import Clock
from chekpoint.emulators.atol_web.intake import Refusal

DAY_SECONDS = 24 * 3600


class WeakPassword(ValueError):
    """The server wants 12 characters or more with a digit, a capital and a small letter."""


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """The one user of a server."""

    user: str
    password: str

    def __post_init__(self) -> None:
        """Refuse what the real server refuses; raises WeakPassword."""
        kinds = (str.isdigit, str.isupper, str.islower)
        if len(self.password) < 12 or not all(any(map(kind, self.password)) for kind in kinds):
            raise WeakPassword(
                "пароль: от 12 символов, с цифрой, заглавной и строчной буквой"
                " / password: at least 12 characters with a digit, a capital and a small letter"
            )


class Access:
    """Checks each request; raises Refusal 401."""

    def __init__(self, credentials: Credentials | None, clock: Clock, *, one_address: bool = False) -> None:
        self.credentials = credentials
        self.one_address = one_address  # a client may change its address once a day
        self._clock = clock
        self._address = ""
        self._since = 0.0

    def check(self, request: Request) -> None:
        """The user and, where it is on, the rule of the address."""
        if self.credentials is not None and not self._known(request.headers.get("authorization", "")):
            raise Refusal(401, "unauthorized")
        if self.one_address and request.client is not None:
            self._check_address(request.client.host)

    def _known(self, header: str) -> bool:
        scheme, _, token = header.partition(" ")
        if self.credentials is None or scheme.lower() != "basic":
            return False
        try:
            given = base64.b64decode(token, validate=True)
        except (binascii.Error, ValueError):
            return False
        return hmac.compare_digest(given, f"{self.credentials.user}:{self.credentials.password}".encode())

    def _check_address(self, address: str) -> None:
        now = self._clock.monotonic()
        if address == self._address:
            return
        if self._address and now - self._since < DAY_SECONDS:
            raise Refusal(401, "IP address was changed less than a day ago")
        self._address, self._since = address, now
