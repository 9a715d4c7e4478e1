"""TLV, the notation of fiscal documents: tag u16 LE, length u16 LE, value. A document is itself one tag.

``encode(decode(data)) == data`` holds for everything that decodes, tolerant input included: a node remembers the
bytes of a value that was not written the canonical way. Fresh nodes are written canonically.

Strict decoding demands canonical numbers, right lengths and full padding. Tolerant decoding also takes what real
registers emit: numbers padded to the maximum or of length 0, short fixed strings, an INN padded on the left, strings
and byte strings over their limit, tags of FFD 1.0 under numbers that were given away since. Both keep unknown tags
as raw bytes, take any number of decimals (0..6) in a quantity, and do not check the greatest length of groups, which
differs by format version.
"""

from chekpoint.fiscal.tlv_node import CANONICAL, FvlnStyle, Node, Styles, TlvError, Value, VlnStyle
from chekpoint.fiscal.tlv_read import STRICT, TOLERANT, read_nodes
from chekpoint.fiscal.tlv_write import write_node, writers_of

__all__ = [
    "CANONICAL",
    "FvlnStyle",
    "Node",
    "Styles",
    "TlvError",
    "Value",
    "VlnStyle",
    "decode",
    "decode_many",
    "encode",
    "encode_many",
]

_CANONICAL = writers_of(CANONICAL)


def decode(data: bytes, *, strict: bool = True) -> Node:
    """Exactly one tag, as a document is. TlvError names the tag and the offset of what is wrong."""
    nodes = decode_many(data, strict=strict)
    if len(nodes) != 1:
        raise TlvError(f"expected one tag, found {len(nodes)}", f"ожидался один тег, найдено {len(nodes)}")
    return nodes[0]


def decode_many(data: bytes, *, strict: bool = True) -> tuple[Node, ...]:
    """Tags one after another up to the end of the bytes."""
    return read_nodes(bytes(data), 0, 0, STRICT if strict else TOLERANT)


def encode(node: Node, *, styles: Styles = CANONICAL) -> bytes:
    """Header and value. TlvError when a value is of the wrong type, out of range, too long or not in CP866."""
    return write_node(node, _CANONICAL if styles is CANONICAL else writers_of(styles))


def encode_many(nodes: tuple[Node, ...], *, styles: Styles = CANONICAL) -> bytes:
    """Tags one after another."""
    return b"".join([encode(node, styles=styles) for node in nodes])
