"""Tags as text for the kept exchange. The hub can mask a buyer's data in text, never in hex."""

from collections.abc import Iterable

from chekpoint.fiscal import tlv
from chekpoint.fiscal.tlv import Node, TlvError


def node_text(node: Node) -> str:
    """``1008=buyer@example.com``, ``1084{1085=…, 1086=…}``."""
    if isinstance(node.value, tuple):
        return f"{node.tag}{{{nodes_text(node.value)}}}"
    value = node.value.hex() if isinstance(node.value, bytes) else node.value
    return f"{node.tag}={value}"


def nodes_text(nodes: Iterable[Node]) -> str:
    """One after another."""
    return ", ".join(node_text(node) for node in nodes)


def tlv_text(octets: bytes) -> str:
    """Tags as text; bytes that are no tags as their number only (a half tag may hold half an address)."""
    try:
        return nodes_text(tlv.decode_many(octets, strict=False))
    except TlvError:
        return f"<{len(octets)} байт TLV>"
