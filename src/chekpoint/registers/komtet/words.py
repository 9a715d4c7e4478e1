"""Our terms -> the service's words (package komtet-kassa-sdk 8.1.0, v2)."""

from typing import Final

from chekpoint.fiscal.receipt import (
    AgentSign,
    Kind,
    PaymentForm,
    ProductCodeKind,
    SettlementMethod,
    SettlementObject,
    Taxation,
)
from chekpoint.fiscal.vat import VatRate

INTENTS: Final = {
    Kind.SALE: "sell", Kind.SALE_RETURN: "sellReturn", Kind.PURCHASE: "buy", Kind.PURCHASE_RETURN: "buyReturn",
}  # fmt: skip
"""A correction has the same word with ``Correction`` behind it."""

TAXATIONS: Final = {
    Taxation.OSN: 0, Taxation.USN_INCOME: 1, Taxation.USN_INCOME_OUTCOME: 2, Taxation.ESN: 4, Taxation.PATENT: 5,
}  # fmt: skip
"""ENVD (3) was abolished in 2021, and the service dropped it."""

RATES: Final = {
    VatRate.VAT20: "20", VatRate.VAT10: "10", VatRate.VAT120: "120", VatRate.VAT110: "110", VatRate.VAT0: "0",
    VatRate.NONE: "no", VatRate.VAT5: "5", VatRate.VAT7: "7", VatRate.VAT105: "105", VatRate.VAT107: "107",
    VatRate.VAT22: "22", VatRate.VAT122: "122",
}  # fmt: skip

FORMS: Final = {
    PaymentForm.CASH: "cash", PaymentForm.ELECTRONIC: "card", PaymentForm.PREPAID: "prepayment",
    PaymentForm.CREDIT: "credit", PaymentForm.OTHER: "counter_provisioning",
}  # fmt: skip

METHODS: Final = dict(zip(
    SettlementMethod,
    ("pre_payment_full", "pre_payment_part", "advance", "full_payment", "credit_part", "credit", "credit_pay"),
    strict=True,
))  # fmt: skip

OBJECTS: Final = dict(zip(
    SettlementObject,
    (
        "product", "product_practical", "work", "service", "gambling_bet", "gambling_win", "lottery_bet", "lottery_win",
        "rid", "payment", "commission", "pay", "other", "property_right", "non_operating", "insurance", "sales_tax",
        "resort_fee", "deposit", "consumption", "sole_proprietor_cpi_contributins", "cpi_contributins",
        "sole_proprietor_cmi_contributins", "cmi_contributins", "csi_contributins", "casino_payment",
        "payment_of_the_money", "atnm", "atm", "tnm", "tm",
    ), strict=True,
))  # fmt: skip

AGENTS: Final = dict(zip(
    AgentSign,
    (
        "bank_payment_agent", "bank_payment_subagent", "payment_agent", "payment_subagent", "solicitor", "commissionaire",
        "agent",
    ), strict=True,
))  # fmt: skip

CODES: Final = {
    kind: kind.value
    for kind in (
        ProductCodeKind.EAN8, ProductCodeKind.EAN13, ProductCodeKind.ITF14, ProductCodeKind.GS10, ProductCodeKind.GS1M,
        ProductCodeKind.SHORT, ProductCodeKind.FUR, ProductCodeKind.EGAIS20, ProductCodeKind.EGAIS30,
    )
} | {ProductCodeKind.UNDEFINED: "unknown"}  # fmt: skip
