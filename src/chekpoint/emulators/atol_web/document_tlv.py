"""A fiscal document as ``getFnDocument`` shows it: tag numbers as keys, money in roubles, bytes as HEX."""

from datetime import UTC, datetime, timezone
from decimal import Decimal
from typing import Any, Final

from chekpoint.emulators.atol_web.words import DOCUMENT_TYPES
from chekpoint.emulators.fiscal_drive import ArchivedDocument
from chekpoint.fiscal import qr, tlv
from chekpoint.fiscal.receipt import Kind
from chekpoint.fiscal.tags import TAGS, TagKind

_REPEATED: Final = frozenset({1059, 1073, 1074, 1075, 1119, 1171, 1235, 1260, 1261})
"""Tags that may come several times: always an array here, so that one item looks like two."""


def document_tlv(document: ArchivedDocument, zone: timezone) -> dict[str, Any]:
    """The ``documentTLV`` object; a receipt also has its ``qr`` string."""
    shown: dict[str, Any] = {"fiscalDocumentType": DOCUMENT_TYPES.get(document.code, "unknown")}
    shown.update(_members(document.node, zone))
    if document.kind:
        shown["qr"] = qr_of(document)
    return shown


def qr_of(document: ArchivedDocument) -> str:
    """The string of the QR code that the receipt carries."""
    kind = list(Kind)[document.kind - 1]
    return qr.write(
        document.made_at, document.total, document.fn, document.fd_number, document.fiscal_sign, kind
    )


def _members(group: tlv.Node, zone: timezone) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for node in group:
        value = _shown(node, zone)
        if node.tag in _REPEATED:
            shown.setdefault(str(node.tag), []).append(value)
        else:
            shown[str(node.tag)] = value
    return shown


def _shown(node: tlv.Node, zone: timezone) -> Any:
    if isinstance(node.value, int):
        return _number(node.tag, node.value, zone)
    if isinstance(node.value, tuple):
        return _members(node, zone)
    if isinstance(node.value, bytes):
        return node.value.hex().upper()
    return float(node.value) if isinstance(node.value, Decimal) else node.value.rstrip()


def _number(tag: int, value: int, zone: timezone) -> Any:
    """Money and moments are written as such, other numbers as they are."""
    kind = TAGS[tag].kind if tag in TAGS else TagKind.UINT
    if kind is TagKind.VLN:
        return value / 100
    if kind is TagKind.UNIXTIME:
        return datetime.fromtimestamp(value, UTC).replace(tzinfo=zone).isoformat()
    return value
