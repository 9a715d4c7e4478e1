"""Values of cells: numbers that a spreadsheet has spoilt, sums in a declared unit, dates as people write them.

Every function raises ``Bad`` with the reason; nothing is guessed.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final
from zoneinfo import ZoneInfo

from chekpoint.core.clock import epoch_ms
from chekpoint.fiscal.money import MAX_KOPECKS
from chekpoint.hub.importing.files import Cell

EXACT: Final = 10**15  # a spreadsheet keeps 15 digits of a number: what is longer has lost its end
_SPACES: Final = str.maketrans("", "", " \u00a0\u202f\u2009'")
_NUMBER: Final = re.compile(r"-?\d{1,15}(?:[.,]\d{1,10})?", re.ASCII)
_DIGITS: Final = re.compile(r"(\d+)(?:[.,]0+)?", re.ASCII)
_DATE: Final = re.compile(
    r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4})(?:[\s,T]+(?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2}))?)?",
    re.ASCII,
)
_TIME: Final = re.compile(r"(?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2}))?(?:[.,]\d+)?", re.ASCII)
_DAY_SECONDS: Final = 86_400


class Bad(ValueError):
    """A cell that cannot be used; ``ru`` and ``en`` say why."""

    def __init__(self, ru: str, en: str) -> None:
        super().__init__(en)
        self.ru, self.en = ru, en


def text(cell: Cell) -> str:
    """A cell as a text; whole numbers without their point."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < EXACT:
        return str(int(cell))
    return str(cell).replace("\u00a0", " ").strip()


def word(cell: Cell, most: int = 128) -> str:
    """A text that a database and a person can take."""
    found = text(cell)
    if isinstance(cell, float | int) and abs(cell) >= EXACT:
        raise _cut(cell)
    if not found:
        raise Bad("пусто", "empty")
    if len(found) > most or not found.isprintable():
        raise Bad(f"не текст до {most} печатных знаков", f"no text of up to {most} printable characters")
    return found


def _cut(cell: object) -> Bad:
    return Bad(
        f"{cell}: число длиннее 15 цифр, таблица потеряла его конец; сохраните столбец как текст",
        f"{cell}: a number of over 15 digits, the spreadsheet has lost its end; keep the column as text",
    )


def digits(cell: Cell, least: int, most: int) -> str:
    """A number that is a name: ``least`` to ``most`` digits; a spreadsheet may have made a float of it."""
    if isinstance(cell, bool):
        raise Bad("не число", "no number")
    if isinstance(cell, float | int) and abs(cell) >= EXACT:
        raise _cut(cell)
    found = text(cell).translate(_SPACES)
    if not found:
        raise Bad("пусто", "empty")
    match = _DIGITS.fullmatch(found)
    if match is None:
        raise Bad(f"{found[:40]}: не номер из цифр", f"{found[:40]}: no number of digits")
    if not least <= len(match[1]) <= most:
        raise Bad(
            f"{match[1][:40]}: цифр {len(match[1])}, а нужно от {least} до {most}",
            f"{match[1][:40]}: {len(match[1])} digits instead of {least} to {most}",
        )
    return match[1]


def begins_drive(cell: Cell) -> str | None:
    """The 15 digits that a spreadsheet has left of a drive's 16; None for anything else."""
    whole = isinstance(cell, int) or (isinstance(cell, float) and cell.is_integer())
    if not whole or isinstance(cell, bool) or not EXACT <= abs(int(cell)) < EXACT * 10:  # type: ignore[arg-type]
        return None
    return str(int(cell))[:15]  # type: ignore[arg-type]


def kopecks(cell: Cell, unit: str) -> int:
    """A sum in the declared unit (``rub`` or ``kop``) as kopecks; may be negative."""
    if isinstance(cell, bool | date | time | timedelta):
        raise Bad("не сумма", "no sum")
    found = text(cell).translate(_SPACES)
    found = re.sub(r"(?:₽|руб\.?|р\.|коп\.?)$", "", found, flags=re.IGNORECASE).rstrip(".")
    if not found:
        raise Bad("пусто", "empty")
    if not isinstance(cell, float | int) and _NUMBER.fullmatch(found) is None:
        raise Bad(f"{found[:40]}: не сумма", f"{found[:40]}: no sum")
    return _exact(found, unit)


