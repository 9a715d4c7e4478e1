"""What the door does: pairs a module with a retail point, takes documents, tells what became of them. No HTTP here."""

import base64
import hmac
import secrets
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from chekpoint.core.clock import from_epoch_ms
from chekpoint.core.errors import StoreError
from chekpoint.core.lifecycle import State
from chekpoint.hub import content, continuity, repeats
from chekpoint.hub.callbacks import Promise, promise, promised, word
from chekpoint.hub.hub import Hub
from chekpoint.hub.intake import Different, Order, Refused
from chekpoint.hub.names import order_mark
from chekpoint.hub.passwords import Passwords
from chekpoint.shops.modulkassa import documents, statuses
from chekpoint.shops.modulkassa.errors import Refusal, unauthorised
from chekpoint.shops.modulkassa.settings import ModulKassaSettings, settings_of
from chekpoint.store import listing, lookup, memory, people, stands
from chekpoint.store.journal import Tx
from chekpoint.store.receipts import Accepted

_PAIR: Final = "pair"
_LABEL: Final = b"chekpoint modulkassa users v1"


class Caller(NamedTuple):
    """A shop whose pair was shown."""

    shop: people.Shop
    settings: ModulKassaSettings


class Desk:
    """Serves every shop of this kind of one hub. Raises Refusal; StoreError when the journal is not there."""

    def __init__(self, hub: Hub, zone: str) -> None:
        self._hub, self._zone, self._passwords = hub, ZoneInfo(zone), Passwords()
        self._secret: bytes | None = None

    async def _user(self, shop: people.Shop) -> str:
        """The userName of a shop's pairs: the same each time, and nobody can guess it."""
        if self._secret is None:
            if self._hub.intake is None:
                raise StoreError("the hub has not started yet")
            self._secret = await continuity.secret(self._hub.post)
        digest = hmac.digest(self._secret, _LABEL + shop.id.encode(), "sha256")
        return str(UUID(bytes=digest[:16], version=4))

    def _shops(self) -> list[Caller]:
        found = ((shop, settings_of(shop)) for shop in self._hub.shops.values())
        return [Caller(shop, settings) for shop, settings in found if settings is not None]

    async def associate(self, given: tuple[str, str] | None, retail_point: str) -> dict[str, Any]:
        """A new pair; the one before is void from now on."""
        caller = await self._account(given, retail_point)
        password = secrets.token_urlsafe(24)
        kept = people.key_hash(password).encode()
        await self._hub.store.write(lambda tx: memory.keep(tx, caller.shop.id, _PAIR, kept))
        return {
            "userName": await self._user(caller.shop),
            "password": password,
            "name": caller.shop.name,
            "address": caller.settings.address,
        }

    async def _account(self, given: tuple[str, str] | None, retail_point: str) -> Caller:
        if given is None:
            raise unauthorised()
        login, password = given
        mine = [one for one in self._shops() if one.settings.login == login]
        right = [one for one in mine if await self._passwords.right(one.settings.password_hash, password)]
        if not right:
            raise unauthorised()
        for one in right:
            if one.settings.retail_point == retail_point:
                return one
        if any(one.settings.retail_point == retail_point for one in self._shops()):
            raise Refusal(403, "FORBIDDEN", "Нет прав на эту торговую точку")
        raise Refusal(404, "NOT_FOUND", "Торговая точка не найдена")

    async def caller(self, given: tuple[str, str] | None) -> Caller:
        """The shop of a pair."""
        if given is None:
            raise unauthorised()
        user, password = given
        for one in self._shops():
            if hmac.compare_digest((await self._user(one.shop)).encode(), user.encode()):
                return await self._paired(one, password)
        raise unauthorised()

    async def _paired(self, one: Caller, password: str) -> Caller:
        kept = await self._hub.store.read(lambda tx: memory.recall(tx, one.shop.id, _PAIR))
        if kept is None or not hmac.compare_digest(kept, people.key_hash(password).encode()):
            raise unauthorised()
        return one

    async def dissociate(self, caller: Caller) -> None:
        """The pair opens nothing any more."""
        await self._hub.store.write(lambda tx: memory.forget(tx, caller.shop.id, _PAIR))

    async def status(self, caller: Caller) -> dict[str, Any]:
        """FNStatus: READY only while a register of the seller is seen to work."""
        state, seen = await self._hub.store.read(lambda tx: self._state(tx, caller))
        at = from_epoch_ms(seen) if seen is not None else datetime.fromtimestamp(0, UTC)
        return {"status": state, "dateTime": at.isoformat(timespec="seconds")}

    def _state(self, tx: Tx, caller: Caller) -> tuple[str, int | None]:
        found = [one for one in stands.stands(tx, seller_id=caller.shop.seller_id) if one.enabled]
        seen = max((one.status_at for one in found if one.status_at is not None), default=None)
        if caller.settings.blocked:
            return "DISABLED", seen
        if seen is None:
            return "ASSOCIATED", None
        return ("READY" if any(one.block is None and one.status_at for one in found) else "FAILED"), seen

    async def post(self, caller: Caller, body: bytes) -> dict[str, Any]:
        """Take a document; when this returns it is on disk. The same document again is the same one."""
        if caller.settings.blocked:
            raise Refusal(403, "FORBIDDEN", "Торговая точка отключена")
        taken = documents.taken(body, caller.settings)

        async def offer(external_id: str) -> Accepted:
            await self._promise(caller.shop, taken, external_id)
            return await self._offer(caller.shop, Order(external_id=external_id, receipt=taken.receipt))

        await self._accepted(caller, taken.id, offer)
        return await self.document(caller, taken.id)

    async def _accepted(self, caller: Caller, base: str, offer: repeats.Accept) -> None:
        try:
            await repeats.send(self._hub, caller.shop, base, offer)
        except Refused as refused:
            found = "; ".join(f"{fault.pointer[1:] or 'document'}: {fault.ru}" for fault in refused.faults)
            raise Refusal(400, "VALIDATION", found) from None
        except Different:
            text = "Документ с этим id уже принят, и содержание у него другое"
            raise Refusal(400, "DUPLICATE_ID", text) from None

    async def _offer(self, shop: people.Shop, order: Order) -> Accepted:
        if self._hub.intake is None:
            raise StoreError("the hub has not started yet")
        return await self._hub.intake.accept(shop, order)

    async def _promise(self, shop: people.Shop, taken: documents.Taken, external_id: str) -> None:
        if taken.callback:
            made = Promise(mark=order_mark(shop.id, external_id), url=taken.callback, note=taken.id)
            await self._hub.store.write(lambda tx: promise(tx, shop.id, made))
            self._hub.post.bell.ring(word(shop.id))

    async def document(self, caller: Caller, document_id: str) -> dict[str, Any]:
        """DocumentStatus of the last try of a document."""
        look = await self._hub.store.read(lambda tx: self._look(tx, caller, document_id))
        if look is None:
            raise Refusal(400, "NOT_FOUND", "Документ с таким id не найден")
        return statuses.answer(look, self._zone)

    def _look(self, tx: Tx, caller: Caller, document_id: str) -> statuses.Look | None:
        found = repeats.newest(tx, caller.shop.id, document_id)
        whole = found.line and listing.whole(tx, found.line.id)
        if not whole:
            return None
        kept = promised(tx, caller.shop.id, order_mark(caller.shop.id, found.external_id))
        state = "READY" if self._state(tx, caller)[0] == "READY" else "FAILED"
        return statuses.Look(whole, kept is not None, _serial(tx, whole), state)

    async def requeue(self, caller: Caller, document_id: str) -> dict[str, Any]:
        """A failed document once more; any other one is left as it is."""
        newest = await self._hub.store.read(lambda tx: repeats.newest(tx, caller.shop.id, document_id))
        if newest.line is None or not newest.failed:
            return await self.document(caller, document_id)
        key = newest.line.id
        if newest.line.state == State.REJECTED:
            await repeats.again(self._hub, caller.shop, key)
        else:
            kept, buyer, _ = await self._hub.store.read(lambda tx: lookup.content(tx, key))
            receipt = content.restore(kept, buyer)
            await self._accepted(
                caller,
                document_id,
                lambda name: self._offer(caller.shop, Order(external_id=name, receipt=receipt)),
            )
        return await self.document(caller, document_id)


def _serial(tx: Tx, whole: listing.Whole) -> str:
    """The factory number, as the register said it last."""
    for one in stands.stands(tx, seller_id=whole.line.seller_id):
        if one.id == whole.line.register_id and one.status:
            said = msgspec.json.decode(one.status)
            return str(said.get("serial") or "") if isinstance(said, dict) else ""
    return ""


def basic(header: str | None) -> tuple[str, str] | None:
    """(name, password) of an Authorization header."""
    scheme, _, given = (header or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, password = base64.b64decode(given.strip(), validate=True).decode().partition(":")
    except (ValueError, UnicodeDecodeError):
        return None
    return (name, password) if colon else None
