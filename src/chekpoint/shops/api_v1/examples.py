"""Examples and words of the OpenAPI description. A test sends the examples as they stand."""

from typing import Any, Final

INTRODUCTION: Final = (
    "A shop hands in receipts; each accepted one is on disk before the answer, is registered exactly once, and"
    " can be followed up to the tax service. Sums are integer kopecks, times ISO 8601 with a zone. The same"
    " external_id with the same content is answered as the first time: repeat a request whose answer was lost."
)
STATUSES: Final = {
    400: "The body is not JSON in UTF-8, or a parameter is wrong.",
    401: "The key is missing, unknown or revoked.",
    404: "The shop has no such receipt.",
    409: "The id is taken by other content, or it is too late to cancel.",
    413: "Over 1 MiB for one receipt or a list of payments, 16 MiB for a batch of receipts.",
    415: "Only uncompressed application/json in UTF-8 is read.",
    422: "The request is not of the right form, or the receipt breaks the law; `errors` says where.",
    500: "An error of the server, logged. Sending again under the same id doubles nothing.",
    503: "The journal takes no writes just now; nothing was stored. Send again.",
}


def order(external_id: str) -> dict[str, Any]:
    """Two lines, paid by card and with a gift card: two payments in one order."""
    return {
        "external_id": external_id,
        "receipt": {
            "kind": "sale",
            "taxation": "osn",
            "items": [
                {"name": "Кружка с котом", "price": 49900, "quantity": "2", "sum": 99800, "vat": "vat22"},
                {"name": "Доставка", "price": 30000, "quantity": "1", "sum": 30000, "vat": "vat22", "object": "service"},
            ],
            "payments": [{"form": "electronic", "sum": 79800}, {"form": "prepaid", "sum": 50000}],
            "buyer": {"contact": "+79161234567"},
        },
    }  # fmt: skip


EXAMPLES: Final[dict[str, Any]] = {
    "one": order("order-1001"),
    "batch": {"receipts": [order("order-1002"), order("order-1003")]},
    "payments": {
        "payments": [
            {
                "external_id": "pay-7001",
                "order_id": "order-1001",
                "sum": 79800,
                "paid_at": "2026-11-24T12:00:00+03:00",
            },
            {
                "external_id": "pay-7002",
                "order_id": "order-0990",
                "sum": 30000,
                "refund": True,
                "paid_at": "2026-11-24T12:05:00+03:00",
            },
        ]
    },
    "reason": {"reason": "Покупатель отказался"},
}


def named(names: tuple[str, ...]) -> dict[str, Any]:
    """The examples of one body, as OpenAPI holds them."""
    return {name: {"value": EXAMPLES[name]} for name in names}
