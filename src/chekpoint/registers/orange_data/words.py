"""Our terms -> the service's numbers (document 2.31.3; rates of 2026: see ``RATES``)."""

from typing import Final

from chekpoint.fiscal.receipt import CorrectionBy, PaymentForm, ProductCodeKind, Taxation
from chekpoint.fiscal.vat import VatRate

RATES: Final = {
    VatRate.VAT22: 1, VatRate.VAT20: 1, VatRate.VAT10: 2, VatRate.VAT122: 3, VatRate.VAT120: 3, VatRate.VAT110: 4,
    VatRate.VAT0: 5, VatRate.NONE: 6, VatRate.VAT5: 7, VatRate.VAT7: 8, VatRate.VAT105: 9, VatRate.VAT107: 10,
}  # fmt: skip
"""``tax``. Since 2026-01-01 code 1 is 22 % and code 3 is 22/122, unless the receipt says ``useTax20``.

The vendor's document of 2025 knows 20 % alone. The rest is read from the vendor's client (node-orangedata knows
``useTax20``) and from others (1C-Bitrix sets it when a receipt has 20 % and no 22 %). Not tried on the service.
"""
OLD: Final = frozenset({VatRate.VAT20, VatRate.VAT120})
NEW: Final = frozenset({VatRate.VAT22, VatRate.VAT122})

TOTALS: Final = {
    VatRate.VAT22: 1, VatRate.VAT20: 1, VatRate.VAT10: 2, VatRate.VAT0: 3, VatRate.NONE: 4, VatRate.VAT122: 5,
    VatRate.VAT120: 5, VatRate.VAT110: 6, VatRate.VAT5: 7, VatRate.VAT7: 8, VatRate.VAT105: 9, VatRate.VAT107: 10,
}  # fmt: skip
"""N of ``taxNSum``: another numbering than that of ``tax``."""

FORMS: Final = {
    PaymentForm.CASH: 1, PaymentForm.ELECTRONIC: 2, PaymentForm.PREPAID: 14, PaymentForm.CREDIT: 15,
    PaymentForm.OTHER: 16,
}  # fmt: skip
FORM_SUMS: Final = {
    PaymentForm.CASH: "cashSum", PaymentForm.ELECTRONIC: "eCashSum", PaymentForm.PREPAID: "prepaymentSum",
    PaymentForm.CREDIT: "postpaymentSum", PaymentForm.OTHER: "otherPaymentTypeSum",
}  # fmt: skip
TAXATIONS: Final = {taxation: number for number, taxation in enumerate(Taxation)}
CORRECTIONS: Final = {CorrectionBy.SELF: 0, CorrectionBy.INSTRUCTION: 1}
CODES: Final = {
    ProductCodeKind.EAN8: "ean8", ProductCodeKind.EAN13: "ean13", ProductCodeKind.ITF14: "itf14",
    ProductCodeKind.GS10: "gs1", ProductCodeKind.FUR: "mi", ProductCodeKind.EGAIS20: "egais20",
    ProductCodeKind.EGAIS30: "egais30", ProductCodeKind.F1: "f1", ProductCodeKind.F2: "f2", ProductCodeKind.F3: "f3",
    ProductCodeKind.F4: "f4", ProductCodeKind.F5: "f5", ProductCodeKind.F6: "f6",
}  # fmt: skip
"""Members of ``barcodes``. It has no place for GS1.M, the short code and a code of no known kind."""
