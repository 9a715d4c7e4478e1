"""What the bodies of cloud services share: JSON with exact sums, nothing that is not there, and ATOL's names of agents."""

from decimal import Decimal
from typing import Any, Final

import msgspec

from chekpoint.fiscal.receipt import Agent, IndustryDetail, Supplier

Body = dict[str, Any]
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")


def encode(body: Body) -> bytes:
    """JSON with ``Decimal`` as a plain number. Where bytes are signed, these are."""
    return _ENCODER.encode(body)


def given(**fields: Any) -> Body:
    """The fields that have something in them."""
    return {name: value for name, value in fields.items() if value not in (None, (), [], {})}


def money(kopecks: int) -> Decimal:
    """Kopecks -> roubles, exactly."""
    return Decimal(kopecks).scaleb(-2)


def agent_details(agent: Agent) -> Body:
    """The parties of an agent, as ATOL Online and Komtet name them; the sign itself is each one's own."""
    return given(
        paying_agent=given(operation=agent.operation, phones=list(agent.agent_phones)),
        receive_payments_operator=given(phones=list(agent.operator_phones)),
        money_transfer_operator=given(
            phones=list(agent.transfer_phones), name=agent.transfer_name, address=agent.transfer_address,
            inn=agent.transfer_inn,
        ),
    )  # fmt: skip


def supplier(whose: Supplier) -> Body:
    """1224 and 1226."""
    return given(phones=list(whose.phones), name=whose.name, inn=whose.inn)


def industry(detail: IndustryDetail) -> Body:
    """1260 and 1261."""
    return {
        "federal_id": detail.authority, "date": detail.date, "number": detail.number, "value": detail.value,
    }  # fmt: skip
