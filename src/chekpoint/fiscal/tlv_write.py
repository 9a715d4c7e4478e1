"""Nodes -> bytes. One writer per tag, made once per style; a writer returns header and value together."""

import codecs
from collections.abc import Callable
from decimal import Decimal
from encodings import cp866
from functools import lru_cache
from struct import Struct
from typing import Any, Final

from chekpoint.fiscal.money import QUANTITY_PLACES
from chekpoint.fiscal.tags import TAGS, Tag, TagKind
from chekpoint.fiscal.tlv_node import FvlnStyle, Node, Styles, TlvError, VlnStyle

Writer = Callable[[Any], bytes]

_HEADER: Final = Struct("<HH").pack
_ENCODE: Final = codecs.charmap_encode
_CP866: Final = codecs.charmap_build(cp866.decoding_table)
_MAX_SIZE: Final = 0xFFFF


def write_node(node: Node, writers: dict[int, Writer]) -> bytes:
    """Header and value of one node. A node that remembers its bytes is written with them."""
    if node.raw is not None:
        return _framed(node.tag, node.raw)
    writer = writers.get(node.tag)
    return _plain(node) if writer is None else writer(node.value)


def _framed(tag: int, value: bytes) -> bytes:
    if len(value) > _MAX_SIZE:
        raise _too_long(tag, len(value), _MAX_SIZE)
    return _HEADER(tag, len(value)) + value


def _plain(node: Node) -> bytes:
    """A tag that the table does not know has raw bytes for a value."""
    if not isinstance(node.value, bytes) or not 0 <= node.tag <= _MAX_SIZE:
        raise _mistyped(node.tag, "bytes (the tag is not known)", "байты (тег неизвестен)")
    return _framed(node.tag, node.value)


def _mistyped(tag: int, en: str, ru: str) -> TlvError:
    return TlvError(f"the value must be {en}", f"тег {tag}: значение должно быть: {ru}", tag=tag)


def _too_long(tag: int, size: int, most: int) -> TlvError:
    return TlvError(
        f"the value needs {size} bytes, {most} fit", f"тег {tag}: {size} байт, помещается {most}", tag=tag
    )


def _out_of_range(tag: int, value: object, most: int) -> TlvError:
    return TlvError(
        f"{value} does not fit: 0..{most}", f"тег {tag}: {value} не помещается, можно 0..{most}", tag=tag
    )


def _uint_writer(tag: Tag) -> Writer:
    number, size, most = tag.number, tag.max_len, (1 << 8 * tag.max_len) - 1
    head = _HEADER(number, size)
    small = tuple(head + bytes((value,)) for value in range(256)) if size == 1 else ()

    def write(value: Any) -> bytes:
        if not isinstance(value, int):
            raise _mistyped(number, "an integer", "целое число")
        if not 0 <= value <= most:
            raise _out_of_range(number, value, most)
        return small[value] if small else head + value.to_bytes(size, "little")

    return write


def _vln_writer(tag: Tag, style: VlnStyle) -> Writer:
    number, max_len, most = tag.number, tag.max_len, (1 << 8 * tag.max_len) - 1
    heads = tuple(_HEADER(number, size) for size in range(max_len + 1))
    zero = heads[0] if style is VlnStyle.EMPTY_ZERO else heads[1] + b"\0"

    def write(value: Any) -> bytes:
        if not isinstance(value, int):
            raise _mistyped(number, "an integer", "целое число")
        if not 0 <= value <= most:
            raise _out_of_range(number, value, most)
        size = (value.bit_length() + 7) >> 3
        return heads[size] + value.to_bytes(size, "little") if size else zero

    def write_padded(value: Any) -> bytes:
        return heads[max_len] + write(value)[4:].ljust(max_len, b"\0")

    return write_padded if style is VlnStyle.PADDED else write


def _fvln_writer(tag: Tag, style: FvlnStyle) -> Writer:
    number, max_len = tag.number, tag.max_len

    @lru_cache(maxsize=4096)
    def cached(value: Decimal) -> bytes:
        places, scaled = _scaled(number, value, shortest=style is not FvlnStyle.SIX)
        size = max(1, (scaled.bit_length() + 7) >> 3)
        if size >= max_len:
            raise _too_long(number, size + 1, max_len)
        octets = bytes((places,)) + scaled.to_bytes(size, "little")
        return _framed(number, octets.ljust(max_len, b"\0") if style is FvlnStyle.PADDED else octets)

    def write(value: Any) -> bytes:
        if not isinstance(value, Decimal) or not value.is_finite() or value < 0:
            raise _mistyped(number, "a decimal of zero or more", "десятичное число не меньше нуля")
        return cached(value)

    return write


