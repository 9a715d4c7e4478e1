"""Marking codes: from the code as scanned to the tag that a receipt keeps, without the crypto tail."""

from typing import Final

from chekpoint.fiscal.receipt import Item, ProductCode, ProductCodeKind
from chekpoint.fiscal.tlv import Node, TlvError

_SEPARATOR: Final = "\x1d"
_PREFIXES: Final = ("]d2", "]C1", "]Q3", _SEPARATOR, "\xe8")
_DATA_MATRIX: Final = b"\x44\x4d"
_SERIAL_SIZES: Final = (13, 20, 7, 6)  # of the goods groups, the most usual first
_TAIL_STARTS: Final = ("91", "93", "8005")  # key of the check, short check code, price of tobacco
_MAX_UNDEFINED: Final = 32  # 1300
_MAX_NOMENCLATURE: Final = 32  # 1162


def gs1_parts(code: str) -> tuple[str, str] | None:
    """GTIN (14 digits) and serial number of a code ``01<gtin>21<serial>[GS ...]``; None when it is not one.

    A scanner that drops the separators leaves serial and tail in one: then the usual sizes of serials decide.
    """
    for prefix in _PREFIXES:
        code = code.removeprefix(prefix)
    gtin, serial = code[2:16], code[18:].partition(_SEPARATOR)[0]
    shaped = (
        code[:2] == "01" and code[16:18] == "21" and gtin.isascii() and gtin.isdigit() and len(gtin) == 14
    )
    serial = _without_tail(serial) if len(serial) > 20 else serial
    return (gtin, serial) if shaped and serial else None


def _without_tail(text: str) -> str:
    return next((text[:size] for size in _SERIAL_SIZES if text[size:].startswith(_TAIL_STARTS)), "")


def product_code_of(mark_code: str) -> ProductCode:
    """Tag 1163 of a scanned code: GS1.M when it has the GS1 form, else "not recognised" (1300)."""
    parts = gs1_parts(mark_code)
    if parts is None:
        return ProductCode(kind=ProductCodeKind.UNDEFINED, value=mark_code[:_MAX_UNDEFINED])
    return ProductCode(kind=ProductCodeKind.GS1M, value=f"01{parts[0]}21{parts[1]}")


def nomenclature_of(item: Item) -> bytes | None:
    """Tag 1162 (FFD < 1.2): as given in hex, else made of the scanned code; None when there is neither."""
    if item.nomenclature is not None:
        try:
            return bytes.fromhex(item.nomenclature)
        except ValueError as error:
            raise TlvError(
                "1162 is not hex", "тег 1162: ожидаются шестнадцатеричные цифры", tag=1162
            ) from error
    parts = gs1_parts(item.mark_code) if item.mark_code else None
    if parts is None:
        return None
    octets = _DATA_MATRIX + int(parts[0]).to_bytes(6, "big") + parts[1].encode("cp866", "replace")
    return octets[:_MAX_NOMENCLATURE]


def mark_nodes(item: Item) -> list[Node]:
    """The marking tags of an item in FFD 1.2: 1163, 2106, 2102, 1291. The scanned code itself (2000) never goes in."""
    codes = item.product_codes or ((product_code_of(item.mark_code),) if item.mark_code else ())
    nodes = [Node(1163, tuple(Node(code.kind.tag, code.value) for code in codes))] if codes else []
    if item.mark_check is not None:
        nodes.append(Node(2106, item.mark_check))
    if item.mark_code is not None or item.mark_check is not None:
        nodes.append(Node(2102, 0))
    if item.fraction is not None:
        parts = (Node(1293, item.fraction.numerator), Node(1294, item.fraction.denominator))
        nodes.append(Node(1291, parts))
    return nodes
