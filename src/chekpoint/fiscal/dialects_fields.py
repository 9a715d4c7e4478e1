"""Reading of single fields, whose types differ from archive to archive."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final, NamedTuple

from chekpoint.fiscal.dialects_notes import DialectError, note
from chekpoint.fiscal.inn import without_pads
from chekpoint.fiscal.money import round_half_up
from chekpoint.fiscal.rules_fault import Fault

Json = Mapping[str, Any]
_LONGEST: Final = 24  # digits: no field of a receipt is longer; keeps hostile exponents out
_SUM_FIELDS: Final = ("totalSum", "cashTotalSum", "ecashTotalSum")


class Moment(NamedTuple):
    """When: ``text`` is local ISO 8601 without zone, to the minute or second; a date only when no more is known."""

    text: str
    day: date


def first(source: Json, *names: str) -> Any:
    """The first of the fields that has a value; archives name one tag differently."""
    for name in names:
        value = source.get(name)
        if value is not None and value != "":
            return value
    return None


def number(value: Any, at: str) -> Decimal:
    """An int, float, Decimal or numeric text as an exact Decimal."""
    try:
        exact = Decimal(str(value).strip()) if type(value) in {int, float, Decimal, str} else None
    except (InvalidOperation, ValueError):  # ValueError: an integer of thousands of digits
        exact = None
    if exact is None or not exact.is_finite() or (exact and abs(exact.adjusted()) >= _LONGEST):
        raise DialectError(note("field_form", at, expected="число", expected_en="a number"))
    return exact


def integer(source: Json, *names: str, at: str = "") -> int | None:
    """A whole number however it is written: ``4``, ``"4"``, ``4.0``."""
    value = first(source, *names)
    if value is None:
        return None
    where = f"{at}/{next(name for name in names if source.get(name) is value)}"
    exact = number(value, where)
    if exact != exact.to_integral_value():
        raise DialectError(note("field_form", where, expected="целое число", expected_en="a whole number"))
    return int(exact)


def text(source: Json, *names: str) -> str | None:
    """A text without pads, None when blank; a number is taken as its digits."""
    value = first(source, *names)
    if value is None or isinstance(value, dict | list | bool):
        return None
    return str(value).strip() or None


def texts(value: Any) -> tuple[str, ...]:
    """A list of texts, a single text, or nothing."""
    several = value if isinstance(value, list) else [value]
    return tuple(one.strip() for one in several if isinstance(one, str) and one.strip())


def objects(source: Json, name: str, at: str) -> list[Json]:
    """A list of objects; absent is empty."""
    value = source.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise DialectError(
            note("field_form", f"{at}/{name}", expected="список объектов", expected_en="a list of objects")
        )
    return value


def identifier(source: Json, name: str, notes: list[Fault]) -> str | None:
    """An INN or a number of sixteen digits, without the pads of its fixed field."""
    value = source.get(name)
    if value is None or not str(value).strip():
        return None
    bare = without_pads(str(value))
    if bare != str(value):
        notes.append(note("id_padded", f"/{name}"))
    return bare


def in_roubles(document: Json) -> bool:
    """Does this archive write sums as fractional roubles? Then some sum is no integer."""
    sums = [document.get(name) for name in _SUM_FIELDS]
    items = document.get("items")
    for item in items if isinstance(items, list) else ():
        if isinstance(item, dict):
            sums += [item.get("price"), item.get("sum")]
    return any(isinstance(value, float | Decimal) for value in sums)


class Purse(NamedTuple):
    """Reads sums into kopecks in the unit of one document."""

    scale: int  # 100 when the document speaks roubles, else 1

    def take(self, source: Json, *names: str, at: str = "") -> int | None:
        """Kopecks, or None when no field has a value."""
        value = first(source, *names)
        if value is None:
            return None
        return round_half_up(number(value, f"{at}/{names[0]}") * self.scale)


def moment(source: Json, notes: list[Fault]) -> Moment:
    """``dateTime`` as a date, as local ISO 8601 or as unix seconds.

    Seconds stay as they are: drives hold local time as if it were UTC, some archives hold true UTC.
    """
    value = first(source, "dateTime", "localDateTime")
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            notes.append(note("date_as_unix_time", "/dateTime"))
            return _spread(datetime.fromtimestamp(value, UTC))
        made_at = datetime.fromisoformat(str(value).strip())
    except (ValueError, OverflowError, OSError):
        expected = {"expected": "дата и время", "expected_en": "a date and time"}
        raise DialectError(note("field_form", "/dateTime", **expected)) from None
    if len(str(value).strip()) <= len("2020-09-16"):
        notes.append(note("date_without_time", "/dateTime"))
        return Moment(made_at.date().isoformat(), made_at.date())
    return _spread(made_at)


def _spread(made_at: datetime) -> Moment:
    return Moment(made_at.replace(tzinfo=None).isoformat(timespec="seconds"), made_at.date())
