"""What the door does: issues tokens, takes registrations, reports. No HTTP here."""

import re
import uuid
from datetime import datetime
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from chekpoint.core.errors import StoreError
from chekpoint.hub import continuity, repeats
from chekpoint.hub.callbacks import Promise, promise, promised, word
from chekpoint.hub.handles import Handles
from chekpoint.hub.hub import Hub
from chekpoint.hub.intake import Different, Order, Refused
from chekpoint.hub.names import order_mark
from chekpoint.hub.passwords import Passwords
from chekpoint.shops.atol_online import orders, reports, tokens
from chekpoint.shops.atol_online.errors import Code, Refusal, text_of
from chekpoint.shops.atol_online.settings import AtolOnlineSettings, settings_of
from chekpoint.store import listing, outcomes, people
from chekpoint.store.journal import Tx
from chekpoint.store.receipts import Accepted

MOSCOW: Final = ZoneInfo("Europe/Moscow")  # the service writes its own moments so
_BITRIX: Final = re.compile(r"(check\|[^|]+\|\d+)\|\d+$", re.ASCII)
"""1C-Bitrix appends the second of sending: the same check would be another one each time."""


class Caller(NamedTuple):
    """A shop that has shown its token."""

    shop: people.Shop
    settings: AtolOnlineSettings


class Keys(NamedTuple):
    """What is made of the database's own key."""

    handles: Handles
    tokens: tokens.Tokens


