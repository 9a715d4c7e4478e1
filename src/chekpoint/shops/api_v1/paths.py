"""The addresses below ``/api/v1``."""

from typing import Final

RECEIPTS: Final = "/receipts"
RECEIPT: Final = "/receipts/{receipt_id}"
EVENTS: Final = "/receipts/{receipt_id}/events"
CANCEL: Final = "/receipts/{receipt_id}/cancel"
REGISTERS: Final = "/registers"
PAYMENTS: Final = "/payments"
OPENAPI: Final = "/openapi.json"
