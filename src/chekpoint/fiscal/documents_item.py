"""An item of a receipt -> tag 1059, with its agent, supplier, codes and industry details."""

from typing import Final

from chekpoint.fiscal.ffd import Ffd
from chekpoint.fiscal.marks import mark_nodes, nomenclature_of
from chekpoint.fiscal.receipt import (
    Agent,
    IndustryDetail,
    Item,
    SettlementMethod,
    SettlementObject,
    Supplier,
)
from chekpoint.fiscal.text866 import substitute
from chekpoint.fiscal.tlv import Node
from chekpoint.fiscal.vat_totals import item_vat

_METHODS: Final = {method: Node(1214, method.code) for method in SettlementMethod}
_OBJECTS: Final = {subject: Node(1212, subject.code) for subject in SettlementObject}


def text_node(tag: int, text: str | None) -> list[Node]:
    """A string tag with what CP866 lacks replaced; nothing for None."""
    return [] if text is None else [Node(tag, substitute(text))]


def item_node(item: Item, ffd: Ffd, agent: Agent | None = None) -> Node:
    """Tag 1059. ``agent`` is the receipt's, for an item that names none (FFD 1.2 has agents on items only)."""
    modern = ffd is Ffd.V1_2
    nodes = [Node(1030, substitute(item.name)), Node(1079, item.price), Node(1023, item.quantity)]
    nodes += [Node(2108, item.unit)] if modern else text_node(1197, item.unit_name)
    nodes += [Node(1043, item.sum), Node(1199, item.vat.code)]
    if item.vat_sum is not None or item.vat.percent:
        nodes.append(Node(1200, item_vat(item)))
    nodes += [_METHODS[item.method], _OBJECTS[item.object]]
    nodes += _party_nodes(item, agent if modern else None)
    nodes += _customs_nodes(item)
    nodes += _modern_nodes(item) if modern else _nomenclature_nodes(item)
    nodes += text_node(1191, item.note)
    return Node(1059, tuple(nodes))


def _party_nodes(item: Item, fallback: Agent | None) -> list[Node]:
    agent = item.agent or fallback
    nodes = [Node(1222, agent.sign.bit)] if agent is not None else []
    details = agent_nodes(agent) if agent is not None else []
    if details:
        nodes.append(Node(1223, tuple(details)))
    return nodes + (_supplier_nodes(item.supplier) if item.supplier is not None else [])


def agent_nodes(agent: Agent) -> list[Node]:
    """What 1223 holds (FFD < 1.2: the receipt too, without a group)."""
    nodes = text_node(1044, agent.operation)
    for tag, phones in (
        (1073, agent.agent_phones),
        (1074, agent.operator_phones),
        (1075, agent.transfer_phones),
    ):
        nodes += [Node(tag, substitute(phone)) for phone in phones]
    nodes += text_node(1026, agent.transfer_name)
    nodes += text_node(1005, agent.transfer_address)
    return nodes + text_node(1016, agent.transfer_inn)


def _supplier_nodes(supplier: Supplier) -> list[Node]:
    nodes = text_node(1226, supplier.inn)
    details = text_node(1225, supplier.name) + [Node(1171, substitute(phone)) for phone in supplier.phones]
    return [*nodes, Node(1224, tuple(details))] if details else nodes


def _customs_nodes(item: Item) -> list[Node]:
    nodes = [Node(1229, item.excise)] if item.excise is not None else []
    return nodes + text_node(1230, item.country) + text_node(1231, item.declaration)


def _nomenclature_nodes(item: Item) -> list[Node]:
    octets = nomenclature_of(item)
    return [Node(1162, octets)] if octets is not None else []


def _modern_nodes(item: Item) -> list[Node]:
    return mark_nodes(item) + industry_nodes(1260, item.industry)


def industry_nodes(tag: int, details: tuple[IndustryDetail, ...]) -> list[Node]:
    """1260 or 1261, one for each detail."""
    return [
        Node(
            tag,
            (
                Node(1262, substitute(detail.authority)),
                Node(1263, substitute(detail.date)),
                Node(1264, substitute(detail.number)),
                Node(1265, substitute(detail.value)),
            ),
        )
        for detail in details
    ]
