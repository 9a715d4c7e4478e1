"""The words of the JSON tasks and what they mean in the receipt model: one table per enumeration."""

from typing import Any, Final

from chekpoint.fiscal.receipt import (
    AgentSign,
    CorrectionBy,
    Kind,
    PaymentForm,
    ProductCodeKind,
    SettlementMethod,
    SettlementObject,
    Taxation,
)
from chekpoint.fiscal.vat import VatRate

KINDS: Final = {
    "sell": Kind.SALE,
    "sellReturn": Kind.SALE_RETURN,
    "buy": Kind.PURCHASE,
    "buyReturn": Kind.PURCHASE_RETURN,
    "sellCorrection": Kind.SALE,
    "sellReturnCorrection": Kind.SALE_RETURN,
    "buyCorrection": Kind.PURCHASE,
    "buyReturnCorrection": Kind.PURCHASE_RETURN,
}

TAXATIONS: Final = {
    "osn": Taxation.OSN,
    "usnIncome": Taxation.USN_INCOME,
    "usnIncomeOutcome": Taxation.USN_INCOME_OUTCOME,
    "envd": Taxation.ENVD,
    "esn": Taxation.ESN,
    "patent": Taxation.PATENT,
}

# The rates of 18 % are the 20 % ones since 2019 (tag 1199 has no other code for them).
VATS: Final = {
    "none": VatRate.NONE,
    "vat0": VatRate.VAT0,
    "vat10": VatRate.VAT10,
    "vat110": VatRate.VAT110,
    "vat18": VatRate.VAT20,
    "vat118": VatRate.VAT120,
    "vat20": VatRate.VAT20,
    "vat120": VatRate.VAT120,
    "vat5": VatRate.VAT5,
    "vat105": VatRate.VAT105,
    "vat7": VatRate.VAT7,
    "vat107": VatRate.VAT107,
    "vat22": VatRate.VAT22,
    "vat122": VatRate.VAT122,
    "0": VatRate.VAT0,
    "10": VatRate.VAT10,
    "110": VatRate.VAT110,
    "18": VatRate.VAT20,
    "118": VatRate.VAT120,
    "20": VatRate.VAT20,
    "120": VatRate.VAT120,
}

PAYMENT_FORMS: Final[dict[str | int, PaymentForm]] = {
    "cash": PaymentForm.CASH,
    "electronically": PaymentForm.ELECTRONIC,
    "prepaid": PaymentForm.PREPAID,
    "credit": PaymentForm.CREDIT,
    "other": PaymentForm.OTHER,
    **dict(enumerate(PaymentForm)),
    **{str(number): form for number, form in enumerate(PaymentForm)},
    # Types 5..9 are the user's own names of a non-cash payment; on the drive they add to 1081.
    **dict.fromkeys(range(5, 10), PaymentForm.ELECTRONIC),
    **dict.fromkeys(map(str, range(5, 10)), PaymentForm.ELECTRONIC),
}


def _with_codes(named: dict[str, Any]) -> dict[str | int, Any]:
    """Add the code of each value, as a number and as a numeric string: the driver takes both."""
    codes = {value.code: value for value in named.values()}
    return {**named, **codes, **{str(code): value for code, value in codes.items()}}


METHODS: Final[dict[str | int, SettlementMethod]] = _with_codes(
    {
        "fullPrepayment": SettlementMethod.FULL_PREPAYMENT,
        "prepayment": SettlementMethod.PREPAYMENT,
        "advance": SettlementMethod.ADVANCE,
        "fullPayment": SettlementMethod.FULL_PAYMENT,
        "partialPayment": SettlementMethod.PARTIAL_PAYMENT,
        "credit": SettlementMethod.CREDIT,
        "creditPayment": SettlementMethod.CREDIT_PAYMENT,
    }
)

OBJECTS: Final[dict[str | int, SettlementObject]] = _with_codes(
    {
        "commodity": SettlementObject.COMMODITY,
        "excise": SettlementObject.EXCISE,
        "job": SettlementObject.JOB,
        "service": SettlementObject.SERVICE,
        "gamblingBet": SettlementObject.GAMBLING_BET,
        "gamblingPrize": SettlementObject.GAMBLING_PRIZE,
        "lottery": SettlementObject.LOTTERY,
        "lotteryPrize": SettlementObject.LOTTERY_PRIZE,
        "intellectualActivity": SettlementObject.INTELLECTUAL_ACTIVITY,
        "payment": SettlementObject.PAYMENT,
        "agentCommission": SettlementObject.AGENT_COMMISSION,
        "composite": SettlementObject.PAYOUT,
        "pay": SettlementObject.PAYOUT,
        "another": SettlementObject.ANOTHER,
        "proprietaryLaw": SettlementObject.PROPERTY_RIGHT,
        "nonOperatingIncome": SettlementObject.NON_OPERATING_GAIN,
        "insuranceContributions": SettlementObject.INSURANCE_PREMIUM,
        "otherContributions": SettlementObject.INSURANCE_PREMIUM,
        "merchantTax": SettlementObject.SALES_TAX,
        "resortFee": SettlementObject.RESORT_FEE,
        "deposit": SettlementObject.DEPOSIT,
        "consumption": SettlementObject.EXPENSE,
        "soleProprietorCPIContributions": SettlementObject.PENSION_INSURANCE_IP,
        "cpiContributions": SettlementObject.PENSION_INSURANCE,
        "soleProprietorCMIContributions": SettlementObject.MEDICAL_INSURANCE_IP,
        "cmiContributions": SettlementObject.MEDICAL_INSURANCE,
        "csiContributions": SettlementObject.SOCIAL_INSURANCE,
        "casinoPayment": SettlementObject.CASINO_PAYMENT,
        "fundsIssuance": SettlementObject.CASH_PAYOUT,
        "exciseWithoutMarking": SettlementObject.EXCISE_UNMARKED,
        "exciseWithMarking": SettlementObject.EXCISE_MARKED,
        "commodityWithoutMarking": SettlementObject.COMMODITY_UNMARKED,
        "commodityWithMarking": SettlementObject.COMMODITY_MARKED,
    }
)