class Desk:
    """Serves every shop of this kind of one hub. Raises Refusal; StoreError when the journal is not there."""

    def __init__(self, hub: Hub) -> None:
        self._hub, self._passwords = hub, Passwords()
        self._keys: Keys | None = None

    async def keys(self) -> Keys:
        """Made at the first request, when the hub has started."""
        if self._keys is None:
            if self._hub.intake is None:
                raise StoreError("the hub has not started yet")
            secret = await continuity.secret(self._hub.post)
            self._keys = Keys(Handles(secret), tokens.Tokens(secret))
        return self._keys

    def now(self) -> datetime:
        """Moscow time."""
        return self._hub.post.clock.now().astimezone(MOSCOW)

    def error_id(self) -> str:
        """A fresh id of an error."""
        return str(uuid.UUID(int=self._hub.post.chance.getrandbits(128), version=4))

    async def token(self, login: Any, password: Any) -> str:
        """A token of 24 hours."""
        if not (isinstance(login, str) and isinstance(password, str) and login and password):
            raise Refusal(Code.VALIDATION)
        keys = await self.keys()
        for shop in self._hub.shops.values():
            settings = settings_of(shop)
            if settings is not None and settings.login == login:
                return await self._issue(keys, shop, settings, password)
        raise Refusal(Code.WRONG_LOGIN_OR_PASSWORD)

    async def _issue(self, keys: Keys, shop: people.Shop, settings: AtolOnlineSettings, password: str) -> str:
        if not await self._passwords.right(settings.password_hash, password):
            raise Refusal(Code.WRONG_LOGIN_OR_PASSWORD)
        if settings.blocked:
            raise Refusal(Code.USER_BLOCKED)
        return keys.tokens.issue(shop.id, settings.password_hash, self._unix())

    def _unix(self) -> int:
        return int(self._hub.post.clock.now().timestamp())

    async def caller(self, token: str | None, group_code: str, *, may_be_blocked: bool = False) -> Caller:
        """The shop of a token, when the group of registers is its own."""
        if not token:
            raise Refusal(Code.MISSING_TOKEN)
        keys = await self.keys()
        shop = self._hub.shops.get(tokens.shop_of(token))
        settings = None if shop is None else settings_of(shop)
        if shop is None or settings is None:
            raise Refusal(Code.EXPIRED_TOKEN)
        if not keys.tokens.active(token, settings.password_hash, self._unix()):
            raise Refusal(Code.EXPIRED_TOKEN)
        if settings.blocked and not may_be_blocked:
            raise Refusal(Code.USER_BLOCKED)
        if settings.group_code != group_code:
            raise Refusal(Code.GROUP_AND_TOKEN_DIFFER)
        return Caller(shop, settings)

    async def register(self, caller: Caller, version: str, operation: str, body: bytes) -> dict[str, Any]:
        """Take a registration; when this returns it is on disk."""
        taken = orders.taken(body, version, operation, caller.settings)
        check = _BITRIX.match(taken.external_id)
        base = taken.external_id if check is None else check[1]
        try:
            external_id, accepted = await self._accept(caller.shop, taken, base, is_check=check is not None)
        except Refused as refused:
            raise Refusal(Code.INVALID_RECEIPT, _sentences(refused), status="fail") from None
        except Different:
            raise await self._known(caller.shop, base, "с другим содержанием; новый чек не пробит") from None
        if not accepted.fresh and check is None:
            raise await self._known(caller.shop, base, None)
        return await self._answer(caller, taken, external_id)

    async def _accept(
        self, shop: people.Shop, taken: orders.Taken, base: str, *, is_check: bool
    ) -> tuple[str, Accepted]:
        """A check of 1C-Bitrix may be sent again by hand after it had failed."""

        async def offer(external_id: str) -> Accepted:
            if self._hub.intake is None:
                raise StoreError("the hub has not started yet")
            await self._promise(shop, taken, external_id)
            order = Order(external_id=external_id, receipt=taken.receipt)
            return await self._hub.intake.accept(shop, order)

        return await repeats.send(self._hub, shop, base, offer) if is_check else (base, await offer(base))

    async def _promise(self, shop: people.Shop, taken: orders.Taken, external_id: str) -> None:
        if taken.callback:
            made = Promise(mark=order_mark(shop.id, external_id), url=taken.callback, note=taken.external_id)
            await self._hub.store.write(lambda tx: promise(tx, shop.id, made))
            self._hub.post.bell.ring(word(shop.id))

    async def _answer(self, caller: Caller, taken: orders.Taken, external_id: str) -> dict[str, Any]:
        handle = (await self.keys()).handles.of(order_mark(caller.shop.id, external_id))
        answer: dict[str, Any] = {
            "uuid": handle, "status": "wait", "error": None, "timestamp": reports.moment(self.now()),
        }  # fmt: skip
        return answer | ({"warnings": taken.warnings} if taken.warnings else {})

    async def _known(self, shop: people.Shop, external_id: str, note: str | None) -> Refusal:
        """Error 33: for clients it is a success, so the first uuid stands beside it."""
        handle = (await self.keys()).handles.of(order_mark(shop.id, external_id))
        text = text_of(Code.ALREADY_EXISTS) + (f" {note}" if note else "")
        return Refusal(Code.ALREADY_EXISTS, text, uuid=handle, status="wait")

    async def report(self, caller: Caller, handle: str) -> dict[str, Any]:
        """What became of a registration."""
        try:
            uuid.UUID(handle)
        except ValueError:
            raise Refusal(Code.MISSING_UUID, status="fail") from None
        mark = (await self.keys()).handles.mark(handle)
        found = None if mark is None else await self._hub.store.read(lambda tx: _look(tx, caller, mark))
        if found is None:
            return self.waiting(handle)
        whole, callback = found
        return reports.packet(whole, self.about(caller.settings, handle, whole.line.external_id, callback))

    def waiting(self, handle: str) -> dict[str, Any]:
        """Nothing is known yet, or nothing can be read just now."""
        return reports.waiting(reports.About(handle, "", "", "", self.now(), self.error_id()))

    def about(
        self, settings: AtolOnlineSettings, handle: str, external_id: str, callback: str
    ) -> reports.About:
        """What stands around a packet."""
        return reports.About(handle, external_id, settings.group_code, callback, self.now(), self.error_id())


def _look(tx: Tx, caller: Caller, mark: str) -> tuple[listing.Whole, str] | None:
    owner = outcomes.by_mark(tx, mark)
    whole = owner and listing.whole(tx, owner.id, shop_id=caller.shop.id)
    if not whole:
        return None
    kept = promised(tx, caller.shop.id, mark)
    return whole, kept.url if kept else ""


def _sentences(refused: Refused) -> str:
    found = "; ".join(f"{fault.pointer[1:] or 'receipt'}: {fault.ru}" for fault in refused.faults)
    return f"{text_of(Code.INVALID_RECEIPT)} {found}"
