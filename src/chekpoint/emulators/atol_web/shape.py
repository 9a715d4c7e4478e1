"""Reading a JSON task field by field, with the driver's own complaints (code 501, fixed Russian texts).

``null`` counts as missing and unknown fields are ignored, as the driver's scripts do. Paths are dotted, arrays
as ``items[0].tax.type``.
"""

from collections.abc import Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final, NoReturn, TypeVar

from chekpoint.emulators.atol_web.codes import Code, DriverError

V = TypeVar("V")
MAX_NUMBER: Final = Decimal(10_000_000_000)
MAX_RECEIPT_BYTES: Final = 32768


def missing(path: str) -> NoReturn:
    """Say that a field is absent."""
    raise DriverError(Code.PARSE, f'Поле "{path}" отсутствует')


def wrong_type(path: str, expected: str) -> NoReturn:
    """Say that a field has another JSON type; ``expected`` is string, number, boolean, object or array."""
    raise DriverError(Code.PARSE, f'Поле "{path}" имеет неверный тип (ожидается "{expected}")')


def bad_value(path: str, value: object) -> NoReturn:
    """Say that a field's value is not acceptable."""
    raise DriverError(Code.PARSE, f'Некорректное значение поля "{path}" ({value})')


def too_big(size: int) -> NoReturn:
    """Say that the receipt does not fit; ``size`` is the estimate in bytes."""
    limit = MAX_RECEIPT_BYTES
    raise DriverError(Code.PARSE, f"Размер чека: {size} байт. Допустимый размер чека не более {limit} байт")


class Fields:
    """One JSON object of a task together with its path. Every reader names the field in its complaint."""

    def __init__(self, value: Mapping[str, Any], path: str = "") -> None:
        self.value = value
        self.path = path

    def at(self, name: str) -> str:
        """The dotted path of a field of this object."""
        return f"{self.path}.{name}" if self.path else name

    def has(self, name: str) -> bool:
        """Tell whether the field is there and not null."""
        return self.value.get(name) is not None

    def raw(self, name: str) -> Any:
        """The field as it came; complains when it is missing."""
        value = self.value.get(name)
        return missing(self.at(name)) if value is None else value

    def text(self, name: str) -> str:
        """A required string."""
        value = self.raw(name)
        return value if isinstance(value, str) else wrong_type(self.at(name), "string")

    def text_or_none(self, name: str) -> str | None:
        """An optional string; empty counts as absent."""
        return (self.text(name) or None) if self.has(name) else None

    def number(self, name: str) -> Decimal:
        """A required JSON number as an exact decimal: 73.15 means 73.15, not its binary neighbour."""
        value = self.raw(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            wrong_type(self.at(name), "number")
        number = Decimal(repr(value))
        return number if abs(number) <= MAX_NUMBER else bad_value(self.at(name), value)

    def kopecks(self, name: str) -> int:
        """A required sum in roubles, as kopecks, half up; negative sums do not exist."""
        number = self.number(name)
        if number < 0:
            bad_value(self.at(name), self.value[name])
        return int((number * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))

    def kopecks_or_none(self, name: str) -> int | None:
        """An optional sum in roubles, as kopecks."""
        return self.kopecks(name) if self.has(name) else None

    def integer(self, name: str, low: int, high: int) -> int:
        """A required whole number within ``low..high``."""
        number = self.number(name)
        if number != number.to_integral_value() or not low <= number <= high:
            bad_value(self.at(name), self.value[name])
        return int(number)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """An optional boolean."""
        value = self.value.get(name)
        if value is None:
            return default
        return value if isinstance(value, bool) else wrong_type(self.at(name), "boolean")

    def choice(self, name: str, table: Mapping[Any, V]) -> V:
        """A required member of an enumeration; strings and numbers are both keys of ``table``."""
        value = self.raw(name)
        if isinstance(value, bool) or not isinstance(value, str | int):
            wrong_type(self.at(name), "string")
        return table[value] if value in table else bad_value(self.at(name), value)

    def choice_or(self, name: str, table: Mapping[Any, V], default: V) -> V:
        """A member of an enumeration, or ``default`` when the field is absent."""
        return self.choice(name, table) if self.has(name) else default

    def object(self, name: str) -> "Fields":
        """A required nested object."""
        value = self.raw(name)
        return (
            Fields(value, self.at(name)) if isinstance(value, dict) else wrong_type(self.at(name), "object")
        )

    def object_or_none(self, name: str) -> "Fields | None":
        """An optional nested object."""
        return self.object(name) if self.has(name) else None

    def array(self, name: str) -> list[Any]:
        """A required array."""
        value = self.raw(name)
        return value if isinstance(value, list) else wrong_type(self.at(name), "array")

    def objects(self, name: str) -> "Iterator[Fields]":
        """The objects of a required array, in order, each with its path."""
        for place, value in enumerate(self.array(name)):
            path = f"{self.at(name)}[{place}]"
            yield Fields(value, path) if isinstance(value, dict) else wrong_type(path, "object")

    def texts(self, name: str) -> tuple[str, ...]:
        """An optional array of strings."""
        if not self.has(name):
            return ()
        for place, value in enumerate(self.array(name)):
            if not isinstance(value, str):
                wrong_type(f"{self.at(name)}[{place}]", "string")
        return tuple(self.value[name])
