"""``POST /receipts``: one receipt, or a batch of up to 500. Each accepted one is on disk before the answer."""

import asyncio
from typing import Final

import msgspec

from chekpoint.core.errors import StoreError
from chekpoint.hub.hub import Hub
from chekpoint.hub.intake import Different, Intake, Order, Refused
from chekpoint.shops.api_v1 import forms
from chekpoint.shops.api_v1.problems import FaultAt, Problem, Trouble, problem
from chekpoint.shops.api_v1.resource import Call, too_large
from chekpoint.shops.api_v1.views import TakenView, View, links, rung
from chekpoint.shops.api_v1.wire import Answer
from chekpoint.store import people
from chekpoint.store.receipts import Accepted

SINGLE_BYTES: Final = 1 << 20
BATCH_BYTES: Final = 16 << 20
_TURN: Final = 32  # receipts of a batch that are checked before others get their turn
_ENCODER: Final = msgspec.json.Encoder()


class BatchItem(View, frozen=True, kw_only=True):
    """What became of one receipt of a batch; ``status`` is what it would have been answered alone."""

    status: int
    external_id: str | None
    receipt: TakenView | None = None
    problem: Problem | None = None


class BatchAnswer(View, frozen=True, kw_only=True):
    """The results, in the order of the batch."""

    accepted: int
    known: int
    refused: int
    results: list[BatchItem]


class Reception:
    """Takes receipts in for one hub."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    async def post(self, call: Call) -> Answer:
        """201 new, 200 known (or a batch), 409 other content, 4xx with the faults."""
        body = await call.body(BATCH_BYTES)
        form = forms.sent(body)
        if form.receipts is not msgspec.UNSET:
            return await self._batch(call.shop, forms.batch(form))
        if len(body) > SINGLE_BYTES:
            raise too_large(SINGLE_BYTES)
        return await self._single(call.shop, forms.single(form))

    def _intake(self) -> Intake:
        if self._hub.intake is None:
            raise StoreError("the hub has not started yet")
        return self._hub.intake

    async def _single(self, shop: people.Shop, order: Order) -> Answer:
        try:
            done = await self._intake().accept(shop, order)
        except Refused as refused:
            raise Trouble(_refusal(refused)) from None
        except Different as other:
            raise Trouble(problem("other_content", receipt_id=other.receipt_id)) from None
        view = _taken(order, done)
        return Answer(
            201 if done.fresh else 200, _ENCODER.encode(view), ((b"location", view.links.self.encode()),)
        )

    async def _batch(self, shop: people.Shop, orders: list[Order | FaultAt]) -> Answer:
        tasks = []
        for n, order in enumerate(orders):
            tasks.append(asyncio.ensure_future(self._item(shop, n, order)))
            if n % _TURN == _TURN - 1:
                await asyncio.sleep(0)
        results = await asyncio.gather(*tasks)
        accepted = sum(one.status == 201 for one in results)
        known = sum(one.status == 200 for one in results)
        view = BatchAnswer(
            accepted=accepted, known=known, refused=len(results) - accepted - known, results=results
        )
        return Answer(200, _ENCODER.encode(view))

    async def _item(self, shop: people.Shop, n: int, order: Order | FaultAt) -> BatchItem:
        if isinstance(order, FaultAt):
            return _bad(None, problem("wrong_form", (order,)))
        try:
            done = await self._intake().accept(shop, order)
        except Refused as refused:
            return _bad(order, _refusal(refused, f"/receipts/{n}"))
        except Different as other:
            return _bad(order, problem("other_content", receipt_id=other.receipt_id))
        except StoreError:
            return _bad(order, problem("unavailable"))
        return BatchItem(
            status=201 if done.fresh else 200, external_id=order.external_id, receipt=_taken(order, done)
        )


def _taken(order: Order, done: Accepted) -> TakenView:
    return TakenView(
        id=done.receipt_id, external_id=order.external_id, state=done.state, proof=rung(done.proof),
        links=links(done.receipt_id, done.state),
    )  # fmt: skip


def _refusal(refused: Refused, prefix: str = "") -> Problem:
    return problem("receipt_refused", forms.of_rules(refused.faults, prefix))


def _bad(order: Order | None, found: Problem) -> BatchItem:
    return BatchItem(status=found.status, external_id=order.external_id if order else None, problem=found)
