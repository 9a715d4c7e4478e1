"""The string of a receipt's QR code: ``t=20260817T1528&s=232.20&fn=7380440902582955&i=5321&fp=1291708960&n=1``.

Written exactly so; read the way it is met: fields in any order, after an URL, in capitals, with seconds, with a sum
without kopecks or with a comma, without ``n``.
"""

from datetime import datetime
from decimal import Decimal
from typing import Final
from urllib.parse import parse_qsl

import msgspec

from chekpoint.fiscal.money import MAX_KOPECKS, roubles
from chekpoint.fiscal.receipt import Kind

_KINDS: Final = {kind.code: kind for kind in Kind}
_TIMES: Final = {13: "%Y%m%dT%H%M", 15: "%Y%m%dT%H%M%S"}  # by length: some registers write seconds
_FIELDS: Final = frozenset({"t", "s", "fn", "i", "fp", "n"})
_MAX_U32: Final = (1 << 32) - 1
_LONGEST: Final = 1000


class QrError(ValueError):
    """Not a receipt's QR string. ``field`` is the one that is missing or wrong, "" when it is none at all."""

    def __init__(self, field: str, en: str, ru: str) -> None:
        super().__init__(en)
        self.field = field
        self.en = en
        self.ru = ru


class QrFields(msgspec.Struct, frozen=True, kw_only=True):
    """What the string says. ``made_at`` is naive local time, ``total`` kopecks; ``kind`` None when ``n`` is missing."""

    made_at: datetime  # t
    total: int  # s
    fn: str
    fd_number: int  # i
    fiscal_sign: int  # fp
    kind: Kind | None = None  # n


def write(  # noqa: PLR0917  the fields of the string in the order of the string
    made_at: datetime, total: int, fn: str, fd_number: int, fiscal_sign: int, kind: Kind
) -> str:
    """The string as registers print it: minutes, two digits of kopecks, numbers without leading zeros."""
    return f"t={made_at:%Y%m%dT%H%M}&s={roubles(total)}&fn={fn}&i={fd_number}&fp={fiscal_sign}&n={kind.code}"


def read(text: str) -> QrFields:
    """The fields of a scanned string; QrError says which is missing or wrong."""
    fields = _split(text)
    missing = [name for name in ("t", "s", "fn", "i", "fp") if name not in fields]
    if missing:
        name = missing[0]
        raise QrError(name, f"the QR string has no field {name}", f"в строке QR нет поля {name}")
    return QrFields(
        made_at=_moment(fields["t"]),
        total=_kopecks(fields["s"]),
        fn=_digits(fields, "fn", 10**16 - 1),
        fd_number=int(_digits(fields, "i", _MAX_U32)),
        fiscal_sign=int(_digits(fields, "fp", _MAX_U32)),
        kind=_kind(fields),
    )


def _split(text: str) -> dict[str, str]:
    text = text.strip()
    if len(text) > _LONGEST:
        raise QrError("", "too long for a QR string of a receipt", "слишком длинная строка для QR чека")
    query = text.partition("#")[0].rpartition("?")[2]
    try:
        pairs = parse_qsl(query, keep_blank_values=True)
    except ValueError as error:
        raise QrError("", "not a QR string of a receipt", "это не строка QR чека") from error
    return {name.strip().lower(): value.strip() for name, value in pairs if name.strip().lower() in _FIELDS}


def _wrong(field: str, value: str) -> QrError:
    return QrError(
        field, f"field {field} of the QR string is wrong: {value!r}", f"поле {field} в QR: {value!r}"
    )


def _moment(value: str) -> datetime:
    compact = value.upper().replace("-", "").replace(":", "")
    try:
        return datetime.strptime(compact, _TIMES[len(compact)])  # noqa: DTZ007  the receipt's local time
    except (KeyError, ValueError) as error:
        raise _wrong("t", value) from error


def _kopecks(value: str) -> int:
    whole, _, part = value.replace(",", ".").partition(".")
    if not (whole.isascii() and whole.isdigit() and len(whole) <= 13 and len(part) <= 2):
        raise _wrong("s", value)
    if part and not (part.isascii() and part.isdigit()):
        raise _wrong("s", value)
    total = int(Decimal(f"{whole}.{part or '0'}") * 100)
    if total > MAX_KOPECKS:
        raise _wrong("s", value)
    return total


def _digits(fields: dict[str, str], field: str, most: int) -> str:
    value = fields[field]
    if not (value.isascii() and value.isdigit() and len(value) <= 16 and int(value) <= most):
        raise _wrong(field, value)
    return value


def _kind(fields: dict[str, str]) -> Kind | None:
    value = fields.get("n", "")
    if not value:
        return None
    code = int(value) if value.isascii() and value.isdigit() and len(value) < 3 else 0
    if code not in _KINDS:
        raise _wrong("n", value)
    return _KINDS[code]
