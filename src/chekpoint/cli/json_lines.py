"""Receipts out of a file of any size and any content: one JSON document, an array of them, or JSON Lines.

Memory is bounded: a file up to ``WHOLE`` is looked at as one document first, anything longer is read line by
line, and a line longer than ``LONGEST_LINE`` is skipped and named.
"""

import json
from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation
from itertools import chain
from typing import Any, BinaryIO, Final, NamedTuple, NoReturn

WHOLE: Final = 16 << 20
LONGEST_LINE: Final = 4 << 20
"""Bytes; a receipt that fits a fiscal drive takes a hundredth of this in JSON."""
_CHUNK: Final = 1 << 18


class NotTextError(ValueError):
    """The file is binary: not one line of it can be JSON."""


class Entry(NamedTuple):
    """One would-be receipt. ``place`` counts lines, or members of an array, from 1."""

    place: int
    value: Any = None
    problem: tuple[str, str] | None = None  # why it is no JSON, in Russian and English


def entries(stream: BinaryIO) -> Iterator[Entry]:
    """Every receipt of the file in order; blank lines are passed over. NotTextError for binary content."""
    head = _fill(stream, WHOLE + 1)
    if b"\0" in head:
        raise NotTextError("это не текст в UTF-8 / not UTF-8 text")
    if len(head) <= WHOLE:
        members = _members(head)
        if members is not None:
            yield from (Entry(place, value) for place, value in enumerate(members, start=1))
            return
    for place, line in enumerate(_lines(chain([head], iter(lambda: stream.read(_CHUNK), b""))), start=1):
        if line is None:
            yield Entry(place, problem=_TOO_LONG)
        elif line.strip():
            yield _entry(place, line)


def _fill(stream: BinaryIO, most: int) -> bytes:
    """Up to ``most`` bytes: a pipe gives them in pieces."""
    parts, size = [], 0
    while size < most and (part := stream.read(min(_CHUNK, most - size))):
        parts.append(part)
        size += len(part)
    return b"".join(parts)


def _members(octets: bytes) -> list[Any] | None:
    """The members of the one JSON document that the file is; None when it is something else."""
    try:
        value = _parse(octets)
    except (ValueError, ArithmeticError, RecursionError):
        return None
    return value if isinstance(value, list) else [value]


def _entry(place: int, line: bytes) -> Entry:
    try:
        return Entry(place, _parse(line))
    except UnicodeDecodeError:
        return Entry(place, problem=("Строка не в UTF-8.", "The line is not UTF-8."))
    except RecursionError:
        return Entry(place, problem=("Вложенность JSON слишком велика.", "The JSON is nested too deeply."))
    except (ValueError, ArithmeticError) as error:
        reason = str(error)[:120]
        return Entry(place, problem=(f"Строка - не JSON: {reason}.", f"The line is not JSON: {reason}."))


_TOO_LONG: Final = (
    f"Строка длиннее {LONGEST_LINE >> 20} МиБ: это не чек.",
    f"The line is longer than {LONGEST_LINE >> 20} MiB: no receipt is.",
)


def _parse(octets: bytes) -> Any:
    """JSON with exact decimals; NaN, Infinity and halves of characters are no JSON."""
    text = octets.decode("utf-8-sig")
    value = json.loads(text, parse_float=_decimal, parse_constant=_no_number)
    if "\\u" in text:
        _demand_characters(value)
    return value


def _demand_characters(value: Any) -> None:
    """An escape may name half a character: nothing can be done with such a text."""
    try:
        json.dumps(value, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError as error:
        raise ValueError("half of a surrogate pair is no character") from error


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise ValueError(f"{text[:20]} is no number") from error


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes | None]:
    """Lines of the chunks put together; None stands for a line that is too long to keep."""
    kept, skipping = b"", False
    for chunk in chunks:
        *whole, rest = (kept + chunk).split(b"\n")
        for line in whole:
            yield None if skipping or len(line) > LONGEST_LINE else line
            skipping = False
        skipping = skipping or len(rest) > LONGEST_LINE
        kept = b"" if skipping else rest
    if kept or skipping:
        yield None if skipping else kept
