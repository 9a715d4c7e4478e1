"""ModulKassa's words for what the law knows."""

from typing import Final

from chekpoint.fiscal.receipt import (
    AgentSign,
    Kind,
    PaymentForm,
    SettlementMethod,
    SettlementObject,
    Taxation,
)
from chekpoint.fiscal.vat import VatRate

KINDS: Final = {
    "SALE": Kind.SALE, "RETURN": Kind.SALE_RETURN, "BUY": Kind.PURCHASE, "BUY_RETURN": Kind.PURCHASE_RETURN,
}  # fmt: skip
CHECK_TYPES: Final = {
    Kind.SALE: "SALE", Kind.SALE_RETURN: "RETURN", Kind.PURCHASE: "PURCHASE",
    Kind.PURCHASE_RETURN: "RETURN_PURCHASE",
}  # fmt: skip
TAXATIONS: Final = {
    "COMMON": Taxation.OSN, "SIMPLIFIED": Taxation.USN_INCOME, "ENVD": Taxation.ENVD,
    "SIMPLIFIED_WITH_EXPENSE": Taxation.USN_INCOME_OUTCOME, "COMMON_AGRICULTURAL": Taxation.ESN,
    "PATENT": Taxation.PATENT,
}  # fmt: skip
RATES: Final = {
    1102: VatRate.VAT20, 1103: VatRate.VAT10, 1104: VatRate.VAT0, 1105: VatRate.NONE, 1106: VatRate.VAT120,
    1107: VatRate.VAT110, 1109: VatRate.VAT5, 1110: VatRate.VAT7, 1111: VatRate.VAT105, 1112: VatRate.VAT107,
    1113: VatRate.VAT22, 1114: VatRate.VAT122,
}  # fmt: skip
"""1102-1107 are described by the maker; 1109-1114 are known from the code of its modules alone."""
PAYMENTS: Final = {
    "CASH": PaymentForm.CASH, "CARD": PaymentForm.ELECTRONIC, "PREPAID": PaymentForm.PREPAID,
    "POSTPAY": PaymentForm.CREDIT, "OTHER": PaymentForm.OTHER,
    "CASHLESS": PaymentForm.ELECTRONIC,  # not described; a module sends it
}  # fmt: skip
METHODS: Final = {method.value: method for method in SettlementMethod}
_DESCRIBED: Final = {
    thing.value: thing for thing in SettlementObject if thing.code <= 18 and thing.code != 12
}
OBJECTS: Final = _DESCRIBED | {
    "non-operating_gain": SettlementObject.NON_OPERATING_GAIN,
    "composite": SettlementObject.ANOTHER,  # dropped by the law since
}
AGENTS: Final = {sign.value: sign for sign in AgentSign}