AGENTS: Final = {
    "bankPayingAgent": AgentSign.BANK_PAYING_AGENT,
    "bankPayingSubagent": AgentSign.BANK_PAYING_SUBAGENT,
    "payingAgent": AgentSign.PAYING_AGENT,
    "payingSubagent": AgentSign.PAYING_SUBAGENT,
    "attorney": AgentSign.ATTORNEY,
    "commissionAgent": AgentSign.COMMISSION_AGENT,
    "another": AgentSign.ANOTHER,
}

CORRECTIONS: Final = {"self": CorrectionBy.SELF, "instruction": CorrectionBy.INSTRUCTION}

_UNIT_NAMES: Final[dict[str | int, int]] = {
    "piece": 0, "gram": 10, "kilogram": 11, "ton": 12, "centimeter": 20, "decimeter": 21, "meter": 22,
    "squareCentimeter": 30, "squareDecimeter": 31, "squareMeter": 32, "milliliter": 40, "liter": 41,
    "cubicMeter": 42, "kilowattHour": 50, "gkal": 51, "day": 70, "hour": 71, "minute": 72, "second": 73,
    "kilobyte": 80, "megabyte": 81, "gigabyte": 82, "terabyte": 83, "otherUnits": 255,
}  # fmt: skip
UNITS: Final[dict[str | int, int]] = {
    **_UNIT_NAMES,
    **{code: code for code in _UNIT_NAMES.values()},
    **{str(code): code for code in _UNIT_NAMES.values()},
}

PRODUCT_CODES: Final = {
    "undefined": ProductCodeKind.UNDEFINED,
    "ean8": ProductCodeKind.EAN8,
    "ean13": ProductCodeKind.EAN13,
    "itf14": ProductCodeKind.ITF14,
    "gs10": ProductCodeKind.GS10,
    "gs1m": ProductCodeKind.GS1M,
    "short": ProductCodeKind.SHORT,
    "furs": ProductCodeKind.FUR,
    "egais20": ProductCodeKind.EGAIS20,
    "egais30": ProductCodeKind.EGAIS30,
    "f1": ProductCodeKind.F1,
    "f2": ProductCodeKind.F2,
    "f3": ProductCodeKind.F3,
    "f4": ProductCodeKind.F4,
    "f5": ProductCodeKind.F5,
    "f6": ProductCodeKind.F6,
}

IMC_TYPES: Final = dict.fromkeys(
    (
        "auto", "imcUnrecognized", "imcShort", "imcFmVerifyCode88", "imcVerifyCode44", "imcFmVerifyCode44",
        "imcVerifyCode4",
    ),
    True,
)  # fmt: skip

PLANNED_STATUSES: Final[dict[str | int, int]] = {
    "itemPieceSold": 1, "itemDryForSale": 2, "itemPieceReturn": 3, "itemDryReturn": 4,
    "itemStatusUnchanged": 255, 1: 1, 2: 2, 3: 3, 4: 4, 255: 255,
}  # fmt: skip

# Order matters: the place in the list is the bit of tag 2106.
CHECK_RESULT_BITS: Final = (
    "imcCheckFlag",
    "imcCheckResult",
    "imcStatusInfo",
    "imcEstimatedStatusCorrect",
    "ecrStandAloneFlag",
)

NOMENCLATURE_PREFIXES: Final = {
    "furs": b"\x52\x46", "medicines": b"\x44\x4d", "tobacco": b"\x44\x4d", "shoes": b"\x44\x4d",
}  # fmt: skip
"""Type of a marked good -> the two bytes that open tag 1162 (FFD below 1.2)."""

DOCUMENT_TYPES: Final = {
    1: "registration", 11: "changeRegistrationParameters", 2: "openShift", 21: "ofdExchangeStatus", 3: "receipt",
    31: "receiptCorrection", 4: "bso", 41: "bsoCorrection", 5: "closeShift", 6: "closeArchive",
    7: "operatorConfirmation",
}  # fmt: skip

SHIFT_STATES: Final = ("closed", "opened", "expired")
