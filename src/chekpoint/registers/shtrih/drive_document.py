"""A document of the fiscal drive: the head that is kept for good (FF0A), and the tags while it has them (FF3B). Pure."""

from decimal import Decimal

import msgspec

from chekpoint.core.ports import FiscalDocument
from chekpoint.fiscal.moments import from_unix
from chekpoint.fiscal.money import quantity_text
from chekpoint.fiscal.tlv import Node, TlvError
from chekpoint.registers.shtrih.answers import Head, sign_text
from chekpoint.registers.shtrih.words import nodes_text


class DriveDocument(msgspec.Struct, frozen=True, kw_only=True):
    """``tags`` is None where only the head was there; ``evidence`` is both as text."""

    document: FiscalDocument
    marks: frozenset[str]
    tags: tuple[Node, ...] | None
    ticketed: bool
    evidence: str


def drive_document(fn: str, head: Head, tags: tuple[Node, ...] | None) -> DriveDocument:
    """Head and tags together. TlvError when a tag has a value of another type."""
    root = Node(head.document, tags or ())
    moment = root.number(1012)
    document = FiscalDocument(
        fn=fn,
        fd_number=head.fd_number,
        fiscal_sign=sign_text(head.fiscal_sign),
        total=_first(root.number(1020), head.total),
        made_at=(from_unix(moment) if moment is not None else head.made_at).isoformat(),
        kind=_first(root.number(1054), head.kind),
        document=head.document,
        shift_number=root.number(1038),
        receipt_number=root.number(1042),
        registration_number=(root.text(1037) or "").strip() or None,
        mark=next(iter(sorted(_marks(root))), None),
        items=tuple(_item(node) for node in root.all(1059)),
    )
    return DriveDocument(
        document=document,
        marks=_marks(root),
        tags=tags,
        ticketed=head.ticketed,
        evidence=_evidence(fn, head, tags),
    )


def _first(tag: int | None, in_head: int) -> int:
    return in_head if tag is None else tag


def _marks(root: Node) -> frozenset[str]:
    """Where an order mark may stand: 1192, or the value (1086) of 1084."""
    group = root.child(1084)
    given = (root.text(1192), group.text(1086) if group is not None else None)
    return frozenset(text.strip() for text in given if text and text.strip())


def _item(node: Node) -> tuple[str, int, str]:
    cost, quantity = node.number(1043), node.get(1023)
    if cost is None:
        raise TlvError("an item without 1043", "предмет расчёта без стоимости", tag=1043)
    return (
        node.text(1030) or "",
        cost,
        quantity_text(quantity) if isinstance(quantity, Decimal) else "1",
    )


def _evidence(fn: str, head: Head, tags: tuple[Node, ...] | None) -> str:
    told = f"ФН {fn}, FF0A: документ {head.document}, ФД {head.fd_number}, ФПД {sign_text(head.fiscal_sign)}"
    told += f", {head.made_at.isoformat()}, {head.kind}, {head.total}"
    return told if tags is None else f"{told}; FF3B: {nodes_text(tags)}"
