"""Reading a request field by field; what does not fit is named as the service names it: ``NumberTooSmall: #/receipt.total``.

``null`` and an empty text count as absent: modules send both for what they do not know.
"""

from collections.abc import Collection
from decimal import Decimal
from typing import Any, Final

_CENT: Final = Decimal("0.01")
_NOISE: Final = Decimal(
    "0.000001"
)  # what a binary fraction of PHP leaves behind: 1000.1 as 1000.1000000000000227
MONEY_MOST: Final = 10_000_000_000  # roubles, the service's own limit
QUANTITY_LEAST: Final = Decimal("0.000001")
QUANTITY_MOST: Final = Decimal(99_999_999)


class Part:
    """One object of the request. All parts of one request share the list of faults."""

    def __init__(self, raw: dict[str, Any], path: str, faults: list[str]) -> None:
        self.raw, self.path, self.faults = raw, path, faults

    def _at(self, name: str) -> str:
        return f"#/{self.path}.{name}" if self.path else f"#/{name}"

    def fault(self, kind: str, name: str) -> None:
        """Note that a field does not fit."""
        self.faults.append(f"{kind}: {self._at(name)}")

    def has(self, name: str) -> bool:
        """Is there anything under this name?"""
        return self.raw.get(name) not in (None, "")

    def _get(self, name: str, kind: type | tuple[type, ...], wrong: str, required: bool) -> Any:
        value = self.raw.get(name)
        if value is None or value == "":
            if required:
                self.fault("PropertyRequired", name)
            return None
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            self.fault(wrong, name)
            return None
        return value

    def text(self, name: str, most: int, *, required: bool = False) -> str | None:
        """A text of at most so many characters; spaces at the ends do not count."""
        value = self._get(name, str, "StringExpected", required)
        if value is None:
            return None
        if len(value.strip()) > most:
            self.fault("StringTooLong", name)
        return str(value).strip() or None

    def word(self, name: str, known: Collection[str], *, required: bool = False) -> str | None:
        """One of the known words."""
        value = self._get(name, str, "StringExpected", required)
        if value is not None and value not in known:
            self.fault("NotInEnumeration", name)
            return None
        return value if value is None else str(value)

    def money(self, name: str, *, required: bool = False) -> int | None:
        """Roubles -> kopecks, at most two decimals."""
        value = self._number(name, required)
        if value is None:
            return None
        if not self._within(name, value, Decimal(0), Decimal(MONEY_MOST)):
            return None
        cents = value.quantize(_CENT)
        if abs(value - cents) > _NOISE:
            self.fault("NumberNotMultipleOf", name)
            return None
        return int(cents.scaleb(2))

    def quantity(self, name: str) -> Decimal | None:
        """A required quantity of at most six decimals."""
        value = self._number(name, True)
        if value is None or not self._within(name, value, QUANTITY_LEAST, QUANTITY_MOST):
            return None
        millionths = value.quantize(QUANTITY_LEAST)
        if abs(value - millionths) > QUANTITY_LEAST / 1000:
            self.fault("NumberNotMultipleOf", name)
            return None
        return millionths

    def _number(self, name: str, required: bool) -> Decimal | None:
        value = self._get(name, (int, Decimal), "NumberExpected", required)
        return None if value is None else Decimal(value)

    def _within(self, name: str, value: Decimal, least: Decimal, most: Decimal) -> bool:
        if value.is_nan() or value > most:
            self.fault("NumberTooBig", name)
        elif value < least:
            self.fault("NumberTooSmall", name)
        else:
            return True
        return False

    def integer(self, name: str, known: Collection[int], *, required: bool = False) -> int | None:
        """One of the known whole numbers; ``1.0`` is whole too."""
        value = self._number(name, required)
        if value is None:
            return None
        if not value.is_finite() or value != value.to_integral_value():
            self.fault("IntegerExpected", name)
        elif value not in known:
            self.fault("NotInEnumeration", name)
        else:
            return int(value)
        return None

    def flag(self, name: str) -> bool | None:
        """True or false."""
        value = self._get(name, bool, "BooleanExpected", False)
        return None if value is None else bool(value)

    def part(self, name: str, *, required: bool = False) -> "Part | None":
        """An object inside."""
        value = self._get(name, dict, "ObjectExpected", required)
        return None if value is None else Part(value, self._at(name)[2:], self.faults)

    def parts(self, name: str, most: int, *, required: bool = False) -> "list[Part]":
        """A list of objects; when it is there it holds at least one."""
        value = self._get(name, list, "ArrayExpected", required)
        if value is None:
            return []
        if not value:
            self.fault("TooFewItems", name)
        elif len(value) > most:
            self.fault("TooManyItems", name)
        return self._each(name, value[:most])

    def _each(self, name: str, values: list[Any]) -> "list[Part]":
        made: list[Part] = []
        for place, value in enumerate(values):
            if isinstance(value, dict):
                made.append(Part(value, f"{self._at(name)[2:]}[{place}]", self.faults))
            else:
                self.fault("ObjectExpected", f"{name}[{place}]")
        return made

    def texts(self, name: str, most: int) -> tuple[str, ...]:
        """A list of texts; empty ones are dropped."""
        value = self._get(name, list, "ArrayExpected", False) or []
        if any(not isinstance(one, str) for one in value):
            self.fault("StringExpected", name)
            return ()
        if any(len(one) > most for one in value):
            self.fault("StringTooLong", name)
        return tuple(one.strip() for one in value if one.strip())
