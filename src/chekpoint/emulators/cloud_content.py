"""What the doubles of cloud services read alike: sums in roubles, agents, suppliers, industry details."""

from decimal import Decimal
from typing import Any

from chekpoint.fiscal.receipt import (
    Agent,
    AgentSign,
    Correction,
    CorrectionBy,
    Fraction,
    IndustryDetail,
    Supplier,
)

Told = dict[str, Any]


class Wrong(ValueError):
    """The service refuses the body: the text names the field as the service does."""


def kopecks(value: Any) -> int:
    """Roubles with at most two decimals, not below zero."""
    exact = Decimal(value) * 100
    if exact != exact.to_integral_value() or exact < 0:
        raise Wrong(f"сумма {value}: не меньше нуля, не больше двух знаков после точки")
    return int(exact)


def agent(sign: AgentSign, paying: Told | None, receiving: Told | None, transfer: Told | None) -> Agent:
    """An agent out of the three parts that each service calls by names of its own."""
    paid, got, moved = paying or {}, receiving or {}, transfer or {}
    return Agent(
        sign=sign, operation=paid.get("operation"), agent_phones=tuple(paid.get("phones") or ()),
        operator_phones=tuple(got.get("phones") or ()), transfer_phones=tuple(moved.get("phones") or ()),
        transfer_name=moved.get("name"), transfer_address=moved.get("address"), transfer_inn=moved.get("inn"),
    )  # fmt: skip


def snake_agent(told: Told | None, signs: dict[str, AgentSign]) -> Agent | None:
    """``agent_info`` of the services whose words have underscores."""
    if not told:
        return None
    parts = ("paying_agent", "receive_payments_operator", "money_transfer_operator")
    return agent(signs[told["type"]], *(told.get(name) for name in parts))


def supplier(told: Told | None) -> Supplier | None:
    """Tags 1224 and 1226."""
    if not told:
        return None
    return Supplier(phones=tuple(told.get("phones") or ()), name=told.get("name"), inn=told.get("inn"))


def industry(told: list[dict[str, str]] | None) -> tuple[IndustryDetail, ...]:
    """Tags 1260 and 1261."""
    return tuple(
        IndustryDetail(authority=o["federal_id"], date=o["date"], number=o["number"], value=o["value"])
        for o in told or ()
    )


def fraction(told: dict[str, int] | None) -> Fraction | None:
    """Tag 1291."""
    return Fraction(numerator=told["numerator"], denominator=told["denominator"]) if told else None


def correction(told: Told) -> Correction:
    """``correction_info``: the base's date is dd.mm.yyyy."""
    day, month, year = told["base_date"].split(".")
    return Correction(
        by=CorrectionBy(told["type"]), date=f"{year}-{month}-{day}", number=told.get("base_number")
    )
