"""Bytes -> nodes. One reader per tag is made when the module loads, so that decoding only looks it up.

A reader gets the value bytes, their offset in the input (for messages) and the depth of nesting.
"""

import codecs
from collections.abc import Callable
from decimal import Decimal
from encodings import cp866
from functools import lru_cache
from struct import Struct
from typing import Final, NoReturn

from chekpoint.fiscal.money import QUANTITY_PLACES
from chekpoint.fiscal.tags import REUSED_TAGS, TAGS, Tag, TagKind
from chekpoint.fiscal.tlv_node import Node, TlvError

Reader = Callable[[bytes, int, int], Node]

MAX_DEPTH: Final = 8
"""65012 > 5 > 1194 > 1133 > 1145 > 1115 > 1119 > 1120 is the deepest that the format knows."""

_HEADER: Final = Struct("<HH").unpack_from
_DECODE: Final = codecs.charmap_decode
_CP866: Final = cp866.decoding_table
_UINT: Final = int.from_bytes


def read_nodes(chunk: bytes, at: int, depth: int, readers: dict[int, Reader]) -> tuple[Node, ...]:
    """Tags one after another. ``at`` is the offset of the chunk in the whole input."""
    nodes: list[Node] = []
    append, reader_of, position, end = nodes.append, readers.get, 0, len(chunk)
    while position < end:
        start = position + 4
        if start > end:
            raise _cut_header(at + position)
        tag, size = _HEADER(chunk, position)
        position = start + size
        if position > end:
            raise _cut_value(tag, size, at + start, end - start)
        reader = reader_of(tag)
        if reader is None:
            append(Node(tag, chunk[start:position]))
        else:
            append(reader(chunk[start:position], at + start, depth))
    return tuple(nodes)


def _cut_header(offset: int) -> TlvError:
    return TlvError("a tag header is cut short", "заголовок тега обрывается", offset=offset)


def _cut_value(tag: int, size: int, offset: int, left: int) -> TlvError:
    return TlvError(
        f"the value should have {size} bytes, {left} are left",
        f"тег {tag}: длина {size} байт, а осталось {left}",
        offset=offset,
        tag=tag,
    )


def _wrong_length(tag: Tag, size: int, offset: int) -> TlvError:
    bound = "" if tag.fixed else "at most "
    bound_ru = "" if tag.fixed else "не более "
    return TlvError(
        f"the value has {size} bytes, must have {bound}{tag.max_len}",
        f"тег {tag.number}: длина {size} байт, должна быть {bound_ru}{tag.max_len}",
        offset=offset,
        tag=tag.number,
    )


def _not_canonical(tag: Tag, offset: int, en: str, ru: str) -> TlvError:
    return TlvError(en, f"тег {tag.number}: {ru}", offset=offset, tag=tag.number)


def _uint_reader(tag: Tag) -> Reader:
    number, size = tag.number, tag.max_len
    small = tuple(Node(number, value) for value in range(256)) if size == 1 else ()

    def read_small(chunk: bytes, at: int, _: int) -> Node:
        if len(chunk) != 1:
            raise _wrong_length(tag, len(chunk), at)
        return small[chunk[0]]

    def read(chunk: bytes, at: int, _: int) -> Node:
        if len(chunk) != size:
            raise _wrong_length(tag, len(chunk), at)
        return Node(number, _UINT(chunk, "little"))

    return read_small if size == 1 else read


def _vln_reader(tag: Tag, *, strict: bool) -> Reader:
    number, max_len = tag.number, tag.max_len
    was_string = number in REUSED_TAGS and not strict

    def read(chunk: bytes, at: int, _: int) -> Node:
        size = len(chunk)
        if size == 1:
            return Node(number, chunk[0])
        if 1 < size <= max_len and chunk[-1]:
            return Node(number, _UINT(chunk, "little"))
        if size > max_len:
            if was_string:
                return Node(number, _DECODE(chunk, "strict", _CP866)[0], chunk)
            raise _wrong_length(tag, size, at)
        if strict:
            raise _not_canonical(tag, at, "the number is padded or empty", "число дополнено нулями или пусто")
        return Node(number, _UINT(chunk, "little"), chunk)

    return read


def _quantity(chunk: bytes) -> tuple[Decimal, bool, bool]:
    """Value; is it without padding; is it canonical, that is with no decimal too many. ``chunk`` is not empty."""
    places, size, scaled = chunk[0], len(chunk) - 1, _UINT(chunk[1:], "little")
    unpadded = size == 1 or (size > 1 and chunk[-1] != 0)
    return Decimal(scaled).scaleb(-places), unpadded, unpadded and (places == 0 or scaled % 10 != 0)


