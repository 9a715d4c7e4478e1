"""Telling a REST cashbox at once, by ``sale.cashbox.check.apply``, instead of waiting to be asked.

The site asks for five checks in two minutes. It stores our UUID only after PRINT_URL was answered, so an
early call meets "not found" and is repeated; when that does not end, the site never got our answer: it
shows an error for a receipt that exists, and a person must press "print again" (no double comes of it).
"""

from typing import Any, Final
from zoneinfo import ZoneInfo

import httpx2
import msgspec
import structlog

from chekpoint.core.clock import epoch_ms
from chekpoint.core.errors import StoreError
from chekpoint.hub.hub import Hub
from chekpoint.shops.bitrix import troubles
from chekpoint.shops.bitrix.rest_calls import CallError, call
from chekpoint.shops.bitrix.rest_results import WAIT, result_of
from chekpoint.shops.bitrix.settings import Cashbox
from chekpoint.store import incidents, memory, people
from chekpoint.store.journal import Tx

log = structlog.get_logger()
PREFIX: Final = "push:"
NOT_FOUND: Final = "ERROR_CHECK_NOT_FOUND"
NOT_APPLIED: Final = "ERROR_CHECK_APPLY"  # also the answer to an error that was applied
APPLY: Final = "sale.cashbox.check.apply"
LOOK: Final = 0.2
IDLE: Final = 60.0
NOT_FOUND_MOST: Final = 6
PAUSE_MOST: Final = 300.0


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A receipt whose result the site is to be told."""

    number: int
    at: int
    tries: int = 0
    next_at: int = 0


_ENTRY: Final = msgspec.json.Decoder(Entry)


def word(shop_id: str) -> str:
    """What the bell rings when there is something new to tell."""
    return f"bitrix-push:{shop_id}"


def keep(tx: Tx, shop_id: str, receipt_id: str, entry: Entry) -> None:
    """Remember to tell."""
    memory.keep(tx, shop_id, PREFIX + receipt_id, msgspec.json.encode(entry))


class Pushes:
    """Tells one site."""

    def __init__(
        self, hub: Hub, shop: people.Shop, cashbox: Cashbox, client: httpx2.AsyncClient, zone: ZoneInfo
    ) -> None:
        self._hub, self._shop, self._client, self._zone = hub, shop, client, zone
        self._webhook = cashbox.webhook or ""

    async def run(self) -> None:
        """Tell until cancelled."""
        while True:
            try:
                waiting = await self._round()
            except StoreError:
                log.exception("bitrix_store_failed", shop=self._shop.id)
                waiting = 1
            await self._hub.post.bell.wait((word(self._shop.id),), LOOK if waiting else IDLE)
            if waiting:
                await self._hub.post.clock.sleep(LOOK)

    async def _round(self) -> int:
        """One look; answers how many still wait."""
        rows = await self._hub.store.read(lambda tx: memory.recall_all(tx, self._shop.id, PREFIX))
        now = epoch_ms(self._hub.post.clock.now())
        for name, body, _ in rows:
            entry = _ENTRY.decode(body)
            if entry.next_at <= now:
                await self._one(name.removeprefix(PREFIX), entry)
        return len(rows)

    async def _one(self, receipt_id: str, entry: Entry) -> None:
        fields = await self._hub.store.read(lambda tx: result_of(tx, receipt_id, self._shop.id, self._zone))
        if fields == WAIT:
            return
        try:
            await call(self._client, self._webhook, APPLY, {"UUID": receipt_id, **fields})
        except CallError as error:
            await self._failed(receipt_id, entry, error, fields)
        else:
            await self._done(receipt_id)

    async def _failed(self, receipt_id: str, entry: Entry, error: CallError, fields: dict[str, Any]) -> None:
        log.info("bitrix_push_failed", shop=self._shop.id, check=entry.number, code=error.code)
        if error.code == NOT_APPLIED and fields["STATUS"] == "ERROR":
            await self._done(receipt_id)
        elif error.code == NOT_FOUND and entry.tries + 1 >= NOT_FOUND_MOST:
            await self._give_up(receipt_id, entry)
        else:
            pause = min(2.0**entry.tries, PAUSE_MOST)
            next_at = epoch_ms(self._hub.post.clock.now()) + int(pause * 1000)
            later = msgspec.structs.replace(entry, tries=min(entry.tries + 1, 30), next_at=next_at)
            await self._hub.store.write(lambda tx: keep(tx, self._shop.id, receipt_id, later))

    async def _done(self, receipt_id: str) -> None:
        def unit(tx: Tx) -> None:
            memory.forget(tx, self._shop.id, PREFIX + receipt_id)
            incidents.close(tx, troubles.REST_LOST, receipt_id)

        await self._hub.store.write(unit)

    async def _give_up(self, receipt_id: str, entry: Entry) -> None:
        key = self._hub.post.keys.new()
        words = troubles.rest_lost(self._shop.name, entry.number)

        def unit(tx: Tx) -> None:
            memory.forget(tx, self._shop.id, PREFIX + receipt_id)
            incidents.open_incident(tx, troubles.REST_LOST, receipt_id, words, key=key)

        await self._hub.store.write(unit)
