"""The service's words for what the law knows."""

from typing import Final

from chekpoint.fiscal.receipt import Kind, PaymentForm, ProductCodeKind, SettlementMethod, SettlementObject
from chekpoint.fiscal.rules_items import UNITS
from chekpoint.fiscal.vat import VatRate

V4: Final = "v4"
V5: Final = "v5"
VERSIONS: Final = (V4, V5)

_PLAIN: Final = {
    "sell": Kind.SALE, "sell_refund": Kind.SALE_RETURN, "buy": Kind.PURCHASE, "buy_refund": Kind.PURCHASE_RETURN,
}  # fmt: skip
RECEIPTS: Final = {V4: _PLAIN, V5: _PLAIN}
CORRECTIONS: Final = {
    V4: {"sell_correction": Kind.SALE, "buy_correction": Kind.PURCHASE},  # FFD 1.05 corrects no returns
    V5: {f"{operation}_correction": kind for operation, kind in _PLAIN.items()},
}
TAXATIONS: Final = ("osn", "usn_income", "usn_income_outcome", "envd", "esn", "patent")
METHODS: Final = {method.value: method for method in SettlementMethod}
_OTHERWISE: Final = {
    "award": SettlementObject.PAYOUT,
    "non-operating_gain": SettlementObject.NON_OPERATING_GAIN,
    # FFD 1.05 has dropped the composite object; old modules still send it
    "composite": SettlementObject.ANOTHER,
}
_IN_V4: Final = {thing.value: thing for thing in SettlementObject if thing.code <= 26}
OBJECTS_V4: Final = {
    word: thing for word, thing in _IN_V4.items() if word not in {"payout", "non_operating_gain"}
} | _OTHERWISE
OBJECTS_V5: Final = {thing.code: thing for thing in SettlementObject}
RATES: Final = {rate.value: rate for rate in VatRate}
PAYMENTS: Final = dict(enumerate(PaymentForm))
"""0 cash, 1 electronic, 2 prepaid, 3 credit, 4 other; 5-9 are kinds that a register's owner programs: none here."""
MEASURES: Final = UNITS
CORRECTION_BY: Final = ("self", "instruction")
PRODUCT_CODES: Final = {
    "ean8": ProductCodeKind.EAN8, "ean13": ProductCodeKind.EAN13, "itf14": ProductCodeKind.ITF14,
}  # fmt: skip
"""Kinds of ``mark_code`` that name a product and not one piece of it: tag 1163 without 2000."""
MARK_CODES: Final = ("unknown", "gs10", "gs1m", "short", "fur", "egais20", "egais30")
