"""Reading fields of operators' JSON. Pure.

Levelled here, because clients of these services have met each of them: numbers as strings, padded INN and
registration numbers, the fiscal sign as an integer, as text with leading zeros, and as base64 of the six bytes
of tag 1077.
"""

import re
from base64 import b64decode
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from chekpoint.fiscal.money import quantity_text
from chekpoint.fiscal.vat import BY_CODE, VatRate

Json = dict[str, Any]
FORMAT_LOGIC_ERROR: Final = 14
"""1022 of a document that format-logic control refused; services that show a state, not 1022, mean this."""
_VAT_NAMES: Final = {
    "nds22": VatRate.VAT22, "nds20": VatRate.VAT20, "nds18": VatRate.VAT20, "nds10": VatRate.VAT10,
    "nds7": VatRate.VAT7, "nds5": VatRate.VAT5, "nds0": VatRate.VAT0, "ndsno": VatRate.NONE,
    "ndscalculated22": VatRate.VAT122, "ndscalculated20": VatRate.VAT120, "ndscalculated18": VatRate.VAT120,
    "ndscalculated10": VatRate.VAT110, "ndscalculated7": VatRate.VAT107, "ndscalculated5": VatRate.VAT105,
}  # fmt: skip
"""18 % was what code 1 of tag 1199 meant until 2019: the same tag, so the same rate here."""
_SIGN_BYTES: Final = 6
_WHOLE: Final = re.compile(r"([0-9]{1,18})(?:\.0+)?")
_MOST: Final = Decimal(10**12)
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
    """1023 as a plain decimal; more than six decimals are the noise of a float."""
    shown = text(row, name)
    if not shown:
        return None
    number = _decimal(shown)
    if number is None or not 0 <= number < _MOST:
        raise Malformed(f"поле {name}: не количество / not a quantity ({shown[:40]!r})")
    return quantity_text(round(number, 6))


def _decimal(shown: str) -> Decimal | None:
    try:
        number = Decimal(shown)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def method(row: Json, name: str, first: int = 1) -> int | None:
    """1214; ``first`` is the service's number of a full prepayment. None: absent, or another notation."""
    shown = text(row, name)
    code = int(shown) - first + 1 if shown.isdecimal() and len(shown) < 3 else 0
    return code if 1 <= code <= 7 else None


def vat_by_code(row: Json, name: str) -> VatRate | None:
    """1199; None when it is absent, or a rate that the law did not know when this was written."""
    shown = text(row, name)
    return BY_CODE.get(int(shown)) if shown.isdecimal() and len(shown) < 4 else None


def vat_by_name(word: str) -> VatRate | None:
    """``nds22``, ``ndsCalculated10``, ``ndsNo``: the names that several operators share."""
    return _VAT_NAMES.get(word.lower())


def vat_sums(row: Json) -> tuple[tuple[VatRate, int], ...] | None:
    """Tax sums of a document by those names, without zeros; None when it names no tax at all."""
    found: dict[VatRate, int] = {}
    named = [(name, rate) for name in row if (rate := vat_by_name(name)) is not None]
    for name, rate in named:
        found[rate] = found.get(rate, 0) + (whole_or_none(row, name) or 0)
    return tuple((rate, kopecks) for rate, kopecks in found.items() if kopecks) if named else None


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
    return in_utc(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def in_utc(moment: datetime) -> str:
    """An aware moment as the port wants it: UTC, to the second, with its zone."""
    return moment.astimezone(UTC).replace(microsecond=0).isoformat()
