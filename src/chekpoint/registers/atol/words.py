"""The words of the driver's JSON tasks for the values of the fiscal tags."""

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

RECEIPT: Final = {
    Kind.SALE: "sell",
    Kind.SALE_RETURN: "sellReturn",
    Kind.PURCHASE: "buy",
    Kind.PURCHASE_RETURN: "buyReturn",
}
"""Tag 1054 -> task type; a correction receipt has the same word with ``Correction`` behind it."""

TAXATION: Final = {
    Taxation.OSN: "osn",
    Taxation.USN_INCOME: "usnIncome",
    Taxation.USN_INCOME_OUTCOME: "usnIncomeOutcome",
    Taxation.ENVD: "envd",
    Taxation.ESN: "esn",
    Taxation.PATENT: "patent",
}
"""Tag 1055."""

PAYMENT: Final = {
    PaymentForm.CASH: "cash",
    PaymentForm.ELECTRONIC: "electronically",
    PaymentForm.PREPAID: "prepaid",
    PaymentForm.CREDIT: "credit",
    PaymentForm.OTHER: "other",
}
"""Tags 1031, 1081, 1215, 1216, 1217."""

METHOD: Final = {
    SettlementMethod.FULL_PREPAYMENT: "fullPrepayment",
    SettlementMethod.PREPAYMENT: "prepayment",
    SettlementMethod.ADVANCE: "advance",
    SettlementMethod.FULL_PAYMENT: "fullPayment",
    SettlementMethod.PARTIAL_PAYMENT: "partialPayment",
    SettlementMethod.CREDIT: "credit",
    SettlementMethod.CREDIT_PAYMENT: "creditPayment",
}
"""Tag 1214."""

OBJECT: Final = {
    SettlementObject.COMMODITY: "commodity",
    SettlementObject.EXCISE: "excise",
    SettlementObject.JOB: "job",
    SettlementObject.SERVICE: "service",
    SettlementObject.GAMBLING_BET: "gamblingBet",
    SettlementObject.GAMBLING_PRIZE: "gamblingPrize",
    SettlementObject.LOTTERY: "lottery",
    SettlementObject.LOTTERY_PRIZE: "lotteryPrize",
    SettlementObject.INTELLECTUAL_ACTIVITY: "intellectualActivity",
    SettlementObject.PAYMENT: "payment",
    SettlementObject.AGENT_COMMISSION: "agentCommission",
    SettlementObject.PAYOUT: "pay",
    SettlementObject.ANOTHER: "another",
    SettlementObject.PROPERTY_RIGHT: "proprietaryLaw",
    SettlementObject.NON_OPERATING_GAIN: "nonOperatingIncome",
    SettlementObject.INSURANCE_PREMIUM: "insuranceContributions",
    SettlementObject.SALES_TAX: "merchantTax",
    SettlementObject.RESORT_FEE: "resortFee",
    SettlementObject.DEPOSIT: "deposit",
    SettlementObject.EXPENSE: "consumption",
    SettlementObject.PENSION_INSURANCE_IP: "soleProprietorCPIContributions",
    SettlementObject.PENSION_INSURANCE: "cpiContributions",
    SettlementObject.MEDICAL_INSURANCE_IP: "soleProprietorCMIContributions",
    SettlementObject.MEDICAL_INSURANCE: "cmiContributions",
    SettlementObject.SOCIAL_INSURANCE: "csiContributions",
    SettlementObject.CASINO_PAYMENT: "casinoPayment",
    SettlementObject.CASH_PAYOUT: "fundsIssuance",
    SettlementObject.EXCISE_UNMARKED: "exciseWithoutMarking",
    SettlementObject.EXCISE_MARKED: "exciseWithMarking",
    SettlementObject.COMMODITY_UNMARKED: "commodityWithoutMarking",
    SettlementObject.COMMODITY_MARKED: "commodityWithMarking",
}
"""Tag 1212."""

AGENT: Final = {
    AgentSign.BANK_PAYING_AGENT: "bankPayingAgent",
    AgentSign.BANK_PAYING_SUBAGENT: "bankPayingSubagent",
    AgentSign.PAYING_AGENT: "payingAgent",
    AgentSign.PAYING_SUBAGENT: "payingSubagent",
    AgentSign.ATTORNEY: "attorney",
    AgentSign.COMMISSION_AGENT: "commissionAgent",
    AgentSign.ANOTHER: "another",
}
"""Tags 1057 and 1222."""

UNIT: Final = {
    0: "piece", 10: "gram", 11: "kilogram", 12: "ton", 20: "centimeter", 21: "decimeter", 22: "meter",
    30: "squareCentimeter", 31: "squareDecimeter", 32: "squareMeter", 40: "milliliter", 41: "liter",
    42: "cubicMeter", 50: "kilowattHour", 51: "gkal", 70: "day", 71: "hour", 72: "minute", 73: "second",
    80: "kilobyte", 81: "megabyte", 82: "gigabyte", 83: "terabyte", 255: "otherUnits",
}  # fmt: skip
"""Tag 2108."""

CODE: Final = {kind: "furs" if kind is ProductCodeKind.FUR else kind.value for kind in ProductCodeKind}
"""Members of tag 1163."""

DOCUMENT: Final = {
    "registration": 1,
    "changeRegistrationParameters": 11,
    "openShift": 2,
    "ofdExchangeStatus": 21,
    "receipt": 3,
    "receiptCorrection": 31,
    "bso": 4,
    "bsoCorrection": 41,
    "closeShift": 5,
    "closeArchive": 6,
}
"""``fiscalDocumentType`` of getFnDocument -> document code."""
