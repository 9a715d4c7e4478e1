"""Agents and suppliers of a line, as the doors read them: the same parts under other names."""

from chekpoint.fiscal.receipt import Agent, AgentSign, Supplier
from chekpoint.hub.form import Part
from chekpoint.hub.phones import phone_of


def agent(sign: AgentSign, *, paying: Part | None, receiving: Part | None, transfer: Part | None) -> Agent:
    """Tags 1222 and 1223 (1044, 1073, 1074, 1075, 1026, 1005, 1016)."""
    return Agent(
        sign=sign,
        operation=paying.text("operation", 24) if paying else None,
        agent_phones=phones(paying),
        operator_phones=phones(receiving),
        transfer_phones=phones(transfer),
        transfer_name=transfer.text("name", 64) if transfer else None,
        transfer_address=transfer.text("address", 256) if transfer else None,
        transfer_inn=transfer.text("inn", 12) if transfer else None,
    )


def supplier(part: Part | None) -> Supplier | None:
    """Tags 1224 and 1226."""
    if part is None:
        return None
    return Supplier(inn=part.text("inn", 12), name=part.text("name", 256), phones=phones(part))


def phones(part: Part | None) -> tuple[str, ...]:
    """Telephones as tags want them; what is none is left to the rules to refuse."""
    if part is None:
        return ()
    return tuple(phone_of(text) or text for text in part.texts("phones", 19))
