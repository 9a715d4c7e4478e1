"""Looking at receipts and registers, and taking a receipt back. A shop sees its own alone."""

from typing import Final

import msgspec

from chekpoint.core.errors import Conflict
from chekpoint.core.lifecycle import State
from chekpoint.hub.hub import Hub
from chekpoint.hub.public_link import PublicLinks, no_links, public_link
from chekpoint.shops.api_v1 import forms, views
from chekpoint.shops.api_v1.problems import Trouble, problem, trouble
from chekpoint.shops.api_v1.queries import filter_of, is_receipt_id
from chekpoint.shops.api_v1.resource import Call
from chekpoint.shops.api_v1.wire import Answer
from chekpoint.store import listing, stands

CANCEL_BYTES: Final = 1 << 16
_ENCODER: Final = msgspec.json.Encoder()


class Desk:
    """Answers a shop's questions."""

    def __init__(self, hub: Hub, public_links: PublicLinks = no_links) -> None:
        self._hub, self._public_links = hub, public_links

    async def one(self, call: Call) -> Answer:
        """``GET /receipts/{id}``."""
        found = await self._whole(call)
        at_operator = await public_link(self._hub.store, self._public_links, found.line.id)
        return _ok(views.whole(found, at_operator))

    async def _whole(self, call: Call) -> listing.Whole:
        """The shop's receipt; raises Trouble (404), for another shop's as well."""
        key, shop = call.receipt_id, call.shop.id
        found = None
        if is_receipt_id(key):
            found = await self._hub.store.read(lambda tx: listing.whole(tx, key, shop_id=shop))
        if found is None:
            raise trouble("not_found")
        return found

    async def page(self, call: Call) -> Answer:
        """``GET /receipts``. One more than asked for is read: is there a next page?"""
        wanted = filter_of(call.scope["query_string"], call.shop.id)
        more = wanted._replace(limit=wanted.limit + 1)
        lines = await self._hub.store.read(lambda tx: listing.page(tx, more))
        shown = lines[: wanted.limit]
        cursor = shown[-1].id if len(lines) > wanted.limit else None
        return _ok(views.ReceiptPage(receipts=[views.receipt(line) for line in shown], next=cursor))

    async def events(self, call: Call) -> Answer:
        """``GET /receipts/{id}/events``."""
        found = await self._whole(call)
        events = await self._hub.store.read(lambda tx: listing.events_of(tx, found.line.id))
        return _ok(views.EventList(events=[views.event(one) for one in events]))

    async def registers(self, call: Call) -> Answer:
        """``GET /registers``: those of the shop's seller."""
        seller = call.shop.seller_id
        found = await self._hub.store.read(lambda tx: stands.stands(tx, seller_id=seller))
        shown = [views.register(one, standing=self._standing(one.id)) for one in found]
        return _ok(views.RegisterList(registers=shown))

    def _standing(self, register_id: str) -> bool:
        lane = self._hub.lanes.get(register_id)
        return lane is not None and lane.standing

    async def cancel(self, call: Call) -> Answer:
        """``POST /receipts/{id}/cancel``; a repeated cancel is answered as the first one was."""
        form = forms.cancellation(await call.body(CANCEL_BYTES, optional=True))
        found = await self._whole(call)
        try:
            await self._hub.verdicts.cancel(
                found.line.id, who=f"shop:{call.shop.name}", reason=form.reason.strip()
            )
        except Conflict:
            return await self._not_queued(call)
        return _ok(views.whole(await self._whole(call)))

    async def _not_queued(self, call: Call) -> Answer:
        found = await self._whole(call)
        if found.line.state == State.CANCELLED:
            return _ok(views.whole(found))
        raise Trouble(problem("not_cancellable", receipt_id=found.line.id, state=found.line.state))


def _ok(view: views.View) -> Answer:
    return Answer(200, _ENCODER.encode(view))