def _exact(found: str, unit: str) -> int:
    try:
        value = Decimal(found.replace(",", ".")) * (100 if unit == "rub" else 1)
    except InvalidOperation:
        raise Bad(f"{found[:40]}: не сумма", f"{found[:40]}: no sum") from None
    rounded = value.quantize(Decimal(1)) if value.is_finite() and abs(value) <= MAX_KOPECKS else None
    if rounded is None:
        raise Bad(f"{found[:40]}: слишком много", f"{found[:40]}: too much")
    if abs(value - rounded) > Decimal("0.0001"):  # a spreadsheet's own binary noise is far below
        raise Bad(f"{found[:40]}: дробные копейки", f"{found[:40]}: parts of a kopeck")
    return int(rounded)


def moment(cell: Cell, epoch: date, clock: Cell = None, *, needs_time: bool = True) -> datetime:
    """A date with its time, as it stands in the file; aware where the file names an offset.

    ``clock``: the cell of a separate column with the time. Seconds that the file does not show are 0.
    """
    day, at = _moment(cell, epoch)
    if at is None and text(clock):
        at = _clock(clock)
    if at is None and needs_time:
        raise Bad("нет времени: нужен столбец с временем", "no time: a column with the time is needed")
    made = day if at is None else datetime.combine(day.date(), at, day.tzinfo)
    if not 2000 <= made.year < 2200:
        raise Bad(f"год {made.year}", f"the year {made.year}")
    return made


def _moment(cell: Cell, epoch: date) -> tuple[datetime, time | None]:
    if isinstance(cell, datetime):
        rounded = _to_second(cell)
        return rounded, rounded.time()
    if isinstance(cell, date):
        return datetime.combine(cell, time()), None
    if isinstance(cell, float | int) and not isinstance(cell, bool):
        return _serial(float(cell), epoch)
    return _written(text(cell))


def _to_second(moment: datetime) -> datetime:
    return (moment + timedelta(milliseconds=500)).replace(microsecond=0)


def _serial(number: float, epoch: date) -> tuple[datetime, time | None]:
    if not 1 <= number < 110_000:
        raise Bad(f"{number}: не дата", f"{number}: no date")
    made = datetime.combine(epoch, time()) + timedelta(seconds=round(number * _DAY_SECONDS))
    return made, None if number.is_integer() else made.time()


def _written(found: str) -> tuple[datetime, time | None]:
    if not found:
        raise Bad("пусто", "empty")
    match = _DATE.fullmatch(found)
    try:
        if match is not None:
            at = None if match["H"] is None else time(int(match["H"]), int(match["M"]), int(match["S"] or 0))
            day = datetime(int(match["y"]), int(match["m"]), int(match["d"]))  # noqa: DTZ001 - as it stands
            return day, at
        made = _to_second(datetime.fromisoformat(found))
    except ValueError:
        raise Bad(
            f"{found[:40]}: не дата; пишите 31.01.2026 12:00:00", f"{found[:40]}: no date; write 31.01.2026 12:00:00"
        ) from None  # fmt: skip
    return made, None if len(found) <= 10 else made.time()


def _clock(cell: Cell) -> time:
    if isinstance(cell, datetime):
        return cell.time().replace(microsecond=0)
    if isinstance(cell, time):
        return cell.replace(microsecond=0)
    if isinstance(cell, float) and 0 <= cell < 1:
        minutes, seconds = divmod(round(cell * _DAY_SECONDS) % _DAY_SECONDS, 60)
        return time(minutes // 60, minutes % 60, seconds)
    match = _TIME.fullmatch(text(cell))
    try:
        if match is not None:
            return time(int(match["H"]), int(match["M"]), int(match["S"] or 0))
    except ValueError:
        pass
    raise Bad(f"{text(cell)[:40]}: не время", f"{text(cell)[:40]}: no time of day")


def wall(made: datetime) -> str:
    """A register's own wall clock, ISO 8601 without zone; raises Bad for a moment in UTC."""
    if made.tzinfo is not None and made.utcoffset() == timedelta(0):
        raise Bad(
            "время в UTC: нужно местное время кассы", "a time in UTC: the register's local time is needed"
        )
    return made.replace(tzinfo=None).isoformat(timespec="seconds")


def utc_ms(made: datetime, zone: ZoneInfo) -> int:
    """A moment of the sellers' zone (or of its own offset) as milliseconds UTC."""
    aware = made if made.tzinfo is not None else made.replace(tzinfo=zone)
    return epoch_ms(aware.astimezone(UTC))
