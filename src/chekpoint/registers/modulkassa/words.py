"""Our terms -> the service's words (modulkassa/backend-api, fn/index.html, v2.0).

``vatTag`` 1102..1107 are the vendor's; 1109..1114 are known from the code of shop modules alone.
"""

from typing import Final

from chekpoint.fiscal.receipt import Kind, PaymentForm, SettlementObject, Taxation
from chekpoint.fiscal.vat import VatRate

KINDS: Final = {
    Kind.SALE: "SALE", Kind.SALE_RETURN: "RETURN", Kind.PURCHASE: "BUY", Kind.PURCHASE_RETURN: "BUY_RETURN",
}  # fmt: skip

CHECK_TYPES: Final = {
    Kind.SALE: "SALE", Kind.SALE_RETURN: "RETURN", Kind.PURCHASE: "PURCHASE", Kind.PURCHASE_RETURN: "RETURN_PURCHASE",
}  # fmt: skip
"""The same as ``fiscalInfo`` says it."""

TAXATIONS: Final = {
    Taxation.OSN: "COMMON", Taxation.USN_INCOME: "SIMPLIFIED", Taxation.USN_INCOME_OUTCOME: "SIMPLIFIED_WITH_EXPENSE",
    Taxation.ENVD: "ENVD", Taxation.ESN: "COMMON_AGRICULTURAL", Taxation.PATENT: "PATENT",
}  # fmt: skip

RATES: Final = {
    VatRate.VAT20: 1102, VatRate.VAT10: 1103, VatRate.VAT0: 1104, VatRate.NONE: 1105, VatRate.VAT120: 1106,
    VatRate.VAT110: 1107, VatRate.VAT5: 1109, VatRate.VAT7: 1110, VatRate.VAT105: 1111, VatRate.VAT107: 1112,
    VatRate.VAT22: 1113, VatRate.VAT122: 1114,
}  # fmt: skip

FORMS: Final = {
    PaymentForm.CASH: "CASH", PaymentForm.ELECTRONIC: "CARD", PaymentForm.PREPAID: "PREPAID",
    PaymentForm.CREDIT: "POSTPAY", PaymentForm.OTHER: "OTHER",
}  # fmt: skip

_ODD: Final = {SettlementObject.NON_OPERATING_GAIN: "non-operating_gain"}
OBJECTS: Final[dict[SettlementObject, str]] = {
    thing: _ODD.get(thing, thing.value)
    for thing in list(SettlementObject)
    if thing.code <= SettlementObject.RESORT_FEE.code and thing.code != SettlementObject.PAYOUT.code
}
"""Those of FFD 1.05; ``composite`` is none of ours, and PAYOUT has no word."""

FISCALISED: Final = frozenset({"PRINTED", "WAIT_FOR_CALLBACK", "COMPLETED"})
WAITING: Final = frozenset({"QUEUED", "PENDING", "REQUEUED"})
DRIVE_IS_OVER: Final = frozenset({"FN_MEMORY_OVERFLOW", "FN_EXPIRED"})
"""Failures of the drive alone: no receipt can be registered there, whatever its content."""