def _fvln_reader(tag: Tag, *, strict: bool) -> Reader:
    """Quantities repeat ("1", "2", "0.5"), so their nodes are kept; the offset matters to errors only."""
    number, max_len = tag.number, tag.max_len

    @lru_cache(maxsize=4096)
    def kept(chunk: bytes) -> Node | None:
        if not chunk or chunk[0] > QUANTITY_PLACES:
            return None
        value, unpadded, canonical = _quantity(chunk)
        if canonical:
            return Node(number, value)
        return None if strict and not unpadded else Node(number, value, chunk)

    def read(chunk: bytes, at: int, _: int) -> Node:
        node = kept(chunk) if len(chunk) <= max_len else None
        return node if node is not None else _refuse_quantity(tag, chunk, at)

    return read


def _refuse_quantity(tag: Tag, chunk: bytes, at: int) -> NoReturn:
    if not 1 <= len(chunk) <= tag.max_len:
        raise _wrong_length(tag, len(chunk), at)
    if chunk[0] > QUANTITY_PLACES:
        raise _not_canonical(tag, at, "more than six decimals", "больше шести знаков после запятой")
    raise _not_canonical(tag, at, "the number is padded or empty", "число дополнено нулями или пусто")


def _string_reader(tag: Tag, *, strict: bool) -> Reader:
    number, max_len = tag.number, tag.max_len or 0xFFFF

    def read(chunk: bytes, at: int, _: int) -> Node:
        if len(chunk) <= max_len:
            return Node(number, _DECODE(chunk, "strict", _CP866)[0])
        if strict:
            raise _wrong_length(tag, len(chunk), at)
        return Node(number, _DECODE(chunk, "strict", _CP866)[0], chunk)

    return read


def _fixed_string_reader(tag: Tag, *, strict: bool) -> Reader:
    number, size = tag.number, tag.max_len

    def read(chunk: bytes, at: int, _: int) -> Node:
        if len(chunk) == size:
            return Node(number, _DECODE(chunk, "strict", _CP866)[0].rstrip(" "))
        if strict:
            raise _wrong_length(tag, len(chunk), at)
        return Node(number, _DECODE(chunk, "strict", _CP866)[0].rstrip(" "), chunk)

    return read


def _inn_reader(tag: Tag, *, strict: bool) -> Reader:
    """Some registers pad a company's ten digits with "00" on the left; no INN begins so."""
    plain = _fixed_string_reader(tag, strict=strict)

    def read(chunk: bytes, at: int, depth: int) -> Node:
        if not chunk.startswith(b"00") or len(chunk) <= 10 or not chunk.strip(b"0 "):
            return plain(chunk, at, depth)
        if strict:
            raise _not_canonical(tag, at, "the INN is padded on the left", "ИНН дополнен нулями слева")
        return Node(tag.number, _DECODE(chunk[2:], "strict", _CP866)[0].rstrip(" "), chunk)

    return read


def _bytes_reader(tag: Tag, *, strict: bool) -> Reader:
    number, least, most = tag.number, tag.max_len if tag.fixed else 0, tag.max_len or 0xFFFF

    def read(chunk: bytes, at: int, _: int) -> Node:
        if least <= len(chunk) <= most:
            return Node(number, chunk)
        if strict:
            raise _wrong_length(tag, len(chunk), at)
        return Node(number, chunk, chunk)

    return read


def _group_reader(tag: Tag, readers: dict[int, Reader]) -> Reader:
    number = tag.number

    def read(chunk: bytes, at: int, depth: int) -> Node:
        if depth >= MAX_DEPTH:
            raise TlvError(
                "nested too deep", f"тег {number}: слишком глубокая вложенность", offset=at, tag=number
            )
        return Node(number, read_nodes(chunk, at, depth + 1, readers))

    return read


def _reused_group_reader(tag: Tag, readers: dict[int, Reader]) -> Reader:
    """1115 and 1119 were strings in FFD 1.0: what is no group is read as one."""
    group = _group_reader(tag, readers)

    def read(chunk: bytes, at: int, depth: int) -> Node:
        try:
            return group(chunk, at, depth)
        except TlvError:
            return Node(tag.number, _DECODE(chunk, "strict", _CP866)[0], chunk)

    return read


def _leaf_reader(tag: Tag, *, strict: bool) -> Reader:
    if tag.kind is TagKind.STRING:
        kind = _inn_reader if tag.is_inn else _fixed_string_reader if tag.fixed else _string_reader
        return kind(tag, strict=strict)
    tolerant_kinds = {TagKind.VLN: _vln_reader, TagKind.FVLN: _fvln_reader, TagKind.BYTES: _bytes_reader}
    maker = tolerant_kinds.get(tag.kind)
    return _uint_reader(tag) if maker is None else maker(tag, strict=strict)


def _readers(*, strict: bool) -> dict[int, Reader]:
    readers: dict[int, Reader] = {}
    for tag in TAGS.values():
        if tag.kind is not TagKind.STLV:
            readers[tag.number] = _leaf_reader(tag, strict=strict)
        elif tag.number in REUSED_TAGS and not strict:
            readers[tag.number] = _reused_group_reader(tag, readers)
        else:
            readers[tag.number] = _group_reader(tag, readers)
    return readers


STRICT: Final = _readers(strict=True)
TOLERANT: Final = _readers(strict=False)
