"""Reading fields of operators' JSON. Pure.

Levelled here, because clients of these services have met each of them: numbers as strings, padded INN and
registration numbers, the fiscal sign as an integer, as text with leading zeros, and as base64 of the six bytes
of tag 1077.
"""

import re
from base64 import b64decode
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from chekpoint.fiscal.money import quantity_text
from chekpoint.fiscal.vat import BY_CODE, VatRate

Json = dict[str, Any]
FORMAT_LOGIC_ERROR: Final = 14
"""1022 of a document that format-logic control refused; services that show a state, not 1022, mean this."""
_SIGN_BYTES: Final = 6
_WHOLE: Final = re.compile(r"([0-9]{1,18})(?:\.0+)?")
_DECIMAL: Final = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,12})?")
_SHIFTED: Final = re.compile(r"[T ][0-9:.]+([+-][0-9]{2}:?[0-9]{2}|Z)$")


class Malformed(Exception):
    """An entry that lacks what it must have; the text names the field."""


def mapping(row: Any, what: str) -> Json:
    """An object, or Malformed."""
    if not isinstance(row, dict):
        raise Malformed(f"{what}: не объект / not an object")
    return row


def sequence(value: Any, what: str) -> list[Any]:
    """A list, or Malformed: a list that is not there is not an empty one."""
    if not isinstance(value, list):
        raise Malformed(f"{what}: не список / not a list")
    return value


def text(row: Json, *names: str) -> str:
    """The first of these fields that is there, without padding; empty when none is."""
    for name in names:
        value = row.get(name)
        if value is not None and str(value).strip():
            return str(value).strip()
    return ""


def whole(row: Json, name: str) -> int:
    """A whole number, which some answers give as a string or as ``100.0``."""
    found = _WHOLE.fullmatch(text(row, name))
    if found is None:
        raise Malformed(f"поле {name}: не целое число / not a whole number ({text(row, name)[:40]!r})")
    return int(found[1])


def whole_or_none(row: Json, name: str) -> int | None:
    """The same of a field that need not be there."""
    return whole(row, name) if text(row, name) else None


def quantity(row: Json, name: str) -> str | None:
    """1023 as a plain decimal; a number with more than six decimals is the noise of a float."""
    shown = text(row, name)
    if not shown:
        return None
    if _DECIMAL.fullmatch(shown) is None:
        raise Malformed(f"поле {name}: не количество / not a quantity ({shown[:40]!r})")
    return quantity_text(round(Decimal(shown), 6))


def vat_by_code(row: Json, name: str) -> VatRate | None:
    """1199; None when it is absent, or a rate that the law did not know when this was written."""
    shown = text(row, name)
    return BY_CODE.get(int(shown)) if shown.isdecimal() and len(shown) < 4 else None


def fiscal_sign(row: Json, *names: str) -> str:
    """ФПД as ten decimal digits, from any of its three forms."""
    shown = text(row, *names)
    if shown.isdecimal() and len(shown) <= 10:
        return shown.zfill(10)
    try:
        octets = b64decode(shown, validate=True)
    except ValueError:
        octets = b""
    if len(octets) != _SIGN_BYTES:
        raise Malformed(f"{names[0]}: фискальный признак не распознан / not a fiscal sign ({shown[:40]!r})")
    return f"{int.from_bytes(octets[2:], 'big'):010d}"


def kind(shown: str) -> int:
    """1054 of a number or a word: clients disagree whether a refund begins with Return or Refund. 0: unknown."""
    word = shown.lower()
    if word in {"1", "2", "3", "4"}:
        return int(word)
    back = "return" in word or "refund" in word
    if "income" in word:
        return 2 if back else 1
    if "expen" in word or "outcome" in word:
        return 4 if back else 3
    return 0


def wall_clock(row: Json, *names: str) -> str:
    """A register's wall clock to the second, ISO 8601 without zone; Malformed when it is none.

    A zone that a service adds is cut off: the document itself has none, and the wall clock is what it says.
    """
    shown = text(row, *names)
    plain = shown[: -len(zone[1])] if (zone := _SHIFTED.search(shown)) else shown
    try:
        return datetime.fromisoformat(plain).replace(microsecond=0, tzinfo=None).isoformat()
    except ValueError as fault:
        raise Malformed(f"поле {names[0]}: не время / not a time ({shown[:40]!r})") from fault


def utc(row: Json, *names: str) -> str | None:
    """A moment that the service gives in UTC, with its zone; None when it is absent or cannot be read."""
    shown = text(row, *names)
    try:
        moment = datetime.fromisoformat(shown)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.fromisoformat(f"{moment.isoformat()}+00:00")
    return aware.replace(microsecond=0).isoformat()
