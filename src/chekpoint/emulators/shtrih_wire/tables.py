"""Settings of the device: tables of rows and fields, read and written by 1Eh, 1Fh, 2Dh and 2Eh.

Only fields that change something here, or that hosts are known to read, have a name; the others of a table are plain
bytes that remember what is written. Table 18 and most of 19 and 20 show the registration and the exchange
(their field numbers, and 17.17, are as the vendor's driver uses them).
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from chekpoint.emulators.register import EmulatedRegister
from chekpoint.emulators.shtrih_wire.codes import Code, Refused
from chekpoint.emulators.shtrih_wire.layout import number, text
from chekpoint.fiscal.ffd import Ffd

Place = tuple[int, int, int]
"""Table, row, field."""


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """``chars``: CP1251 text of up to ``size`` bytes; else a number of ``size`` bytes between ``least`` and ``most``."""

    name: str
    size: int = 1
    chars: bool = False
    least: int = 0
    most: int = 255
    default: int | str = 0


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """``width`` is the number of fields in a row, named or not."""

    name: str
    rows: int = 1
    width: int
    fields: dict[int, Field]
    writable: bool = True


_PLAIN: Final = Field(name="Поле")
_TAX_NAMES: Final = (
    "НДС 20%", "НДС 10%", "НДС 0%", "БЕЗ НДС", "НДС 20/120", "НДС 10/110",
    "НДС 5%", "НДС 7%", "НДС 5/105", "НДС 7/107", "НДС 22%", "НДС 22/122",
)  # fmt: skip

TABLES: Final[dict[int, Table]] = {
    1: Table(
        name="ТИП И РЕЖИМ КАССЫ",
        width=60,
        fields={
            14: Field(name="НАЛОГИ ВВОДИТ ХОСТ", most=1),
            41: Field(name="ФЛК", most=1, default=1),
            54: Field(name="АВТОЗАМЕНА СТАВКИ", default=1),
        },
    ),
    2: Table(
        name="ПАРОЛИ КАССИРОВ И АДМИНИСТРАТОРОВ",
        rows=30,
        width=3,
        fields={
            1: Field(name="ПАРОЛЬ", size=4, most=99_999_999),
            2: Field(name="ИМЯ КАССИРА", size=64, chars=True, default=""),
            3: Field(name="ИНН КАССИРА", size=12, chars=True, default=""),
        },
    ),
    6: Table(
        name="НАЛОГОВЫЕ СТАВКИ",
        rows=12,
        width=2,
        fields={
            1: Field(name="ВЕЛИЧИНА НАЛОГА", size=2, most=9999),
            2: Field(name="НАЗВАНИЕ", size=64, chars=True),
        },
    ),
    10: Table(name="СЛУЖЕБНАЯ", width=1, fields={}),
    17: Table(
        name="РЕГИОНАЛЬНЫЕ НАСТРОЙКИ",
        width=80,
        fields={
            7: Field(name="НЕ ПЕЧАТАТЬ ДОКУМЕНТ", most=3),
            8: Field(name="ОГРАНИЧИВАТЬ СМЕНУ", most=1, default=1),
            17: Field(name="ФОРМАТ ФД", most=4, default=2),
            36: Field(name="ДАТА И ВРЕМЯ В ОТВЕТЕ", most=1),
            71: Field(name="НДС 22%", least=1, most=2, default=1),
        },
    ),
    18: Table(name="ПАРАМЕТРЫ ФН", width=17, fields={}, writable=False),
    19: Table(
        name="ПАРАМЕТРЫ ОФД",
        width=4,
        fields={
            1: Field(name="СЕРВЕР", size=64, chars=True, default=""),
            2: Field(name="ПОРТ", size=2, most=65535),
            3: Field(name="ТАЙМАУТ ЧТЕНИЯ ОТВЕТА", size=2, most=65535, default=1000),
        },
    ),
    20: Table(name="СТАТУС ОБМЕНА С ФН", width=5, fields={}, writable=False),
    21: Table(
        name="СЕТЕВЫЕ ИНТЕРФЕЙСЫ",
        width=10,
        fields={
            2: Field(name="ОБМЕН С ОФД", most=1, default=1),
            3: Field(name="TCP-СЕРВЕР", most=2, default=1),
            4: Field(name="ПОРТ TCP-СЕРВЕРА", size=2, most=65535, default=7778),
        },
    ),
    24: Table(
        name="ВСТРАИВАЕМАЯ И ИНТЕРНЕТ-ТЕХНИКА",
        width=15,
        fields={
            9: Field(name="АВТО Z-ОТЧЕТ", most=2),
            13: Field(name="АВТООТКРЫТИЕ СМЕНЫ", most=2),
        },
    ),
}
_TEXT_SIZE: Final = 64


class Tables:
    """The settings of one device. ``path`` keeps them over restarts; None forgets them. Raises Refused."""

    def __init__(self, register: EmulatedRegister, path: Path | None = None) -> None:
        self._register = register
        self._path = path
        self._written: dict[str, int | str] = {}
        if path is not None and path.exists():
            self._written = msgspec.json.decode(path.read_bytes(), type=dict[str, int | str])

    def value(self, table: int, row: int, field: int) -> int | str:
        """What a field holds."""
        kind = self._field((table, row, field))
        shown = self._shown((table, row, field))
        if shown is not None:
            return shown
        default: int | str = _TAX_NAMES[row - 1] if (table, field) == (6, 2) else kind.default
        default = row if (table, field) == (2, 1) else default
        return self._written.get(f"{table}.{row}.{field}", "" if kind.chars and default == 0 else default)

    def flag(self, table: int, field: int) -> int:
        """A number in the first row."""
        value = self.value(table, 1, field)
        return value if isinstance(value, int) else 0

    def set(self, table: int, field: int, value: int) -> None:
        """Put a number into the first row; it is not checked."""
        self._keep((table, 1, field), value)

    def read(self, table: int, row: int, field: int) -> bytes:
        """The bytes of 1Fh."""
        value = self.value(table, row, field)
        kind = self._field((table, row, field))
        if isinstance(value, str):
            return text(value, kind.size if kind.chars else _TEXT_SIZE)
        return number(value, kind.size)

    def write(self, table: int, row: int, field: int, octets: bytes) -> None:
        """1Eh. A value that does not fit is refused with 33h; a read-only table with 73h."""
        kind = self._field((table, row, field))
        if not TABLES[table].writable:
            raise Refused(Code.WRONG_MODE)
        if kind.chars:
            self._keep((table, row, field), octets[: kind.size].split(b"\0")[0].decode("cp1251", "replace"))
            return
        value = int.from_bytes(octets, "little")
        if not octets or not kind.least <= value <= kind.most:
            raise Refused(Code.PARAMETER)
        self._keep((table, row, field), value)
        if (table, field) == (21, 2):
            self._register.exchange.enabled = bool(value)
            self._register.exchange.wake()

    def structure(self, table: int) -> bytes:
        """2Dh: name, rows, fields."""
        found = _table(table)
        return text(found.name, 40) + number(found.rows, 2) + number(found.width, 1)

    def field_structure(self, table: int, field: int) -> bytes:
        """2Eh: name, type, length, least and greatest value (numbers only)."""
        kind = self._field((table, 1, field))
        head = text(kind.name, 40) + bytes((int(kind.chars), kind.size))
        return head if kind.chars else head + number(kind.least, kind.size) + number(kind.most, kind.size)

    def _field(self, place: Place) -> Field:
        table, row, field = place
        found = _table(table)
        if not 1 <= row <= found.rows or not 1 <= field <= found.width:
            raise Refused(Code.PARAMETER)
        if not found.writable:
            return Field(name="Поле", size=_TEXT_SIZE, chars=True)
        return found.fields.get(field, _PLAIN)

    def _keep(self, place: Place, value: int | str) -> None:
        self._written[".".join(map(str, place))] = value
        if self._path is not None:
            fresh = self._path.with_suffix(".new")
            fresh.write_bytes(msgspec.json.encode(self._written))
            fresh.replace(self._path)

    def _shown(self, place: Place) -> int | str | None:
        """Fields that show what the register knows."""
        table, _, field = place
        if table == 18:
            shown = _REGISTRATION.get(field)
            return shown(self._register) if shown is not None else ""
        if table == 20:
            return str(self._register.exchange.status().unsent_count) if field == 3 else ""
        registration = self._register.drive.state.registration
        if (table, field) == (17, 17) and registration is not None:
            return Ffd(registration.ffd).code
        if table == 19 and registration is not None and f"19.1.{field}" not in self._written:
            return registration.ofd_host if field == 1 else registration.ofd_port if field == 2 else None
        return None


def _table(table: int) -> Table:
    if table not in TABLES:
        raise Refused(Code.NO_TABLE)
    return TABLES[table]


def _of(name: str) -> Callable[[EmulatedRegister], str]:
    """A member of the registration; empty before it."""
    return lambda register: str(getattr(register.drive.state.registration, name, ""))


_REGISTRATION: Final[dict[int, Callable[[EmulatedRegister], str]]] = {
    1: _of("serial"),
    2: _of("seller_inn"),
    3: _of("registration_number"),
    4: lambda register: register.drive.number,
    5: _of("taxations"),
    7: _of("seller_name"),
    9: _of("address"),
    10: _of("ofd_name"),
    11: _of("ofd_host"),
    12: _of("ofd_inn"),
    13: _of("fns_site"),
    14: _of("place"),
    15: _of("sender_email"),
}
