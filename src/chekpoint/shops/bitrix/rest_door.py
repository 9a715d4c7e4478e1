"""The two addresses of the REST cashbox: ``/bitrix/<secret>/print`` and ``/bitrix/<secret>/check``.

The site fails open (CashboxRest): any answer of PRINT_URL but 200 with UUID or ERRORS leaves a check "in
print" for ever, and any answer of CHECK_URL but WAIT and ERROR marks it printed without a document. So both
always answer 200: PRINT_URL a UUID when the receipt is on disk and ERRORS else, CHECK_URL WAIT unless more
is certain, also under a wrong secret and whatever goes wrong here.
"""

import hmac
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Any, Final

import msgspec
import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from chekpoint.core.clock import epoch_ms
from chekpoint.core.errors import StoreError
from chekpoint.hub.hub import Hub
from chekpoint.hub.intake import Different, Refused
from chekpoint.hub.shop_rules import Skipped, order_of, without_buyer
from chekpoint.shops.bitrix import pushes, troubles
from chekpoint.shops.bitrix.checks import intake_of
from chekpoint.shops.bitrix.names import external_id
from chekpoint.shops.bitrix.php_form import read_form
from chekpoint.shops.bitrix.rest_check import Offered, read_check
from chekpoint.shops.bitrix.rest_results import WAIT, result_of
from chekpoint.shops.bitrix.settings import KIND, BitrixSettings, settings_of
from chekpoint.shops.bitrix.unreadable import Unreadable
from chekpoint.store import incidents, listing, people
from chekpoint.store.incidents import Words

log = structlog.get_logger()
BODY_MOST: Final = 4 << 20
PATIENCE: Final = 40.0  # seconds; the site waits for 60
_AGAIN: Final = 1.0
_WRONG: Final = "Адрес кассы неверен: возьмите его из настроек магазина в Chekpoint."
_LATER: Final = "Chekpoint временно не может сохранить чек. Повторите печать: двойного чека не будет."
Fields = dict[str, Any]
_settings = lru_cache(maxsize=4096)(settings_of)


