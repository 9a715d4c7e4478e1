"""``POST /payments``: the payments that a shop says it has taken or given back, up to 500 in one call.

Each is known by the shop and ``external_id``: told again it is answered as the first time. None of them makes a
receipt; they are what "paid but no receipt" is found by.
"""

import re
from datetime import datetime
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from chekpoint.core.clock import epoch_ms
from chekpoint.core.errors import StoreError
from chekpoint.fiscal.money import MAX_KOPECKS
from chekpoint.hub.hub import Hub
from chekpoint.hub.intake import EXTERNAL_ID_MOST
from chekpoint.shops.api_v1 import forms
from chekpoint.shops.api_v1.problems import FaultAt, Problem, problem, trouble
from chekpoint.shops.api_v1.resource import Call
from chekpoint.shops.api_v1.views import View, moment
from chekpoint.shops.api_v1.wire import Answer
from chekpoint.store import payments, people
from chekpoint.store.journal import Tx

PAYMENTS_MOST: Final = 500
PAYMENTS_BYTES: Final = 1 << 20
FIRST_YEAR: Final = 2017  # no receipt of this kind is older (54-FZ in its present form)
FUTURE_MS: Final = 86_400_000  # a shop's clock may be ahead, and its zone wrong, but not more than a day
_ENCODER: Final = msgspec.json.Encoder()
_WORD: Final = re.compile(r"\S(?:.*\S)?", re.DOTALL)

Id = Annotated[str, Meta(min_length=1, max_length=EXTERNAL_ID_MOST)]


class PaymentTold(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One payment. ``sum`` is kopecks; ``order_id`` is the receipt's external_id, or what that begins with."""

    external_id: Id
    order_id: Id
    sum: Annotated[int, Meta(ge=1, le=MAX_KOPECKS)]
    paid_at: Annotated[datetime, Meta(tz=True)]
    refund: bool = False


class Payments(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body: 1 to 500 payments."""

    payments: list[msgspec.Raw]


class PaymentView(View, frozen=True, kw_only=True):
    """A payment that is kept; ``receipt_id`` is the receipt that covers it, null while none is known to."""

    id: str
    external_id: str
    order_id: str
    sum: int
    refund: bool
    paid_at: str
    receipt_id: str | None


class PaymentItem(View, frozen=True, kw_only=True):
    """What became of one payment: 201 new, 200 known, 409 known with other facts, 422 not of the right form."""

    status: int
    external_id: str | None
    payment: PaymentView | None = None
    problem: Problem | None = None


class PaymentsAnswer(View, frozen=True, kw_only=True):
    """The results, in the order of the request."""

    accepted: int
    known: int
    refused: int
    results: list[PaymentItem]


_BODY: Final = msgspec.json.Decoder(Payments)
_ONE: Final = msgspec.json.Decoder(PaymentTold)


class Cashbook:
    """Takes the word of shops about money, for one hub."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    async def post(self, call: Call) -> Answer:
        """200 with a result for each payment; what is of the right form is on disk before the answer."""
        if self._hub.intake is None:
            raise StoreError("the hub has not started yet")
        raw = forms.decoded(_BODY, await call.body(PAYMENTS_BYTES)).payments
        if not 0 < len(raw) <= PAYMENTS_MOST:
            raise trouble("wrong_form", _size(len(raw)))
        told = [self._read(n, one) for n, one in enumerate(raw)]
        rows = [
            _row(call.shop, self._hub.post.keys.new(), one) for one in told if isinstance(one, PaymentTold)
        ]
        kept = iter(await self._hub.store.write(lambda tx: _keep(tx, rows)))
        return _answer([_item(one, None if isinstance(one, FaultAt) else next(kept)) for one in told])

    def _read(self, n: int, raw: msgspec.Raw) -> PaymentTold | FaultAt:
        one = forms.one_of(_ONE, raw, f"/payments/{n}")
        return one if isinstance(one, FaultAt) else self._fault(n, one) or one

    def _fault(self, n: int, one: PaymentTold) -> FaultAt | None:
        for name in ("external_id", "order_id"):
            text = getattr(one, name)
            if not (text.isprintable() and _WORD.fullmatch(text)):
                return _wrong(f"/payments/{n}/{name}", *_UNPRINTABLE)
        latest = epoch_ms(self._hub.post.clock.now()) + FUTURE_MS
        if one.paid_at.year < FIRST_YEAR or epoch_ms(one.paid_at) > latest:
            return _wrong(f"/payments/{n}/paid_at", *_MOMENT)
        return None


def _keep(tx: Tx, rows: list[payments.Payment]) -> list[payments.Kept]:
    return payments.keep(tx, rows)


def _row(shop: people.Shop, key: str, one: PaymentTold) -> payments.Payment:
    return payments.Payment(
        id=key, seller_id=shop.seller_id, shop_id=shop.id, source=f"shop:{shop.id}", external_id=one.external_id,
        order_id=one.order_id, kopecks=one.sum, refund=int(one.refund), paid_at=epoch_ms(one.paid_at),
    )  # fmt: skip


def _item(one: PaymentTold | FaultAt, kept: payments.Kept | None) -> PaymentItem:
    if isinstance(one, FaultAt) or kept is None:
        faults = (one,) if isinstance(one, FaultAt) else ()
        return PaymentItem(status=422, external_id=None, problem=problem("wrong_form", faults))
    if not kept.same:
        return PaymentItem(status=409, external_id=one.external_id, problem=problem("other_payment"))
    view = PaymentView(
        id=kept.payment_id, external_id=one.external_id, order_id=one.order_id, sum=one.sum, refund=one.refund,
        paid_at=moment(epoch_ms(one.paid_at)), receipt_id=kept.receipt_id,
    )  # fmt: skip
    return PaymentItem(status=201 if kept.fresh else 200, external_id=one.external_id, payment=view)


def _answer(items: list[PaymentItem]) -> Answer:
    accepted, known = (sum(one.status == status for one in items) for status in (201, 200))
    view = PaymentsAnswer(
        accepted=accepted, known=known, refused=len(items) - accepted - known, results=items
    )
    return Answer(200, _ENCODER.encode(view))


def _wrong(pointer: str, ru: str, en: str) -> FaultAt:
    return FaultAt(pointer=pointer, code="wrong_form", ru=ru, en=en)


def _size(count: int) -> FaultAt:
    return _wrong(
        "/payments", f"В запросе от 1 до {PAYMENTS_MOST} платежей, здесь их {count}.",
        f"A request holds 1 to {PAYMENTS_MOST} payments, here are {count}.",
    )  # fmt: skip


_UNPRINTABLE: Final[tuple[str, str]] = (
    "Только печатные знаки, без пробелов по краям.", "Printable characters only, no spaces at the ends.",
)  # fmt: skip
_MOMENT: Final[tuple[str, str]] = (
    f"Время платежа: с {FIRST_YEAR} года и не позже чем через сутки от нынешнего.",
    f"The moment of the payment: from the year {FIRST_YEAR}, and not more than a day ahead.",
)
