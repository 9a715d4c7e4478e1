"""Incidents of a whole site: opened once, closed once, and written only when something changes."""

from chekpoint.hub.hub import Hub
from chekpoint.store import incidents, people
from chekpoint.store.incidents import Words


class Alarms:
    """For one site; ``None`` of a kind means that nobody has looked since the start."""

    def __init__(self, hub: Hub, shop: people.Shop) -> None:
        self._hub, self._shop = hub, shop
        self._on: dict[str, bool] = {}

    async def ring(self, kind: str, words: Words) -> None:
        """Something is wrong; raises StoreError."""
        if self._on.get(kind):
            return
        key = self._hub.post.keys.new()
        await self._hub.store.write(
            lambda tx: incidents.open_incident(tx, kind, self._shop.id, words, key=key)
        )
        self._on[kind] = True

    async def mend(self, *kinds: str) -> None:
        """It is seen to be right; raises StoreError."""
        off = [kind for kind in kinds if self._on.get(kind, True)]
        if not off:
            return
        await self._hub.store.write(lambda tx: [incidents.close(tx, kind, self._shop.id) for kind in off])
        self._on |= dict.fromkeys(off, False)
