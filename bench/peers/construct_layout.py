"""The TLV of fiscal documents described for ``construct``, the usual library for binary layouts.

The same tags, types and values as ``chekpoint.fiscal.tlv``, written the way construct's documentation teaches:
a switch over the tag, adapters for numbers of variable length, GreedyRange for what repeats.
"""

from decimal import Decimal
from typing import Any

import construct as c

from chekpoint.fiscal.tags import TAGS, Tag, TagKind
from chekpoint.fiscal.tlv import Node


def _vln() -> Any:
    return c.ExprAdapter(
        c.GreedyBytes,
        lambda octets, _: int.from_bytes(octets, "little"),
        lambda value, _: value.to_bytes(max(1, (value.bit_length() + 7) // 8), "little"),
    )


def _fvln() -> Any:
    layout = c.Struct("places" / c.Byte, "scaled" / _vln())
    return c.ExprAdapter(
        layout,
        lambda parts, _: Decimal(parts.scaled).scaleb(-parts.places),
        lambda value, _: _parts(value),
    )


def _parts(value: Decimal) -> dict[str, int]:
    places = max(0, -int(value.normalize().as_tuple().exponent))
    return {"places": places, "scaled": int(value.scaleb(places))}


def _string(tag: Tag) -> Any:
    size = tag.max_len if tag.fixed else 0
    return c.ExprAdapter(
        c.GreedyBytes,
        lambda octets, _: octets.decode("cp866").rstrip(" ") if size else octets.decode("cp866"),
        lambda text, _: text.encode("cp866").ljust(size),
    )


def _value(tag: Tag, group: Any) -> Any:
    match tag.kind:
        case TagKind.STLV:
            return group
        case TagKind.VLN:
            return _vln()
        case TagKind.FVLN:
            return _fvln()
        case TagKind.STRING:
            return _string(tag)
        case TagKind.BYTES:
            return c.GreedyBytes
        case _:
            return {1: c.Int8ul, 2: c.Int16ul, 4: c.Int32ul}[tag.max_len]


def layout() -> Any:
    """A construct that parses one tag with everything inside, and builds it."""
    group = c.LazyBound(lambda: c.GreedyRange(one))
    values = {tag.number: _value(tag, group) for tag in TAGS.values()}
    one: Any = c.Struct(
        "tag" / c.Int16ul,
        "value" / c.Prefixed(c.Int16ul, c.Switch(c.this.tag, values, default=c.GreedyBytes)),
    )
    return one


def as_nodes(parsed: Any) -> Node:
    """What construct parsed, as our nodes: to see that both read the same."""
    value = parsed.value
    if isinstance(value, list):
        return Node(parsed.tag, tuple(as_nodes(member) for member in value))
    return Node(parsed.tag, value)


def as_containers(node: Node) -> dict[str, Any]:
    """Our nodes in the form that construct builds from."""
    value = node.value
    return {
        "tag": node.tag,
        "value": [as_containers(n) for n in value] if isinstance(value, tuple) else value,
    }
