"""The words of a 1C-Bitrix site for what a receipt says, and ours.

Sources: classes CashboxBitrix, V2, V3 and Rest of the module ``sale`` (26.250), ``Check``'s constants. Some
words carry a trailing space there (``commodityWithoutMarking ``): callers strip first.
"""

from typing import Final

from chekpoint.fiscal.receipt import Kind, PaymentForm, SettlementMethod, SettlementObject, Taxation

KINDS: Final = {"sell": Kind.SALE, "sellReturn": Kind.SALE_RETURN}
KINDS_V1: Final = {1: Kind.SALE, 2: Kind.SALE_RETURN}
KINDS_REST: Final = {"income": Kind.SALE, "consumption": Kind.SALE_RETURN}
TAXATIONS: Final = {
    "osn": Taxation.OSN, "usnIncome": Taxation.USN_INCOME, "usn_income": Taxation.USN_INCOME,
    "usnIncomeOutcome": Taxation.USN_INCOME_OUTCOME, "usn_income_outcome": Taxation.USN_INCOME_OUTCOME,
    "envd": Taxation.ENVD, "esn": Taxation.ESN, "patent": Taxation.PATENT,
}  # fmt: skip
METHODS: Final = {
    "fullPayment": SettlementMethod.FULL_PAYMENT, "advance": SettlementMethod.ADVANCE,
    "credit": SettlementMethod.CREDIT, "creditPayment": SettlementMethod.CREDIT_PAYMENT,
    "prepayment": SettlementMethod.PREPAYMENT, "fullPrepayment": SettlementMethod.FULL_PREPAYMENT,
}  # fmt: skip
METHODS_REST: Final = {method.value: method for method in METHODS.values()}
OBJECTS: Final = {
    "commodity": SettlementObject.COMMODITY, "service": SettlementObject.SERVICE, "job": SettlementObject.JOB,
    "excise": SettlementObject.EXCISE, "payment": SettlementObject.PAYMENT,
    "gamblingBet": SettlementObject.GAMBLING_BET, "gamblingPrize": SettlementObject.GAMBLING_PRIZE,
    "lottery": SettlementObject.LOTTERY, "lotteryPrize": SettlementObject.LOTTERY_PRIZE,
    "intellectualActivity": SettlementObject.INTELLECTUAL_ACTIVITY,
    "agentCommission": SettlementObject.AGENT_COMMISSION,
    # "composite" (составной) was withdrawn: tag 1212 has no such value any more, 13 says "another"
    "composite": SettlementObject.ANOTHER, "another": SettlementObject.ANOTHER,
    "proprietaryLaw": SettlementObject.PROPERTY_RIGHT,
    "nonOperatingIncome": SettlementObject.NON_OPERATING_GAIN, "merchantTax": SettlementObject.SALES_TAX,
    "resortFee": SettlementObject.RESORT_FEE,
    "exciseWithoutMarking": SettlementObject.EXCISE_UNMARKED, "exciseWithMarking": SettlementObject.EXCISE_MARKED,
    "commodityWithoutMarking": SettlementObject.COMMODITY_UNMARKED,
    "commodityWithMarking": SettlementObject.COMMODITY_MARKED,
}  # fmt: skip
OBJECTS_REST: Final = {
    **{one.value: one for one in SettlementObject},
    "composite": SettlementObject.ANOTHER,
    "commodity_marking_no_marking_excise": SettlementObject.EXCISE_UNMARKED,
    "commodity_marking_excise": SettlementObject.EXCISE_MARKED,
    "commodity_marking_no_marking": SettlementObject.COMMODITY_UNMARKED,
    "commodity_marking": SettlementObject.COMMODITY_MARKED,
}
FORMS: Final = {
    "cash": PaymentForm.CASH, "electronically": PaymentForm.ELECTRONIC, "prepaid": PaymentForm.PREPAID,
    "credit": PaymentForm.CREDIT, "other": PaymentForm.OTHER,
}  # fmt: skip
FORMS_REST: Final = {
    "cash": PaymentForm.CASH, "cashless": PaymentForm.ELECTRONIC, "advance": PaymentForm.PREPAID,
    "credit": PaymentForm.CREDIT,
}  # fmt: skip
VATS_V1: Final = {4: "none", 1: "vat0", 2: "vat10"}
"""Version 1 sends numbers of a register's tax table; 3 was 18 %, which is gone: only a rule can say what it is."""
UNITS: Final = {
    "796": 0, "163": 10, "166": 11, "168": 12, "4": 20, "5": 21, "6": 22, "51": 30, "53": 31, "55": 32,
    "111": 40, "112": 41, "113": 42, "245": 50, "233": 51, "359": 70, "356": 71, "355": 72, "354": 73,
    "256": 80, "257": 81, "2553": 82, "2554": 83,
}  # fmt: skip
"""Code of the classifier of measures -> tag 2108; what the site itself sends for an unknown one is 0."""

# Codes of the old register driver that the site takes as final, with a text of its own for each.
ERROR_NO_CASH: Final = -3800
ERROR_PRICE: Final = -3803
ERROR_QUANTITY: Final = -3804
ERROR_ZERO_PRICE: Final = -3805
ERROR_NO_PAPER: Final = -3807
ERROR_PAYMENT_KIND: Final = -3816
ERROR_CASHLESS_ABOVE: Final = -3896
ERROR_UNDERPAID: Final = -3897
ERROR_DISCOUNT: Final = -4026
FINAL: Final = frozenset(
    {
        ERROR_NO_CASH, ERROR_PRICE, ERROR_QUANTITY, ERROR_ZERO_PRICE, ERROR_NO_PAPER, ERROR_PAYMENT_KIND,
        ERROR_CASHLESS_ABOVE, ERROR_UNDERPAID, ERROR_DISCOUNT,
    }
)  # fmt: skip
OTHER_ERROR: Final = 1
"""Not among the site's codes: shown with our text, once it was said four times."""
STRIKES: Final = 4
_BY_FAULT: Final = {
    "quantity_not_positive": ERROR_QUANTITY, "quantity_precision": ERROR_QUANTITY,
    "quantity_too_long": ERROR_QUANTITY, "price_negative": ERROR_PRICE, "price_too_large": ERROR_PRICE,
    "item_sum_mismatch": ERROR_PRICE,
}  # fmt: skip


def error_code(faults: list[str]) -> int:
    """The site's code for the first fault when it has one, else a code that lets our own text be shown."""
    return _BY_FAULT.get(faults[0], OTHER_ERROR) if faults else OTHER_ERROR


def register_error(code: str | None) -> int:
    """A register's own code, when it is one of those that the site knows."""
    known = code or ""
    digits = known.removeprefix("-")
    number = int(known) if digits.isascii() and digits.isdigit() and len(digits) < 6 else OTHER_ERROR
    return number if number in FINAL else OTHER_ERROR