class RestDoor:
    """Answers for all shops of one hub that have a REST cashbox."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def routes(self) -> list[BaseRoute]:
        """To be mounted at the root; every method answers, so that nothing here ever answers 405."""
        anyhow = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
        return [
            Route("/bitrix/{secret}/print", _failsafe(self._print, {"ERRORS": [_LATER]}), methods=anyhow),
            Route("/bitrix/{rest:path}", _failsafe(self._check, WAIT), methods=anyhow),
        ]

    def _shop(self, secret: str) -> tuple[people.Shop, BitrixSettings] | None:
        """The shop behind a secret; all are compared, so that the time tells nothing."""
        found = None
        for shop in self._hub.shops.values():
            settings = _readable(shop)
            if settings is None or settings.cashbox is None:
                continue
            if hmac.compare_digest(settings.cashbox.secret.encode(), secret.encode()):
                found = shop, settings
        return found

    async def _print(self, request: Request) -> Fields:
        found = self._shop(request.path_params["secret"])
        if found is None:
            log.warning("bitrix_rest_unknown_secret")
            return {"ERRORS": [_WRONG]}
        shop, settings = found
        number: int | None = None
        try:
            offered = read_check(await _body(request))
            number = offered.number
            return {"UUID": await self._patiently(shop, settings, offered)}
        except Unreadable as error:
            return await self._refuse(shop, number, error.ru, error.en)
        except Skipped as skipped:
            return {"ERRORS": [skipped.ru]}
        except Refused as refused:
            ru, en = (" ".join(getattr(one, tongue) for one in refused.faults) for tongue in ("ru", "en"))
            return await self._refuse(shop, number, ru, en)

    async def _patiently(self, shop: people.Shop, settings: BitrixSettings, offered: Offered) -> str:
        """Accept; while the journal cannot write, try again as long as the site listens. Raises StoreError then."""
        clock = self._hub.post.clock
        until = clock.monotonic() + PATIENCE
        while True:
            try:
                return await self._accept(shop, settings, offered)
            except StoreError:
                if clock.monotonic() + _AGAIN > until:
                    raise
                log.warning("bitrix_rest_store_waits", shop=shop.id)
                await clock.sleep(_AGAIN)

    async def _accept(self, shop: people.Shop, settings: BitrixSettings, offered: Offered) -> str:
        """The receipt's id; that of the first one also when the check comes with other content."""
        if offered.draft is None:
            return await self._known(shop, offered.number)
        try:
            order = order_of(settings.rules, external_id(offered.number), offered.draft)
            accepted = await intake_of(self._hub).accept(shop, order)
        except Different as other:
            words = troubles.changed(shop.name, offered.number)
            await self._open(troubles.CHANGED, other.receipt_id, words)
            return other.receipt_id
        except (Refused, Skipped):
            known = await self._line(shop, offered.number)
            if known is None:
                raise
            return known.id  # what was accepted once stays true, whatever the rules are now
        if accepted.fresh and without_buyer(settings.rules, offered.draft):
            await self._open(troubles.NO_BUYER, shop.id, troubles.no_buyer(shop.name, offered.number))
        if settings.cashbox is not None and settings.cashbox.webhook:
            entry = pushes.Entry(number=offered.number, at=epoch_ms(self._hub.post.clock.now()))
            await self._hub.store.write(lambda tx: pushes.keep(tx, shop.id, accepted.receipt_id, entry))
            self._hub.post.bell.ring(pushes.word(shop.id))
        return accepted.receipt_id

    async def _known(self, shop: people.Shop, number: int) -> str:
        line = await self._line(shop, number)
        if line is None:
            raise Unreadable("Чек пуст: в нём нет товаров.", "The check is empty: it has no items.")
        return line.id

    async def _line(self, shop: people.Shop, number: int) -> listing.Line | None:
        wanted = listing.Filter(shop_id=shop.id, external_id=external_id(number), limit=1)
        return next(iter(await self._hub.store.read(lambda tx: listing.page(tx, wanted))), None)

    async def _refuse(self, shop: people.Shop, number: int | None, ru: str, en: str) -> Fields:
        if number is not None:
            subject = f"{shop.id}/{external_id(number)}"
            await self._open(troubles.REFUSED, subject, troubles.refused(shop.name, number, ru, en))
        return {"ERRORS": [ru]}

    async def _open(self, kind: str, subject: str, words: Words) -> None:
        key = self._hub.post.keys.new()
        await self._hub.store.write(lambda tx: incidents.open_incident(tx, kind, subject, words, key=key))

    async def _check(self, request: Request) -> Fields:
        secret, _, rest = request.path_params["rest"].partition("/")
        found = self._shop(secret)
        if found is None or rest != "check":
            log.warning("bitrix_rest_unknown_address")
            return WAIT
        shop, settings = found
        uuid = _uuid(await _body(request))
        if uuid is None:
            return WAIT
        return await self._hub.store.read(lambda tx: result_of(tx, uuid, shop.id, settings.local))


def _readable(shop: people.Shop) -> BitrixSettings | None:
    """Settings that do not read have an incident of their own; here such a shop has no door."""
    if shop.kind != KIND:
        return None
    try:
        return _settings(shop.settings)
    except (msgspec.DecodeError, ValueError):
        return None


def _uuid(body: bytes) -> str | None:
    """The site writes ``uuid``; its documentation's example reads ``UUID``."""
    try:
        fields = {name.lower(): value for name, value in read_form(body).items()}
    except ValueError:
        return None
    found = fields.get("uuid")
    return found if isinstance(found, str) and found.isascii() and len(found) <= 100 else None


async def _body(request: Request) -> bytes:
    got = bytearray()
    async for part in request.stream():
        got += part
        if len(got) > BODY_MOST:
            raise Unreadable("Чек слишком велик.", "The check is too large.")
    return bytes(got)


def _failsafe(
    handler: Callable[[Request], Awaitable[Fields]], otherwise: Fields
) -> Callable[[Request], Awaitable[Response]]:
    """Whatever goes wrong is logged and answered with ``otherwise``: an HTTP 500 would mark the check printed."""

    async def answer(request: Request) -> Response:
        try:
            fields = await handler(request)
        except ClientDisconnect:
            fields = otherwise
        except Exception:
            log.exception("bitrix_rest_failed", path=request.url.path.rpartition("/")[2])
            fields = otherwise
        return Response(
            msgspec.json.encode(fields), media_type="application/json", headers={"Cache-Control": "no-store"}
        )

    return answer


def bitrix_routes(hub: Hub) -> list[BaseRoute]:
    """The addresses that sites call; to be mounted at the root, before the screens."""
    return RestDoor(hub).routes()
