"""Who may ask: a shop's API key, looked up by its SHA-256 and remembered for less than a second."""

from typing import Final

from chekpoint.hub.hub import Hub
from chekpoint.shops.api_v1.problems import Trouble, trouble
from chekpoint.shops.api_v1.remembered import Remembered
from chekpoint.shops.api_v1.wire import Scope, header
from chekpoint.store import people

REMEMBERED: Final = 0.5  # seconds: a revoked key opens nothing after that
_MOST: Final = 10_000
_PREFIX: Final = b"bearer "


class KeyRing:
    """Answers which shop a request speaks for."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._known: dict[bytes, Remembered[str | None]] = {}

    async def shop(self, scope: Scope) -> people.Shop:
        """The shop of the request's key; raises Trouble (401)."""
        given = header(scope, b"authorization")
        if given is None or given[:7].lower() != _PREFIX:
            raise _refusal("key_missing")
        secret = given[7:].strip()
        shop_id = await self._ask(secret)
        if shop_id is None:
            raise _refusal("key_unknown")
        return self._hub.shops.get(shop_id) or await self._new_shop(shop_id)

    async def _ask(self, secret: bytes) -> str | None:
        """What opens nothing is forgotten at once, so that guesses do not fill the memory."""
        known = self._known.get(secret)
        if known is None:
            if len(self._known) >= _MOST:
                self._known.clear()
            known = self._known[secret] = self._lookup(secret.decode("latin-1"))
        shop_id = await known.get()
        if shop_id is None:
            self._known.pop(secret, None)
        return shop_id

    def _lookup(self, secret: str) -> Remembered[str | None]:
        async def look() -> str | None:
            return await self._hub.store.read(lambda tx: people.shop_of_key(tx, secret))

        return Remembered(look, self._hub.post.clock, REMEMBERED)

    async def _new_shop(self, shop_id: str) -> people.Shop:
        """The key is of a shop that was added by another process."""
        await self._hub.reload()
        shop = self._hub.shops.get(shop_id)
        if shop is None:
            raise _refusal("key_unknown")
        return shop


def _refusal(code: str) -> Trouble:
    return trouble(code, headers=((b"www-authenticate", b'Bearer realm="chekpoint"'),))
