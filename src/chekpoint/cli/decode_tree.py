"""What bytes of the fiscal world say, as a tree that prints and that JSON can hold."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final, NamedTuple

from chekpoint.fiscal import container, ofd_wire, qr, tlv
from chekpoint.fiscal.container import Container
from chekpoint.fiscal.moments import from_unix
from chekpoint.fiscal.money import quantity_text, roubles
from chekpoint.fiscal.printed_words import KINDS, METHODS, OBJECTS, TAXATIONS
from chekpoint.fiscal.receipt import Kind, SettlementMethod, SettlementObject, Taxation
from chekpoint.fiscal.stamp import sign_number
from chekpoint.fiscal.tags import TAGS, TagKind, name_of
from chekpoint.fiscal.ticket import answer_words, flag_words
from chekpoint.fiscal.tlv import Node, TlvError
from chekpoint.fiscal.vat import BY_CODE
from chekpoint.fiscal.wire_error import WireError

_MONEY_BYTES: Final = 6  # money is VLN of at most six bytes; counters have eight
_KINDS_OF_CONTAINER: Final = {container.FROM_REGISTER: "от ККТ", container.TO_REGISTER: "от ОФД"}
_WORDS: Final[dict[int, dict[int, str]]] = {
    1054: {kind.code: KINDS[kind] for kind in Kind},
    1055: {one.bit: TAXATIONS[one] for one in Taxation},
    1199: {code: rate.label for code, rate in BY_CODE.items()},
    1212: {one.code: OBJECTS[one] for one in SettlementObject},
    1214: {one.code: METHODS[one] for one in SettlementMethod},
}


class Branch(NamedTuple):
    """One line of the tree: what it is, its value in words, and what is inside."""

    label: str
    value: str = ""
    inside: "tuple[Branch, ...]" = ()
    plain: dict[str, Any] = {}  # noqa: RUF012  for JSON; never changed

    def lines(self, depth: int = 0) -> Iterator[str]:
        """The tree as indented text."""
        yield "  " * depth + self.label + (f": {self.value}" if self.value else "")
        for branch in self.inside:
            yield from branch.lines(depth + 1)

    def as_json(self) -> dict[str, Any]:
        """The tree as JSON: the exact values, what is inside under ``inside``."""
        inside = [branch.as_json() for branch in self.inside if branch.plain]
        return {**self.plain, "inside": inside} if inside else dict(self.plain)


def of_octets(octets: bytes, *, strict: bool = False) -> Branch:
    """A session message, a container, or TLV: whichever the first bytes say. WireError or TlvError."""
    if octets.startswith(ofd_wire.SIGNATURE):
        return of_message(octets, strict=strict)
    if _is_container(octets):
        return of_container(octets, strict=strict)
    nodes = tlv.decode_many(octets, strict=strict)
    if not nodes:
        raise TlvError("there is nothing to decode", "здесь нечего разбирать")
    if len(nodes) == 1:
        return of_node(nodes[0])
    return Branch("TLV", "", tuple(map(of_node, nodes)), {"kind": "tlv"})


def _is_container(octets: bytes) -> bool:
    """The kind at 4, a document code at 5 and format version 01 at 6: TLV of a document cannot look so."""
    if len(octets) < container.HEADER_SIZE or octets[4] not in _KINDS_OF_CONTAINER:
        return False
    return octets[6] == 1 and octets[5] in TAGS


def of_message(octets: bytes, *, strict: bool = False) -> Branch:
    """The 30 bytes of the session layer and the container behind them."""
    receiver = ofd_wire.Receiver(strict=strict)
    receiver.receive(octets)
    message = receiver.next_message()
    receiver.close()
    if message is None:
        raise WireError(ofd_wire.WireFault.INCOMPLETE, f"{len(octets)} bytes", offset=len(octets))
    header = ofd_wire.read_header(octets[: ofd_wire.HEADER_SIZE])
    version = header.ffd.value if header.ffd else header.p_protocol.hex()
    plain = {"kind": "message", "fn": header.fn, "ffd": version, "flags": header.flags, "crc": header.crc}
    words = f"ФН {header.fn}, ФФД {version}, флаги {header.flags:04X}, тело {header.body_length} байт"
    inside = (of_container(message.body, strict=strict),) if header.flags & ofd_wire.HAS_CONTAINER else ()
    return Branch("Сообщение сеансового уровня", words, inside, plain)


def of_container(octets: bytes, *, strict: bool = False) -> Branch:
    """The container, its document when that is not encrypted, and the message sign."""
    found = container.decode(octets, strict=strict)
    plain: dict[str, Any] = {
        "kind": "container", "fn": found.fn, "fd_number": found.fd_number, "data_type": found.data_type,
        "direction": found.kind, "length_right": found.length_field is None, "crc_right": found.crc_field is None,
    }  # fmt: skip
    direction = _KINDS_OF_CONTAINER.get(found.kind, f"{found.kind:02X}")
    words = f"{direction}, ФН {found.fn}, ФД {found.fd_number}, {name_of(found.data_type)}{_doubts(found)}"
    try:
        document = tlv.decode(found.document, strict=strict)
    except WireError:
        sealed = Branch("Содержимое зашифровано", f"{len(found.body)} байт", (), {"body": found.body.hex()})
        return Branch("Контейнер", words, (sealed,), plain)
    sign = found.trailer.hex()
    return Branch(
        "Контейнер", words, (of_node(document), Branch("Признак сообщения", sign, (), {"sign": sign})), plain
    )


def _doubts(found: Container) -> str:
    doubts = [("длина", found.length_field), ("CRC", found.crc_field)]
    wrong = [f"{name} {value:04X} неверна" for name, value in doubts if value is not None]
    return f" ({', '.join(wrong)})" if wrong else ""


def of_node(node: Node) -> Branch:
    """One tag with its Russian name, its value in words, and its members."""
    tag = TAGS.get(node.tag)
    plain: dict[str, Any] = {"tag": node.tag, "name": name_of(node.tag)}
    if tag is not None and tag.json_name:
        plain["json_name"] = tag.json_name
    if isinstance(node.value, tuple):
        return Branch(f"{node.tag} {name_of(node.tag)}", "", tuple(map(of_node, node.value)), plain)
    plain["value"] = _json_value(node)
    if node.raw is not None:
        plain["raw"] = node.raw.hex()
    return Branch(f"{node.tag} {name_of(node.tag)}", _words(node), (), plain)


def _json_value(node: Node) -> Any:
    value = node.value
    if isinstance(value, bytes):
        return value.hex()
    return quantity_text(value) if isinstance(value, Decimal) else value


def _words(node: Node) -> str:
    """A value for a person: money in roubles, times as dates, codes with their meaning."""
    value, tag = node.value, TAGS.get(node.tag)
    if isinstance(value, bytes):
        return (
            f"{value.hex()} = {sign_number(value)}" if node.tag == 1077 and len(value) == 6 else value.hex()
        )
    if isinstance(value, Decimal):
        return quantity_text(value)
    if isinstance(value, str) or tag is None:
        return str(value)
    number = int(str(value))
    if tag.kind is TagKind.UNIXTIME:
        return f"{from_unix(number):%d.%m.%Y %H:%M:%S}"
    if tag.kind is TagKind.VLN and tag.max_len == _MONEY_BYTES:
        return f"{roubles(number)} руб."
    return f"{number}{_meaning(node.tag, number)}"


def _meaning(tag: int, number: int) -> str:
    words = _WORDS.get(tag, {}).get(number, "")
    if tag == 1022:
        words = answer_words(number)[0]
    elif tag == 1206:
        words = "; ".join(ru for ru, _ in flag_words(number))
    return f" - {words}" if words else ""


def of_qr(text: str) -> Branch:
    """The fields of a receipt's QR string. QrError."""
    found = qr.read(text)
    plain: dict[str, Any] = {
        "kind": "qr", "made_at": found.made_at.isoformat(), "total": found.total, "fn": found.fn,
        "fd_number": found.fd_number, "fiscal_sign": found.fiscal_sign,
        "receipt_kind": found.kind.value if found.kind else None,
    }  # fmt: skip
    rows = (
        ("Дата и время", f"{found.made_at:%d.%m.%Y %H:%M}"), ("Итог", f"{roubles(found.total)} руб."),
        ("ФН", found.fn), ("ФД", str(found.fd_number)), ("ФП", str(found.fiscal_sign)),
        ("Признак расчёта", KINDS[found.kind] if found.kind else "не указан"),
    )  # fmt: skip
    return Branch("Строка QR-кода чека", "", tuple(Branch(label, value) for label, value in rows), plain)
