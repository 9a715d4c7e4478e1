"""What reconciliation looks like: the days of a month, their tones, both sides of a mismatch field by field."""

import calendar
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

import msgspec

from chekpoint.fiscal.vat import VatRate
from chekpoint.hub.book_words import DOCUMENTS
from chekpoint.store.views_reconciliation import NOBODY, Compared, Tally
from chekpoint.web.lingo import Lingo

NO_TALLY: Final = Tally("", "", 0, 0, 0, 0)
MONEY: Final = frozenset({"total", "sum", "price", "money", "kopecks", "paid", "vat_sum", "amount"})
_RATES: Final = frozenset(rate.value for rate in VatRate)
_KINDS: Final = ("sale", "sale_return", "purchase", "purchase_return")


class Square(NamedTuple):
    """One day of one register. ``word`` names its state, ``mark`` is what the square shows beside its shape."""

    day: str
    tone: str
    word: str
    mark: str
    ours: int
    theirs: int
    equal: int
    left: int


class Line(NamedTuple):
    """One register's month."""

    register_id: str
    name: str
    squares: tuple[Square, ...]


class Side(NamedTuple):
    """One field of a document as both sides have it; a text that is None is not shown there."""

    name: str
    ours: str | None
    theirs: str | None

    @property
    def differs(self) -> bool:
        """Do both sides say something, and not the same?"""
        return self.ours is not None and self.theirs is not None and self.ours != self.theirs


def month_of(text: str, otherwise: date) -> date:
    """The first day of the month that is asked for as YYYY-MM."""
    try:
        found = date.fromisoformat(f"{text}-01")
    except ValueError:
        found = otherwise
    return (found if 2000 <= found.year < 2200 else otherwise).replace(day=1)


def month_days(first: date) -> list[str]:
    """Every day of a month."""
    count = calendar.monthrange(first.year, first.month)[1]
    return [(first + timedelta(days=n)).isoformat() for n in range(count)]


def neighbours(first: date) -> tuple[str, str]:
    """The months before and after, as YYYY-MM."""
    before, after = first - timedelta(days=1), first + timedelta(days=31)
    return before.strftime("%Y-%m"), after.strftime("%Y-%m")


def square(day: str, compared: Sequence[Compared], tally: Tally) -> Square:
    """The state of a day: what waits for a person comes first, and what was not compared is not called good."""
    ours, theirs, equal = (sum(getattr(one, n) for one in compared) for n in ("ours", "theirs", "equal"))
    left = tally.critical + tally.warning
    if tally.critical:
        tone, word, mark = "broken", "differs", str(left)
    elif tally.warning:
        tone, word, mark = "waits", "differs", str(left)
    elif not compared and not tally.resolved:
        tone, word, mark = "unchecked", "unchecked", ""
    elif tally.resolved:
        tone, word, mark = "quiet", "settled", "✓"
    elif ours == theirs == equal:
        tone, word, mark = ("well", "agrees", "") if ours else ("quiet", "empty", "0")
    else:
        tone, word, mark = "waits", "coming", "…"
    return Square(day, tone, word, mark, ours, theirs, equal, left)


def lines(
    days: Sequence[str], compared: Iterable[Compared], tallies: Iterable[Tally], names: Mapping[str, str]
) -> list[Line]:
    """Every register of the month; what belongs to none (payments) comes last, if there is any."""
    found: dict[tuple[str, str], list[Compared]] = defaultdict(list)
    for one in compared:
        found[one.register_id, one.day].append(one)
    told = {(one.register_id, one.day): one for one in tallies}
    registers = [*sorted(names, key=lambda key: names[key])]
    seen = {key for key, _ in (*found, *told)}
    registers += sorted(seen - set(registers) - {NOBODY}) + ([NOBODY] if NOBODY in seen else [])
    return [
        Line(key, names.get(key, key), tuple(
            square(day, found.get((key, day), ()), told.get((key, day), NO_TALLY)) for day in days
        ))
        for key in registers
    ]  # fmt: skip


def sides(ours: bytes | None, theirs: bytes | None, lingo: Lingo) -> list[Side]:
    """Both sides field by field, in the order in which they were written down."""
    mine, other = _fields(ours), _fields(theirs)
    names = [*mine, *(name for name in other if name not in mine)]
    found = [Side(n, _shown(n, mine.get(n), lingo), _shown(n, other.get(n), lingo)) for n in names]
    return [one for one in found if one.ours is not None or one.theirs is not None]


def _fields(body: bytes | None) -> dict[str, Any]:
    if body is None:
        return {}
    try:
        found = msgspec.json.decode(bytes(body))
    except msgspec.DecodeError:
        return {"evidence": bytes(body).decode(errors="replace")}
    return found if isinstance(found, dict) else {"evidence": found}


def _shown(name: str, value: Any, lingo: Lingo) -> str | None:
    if value is None or value in ("", [], {}):
        return None
    if name in MONEY and isinstance(value, int):
        return lingo.money(value) if value >= 0 else f"−{lingo.money(-value)}"
    if isinstance(value, list):
        return "\n".join(_rate(one, lingo) if name == "vat" else _item(one, lingo) for one in value)
    return _item(value, lingo) if isinstance(value, dict) else _word(name, str(value), lingo)


def _word(name: str, value: str, lingo: Lingo) -> str:
    if name == "kind" and value in {"1", "2", "3", "4"}:
        return lingo.t(f"kind.{_KINDS[int(value) - 1]}")
    if name == "vat" and value in _RATES:
        return VatRate(value).label
    if name == "document" and value.isdecimal() and int(value) in DOCUMENTS:
        return lingo.pick(*DOCUMENTS[int(value)])
    return lingo.wall(value) if name == "made_at" else value


def _rate(one: Any, lingo: Lingo) -> str:
    """A rate with its tax sum, kopecks."""
    if not (isinstance(one, list) and len(one) == 2 and one[0] in _RATES and isinstance(one[1], int)):
        return _item(one, lingo)
    return f"{VatRate(one[0]).label} · {lingo.money(one[1])}"


def _item(one: Any, lingo: Lingo) -> str:
    if isinstance(one, dict):
        return " · ".join(shown for n, v in one.items() if (shown := _shown(n, v, lingo)) is not None)
    return " · ".join(str(part) for part in one) if isinstance(one, list) else str(one)
