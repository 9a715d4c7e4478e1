"""The site's values on the wire of the exchange: maps of words, and how uneven lines are split.

The maps are those of ``cashboxbitrixv2.php`` and ``cashboxbitrixv3.php``, their faults included.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

import msgspec

from chekpoint.emulators.bitrix_site.checks import CheckType
from chekpoint.emulators.bitrix_site.content import Position
from chekpoint.fiscal.marks import gs1_parts
from chekpoint.fiscal.money import cost

METHODS: Final = {
    "full_payment": "fullPayment", "advance": "advance", "credit": "credit", "credit_payment": "creditPayment",
    "prepayment": "prepayment", "full_prepayment": "fullPrepayment",
}  # fmt: skip
TAXATIONS: Final = {"usn_income": "usnIncome", "usn_income_outcome": "usnIncomeOutcome"}
"""New cores; old ones and every other system go as they are."""

_OBJECTS: Final = {
    "commodity": "commodity", "service": "service", "job": "job", "excise": "excise", "payment": "payment",
    "gambling_bet": "gamblingBet", "gambling_prize": "gamblingPrize", "lottery": "lottery",
    "lottery_prize": "lotteryPrize", "intellectual_activity": "intellectualActivity",
    "agent_commission": "agentCommission", "composite": "composite", "another": "another",
    "property_right": "proprietaryLaw", "non_operating_gain": "nonOperatingIncome", "sales_tax": "merchantTax",
    "resort_fee": "resortFee",
}  # fmt: skip
OBJECTS_V2: Final = _OBJECTS | {
    "commodity_marking": "commodity", "commodity_marking_no_marking_code": "commodity",
    "commodity_marking_excise": "excise", "commodity_marking_no_marking_code_excise": "excise",
}  # fmt: skip
OBJECTS_V3: Final = (
    _OBJECTS
    | {
        "commodity_marking": "commodityWithMarking",
        "commodity_marking_no_marking_code": "commodityWithoutMarking ",  # the space is the site's, still in 26.250
        "commodity_marking_excise": "exciseWithMarking ",
        "commodity_marking_no_marking_code_excise": "exciseWithoutMarking ",
    }
)
MEASURES: Final = {
    "796": 0, "163": 10, "166": 11, "168": 12, "4": 20, "5": 21, "6": 22, "51": 30, "53": 31, "55": 32, "111": 40,
    "112": 41, "113": 42, "245": 50, "233": 51, "359": 70, "356": 71, "355": 72, "354": 73, "256": 80, "257": 81,
    "2553": 82, "2554": 83,
}  # fmt: skip
"""ОКЕИ -> tag 2108; an unknown code is 0."""

_PREPAID_RATES: Final = {"vat10": "vat110", "vat20": "vat120"}
_CLOUD_PREPAID_RATES: Final = _PREPAID_RATES | {"vat5": "vat105", "vat7": "vat107", "vat22": "vat122"}
_SERIAL: Final = 13  # characters of the serial in tag 1162


def prepaid(rate: str, check_type: CheckType, *, cloud: bool = False) -> str:
    """The typed rate, calculated for prepayments: the exchange's classes know 10 and 20 % only."""
    if check_type.method not in {"prepayment", "full_prepayment"}:
        return rate
    return (_CLOUD_PREPAID_RATES if cloud else _PREPAID_RATES).get(rate, rate)


def nomenclature(code: str) -> bytes | None:
    """Tag 1162 of a scanned code: 44 4D, GTIN in six bytes, serial number; None when it has not the GS1 form."""
    parts = gs1_parts(code)
    if parts is None:
        return None
    return b"\x44\x4d" + int(parts[0]).to_bytes(6, "big") + parts[1][:_SERIAL].encode("ascii", "replace")


def evened(items: tuple[Position, ...], total: int) -> list[Position]:
    """What a new core does: an uneven line becomes two, the last line takes what is missing to the total."""
    split = [part for item in items for part in _split(item)]
    missing = total - sum(item.sum for item in split)
    if split and missing:
        split[-1] = msgspec.structs.replace(split[-1], sum=split[-1].sum + missing)
    return split


def _split(item: Position) -> Iterator[Position]:
    rest = item.sum - item.price * (int(item.quantity) - 1)
    if cost(item.price, item.quantity) == item.sum or item.quantity <= 1 or item.quantity % 1 or rest < 0:
        yield item
        return
    many = item.quantity - 1
    yield msgspec.structs.replace(item, quantity=many, sum=cost(item.price, many))
    yield msgspec.structs.replace(item, quantity=Decimal(1), price=rest, base_price=rest, sum=rest)
