"""What can be asked, with which parameters, and what comes back: the words of the description."""

from typing import Any, Final, NamedTuple

from chekpoint.core.lifecycle import Proof, State
from chekpoint.hub.intake import EXTERNAL_ID_MOST, Order
from chekpoint.shops.api_v1.accept import BatchAnswer
from chekpoint.shops.api_v1.forms import Cancellation
from chekpoint.shops.api_v1.paths import CANCEL, EVENTS, PAYMENTS, RECEIPT, RECEIPTS, REGISTERS
from chekpoint.shops.api_v1.payments import Payments, PaymentsAnswer
from chekpoint.shops.api_v1.queries import LIMIT
from chekpoint.shops.api_v1.views import PREFIX, EventList, ReceiptPage, ReceiptView, RegisterList, TakenView
from chekpoint.store.listing import MOST

KEY: Final = {"type": "string", "pattern": "^[0-9a-f]{32}$"}
_MOMENT: Final = {"type": "string", "format": "date-time"}
_ALWAYS: Final = (401, 500, 503)


class Parameter(NamedTuple):
    """One parameter of a path or a query."""

    name: str
    place: str
    description: str
    schema: dict[str, Any]


class Operation(NamedTuple):
    """One method of one path. ``answers`` are (status, model or models, words)."""

    method: str
    path: str
    name: str
    summary: str
    answers: tuple[tuple[int, Any, str], ...]
    problems: tuple[int, ...]
    parameters: tuple[Parameter, ...] = ()
    body: Any = None
    body_examples: tuple[str, ...] = ()


_ID: Final = Parameter("receipt_id", "path", "The receipt's id, from the answer that accepted it.", KEY)
_QUERY: Final = (
    Parameter(
        "external_id", "query", "The shop's own id of the receipt.",
        {"type": "string", "minLength": 1, "maxLength": EXTERNAL_ID_MOST},
    ),
    Parameter("state", "query", "What may still happen to the receipt.", {"type": "string", "enum": list(State)}),
    Parameter(
        "proof", "query", "How far the receipt is known to have got.",
        {"type": "string", "enum": [rung.name.lower() for rung in Proof]},
    ),
    Parameter("from", "query", "Accepted at this moment or later.", _MOMENT),
    Parameter("to", "query", "Accepted before this moment.", _MOMENT),
    Parameter("limit", "query", "Receipts on a page.", {"type": "integer", "minimum": 1, "maximum": MOST, "default": LIMIT}),
    Parameter("cursor", "query", "``next`` of the page before.", KEY),
)  # fmt: skip

OPERATIONS: Final = (
    Operation(
        "POST", PREFIX + RECEIPTS, "acceptReceipts", "Hand in one receipt, or up to 500 of them",
        (
            (201, TakenView, "Accepted: the receipt is on disk."),
            (200, (TakenView, BatchAnswer), "Known already with the same content; or the results of a batch."),
        ),
        (400, 409, 413, 415, 422, *_ALWAYS), body=Order, body_examples=("one", "batch"),
    ),
    Operation(
        "GET", PREFIX + RECEIPTS, "listReceipts", "The shop's receipts, newest first",
        ((200, ReceiptPage, "A page."),), (400, *_ALWAYS), _QUERY,
    ),
    Operation(
        "GET", PREFIX + RECEIPT, "getReceipt", "One receipt with its fiscal document and evidence",
        ((200, ReceiptView, "The receipt."),), (404, *_ALWAYS), (_ID,),
    ),
    Operation(
        "GET", PREFIX + EVENTS, "getReceiptEvents", "What happened to a receipt",
        ((200, EventList, "Oldest first."),), (404, *_ALWAYS), (_ID,),
    ),
    Operation(
        "POST", PREFIX + CANCEL, "cancelReceipt", "Take a receipt back while no register may have registered it",
        ((200, ReceiptView, "Cancelled, now or before."),), (400, 404, 409, 413, 415, 422, *_ALWAYS), (_ID,),
        body=Cancellation, body_examples=("reason",),
    ),
    Operation(
        "GET", PREFIX + REGISTERS, "listRegisters", "The registers of the shop's seller",
        ((200, RegisterList, "All of them."),), _ALWAYS,
    ),
    Operation(
        "POST", PREFIX + PAYMENTS, "tellPayments", "Tell of payments taken and refunded, up to 500 of them",
        ((200, PaymentsAnswer, "A result for each payment."),), (400, 413, 415, 422, *_ALWAYS), body=Payments,
        body_examples=("payments",),
    ),
)  # fmt: skip
