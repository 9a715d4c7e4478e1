"""A decoded tag, and the error that says where bytes stop making sense."""

from collections.abc import Iterator
from decimal import Decimal
from enum import StrEnum

import msgspec

Value = int | Decimal | str | bytes | tuple["Node", ...]
"""uint, bits, unixtime and VLN are ints; FVLN is a Decimal; STLV is a tuple of nodes."""


class TlvError(ValueError):
    """Bytes that are not what the format says, or a value that cannot be written.

    ``offset`` counts from the start of what was decoded (0 when encoding); ``tag`` is 0 where no tag was read yet.
    """

    def __init__(self, en: str, ru: str, *, offset: int = 0, tag: int = 0) -> None:
        super().__init__(f"{en} (tag {tag}, offset {offset})")
        self.en = en
        self.ru = ru
        self.offset = offset
        self.tag = tag


class Node(msgspec.Struct, frozen=True):
    """One tag with its value.

    ``raw`` is None for a value written the canonical way. A tolerant decoder keeps here the value bytes it met
    when they differ (a padded number, a short string), so that encoding gives the very same bytes again.
    """

    tag: int
    value: Value
    raw: bytes | None = None

    def __iter__(self) -> Iterator["Node"]:
        """The tags inside; nothing for a plain value."""
        return iter(self.value if isinstance(self.value, tuple) else ())

    def child(self, tag: int) -> "Node | None":
        """The first tag of that number inside, or None."""
        if isinstance(self.value, tuple):
            for node in self.value:  # a plain loop: this is the inner loop of reading a receipt
                if node.tag == tag:
                    return node
        return None

    def all(self, tag: int) -> tuple["Node", ...]:
        """Every tag of that number inside, in order: 1059, 1073 and the like repeat without a list around them."""
        return tuple([node for node in self if node.tag == tag])

    def get(self, tag: int) -> Value | None:
        """The VALUE of the first tag of that number inside, or None."""
        if isinstance(self.value, tuple):
            for node in self.value:
                if node.tag == tag:
                    return node.value
        return None

    def path(self, *tags: int) -> Value | None:
        """The value at the end of nested tags: ``ticket.path(1068, 1022)``; None when any is missing."""
        node: Node | None = self
        for tag in tags:
            node = node.child(tag) if node is not None else None
        return node.value if node is not None else None

    def number(self, tag: int) -> int | None:
        """The integer of a tag inside, or None; TlvError when it is not an integer."""
        value = self.get(tag)
        if value is None or isinstance(value, int):
            return value
        raise _mistyped(tag, "an integer", "целое число")

    def text(self, tag: int) -> str | None:
        """The string of a tag inside, or None; TlvError when it is not a string."""
        value = self.get(tag)
        if value is None or isinstance(value, str):
            return value
        raise _mistyped(tag, "a string", "строка")

    def octets(self, tag: int) -> bytes | None:
        """The bytes of a tag inside, or None; TlvError when it is not a byte string."""
        value = self.get(tag)
        if value is None or isinstance(value, bytes):
            return value
        raise _mistyped(tag, "bytes", "байты")

    def texts(self, tag: int) -> tuple[str, ...]:
        """The strings of a repeated tag; TlvError when one is not a string."""
        values = tuple(node.value for node in self.all(tag))
        if all(isinstance(value, str) for value in values):
            return tuple(str(value) for value in values)
        raise _mistyped(tag, "strings", "строки")


def _mistyped(tag: int, en: str, ru: str) -> TlvError:
    return TlvError(f"expected {en}", f"тег {tag}: ожидается {ru}", tag=tag)


class VlnStyle(StrEnum):
    """How an encoder writes whole numbers of variable length."""

    MINIMAL = "minimal"  # zero is one byte 00
    EMPTY_ZERO = "empty_zero"  # zero has length 0: an old encoder
    PADDED = "padded"  # always the greatest length


class FvlnStyle(StrEnum):
    """How an encoder writes quantities."""

    MINIMAL = "minimal"  # as few decimals as the value needs
    SIX = "six"  # always six decimals
    PADDED = "padded"  # minimal decimals, padded with zero bytes to the greatest length


class Styles(msgspec.Struct, frozen=True, kw_only=True):
    """Encoders in the field differ; the default is the canonical form. Emulators use the others."""

    vln: VlnStyle = VlnStyle.MINIMAL
    fvln: FvlnStyle = FvlnStyle.MINIMAL


CANONICAL = Styles()