def _scaled(tag: int, value: Decimal, *, shortest: bool) -> tuple[int, int]:
    """Number of decimals and the whole number that stands for the value; exact, or TlvError."""
    if value.adjusted() > 20:
        raise TlvError(f"{value} is too great", f"тег {tag}: слишком большое число {value}", tag=tag)
    whole, parts = value.as_integer_ratio() if value.adjusted() > -20 or not value else (1, 0)
    scale: int = 10**QUANTITY_PLACES
    if parts == 0 or scale % parts:
        raise TlvError("more than six decimals", f"тег {tag}: больше шести знаков после запятой", tag=tag)
    scaled, places = whole * (scale // parts), QUANTITY_PLACES
    while shortest and places and scaled % 10 == 0:
        scaled, places = scaled // 10, places - 1
    return places, scaled


def _octets_of(tag: int, text: Any) -> bytes:
    if not isinstance(text, str):
        raise _mistyped(tag, "a string", "строка")
    try:
        return _ENCODE(text, "strict", _CP866)[0]
    except UnicodeEncodeError as error:
        lost = text[error.start : error.end]
        raise TlvError(
            f"CP866 has no {lost!r}", f"тег {tag}: в кодировке CP866 нет символов {lost!r}", tag=tag
        ) from error


def _string_writer(tag: Tag) -> Writer:
    number, max_len = tag.number, tag.max_len or _MAX_SIZE

    def write(value: Any) -> bytes:
        octets = _octets_of(number, value)
        size = len(octets)
        if size > max_len:
            raise _too_long(number, size, max_len)
        return _HEADER(number, size) + octets

    return write


def _fixed_string_writer(tag: Tag) -> Writer:
    number, size, head = tag.number, tag.max_len, _HEADER(tag.number, tag.max_len)

    def write(value: Any) -> bytes:
        octets = _octets_of(number, value)
        if len(octets) > size:
            raise _too_long(number, len(octets), size)
        return head + octets.ljust(size, b" ")

    return write


def _bytes_writer(tag: Tag) -> Writer:
    number, most, fixed = tag.number, tag.max_len or _MAX_SIZE, tag.fixed

    def write(value: Any) -> bytes:
        if not isinstance(value, bytes) or (fixed and len(value) != most):
            raise _mistyped(
                number, f"{most} bytes" if fixed else "bytes", f"{most} байт" if fixed else "байты"
            )
        if len(value) > most:
            raise _too_long(number, len(value), most)
        return _HEADER(number, len(value)) + value

    return write


def _group_writer(tag: Tag, writers: dict[int, Writer]) -> Writer:
    number = tag.number

    def write(value: Any) -> bytes:
        if not isinstance(value, tuple):
            raise _mistyped(number, "tags", "теги")
        body = b"".join([_member(node, writers) for node in value])
        if len(body) > _MAX_SIZE:
            raise _too_long(number, len(body), _MAX_SIZE)
        return _HEADER(number, len(body)) + body

    return write


def _member(node: Node, writers: dict[int, Writer]) -> bytes:
    writer = writers.get(node.tag)
    if node.raw is None and writer is not None:
        return writer(node.value)
    return write_node(node, writers)


def _leaf_writer(tag: Tag, styles: Styles) -> Writer:
    match tag.kind:
        case TagKind.VLN:
            return _vln_writer(tag, styles.vln)
        case TagKind.FVLN:
            return _fvln_writer(tag, styles.fvln)
        case TagKind.BYTES:
            return _bytes_writer(tag)
        case TagKind.STRING if tag.fixed:
            return _fixed_string_writer(tag)
        case TagKind.STRING:
            return _string_writer(tag)
        case _:
            return _uint_writer(tag)


@lru_cache(maxsize=16)
def writers_of(styles: Styles) -> dict[int, Writer]:
    """The table of writers of one style."""
    writers: dict[int, Writer] = {}
    for tag in TAGS.values():
        group = tag.kind is TagKind.STLV
        writers[tag.number] = _group_writer(tag, writers) if group else _leaf_writer(tag, styles)
    return writers
